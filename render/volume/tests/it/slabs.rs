//! Slabs, oblique planes and curves: within one unit of 16 bit of the f64 reference.

use std::sync::Arc;

use meshing_space::{Lps, Point, Vector};
use meshing_volume::{Grid, Told as _, Volume};
use render_volume::{
    CurvedPlane, MprError, Slab, SlabMode, SlicePlane, SliceSurface, VolumeTexture, reform, twin,
};

use crate::common::*;

const MODES: [SlabMode; 3] = [SlabMode::Maximum, SlabMode::Minimum, SlabMode::Mean];

/// Values that jump over all of 16 bits from voxel to voxel, the hardest case for an interpolation and for sums.
fn rough(p: Point<Lps>) -> f64 {
    ((p.x() * 12.9898 + p.y() * 78.233 + p.z() * 37.719).sin() * 43758.5453).fract() * 32767.0
}

/// Largest difference in units after rounding, before rounding, and the number of pixels compared.
fn compare(
    volume: &Arc<Volume>,
    drawn: &SliceSurface,
    truth: &SliceSurface,
    slab: &Slab,
    unit: f64,
) -> (f64, f64, usize) {
    let texture = VolumeTexture::upload(gpu(), volume).unwrap();
    let got = reform(gpu(), &texture, drawn, slab).unwrap();
    let exact = twin::reform(volume, &truth.rows(), truth.size()[0], slab);
    let (mut rounded, mut most, mut compared, mut unlike) = (0.0_f64, 0.0_f64, 0, 0);
    for ((value, share), twin) in got.slice.values.iter().zip(&got.inside).zip(&exact) {
        match (value, twin) {
            (Some(value), Some((twin, inside))) if (f64::from(*share) - inside).abs() < 1e-6 => {
                let value = f64::from(*value);
                rounded = rounded.max(((value / unit).round() - (twin / unit).round()).abs());
                most = most.max((value - twin).abs());
                compared += 1;
            }
            (None, None) => {}
            _ => unlike += 1,
        }
    }
    assert!(unlike * 500 < exact.len(), "{unlike} pixels have other samples inside than the reference");
    (rounded, most, compared)
}

fn oblique_plane(grid: &Grid) -> SlicePlane {
    SlicePlane::through(grid, grid.center(), Vector::new(0.8, 0.6, 0.0), Vector::new(0.36, -0.48, -0.8))
        .within(40)
}

/// A helix that winds through [`oblique_grid`] and leaves it.
fn helix() -> Vec<Point<Lps>> {
    let at = |t: f64| centre() + Vector::new(11.0 * t.cos(), 9.0 * t.sin(), 5.0 * t - 15.0);
    (0..=300).map(|n| at(f64::from(n) * 0.02)).collect()
}

#[test]
fn slabs_of_all_kinds_equal_the_f64_reference_within_one_unit_of_16_bits() {
    let volume = volume_of(oblique_grid(), rough);
    let axial = SlicePlane::axial(volume.grid(), centre()).within(40);
    for plane in [axial, oblique_plane(volume.grid())] {
        for mode in MODES {
            for thickness in [0.0, 3.7, 20.0] {
                let (slab, surface) = (Slab::new(thickness, mode), SliceSurface::from(plane));
                let (rounded, most, compared) = compare(&volume, &surface, &surface, &slab, 1.0);
                eprintln!(
                    "slab: {mode:?} {thickness} mm: {compared} pixels, {rounded} unit(s), {most:.5} HU"
                );
                assert!(compared > 400 && rounded <= 1.0 && most < 0.03, "{mode:?} {thickness}: {most}");
            }
        }
    }
}

#[test]
fn means_of_floats_lose_nothing_however_many_samples() {
    // PET-like: large, positive, and a slab of hundreds of samples
    let grid = Grid::axis_aligned([6, 6, 400], Point::new(-900.0, 800.0, -1300.0), [2.0, 2.0, 0.5]).unwrap();
    let volume = float_volume_of(grid, |p| 60_000.0 + rough(p) / 3.0);
    let surface = SliceSurface::from(SlicePlane::axial(&grid, grid.center()));
    let unit = 11_000.0 / 65_536.0;
    for mode in MODES {
        let (_, most, compared) = compare(&volume, &surface, &surface, &Slab::new(190.0, mode), unit);
        assert!(compared > 20 && most < unit / 2.0, "{mode:?}: {most} of {unit}");
    }
}

#[test]
fn curved_slices_and_thick_ones_equal_the_reference() {
    let volume = volume_of(oblique_grid(), rough);
    let straight = CurvedPlane::straightened(&helix(), 0.4, 24.0, 0.6).unwrap();
    let stretched = CurvedPlane::stretched(&helix(), Vector::new(0.1, 0.2, 1.0), 3.0, 0.6).unwrap();
    for surface in [SliceSurface::from(straight), SliceSurface::from(stretched)] {
        for slab in [Slab::THIN, Slab::new(6.0, SlabMode::Maximum), Slab::new(6.0, SlabMode::Mean)] {
            let (rounded, most, compared) = compare(&volume, &surface, &surface, &slab, 1.0);
            assert!(compared > 2000 && rounded <= 1.0 && most < 0.03, "{slab:?}: {most} HU");
        }
    }
}

