//! The projections of mip.wgsl.

use super::cut::Cuts;
use super::rays::Span;
use super::samples::{Samples, Voxel};
use super::tally::Tally;
use super::{Job, Seen, cell_of};
use crate::depths::{HIT, NOTHING_MM};

/// The steps whose middle lies on the ray.
#[inline(always)]
fn last_of(span: &Span) -> i64 {
    span.whole + i64::from(span.rest > 0.5)
}

/// The largest value along a ray, or the smallest.
#[inline(always)]
pub(super) fn extreme<T: Voxel, C: Tally, const SMALLEST: bool>(
    job: &Job<'_>,
    samples: &Samples<'_, T>,
    cuts: Option<&Cuts<'_>>,
    span: &Span,
    tally: &mut C,
) -> Seen {
    let beats = |value: f32, best: f32| if SMALLEST { value < best } else { value > best };
    // what is below the window is black anyway
    let mut best = if SMALLEST { f32::MAX } else { job.look.window.black() as f32 };
    let mut best_at = 0;
    let last = last_of(span);
    let mut k = span.first;
    let of_cell = if SMALLEST { &job.cells.minimum } else { &job.cells.maximum };
    while k < last {
        let at = span.at_half(2 * k + 1);
        let (cell, _, part) = cell_of(at, job.cells);
        if !beats(of_cell[cell], best) {
            let to = span.leap(k, at, part, 1);
            tally.leap(to.min(last) - k);
            k = to;
            continue;
        }
        if !beats(job.cells.part(part.map(|p| p as usize))[usize::from(!SMALLEST)], best) {
            let to = span.leap(k, at, part, 0);
            tally.leap(to.min(last) - k);
            k = to;
            continue;
        }
        tally.step();
        let value = samples.value(at);
        if beats(value, best) && cuts.is_none_or(|c| c.shows(at)) {
            (best, best_at) = (value, k);
        }
        k += 1;
    }
    // too short, or cuts have left nothing
    if last <= span.first || (SMALLEST && best == f32::MAX) {
        return NOTHING;
    }
    shown(job, best, span.mm(best_at, 0.5))
}

/// The mean value along a ray, of each step as much as cuts leave of it, which lies in the middle of its samples.
#[inline(always)]
pub(super) fn mean<T: Voxel, C: Tally>(
    job: &Job<'_>,
    samples: &Samples<'_, T>,
    cuts: Option<&Cuts<'_>>,
    span: &Span,
    tally: &mut C,
) -> Seen {
    let last = last_of(span);
    let mut sum = 0.0_f64;
    // how many steps cuts leave, and the sum of their places
    let (mut left, mut places) = (0.0_f64, 0.0_f64);
    let mut k = span.first;
    while k < last {
        let at = span.at_half(2 * k + 1);
        let (_, _, part) = cell_of(at, job.cells);
        let [low, high] = job.cells.part(part.map(|p| p as usize));
        if low == high && cuts.is_none() {
            let to = span.leap(k, at, part, 0).min(last);
            tally.leap(to - k);
            sum += f64::from(low) * (to - k) as f64;
            k = to;
            continue;
        }
        let kept = |c: &Cuts<'_>| c.left(span.at_half(2 * k), span.at_half(2 * k + 2)) * (1.0 - c.taken(at));
        let share = f64::from(cuts.map_or(1.0, kept));
        if share > 0.0 {
            tally.step();
            sum += share * f64::from(samples.value(at));
            left += share;
            places += share * (k as f64 + 0.5);
        }
        k += 1;
    }
    if last <= span.first {
        return NOTHING;
    }
    if cuts.is_none() {
        let count = (last - span.first) as f64;
        return shown(job, (sum / count) as f32, span.mm(span.first, (count * 0.5) as f32));
    }
    if left < 1e-6 {
        return NOTHING;
    }
    let middle = places / left;
    shown(job, (sum / left) as f32, span.mm(middle as i64, middle.fract() as f32))
}

/// Of a ray too short for a sample.
const NOTHING: Seen = Seen { colour: [0.0; 4], opacity: 0.0, first_mm: NOTHING_MM, mean_mm: 0.0 };

/// A value that stands for the whole ray.
pub(super) fn shown(job: &Job<'_>, value: f32, mm: f32) -> Seen {
    let grey = job.look.window.grey(f64::from(value)) as f32;
    let light = crate::look::linear_from_srgb(grey);
    let first_mm = if grey > HIT { mm } else { NOTHING_MM };
    Seen { colour: [light, light, light, grey], opacity: grey, first_mm, mean_mm: mm }
}
