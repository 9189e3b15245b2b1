//! Twin of path_denoise.wgsl.

use crate::PathSums;
use crate::path::{LEVELS, sigma};

/// Light over colour of a pixel, and the variance of its brightness.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pixel {
    pub(super) light: [f64; 3],
    spread: f64,
}

/// What tells edges.
struct Guide {
    colour: [f64; 3],
    normal: [f64; 3],
    mm: f64,
    coverage: f64,
}

pub(super) fn brightness(c: [f64; 3]) -> f64 {
    0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]
}

/// The colour by which light is divided and later multiplied.
pub(super) fn own_colour(sums: &PathSums, i: usize) -> [f64; 3] {
    let (c, hits) = (sums.colour[i].map(f64::from), f64::from(sums.light[i][3]));
    std::array::from_fn(|n| (c[n] + 0.04 * hits + 1e-4) / f64::from(sums.samples))
}

/// Sums to light over colour.
pub(super) fn divide(sums: &PathSums) -> Vec<Pixel> {
    let n = f64::from(sums.samples);
    let pixel = |i: usize| {
        let own = own_colour(sums, i);
        let mean: [f64; 3] = std::array::from_fn(|c| f64::from(sums.light[i][c]) / n);
        let spread = (f64::from(sums.normal[i][3]) / n - brightness(mean).powi(2)).max(0.0) / n;
        let light = std::array::from_fn(|c| mean[c] / own[c]);
        Pixel { light, spread: spread / brightness(own).powi(2) + 0.25 / (n * n) }
    };
    (0..sums.light.len()).map(pixel).collect()
}

/// Light over colour, freed from noise level by level; `pixel_mm` is a pixel's breadth at the middle of the volume.
pub(super) fn denoise(sums: &PathSums, pixel_mm: f64) -> Vec<Pixel> {
    let mut pixels = divide(sums);
    for level in 0..LEVELS {
        pixels = smooth(sums, &pixels, 1 << level, pixel_mm);
    }
    pixels
}

fn smooth(sums: &PathSums, source: &[Pixel], step: i64, pixel_mm: f64) -> Vec<Pixel> {
    let [width, height] = sums.size.map(i64::from);
    let index = |x: i64, y: i64| {
        ((0..width).contains(&x) && (0..height).contains(&y)).then_some((y * width + x) as usize)
    };
    let [light_sigma, normal_sigma, colour_sigma, depth_sigma] = sigma(sums.samples).map(f64::from);
    let one = |x: i64, y: i64| {
        let centre = (y * width + x) as usize;
        let here = guide(sums, centre);
        if here.coverage <= 0.0 {
            return source[centre];
        }
        let (mut spread, mut weights) = (0.0, 0.0);
        for (dx, dy) in square(1) {
            if let Some(i) = index(x + dx, y + dy) {
                let w = ((2 - dx.abs()) * (2 - dy.abs())) as f64;
                spread += w * source[i].spread;
                weights += w;
            }
        }
        let tolerance = light_sigma * (spread / weights).sqrt() + 1e-4;
        let slope = [[1, 0], [0, 1]].map(|[dx, dy]| {
            let side = |s: i64| {
                let i = index(x + dx * s, y + dy * s).unwrap_or(centre);
                let g = guide(sums, i);
                (g.coverage > 0.0).then_some((g.mm - here.mm) * s as f64)
            };
            let each = [side(-1), side(1)].into_iter().flatten();
            each.min_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0)
        });
        let kernel = [0.375, 0.25, 0.0625];
        let own = brightness(source[centre].light);
        let (mut light, mut spread, mut weights) = ([0.0; 3], 0.0, 0.0);
        for (dx, dy) in square(2) {
            let Some(i) = index(x + dx * step, y + dy * step) else { continue };
            let (tap, g) = (source[i], guide(sums, i));
            let expected = (slope[0] * dx as f64 + slope[1] * dy as f64) * step as f64;
            let edge = (brightness(tap.light) - own).abs() / tolerance
                + squared(g.colour, here.colour) * colour_sigma
                + squared(g.normal, here.normal) * normal_sigma
                + (g.mm - here.mm - expected).abs() / (depth_sigma * (expected.abs() + pixel_mm));
            let w = kernel[dx.unsigned_abs() as usize]
                * kernel[dy.unsigned_abs() as usize]
                * g.coverage
                * (-edge).exp();
            for (sum, light) in light.iter_mut().zip(tap.light) {
                *sum += w * light;
            }
            spread += w * w * tap.spread;
            weights += w;
        }
        Pixel { light: light.map(|l| l / weights), spread: spread / (weights * weights) }
    };
    (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| one(x, y)).collect()
}

fn guide(sums: &PathSums, i: usize) -> Guide {
    let hits = f64::from(sums.light[i][3]);
    let over = |v: f32| f64::from(v) / hits.max(1.0);
    let [r, g, b, mm] = sums.colour[i].map(over);
    let [x, y, z, _] = sums.normal[i].map(over);
    Guide { colour: [r, g, b], normal: [x, y, z], mm, coverage: hits / f64::from(sums.samples) }
}

fn squared(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

/// The offsets of a square around 0.
fn square(reach: i64) -> impl Iterator<Item = (i64, i64)> {
    (-reach..=reach).flat_map(move |dy| (-reach..=reach).map(move |dx| (dx, dy)))
}
