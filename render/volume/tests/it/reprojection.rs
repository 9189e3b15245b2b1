//! A warped picture against the true view of the new eye.

use std::fmt::Write as _;

use image::RgbaImage;
use meshing_space::{Lps, Point, Vector};
use meshing_volume::Grid;
use render_volume::twin::reproject;
use render_volume::{
    Camera, DepthPicture, Look, Mode, PictureError, Renderer, Reprojector, Scene, TransferFunction,
    TransferPoint, ViewMatrices, VolumeItem, VolumeTexture, VolumesBy, Warp, WarpBy, picture_with_depths,
    presets,
};

use crate::common::*;

const SIZE: [u32; 2] = [144, 144];
/// A brisk movement of the head: sideways in mm and to the same side in radians, each second.
const MM_A_SECOND: f64 = 300.0;
const RADIANS_A_SECOND: f64 = std::f64::consts::FRAC_PI_3;

/// A head of 2.2 mm voxels: soft tissue, a lumpy shell of bone with holes, and a bright tree inside.
fn head() -> std::sync::Arc<meshing_volume::Volume> {
    let n = 80;
    let corner = Point::origin() + Vector::new(-86.9, -86.9, -86.9);
    volume_of(Grid::axis_aligned([n; 3], corner, [2.2; 3]).unwrap(), |p| {
        let [x, y, z] = p.to_array();
        let r = (x / 66.0).hypot(y / 80.0).hypot(z / 76.0);
        let lumps = 0.035 * ((x * 0.09).sin() * (z * 0.11).cos() + (y * 0.07 + z * 0.08).sin());
        let soft = 1040.0 * ((1.0 - r) * 18.0).clamp(0.0, 1.0);
        let holes = [(-26.0, 10.0), (26.0, 10.0), (0.0, -18.0)];
        let hole = holes.iter().map(|(a, c)| (x - a).hypot(z - c)).fold(f64::INFINITY, f64::min);
        let open = if y < 0.0 { ((hole - 11.0) / 4.0).clamp(0.0, 1.0) } else { 1.0 };
        let bone = 1100.0 * (1.0 - (r - 0.84 - lumps).abs() * 16.0).clamp(0.0, 1.0) * open;
        let tube = (x - 24.0 * (z * 0.05).sin()).hypot(y - 22.0 * (z * 0.05).cos());
        let vessel = 420.0 * ((7.0 - tube) / 3.0).clamp(0.0, 1.0) * f64::from(u8::from(r < 0.75));
        -1000.0 + soft + bone.max(vessel)
    })
}

fn looks() -> [(&'static str, Look); 2] {
    let point = |value, colour, opacity_per_mm| TransferPoint { value, colour, opacity_per_mm };
    let mut veil = look(Mode::Dvr);
    veil.transfer = TransferFunction::new(vec![
        point(-500.0, [0.9, 0.6, 0.5], 0.0),
        point(20.0, [0.9, 0.6, 0.5], 0.004),
        point(250.0, [0.9, 0.3, 0.2], 0.01),
        point(450.0, [0.9, 0.2, 0.1], 0.08),
        point(1100.0, [1.0, 1.0, 0.9], 0.05),
    ])
    .unwrap();
    [("bone", presets::named("bone").unwrap().look.clone()), ("translucent", veil)]
}

/// An eye half a metre before the head, after that much of the movement.
fn eye(seconds: f64) -> ViewMatrices {
    let mut camera = Camera::anterior(&head_bounds());
    camera.eye = Point::new(seconds * MM_A_SECOND, -450.0, 0.0);
    let turn = seconds * RADIANS_A_SECOND;
    camera.target = camera.eye + Vector::new(turn.sin(), turn.cos(), 0.0) * 450.0;
    camera.near_mm = 20.0;
    camera.matrices(1.0)
}

fn head_bounds() -> meshing_space::Aabb<Lps> {
    let corner = |c: f64| Point::origin() + Vector::new(c, c, c);
    meshing_space::Aabb::from_points([corner(-88.0), corner(88.0)]).unwrap()
}

fn luma(p: image::Rgba<u8>) -> f64 {
    0.2126 * f64::from(p[0]) + 0.7152 * f64::from(p[1]) + 0.0722 * f64::from(p[2])
}

/// PSNR in dB of the colours where either picture shows something.
fn psnr(a: &RgbaImage, b: &RgbaImage) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for (a, b) in a.pixels().zip(b.pixels()).filter(|(a, b)| a[3] > 0 || b[3] > 0) {
        sum += (0..3).map(|c| (f64::from(a[c]) - f64::from(b[c])).powi(2)).sum::<f64>();
        count += 3.0;
    }
    10.0 * (255.0_f64.powi(2) * count / sum.max(1e-9)).log10()
}

