//! Lines around surfaces have their width, and know what hides them.

use image::RgbaImage;
use meshing_space::{Lps, Point, Vector};
use render_volume::twin::{self, MeshTwin, TwinScene};
use render_volume::{Camera, MeshBuffers, MeshItem, Outline, Scene, Shading};

use crate::common::*;
use crate::twins::lumpy_ball;

const YELLOW: [f32; 4] = [1.0, 1.0, 0.0, 1.0];
const SIZE: [u32; 2] = [64, 56];

struct Body {
    positions: Vec<Point<Lps>>,
    triangles: Vec<[u32; 3]>,
    opacity: f32,
    outline: Option<Outline>,
}

impl Body {
    fn ball(radius_mm: f64, at: [f64; 3], opacity: f32, outline: Option<Outline>) -> Self {
        let (positions, triangles) = lumpy_ball(radius_mm);
        let positions = positions.into_iter().map(|p| p + Vector::from_array(at)).collect();
        Self { positions, triangles, opacity, outline }
    }
}

fn both(camera: &Camera, bodies: &[Body]) -> (RgbaImage, RgbaImage) {
    let meshes = bodies.iter().map(|b| {
        let buffers = MeshBuffers::from_triangles(gpu(), &b.positions, &b.triangles).unwrap();
        MeshItem { outline: b.outline, ..MeshItem::new(buffers, [0.2, 0.3, 0.9, b.opacity]) }
    });
    let twins = bodies.iter().map(|b| {
        let mesh = MeshTwin::new(&b.positions, &b.triangles, [0.2, 0.3, 0.9], Shading::default()).unwrap();
        let mesh = mesh.with_opacity(b.opacity);
        if let Some(outline) = b.outline { mesh.with_outline(outline) } else { mesh }
    });
    let drawn = drawn(SIZE, camera, &Scene { meshes: meshes.collect(), ..Scene::default() });
    let twin = TwinScene { meshes: twins.collect(), ..TwinScene::default() };
    (drawn, twin::picture(SIZE, camera, &twin))
}

/// Pixels of which a channel differs by more than 4 steps.
fn off((a, b): &(RgbaImage, RgbaImage)) -> usize {
    a.pixels().zip(b.pixels()).filter(|(a, b)| a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > 4)).count()
}

const fn line(width_px: f32, hidden: f32) -> Outline {
    Outline { colour: YELLOW, width_px, hidden }
}

/// How much of the picture is the line's colour, in pixels.
fn yellow(picture: &RgbaImage) -> f64 {
    picture.pixels().filter(|p| p[0] > 120 && p[2] < 60).count() as f64
}

#[test]
fn outlines_are_near_their_twin_and_a_pixel_more_breaks_the_bound() {
    let bodies = |width| {
        [
            Body::ball(9.0, [-6.0, 3.0, 4.0], 1.0, Some(line(width, 0.3))),
            Body::ball(8.0, [6.0, -9.0, 1.0], 0.4, Some(line(1.5, 0.3))),
            Body::ball(5.0, [5.0, 9.0, -9.0], 1.0, None),
        ]
    };
    for camera in [askew(), askew().orthographic()] {
        let right = both(&camera, &bodies(2.5));
        eprintln!("outlines: {} pixels over 4", off(&right));
        assert!(off(&right) <= 12, "{} pixels differ", off(&right));
        let wrong = (right.0, both(&camera, &bodies(3.5)).1);
        assert!(off(&wrong) > 90, "a pixel more went unseen: {}", off(&wrong));
    }
}

#[test]
fn the_width_stays_when_the_camera_comes_nearer() {
    let mut camera = Camera::anterior(&oblique_grid().bounds()).orthographic();
    for _ in 0..2 {
        let body = |outline| [Body::ball(7.0, [0.0; 3], 1.0, outline)];
        let filled = |outline| both(&camera, &body(outline)).0;
        let thin = filled(Some(line(1.0, 0.0)));
        let wide = filled(Some(line(4.0, 0.0)));
        let covered = filled(None).pixels().filter(|p| p[2] > 40).count() as f64;
        // a ring around a disc of that area; the lumps make it a little longer
        let radius = (covered / std::f64::consts::PI).sqrt();
        let ring = |w: f64| std::f64::consts::PI * ((radius + w).powi(2) - radius * radius);
        for (picture, width) in [(thin, 1.0), (wide, 4.0)] {
            let ratio = yellow(&picture) / ring(width);
            assert!((0.85..1.35).contains(&ratio), "{width} px: {ratio} of the ring");
        }
        camera.zoom(1.8);
    }
}

#[test]
fn a_wall_before_the_surface_hides_the_line_as_told() {
    let wall = |outline| {
        let corner = |x: f64, z: f64| centre() + Vector::new(x, -20.0, z);
        let positions =
            vec![corner(-90.0, -90.0), corner(90.0, -90.0), corner(90.0, 90.0), corner(-90.0, 90.0)];
        let wall = Body { positions, triangles: vec![[0, 1, 2], [0, 2, 3]], opacity: 1.0, outline: None };
        [wall, Body::ball(9.0, [0.0; 3], 1.0, outline)]
    };
    let camera = Camera::anterior(&oblique_grid().bounds());
    assert!(yellow(&both(&camera, &wall(Some(line(2.0, 0.0)))).0) == 0.0, "the line is behind the wall");
    assert!(yellow(&both(&camera, &wall(Some(line(2.0, 1.0)))).0) > 60.0, "the line is drawn through it");
}
