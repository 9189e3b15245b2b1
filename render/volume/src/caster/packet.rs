//! Rays through plain volumes, sixteen at once, on processors that load from sixteen places at once (AVX-512).
//!
//! Each ray goes its own way in a lane; where it ends, the next one of the picture takes its place. The steps are those
//! of the march for one ray; a step of which neither end lies in an open cube is passed over without a look at values.

mod extreme;
mod gather;
mod lanes;
mod light;
mod sampler;
mod shaded;
mod table;

use pulp::NullaryFnOnce;
use pulp::x86::V4;

use super::rays::Rays;
use super::{Band, Tally};
use crate::{ClipPlanes, Mode, VolumeItem};
use extreme::Extreme;
use lanes::{F, I, LANES, Mask, each, lowest};
pub(super) use sampler::Pair;
use shaded::Shaded;

/// Pixels across and down whose rays go together.
const PIXELS: [usize; 2] = [4, 4];

/// Lanes without a ray at which new ones are fetched.
const FREE: u32 = 3;

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
            cpu.vectorize(Rows { cpu, march: Shaded::new(cpu, job, open, samples, light), band });
        }
        (_, Mode::Mip) if projects => {
            cpu.vectorize(Rows { cpu, march: Extreme::<T, false>::new(cpu, job, samples), band });
        }
        (_, Mode::MinIp) if projects => {
            cpu.vectorize(Rows { cpu, march: Extreme::<T, true>::new(cpu, job, samples), band });
        }
        _ => return Some(band),
    }
    None
}

/// A way to go along rays, sixteen at a time.
trait March {
    /// Draws all rays of a queue.
    fn march<const DISTANCES: bool>(&self, queue: &mut Queue<'_, '_>);
}

struct Rows<'b, 'c, M, T, C> {
    cpu: V4,
    march: M,
    band: Band<'b, 'c, T, C>,
}

impl<M: March, T: Pair, C: Tally> NullaryFnOnce for Rows<'_, '_, M, T, C> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Band { rays, corner, width, pixels, distances, .. } = self.band;
        let apart = !distances.is_empty();
        let square = Bundle::none(self.cpu);
        let mut queue = Queue { rays, corner, width, next: 0, square, pixels, distances };
        if apart {
            self.march.march::<true>(&mut queue);
        } else {
            self.march.march::<false>(&mut queue);
        }
    }
}

/// The rays of a few rows of a picture, in squares of [`PIXELS`], and where they end.
struct Queue<'q, 'b> {
    rays: &'q Rays<'b>,
    corner: [u32; 2],
    width: usize,
    /// The next square to be fetched, down before across.
    next: usize,
    /// Those of the last one that are still to be had.
    square: Bundle,
    pixels: &'q mut [[f32; 4]],
    distances: &'q mut [[f32; 4]],
}

impl Queue<'_, '_> {
    /// Squares across and down.
    #[inline(always)]
    fn squares(&self) -> [usize; 2] {
        let height = self.pixels.len() / self.width;
        [self.width.div_ceil(PIXELS[0]), height.div_ceil(PIXELS[1])]
    }

    /// Whether no ray is left.
    #[inline(always)]
    fn is_empty(&self) -> bool {
        let [across, down] = self.squares();
        self.square.there == 0 && self.next >= across * down
    }

    /// Fetches a square, those pixels of it that lie in the picture and whose rays meet anything.
    #[inline(always)]
    fn fetch(&mut self, cpu: V4) {
        let (height, down) = (self.pixels.len() / self.width, self.squares()[1]);
        let (left, top) = (self.next / down * PIXELS[0], self.next % down * PIXELS[1]);
        self.next += 1;
        let mut places = [[0; 2]; LANES];
        let mut at = [0; LANES];
        let mut inside: Mask = 0;
        for n in 0..LANES {
            let (x, y) = (left + n % PIXELS[0], top + n / PIXELS[0]);
            if x < self.width && y < height {
                inside |= 1 << n;
                at[n] = (y * self.width + x) as i32;
            }
            places[n] =
                [self.corner[0] + x.min(self.width - 1) as u32, self.corner[1] + y.min(height - 1) as u32];
        }
        let runs = self.rays.runs(places);
        for n in 0..LANES {
            if !runs.there[n] {
                inside &= !(1 << n);
            }
        }
        self.square = Bundle {
            origin: each!(a of 3: floats(cpu, &runs.origin[a])),
            by: each!(a of 3: floats(cpu, &runs.by[a])),
            steps: each!(a of 3: floats(cpu, &runs.steps[a])),
            direction: each!(a of 3: floats(cpu, &runs.direction[a])),
            first: floats(cpu, &runs.first),
            last: floats(cpu, &runs.whole) + floats(cpu, &runs.rest),
            near_mm: floats(cpu, &runs.near_mm),
            pixels: I::from_array(cpu, at),
            there: inside,
        };
    }