/// Mean SSIM of the luma over windows of 8 by 8 pixels, 4 apart, where either picture shows something
/// (Wang et al. 2004, without the Gaussian).
fn ssim(a: &RgbaImage, b: &RgbaImage) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for y in (0..a.height() - 8).step_by(4) {
        for x in (0..a.width() - 8).step_by(4) {
            let [mut ma, mut mb, mut aa, mut bb, mut ab, mut shown] = [0.0; 6];
            for (dx, dy) in (0..64).map(|n| (n % 8, n / 8)) {
                let [p, q] = [a, b].map(|i| *i.get_pixel(x + dx, y + dy));
                let (u, v) = (luma(p), luma(q));
                (ma, mb) = (ma + u / 64.0, mb + v / 64.0);
                (aa, bb, ab) = (aa + u * u / 64.0, bb + v * v / 64.0, ab + u * v / 64.0);
                shown += f64::from(u8::from(p[3] > 0 || q[3] > 0));
            }
            if shown < 32.0 {
                continue;
            }
            let (va, vb, vab) = (aa - ma * ma, bb - mb * mb, ab - ma * mb);
            let (c1, c2) = (6.5025, 58.5225);
            sum += (2.0 * ma * mb + c1) * (2.0 * vab + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
            count += 1.0;
        }
    }
    sum / f64::max(count, 1.0)
}

fn drawn_at(renderer: &mut Renderer, view: &ViewMatrices, scene: &Scene) -> DepthPicture {
    picture_with_depths(gpu(), renderer, SIZE, view, scene).unwrap()
}

fn warp(by: WarpBy, to: &ViewMatrices) -> Warp {
    Warp { by, ..Warp::around(&head_bounds(), to) }
}

#[test]
fn a_warp_by_the_mean_distance_beats_none_at_every_age_and_the_wrong_sign_does_not() {
    let mut renderer = Renderer::for_pictures(gpu());
    renderer.draw_volumes_by(VolumesBy::Processor);
    let reprojector = Reprojector::new(gpu(), wgpu::TextureFormat::Rgba8UnormSrgb);
    let texture = VolumeTexture::upload(gpu(), &head()).unwrap();
    let (now, mut table) = (eye(0.0), String::new());
    for (name, look) in looks() {
        let scene = Scene { volumes: vec![VolumeItem::new(texture.clone(), look)], ..Scene::default() };
        let old = drawn_at(&mut renderer, &now, &scene);
        for ms in [20, 40, 60, 80] {
            let to = eye(f64::from(ms) * 1e-3);
            let truth = drawn_at(&mut renderer, &to, &scene).colour;
            let warped = |by| reprojector.picture(&old, &now, &to, &warp(by, &to)).unwrap();
            let score = |p: &RgbaImage| (psnr(p, &truth), ssim(p, &truth));
            let none = score(&old.colour);
            let [turned, first, mean] =
                [WarpBy::Rotation, WarpBy::First, WarpBy::Mean].map(|by| score(&warped(by).colour));
            let holes = warped(WarpBy::Mean).disoccluded.iter().filter(|&&d| d).count();
            let line = [none, turned, first, mean].map(|(p, s)| format!("{p:5.2} dB {s:.4}")).join(" | ");
            writeln!(table, "{name:11} {ms} ms | {line} | {holes} disoccluded").unwrap();
            // as if the head had moved to the other side
            let wrong = eye(f64::from(ms) * -1e-3);
            let wrong = reprojector.picture(&old, &now, &wrong, &warp(WarpBy::Mean, &wrong)).unwrap();
            let wrong = score(&wrong.colour);
            let beats = |s: (f64, f64)| s.0 > none.0 + 3.0 && s.1 > none.1 + 0.03;
            assert!(beats(mean), "{name} after {ms} ms: {mean:?} over {none:?}\n{table}");
            assert!(mean.0 > turned.0, "{name} after {ms} ms: turning alone is better\n{table}");
            assert!(!beats(wrong), "the wrong way went unseen: {wrong:?} over {none:?}");
        }
    }
    eprintln!("look, age | none | rotation | first hit | mean\n{table}");
}

