//! Twin of shared/stroke.wgsl, stroke_layer.wgsl and stroke_behind.wgsl.

use meshing_space::{Lps, Point};

use super::{Layer, Ray};
use crate::look::linear_from_srgb;
use crate::stroke::{Piece, pieces};
use crate::{ClipPlanes, Hidden, ViewMatrices, Width};

/// Lines (chains of places) or points (chains of one) of plain data.
#[derive(Clone, Debug)]
pub struct StrokeTwin {
    /// Places in order.
    pub chains: Vec<Vec<Point<Lps>>>,
    /// sRGB and opacity.
    pub colour: [f32; 4],
    /// How wide.
    pub width: Width,
    /// What is shown of hidden parts.
    pub hidden: Hidden,
}

/// A segment on the screen.
#[derive(Clone, Copy, Debug)]
struct Band {
    ends: [[f64; 2]; 2],
    half_px: [f64; 2],
    over_w: [f64; 2],
    before: Option<[f64; 2]>,
    after: Option<[f64; 2]>,
    piece: Piece,
}

/// The segments of lines on the screen of one view.
#[derive(Clone, Debug)]
pub struct Bands {
    each: Vec<Band>,
    colour: [f64; 4],
    hidden: Hidden,
    per_mm: f64,
}

impl StrokeTwin {
    /// Where the lines run in a picture. Segments that reach before the near plane are left out, not cut.
    pub fn bands(&self, view: &ViewMatrices, size: [u32; 2]) -> Bands {
        let size = size.map(f64::from);
        let per_mm = view.pixels_per_mm(size[1]);
        let place = |p: Point<Lps>| view.pixel(p, size).map(|[x, y, _]| [x, y]);
        let half_px = |w: f64| match self.width {
            Width::Px(px) => f64::from(px) / 2.0,
            Width::Mm(mm) => f64::from(mm) / 2.0 * per_mm / w,
        };
        let band = |piece: Piece| {
            let w = [view.clip(piece.a).w, view.clip(piece.b).w];
            Some(Band {
                ends: [place(piece.a)?, place(piece.b)?],
                half_px: w.map(half_px),
                over_w: w.map(|w| 1.0 / w),
                before: piece.before.and_then(place),
                after: piece.after.and_then(place),
                piece,
            })
        };
        let [r, g, b] = [0, 1, 2].map(|c| f64::from(linear_from_srgb(self.colour[c])));
        Bands {
            each: self.chains.iter().flat_map(|c| pieces(c)).filter_map(band).collect(),
            colour: [r, g, b, f64::from(self.colour[3])],
            hidden: self.hidden,
            per_mm,
        }
    }
}

impl Bands {
    /// What the lines add at a pixel's centre.
    pub fn layers(&self, pixel: [f64; 2], ray: &Ray, clip: &ClipPlanes) -> Vec<Layer> {
        let touched = self.each.iter().filter_map(|band| touch(band, pixel, ray, clip, self.per_mm));
        touched.map(|t| Layer { distance_mm: t.front_mm, colour: self.premultiplied(t.coverage) }).collect()
    }

    /// What the hidden parts add over everything, in the order of drawing.
    pub fn hidden(&self, pixel: [f64; 2], ray: &Ray, clip: &ClipPlanes) -> Vec<[f64; 4]> {
        let (opacity, period) = match self.hidden {
            Hidden::Out => return Vec::new(),
            Hidden::Faint(opacity) => (f64::from(opacity), None),
            Hidden::Dashed { opacity, px } => (f64::from(opacity), Some(2.0 * f64::from(px))),
        };
        let touched = self.each.iter().filter_map(|band| touch(band, pixel, ray, clip, self.per_mm));
        let shown = touched.filter(|t| period.is_none_or(|p| t.run_px.rem_euclid(p) <= p / 2.0));
        shown.map(|t| self.premultiplied(opacity * t.coverage)).collect()
    }

    fn premultiplied(&self, coverage: f64) -> [f64; 4] {
        let [r, g, b, opacity] = self.colour;
        let alpha = opacity * coverage;
        [r * alpha, g * alpha, b * alpha, alpha]
    }
}

struct Touch {
    coverage: f64,
    front_mm: f64,
    run_px: f64,
}

fn apart(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// Share of the way from a to b that is nearest to p, and the distance there.
fn nearest(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> (f64, f64) {
    let d = [b[0] - a[0], b[1] - a[1]];
    let square = (d[0] * d[0] + d[1] * d[1]).max(1e-12);
    let t = (((p[0] - a[0]) * d[0] + (p[1] - a[1]) * d[1]) / square).clamp(0.0, 1.0);
    (t, apart(p, [a[0] + d[0] * t, a[1] + d[1] * t]))
}

fn touch(band: &Band, pixel: [f64; 2], ray: &Ray, clip: &ClipPlanes, per_mm: f64) -> Option<Touch> {
    let [a, b] = band.ends;
    let (t, here) = nearest(pixel, a, b);
    let half = band.half_px[0] + (band.half_px[1] - band.half_px[0]) * t;
    let coverage = (half.max(0.5) + 0.5 - here).clamp(0.0, 1.0) * (half * 2.0).min(1.0);
    // a pixel of a joint belongs to the nearer segment, to the former of two as near
    let taken = band.before.is_some_and(|before| before != a && nearest(pixel, before, a).1 <= here)
        || band.after.is_some_and(|after| after != b && nearest(pixel, b, after).1 < here);
    // the place on the line at that share of the screen
    let [wa, wb] = [band.over_w[0] * (1.0 - t), band.over_w[1] * t];
    let share = wb / (wa + wb);
    let place = band.piece.a + (band.piece.b - band.piece.a) * share;
    let depth_mm = (place - ray.start).dot(ray.direction);
    let per_mm = per_mm * (wa + wb);
    if coverage <= 0.0 || taken || !clip.keeps(ray.at(depth_mm)) {
        return None;
    }
    let [from, to] = band.piece.run;
    Some(Touch {
        coverage,
        front_mm: depth_mm - half / per_mm,
        run_px: (from + (to - from) * share) * per_mm,
    })
}