    /// Writes down rays that have ended: linear premultiplied colour and opacity; where wanted the first hit and the mean
    /// in mm, and the volume's opacity.
    #[inline(always)]
    fn end<const DISTANCES: bool>(&mut self, rays: &Bundle, ended: Mask, colours: [F; 4], along: [F; 3]) {
        let colours = each!(c of 4: colours[c].to_array());
        let along = each!(c of 3: along[c].to_array());
        let pixels = rays.pixels.to_array();
        for n in lanes_of(ended) {
            self.put::<DISTANCES>(pixels[n], each!(c of 4: colours[c][n]), each!(c of 3: along[c][n]));
        }
    }

    #[inline(always)]
    fn put<const DISTANCES: bool>(&mut self, pixel: i32, colour: [f32; 4], along: [f32; 3]) {
        let pixel = pixel as usize;
        self.pixels[pixel] = colour;
        if DISTANCES {
            let [first_mm, mean_mm, opacity] = along;
            self.distances[pixel] = [first_mm, mean_mm, opacity, 0.0];
        }
    }
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
    /// Where in the band each ends.
    pixels: I,
    /// Which are rays; the others wait for one.
    there: Mask,
}

impl Bundle {
    #[inline(always)]
    fn none(cpu: V4) -> Self {
        let zero = F::splat(cpu, 0.0);
        Self {
            origin: [zero; 3],
            by: [zero; 3],
            steps: [zero; 3],
            direction: [zero; 3],
            first: zero,
            last: zero,
            near_mm: zero,
            pixels: I::splat(cpu, 0),
            there: 0,
        }
    }

    /// Puts the next rays of a queue in the place of others; those of them that had a successor.
    #[inline(always)]
    fn refill(&mut self, cpu: V4, queue: &mut Queue<'_, '_>, places: Mask) -> Mask {
        self.there &= !places;
        let mut left = places;
        while left != 0 && !queue.is_empty() {
            if queue.square.there == 0 {
                queue.fetch(cpu);
                continue;
            }
            let from = &queue.square;
            let (to, taken) = (lowest(left, from.there), lowest(from.there, left));
            self.origin = each!(a of 3: self.origin[a].join(!to, from.origin[a], taken));
            self.by = each!(a of 3: self.by[a].join(!to, from.by[a], taken));
            self.steps = each!(a of 3: self.steps[a].join(!to, from.steps[a], taken));
            self.direction = each!(a of 3: self.direction[a].join(!to, from.direction[a], taken));
            self.first = self.first.join(!to, from.first, taken);
            self.last = self.last.join(!to, from.last, taken);
            self.near_mm = self.near_mm.join(!to, from.near_mm, taken);
            self.pixels = self.pixels.join(!to, from.pixels, taken);
            queue.square.there &= !taken;
            left &= !to;
        }
        self.there |= places & !left;
        places & !left
    }

    #[inline(always)]
    fn at(&self, step: F) -> [F; 3] {
        each!(a of 3: step.mul_add(self.by[a], self.origin[a]))
    }
}

#[inline(always)]
fn floats(cpu: V4, row: &[f64; LANES]) -> F {
    let mut floats = [0.0; LANES];
    for n in 0..LANES {
        floats[n] = row[n] as f32;
    }
    F::from_array(cpu, floats)
}

/// The lanes of a mask, from the first.
#[inline(always)]
fn lanes_of(mask: Mask) -> impl Iterator<Item = usize> {
    (0..LANES).filter(move |n| mask >> n & 1 == 1)
}