#[test]
fn a_slab_face_half_a_step_off_breaks_the_bound() {
    let volume = volume_of(oblique_grid(), rough);
    let surface = SliceSurface::from(oblique_plane(volume.grid()));
    for mode in MODES {
        let slab = Slab::new(8.0, mode);
        let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
        let half = slab.sampling(volume.grid()).unwrap().step_mm / 2.0;
        let SliceSurface::Plane(plane) = &surface else { unreachable!() };
        let moved = reform(gpu(), &texture, &plane.moved(half).into(), &slab).unwrap();
        let exact = twin::reform(&volume, &surface.rows(), surface.size()[0], &slab);
        let pairs = moved.slice.values.iter().zip(&exact);
        let off = pairs.filter(|(a, b)| a.zip(**b).is_some_and(|(a, (b, _))| (f64::from(a) - b).abs() > 1.0));
        assert!(off.count() > 500, "{mode:?} does not tell half a step");
        // a slab thicker by one step has one more sample and other values
        let wider = Slab::new(8.0 + 2.0 * half, mode);
        let (_, most, _) = {
            let got = reform(gpu(), &texture, &surface, &wider).unwrap();
            let pairs = got.slice.values.iter().zip(&exact);
            let far = pairs.filter_map(|(a, b)| a.zip(*b).map(|(a, (b, _))| (f64::from(a) - b).abs()));
            (0, far.fold(0.0, f64::max), 0)
        };
        assert!(most > 1.0, "{mode:?} does not tell one step more");
    }
}

#[test]
fn a_slab_is_kept_while_the_plane_scrolls_and_turns() {
    // a bright ball of 3 mm, 6 mm behind the plane: a 16 mm MIP shows it wherever the plane goes within reach
    let ball =
        |p: Point<Lps>| if p.distance(centre() + Vector::new(0.0, 0.0, 6.0)) < 3.0 { 900.0 } else { -1000.0 };
    let volume = volume_of(oblique_grid(), ball);
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let slab = Slab::new(16.0, SlabMode::Maximum);
    let mut plane = SlicePlane::axial(volume.grid(), centre()).within(32);
    for _ in 0..3 {
        let got = reform(gpu(), &texture, &plane.into(), &slab).unwrap();
        assert!(got.slice.values.iter().flatten().any(|&v| v > 850.0), "the ball is lost at {plane:?}");
        plane = plane.moved(0.7).turned(centre(), Vector::new(0.4, 1.0, 0.2), 0.12);
    }
    let thin = reform(gpu(), &texture, &plane.into(), &Slab::THIN).unwrap();
    assert!(thin.slice.values.iter().flatten().all(|&v| v < 0.0), "only the slab reaches the ball");
}

#[test]
fn outside_is_none_and_half_outside_uses_what_is_inside() {
    let grid = Grid::axis_aligned([8, 8, 8], Point::origin(), [1.0; 3]).unwrap();
    let volume = volume_of(grid, |p| 10.0 * p.z());
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    // 4 mm thick around the last slice: what lies in 5..=7
    let plane = SlicePlane::axial(&grid, Point::new(0.0, 0.0, 7.0));
    let get = |mode| reform(gpu(), &texture, &plane.into(), &Slab::new(4.0, mode)).unwrap();
    let most = get(SlabMode::Maximum);
    assert_eq!((most.slice.at(3, 3), get(SlabMode::Minimum).slice.at(3, 3)), (Some(70.0), Some(50.0)));
    // samples at 5, 5.5, … 7, the one on the slab's face half
    let mean = (0.5 * 50.0 + 55.0 + 60.0 + 65.0 + 70.0) / 4.5;
    assert!((f64::from(get(SlabMode::Mean).slice.at(3, 3).unwrap()) - mean).abs() < 1e-4);
    assert_eq!(most.partly_outside(), 64);
    assert!((most.inside[9] - 5.0 / 9.0).abs() < 1e-6);
    let beyond = reform(gpu(), &texture, &plane.moved(9.0).into(), &Slab::new(2.0, SlabMode::Mean)).unwrap();
    assert!(beyond.slice.values.iter().all(Option::is_none) && beyond.partly_outside() == 0);
}

#[test]
fn a_wrong_thickness_or_size_is_refused() {
    let volume = volume_of(oblique_grid(), rough);
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let plane = oblique_plane(volume.grid());
    for thickness in [-1.0, f64::INFINITY, 1e5] {
        let refused = reform(gpu(), &texture, &plane.into(), &Slab::new(thickness, SlabMode::Mean));
        let error = refused.unwrap_err();
        assert!(matches!(error, MprError::Slab { .. }) && !error.chinese().is_ascii());
    }
    let nothing = SlicePlane { size: [0, 4], ..plane };
    assert!(matches!(reform(gpu(), &texture, &nothing.into(), &Slab::THIN), Err(MprError::Size { .. })));
}

#[test]
fn places_far_from_the_first_voxel_lose_no_digits() {
    // 2,000 voxels away f32 keeps 1/8192 of a voxel, which is 4 units of such values
    let grid = Grid::axis_aligned([8, 4, 2000], Point::new(-500.0, 300.0, -2000.0), [1.0, 1.0, 0.7]).unwrap();
    let volume = volume_of(grid, rough);
    let turned =
        SlicePlane::coronal(&grid, grid.center()).turned(grid.center(), Vector::new(1.0, 0.3, 0.0), 1e-3);
    let surface = SliceSurface::from(SlicePlane { pixel_mm: 0.73, ..turned });
    let (rounded, most, compared) = compare(&volume, &surface, &surface, &Slab::THIN, 1.0);
    assert!(compared > 5000 && rounded <= 1.0 && most < 0.03, "{compared} pixels, {most} HU");
}

#[test]
fn a_curved_slice_turned_by_one_degree_breaks_the_bound() {
    let volume = volume_of(oblique_grid(), rough);
    let curved =
        |turn: f64| SliceSurface::from(CurvedPlane::straightened(&helix(), turn, 24.0, 0.6).unwrap());
    let (rounded, _, compared) =
        compare(&volume, &curved(0.4 + 1_f64.to_radians()), &curved(0.4), &Slab::THIN, 1.0);
    assert!(compared > 2000 && rounded > 100.0, "{rounded} units");
}
