//! The lower envelope along many neighbouring lines at once.
#![expect(clippy::inline_always, reason = "what a dispatched loop calls gets its vectors only when inlined")]

use core::ops::Range;

use pulp::{Simd, WithSimd};

/// Lines that are worked on at once: a line's voxels then lie a cache line or more apart.
pub(super) const WIDTH: usize = 64;
/// Vectors of lines whose search shares its bounds.
const TOGETHER: usize = 2;

/// What is written in the end.
#[derive(Clone, Copy)]
pub(super) enum Finish {
    /// The squares, for the next axis.
    None,
    /// The squares times this.
    Squared(f32),
    /// The roots times `unit`; `limit` where the cap is reached.
    Root { unit: f32, limit: f32 },
}

/// Lines along one axis.
pub(super) struct Lines {
    /// What a step of -(n - 1) … n - 1 voxels adds.
    weights: Vec<f32>,
    n: usize,
    /// Voxels a unit.
    per_unit: f32,
    cap: f32,
}

/// Memory for [`WIDTH`] lines.
pub(super) struct Room {
    outer: Vec<f32>,
    inner: Vec<f32>,
    lowest: Vec<f32>,
    deepest: Vec<f32>,
    /// First and last place that a voxel's value came from, over the lines.
    places: Vec<[u32; 2]>,
}

impl Lines {
    /// `weights` are the squares of 0 … n - 1 steps, never less apart than `step` each; nothing is as far as `cap`.
    pub(super) fn new(weights: &[f32], step: f32, cap: f32) -> Self {
        let both = weights[1..].iter().rev().chain(weights).copied().collect();
        Self { weights: both, n: weights.len(), per_unit: 1.0 / step, cap }
    }

    pub(super) fn room(&self) -> Room {
        let values = || vec![0.0; self.n * WIDTH];
        Room {
            outer: values(),
            inner: values(),
            lowest: values(),
            deepest: values(),
            places: vec![[0; 2]; self.n],
        }
    }

    /// The work on the columns from `from` on, `WIDTH` of them at most, of lines that run across `rows`: each value, above
    /// 0 outside and below inside, is replaced by the nearest to 0 of (value + weight of the steps to it), where what lies
    /// on the other side counts as 0.
    pub(super) fn lower<'a, 'b>(
        &'a self,
        rows: &'a mut [&'b mut [f32]],
        from: usize,
        room: &'a mut Room,
        finish: Finish,
    ) -> Lower<'a, 'b> {
        Lower { lines: self, rows, from, room, finish }
    }
}

pub(super) struct Lower<'a, 'b> {
    lines: &'a Lines,
    rows: &'a mut [&'b mut [f32]],
    from: usize,
    room: &'a mut Room,
    finish: Finish,
}

impl WithSimd for Lower<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { lines, rows, from, room, finish } = self;
        let to = rows.first().map_or(0, |row| row.len().min(from + WIDTH));
        let (low, high) = range(simd, rows, from..to);
        // Where all is out of reach, or all is 0, nothing changes.
        let still = low >= lines.cap || high <= -lines.cap || (low == 0.0 && high == 0.0);
        if !still {
            let columns = to - from;
            for (row, (outer, inner)) in
                rows.iter().zip(room.outer.chunks_exact_mut(WIDTH).zip(room.inner.chunks_exact_mut(WIDTH)))
            {
                for ((&value, outer), inner) in row[from..to].iter().zip(&mut *outer).zip(&mut *inner) {
                    *outer = value.max(0.0);
                    *inner = (-value).max(0.0);
                }
                outer[columns..].fill(0.0);
                inner[columns..].fill(0.0);
            }
            if high > 0.0 {
                envelope(simd, lines, &room.outer, &mut room.lowest, &mut room.places, columns);
            }
            if low < 0.0 {
                envelope(simd, lines, &room.inner, &mut room.deepest, &mut room.places, columns);
            } else {
                room.deepest.fill(0.0);
            }
            let made = room.lowest.chunks_exact(WIDTH).zip(room.deepest.chunks_exact(WIDTH));
            for (row, (lowest, deepest)) in rows.iter_mut().zip(made) {
                for ((value, &lowest), &deepest) in row[from..to].iter_mut().zip(lowest).zip(deepest) {
                    *value = if *value > 0.0 { lowest } else { -deepest };
                }
            }
        }
        match finish {
            Finish::None => {}
            Finish::Squared(by) => {
                for row in rows.iter_mut() {
                    for value in &mut row[from..to] {
                        *value = if *value >= super::FAR { f32::INFINITY } else { *value * by };
                    }
                }
            }
            Finish::Root { unit, limit } => {
                for row in rows.iter_mut() {
                    for value in &mut row[from..to] {
                        let squared = value.abs();
                        let root = if squared >= lines.cap { limit } else { squared.sqrt() * unit };
                        *value = root.copysign(*value);
                    }
                }
            }
        }
    }
}

