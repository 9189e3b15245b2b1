//! Maximum and minimum intensity along sixteen rays.

use meshing_volume::Volume;
use pulp::x86::V4;

use super::super::samples::Samples;
use super::super::{Job, projections};
use super::gather::floats;
use super::lanes::{F, I, Mask, each};
use super::sampler::{Pair, Sampler};
use super::{Bundle, FREE, March, Queue, lanes_of};
use crate::cells::{EDGE, PART};

/// The largest value along rays, or the smallest.
pub(super) struct Extreme<'a, T, const SMALLEST: bool> {
    cpu: V4,
    job: &'a Job<'a>,
    sampler: Sampler<'a, T>,
    /// By cell, and by part of a cell, smallest and largest in turn.
    cells: &'a [f32],
    parts: &'a [f32],
}

impl<'a, T: Pair, const SMALLEST: bool> Extreme<'a, T, SMALLEST> {
    pub(super) fn new(cpu: V4, job: &'a Job<'a>, samples: &'a Samples<'a, T>) -> Self {
        let volume: &Volume = job.volume;
        Self {
            cpu,
            job,
            sampler: Sampler::new(cpu, volume.grid().size(), samples),
            cells: if SMALLEST { &job.cells.minimum } else { &job.cells.maximum },
            parts: job.cells.parts.as_flattened(),
        }
    }

    #[inline(always)]
    fn beats(value: F, best: F) -> Mask {
        if SMALLEST { value.lt(best) } else { value.gt(best) }
    }

    #[inline(always)]
    fn splat(&self, value: f32) -> F {
        F::splat(self.cpu, value)
    }

    #[inline(always)]
    fn whole(&self, value: usize) -> I {
        I::splat(self.cpu, value as i32)
    }

    /// How many steps more lie in the box of so many voxels around each place.
    #[inline(always)]
    fn leap(&self, rays: &Bundle, at: [F; 3], box_of: [I; 3], edge: usize) -> F {
        let (zero, half) = (self.splat(0.0), self.splat(0.5));
        let mut out = self.splat(f32::MAX);
        for a in 0..3 {
            let ahead = zero.or(rays.by[a].gt(zero), self.splat(1.0));
            let face = (box_of[a].float() + ahead) * self.splat(edge as f32) - half;
            out = out.min((face - at[a]) * rays.steps[a]);
        }
        // a hair back, so that rounding never leaps over a step
        (out - self.splat(1e-3)).max(zero).floor()
    }

    /// Writes down rays that have ended, each with its value and the step where that lies.
    #[inline(always)]
    fn end<const DISTANCES: bool>(
        &self,
        queue: &mut Queue<'_, '_>,
        rays: &Bundle,
        ended: Mask,
        best: F,
        step: F,
    ) {
        if ended == 0 {
            return;
        }
        let step_mm = self.job.look.step_mm(self.job.volume.grid()) as f32;
        let mm = step.mul_add(self.splat(step_mm), rays.near_mm).to_array();
        let (best, pixels) = (best.to_array(), rays.pixels.to_array());
        for n in lanes_of(ended) {
            if SMALLEST && best[n] >= f32::MAX {
                continue;
            }
            let seen = projections::shown(self.job, best[n], mm[n]);
            queue.put::<DISTANCES>(pixels[n], seen.colour, [seen.first_mm, seen.mean_mm, seen.opacity]);
        }
    }
}

impl<T: Pair, const SMALLEST: bool> March for Extreme<'_, T, SMALLEST> {
    #[inline(always)]
    fn march<const DISTANCES: bool>(&self, queue: &mut Queue<'_, '_>) {
        let mut rays = Bundle::none(self.cpu);
        let (zero, one, half) = (self.splat(0.0), self.splat(1.0), self.splat(0.5));
        let black = self.job.look.window.black() as f32;
        let none_yet = self.splat(if SMALLEST { f32::MAX } else { black });
        let (mut best, mut best_at, mut k, mut last) = (none_yet, zero, zero, zero);
        let mut active: Mask = 0;
        let mut settled: Mask = 0;
        let mut more_rays = true;
        let ([ci, cj, _], [pi, pj, _]) = (self.job.cells.size, self.job.cells.parts_size);
        loop {
            if active == 0 || (more_rays && (!active).count_ones() >= FREE) {
                let ended = rays.there & !active & rays.first.lt(last);
                self.end::<DISTANCES>(queue, &rays, ended, best, best_at + half);
                let filled = rays.refill(self.cpu, queue, !active);
                more_rays = filled == !active;
                if filled | active == 0 {
                    return;
                }
                (best, best_at) = (best.or(filled, none_yet), best_at.or(filled, zero));
                // the steps whose middle lies on the ray
                last = zero - (half - rays.last).floor();
                k = k.or(filled, rays.first);
                active |= filled & k.lt(last);
            }
            let enough = active.count_ones() / 2;
            let mut seek = active & !settled;
            while seek != 0 && (settled == 0 || settled.count_ones() < enough) {
                let at = rays.at(k + half);
                let part = each!(a of 3: {
                    let part = (at[a] + half) * self.splat(1.0 / PART as f32);
                    part.max(zero).whole().min_unsigned(self.whole(self.job.cells.parts_size[a] - 1))
                });
                let cell = [part[0].shr::<1>(), part[1].shr::<1>(), part[2].shr::<1>()];
                let of_cell = cell[2] * self.whole(ci * cj) + (cell[1] * self.whole(ci) + cell[0]);
                let of_part = part[2] * self.whole(pi * pj) + (part[1] * self.whole(pi) + part[0]);
                let of_part = of_part.shl::<1>() + self.whole(usize::from(!SMALLEST));
                let poor = !Self::beats(floats(self.cells, of_cell), best);
                let dull = !Self::beats(floats(self.parts, of_part), best);
                settled |= seek & !dull & !poor;
                let passed = seek & (dull | poor);
                if passed != 0 {
                    let near = self.leap(&rays, at, part, PART);
                    let far = self.leap(&rays, at, cell, EDGE);
                    k = k.or(passed, k + one + near.or(poor, far));
                }
                let more = k.lt(last);
                active &= !passed | more;
                seek = passed & more;
            }
            if settled != 0 {
                let value = self.sampler.value(rays.at(k + half));
                let better = settled & Self::beats(value, best);
                (best, best_at) = (best.or(better, value), best_at.or(better, k));
                k = k.or(settled, k + one);
                active &= !settled | k.lt(last);
                settled = 0;
            }
        }
    }
}
