//! Opacity and colour as other programs keep them, brought together.

use crate::TransferPoint;

use super::{ImportError, MAX_POINTS};

/// Two piecewise linear functions of the value, constant beyond their ends (VTK's clamping).
#[derive(Clone, Debug)]
pub(super) struct Curves {
    /// Value and opacity of the unit distance.
    opacity: Vec<[f64; 2]>,
    /// Value, red, green, blue as an sRGB picture holds them.
    colour: Vec<[f64; 4]>,
}

/// What lies between two corners is split into so many parts, since we mix light and extinction where the others mix
/// display colours and opacities.
const PARTS: usize = 8;

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
            let Some(&next) = values.get(n + 1) else { continue };
            let end = self.at(next, false);
            let change = after.iter().zip(end).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            if change > 0.01 && values.len() * PARTS <= MAX_POINTS {
                for part in 1..PARTS {
                    let between = value + (next - value) * part as f64 / PARTS as f64;
                    points.push(point(between, self.at(between, true), unit_mm));
                }
            }
        }
        points
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

fn point(value: f64, [opacity, r, g, b]: [f64; 4], unit_mm: f64) -> TransferPoint {
    let opacity_per_mm = (1.0 - (1.0 - opacity.clamp(0.0, 1.0)).powf(1.0 / unit_mm)) as f32;
    let colour = [r, g, b].map(|c| c.clamp(0.0, 1.0) as f32);
    TransferPoint { value: value as f32, colour, opacity_per_mm }
}
