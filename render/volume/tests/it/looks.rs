//! What a volume's look can be beside the shaded march and maximum intensity.

use std::sync::Arc;

use meshing_space::{Lps, Point, Vector};
use meshing_volume::{Grid, LabelMap, Volume};
use render_volume::twin::{self, TwinScene};
use render_volume::{
    Camera, ClipPlane, ClipPlanes, GradientPoint, IsoSurface, Look, Mode, NOTHING_MM, Renderer, Scene,
    SegmentItem, SegmentLook, Segments, Shading, VolumeItem, VolumeTexture, VolumesBy, Window,
    picture_with_depths,
};

use crate::common::*;

const SIZE: [u32; 2] = [72, 56];
const BACKGROUND: [f64; 4] = [0.02, 0.03, 0.05, 1.0];

/// A volume in a look, cut by planes, by shaders and processor; and by the twin.
fn pair(volume: &Arc<Volume>, look: &Look, camera: &Camera, clip: &ClipPlanes) -> (f64, u8) {
    let texture = VolumeTexture::upload(gpu(), volume).unwrap();
    let volumes = vec![VolumeItem::new(texture, look.clone())];
    let scene = Scene { volumes, background: BACKGROUND, clip: clip.clone(), ..Scene::default() };
    let twin = TwinScene {
        volumes: vec![(&**volume, look)],
        background: BACKGROUND,
        clip: clip.clone(),
        ..TwinScene::default()
    };
    difference(&drawn(SIZE, camera, &scene), &twin::picture(SIZE, camera, &twin))
}

#[test]
fn iso_surfaces_are_near_their_twin_and_a_value_off_by_a_fifth_breaks_the_bound() {
    let volume = volume_of(oblique_grid(), two_balls);
    let look = look(Mode::Iso);
    let cut = ClipPlane { point: centre() + Vector::new(7.0, -2.0, 5.0), normal: Vector::new(0.2, 1.0, 0.1) };
    let clips = [ClipPlanes::none(), ClipPlanes::new(&[cut]).unwrap()];
    for (camera, clip) in [(askew(), &clips[0]), (askew().orthographic(), &clips[0]), (askew(), &clips[1])] {
        let (mean, most) = pair(&volume, &look, &camera, clip);
        eprintln!("iso: mean {mean:.4}, most {most}");
        assert!(mean <= 0.05 && most <= 3, "off by {mean:.4} on average and {most} at most");
    }
    let mut wrong = look.clone();
    wrong.surfaces[1].value *= 1.2;
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let scene = Scene { volumes: vec![VolumeItem::new(texture, wrong)], ..Scene::default() };
    let twin = TwinScene { volumes: vec![(&*volume, &look)], ..TwinScene::default() };
    let (mean, most) = difference(&drawn(SIZE, &askew(), &scene), &twin::picture(SIZE, &askew(), &twin));
    assert!(mean > 0.1 && most > 30, "another value went unseen: {mean:.4} {most}");
}

#[test]
fn segments_tint_and_hide_iso_surfaces_as_in_the_twin() {
    let volume = volume_of(oblique_grid(), two_balls);
    let look = look(Mode::Iso);
    let map = Arc::new(halves(volume.grid()));
    let half = SegmentLook { tint: 0.5, opacity: 0.7, ..SegmentLook::coloured([0.1, 0.8, 0.3]) };
    let looks = vec![half, SegmentLook::HIDDEN];
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let segments =
        Some(SegmentItem { segments: Segments::new(gpu(), &texture, &map).unwrap(), looks: looks.clone() });
    let item = VolumeItem { segments, ..VolumeItem::new(texture.clone(), look.clone()) };
    let twin = TwinScene {
        volumes: vec![(&*volume, &look)],
        segments: vec![Some((&*map, looks.as_slice()))],
        ..TwinScene::default()
    };
    let picture = drawn(SIZE, &askew(), &Scene { volumes: vec![item], ..Scene::default() });
    let (mean, most) = difference(&picture, &twin::picture(SIZE, &askew(), &twin));
    assert!(mean <= 0.05 && most <= 3, "off by {mean:.4} on average and {most} at most");
    let plain = Scene { volumes: vec![VolumeItem::new(texture, look)], ..Scene::default() };
    assert!(difference(&picture, &drawn(SIZE, &askew(), &plain)).0 > 1.0, "the segments changed nothing");
}

