//! Twin of fovea.wgsl.

use glam::DVec2;
use image::RgbaImage;

use super::reproject::{encoded, mixed};
use crate::{Foveation, ViewMatrices};

/// Pictures of one view at full rate and two coarser ones, laid together around the gaze.
pub fn fovea(pictures: [&RgbaImage; 3], view: &ViewMatrices, foveation: &Foveation) -> RgbaImage {
    let [full, ..] = pictures;
    let size = DVec2::new(f64::from(full.width()), f64::from(full.height()));
    let gaze = foveation.gaze_in(view);
    let [first, second, fade] = foveation.radians();
    RgbaImage::from_fn(full.width(), full.height(), |x, y| {
        let unit = (DVec2::new(f64::from(x), f64::from(y)) + 0.5) / size;
        let ray = view.ray(unit.x * 2.0 - 1.0, 1.0 - unit.y * 2.0).1;
        let angle = ray.cross(gaze).length().atan2(ray.dot(gaze));
        let out = [first, second].map(|radius| ((angle - radius) / fade).clamp(0.0, 1.0));
        let [a, b, c] = pictures
            .map(|p| mixed(p, unit * DVec2::new(f64::from(p.width()), f64::from(p.height())), |_, _| true));
        let mix = |a: [f64; 4], b: [f64; 4], t: f64| std::array::from_fn(|n| a[n] + (b[n] - a[n]) * t);
        encoded(mix(a, mix(b, c, out[1]), out[0]))
    })
}
