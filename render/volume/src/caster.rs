//! Volumes drawn by the processor, for machines without a graphics card.
//!
//! A third way beside the shaders (dvr.wgsl, iso.wgsl, mip.wgsl) and their twins, tested against both: the same steps
//! and the same sums, with leaps over what is empty and each ray on its own, so that none waits for its neighbours as in
//! a software driver's groups of eight. It reads the volume where it lies in memory: nothing is copied or converted
//! before the first picture.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the kind of processor at hand"
)]
#![cfg_attr(
    not(target_arch = "x86_64"),
    expect(dead_code, reason = "some of it is there for rays that go together")
)]

mod cut;
mod fixed;
mod iso;
mod layers;
mod open;
#[cfg_attr(not(target_arch = "x86_64"), path = "caster/no_packet.rs")]
mod packet;
mod projections;
mod rays;
mod reach;
mod samples;
mod segmented;
mod shade;
mod tally;
#[cfg(test)]
mod tests;

use glam::Vec4;
use meshing_space::{Lps, Vector};
use meshing_volume::{Volume, Voxels};
use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

use crate::cells::{Cells, Visible};
use crate::depths::{HIT, NOTHING_MM};
use crate::integrals::Integrals;
use crate::light_grid::LightGrid;
use crate::{Carved, ClipPlanes, IsoSurface, Look, Mode, SegmentItem, ViewMatrices};
use cut::{Ahead, Cuts};
use fixed::Place;
pub(crate) use layers::LayerPictures;
use layers::OnRay;
pub(crate) use open::Open;
use packet::Pair;
pub(crate) use packet::packs;
use rays::{Rays, Span};
use reach::Reach;
use samples::Samples;
use segmented::Labels;
use shade::Light;
pub use tally::MarchStatistics;
use tally::{Counts, Tally};

/// A ray ends when it has this much opacity; what it has is then all there is. Also in dvr.wgsl.
const OPAQUE: f32 = 0.99;

/// Rows that one thread draws at a time.
const BAND: usize = 8;

/// What is to be drawn of one volume.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job<'a> {
    pub(crate) volume: &'a Volume,
    pub(crate) cells: &'a Cells,
    pub(crate) look: &'a Look,
    /// Tables of the look's transfer function; of no use to a projection.
    pub(crate) integrals: &'a Integrals,
    /// The same, then those of the transfer functions that segments have of their own.
    pub(crate) functions: &'a [Integrals],
    /// Light by block, where the look asks for occlusion or shadow.
    pub(crate) light: Option<&'a LightGrid>,
    pub(crate) visible: &'a Visible,
    /// Where values can be seen, where that is known.
    pub(crate) open: Option<&'a Open>,
    /// Segments that change what is seen.
    pub(crate) segments: Option<&'a SegmentItem>,
    pub(crate) view: &'a ViewMatrices,
    /// Pixels across and down.
    pub(crate) size: [u32; 2],
    /// Corner and size of the part of them that is drawn.
    pub(crate) kept: [[u32; 2]; 2],
    /// Rays whose cosine to a unit vector is larger are left out.
    pub(crate) hole: Option<(Vector<Lps>, f64)>,
    pub(crate) clip: &'a ClipPlanes,
    /// What is carved away.
    pub(crate) carve: Option<&'a Carved>,
    /// Reverse-Z depth of what was drawn before, row by row.
    pub(crate) depth: Option<&'a [f32]>,
    /// What is translucent, to be taken in by a shaded volume.
    pub(crate) layers: Option<&'a LayerPictures>,
    /// Whether distances are wanted too.
    pub(crate) distances: bool,
}

/// Part of a picture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cast {
    /// Left, top.
    pub(crate) corner: [u32; 2],
    /// Pixels across and down; none where nothing is to be seen.
    pub(crate) size: [u32; 2],
    /// Linear premultiplied colour and opacity, row by row.
    pub(crate) pixels: Vec<[f32; 4]>,
    /// Where asked for: mm from the near plane to the first hit ([`NOTHING_MM`](crate::depths::NOTHING_MM) where
    /// there is none), mean mm weighted by opacity, opacity without layers, 0.
    pub(crate) distances: Vec<[f32; 4]>,
}

/// Whether the processor can draw this volume: each axis needs two voxels to mix.
pub(crate) fn takes(volume: &Volume) -> bool {
    volume.grid().size().iter().all(|&n| n >= 2)
}

