//! Distance fields against analytic distances and brute force.

use meshing_solid::{Field, SolidError, offset, shell};
use meshing_space::Point;
use meshing_surface::{DistanceTo, Mesh, measure};
use meshing_volume::{CancelFlag, Silent};

use crate::fuzz::{Random, ball, cuboid, joined};

#[test]
fn every_node_in_the_band_holds_the_distance_to_the_nearest_triangle() {
    let mut random = Random(7);
    let radii: Vec<f64> = (0..642).map(|_| random.within(7.0, 9.0)).collect();
    let mesh =
        joined(&ball(3, [1.0, 2.0, -30.0], |n| radii[n]), &cuboid([14.1, 0.1, -33.1], [40.1, 2.9, -20.1]));
    let field = Field::of_mesh(&mesh, 0.7, 3.0, &Silent).expect("field");
    let (tree, grid) = (DistanceTo::new(&mesh), *field.grid());
    let (mut within, [si, sj, _]) = (0, grid.size());
    for (n, &value) in field.values().iter().enumerate().step_by(7) {
        let ijk = [n % si, n / si % sj, n / (si * sj)].map(|x| x as f64);
        let truth = tree.distance_mm(grid.lps_from_ijk() * Point::from_array(ijk)).min(3.0);
        assert!((f64::from(value.abs()) - truth).abs() < 2e-4, "{value} {truth}");
        within += usize::from(truth < 3.0);
    }
    assert!(within > 2_000);
    // The nodes inside fill the volume.
    let inside = field.values().iter().filter(|v| **v < 0.0).count() as f64 * 0.343;
    let volume = measure(&mesh).volume_mm3;
    assert!((inside / volume - 1.0).abs() < 0.03, "{inside} {volume}");
}

#[test]
fn signs_are_right_on_faces_that_lie_on_the_nodes() {
    let field = Field::of_mesh(&cuboid([0.0; 3], [4.0; 3]), 1.0, 2.5, &Silent).expect("field");
    let at = |x: f64, y: f64, z: f64| field.sample(Point::new(x, y, z));
    for (p, d) in [
        ([2.0, 2.0, 2.0], -2.0),
        ([2.0, 2.0, 0.0], 0.0),
        ([2.0, 2.0, 6.0], 2.0),
        ([6.0, 2.0, 5.0], 5.0_f64.sqrt()),
        ([0.0, 0.0, 0.0], 0.0),
        ([1.5, 2.0, 2.0], -1.5),
    ] {
        assert!((at(p[0], p[1], p[2]) - d).abs() < 1e-6, "{p:?} {}", at(p[0], p[1], p[2]));
    }
    assert_eq!(at(100.0, 0.0, 0.0), 2.5);
}

#[test]
fn an_offset_ball_is_a_ball_of_the_other_radius_and_a_shell_lies_between() {
    let mesh = ball(5, [3.0, -8.0, 100.0], |_| 20.0);
    let sphere = |r: f64| 4.0 / 3.0 * core::f64::consts::PI * r.powi(3);
    for by in [2.0, -3.0] {
        let made = offset(&mesh, by, 1.0, &Silent).expect("offset");
        let m = measure(&made);
        assert!(m.closed && m.manifold && m.parts == 1);
        let off = made.positions.iter().map(|p| p.distance(Point::new(3.0, -8.0, 100.0)) - 20.0 - by);
        let worst = off.map(f64::abs).fold(0.0, f64::max);
        assert!(worst < 0.03, "{worst}");
    }
    let made = measure(&shell(&mesh, 0.5, 3.5, 0.8, &Silent).expect("shell"));
    assert!(made.manifold && made.parts == 2);
    assert!((made.volume_mm3 / (sphere(23.5) - sphere(20.5)) - 1.0).abs() < 5e-3, "{}", made.volume_mm3);
}

#[test]
fn fields_combine_as_solids_do() {
    let field = |mesh: &Mesh| {
        let region = cuboid([-1.0; 3], [7.0; 3]).bounds().expect("box");
        Field::of_mesh_in(mesh, region, 0.25, 2.0, &Silent).expect("field")
    };
    let (a, b) = (cuboid([0.0; 3], [4.0; 3]), cuboid([2.0; 3], [6.0; 3]));
    let volume = |field: Field| measure(&field.surface(0.0).expect("surface")).volume_mm3;
    for (field, expected) in [
        (field(&a).union(&field(&b)), 120.0),
        (field(&a).intersection(&field(&b)), 8.0),
        (field(&a).difference(&field(&b)), 56.0),
    ] {
        let got = volume(field.expect("same grid"));
        assert!((got - expected).abs() < 0.012 * 120.0, "{got} {expected}");
    }
    let other = Field::of_mesh(&a, 0.25, 1.0, &Silent).expect("field");
    assert!(matches!(field(&a).union(&other), Err(SolidError::Refused(_))));
}

#[test]
fn what_makes_no_field_is_refused() {
    let mesh = cuboid([0.0; 3], [40.0; 3]);
    for (spacing, band) in [(0.0, 1.0), (f64::NAN, 1.0), (0.001, 1.0), (1.0, 0.0), (1.0, f64::INFINITY)] {
        assert!(Field::of_mesh(&mesh, spacing, band, &Silent).is_err(), "{spacing} {band}");
    }
    assert!(offset(&mesh, -30.0, 1.0, &Silent).is_err(), "nothing is left");
    assert!(shell(&mesh, 0.0, 0.5, 1.0, &Silent).is_err(), "thinner than the grid");
    assert!(offset(&Mesh::default(), 1.0, 1.0, &Silent).is_err());
    let flag = CancelFlag::default();
    flag.cancel();
    assert!(matches!(offset(&mesh, 1.0, 1.0, &flag), Err(SolidError::Cancelled(_))));
}

#[test]
fn a_gyroid_fill_has_the_porosity_set_within_one_percent() {
    let mesh = cuboid([0.0; 3], [24.0; 3]);
    for porosity in [0.6, 0.75] {
        let made = meshing_solid::gyroid_fill(&mesh, 8.0, porosity, 0.0, 0.4, &Silent).expect("filled");
        let m = measure(&made);
        assert!(m.manifold && m.parts == 1);
        let got = 1.0 - m.volume_mm3 / 24.0_f64.powi(3);
        assert!((got - porosity).abs() < 0.01, "{got} {porosity}");
    }
    let walled = measure(&meshing_solid::gyroid_fill(&mesh, 8.0, 0.7, 2.0, 0.4, &Silent).expect("filled"));
    let expected = 24.0_f64.powi(3) - 0.7 * 20.0_f64.powi(3);
    assert!((walled.volume_mm3 / expected - 1.0).abs() < 0.015, "{} {expected}", walled.volume_mm3);
    assert!(meshing_solid::gyroid_fill(&mesh, 2.0, 0.8, 1.0, 0.4, &Silent).is_err(), "too fine for the grid");
}
