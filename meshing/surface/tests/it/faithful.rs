//! The surface lies where the grey edge lies.

use core::f64::consts::PI;

use meshing_space::{Lps, Point, Vector};
use meshing_surface::{
    DistanceTo, Mesh, hausdorff, isosurface, isosurface_in_shell, measure, simplify, surface_of_mask,
};
use meshing_volume::{Grid, LabelMap, Volume, VolumeMeta, Voxels};

use crate::{axis_orders, reordered, volume_of};

const RADIUS_MM: f64 = 20.0;

/// A ball of 1000 HU in 0 HU with partial volume by 4³ sub-samples, shifted off the grid and turned with it.
fn ball(spacing_mm: [f64; 3], centre: [f64; 3]) -> (Volume, Point<Lps>) {
    let size: [usize; 3] = core::array::from_fn(|n| (50.0 / spacing_mm[n]).ceil() as usize);
    let (sin, cos) = 0.4_f64.sin_cos();
    let axes = [Vector::new(cos, sin, 0.0), Vector::new(-sin, cos, 0.0), Vector::new(0.0, 0.0, 1.0)];
    let grid = Grid::new(size, Point::new(-300.0, 150.0, 700.0), axes, spacing_mm).expect("grid");
    let middle = grid.center() + Vector::from_array(centre);
    let ijk_of_middle = grid.ijk_from_lps() * middle;
    let value = |v: usize| {
        let at = [v % size[0], v / size[0] % size[1], v / (size[0] * size[1])];
        let inside = (0..64).filter(|sub| {
            let part = [sub % 4, sub / 4 % 4, sub / 16].map(|s| (f64::from(s) + 0.5) / 4.0 - 0.5);
            let squared: f64 = (0..3)
                .map(|n| ((at[n] as f64 + part[n] - ijk_of_middle.to_array()[n]) * spacing_mm[n]).powi(2))
                .sum();
            squared < RADIUS_MM * RADIUS_MM
        });
        (inside.count() * 1000 / 64) as i16
    };
    let values = Voxels::I16((0..grid.len()).map(value).collect());
    (Volume::new(grid, values, VolumeMeta::default()).expect("volume"), middle)
}

/// Relative error of volume and area, and the mean distance of the surface from the sphere, mm.
fn errors(mesh: &Mesh, middle: Point<Lps>) -> (f64, f64, f64) {
    let got = measure(mesh);
    assert!(got.closed && got.manifold && got.parts == 1, "{got:?}");
    assert!(got.centroid_lps_mm.distance(middle) < 0.05, "{got:?}");
    let volume = got.volume_mm3 / (4.0 / 3.0 * PI * RADIUS_MM.powi(3)) - 1.0;
    let area = got.area_mm2 / (4.0 * PI * RADIUS_MM.powi(2)) - 1.0;
    let (sum, weight) = (0..mesh.triangles.len()).fold((0.0, 0.0), |(sum, weight), t| {
        let [a, b, c] = mesh.corners(t);
        let area = (b - a).cross(c - a).length();
        let centre = a + ((b - a) + (c - a)) / 3.0;
        (sum + area * (centre.distance(middle) - RADIUS_MM).abs(), weight + area)
    });
    (volume, area, sum / weight)
}

#[test]
fn a_sphere_has_its_volume_area_and_place() {
    for (spacing, centre) in [
        ([1.0, 1.0, 1.0], [0.0, 0.0, 0.0]),
        ([1.0, 1.0, 1.0], [0.31, -0.17, 0.42]),
        ([0.7, 0.7, 1.0], [0.2, 0.1, -0.3]),
        ([0.5, 0.5, 0.5], [0.11, 0.23, 0.05]),
    ] {
        let (volume, middle) = ball(spacing, centre);
        let mesh = isosurface(&volume, 500.0);
        let (volume_error, area_error, mean_mm) = errors(&mesh, middle);
        assert!(volume_error.abs() < 0.005, "{spacing:?}: volume {volume_error}");
        assert!(area_error.abs() < 0.01, "{spacing:?}: area {area_error}");
        assert!(mean_mm <= 0.1, "{spacing:?}: mean {mean_mm} mm");
        let simple = simplify(&mesh, 0.1);
        assert!(simple.hausdorff_mm <= 0.1 && simple.mesh.triangles.len() * 2 < mesh.triangles.len());
        let (volume_error, area_error, mean_mm) = errors(&simple.mesh, middle);
        assert!(volume_error.abs() < 0.005 && area_error.abs() < 0.01 && mean_mm <= 0.1);
    }
}

