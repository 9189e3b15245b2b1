//! The iso-surfaces of iso.wgsl.

use glam::Vec4;

use super::layers::OnRay;
use super::rays::Span;
use super::samples::{Samples, Voxel};
use super::segmented::Labels;
use super::shade::Light;
use super::tally::Tally;
use super::{Gathered, Job, OPAQUE, Seen, cell_of};
use crate::IsoSurface;

/// The surfaces, smallest value first, that a ray crosses.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "what the shaded march takes, and the surfaces")]
pub(super) fn surfaces<T: Voxel, C: Tally>(
    job: &Job<'_>,
    samples: &Samples<'_, T>,
    light: &Light<'_>,
    labels: Option<&Labels<'_>>,
    surfaces: &[IsoSurface],
    span: &Span,
    mut layers: OnRay,
    tally: &mut C,
) -> Seen {
    let (cells, visible) = (job.cells, job.visible);
    let gaze = light.gaze(span.direction);
    // how many of the surfaces' values are not larger: a ray crosses a surface where this changes
    let rank_of = |value: f32| surfaces.iter().filter(|s| s.value <= value).count();
    let mut sum = Vec4::ZERO;
    let mut gathered = Gathered::NOTHING;
    let mut begin = None;
    let mut k = span.first;
    let last = span.whole + i64::from(span.rest > 0.0);
    while k < last {
        let middle = span.at_half(2 * k + 1);
        let (cell, bit, part) = cell_of(middle, cells);
        let free = visible.distance[cell];
        if free > 0 || visible.parts[cell] & bit == 0 {
            let to = span.leap(k, middle, part, free);
            tally.leap(to.min(last) - k);
            k = to;
            begin = None;
            continue;
        }
        tally.step();
        // the last step ends where the ray does
        let length = if k == span.whole { span.rest } else { 1.0 };
        let (first, before) = begin.unwrap_or_else(|| {
            let value = samples.value(span.at_half(2 * k));
            (value, rank_of(value))
        });
        let end = samples.value(span.at(k, length));
        let rank = rank_of(end);
        begin = Some((end, rank));
        k += 1;
        let mut part = 0.0_f32;
        for n in 0..rank.abs_diff(before) {
            // rising values cross the surfaces from the smallest on, falling ones from the largest
            let surface = &surfaces[if rank > before { before + n } else { before - 1 - n }];
            let along = |part: f32| samples.value(span.at(k - 1, part * length)) - surface.value;
            part = part.max(crossing(first - surface.value, end - surface.value, along));
            let at = span.at(k - 1, part * length);
            let mm = span.mm(k - 1, part * length);
            let mut base = Vec4::from_array(surface.linear());
            if let Some(labels) = labels {
                base = labels.tinted(base, at);
            }
            tally.shade();
            let colour = light.lit(base, at, samples.gradient(at), &gaze);
            sum = layers.before(sum, mm);
            sum += colour * (1.0 - sum.w);
            gathered.cross(base.w, mm);
        }
        if sum.w > OPAQUE {
            return gathered.seen(sum / sum.w);
        }
    }
    gathered.seen(layers.rest(sum))
}

/// Where between two places a function is 0, as a share of the way: there it is `first` and `last`, one of them
/// negative and the other not. Regula falsi, the Illinois way: of an end that stays only half counts.
#[inline(always)]
fn crossing(first: f32, last: f32, at: impl Fn(f32) -> f32) -> f32 {
    let (mut low, mut high, mut at_low, mut at_high) = (0.0_f32, 1.0_f32, first, last);
    let mut stayed = 0;
    for _ in 0..5 {
        let middle = low + (high - low) * zero_between(at_low, at_high);
        let found = at(middle);
        if (found >= 0.0) == (at_low >= 0.0) {
            (low, at_low) = (middle, found);
            if stayed == 1 {
                at_high *= 0.5;
            }
            stayed = 1;
        } else {
            (high, at_high) = (middle, found);
            if stayed == -1 {
                at_low *= 0.5;
            }
            stayed = -1;
        }
    }
    low + (high - low) * zero_between(at_low, at_high)
}

/// Where a chord from the one to the other meets 0, as a share of the way.
#[inline(always)]
fn zero_between(low: f32, high: f32) -> f32 {
    let apart = low - high;
    if apart.abs() < 1e-12 { 0.5 } else { (low / apart).clamp(0.0, 1.0) }
}