/// Label 0 on the patient's right of the middle, 1 on the left.
fn halves(grid: &Grid) -> LabelMap {
    let mut map = LabelMap::empty(grid);
    let [ni, nj, nk] = grid.size();
    for (i, j, k) in (0..nk).flat_map(|k| (0..nj).flat_map(move |j| (0..ni).map(move |i| (i, j, k)))) {
        let p: Point<Lps> = grid.lps_from_ijk() * Point::new(i as f64, j as f64, k as f64);
        map.set(i, j, k, u8::from(p.x() > centre().x()));
    }
    map
}

#[test]
fn the_hits_of_an_iso_surface_lie_on_the_sphere_that_it_is() {
    let (axes, half) = (oblique_grid().direction(), 20.0);
    let origin = centre() - axes[0] * half - axes[1] * half - axes[2] * half;
    let grid = Grid::new([41; 3], origin, axes, [1.0; 3]).unwrap();
    let radius = 15.0;
    let camera = Camera::anterior(&grid.bounds());
    let view = camera.matrices(f64::from(SIZE[0]) / f64::from(SIZE[1]));
    let surface = |value| IsoSurface { value, colour: [1.0; 3], opacity: 1.0 };
    let mut renderer = Renderer::for_pictures(gpu());
    for volume in [
        volume_of(grid, |p| p.distance(centre()) * 500.0 - 9000.0),
        float_volume_of(grid, |p| p.distance(centre()) * 500.0 - 9000.0),
    ] {
        let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
        // a step of a whole voxel: what is finer comes from refining
        let look = Look {
            surfaces: vec![surface((radius * 500.0 - 9000.0) as f32)],
            step_voxels: 1.0,
            ..look(Mode::Iso)
        };
        let scene = Scene { volumes: vec![VolumeItem::new(texture, look)], ..Scene::default() };
        for by in [VolumesBy::Shaders, VolumesBy::Processor] {
            renderer.draw_volumes_by(by);
            let picture = picture_with_depths(gpu(), &mut renderer, SIZE, &view, &scene).unwrap();
            let (mut hits, mut off) = (0, 0.0_f64);
            for (n, depths) in picture.depths.iter().enumerate() {
                let [x, y] = [n as u32 % SIZE[0], n as u32 / SIZE[0]].map(|c| f64::from(c) + 0.5);
                let [right, up] = [x / f64::from(SIZE[0]) * 2.0 - 1.0, 1.0 - y / f64::from(SIZE[1]) * 2.0];
                let (start, direction) = view.ray(right, up);
                let along = (centre() - start).dot(direction);
                let aside = (start + direction * along).distance(centre());
                let hit = depths.first_mm < NOTHING_MM;
                assert!(hit == (aside < radius) || (aside - radius).abs() < 0.2, "{aside} of {radius}");
                if hit {
                    hits += 1;
                    let place = view.place(right, up, f64::from(depths.first_mm));
                    off = off.max((place.distance(centre()) - radius).abs());
                    // the near side, never the far one
                    assert!(f64::from(depths.first_mm) < along + 0.5);
                }
            }
            eprintln!("{by:?}: {hits} hits, {off:.4} voxels at most");
            assert!(hits > 300 && off < 0.05, "{by:?}: {hits} hits, off by {off} voxels");
        }
    }
}

