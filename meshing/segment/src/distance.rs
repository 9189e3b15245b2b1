//! Exact Euclidean distances in millimetres.

use meshing_volume::LabelMap;
use pulp::Arch;
use rayon::prelude::*;

use crate::Runs;

mod lines;

use lines::{Finish, Lines, WIDTH};

/// Where a distance ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// At the centre of the nearest voxel: whole steps along an axis.
    Centres,
    /// At the nearest face of the nearest voxel, voxels being boxes: half a step less along an axis. The zero of a signed
    /// distance then lies on the faces between inside and outside, whatever the spacing.
    Faces,
}

/// How distances are measured. They begin at the centre of a voxel and are exact up to the rounding of 32-bit floats.
///
/// Axis by axis, each line by its lower envelope (Meijster, Roerdink & Hesselink 2000; Felzenszwalb & Huttenlocher
/// 2012). The envelope of many neighbouring lines is found at once: the place a distance comes from moves along with the
/// voxel, so the search for one is bounded by the places found for its neighbours. Four bytes of memory a voxel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance {
    spacing_mm: [f64; 3],
    to: To,
    limit_mm: f64,
}

/// The signed distance to the faces of a label, mm, i fastest: negative inside, positive outside, infinite where the label
/// or what is not the label does not exist. See [`Distance`] for other ways to measure.
pub fn signed_distance(mask: &LabelMap, label: u8) -> Vec<f32> {
    Distance::new(mask.grid().spacing_mm(), To::Faces).signed(&Runs::of_label(mask, label))
}

/// What is made of the squares.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Squared,
    Plain,
    Signed,
}

impl Distance {
    /// Distances between voxels `spacing_mm` apart along i, j, k (which must be orthogonal).
    pub const fn new(spacing_mm: [f64; 3], to: To) -> Self {
        Self { spacing_mm, to, limit_mm: f64::INFINITY }
    }

    /// The same, but only up to a limit, which is much cheaper: what is farther gets the limit.
    #[must_use]
    pub const fn within(self, limit_mm: f64) -> Self {
        Self { limit_mm, ..self }
    }

    /// Distance of each voxel from the set, mm; 0 inside, infinite if the set is empty (or the limit).
    pub fn from(&self, set: &Runs) -> Vec<f32> {
        self.transform(set, Kind::Plain)
    }

    /// The same squared, mm².
    pub fn squared(&self, set: &Runs) -> Vec<f32> {
        self.transform(set, Kind::Squared)
    }

    /// Distance from the set outside of it, and less than 0 inside: minus the distance from what is not in the set. The
    /// border of the volume is no end of the set.
    pub fn signed(&self, set: &Runs) -> Vec<f32> {
        self.transform(set, Kind::Signed)
    }

    fn transform(&self, set: &Runs, kind: Kind) -> Vec<f32> {
        let [si, sj, sk] = set.size();
        let mut field = vec![0.0_f32; si * sj * sk];
        if field.is_empty() {
            return field;
        }
        // Counted in steps along i, isotropic distances are whole numbers and stay exact.
        let unit = self.spacing_mm[0];
        let limit = if self.limit_mm >= 0.0 { self.limit_mm } else { 0.0 };
        let cap = ((limit / unit).powi(2) as f32).min(FAR);
        let weights = |axis: usize, steps: usize| -> Vec<f32> {
            let step = self.spacing_mm[axis] / unit;
            let half = if self.to == To::Faces { 0.5 } else { 0.0 };
            let weight = |d: usize| if d == 0 { 0.0 } else { ((d as f64 - half) * step).powi(2) };
            (0..steps).map(|d| (weight(d) as f32).min(cap)).collect()
        };
        let rows = Rows::new(&weights(0, si + 1), cap, kind == Kind::Signed);
        let [along_j, along_k] = [(1, sj), (2, sk)].map(|(axis, n)| {
            let step = self.spacing_mm[axis] / unit;
            Lines::new(&weights(axis, n), step as f32, cap)
        });
        let arch = Arch::new();
        field.par_chunks_mut(si * sj).enumerate().for_each_init(
            || along_j.room(),
            |room, (k, slice)| {
                for (j, row) in slice.chunks_exact_mut(si).enumerate() {
                    rows.fill(set.row(j + k * sj), row);
                }
                let mut lines: Vec<&mut [f32]> = slice.chunks_exact_mut(si).collect();
                for from in (0..si).step_by(WIDTH) {
                    arch.dispatch(along_j.lower(&mut lines, from, room, Finish::None));
                }
            },
        );
        let finish = match kind {
            Kind::Squared => Finish::Squared(unit as f32 * unit as f32),
            Kind::Plain | Kind::Signed => Finish::Root { unit: unit as f32, limit: limit as f32 },
        };
        // All rows of the same j, slice by slice: what lies along k.
        let mut upright: Vec<Vec<&mut [f32]>> = (0..sj).map(|_| Vec::with_capacity(sk)).collect();
        for (n, row) in field.chunks_exact_mut(si).enumerate() {
            upright[n % sj].push(row);
        }
        upright.par_iter_mut().for_each_init(
            || along_k.room(),
            |room, lines| {
                for from in (0..si).step_by(WIDTH) {
                    arch.dispatch(along_k.lower(lines, from, room, finish));
                }
            },
        );
        field
    }
}

/// Squared and farther than any voxel; finite, so that adding to it stays a number.
const FAR: f32 = 1e30;

/// The first axis: along a row the nearest run is known from its ends.
struct Rows {
    /// Squares of the distances 1, 2, … and the same backwards.
    up: Vec<f32>,
    down: Vec<f32>,
    /// The same below 0, for the inside; empty if the inside is 0.
    inner_up: Vec<f32>,
    inner_down: Vec<f32>,
    cap: f32,
}

impl Rows {
    fn new(weights: &[f32], cap: f32, signed: bool) -> Self {
        let up = weights[1..].to_vec();
        let down: Vec<f32> = up.iter().rev().copied().collect();
        let below = |values: &[f32]| if signed { values.iter().map(|v| -v).collect() } else { Vec::new() };
        Self { inner_up: below(&up), inner_down: below(&down), up, down, cap }
    }

    fn fill(&self, runs: &[[u32; 2]], row: &mut [f32]) {
        let (mut from, si) = (0, row.len());
        for [start, end] in runs.iter().map(|run| run.map(|i| i as usize)) {
            ramps(&mut row[from..start], [from > 0, true], [&self.up, &self.down], self.cap);
            if self.inner_up.is_empty() {
                row[start..end].fill(0.0);
            } else {
                let ends = [start > 0, end < si];
                ramps(&mut row[start..end], ends, [&self.inner_up, &self.inner_down], -self.cap);
            }
            from = end;
        }
        ramps(&mut row[from..], [from > 0, false], [&self.up, &self.down], self.cap);
    }
}

/// Fills a stretch with the distances from its ends, those of them that are `near`.
fn ramps(row: &mut [f32], near: [bool; 2], [up, down]: [&[f32]; 2], far: f32) {
    let n = row.len();
    let left = match near {
        [true, true] => n.div_ceil(2),
        [true, false] => n,
        [false, true] => 0,
        [false, false] => {
            row.fill(far);
            return;
        }
    };
    row[..left].copy_from_slice(&up[..left]);
    row[left..].copy_from_slice(&down[down.len() - (n - left)..]);
}

#[cfg(test)]
mod tests;
