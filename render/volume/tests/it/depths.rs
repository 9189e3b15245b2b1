//! Where along its ray each pixel lies.

use meshing_space::Vector;
use render_volume::twin::{self, Along, MeshTwin, TwinScene};
use render_volume::{
    Camera, DepthPicture, MeshBuffers, MeshItem, Mode, NOTHING_MM, Renderer, Scene, Shading, SliceItem,
    SlicePlane, TransferFunction, TransferPoint, VolumeItem, VolumeTexture, VolumesBy, Window, picture_from,
    picture_with_depths,
};

use crate::common::*;
use crate::twins::lumpy_ball;

const SIZE: [u32; 2] = [72, 56];

/// A scene with distances by the shaders and by the processor; the colours must be those of a plain picture.
fn both(renderer: &mut Renderer, camera: &Camera, scene: &Scene) -> [DepthPicture; 2] {
    let view = camera.matrices(f64::from(SIZE[0]) / f64::from(SIZE[1]));
    [VolumesBy::Shaders, VolumesBy::Processor].map(|by| {
        renderer.draw_volumes_by(by);
        let with = picture_with_depths(gpu(), renderer, SIZE, &view, scene).unwrap();
        let plain = picture_from(gpu(), renderer, SIZE, &view, scene).unwrap();
        assert_eq!(with.colour, plain, "distances change the colours drawn by {by:?}");
        with
    })
}

/// How far distances are from the twin's: mean and 99th percentile of the first hit, the same of the mean, in mm, and
/// the largest difference of opacity. A pixel at an edge hits or misses by rounding: such may be one in a hundred.
fn off(picture: &DepthPicture, twin: &[Along]) -> [f64; 5] {
    let (mut first, mut mean, mut opacity, mut missed) = (Vec::new(), Vec::new(), 0.0_f64, 0);
    for (d, t) in picture.depths.iter().zip(twin) {
        let edge = (d.first_mm < NOTHING_MM) != t.first_mm.is_finite();
        if edge || (f64::from(d.opacity) - t.opacity).abs() > 0.5 {
            missed += 1;
            continue;
        }
        opacity = opacity.max((f64::from(d.opacity) - t.opacity).abs());
        if t.first_mm.is_finite() {
            first.push((f64::from(d.first_mm) - t.first_mm).abs());
            mean.push((f64::from(d.mean_mm) - t.mean_mm).abs());
        }
    }
    assert!(missed * 100 <= twin.len(), "{missed} pixels hit or miss otherwise than the twin");
    assert!(first.len() * 40 > twin.len(), "hardly anything was hit");
    let mut figures = [0.0; 5];
    for (n, mut mm) in [first, mean].into_iter().enumerate() {
        mm.sort_by(f64::total_cmp);
        figures[2 * n] = mm.iter().sum::<f64>() / mm.len() as f64;
        figures[2 * n + 1] = mm[mm.len() * 99 / 100];
    }
    figures[4] = opacity;
    figures
}

/// A ray ends at 0.99 of opacity where the twin goes on: that moves the mean by a few hundredths of a mm.
fn near(figures: [f64; 5]) -> bool {
    let [first, first_most, mean, mean_most, opacity] = figures;
    first < 0.05 && first_most < 0.5 && mean < 0.05 && mean_most < 0.5 && opacity < 0.015
}

#[test]
fn distances_are_near_their_twins_and_a_volume_moved_by_two_millimetres_breaks_the_bound() {
    let mut renderer = Renderer::for_pictures(gpu());
    let volume = volume_of(oblique_grid(), two_balls);
    let moved = volume_of(oblique_grid(), |p| two_balls(p + Vector::new(0.0, 2.0, 0.0)));
    let (positions, triangles) = lumpy_ball(9.0);
    let (colour, window) = ([0.2, 0.7, 0.4], Window::new(0.0, 2000.0));
    let plane = SlicePlane::coronal(volume.grid(), centre() + Vector::new(0.0, 6.0, 0.0));
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let buffers = MeshBuffers::from_triangles(gpu(), &positions, &triangles).unwrap();
    for (mode, camera, surfaces) in [
        (Mode::Dvr, askew(), false),
        (Mode::Dvr, askew().orthographic(), false),
        (Mode::Mip, askew(), false),
        (Mode::Iso, askew(), false),
        (Mode::Dvr, askew(), true),
        (Mode::Iso, askew(), true),
    ] {
        let mut look = look(mode);
        look.transfer = look.transfer.with_opacity(0.4);
        let mut scene =
            Scene { volumes: vec![VolumeItem::new(texture.clone(), look.clone())], ..Scene::default() };
        let twin_of = |volume| TwinScene { volumes: vec![(volume, &look)], ..TwinScene::default() };
        let (mut twin, mut wrong) = (twin_of(&*volume), twin_of(&*moved));
        if surfaces {
            scene.meshes = vec![MeshItem::new(buffers.clone(), [colour[0], colour[1], colour[2], 1.0])];
            scene.slices = vec![SliceItem { texture: texture.clone(), plane, window }];
            for twin in [&mut twin, &mut wrong] {
                twin.meshes =
                    vec![MeshTwin::new(&positions, &triangles, colour, Shading::default()).unwrap()];
                twin.slices = vec![(&*volume, plane, window)];
            }
        }
        let (twin, wrong) = (twin::depths(SIZE, &camera, &twin), twin::depths(SIZE, &camera, &wrong));
        for picture in both(&mut renderer, &camera, &scene) {
            let figures = off(&picture, &twin);
            eprintln!("{mode:?}, surfaces {surfaces}: {figures:.4?}");
            assert!(near(figures), "{mode:?}, surfaces {surfaces}: {figures:.4?}");
            assert!(surfaces || !near(off(&picture, &wrong)), "two millimetres went unseen");
        }
    }
}

