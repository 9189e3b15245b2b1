//! The shaded march of twice sixteen rays.
//!
//! Each ray goes through three stages: it seeks its next step with an open end, takes the values there, and is shaded.
//! A stage waits until enough rays are ready for it, and takes those of both bundles together: half of a bundle alone is
//! mostly at another stage. While the one bundle waits for its bits, the other asks for its own.

use pulp::x86::V4;

use super::super::open::{BOX, Open};
use super::super::samples::Samples;
use super::super::shade::Light;
use super::super::{Job, OPAQUE};
use super::gather::{bytes, words};
use super::lanes::{F, I, LANES, Mask, each, lowest};
use super::light::{Gaze, Lamp};
use super::sampler::{Pair, Sampler};
use super::table::Table;
use super::{Bundle, FREE, March, Queue};
use crate::depths::{HIT, NOTHING_MM};

/// So many in eight of the rays that are not waiting to be shaded are waited for before values are taken, but no more
/// than fit. Measured on a chest and a skull: the least time, flat around here.
const SETTLED: u32 = 3;

/// The same, of all rays under way, before they are shaded.
const FOUND: u32 = 4;

/// What all rays share.
pub(super) struct Shaded<'a, T> {
    cpu: V4,
    open: &'a Open,
    sampler: Sampler<'a, T>,
    lamp: Lamp<'a>,
    table: Table,
    threshold: f32,
    step_mm: f32,
}

/// Sixteen rays and how far each has come.
struct Way {
    rays: Bundle,
    gaze: Gaze,
    /// Colour and opacity so far, first hit and weighted mean.
    sum: [F; 4],
    first_mm: F,
    weighted_mm: F,
    /// The step each is at, and those that have not ended.
    k: F,
    active: Mask,
    /// Whether the cube where the step begins is open; the value there, and whether it is known.
    open: Mask,
    begin: F,
    known: Mask,
    /// Those whose step has an open end and waits for values, and whether it is open where it ends.
    settled: Mask,
    open_end: Mask,
    /// Those whose step waits to be shaded, the step, and the values at its ends.
    found: Mask,
    step: F,
    values: [F; 2],
}

impl Way {
    #[inline(always)]
    fn none(cpu: V4) -> Self {
        let zero = F::splat(cpu, 0.0);
        Self {
            rays: Bundle::none(cpu),
            gaze: Gaze { direction: [zero; 3], half_way: [zero; 3] },
            sum: [zero; 4],
            first_mm: zero,
            weighted_mm: zero,
            k: zero,
            active: 0,
            open: 0,
            begin: zero,
            known: 0,
            settled: 0,
            open_end: 0,
            found: 0,
            step: zero,
            values: [zero; 2],
        }
    }

    /// Whether it is time to write down rays that have ended, and to begin others.
    #[inline(always)]
    fn wants(&self, queue: &Queue<'_, '_>) -> bool {
        let free = !self.active;
        free.count_ones() >= FREE && (self.rays.there & free != 0 || !queue.is_empty())
    }

    /// Those that look for their next step.
    #[inline(always)]
    fn seeks(&self) -> Mask {
        self.active & !self.found & !self.settled
    }
}

impl<'a, T: Pair> Shaded<'a, T> {
    #[inline(always)]
    pub(super) fn new(
        cpu: V4,
        job: &Job<'a>,
        open: &'a Open,
        samples: &'a Samples<'a, T>,
        light: &'a Light<'a>,
    ) -> Self {
        Self {
            cpu,
            open,
            sampler: Sampler::new(cpu, job.volume.grid().size(), samples),
            lamp: Lamp::new(cpu, light, job.look.step_mm(job.volume.grid()) as f32),
            table: Table::new(cpu, job.integrals),
            threshold: light.transparent_up_to,
            step_mm: job.look.step_mm(job.volume.grid()) as f32,
        }
    }

    #[inline(always)]
    fn splat(&self, value: f32) -> F {
        F::splat(self.cpu, value)
    }

    #[inline(always)]
    fn whole(&self, value: usize) -> I {
        I::splat(self.cpu, value as i32)
    }

    /// Whether the cube around each place is open, and the box it lies in.
    #[inline(always)]
    fn cube(&self, at: [F; 3]) -> (Mask, [I; 3]) {
        let [i, j, k] = self.sampler.below(at);
        let block = [i.shr::<2>(), j.shr::<2>(), k.shr::<1>()];
        let [ni, nj, _] = self.open.blocks;
        let index = block[2] * self.whole(ni * nj) + (block[1] * self.whole(ni) + block[0]);
        let word = words(&self.open.words, index);
        let bit = (i & self.whole(3)) | (j & self.whole(3)).shl::<2>() | (k & self.whole(1)).shl::<4>();
        (word.meets(bit.bit()), [block[0], block[1], block[2].shr::<1>()])
    }

