//! Each eye of a headset sees the patient from where it is.

use std::sync::Mutex;

use image::RgbaImage;
use meshing_space::{Lps, Point, Transform, Vector, World};
use meshing_volume::Grid;
use render_volume::{
    EyeFov, Mode, Renderer, Scene, TransferFunction, TransferPoint, ViewMatrices, VolumeItem, VolumeTexture,
    VolumesBy, picture_from,
};

use crate::common::*;

const SIZE: [u32; 2] = [200, 200];
const RADIUS_MM: f64 = 22.0;
/// From the middle between the eyes to the ball, m.
const AWAY_M: f64 = 0.45;
/// Half the distance between the eyes, m.
const HALF_IPD_M: f64 = 0.0315;

/// As a headset's eyes have them: wider outwards than inwards.
fn fov(left_eye: bool) -> EyeFov {
    let (outer, inner) = (0.62_f64, 0.47_f64);
    let (left, right) = if left_eye { (-outer, inner) } else { (-inner, outer) };
    EyeFov { left, right, up: 0.5, down: -0.55 }
}

fn view(left_eye: bool) -> ViewMatrices {
    // the patient stands life-size before the stage's origin: its left is x, the head up
    let world_from_lps = Transform::<World, Lps>::from_axes(
        Point::new(0.0, 1.5, -AWAY_M),
        [Vector::new(0.001, 0.0, 0.0), Vector::new(0.0, 0.0, -0.001), Vector::new(0.0, 0.001, 0.0)],
    );
    let x = if left_eye { -HALF_IPD_M } else { HALF_IPD_M };
    let eye = Point::new(x, 1.5, 0.0);
    ViewMatrices::from_xr_eye(eye, glam::DQuat::IDENTITY, fov(left_eye), 0.05, world_from_lps).unwrap()
}

/// The column on which the middle of the ball's outline, an ellipse, lies in an eye's picture, by geometry.
fn column(left_eye: bool) -> f64 {
    let x = if left_eye { HALF_IPD_M } else { -HALF_IPD_M };
    let (angle, half) = (x.atan2(AWAY_M), (RADIUS_MM * 0.001 / x.hypot(AWAY_M)).asin());
    let fov = fov(left_eye);
    let (l, r) = (fov.left.tan(), fov.right.tan());
    (f64::midpoint((angle - half).tan(), (angle + half).tan()) - l) / (r - l) * f64::from(SIZE[0])
}

/// The middle of what is opaque in a picture, columns.
fn measured(picture: &RgbaImage) -> f64 {
    let weights = picture.enumerate_pixels().map(|(x, _, p)| (f64::from(x) + 0.5, f64::from(p[3])));
    let (sum, all) = weights.fold((0.0, 0.0), |(sum, all), (x, w)| (sum + x * w, all + w));
    sum / all
}

#[test]
fn the_disparity_of_a_ball_is_that_of_geometry_and_swapped_eyes_break_the_bound() {
    let n = 64;
    let grid =
        Grid::axis_aligned([n; 3], Point::origin() + Vector::new(-31.5, -31.5, -31.5), [1.0; 3]).unwrap();
    let volume = volume_of(grid, |p| 1000.0 * (RADIUS_MM - p.distance(Point::origin())).clamp(-1.0, 1.0));
    let point = |value, opacity_per_mm| TransferPoint { value, colour: [1.0; 3], opacity_per_mm };
    let mut look = look(Mode::Dvr);
    look.transfer = TransferFunction::new(vec![point(-100.0, 0.0), point(100.0, 0.99)]).unwrap();
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let scene = Scene { volumes: vec![VolumeItem::new(texture, look)], ..Scene::default() };
    let renderer = Mutex::new(Renderer::for_pictures(gpu()));
    for by in [VolumesBy::Shaders, VolumesBy::Processor] {
        let eye = |left: bool| {
            let mut renderer = renderer.lock().unwrap();
            renderer.draw_volumes_by(by);
            measured(&picture_from(gpu(), &mut renderer, SIZE, &view(left), &scene).unwrap())
        };
        let (left, right) = (eye(true), eye(false));
        for (eye, seen) in [(true, left), (false, right)] {
            assert!((seen - column(eye)).abs() < 0.5, "{seen} for {}", column(eye));
        }
        let (disparity, truth) = (left - right, column(true) - column(false));
        eprintln!("disparity by {by:?}: {disparity:.3} px for {truth:.3}");
        assert!((disparity - truth).abs() < 0.5);
        assert!((right - left - truth).abs() > 5.0, "swapped eyes went unseen");
    }
}
