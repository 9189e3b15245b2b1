//! Where each pixel was in an earlier view.

use meshing_space::{Point, Vector};
use render_volume::{
    Camera, DepthPicture, MeshBuffers, MeshItem, Mode, Motion, MotionPass, Renderer, Scene, ViewMatrices,
    VolumeItem, VolumeTexture, WarpBy, picture_with_depths, twin,
};

use crate::common::*;
use crate::twins::lumpy_ball;

const SIZE: [u32; 2] = [72, 56];

fn views() -> [ViewMatrices; 2] {
    let (before, mut now) = (askew(), askew());
    now.orbit(0.05, -0.03);
    now.pan(4.0, 2.0);
    [before, now].map(|c: Camera| c.matrices(f64::from(SIZE[0]) / f64::from(SIZE[1])))
}

fn drawn_now(now: &ViewMatrices) -> DepthPicture {
    let texture = VolumeTexture::upload(gpu(), &volume_of(oblique_grid(), two_balls)).unwrap();
    let (positions, triangles) = lumpy_ball(9.0);
    let buffers = MeshBuffers::from_triangles(gpu(), &positions, &triangles).unwrap();
    let scene = Scene {
        volumes: vec![VolumeItem::new(texture, look(Mode::Dvr))],
        meshes: vec![MeshItem::new(buffers, [0.2, 0.7, 0.4, 1.0])],
        ..Scene::default()
    };
    picture_with_depths(gpu(), &mut Renderer::for_pictures(gpu()), SIZE, now, &scene).unwrap()
}

/// The largest difference in pixels; infinite where only one is known.
fn off(a: &[Motion], b: &[Motion]) -> f32 {
    assert_eq!(a.len(), b.len());
    let each = a.iter().zip(b).map(|pair| match pair {
        (Some(a), Some(b)) => (a[0] - b[0]).hypot(a[1] - b[1]),
        (None, None) => 0.0,
        _ => f32::INFINITY,
    });
    each.fold(0.0, f32::max)
}

#[test]
fn vectors_are_near_their_twin_s_and_those_of_swapped_views_are_not() {
    let [before, now] = views();
    let picture = drawn_now(&now);
    let pass = MotionPass::new(gpu());
    for by in [WarpBy::First, WarpBy::Mean, WarpBy::Rotation] {
        let vectors = pass.picture(&picture, [&before, &now], by).unwrap();
        let truth = twin::motion(&picture, [&before, &now], by);
        let most = off(&vectors, &truth);
        eprintln!("{by:?}: off by {most:.5} px at most");
        assert!(most < 0.02, "{by:?}: off by {most}");
        assert!(off(&twin::motion(&picture, [&now, &before], by), &truth) > 1.0, "swapped views went unseen");
        assert!(truth.iter().flatten().any(|[x, y]| x.hypot(*y) > 2.0), "nothing moved");
    }
    // parallel rays: what is nowhere has no place in the earlier view
    let camera = askew().orthographic();
    let [before, now] = [camera, Camera { eye: camera.eye + Vector::new(3.0, 0.0, 0.0), ..camera }]
        .map(|c| c.matrices(f64::from(SIZE[0]) / f64::from(SIZE[1])));
    let picture = drawn_now(&now);
    let vectors = pass.picture(&picture, [&before, &now], WarpBy::First).unwrap();
    assert!(off(&vectors, &twin::motion(&picture, [&before, &now], WarpBy::First)) < 0.02);
    assert!(vectors.iter().any(Option::is_none) && vectors.iter().any(Option::is_some));
}

#[test]
fn a_point_of_a_sheet_is_found_where_it_was_by_geometry() {
    let [before, now] = views();
    // a square across the front view: what a pixel shows of it is known without any picture
    let (right, up, at) = (Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 0.0, 1.0), centre());
    let corner = |r: f64, u: f64| at + right * r + up * u;
    let positions = vec![corner(-60.0, -60.0), corner(60.0, -60.0), corner(60.0, 60.0), corner(-60.0, 60.0)];
    let buffers = MeshBuffers::from_triangles(gpu(), &positions, &[[0, 1, 2], [0, 2, 3]]).unwrap();
    let scene = Scene { meshes: vec![MeshItem::new(buffers, [1.0; 4])], ..Scene::default() };
    let picture = picture_with_depths(gpu(), &mut Renderer::for_pictures(gpu()), SIZE, &now, &scene).unwrap();
    let vectors = MotionPass::new(gpu()).picture(&picture, [&before, &now], WarpBy::First).unwrap();
    let size = SIZE.map(f64::from);
    let (mut checked, mut moved) = (0, 0.0_f64);
    for (n, vector) in vectors.iter().enumerate() {
        let pixel = [n as u32 % SIZE[0], n as u32 / SIZE[0]].map(|c| f64::from(c) + 0.5);
        let (start, direction) = now.ray(pixel[0] / size[0] * 2.0 - 1.0, 1.0 - pixel[1] / size[1] * 2.0);
        let normal = right.cross(up);
        let place: Point<_> = start + direction * ((at - start).dot(normal) / direction.dot(normal));
        let inside = (place - at).dot(right).abs() < 59.0 && (place - at).dot(up).abs() < 59.0;
        let (Some([x, y]), true) = (vector, inside) else { continue };
        let was = before.pixel(place, size).unwrap();
        let miss = (pixel[0] + f64::from(*x) - was[0]).hypot(pixel[1] + f64::from(*y) - was[1]);
        assert!(miss < 0.01, "off by {miss} px at {pixel:?}");
        moved = moved.max(f64::from(x.hypot(*y)));
        checked += 1;
    }
    assert!(checked > 1000 && moved > 2.0, "{checked} pixels, moved by {moved} at most");
}