/// Smallest and largest value of some columns.
#[inline(always)]
fn range<S: Simd>(simd: S, rows: &[&mut [f32]], columns: Range<usize>) -> (f32, f32) {
    let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
    let (mut lows, mut highs) = (simd.splat_f32s(low), simd.splat_f32s(high));
    for row in rows {
        let (values, rest) = S::as_simd_f32s(&row[columns.clone()]);
        for &value in values {
            lows = simd.min_f32s(lows, value);
            highs = simd.max_f32s(highs, value);
        }
        for &value in rest {
            low = low.min(value);
            high = high.max(value);
        }
    }
    (low.min(simd.reduce_min_f32s(lows)), high.max(simd.reduce_max_f32s(highs)))
}

/// For each voxel of the lines the smallest of cost + weight over its line.
///
/// The place the smallest comes from never moves back along a line (the weights are convex), so a voxel's search is
/// bounded by the places found for voxels before and after it: first the middle of a line, then the middles of its
/// halves, and so on; and by its own cost, which a weight must stay below.
#[inline(always)]
fn envelope<S: Simd>(
    simd: S,
    lines: &Lines,
    costs: &[f32],
    lowest: &mut [f32],
    places: &mut [[u32; 2]],
    columns: usize,
) {
    let n = lines.n;
    let costs = S::as_simd_f32s(costs).0;
    let lowest = S::as_mut_simd_f32s(lowest).0;
    let across = WIDTH / S::F32_LANES;
    for first in (0..columns.div_ceil(S::F32_LANES)).step_by(TOGETHER) {
        let mut half = (n + 1).next_power_of_two() / 2;
        while half > 0 {
            for at in (half - 1..n).step_by(2 * half) {
                let own = &costs[at * across + first..][..TOGETHER];
                let mut best = [own[0], own[1]];
                let most = simd.reduce_max_f32s(simd.max_f32s(best[0], best[1]));
                let out = at * across + first;
                if most == 0.0 {
                    places[at] = [at as u32; 2];
                    lowest[out..][..TOGETHER].copy_from_slice(&best);
                    continue;
                }
                let before = if at >= half { places[at - half] } else { [0; 2] };
                let after = if at + half < n { places[at + half] } else { [before[0], n as u32 - 1] };
                let radius = (most.sqrt() * lines.per_unit + 1.5) as usize;
                let low = (before[0].min(after[0]) as usize).max(at.saturating_sub(radius));
                let high = (before[1].max(after[1]) as usize).min(at.saturating_add(radius));
                let mut place = [simd.splat_f32s(at as f32); TOGETHER];
                if low <= high {
                    let rows = costs[low * across..(high + 1) * across].chunks_exact(across);
                    let weights = &lines.weights[n - 1 + low - at..];
                    let mut q = low as f32;
                    for (row, &weight) in rows.zip(weights) {
                        let (weight, here) = (simd.splat_f32s(weight), simd.splat_f32s(q));
                        let row = &row[first..][..TOGETHER];
                        for lane in 0..TOGETHER {
                            let cost = simd.add_f32s(row[lane], weight);
                            let less = simd.less_than_f32s(cost, best[lane]);
                            best[lane] = simd.min_f32s(cost, best[lane]);
                            place[lane] = simd.select_f32s(less, here, place[lane]);
                        }
                        q += 1.0;
                    }
                }
                places[at] = [
                    simd.reduce_min_f32s(simd.min_f32s(place[0], place[1])) as u32,
                    simd.reduce_max_f32s(simd.max_f32s(place[0], place[1])) as u32,
                ];
                lowest[out..][..TOGETHER].copy_from_slice(&best);
            }
            half /= 2;
        }
    }
}
