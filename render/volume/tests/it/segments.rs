//! Segments colour, hide and show what they should, where they lie.

use std::sync::Arc;

use meshing_space::Vector;
use meshing_volume::{Grid, LabelMap};
use render_volume::twin::{self, TwinScene};
use render_volume::{
    Mode, Scene, SegmentItem, SegmentLook, Segments, SegmentsError, TransferFunction, TransferPoint,
    VolumeItem, VolumeTexture,
};

use crate::common::*;

const SIZE: [u32; 2] = [72, 56];

/// The bright ball is segment 1, the dim one 2, and 3 is a ball of air beside both.
fn labels(grid: &Grid) -> LabelMap {
    let mut map = LabelMap::empty(grid);
    let [ni, nj, nk] = grid.size();
    for (i, j, k) in (0..nk).flat_map(|k| (0..nj).flat_map(move |j| (0..ni).map(move |i| (i, j, k)))) {
        let p = grid.lps_from_ijk() * meshing_space::Point::new(i as f64, j as f64, k as f64);
        let within = |at: [f64; 3], radius: f64| p.distance(centre() + Vector::from_array(at)) < radius;
        let label = if within([7.0, -2.0, 5.0], 12.0) {
            1
        } else if within([-8.0, 4.0, -6.0], 11.0) {
            2
        } else if within([-9.0, -6.0, 12.0], 5.0) {
            3
        } else {
            0
        };
        map.set(i, j, k, label);
    }
    map
}

fn looks() -> Vec<SegmentLook> {
    let half = SegmentLook { tint: 0.5, opacity: 0.7, ..SegmentLook::coloured([0.1, 0.8, 0.3]) };
    vec![SegmentLook::PLAIN, half, SegmentLook::HIDDEN, SegmentLook::solid([0.2, 0.3, 0.9], 0.3)]
}

#[test]
fn segments_look_as_in_the_twin_and_a_shifted_label_map_breaks_the_bound() {
    let volume = volume_of(oblique_grid(), two_balls);
    let (look, looks) = (look(Mode::Dvr), looks());
    let map = Arc::new(labels(volume.grid()));
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let scene = |map: &Arc<LabelMap>| {
        let segments = Segments::new(gpu(), &texture, map).unwrap();
        let segments = Some(SegmentItem { segments, looks: looks.clone() });
        let item = VolumeItem { segments, ..VolumeItem::new(texture.clone(), look.clone()) };
        Scene { volumes: vec![item], ..Scene::default() }
    };
    let twin = TwinScene {
        volumes: vec![(&*volume, &look)],
        segments: vec![Some((&*map, looks.as_slice()))],
        ..TwinScene::default()
    };
    let twin = twin::picture(SIZE, &askew(), &twin);
    let (mean, most) = difference(&drawn(SIZE, &askew(), &scene(&map)), &twin);
    eprintln!("segments: mean {mean:.4}, most {most}");
    assert!(mean <= 0.05 && most <= 3, "off by {mean:.4} on average and {most} at most");
    let mut shifted = map.labels().to_vec();
    shifted.rotate_right(2);
    let shifted = Arc::new(LabelMap::new(*volume.grid(), shifted).unwrap());
    let (mean, most) = difference(&drawn(SIZE, &askew(), &scene(&shifted)), &twin);
    assert!(mean > 0.5 && most > 30, "two voxels went unseen: {mean:.4} {most}");
}

#[test]
fn a_solid_segment_of_a_volume_shown_coarser_stays_in_its_place() {
    let volume = volume_of(oblique_grid(), |_| -1000.0);
    let map = Arc::new(labels(volume.grid()));
    let looks =
        vec![SegmentLook::PLAIN, SegmentLook::HIDDEN, SegmentLook::HIDDEN, SegmentLook::solid([1.0; 3], 0.5)];
    let spot = |budget| {
        let texture = VolumeTexture::upload_fitting(gpu(), &volume, budget).unwrap();
        let segments = Segments::new(gpu(), &texture, &map).unwrap();
        let segments = Some(SegmentItem { segments, looks: looks.clone() });
        let item = VolumeItem { segments, ..VolumeItem::new(texture, look(Mode::Dvr)) };
        middle(&drawn([64, 64], &askew(), &Scene { volumes: vec![item], ..Scene::default() }))
    };
    let (full, coarse) = (spot(u64::MAX), spot(8_000));
    assert!((full[0] - coarse[0]).abs() < 1.0 && (full[1] - coarse[1]).abs() < 1.0, "{full:?} to {coarse:?}");
}