#[test]
fn minimum_and_mean_are_near_their_twins_and_are_not_each_other() {
    let volume = volume_of(oblique_grid(), |p| 30.0 - two_balls(p) * 1.03);
    let clip =
        ClipPlane { point: centre() - Vector::new(0.0, 12.0, 0.0), normal: Vector::new(0.1, 1.0, 0.2) };
    let clip = ClipPlanes::new(&[clip]).unwrap();
    let mut pictures = Vec::new();
    for mode in [Mode::MinIp, Mode::Mean, Mode::Mip] {
        let look = Look { window: Window::new(317.0, 1843.0), ..look(mode) };
        for camera in [askew(), askew().orthographic()] {
            let (mean, most) = pair(&volume, &look, &camera, &clip);
            eprintln!("{mode:?}: mean {mean:.4}, most {most}");
            assert!(mean <= 0.05 && most <= 3, "{mode:?} is off by {mean:.4} on average and {most} at most");
        }
        let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
        let scene =
            Scene { volumes: vec![VolumeItem::new(texture, look)], clip: clip.clone(), ..Scene::default() };
        pictures.push(drawn(SIZE, &askew(), &scene));
    }
    for pair in pictures.windows(2) {
        let (mean, most) = difference(&pair[0], &pair[1]);
        assert!(mean > 0.5 && most > 30, "one projection is like another: {mean} {most}");
    }
}

#[test]
fn minimum_and_mean_lie_where_the_twin_says() {
    // smallest on a plane across the view, so that each ray has one place of its own
    let valley = |p: Point<Lps>| {
        let d = (p - centre()).dot(Vector::new(0.2, 0.95, 0.1)) - 3.0;
        (d * d * 4.0).min(3000.0)
    };
    let volume = float_volume_of(oblique_grid(), valley);
    let camera = askew();
    let view = camera.matrices(f64::from(SIZE[0]) / f64::from(SIZE[1]));
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let mut renderer = Renderer::for_pictures(gpu());
    for mode in [Mode::MinIp, Mode::Mean] {
        let look = Look { window: Window::new(0.0, 1500.0), ..look(mode) };
        let twin = TwinScene { volumes: vec![(&*volume, &look)], ..TwinScene::default() };
        let twin = twin::depths(SIZE, &camera, &twin);
        let scene = Scene { volumes: vec![VolumeItem::new(texture.clone(), look)], ..Scene::default() };
        for by in [VolumesBy::Shaders, VolumesBy::Processor] {
            renderer.draw_volumes_by(by);
            let picture = picture_with_depths(gpu(), &mut renderer, SIZE, &view, &scene).unwrap();
            let both = picture.depths.iter().zip(&twin).filter(|(_, t)| t.first_mm.is_finite());
            let mut off: Vec<f64> = both.map(|(d, t)| (f64::from(d.first_mm) - t.first_mm).abs()).collect();
            off.sort_by(f64::total_cmp);
            let most = off[off.len() * 99 / 100];
            eprintln!("{mode:?} by {by:?}: {} rays, {most:.4} mm at most", off.len());
            assert!(off.len() > 500 && most < 0.05, "{mode:?} by {by:?}: off by {most} mm");
        }
    }
}

/// A ball with a hole from the front as wide as a third of it, in air.
fn cup(p: Point<Lps>) -> f64 {
    let d = p - centre();
    let soft = |mm: f64| (mm / 3.0 + 0.5).clamp(0.0, 1.0);
    let beside_the_hole = soft((d.x().powi(2) + d.z().powi(2)).sqrt() - 5.0).max(soft(d.y() - 6.0));
    -1000.0 + 1900.0 * soft(15.0 - d.length()).min(beside_the_hole)
}

#[test]
fn occlusion_and_shadow_are_near_their_twin_and_neither_goes_unseen() {
    let volume = volume_of(oblique_grid(), cup);
    let shading = Shading { occlusion: 0.9, shadow: 0.8, ..Shading::default() };
    let none = ClipPlanes::none();
    for mode in [Mode::Dvr, Mode::Iso] {
        let look = Look { shading, ..look(mode) };
        for camera in [askew(), askew().orthographic()] {
            let (mean, most) = pair(&volume, &look, &camera, &none);
            eprintln!("light in {mode:?}: mean {mean:.4}, most {most}");
            assert!(mean <= 0.05 && most <= 3, "{mode:?} is off by {mean:.4} on average and {most} at most");
        }
        let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
        let twin = TwinScene { volumes: vec![(&*volume, &look)], ..TwinScene::default() };
        let twin = twin::picture(SIZE, &askew(), &twin);
        for wrong in [Shading { occlusion: 0.0, ..shading }, Shading { shadow: 0.0, ..shading }] {
            let look = Look { shading: wrong, ..look.clone() };
            let volumes = vec![VolumeItem::new(texture.clone(), look)];
            let scene = Scene { volumes, ..Scene::default() };
            let (mean, most) = difference(&drawn(SIZE, &askew(), &scene), &twin);
            assert!(mean > 0.1 && most > 8, "went unseen: {wrong:?} {mean:.4} {most}");
        }
    }
}

