//! The shaded march of plain volumes, sixteen rays at once, on processors that load from sixteen places at once
//! (AVX-512).
//!
//! The rays of a square of pixels each go their own way, and wait for each other before values are mixed and before
//! shading, so that both are done for many at a time. The steps are those of the march for one ray; a step of which
//! neither end lies in an open cube is passed over without a look at values.

mod extreme;
mod gather;
mod lanes;
mod light;
mod sampler;
mod table;

use pulp::NullaryFnOnce;
use pulp::x86::V4;

use super::open::{BOX, Open};
use super::rays::Span;
use super::samples::Samples;
use super::shade::Light;
use super::{Band, Job, OPAQUE, Tally};
use crate::depths::{HIT, NOTHING_MM};
use crate::{ClipPlanes, Mode, VolumeItem};
use extreme::Extreme;
use gather::{bytes, words};
use lanes::{F, I, LANES, Mask, each};
use light::Lamp;
pub(super) use sampler::Pair;
use sampler::Sampler;
use table::Table;

/// Pixels across and down whose rays go together.
const PIXELS: [usize; 2] = [4, 4];

/// Voxels along an axis up to which a place in floats has the digits that are needed.
const LONGEST: usize = 4096;

/// Whether rays through this volume can go together on this processor, where nothing but colour is asked of them and
/// nothing lies in them.
pub(crate) fn packs(item: &VolumeItem, clip: &ClipPlanes) -> bool {
    let short = short(item.texture.grid().size());
    let whole = item.segments.is_none() && item.carve.is_none() && clip.shapes().is_empty();
    short && item.look.plain() && whole && processor().is_some()
}

fn short(size: [usize; 3]) -> bool {
    size.iter().all(|&n| n <= LONGEST) && size.iter().product::<usize>() < 1 << 31
}

/// This processor, if it can.
pub(super) fn processor() -> Option<V4> {
    V4::try_new()
}

/// Draws rows of a picture, or gives them back where rays have to go alone.
pub(super) fn draw<'b, 'c, T: Pair, C: Tally>(
    cpu: V4,
    band: Band<'b, 'c, T, C>,
) -> Option<Band<'b, 'c, T, C>> {
    let Band { job, samples, light, .. } = band;
    let whole = job.carve.is_none() && job.clip.shapes().is_empty();
    let projects = whole && short(job.volume.grid().size());
    match (job.open, job.look.mode) {
        (Some(open), Mode::Dvr) => {
            cpu.vectorize(Rows { march: Packets::new(cpu, job, open, samples, light), band });
        }
        (_, Mode::Mip) if projects => {
            cpu.vectorize(Rows { march: Extreme::<T, false>::new(cpu, job, samples), band });
        }
        (_, Mode::MinIp) if projects => {
            cpu.vectorize(Rows { march: Extreme::<T, true>::new(cpu, job, samples), band });
        }
        _ => return Some(band),
    }
    None
}

/// In rows: linear premultiplied colour and opacity of each ray; where wanted its first hit and mean in mm, and the
/// volume's opacity.
type Marched = ([[f32; LANES]; 4], [[f32; LANES]; 3]);

/// A way to go along sixteen rays.
trait March {
    fn march<const DISTANCES: bool>(&self, spans: &[Option<Span>; LANES]) -> Marched;
}

struct Rows<'b, 'c, M, T, C> {
    march: M,
    band: Band<'b, 'c, T, C>,
}

impl<M: March, T: Pair, C: Tally> NullaryFnOnce for Rows<'_, '_, M, T, C> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        if self.band.distances.is_empty() {
            self.squares::<false>();
        } else {
            self.squares::<true>();
        }
    }
}

impl<M: March, T: Pair, C: Tally> Rows<'_, '_, M, T, C> {
    #[inline(always)]
    fn squares<const DISTANCES: bool>(self) {
        let Band { rays, corner, width, pixels, distances, .. } = self.band;
        let height = pixels.len() / width;
        let [across, down] = PIXELS;
        for top in (0..height).step_by(down) {
            for left in (0..width).step_by(across) {
                let mut spans = [const { None }; LANES];
                for (n, span) in spans.iter_mut().enumerate() {
                    let (x, y) = (left + n % across, top + n / across);
                    if x < width && y < height {
                        *span = rays.span(corner[0] + x as u32, corner[1] + y as u32);
                    }
                }
                if spans.iter().all(Option::is_none) {
                    continue;
                }
                let (colours, along) = self.march.march::<DISTANCES>(&spans);
                for (n, _) in spans.iter().enumerate().filter(|(_, span)| span.is_some()) {
                    let pixel = (top + n / across) * width + left + n % across;
                    pixels[pixel] = colours.map(|c| c[n]);
                    if DISTANCES {
                        let [first_mm, mean_mm, opacity] = along.map(|c| c[n]);
                        distances[pixel] = [first_mm, mean_mm, opacity, 0.0];
                    }
                }
            }
        }
    }
}

/// What all rays share.
struct Packets<'a, T> {
    cpu: V4,
    open: &'a Open,
    sampler: Sampler<'a, T>,
    lamp: Lamp<'a>,
    table: Table,
    threshold: f32,
    step_mm: f32,
}

/// Sixteen rays. Places are counted in voxels from the centre of the first one, lengths in steps.
struct Bundle {
    /// Where step 0 begins.
    origin: [F; 3],
    /// A step.
    by: [F; 3],
    /// Steps a voxel, never infinite.
    steps: [F; 3],
    /// Where the first step to be looked at begins, and where the last one ends.
    first: F,
    last: F,
    /// Where step 0 begins, in mm from the near plane.
    near_mm: F,
    /// Unit vector in LPS.
    direction: [F; 3],
    there: Mask,
}