/// Draws. The same input gives the same pixels on any number of threads.
pub(crate) fn cast(job: &Job<'_>) -> Cast {
    match job.volume.voxels() {
        Voxels::I16(v) => cast_of(job, v, |()| {}),
        Voxels::F32(v) => cast_of(job, v, |()| {}),
    }
}

/// Draws for the sake of counting.
pub(crate) fn statistics(job: &Job<'_>) -> MarchStatistics {
    let all = std::sync::Mutex::new(Counts::default());
    let add = |counts: Counts| *all.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += counts;
    match job.volume.voxels() {
        Voxels::I16(v) => cast_of(job, v, add),
        Voxels::F32(v) => cast_of(job, v, add),
    };
    let counts = *all.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    counts.told(job)
}

fn cast_of<T: Pair, C: Tally>(job: &Job<'_>, voxels: &[T], counted: impl Fn(C) + Sync) -> Cast {
    let reach = Reach::of(job);
    // layers are drawn where the volume is not, too
    let whole = job.layers.map(|_| [[0, 0], job.size]);
    let window = whole.or_else(|| reach.window(job.size));
    let Some([corner, size]) = window.and_then(|w| common(w, job.kept)) else {
        return Cast { corner: [0; 2], size: [0; 2], pixels: Vec::new(), distances: Vec::new() };
    };
    let rays = Rays::new(job, &reach);
    let samples = Samples::new(job.volume.grid().size(), voxels);
    let light = Light::new(job);
    let labels = job.segments.map(|item| Labels::new(item, &job.look.transfer));
    let surfaces = job.look.shown_surfaces();
    let cuts = Cuts::new(job);
    let width = size[0] as usize;
    let count = width * size[1] as usize;
    let mut pixels = vec![[0.0; 4]; count];
    let mut distances = vec![[NOTHING_MM, 0.0, 0.0, 0.0]; if job.distances { count } else { 0 }];
    let draw = |band: usize, pixels: &mut [[f32; 4]], distances: &mut [[f32; 4]]| {
        let corner = [corner[0], corner[1] + (band * BAND) as u32];
        let mut tally = C::default();
        let band = Band {
            job,
            rays: &rays,
            samples: &samples,
            light: &light,
            labels: labels.as_ref(),
            surfaces: &surfaces,
            cuts: cuts.as_ref(),
            corner,
            width,
            pixels,
            distances,
            tally: &mut tally,
        };
        band.draw();
        counted(tally);
    };
    let bands = pixels.par_chunks_mut(width * BAND);
    if job.distances {
        let both = bands.zip(distances.par_chunks_mut(width * BAND)).enumerate();
        both.for_each(|(band, (pixels, distances))| draw(band, pixels, distances));
    } else {
        bands.enumerate().for_each(|(band, pixels)| draw(band, pixels, &mut []));
    }
    Cast { corner, size, pixels, distances }
}

/// What two rectangles have in common.
fn common(a: [[u32; 2]; 2], b: [[u32; 2]; 2]) -> Option<[[u32; 2]; 2]> {
    let corner = [0, 1].map(|n| a[0][n].max(b[0][n]));
    let end = [0, 1].map(|n| (a[0][n] + a[1][n]).min(b[0][n] + b[1][n]));
    (corner[0] < end[0] && corner[1] < end[1]).then(|| [corner, [0, 1].map(|n| end[n] - corner[n])])
}

/// A few rows of a picture: what is compiled for each kind of processor.
struct Band<'a, 'b, T, C> {
    job: &'a Job<'b>,
    rays: &'a Rays<'b>,
    samples: &'a Samples<'b, T>,
    light: &'a Light<'b>,
    labels: Option<&'a Labels<'b>>,
    surfaces: &'a [IsoSurface],
    cuts: Option<&'a Cuts<'b>>,
    corner: [u32; 2],
    width: usize,
    pixels: &'a mut [[f32; 4]],
    /// Empty where they are not wanted.
    distances: &'a mut [[f32; 4]],
    tally: &'a mut C,
}

impl<T: Pair, C: Tally> NullaryFnOnce for Band<'_, '_, T, C> {
    type Output = ();

    // a closure would not be compiled anew for each kind of processor: it is too large to be inlined three times
    #[inline(always)]
    fn call(self) {
        if self.distances.is_empty() {
            self.lines::<false>();
        } else {
            self.lines::<true>();
        }
    }
}