#[test]
fn the_warp_is_near_its_twin_and_a_shifted_eye_breaks_the_bound() {
    let mut renderer = Renderer::for_pictures(gpu());
    renderer.draw_volumes_by(VolumesBy::Processor);
    let reprojector = Reprojector::new(gpu(), wgpu::TextureFormat::Rgba8UnormSrgb);
    let texture = VolumeTexture::upload(gpu(), &head()).unwrap();
    let (now, to) = (eye(0.0), eye(0.05));
    for (name, look) in looks() {
        let scene = Scene { volumes: vec![VolumeItem::new(texture.clone(), look)], ..Scene::default() };
        let old = drawn_at(&mut renderer, &now, &scene);
        for by in [WarpBy::Rotation, WarpBy::First, WarpBy::Mean] {
            let gpu = reprojector.picture(&old, &now, &to, &warp(by, &to)).unwrap();
            let twin = reproject(&old, &now, &to, &warp(by, &to));
            // at the edges of what hides something a ray passes or not by rounding
            let off = |a: &RgbaImage, b: &RgbaImage| {
                let far = |(a, b): (&image::Rgba<u8>, &image::Rgba<u8>)| {
                    a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > 3)
                };
                a.pixels().zip(b.pixels()).filter(|&pair| far(pair)).count()
            };
            let pixels = gpu.disoccluded.len();
            let differ = off(&gpu.colour, &twin.colour);
            let masks = gpu.disoccluded.iter().zip(&twin.disoccluded).filter(|(a, b)| a != b).count();
            eprintln!("{name} {by:?}: {differ} colours and {masks} of {pixels} masks differ");
            assert!(differ * 100 <= pixels && masks * 100 <= pixels, "{differ}, {masks} of {pixels}");
            let wrong = reproject(&old, &now, &eye(0.055), &warp(by, &to));
            assert!(off(&gpu.colour, &wrong.colour) * 20 > pixels, "five milliseconds went unseen");
        }
    }
}

#[test]
fn an_eye_that_did_not_move_sees_the_same_picture_and_nothing_is_disoccluded() {
    let mut renderer = Renderer::for_pictures(gpu());
    renderer.draw_volumes_by(VolumesBy::Processor);
    let reprojector = Reprojector::new(gpu(), wgpu::TextureFormat::Rgba8UnormSrgb);
    let texture = VolumeTexture::upload(gpu(), &head()).unwrap();
    let [(_, look), _] = looks();
    let scene = Scene { volumes: vec![VolumeItem::new(texture, look)], ..Scene::default() };
    let now = eye(0.0);
    let old = drawn_at(&mut renderer, &now, &scene);
    for by in [WarpBy::Rotation, WarpBy::First, WarpBy::Mean] {
        let same = reprojector.picture(&old, &now, &now, &warp(by, &now)).unwrap();
        let (mean, most) = difference(&same.colour, &old.colour);
        assert!(mean < 0.05 && most <= 3, "{by:?}: off by {mean} and {most}");
        assert!(same.disoccluded.iter().all(|d| !d));
    }
}

#[test]
fn odd_pictures_and_settings_are_refused_or_drawn_but_never_break() {
    let srgb = Reprojector::new(gpu(), wgpu::TextureFormat::Rgba8UnormSrgb);
    let other = Reprojector::new(gpu(), wgpu::TextureFormat::Rgba8Unorm);
    let now = eye(0.0);
    let picture = |n: u32| DepthPicture { colour: RgbaImage::new(n, n), depths: Vec::new() };
    let usual = warp(WarpBy::Mean, &now);
    let refused = srgb.picture(&picture(0), &now, &now, &usual).unwrap_err();
    assert!(matches!(refused, PictureError::Size { size: [0, 0], .. }), "{refused}");
    let refused = other.picture(&picture(4), &now, &now, &usual).unwrap_err();
    assert!(matches!(refused, PictureError::Format(_)), "{refused}");
    for odd in [
        usual,
        Warp { nearest_mm: f64::NAN, farthest_mm: f64::NAN, gap_mm: f64::NAN, ..usual },
        Warp { nearest_mm: -1e30, farthest_mm: f64::INFINITY, gap_mm: -1.0, ..usual },
        Warp { nearest_mm: 900.0, farthest_mm: 1.0, ..usual },
    ] {
        let warped = srgb.picture(&picture(8), &now, &eye(0.04), &odd).unwrap();
        assert_eq!(warped.disoccluded.len(), 64);
    }
}
