//! Twin of path_show.wgsl.

use image::{Rgba, RgbaImage};

use super::path_denoise::{denoise, divide, own_colour};
use crate::look::srgb_from_linear;
use crate::path::{pixel_mm, uniforms};
use crate::{PathSettings, PathSums, ViewMatrices};

/// Sums as a picture over a linear opaque background, denoised where the settings say so.
pub fn path_show(
    sums: &PathSums,
    view: &ViewMatrices,
    bounds: &meshing_space::Aabb<meshing_space::Lps>,
    settings: &PathSettings,
    background: [f64; 3],
) -> RgbaImage {
    let breadth = f64::from(pixel_mm(view, sums.size, uniforms::ball(bounds).0));
    let pixels = if settings.denoise { denoise(sums, breadth) } else { divide(sums) };
    RgbaImage::from_fn(sums.size[0], sums.size[1], |x, y| {
        let i = (y * sums.size[0] + x) as usize;
        let coverage = f64::from(sums.light[i][3]) / f64::from(sums.samples);
        let own = own_colour(sums, i);
        let byte = |c: usize| {
            let light = pixels[i].light[c] * own[c] * settings.exposure / coverage.max(1e-6);
            let over = shown(light, settings.white) * coverage + background[c] * (1.0 - coverage);
            (srgb_from_linear(over) * 255.0).round() as u8
        };
        Rgba([byte(0), byte(1), byte(2), 255])
    })
}

/// As it is up to 0.8, then squeezed with a steady slope until `white` is 1.
fn shown(light: f64, white: f64) -> f64 {
    const KNEE: f64 = 0.8;
    if light <= KNEE {
        return light;
    }
    let left = ((white - light) / (white - KNEE)).clamp(0.0, 1.0);
    1.0 - (1.0 - KNEE) * left.powf((white - KNEE) / (1.0 - KNEE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_is_shown_as_it_is_then_squeezed_and_white_stays_white() {
        for white in [1.0, 1.6, 4.0] {
            assert_eq!(shown(0.5, white), 0.5);
            assert_eq!((shown(white, white), shown(9.0, white)), (1.0, 1.0));
            let slope = (shown(0.8001, white) - shown(0.8, white)) / 0.0001;
            assert!((slope - 1.0).abs() < 1e-2, "a kink at the knee: {slope}");
            let levels: Vec<_> = (0..200).map(|i| shown(f64::from(i) * 0.02, white)).collect();
            assert!(levels.windows(2).all(|w| w[1] >= w[0]));
        }
        assert!((shown(0.97, 1.0) - 0.97).abs() < 1e-9, "with white 1 nothing is squeezed");
    }
}