impl<T: Pair, C: Tally> Band<'_, '_, T, C> {
    fn draw(self) {
        let cpu = if C::FREE { packet::processor() } else { None };
        let left = match cpu {
            Some(cpu) => packet::draw(cpu, self),
            None => Some(self),
        };
        if let Some(band) = left {
            Arch::new().dispatch(band);
        }
    }

    /// Without distances nothing is counted for them.
    #[inline(always)]
    fn lines<const DISTANCES: bool>(self) {
        for (n, pixel) in self.pixels.iter_mut().enumerate() {
            let (x, y) = (self.corner[0] + (n % self.width) as u32, self.corner[1] + (n / self.width) as u32);
            let layers = self.rays.layers(x, y);
            let Some(span) = self.rays.span(x, y) else {
                *pixel = layers.rest(Vec4::ZERO).to_array();
                continue;
            };
            self.tally.ray();
            let seen = match self.job.look.mode {
                Mode::Dvr => {
                    let (samples, light, more) = (self.samples, self.light, (self.labels, self.cuts));
                    let counted = &mut *self.tally;
                    shaded::<T, C, DISTANCES>(self.job, samples, light, more, &span, layers, counted)
                }
                Mode::Iso => {
                    let (samples, light, more) = (self.samples, self.light, (self.labels, self.cuts));
                    iso::surfaces(self.job, samples, light, more, self.surfaces, &span, layers, self.tally)
                }
                Mode::Mip => {
                    projections::extreme::<T, C, false>(self.job, self.samples, self.cuts, &span, self.tally)
                }
                Mode::MinIp => {
                    projections::extreme::<T, C, true>(self.job, self.samples, self.cuts, &span, self.tally)
                }
                Mode::Mean => projections::mean(self.job, self.samples, self.cuts, &span, self.tally),
            };
            *pixel = seen.colour;
            if DISTANCES {
                self.distances[n] = [seen.first_mm, seen.mean_mm, seen.opacity, 0.0];
            }
        }
    }
}

/// What a ray sees of a volume.
struct Seen {
    colour: [f32; 4],
    /// Without layers.
    opacity: f32,
    first_mm: f32,
    mean_mm: f32,
}

/// Distances gathered along a ray, and the opacity of the volume alone.
struct Gathered {
    opacity: f32,
    first_mm: f32,
    weighted_mm: f32,
}

impl Gathered {
    const NOTHING: Self = Self { opacity: 0.0, first_mm: NOTHING_MM, weighted_mm: 0.0 };

    #[inline(always)]
    fn add(&mut self, entry: Vec4, length_mm: f32, middle_mm: f32) {
        self.cross(shade::opacity(entry, length_mm), middle_mm);
    }

    /// Something of an opacity at one place.
    #[inline(always)]
    fn cross(&mut self, alpha: f32, mm: f32) {
        let opacity = self.opacity + (1.0 - self.opacity) * alpha;
        self.weighted_mm += (opacity - self.opacity) * mm;
        self.opacity = opacity;
        if opacity > HIT {
            self.first_mm = self.first_mm.min(mm);
        }
    }

    #[inline(always)]
    fn seen(&self, colour: Vec4) -> Seen {
        Seen {
            colour: colour.to_array(),
            // as the colour of a ray that ends early
            opacity: if self.opacity > OPAQUE { 1.0 } else { self.opacity },
            first_mm: self.first_mm,
            mean_mm: self.weighted_mm / self.opacity.max(1e-6),
        }
    }
}

/// The cell of a place, the bit of its part, and which part along each axis.
#[inline(always)]
fn cell_of(at: Place, cells: &Cells) -> (usize, u8, [i32; 3]) {
    const SHIFT: u32 = 32 + crate::cells::PART.trailing_zeros();
    let mut part = [0_i32; 3];
    for a in 0..3 {
        part[a] = ((at[a] >> SHIFT) as i32).clamp(0, cells.parts_size[a] as i32 - 1);
    }
    let [i, j, k] = [part[0] as usize, part[1] as usize, part[2] as usize];
    let [ni, nj, _] = cells.size;
    let bit = (i & 1) | (j & 1) << 1 | (k & 1) << 2;
    (((k >> 1) * nj + (j >> 1)) * ni + (i >> 1), 1 << bit, part)
}

