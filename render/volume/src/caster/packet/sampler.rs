//! Values and gradients of [`Samples`], at sixteen places.

use pulp::x86::V4;

use super::super::samples::{Samples, Voxel};
use super::gather::{floats, pairs};
use super::lanes::{F, I, LANES, Mask, each};

/// A voxel of which two neighbours are loaded at once.
pub(in super::super) trait Pair: Voxel {
    /// The voxels at each place and behind it.
    fn pair(voxels: &[Self], at: I) -> (F, F);
}

impl Pair for i16 {
    #[inline(always)]
    fn pair(voxels: &[Self], at: I) -> (F, F) {
        let both = pairs(voxels, at);
        (both.shl::<16>().shr::<16>().float(), both.shr::<16>().float())
    }
}

impl Pair for f32 {
    #[inline(always)]
    fn pair(voxels: &[Self], at: I) -> (F, F) {
        (floats(voxels, at), floats(voxels, at + I::splat(at.cpu, 1)))
    }
}

pub(super) struct Sampler<'a, T> {
    cpu: V4,
    samples: &'a Samples<'a, T>,
    /// A hair less than the index of the last voxel along each axis.
    most: [f32; 3],
    row: i32,
    slice: i32,
}

impl<'a, T: Pair> Sampler<'a, T> {
    pub(super) fn new(cpu: V4, size: [usize; 3], samples: &'a Samples<'a, T>) -> Self {
        let most = size.map(|n| ((n - 1) as f32).next_down());
        Self { cpu, samples, most, row: size[0] as i32, slice: (size[0] * size[1]) as i32 }
    }

    /// Places, brought between the centres of the first and the last voxels.
    #[inline(always)]
    fn inside(&self, at: [F; 3]) -> [F; 3] {
        let zero = F::splat(self.cpu, 0.0);
        each!(a of 3: at[a].max(zero).min(F::splat(self.cpu, self.most[a])))
    }

    /// The voxel below each place, as for values.
    #[inline(always)]
    pub(super) fn below(&self, at: [F; 3]) -> [I; 3] {
        // what is less than one before the first voxel is cut off towards zero
        each!(a of 3: at[a].whole().min_unsigned(I::splat(self.cpu, self.most[a] as i32)))
    }

    /// The voxel below each place, and how far beyond it the place is.
    #[inline(always)]
    fn place(&self, at: [F; 3]) -> (I, [I; 3], [F; 3]) {
        let inside = self.inside(at);
        let base = each!(a of 3: inside[a].whole());
        let part = each!(a of 3: inside[a] - base[a].float());
        let (slice, row) = (I::splat(self.cpu, self.slice), I::splat(self.cpu, self.row));
        let start = base[2] * slice + (base[1] * row + base[0]);
        (start, base, part)
    }

    #[inline(always)]
    fn pair(&self, start: I, by: i32) -> (F, F) {
        T::pair(self.samples.voxels(), start + I::splat(self.cpu, by))
    }

    /// Values by trilinear interpolation; the border voxels extend outwards.
    #[inline(always)]
    pub(super) fn value(&self, at: [F; 3]) -> F {
        let (start, _, [x, y, z]) = self.place(at);
        let (row, slice) = (self.row, self.slice);
        let lower = self.two(start, 0, x).mix(self.two(start, row, x), y);
        let upper = self.two(start, slice, x).mix(self.two(start, slice + row, x), y);
        lower.mix(upper, z)
    }

    /// Between two neighbours of a row.
    #[inline(always)]
    fn two(&self, start: I, by: i32, x: F) -> F {
        let (a, b) = self.pair(start, by);
        a.mix(b, x)
    }

    /// A row from one voxel before to two beyond.
    #[inline(always)]
    fn four(&self, start: I, by: i32) -> [F; 4] {
        let ((a, b), (c, d)) = (self.pair(start, by - 1), self.pair(start, by + 1));
        [a, b, c, d]
    }

    /// Central differences over one voxel each way, per voxel step, where they are wanted.
    #[inline(always)]
    pub(super) fn gradient(&self, at: [F; 3], wanted: Mask) -> [F; 3] {
        let (start, base, [x, y, z]) = self.place(at);
        let one = F::splat(self.cpu, 1.0);
        let mut border: Mask = 0;
        for a in 0..3 {
            // the voxels before and two beyond are needed
            let last = F::splat(self.cpu, (self.most[a] - 1.5).max(0.0));
            border |= at[a].lt(one) | !base[a].float().lt(last);
        }
        let inner = self.inner_gradient(start, [x, y, z]);
        if border & wanted == 0 { inner } else { self.with_border(inner, at, border & wanted) }
    }

    /// The gradients with those at the border in their place, one by one.
    #[cold]
    fn with_border(&self, inner: [F; 3], at: [F; 3], border: Mask) -> [F; 3] {
        let mut inner = each!(a of 3: inner[a].to_array());
        let at = each!(a of 3: at[a].to_array());
        for n in (0..LANES).filter(|n| border >> n & 1 == 1) {
            let place = [0, 1, 2].map(|a| super::super::fixed::fixed(f64::from(at[a][n]) + 0.5));
            let gradient = self.samples.gradient(place);
            for a in 0..3 {
                inner[a][n] = gradient[a];
            }
        }
        each!(a of 3: F::from_array(self.cpu, inner[a]))
    }

    /// The trilinear mix of the central differences at the eight voxels around, from twelve rows.
    #[inline(always)]
    fn inner_gradient(&self, start: I, [x, y, z]: [F; 3]) -> [F; 3] {
        let (row, slice) = (self.row, self.slice);
        // four voxels of the four inner rows, two of the eight around
        let (v00, v10) = (self.four(start, 0), self.four(start, row));
        let (v01, v11) = (self.four(start, slice), self.four(start, slice + row));
        let across = each!(n of 4: v00[n].mix(v10[n], y).mix(v01[n].mix(v11[n], y), z));
        let i = (across[2] - across[0]).mix(across[3] - across[1], x);
        let (m00, m10) = (v00[1].mix(v00[2], x), v10[1].mix(v10[2], x));
        let (m01, m11) = (v01[1].mix(v01[2], x), v11[1].mix(v11[2], x));
        let j0 = (m10 - self.two(start, -row, x)).mix(self.two(start, 2 * row, x) - m00, y);
        let j1 = (m11 - self.two(start, slice - row, x)).mix(self.two(start, slice + 2 * row, x) - m01, y);
        let k0 = (m01 - self.two(start, -slice, x)).mix(self.two(start, 2 * slice, x) - m00, z);
        let k1 = (m11 - self.two(start, row - slice, x)).mix(self.two(start, row + 2 * slice, x) - m10, z);
        let half = F::splat(self.cpu, 0.5);
        [i * half, j0.mix(j1, z) * half, k0.mix(k1, y) * half]
    }
}
