//! Twin of temporal_add.wgsl and temporal_show.wgsl.

use glam::DVec2;
use image::RgbaImage;

use super::reproject::{encoded, mixed};

/// The mean, in linear light, of frames of one size, enlarged to `size`.
pub fn temporal(frames: &[RgbaImage], size: [u32; 2]) -> RgbaImage {
    let count = frames.len().max(1) as f64;
    RgbaImage::from_fn(size[0], size[1], |x, y| {
        let unit = (DVec2::new(f64::from(x), f64::from(y)) + 0.5)
            / DVec2::new(f64::from(size[0]), f64::from(size[1]));
        let mut sum = [0.0; 4];
        for frame in frames {
            let place = unit * DVec2::new(f64::from(frame.width()), f64::from(frame.height()));
            for (sum, c) in sum.iter_mut().zip(mixed(frame, place, |_, _| true)) {
                *sum += c / count;
            }
        }
        encoded(sum)
    })
}