/// The shaded ray-march of dvr.wgsl.
#[inline(always)]
#[expect(clippy::too_many_lines, reason = "one loop and its end, compiled as one")]
fn shaded<T: Pair, C: Tally, const DISTANCES: bool>(
    job: &Job<'_>,
    samples: &Samples<'_, T>,
    light: &Light<'_>,
    (labels, cuts): (Option<&Labels<'_>>, Option<&Cuts<'_>>),
    span: &Span,
    mut layers: OnRay,
    tally: &mut C,
) -> Seen {
    let (cells, visible) = (job.cells, job.visible);
    let threshold = light.transparent_up_to;
    let gaze = light.gaze(span.direction);
    let table = job.integrals;
    let mut sum = Vec4::ZERO;
    let mut gathered = Gathered::NOTHING;
    let mut k = span.first;
    // the value where the step begins, its place in the table and the sums up to there, as far as they are known
    let mut begin = None;
    let mut below = None;
    // up to this step no shape cuts
    let mut clear = span.first;
    while k < span.whole {
        let middle = span.at_half(2 * k + 1);
        let (cell, bit, part) = cell_of(middle, cells);
        let free = visible.distance[cell];
        if free > 0 || visible.parts[cell] & bit == 0 {
            let to = span.leap(k, middle, part, free);
            tally.leap(to.min(span.whole) - k);
            k = to;
            begin = None;
            continue;
        }
        if let Some(cuts) = cuts.filter(|_| k >= clear) {
            match cuts.ahead(middle, span.step_mm) {
                Ahead::Gone(steps) => {
                    let to = (k + steps).min(span.whole);
                    tally.leap(to - k);
                    k = to;
                    begin = None;
                    continue;
                }
                Ahead::Clear(steps) => clear = k + steps,
            }
        }
        let first = if let Some(value) = begin {
            value
        } else {
            below = None;
            samples.value(span.at_half(2 * k))
        };
        tally.step();
        let last = samples.value(span.at_half(2 * k + 2));
        begin = Some(last);
        k += 1;
        if first.max(last) <= threshold && labels.is_none() {
            below = None;
            continue;
        }
        let (x, y) = (table.index(first), table.index(last));
        let below_x = match below {
            Some(sums) => sums,
            None => table.up_to(x),
        };
        let below_y = table.up_to(y);
        below = Some(below_y);
        let mut entry = table.stretch((x, below_x), (y, below_y));
        let (share, known) = light.share(|| samples.gradient(middle));
        entry.w *= share;
        if let Some(labels) = labels {
            entry = labels.shown(entry, job.functions, [first, last], middle, share);
        }
        if let Some(cuts) = cuts.filter(|_| entry.w > 0.0) {
            if k > clear {
                entry.w *= cuts.left(span.at_half(2 * k - 2), span.at_half(2 * k));
            }
            entry.w *= 1.0 - cuts.taken(middle);
        }
        if entry.w > 0.0 {
            tally.shade();
            let gradient = known.unwrap_or_else(|| samples.gradient(middle));
            let shown = light.shown(entry, middle, gradient, &gaze);
            let under = |sum, mm| shown.under(sum, mm);
            sum = layers.cut(sum, span.mm(k - 1, 0.0), span.step_mm, under);
            if DISTANCES {
                gathered.add(entry, span.step_mm, span.mm(k - 1, 0.5));
            }
            if sum.w > OPAQUE {
                return gathered.seen(sum / sum.w);
            }
        }
    }
    // the last step ends where the ray does
    if k == span.whole && span.rest > 0.0 {
        let ends = [span.at_half(2 * k), span.at_rest(span.rest)].map(|at| samples.value(at));
        let [first, last] = ends.map(|value| (table.index(value), table.up_to(table.index(value))));
        let mut entry = table.stretch(first, last);
        let middle = span.at_rest(span.rest * 0.5);
        let (share, known) = light.share(|| samples.gradient(middle));
        entry.w *= share;
        if let Some(labels) = labels {
            entry = labels.shown(entry, job.functions, ends, middle, share);
        }
        if let Some(cuts) = cuts.filter(|_| entry.w > 0.0) {
            entry.w *= cuts.left(span.at_half(2 * k), span.at_rest(span.rest)) * (1.0 - cuts.taken(middle));
        }
        if entry.w > 0.0 {
            let gradient = known.unwrap_or_else(|| samples.gradient(middle));
            let length_mm = span.step_mm * span.rest;
            let shown = light.shown(entry, middle, gradient, &gaze);
            let under = |sum, mm| shown.under(sum, mm);
            sum = layers.cut(sum, span.mm(k, 0.0), length_mm, under);
            if DISTANCES {
                gathered.add(entry, length_mm, span.mm(k, span.rest * 0.5));
            }
        }
    }
    gathered.seen(layers.rest(sum))
}