#[test]
fn segments_of_another_grid_are_refused() {
    let volume = volume_of(oblique_grid(), two_balls);
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let (grid, [ni, nj, nk]) = (volume.grid(), volume.grid().size());
    let other = [
        Grid::new([ni, nj, nk - 1], grid.origin(), grid.direction(), grid.spacing_mm()),
        Grid::new(
            [ni, nj, nk],
            grid.origin() + Vector::new(0.1, 0.0, 0.0),
            grid.direction(),
            grid.spacing_mm(),
        ),
        Grid::axis_aligned([ni, nj, nk], grid.origin(), grid.spacing_mm()),
    ];
    for grid in other {
        let error = Segments::new(gpu(), &texture, &Arc::new(LabelMap::empty(&grid.unwrap()))).unwrap_err();
        assert!(matches!(error, SegmentsError::Grid { .. }) && error.to_string().contains("resample"));
    }
}

/// A function that shows what the look of all hides, in a colour of its own.
fn own(colour: [f32; 3], from: f32, opacity_per_mm: f32) -> SegmentLook {
    let point = |value, opacity_per_mm| TransferPoint { value, colour, opacity_per_mm };
    let points =
        vec![point(from, 0.0), point(from + 150.0, opacity_per_mm), point(from + 900.0, opacity_per_mm)];
    SegmentLook::with_transfer(TransferFunction::new(points).unwrap())
}

#[test]
fn segments_with_transfer_functions_of_their_own_look_as_in_the_twin_and_swapped_ones_do_not() {
    let volume = volume_of(oblique_grid(), two_balls);
    let look = look(Mode::Dvr);
    let map = Arc::new(labels(volume.grid()));
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let green = SegmentLook { opacity: 0.6, ..own([0.4, 0.9, 0.5], -600.0, 0.3) };
    let blue = SegmentLook { tint: 0.3, ..own([0.5, 0.5, 1.0], -950.0, 0.2) };
    let hidden = SegmentLook { opacity: 0.0, ..own([1.0, 0.0, 0.0], -1100.0, 0.9) };
    let looks = vec![SegmentLook::PLAIN, green, blue, hidden];
    let picture = |looks: &[SegmentLook]| {
        let segments = Segments::new(gpu(), &texture, &map).unwrap();
        let segments = Some(SegmentItem { segments, looks: looks.to_vec() });
        let item = VolumeItem { segments, ..VolumeItem::new(texture.clone(), look.clone()) };
        drawn(SIZE, &askew(), &Scene { volumes: vec![item], ..Scene::default() })
    };
    let twin = TwinScene {
        volumes: vec![(&*volume, &look)],
        segments: vec![Some((&*map, looks.as_slice()))],
        ..TwinScene::default()
    };
    let twin = twin::picture(SIZE, &askew(), &twin);
    let (mean, most) = difference(&picture(&looks), &twin);
    eprintln!("functions by segment: mean {mean:.4}, most {most}");
    assert!(mean <= 0.05 && most <= 3, "off by {mean:.4} on average and {most} at most");
    let mut swapped = looks.clone();
    swapped.swap(1, 2);
    let (mean, most) = difference(&picture(&swapped), &twin);
    assert!(mean > 0.5 && most > 30, "swapped functions went unseen: {mean:.4} {most}");
    let plain: Vec<_> = looks.iter().map(|l| SegmentLook { transfer: None, ..l.clone() }).collect();
    let (mean, most) = difference(&picture(&plain), &twin);
    assert!(mean > 0.5 && most > 30, "functions left out went unseen: {mean:.4} {most}");
    // each with the look's own function is the same as none
    let same = |l: &SegmentLook| SegmentLook { transfer: Some(look.transfer.clone()), ..l.clone() };
    let (mean, most) = difference(&picture(&plain.iter().map(same).collect::<Vec<_>>()), &picture(&plain));
    assert!((mean, most) == (0.0, 0), "{mean:.4} {most}");
}
