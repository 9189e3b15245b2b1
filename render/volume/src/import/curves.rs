//! Opacity and colour as other programs keep them, brought together.

use crate::TransferPoint;
use crate::look::{linear_from_srgb, srgb_from_linear};

use super::{ImportError, MAX_POINTS};

/// Two piecewise linear functions of the value, constant beyond their ends (VTK's clamping).
#[derive(Clone, Debug)]
pub(super) struct Curves {
    /// Value and opacity of the unit distance.
    opacity: Vec<[f64; 2]>,
    /// Value, red, green, blue as an sRGB picture holds them.
    colour: Vec<[f64; 4]>,
}

/// A look has about this many points at most, as many as a preset's file takes; only corners of the file go beyond.
const ROOM: usize = 4096;

/// How far opacities and colours between points may be from the file's, 0..1.
const CLOSE: f64 = 0.004;

impl Curves {
    /// Corners in any order; those of one value keep theirs, so that a step stays a step.
    pub(super) fn new(mut opacity: Vec<[f64; 2]>, mut colour: Vec<[f64; 4]>) -> Result<Self, ImportError> {
        let numbers = opacity.iter().flatten().chain(colour.iter().flatten());
        // f32 holds what lies beyond neither; no scan has such values
        if numbers.into_iter().any(|n| !n.is_finite() || n.abs() > 1e30) {
            return Err(ImportError::Malformed { part: "functions" });
        }
        if opacity.is_empty() || colour.is_empty() {
            return Err(ImportError::NoFunction);
        }
        if opacity.len().max(colour.len()) > MAX_POINTS {
            return Err(ImportError::Malformed { part: "functions" });
        }
        opacity.sort_by(|a, b| a[0].total_cmp(&b[0]));
        colour.sort_by(|a, b| a[0].total_cmp(&b[0]));
        Ok(Self { opacity, colour })
    }

    /// One function whose opacities are of 1 mm.
    pub(super) fn points(&self, unit_mm: f64) -> Vec<TransferPoint> {
        let mut values: Vec<f64> =
            self.opacity.iter().map(|p| p[0]).chain(self.colour.iter().map(|p| p[0])).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let mut points = Vec::new();
        for (n, &value) in values.iter().enumerate() {
            let (before, after) = (self.at(value, false), self.at(value, true));
            points.push(point(value, before, unit_mm));
            if before != after {
                points.push(point(value, after, unit_mm));
            }
            if let Some(&next) = values.get(n + 1) {
                self.split([value, next], [after, self.at(next, false)], 8, unit_mm, &mut points);
            }
        }
        points
    }

    /// Adds points between two neighbours until what we mix of them (light and extinction) is close to what the others
    /// mix (display colours and opacities).
    fn split(
        &self,
        values: [f64; 2],
        ends: [[f64; 4]; 2],
        depth: u32,
        unit_mm: f64,
        points: &mut Vec<TransferPoint>,
    ) {
        let middle = f64::midpoint(values[0], values[1]);
        let wanted = self.at(middle, true);
        let got = mixed(ends);
        let close = wanted.iter().zip(got).all(|(a, b)| (a - b).abs() < CLOSE);
        if close || depth == 0 || points.len() >= ROOM {
            return;
        }
        self.split([values[0], middle], [ends[0], wanted], depth - 1, unit_mm, points);
        points.push(point(middle, wanted, unit_mm));
        self.split([middle, values[1]], [wanted, ends[1]], depth - 1, unit_mm, points);
    }

    /// Opacity, red, green, blue at a value; at a step those before or after it.
    fn at(&self, value: f64, after: bool) -> [f64; 4] {
        let [opacity] = at(&self.opacity, value, after, |p| [p[1]]);
        let [r, g, b] = at(&self.colour, value, after, |p| [p[1], p[2], p[3]]);
        [opacity, r, g, b]
    }
}

fn at<P, const N: usize>(corners: &[P], value: f64, after: bool, of: impl Fn(&P) -> [f64; N]) -> [f64; N]
where
    P: AsRef<[f64]>,
{
    let place = |p: &P| p.as_ref()[0];
    let right = corners.partition_point(|p| if after { place(p) <= value } else { place(p) < value });
    let Some(a) = right.checked_sub(1).map(|n| &corners[n]) else { return of(&corners[0]) };
    let Some(b) = corners.get(right) else { return of(a) };
    let width = place(b) - place(a);
    let share = if width > 0.0 { (value - place(a)) / width } else { 0.0 };
    let (a, b) = (of(a), of(b));
    std::array::from_fn(|n| a[n] + (b[n] - a[n]) * share)
}

/// What [`TransferFunction::at`](crate::TransferFunction::at) makes halfway between two points.
fn mixed([a, b]: [[f64; 4]; 2]) -> [f64; 4] {
    let extinction = |opacity: f64| -(1.0 - opacity.clamp(0.0, 0.9999)).ln();
    let light = |c: f64| f64::from(linear_from_srgb(c as f32));
    let opacity = 1.0 - (-f64::midpoint(extinction(a[0]), extinction(b[0]))).exp();
    let colour = |n: usize| srgb_from_linear(f64::midpoint(light(a[n]), light(b[n])));
    [opacity, colour(1), colour(2), colour(3)]
}

fn point(value: f64, [opacity, r, g, b]: [f64; 4], unit_mm: f64) -> TransferPoint {
    let opacity_per_mm = (1.0 - (1.0 - opacity.clamp(0.0, 1.0)).powf(1.0 / unit_mm)) as f32;
    let colour = [r, g, b].map(|c| c.clamp(0.0, 1.0) as f32);
    TransferPoint { value: value as f32, colour, opacity_per_mm }
}
