//! Exact slices: within one grey level of 4096 of the f64 reference.

use std::sync::Arc;

use meshing_space::{Point, Vector};
use meshing_volume::Volume;
use render_volume::{SlicePlane, VolumeTexture, Window, mpr_values, twin};

use crate::common::*;

/// Largest difference in grey levels and in the volume's unit, and the number of pixels compared.
fn compare(volume: &Arc<Volume>, plane: &SlicePlane, window: Window) -> (u16, f64, usize) {
    let texture = VolumeTexture::upload(gpu(), volume).unwrap();
    let drawn = mpr_values(gpu(), &texture, plane).unwrap();
    let exact = twin::mpr(volume, plane);
    let levels = drawn.levels(window, 4096);
    let (mut most, mut most_value, mut compared) = (0, 0.0_f64, 0);
    for ((value, level), twin) in drawn.values.iter().zip(levels).zip(&exact) {
        if let (Some(value), Some(twin)) = (value, twin) {
            let twin_level = (window.grey(*twin) * 4095.0).round() as u16;
            most = most.max(level.abs_diff(twin_level));
            most_value = most_value.max((f64::from(*value) - twin).abs());
            compared += 1;
        }
    }
    let unlike = drawn.values.iter().zip(&exact).filter(|(a, b)| a.is_some() != b.is_some()).count();
    assert!(unlike * 500 < exact.len(), "{unlike} pixels are inside for one and outside for the other");
    (most, most_value, compared)
}

/// Values that jump from voxel to voxel, the hardest case for an interpolation.
fn rough(p: Point<meshing_space::Lps>) -> f64 {
    ((p.x() * 12.9898 + p.y() * 78.233 + p.z() * 37.719).sin() * 43758.5453).fract() * 4000.0 - 1000.0
}

#[test]
fn plain_and_oblique_slices_equal_the_f64_reference_within_one_grey_level_of_4096() {
    let volume = volume_of(oblique_grid(), rough);
    let grid = volume.grid();
    let c = grid.center();
    let right = Vector::new(0.8, 0.6, 0.0);
    let down = Vector::new(0.36, -0.48, -0.8);
    for plane in [
        SlicePlane::axial(grid, c),
        SlicePlane::coronal(grid, c),
        SlicePlane::sagittal(grid, c + Vector::new(1.23, 0.4, -0.7)),
        SlicePlane::through(grid, c, right, down),
    ] {
        for window in [Window::new(1000.0, 4096.0), Window::new(40.0, 400.0)] {
            let (levels, value, compared) = compare(&volume, &plane, window);
            eprintln!("mpr: {compared} pixels, at most {levels} level(s), {value:.6} HU");
            assert!(compared > 1000 && levels <= 1 && value < 0.002, "{levels} levels, {value} HU");
        }
    }
}

#[test]
fn float_volumes_are_as_exact() {
    let volume = float_volume_of(oblique_grid(), |p| rough(p) / 300.0);
    let plane = SlicePlane::axial(volume.grid(), volume.grid().center());
    let (levels, value, compared) = compare(&volume, &plane, Window::new(5.0, 14.0));
    assert!(compared > 500 && levels <= 1 && value < 1e-5, "{levels} levels, {value}");
}

#[test]
fn a_plane_one_tenth_of_a_voxel_off_breaks_the_bound() {
    let volume = volume_of(oblique_grid(), rough);
    let plane = SlicePlane::axial(volume.grid(), volume.grid().center());
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let drawn = mpr_values(gpu(), &texture, &plane.moved(0.1)).unwrap();
    let exact = twin::mpr(&volume, &plane);
    let window = Window::new(1000.0, 4096.0);
    let off = drawn.levels(window, 4096).into_iter().zip(&exact).filter(|(level, twin)| {
        twin.is_some_and(|t| level.abs_diff((window.grey(t) * 4095.0).round() as u16) > 1)
    });
    assert!(off.count() > 1000);
}

#[test]
fn voxel_centres_give_their_voxels_to_the_last_bit() {
    let grid = meshing_volume::Grid::axis_aligned([33, 21, 9], Point::new(-10.3, 7.7, 99.1), [0.7, 0.7, 2.5])
        .unwrap();
    let volume = volume_of(grid, rough);
    let at = grid.lps_from_ijk() * Point::new(0.0, 0.0, 6.0);
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let slice = mpr_values(gpu(), &texture, &SlicePlane::axial(&grid, at)).unwrap();
    assert_eq!(slice.size, [33, 21]);
    for row in 0..21 {
        for column in 0..33 {
            let voxel = volume.value(column as usize, row as usize, 6);
            let value = slice.at(column, row).unwrap();
            assert!((value - voxel).abs() < 0.05, "({column}, {row}): {value} for {voxel}");
        }
    }
    let window = Window::new(1000.0, 4096.0);
    let grey = slice.grey(window);
    assert_eq!(
        grey.get_pixel(5, 7)[0],
        (window.grey(f64::from(volume.value(5, 7, 6))) * 255.0).round() as u8
    );
}
