//! The patient's left is where people expect it, in each view and each slice.

use meshing_space::{Point, Vector};
use meshing_volume::Grid;
use render_volume::{
    Camera, Edges, MeshBuffers, MeshItem, Mode, Scene, SlicePlane, ViewFrom, VolumeItem, VolumeTexture,
    Window, mpr,
};

use crate::common::*;

/// A bright ball to the patient's left, in front and above the middle.
fn ball_left_front_above() -> std::sync::Arc<meshing_volume::Volume> {
    let grid = Grid::axis_aligned([40; 3], Point::new(100.0, 200.0, 300.0), [1.0; 3]).unwrap();
    let at = grid.center() + Vector::new(9.0, -9.0, 9.0);
    volume_of(grid, move |p| -1000.0 + 2000.0 * ((5.0 - p.distance(at)) / 2.0 + 0.5).clamp(0.0, 1.0))
}

/// Whether the bright spot lies on the edge's side that has each letter.
fn spot_agrees(edges: &Edges, [x, y]: [f64; 2], size: [f64; 2]) {
    let horizontal = if x > size[0] / 2.0 { &edges.right } else { &edges.left };
    let vertical = if y > size[1] / 2.0 { &edges.bottom } else { &edges.top };
    for edge in [horizontal, vertical] {
        assert!("LAS".contains(edge.as_str()), "the ball at L, A, S is drawn towards {edge}");
    }
    assert!((x / size[0] - 0.5).abs() > 0.05 && (y / size[1] - 0.5).abs() > 0.05, "no clear side: {x} {y}");
}

#[test]
fn six_views_have_left_front_and_head_where_their_letters_say() {
    let volume = ball_left_front_above();
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let (w, h) = (64, 48);
    for mode in [Mode::Dvr, Mode::Mip] {
        for side in ViewFrom::ALL {
            let camera = Camera::looking_from(side, &volume.grid().bounds());
            let volumes = vec![VolumeItem::new(texture.clone(), look(mode))];
            let picture = drawn([w, h], &camera, &Scene { volumes, ..Scene::default() });
            spot_agrees(&camera.edges(), middle(&picture), [f64::from(w - 1), f64::from(h - 1)]);
        }
    }
    // and once without letters: from the front, the patient's left is at the right, the head at the top
    let volumes = vec![VolumeItem::new(texture, look(Mode::Dvr))];
    let camera = Camera::anterior(&volume.grid().bounds());
    let [x, y] = middle(&drawn([64, 64], &camera, &Scene { volumes, ..Scene::default() }));
    assert!(x > 36.0 && y < 28.0, "{x} {y}");
}

#[test]
fn a_mesh_is_drawn_where_the_volume_is() {
    let volume = ball_left_front_above();
    let at = volume.grid().center() + Vector::new(9.0, -9.0, 9.0);
    let corner = |x, y, z| at + Vector::new(x, y, z);
    let positions =
        [corner(5.0, 0.0, -4.0), corner(-5.0, 0.0, -4.0), corner(0.0, 0.0, 6.0), corner(0.0, 5.0, 0.0)];
    let triangles = [[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]];
    let buffers = MeshBuffers::from_triangles(gpu(), &positions, &triangles).unwrap();
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    for side in ViewFrom::ALL {
        let camera = Camera::looking_from(side, &volume.grid().bounds());
        let meshes = vec![MeshItem::new(buffers.clone(), [1.0; 4])];
        let mesh = middle(&drawn([64, 64], &camera, &Scene { meshes, ..Scene::default() }));
        let volumes = vec![VolumeItem::new(texture.clone(), look(Mode::Dvr))];
        let ball = middle(&drawn([64, 64], &camera, &Scene { volumes, ..Scene::default() }));
        let apart = ((mesh[0] - ball[0]).powi(2) + (mesh[1] - ball[1]).powi(2)).sqrt();
        assert!(apart < 4.0, "{side:?}: mesh at {mesh:?}, volume at {ball:?}");
    }
}

#[test]
fn three_slices_have_left_front_and_head_where_their_letters_say() {
    let volume = ball_left_front_above();
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let at = volume.grid().center() + Vector::new(9.0, -9.0, 9.0);
    let window = Window::new(0.0, 2000.0);
    for plane in [
        SlicePlane::axial(volume.grid(), at),
        SlicePlane::coronal(volume.grid(), at),
        SlicePlane::sagittal(volume.grid(), at),
    ] {
        let grey = mpr(gpu(), &texture, &plane, window).unwrap();
        let picture = image::DynamicImage::ImageLuma8(grey).to_rgba8();
        let spot = middle(&picture);
        let size = plane.size.map(|n| f64::from(n - 1));
        spot_agrees(&plane.edges(), spot, size);
        let [column, row, behind] = plane.pixel(at);
        assert!((spot[0] - column).abs() < 0.5 && (spot[1] - row).abs() < 0.5 && behind.abs() < 1e-9);
    }
}