    /// How many steps more lie among the boxes without an open cube around each place, given its own.
    #[inline(always)]
    fn leap(&self, rays: &Bundle, at: [F; 3], boxes: [I; 3]) -> F {
        let (zero, one) = (self.splat(0.0), self.splat(1.0));
        let [ni, nj, _] = self.open.blocks;
        let index = boxes[2] * self.whole(ni * nj) + (boxes[1] * self.whole(ni) + boxes[0]);
        let free = bytes(&self.open.free, index).float();
        let mut out = self.splat(f32::MAX);
        for a in 0..3 {
            let reach = (one - free).or(rays.by[a].gt(zero), free);
            let face = (boxes[a].float() + reach) * self.splat(BOX as f32);
            out = out.min((face - at[a]) * rays.steps[a]);
        }
        // a hair back, so that rounding never leaps over a step
        (out - self.splat(1e-3)).max(zero).floor().or(free.lt(one), zero)
    }

    /// Writes down rays that have ended, and begins others in their places as long as there are any.
    #[inline(always)]
    fn refill<const DISTANCES: bool>(&self, way: &mut Way, queue: &mut Queue<'_, '_>) {
        let (zero, one) = (self.splat(0.0), self.splat(1.0));
        let ended = way.rays.there & !way.active;
        if ended != 0 {
            let opaque = way.sum[3].gt(self.splat(OPAQUE));
            let by = one.or(opaque, one.over(way.sum[3]));
            let mean_mm = way.weighted_mm.over(way.sum[3].max(self.splat(1e-6)));
            let along = [way.first_mm, mean_mm, way.sum[3].or(opaque, one)];
            queue.end::<DISTANCES>(&way.rays, ended, each!(c of 4: way.sum[c] * by), along);
        }
        let filled = way.rays.refill(self.cpu, queue, !way.active);
        if filled == 0 {
            return;
        }
        way.gaze = self.lamp.gaze(way.rays.direction);
        way.sum = each!(c of 4: way.sum[c].or(filled, zero));
        way.first_mm = way.first_mm.or(filled, self.splat(NOTHING_MM));
        way.weighted_mm = way.weighted_mm.or(filled, zero);
        way.k = way.k.or(filled, way.rays.first);
        way.open = (way.open & !filled) | (self.cube(way.rays.at(way.k)).0 & filled);
        way.known &= !filled;
        way.active |= filled & way.k.lt(way.rays.last);
    }

    /// Two steps on, or further where all is shut, for those that seek.
    #[inline(always)]
    fn seek(&self, way: &mut Way) {
        let seek = way.seeks();
        let next = way.k + self.splat(1.0);
        let beyond = next + self.splat(1.0);
        let (end, _) = self.cube(way.rays.at(next.min(way.rays.last)));
        let at = way.rays.at(beyond.min(way.rays.last));
        let (far, boxes) = self.cube(at);
        let hit = seek & (way.open | end);
        let left = seek & !hit;
        let later = left & far;
        let passed = left & !far;
        way.settled |= hit | later;
        way.open_end |= (hit & end) | later;
        way.open &= !left;
        way.known &= !left;
        let leapt = beyond + self.leap(&way.rays, at, boxes);
        way.k = way.k.or(later, next).or(passed, leapt);
        way.active &= !passed | way.k.lt(way.rays.last);
    }

    /// The values where settled steps begin, if not known, or end.
    #[inline(always)]
    fn take_values(&self, a: &mut Way, b: &mut Way) {
        let (of_a, of_b) = (a.settled, lowest(b.settled, !a.settled));
        let (at_a, at_b) = (self.value_place(a), self.value_place(b));
        let at = each!(n of 3: at_a[n].join(of_a, at_b[n], of_b));
        let values = self.sampler.value(at);
        self.give_values(a, of_a, values);
        self.give_values(b, of_b, values.part(of_a, of_b));
    }

    #[inline(always)]
    fn value_place(&self, way: &Way) -> [F; 3] {
        let end = (way.k + self.splat(1.0)).min(way.rays.last);
        way.rays.at(end.or(!way.known, way.k))
    }

