//! Twin of reproject.wgsl.

use glam::{DMat4, DVec2, DVec3, DVec4};
use image::{Rgba, RgbaImage};

use super::linear_grey;
use crate::look::srgb_from_linear;
use crate::reproject::{FAR, clip_from_clip};
use crate::{DepthPicture, NOTHING_MM, ViewMatrices, Warp, WarpBy, Warped};

/// Where a place of the new view falls in the old picture.
#[derive(Clone, Copy)]
struct Place {
    pixel: DVec2,
    inside: bool,
    behind_mm: f64,
    shown_mm: f64,
}

struct Search<'a> {
    old: &'a DepthPicture,
    old_from_new: DMat4,
    rel_from_clip: DMat4,
    size: DVec2,
    by: WarpBy,
    gap_mm: f64,
}

impl Search<'_> {
    fn at(&self, ndc: DVec2, depth: f64) -> Place {
        let h = self.old_from_new * DVec4::new(ndc.x, ndc.y, depth, 1.0);
        let nowhere = Place { pixel: DVec2::ZERO, inside: false, behind_mm: -1e30, shown_mm: 0.0 };
        if h.w <= 1e-9 {
            return nowhere;
        }
        let old = h.truncate() / h.w;
        let pixel = DVec2::new(old.x * 0.5 + 0.5, 0.5 - old.y * 0.5) * self.size;
        if pixel.x < 0.0 || pixel.y < 0.0 || pixel.x >= self.size.x || pixel.y >= self.size.y {
            return Place { pixel, ..nowhere };
        }
        let rel = |z: f64| self.rel_from_clip.project_point3(DVec3::new(old.x, old.y, z));
        let mm = rel(old.z.max(FAR)).distance(rel(1.0));
        let shown_mm = self.shown(pixel.x as u32, pixel.y as u32);
        Place { pixel, inside: true, behind_mm: mm - shown_mm, shown_mm }
    }

    fn shown(&self, x: u32, y: u32) -> f64 {
        let shown = self.old.at(x, y).map(|d| if self.by == WarpBy::Mean { d.mean_mm } else { d.first_mm });
        f64::from(shown.unwrap_or(NOTHING_MM))
    }

    /// Whether a pixel lies no nearer than a place: what hides something must not bleed into it.
    fn no_nearer(&self, place: &Place, x: u32, y: u32) -> bool {
        let all = !place.inside || self.by == WarpBy::Rotation;
        all || place.shown_mm - self.shown(x, y) <= self.gap_mm
    }

    /// The place whose colour a new pixel takes, and whether that is known.
    fn find(&self, ndc: DVec2, [begin, end]: [f64; 2]) -> (Place, bool) {
        if self.by == WarpBy::Rotation {
            let far = self.at(ndc, FAR);
            return (far, far.inside);
        }
        let mut before = self.at(ndc, begin);
        let mut before_depth = begin;
        let mut deepest = before;
        let steps = before.pixel.distance(self.at(ndc, end).pixel).ceil().clamp(1.0, 128.0);
        for k in 1..=steps as u32 {
            let depth = begin + (end - begin) * f64::from(k) / steps;
            let here = self.at(ndc, depth);
            if here.inside && here.shown_mm >= deepest.shown_mm {
                deepest = here;
            }
            if before.behind_mm < 0.0 && here.behind_mm >= 0.0 {
                let (mut low, mut high, mut hit) = (before_depth, depth, here);
                for _ in 0..8 {
                    let middle = f64::midpoint(low, high);
                    let place = self.at(ndc, middle);
                    if place.behind_mm < 0.0 {
                        low = middle;
                    } else {
                        (high, hit) = (middle, place);
                    }
                }
                if hit.behind_mm <= self.gap_mm {
                    return (hit, true);
                }
            }
            (before, before_depth) = (here, depth);
        }
        let open = before.inside && before.behind_mm < 0.0;
        if open || !deepest.inside { (before, open) } else { (deepest, false) }
    }
}

/// A picture warped for a new eye, pixel by pixel.
pub fn reproject(old: &DepthPicture, from: &ViewMatrices, to: &ViewMatrices, warp: &Warp) -> Warped {
    let (width, height) = old.colour.dimensions();
    let size = DVec2::new(f64::from(width), f64::from(height));
    let search = Search {
        old,
        old_from_new: clip_from_clip(from, to),
        rel_from_clip: from.clip_from_rel().inverse(),
        size,
        by: warp.by,
        gap_mm: warp.gap_mm,
    };
    let mut colour = RgbaImage::new(width, height);
    let mut disoccluded = Vec::new();
    for (x, y, pixel) in colour.enumerate_pixels_mut() {
        let unit = (DVec2::new(f64::from(x), f64::from(y)) + 0.5) / size;
        let ndc = DVec2::new(unit.x * 2.0 - 1.0, 1.0 - unit.y * 2.0);
        let (place, known) = search.find(ndc, warp.search(to));
        *pixel = encoded(mixed(&old.colour, place.pixel, |x, y| search.no_nearer(&place, x, y)));
        disoccluded.push(!known);
    }
    Warped { colour, disoccluded }
}

/// Those of the four pixels around a place that count, mixed, linear.
pub(super) fn mixed(picture: &RgbaImage, place: DVec2, counts: impl Fn(u32, u32) -> bool) -> [f64; 4] {
    let last = DVec2::new(f64::from(picture.width()), f64::from(picture.height())) - 1.0;
    let at = (place - 0.5).clamp(DVec2::ZERO, last);
    let (base, part) = (at.floor(), at - at.floor());
    let (mut sum, mut weights) = ([0.0; 4], 0.0);
    for corner in 0..4 {
        let upper = DVec2::new(f64::from(corner & 1), f64::from(corner >> 1));
        let from = (base + upper).min(last);
        if !counts(from.x as u32, from.y as u32) {
            continue;
        }
        let weight = (DVec2::ONE - upper + (upper * 2.0 - 1.0) * part).element_product();
        weights += weight;
        let pixel = picture.get_pixel(from.x as u32, from.y as u32).0.map(|b| f64::from(b) / 255.0);
        for (c, sum) in sum.iter_mut().enumerate() {
            *sum += weight * if c < 3 { linear_grey(pixel[c]) } else { pixel[c] };
        }
    }
    sum.map(|c| c / f64::max(weights, 1e-6))
}

pub(super) fn encoded([r, g, b, a]: [f64; 4]) -> Rgba<u8> {
    let byte = |c: f64| (c.clamp(0.0, 1.0) * 255.0).round() as u8;
    Rgba([byte(srgb_from_linear(r)), byte(srgb_from_linear(g)), byte(srgb_from_linear(b)), byte(a)])
}