impl Bundle {
    #[inline(always)]
    fn of(cpu: V4, spans: &[Option<Span>; LANES]) -> Self {
        let mut there = 0;
        let mut rows = [[0.0_f32; LANES]; 15];
        for (n, span) in spans.iter().enumerate() {
            let Some(span) = span else { continue };
            there |= 1 << n;
            let (origin, by, steps) = span.in_voxels();
            for a in 0..3 {
                rows[a][n] = origin[a];
                rows[3 + a][n] = by[a];
                rows[6 + a][n] = steps[a];
                rows[9 + a][n] = span.direction[a];
            }
            rows[12][n] = span.first as f32;
            rows[13][n] = span.whole as f32 + span.rest;
            rows[14][n] = span.mm(0, 0.0);
        }
        Self {
            origin: each!(a of 3: F::from_array(cpu, rows[a])),
            by: each!(a of 3: F::from_array(cpu, rows[3 + a])),
            steps: each!(a of 3: F::from_array(cpu, rows[6 + a])),
            direction: each!(a of 3: F::from_array(cpu, rows[9 + a])),
            first: F::from_array(cpu, rows[12]),
            last: F::from_array(cpu, rows[13]),
            near_mm: F::from_array(cpu, rows[14]),
            there,
        }
    }

    #[inline(always)]
    fn at(&self, step: F) -> [F; 3] {
        each!(a of 3: step.mul_add(self.by[a], self.origin[a]))
    }
}

impl<'a, T: Pair> Packets<'a, T> {
    #[inline(always)]
    fn new(
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
}

impl<T: Pair> March for Packets<'_, T> {
    #[inline(always)]
    fn march<const DISTANCES: bool>(&self, spans: &[Option<Span>; LANES]) -> Marched {
        let rays = Bundle::of(self.cpu, spans);
        let (zero, one, threshold) = (self.splat(0.0), self.splat(1.0), self.splat(self.threshold));
        let gaze = self.lamp.gaze(rays.direction);
        let mut sum = [zero; 4];
        let (mut first_mm, mut weighted_mm) = (self.splat(NOTHING_MM), zero);
        let mut k = rays.first;
        let mut active = rays.there & k.lt(rays.last);
        // whether the cube where the step begins is open; the value there and whether it is known
        let mut open = self.cube(rays.at(k)).0;
        let (mut begin, mut known): (F, Mask) = (zero, 0);
        // rays that wait to be shaded, the step and the values at its ends
        let mut found: Mask = 0;
        let (mut settled, mut open_end): (Mask, Mask) = (0, 0);
        let (mut step, mut first, mut second) = (zero, zero, zero);
        loop {
            let mut seek = active & !found & !settled;
            let enough = (active & !found).count_ones() / 2;
            while seek != 0 && (settled == 0 || settled.count_ones() < enough) {
                // this step and the next at a time, since each look waits long for its bits
                let next = k + one;
                let beyond = next + one;
                let (end, _) = self.cube(rays.at(next.min(rays.last)));
                let at = rays.at(beyond.min(rays.last));
                let (far, boxes) = self.cube(at);
                let hit = seek & (open | end);
                let left = seek & !hit;
                let later = left & far;
                let passed = left & !far;
                settled |= hit | later;
                open_end |= hit & end | later;
                open &= !left;
                known &= !left;
                k = k.or(later, next);
                if passed != 0 {
                    k = k.or(passed, beyond + self.leap(&rays, at, boxes));
                }
                let more = k.lt(rays.last);
                active &= !passed | more;
                seek = passed & more;
            }
            if settled != 0 {
                let next = k + one;
                let value = self.sampler.value(rays.at(next.min(rays.last)));
                if settled & !known != 0 {
                    begin = self.sampler.value(rays.at(k)).or(known, begin);
                }
                let seen = settled & begin.max(value).gt(threshold);
                (step, first, second) = (step.or(seen, k), first.or(seen, begin), second.or(seen, value));
                found |= seen;
                begin = begin.or(settled, value);
                known |= settled;
                k = k.or(settled, next);
                open = (open & !settled) | open_end;
                active &= !settled | seen | k.lt(rays.last);
                settled = 0;
                open_end = 0;
            }
            if active & !found != 0 && found.count_ones() * 8 < active.count_ones() * 5 {
                continue;
            }
            if found == 0 {
                break;
            }
            let length = (rays.last - step).min(one);
            let entry = self.table.stretch(first, second, found);
            let gradient = self.sampler.gradient(rays.at(length.mul_add(self.splat(0.5), step)), found);
            let under = self.lamp.under(sum, entry, length, gradient, &gaze);
            if DISTANCES {
                let middle = length.mul_add(self.splat(0.5), step);
                let middle_mm = middle.mul_add(self.splat(self.step_mm), rays.near_mm);
                let weighted = (under[3] - sum[3]).mul_add(middle_mm, weighted_mm);
                weighted_mm = weighted_mm.or(found, weighted);
                let hit = found & under[3].gt(self.splat(HIT));
                first_mm = first_mm.or(hit, first_mm.min(middle_mm));
            }
            for c in 0..4 {
                sum[c] = sum[c].or(found, under[c]);
            }
            active &= !found | (k.lt(rays.last) & !sum[3].gt(self.splat(OPAQUE)));
            found = 0;
        }
        let opaque = sum[3].gt(self.splat(OPAQUE));
        let by = one.or(opaque, one.over(sum[3]));
        let colours = each!(c of 4: (sum[c] * by).to_array());
        if !DISTANCES {
            return (colours, [[0.0; LANES]; 3]);
        }
        let mean_mm = weighted_mm.over(sum[3].max(self.splat(1e-6)));
        let opacity = sum[3].or(opaque, one);
        (colours, [first_mm.to_array(), mean_mm.to_array(), opacity.to_array()])
    }
}
