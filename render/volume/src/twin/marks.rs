//! Twin of marks.wgsl.

use std::sync::Arc;

use image::RgbaImage;

use super::{linear_grey, over};
use crate::look::srgb_from_linear;
use crate::marks::{ATLAS, Letters, Quad};
use crate::{FontError, MarkedView, Marks};

/// Marks on an opaque picture, pixel by pixel; the number of labels for which there was no room.
pub fn marks(
    picture: &mut RgbaImage,
    view: &MarkedView,
    marks: &Marks,
    font: impl Into<Arc<[u8]>>,
) -> Result<usize, FontError> {
    let mut letters = Letters::new(font.into())?;
    let drawing = marks.drawing(view, [picture.width(), picture.height()], &mut letters);
    let linear = |c: u8| linear_grey(f64::from(c) / 255.0);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let [r, g, b, _] = pixel.0;
        let below = [linear(r), linear(g), linear(b), 1.0];
        let centre = [f64::from(x) + 0.5, f64::from(y) + 0.5];
        let [r, g, b, _] = drawing.quads.iter().fold(below, |below, quad| {
            let ink = covered(quad, centre, letters.picture().0);
            over(quad.colour.map(|c| f64::from(c) * ink), below)
        });
        let byte = |c: f64| (srgb_from_linear(c) * 255.0).round() as u8;
        pixel.0 = [byte(r), byte(g), byte(b), 255];
    }
    Ok(drawing.left_out)
}

/// Share of a pixel that a shape covers.
fn covered(quad: &Quad, [x, y]: [f64; 2], glyphs: &[u8]) -> f64 {
    let [u, v] = quad.edges.map(|e| e.map(f64::from));
    let from = [x - f64::from(quad.corner[0]), y - f64::from(quad.corner[1])];
    let area = u[0] * v[1] - u[1] * v[0];
    if area.abs() < 1e-9 {
        return 0.0;
    }
    let share = [(from[0] * v[1] - from[1] * v[0]) / area, (u[0] * from[1] - u[1] * from[0]) / area];
    let [left, top, width, height] = quad.glyph.map(f64::from);
    if width > 0.0 {
        if share.iter().any(|s| !(0.0..1.0).contains(s)) {
            return 0.0;
        }
        let at = [left + share[0] * width - 0.5, top + share[1] * height - 0.5];
        let ink = |x: f64, y: f64| {
            let [x, y] = [x, y].map(|c| (c as i64).clamp(0, i64::from(ATLAS) - 1) as usize);
            f64::from(glyphs[y * ATLAS as usize + x]) / 255.0
        };
        let base = at.map(f64::floor);
        let [fx, fy] = [at[0] - base[0], at[1] - base[1]];
        let row = |y: f64| ink(base[0], y) * (1.0 - fx) + ink(base[0] + 1.0, y) * fx;
        return row(base[1]) * (1.0 - fy) + row(base[1] + 1.0) * fy;
    }
    let across = [area.abs() / v[0].hypot(v[1]), area.abs() / u[0].hypot(u[1])];
    let along = |n: usize| (share[n].min(1.0 - share[n]) * across[n] + 0.5).clamp(0.0, across[n].min(1.0));
    along(0) * along(1)
}