#[test]
fn segments_stand_in_the_way_of_light_as_in_the_twin() {
    let volume = volume_of(oblique_grid(), two_balls);
    let shading = Shading { occlusion: 0.9, shadow: 0.8, ..Shading::default() };
    let look = Look { shading, ..look(Mode::Dvr) };
    let map = Arc::new(halves(volume.grid()));
    let looks = vec![SegmentLook { opacity: 0.5, ..SegmentLook::coloured([0.4, 0.8, 0.5]) }];
    let hidden = SegmentLook { transfer: Some(look.transfer.with_opacity(0.5)), ..SegmentLook::HIDDEN };
    let looks = [looks, vec![hidden]].concat();
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let segments =
        Some(SegmentItem { segments: Segments::new(gpu(), &texture, &map).unwrap(), looks: looks.clone() });
    let item = VolumeItem { segments, ..VolumeItem::new(texture.clone(), look.clone()) };
    let twin = TwinScene {
        volumes: vec![(&*volume, &look)],
        segments: vec![Some((&*map, looks.as_slice()))],
        ..TwinScene::default()
    };
    let picture = drawn(SIZE, &askew(), &Scene { volumes: vec![item], ..Scene::default() });
    let (mean, most) = difference(&picture, &twin::picture(SIZE, &askew(), &twin));
    eprintln!("light among segments: mean {mean:.4}, most {most}");
    assert!(mean <= 0.05 && most <= 3, "off by {mean:.4} on average and {most} at most");
}

#[test]
fn opacity_by_gradient_is_near_its_twin_with_and_without_segments_and_a_moved_corner_is_not() {
    let volume = volume_of(oblique_grid(), two_balls);
    let corner = |per_mm, share| GradientPoint { per_mm, share };
    // out of order, and with a step
    let corners = [(260.0, 1.0), (60.0, 0.1), (60.0, 0.3), (400.0, 0.6)].map(|(g, s)| corner(g, s));
    let look = Look { gradient_opacity: corners.to_vec(), ..look(Mode::Dvr) };
    let map = Arc::new(halves(volume.grid()));
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let own = SegmentLook::with_transfer(look.transfer.with_opacity(0.5));
    let half = SegmentLook { tint: 0.5, opacity: 0.7, ..SegmentLook::coloured([0.4, 0.8, 0.5]) };
    let solid = SegmentLook::solid([0.5, 0.6, 0.9], 0.05);
    for looks in [vec![], vec![half.clone(), solid], vec![half, own]] {
        let segments = Segments::new(gpu(), &texture, &map).unwrap();
        let some = !looks.is_empty();
        let picture = |look: &Look| {
            let segments = some.then(|| SegmentItem { segments: segments.clone(), looks: looks.clone() });
            let item = VolumeItem { segments, ..VolumeItem::new(texture.clone(), look.clone()) };
            drawn(SIZE, &askew(), &Scene { volumes: vec![item], ..Scene::default() })
        };
        let twin = TwinScene {
            volumes: vec![(&*volume, &look)],
            segments: vec![some.then_some((&*map, looks.as_slice()))],
            ..TwinScene::default()
        };
        let twin = twin::picture(SIZE, &askew(), &twin);
        let (mean, most) = difference(&picture(&look), &twin);
        eprintln!("by gradient: mean {mean:.4}, most {most}");
        assert!(mean <= 0.05 && most <= 3, "off by {mean:.4} on average and {most} at most");
        let mut wrong = look.clone();
        for corner in &mut wrong.gradient_opacity[1..3] {
            corner.per_mm += 150.0;
        }
        let (mean, most) = difference(&picture(&wrong), &twin);
        assert!(mean > 0.1 && most > 8, "a moved corner went unseen: {mean:.4} {most}");
        assert_ne!(picture(&Look { gradient_opacity: Vec::new(), ..look.clone() }), picture(&look));
    }
}