#[test]
fn volumes_laid_over_each_other_have_one_distance() {
    let mut renderer = Renderer::for_pictures(gpu());
    let volume = volume_of(oblique_grid(), two_balls);
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let (mut thin, mut thick) = (look(Mode::Dvr), look(Mode::Dvr));
    thin.transfer = thin.transfer.with_opacity(0.1);
    thick.transfer = TransferFunction::new(vec![
        TransferPoint { value: 300.0, colour: [1.0; 3], opacity_per_mm: 0.0 },
        TransferPoint { value: 500.0, colour: [1.0; 3], opacity_per_mm: 0.9 },
    ])
    .unwrap();
    let item = |look: &render_volume::Look| VolumeItem::new(texture.clone(), look.clone());
    // three, so that the passes between go back and forth
    let scene = Scene { volumes: vec![item(&thick), item(&thin), item(&thin)], ..Scene::default() };
    let twin = TwinScene {
        volumes: vec![(&*volume, &thick), (&*volume, &thin), (&*volume, &thin)],
        ..TwinScene::default()
    };
    let twin = twin::depths(SIZE, &askew(), &twin);
    for picture in both(&mut renderer, &askew(), &scene) {
        let figures = off(&picture, &twin);
        assert!(near(figures), "{figures:.4?}");
    }
}

#[test]
fn what_is_translucent_lies_in_the_colours_but_has_no_distance_where_an_opaque_sheet_has_one() {
    let mut renderer = Renderer::for_pictures(gpu());
    let volume = volume_of(oblique_grid(), two_balls);
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let corner = |x: f64, z: f64| centre() + Vector::new(x, -2.0, z);
    let positions = [corner(-30.0, -30.0), corner(30.0, -30.0), corner(30.0, 30.0), corner(-30.0, 30.0)];
    let triangles = [[0, 1, 2], [0, 2, 3]];
    let buffers = MeshBuffers::from_triangles(gpu(), &positions, &triangles).unwrap();
    for mode in [Mode::Dvr, Mode::Mip] {
        let mut look = look(mode);
        look.transfer = look.transfer.with_opacity(0.4);
        let volumes = vec![VolumeItem::new(texture.clone(), look.clone())];
        let plain = Scene { volumes: volumes.clone(), ..Scene::default() };
        let sheet = MeshItem::new(buffers.clone(), [0.9, 0.2, 0.2, 0.25]);
        let scene = Scene { volumes, meshes: vec![sheet], ..Scene::default() };
        let twin_of = |opacity| {
            let mesh = MeshTwin::new(&positions, &triangles, [0.9, 0.2, 0.2], Shading::default()).unwrap();
            let meshes = vec![mesh.with_opacity(opacity)];
            TwinScene { volumes: vec![(&*volume, &look)], meshes, ..TwinScene::default() }
        };
        let twin = twin::depths(SIZE, &askew(), &twin_of(0.25));
        let opaque = twin::depths(SIZE, &askew(), &twin_of(1.0));
        let hit = |along: &[Along]| along.iter().filter(|a| a.first_mm.is_finite()).count();
        assert!(hit(&opaque) > hit(&twin) + 500, "an opaque sheet is hit");
        let without = both(&mut renderer, &askew(), &plain);
        for (picture, plain) in both(&mut renderer, &askew(), &scene).iter().zip(&without) {
            assert_ne!(picture.colour, plain.colour, "the sheet is seen");
            let figures = off(picture, &twin);
            eprintln!("{mode:?}: {figures:.4?}");
            assert!(near(figures), "{mode:?}: {figures:.4?}");
        }
    }
}

#[test]
fn a_wall_has_its_distance_at_every_pixel_and_the_depth_a_headset_takes() {
    let camera = Camera::anterior(&oblique_grid().bounds());
    let view = camera.matrices(f64::from(SIZE[0]) / f64::from(SIZE[1]));
    let corner = |x: f64, z: f64| centre() + Vector::new(x, 5.0, z);
    let positions = [corner(-90.0, -20.0), corner(90.0, -20.0), corner(90.0, 20.0), corner(-90.0, 20.0)];
    let buffers = MeshBuffers::from_triangles(gpu(), &positions, &[[0, 1, 2], [0, 2, 3]]).unwrap();
    let scene = Scene { meshes: vec![MeshItem::new(buffers, [1.0; 4])], ..Scene::default() };
    let mut renderer = Renderer::for_pictures(gpu());
    for picture in both(&mut renderer, &camera, &scene) {
        let mut seen = 0;
        for (x, y, pixel) in picture.colour.enumerate_pixels() {
            let depths = picture.at(x, y).unwrap();
            let right = (f64::from(x) + 0.5) / f64::from(SIZE[0]) * 2.0 - 1.0;
            let up = 1.0 - (f64::from(y) + 0.5) / f64::from(SIZE[1]) * 2.0;
            assert_eq!(depths.opacity > 0.0, pixel[3] > 0);
            let z = view.reverse_z(right, up, f64::from(depths.first_mm));
            if depths.opacity == 0.0 {
                assert!(depths.first_mm >= NOTHING_MM && depths.mean_mm >= NOTHING_MM && z == 0.0);
                continue;
            }
            seen += 1;
            let place = view.place(right, up, f64::from(depths.mean_mm));
            assert!((place.y() - centre().y() - 5.0).abs() < 0.01, "{place:?} is not on the wall");
            let distance = place.y() - camera.eye.y();
            assert!((z - camera.near_mm / distance).abs() < 1e-6, "reverse-Z is near over distance");
        }
        assert!(seen > 500);
    }
}