    #[inline(always)]
    fn give_values(&self, way: &mut Way, given: Mask, values: F) {
        let ends = given & way.known;
        let seen = ends & way.begin.max(values).gt(self.splat(self.threshold));
        way.step = way.step.or(seen, way.k);
        way.values = [way.values[0].or(seen, way.begin), way.values[1].or(seen, values)];
        way.found |= seen;
        way.begin = way.begin.or(given, values);
        way.known |= given;
        way.k = way.k.or(ends, way.k + self.splat(1.0));
        way.open = (way.open & !ends) | (way.open_end & ends);
        way.open_end &= !ends;
        way.settled &= !ends;
        way.active &= !ends | seen | way.k.lt(way.rays.last);
    }

    /// Lays steps under what is there already.
    #[inline(always)]
    fn shade<const DISTANCES: bool>(&self, a: &mut Way, b: &mut Way) {
        let (of_a, of_b) = (a.found, lowest(b.found, !a.found));
        let length_of = |way: &Way| (way.rays.last - way.step).min(self.splat(1.0));
        let (long_a, long_b) = (length_of(a), length_of(b));
        let (middle_a, middle_b) =
            (long_a.mul_add(self.splat(0.5), a.step), long_b.mul_add(self.splat(0.5), b.step));
        let (at_a, at_b) = (a.rays.at(middle_a), b.rays.at(middle_b));
        let all = of_a | lowest(!of_a, of_b);
        let first = a.values[0].join(of_a, b.values[0], of_b);
        let second = a.values[1].join(of_a, b.values[1], of_b);
        let entry = self.table.stretch(first, second, all);
        let gradient = self.sampler.gradient(each!(n of 3: at_a[n].join(of_a, at_b[n], of_b)), all);
        let gaze = Gaze {
            direction: each!(n of 3: a.gaze.direction[n].join(of_a, b.gaze.direction[n], of_b)),
            half_way: each!(n of 3: a.gaze.half_way[n].join(of_a, b.gaze.half_way[n], of_b)),
        };
        let shown = self.lamp.shown(entry, long_a.join(of_a, long_b, of_b), gradient, &gaze);
        self.lay::<DISTANCES>(a, of_a, shown, middle_a);
        self.lay::<DISTANCES>(b, of_b, each!(c of 4: shown[c].part(of_a, of_b)), middle_b);
    }

    #[inline(always)]
    fn lay<const DISTANCES: bool>(&self, way: &mut Way, laid: Mask, shown: [F; 4], middle: F) {
        let weight = (self.splat(1.0) - way.sum[3]) * shown[3];
        if DISTANCES {
            let middle_mm = middle.mul_add(self.splat(self.step_mm), way.rays.near_mm);
            way.weighted_mm = way.weighted_mm.or(laid, weight.mul_add(middle_mm, way.weighted_mm));
            let hit = laid & (way.sum[3] + weight).gt(self.splat(HIT));
            way.first_mm = way.first_mm.or(hit, way.first_mm.min(middle_mm));
        }
        let [r, g, b] = each!(c of 3: shown[c].mul_add(weight, way.sum[c]));
        let under = [r, g, b, way.sum[3] + weight];
        way.sum = each!(c of 4: way.sum[c].or(laid, under[c]));
        way.found &= !laid;
        way.active &= !laid | (way.k.lt(way.rays.last) & !way.sum[3].gt(self.splat(OPAQUE)));
    }
}

impl<T: Pair> March for Shaded<'_, T> {
    #[inline(always)]
    fn march<const DISTANCES: bool>(&self, queue: &mut Queue<'_, '_>) {
        let (mut a, mut b) = (Way::none(self.cpu), Way::none(self.cpu));
        loop {
            if a.wants(queue) {
                self.refill::<DISTANCES>(&mut a, queue);
            }
            if b.wants(queue) {
                self.refill::<DISTANCES>(&mut b, queue);
            }
            if a.active | b.active == 0 {
                if queue.is_empty() && (a.rays.there | b.rays.there) == 0 {
                    return;
                }
                continue;
            }
            let seeking = (a.active & !a.found).count_ones() + (b.active & !b.found).count_ones();
            let enough = (seeking * SETTLED / 8).clamp(1, LANES as u32);
            while a.settled.count_ones() + b.settled.count_ones() < enough && a.seeks() | b.seeks() != 0 {
                self.seek(&mut a);
                self.seek(&mut b);
            }
            if a.settled | b.settled != 0 {
                self.take_values(&mut a, &mut b);
            }
            let found = a.found.count_ones() + b.found.count_ones();
            let active = a.active.count_ones() + b.active.count_ones();
            if found > 0 && found >= (active * FOUND / 8).min(LANES as u32) {
                self.shade::<DISTANCES>(&mut a, &mut b);
            }
        }
    }
}