#[test]
fn the_mesh_is_the_same_patient_in_all_48_axis_orders() {
    // Nothing symmetric: three balls and a plate, cut by the border on one side.
    let shape = |p: [f64; 3]| {
        let ball = |c: [f64; 3], r: f64| r - (0..3).map(|n| (p[n] - c[n]).powi(2)).sum::<f64>().sqrt();
        let plate = 1.2 - (p[2] + 3.0 + 0.2 * p[0]).abs();
        ball([4.0, 1.0, 2.0], 5.3)
            .max(ball([-5.0, 3.0, -1.0], 3.1))
            .max(ball([-8.0, -6.0, 3.0], 4.0))
            .max(plate)
    };
    let volume = volume_of([23, 19, 14], [0.9, 0.8, 1.3], shape);
    let expected = isosurface(&volume, 0.0);
    let bits = |mesh: &Mesh| {
        let mut all: Vec<[i64; 3]> =
            mesh.positions.iter().map(|p| p.to_array().map(|x| (x * 1e6).round() as i64)).collect();
        all.sort_unstable();
        all
    };
    let figures = measure(&expected);
    assert!(figures.closed && figures.manifold && figures.volume_mm3 > 0.0);
    let mut orders = 0;
    for (order, flip) in axis_orders() {
        let mesh = isosurface(&reordered(&volume, order, flip), 0.0);
        let apart = hausdorff(&mesh, &expected).max_mm;
        assert!(apart < 0.01, "{order:?} {flip:?}: {apart} mm");
        let got = measure(&mesh);
        assert!(
            (got.volume_mm3 - figures.volume_mm3).abs() < 1e-3 * figures.volume_mm3,
            "{order:?} {flip:?}"
        );
        assert!(got.closed && got.manifold);
        assert_eq!(mesh.positions.len(), expected.positions.len());
        // Every vertex of one lies on a vertex of the other, up to rounding.
        let same = |(a, b): (&[i64; 3], &[i64; 3])| (0..3).all(|n| (a[n] - b[n]).abs() <= 1);
        assert!(bits(&mesh).iter().zip(&bits(&expected)).all(same), "{order:?} {flip:?}");
        orders += 1;
    }
    assert_eq!(orders, 48);
}

#[test]
fn a_shell_excludes_the_neighbour_and_keeps_holes_filled() {
    let (left, right) = ([-9.0, 0.3, 0.2], [9.0, -0.4, 0.1]);
    let distance = |p: [f64; 3], c: [f64; 3]| (0..3).map(|n| (p[n] - c[n]).powi(2)).sum::<f64>().sqrt();
    let marrow = |p| distance(p, left) - 4.0;
    let volume = volume_of([46, 26, 26], [0.8, 1.0, 0.9], |p| {
        let bone = (8.0 - distance(p, left)).max(8.0 - distance(p, right)).clamp(-1.0, 1.0);
        (200.0 + 200.0 * bone.min(marrow(p).clamp(-1.0, 1.0))).round()
    });
    let grid = *volume.grid();
    let mut mask = LabelMap::empty(&grid);
    for n in 0..grid.len() {
        let ijk = [n % 46, n / 46 % 26, n / (46 * 26)].map(|x| x as f64);
        let at = (grid.lps_from_ijk() * Point::from_array(ijk)).to_array();
        // One body, its marrow filled, exactly as the level cuts it.
        mask.labels_mut()[n] =
            3 * u8::from(at[0] < 0.0 && (volume.value_at(n) >= 200.0 || distance(at, left) < 5.0));
    }
    let mesh = isosurface_in_shell(&volume, &mask, 3, 200.0);
    let got = measure(&mesh);
    assert!(got.closed && got.manifold && got.parts == 1);
    assert!((got.volume_mm3 / (4.0 / 3.0 * PI * 512.0) - 1.0).abs() < 0.02, "{}", got.volume_mm3);
    for p in &mesh.positions {
        assert!((p.distance(Point::from_array(left)) - 8.0).abs() < 0.1, "{p:?}");
    }
    // The whole-volume surface has three sheets; this one is the outer sheet of the left body.
    let whole = isosurface(&volume, 200.0);
    assert_eq!(measure(&whole).parts, 3);
    let to_whole = DistanceTo::new(&whole);
    assert!(mesh.positions.iter().all(|p| to_whole.distance_mm(*p) < 1e-9));
    // Air inside: the level is crossed downwards, the place is the same.
    let negative = Voxels::F32((0..grid.len()).map(|n| -volume.value_at(n)).collect());
    let negative = Volume::new(grid, negative, VolumeMeta::default()).expect("volume");
    let lung = isosurface_in_shell(&negative, &mask, 3, -200.0);
    assert!(hausdorff(&lung, &mesh).max_mm < 1e-9);
    let smooth = measure(&surface_of_mask(&mask, 3));
    assert!(smooth.closed && smooth.manifold && (smooth.volume_mm3 / got.volume_mm3 - 1.0).abs() < 0.04);
}

#[test]
fn thin_sheets_of_a_mask_survive_smoothing() {
    let grid = Grid::axis_aligned([12, 12, 12], Point::origin(), [1.0; 3]).expect("grid");
    let mut mask = LabelMap::empty(&grid);
    for n in 0..64 {
        mask.set(2 + n % 8, 2 + n / 8, 5, 1);
    }
    let got = measure(&surface_of_mask(&mask, 1));
    assert!(got.closed && got.manifold && got.parts == 1 && got.volume_mm3 > 5.0);
}
