//! What the isosurface is taken of: signed values on a voxel grid, zero or more inside.

use meshing_volume::LabelMap;

use super::bits::pack_row;
use super::machine::Machine;

/// A scalar field on a voxel grid. Values of 0 or more are inside; the surface is where linear interpolation gives 0.
pub(super) trait Field: Sync {
    /// What must be made ready of a plane before values of it are asked for.
    type Plane: Default + Send;

    /// Packs which voxels of plane `k` are inside; `width` words a row. Answers the lowest and highest grey value.
    fn pack(&self, k: usize, width: usize, words: &mut [u64], machine: impl Machine) -> (f32, f32);

    /// Takes the lowest and highest grey value of all planes. True if that brings every voxel inside.
    fn settle(&mut self, range: (f32, f32)) -> bool;

    /// Makes plane `k` ready for those rows that are `needed`.
    fn ready(&self, k: usize, needed: impl Fn(usize) -> bool, plane: &mut Self::Plane);

    /// The value of the voxel at `index` in the grid and `n` in its plane. Its sign is that of the packed flag.
    fn value(&self, plane: &Self::Plane, index: usize, n: usize) -> f32;

    /// The value up to single precision, quickly: its sign may be lost where it is nearly 0.
    #[inline(always)]
    fn near(&self, plane: &Self::Plane, index: usize, n: usize) -> f32 {
        self.value(plane, index, n)
    }

    /// Both at `index` and at the next place, which is in the same row.
    #[inline(always)]
    fn near_pair(&self, plane: &Self::Plane, index: usize, n: usize) -> [f32; 2] {
        [self.near(plane, index, n), self.near(plane, index + 1, n + 1)]
    }

    /// Has the 64 voxels from a place on brought near, before values are asked for.
    #[inline(always)]
    fn fetch(&self, _index: usize, _machine: impl Machine) {}

    /// The same as [`Field::near`] without a plane made ready; slower.
    fn alone(&self, at: [usize; 3]) -> f32;

    /// The value around the grid; below 0.
    fn background(&self) -> f32;
}

/// The smallest distance from the level that a value outside may have.
const JUST_OUTSIDE: f32 = -f32::MIN_POSITIVE;

/// Lowest and highest of nothing.
pub(super) const NO_RANGE: (f32, f32) = (f32::INFINITY, f32::NEG_INFINITY);

/// The distance of the lowest value below the level, for the layer around the volume.
fn background(range: (f32, f32), iso: f64) -> f32 {
    let (low, high) = (f64::from(range.0), f64::from(range.1));
    let depth = if low < iso { iso - low } else { high - iso };
    if depth.is_finite() && depth > 0.0 { -(depth as f32) } else { -1.0 }
}

/// Lowest and highest of values; NaN is passed over. In lanes, as a single running minimum would wait for itself.
struct Limits<T> {
    low: [T; LANES],
    high: [T; LANES],
}

const LANES: usize = 32;

impl<T: Value> Limits<T> {
    #[inline(always)]
    const fn new() -> Self {
        Self { low: [T::LIMITS.0; LANES], high: [T::LIMITS.1; LANES] }
    }

    #[inline(always)]
    fn row(&mut self, row: &[T]) {
        // Held by value: through a reference each step would write them to memory.
        let (mut low, mut high) = (self.low, self.high);
        let mut see = |n: usize, value: T| {
            low[n] = if value < low[n] { value } else { low[n] };
            high[n] = if value > high[n] { value } else { high[n] };
        };
        let (blocks, rest) = row.as_chunks::<LANES>();
        for block in blocks {
            for n in 0..LANES {
                see(n, block[n]);
            }
        }
        for (n, &value) in rest.iter().enumerate() {
            see(n, value);
        }
        (self.low, self.high) = (low, high);
    }

    #[inline(always)]
    fn range(&self) -> (f32, f32) {
        let low = self.low.iter().fold(f32::INFINITY, |low, value| low.min(value.single()));
        (low, self.high.iter().fold(f32::NEG_INFINITY, |high, value| high.max(value.single())))
    }
}

/// A voxel of a grey volume.
pub(super) trait Value: Copy + PartialOrd + Send + Sync {
    /// What a search for the lowest and the highest starts with.
    const LIMITS: (Self, Self);
    /// The smallest value of at least `iso`; `None` if there is none.
    fn least(iso: f64) -> Option<Self>;
    fn single(self) -> f32;
    fn is_number(self) -> bool;
}

impl Value for i16 {
    const LIMITS: (Self, Self) = (Self::MAX, Self::MIN);

    fn least(iso: f64) -> Option<Self> {
        let least = iso.ceil();
        // NaN compares with nothing, so nothing is inside.
        (least <= f64::from(Self::MAX)).then_some(least as Self)
    }

    #[inline(always)]
    fn single(self) -> f32 {
        f32::from(self)
    }

    #[inline(always)]
    fn is_number(self) -> bool {
        true
    }
}

impl Value for f32 {
    const LIMITS: (Self, Self) = NO_RANGE;

    fn least(iso: f64) -> Option<Self> {
        let near = iso as Self;
        Some(if f64::from(near) < iso { near.next_up() } else { near })
    }

    #[inline(always)]
    fn single(self) -> f32 {
        self
    }

    #[inline(always)]
    fn is_number(self) -> bool {
        !self.is_nan()
    }
}

/// A grey volume against a level.
pub(super) struct Grey<'a, T> {
    values: &'a [T],
    size: [usize; 3],
    iso: f64,
    range: (f32, f32),
}

impl<'a, T: Value> Grey<'a, T> {
    pub(super) const fn new(values: &'a [T], size: [usize; 3], iso: f64) -> Self {
        Self { values, size, iso, range: NO_RANGE }
    }

    fn plane(&self, k: usize) -> &'a [T] {
        let area = self.size[0] * self.size[1];
        &self.values[k * area..(k + 1) * area]
    }

    /// How far a voxel is above the level; NaN counts as the lowest value.
    #[inline(always)]
    fn above(&self, index: usize) -> f64 {
        let value = self.values[index];
        f64::from(if value.is_number() { value.single() } else { self.range.0 }) - self.iso
    }
}

impl<T: Value> Field for Grey<'_, T> {
    type Plane = ();

    #[inline(always)]
    fn pack(&self, k: usize, width: usize, words: &mut [u64], machine: impl Machine) -> (f32, f32) {
        let least = T::least(self.iso);
        let mut limits = Limits::new();
        for (row, words) in self.plane(k).chunks_exact(self.size[0]).zip(words.chunks_exact_mut(width)) {
            limits.row(row);
            if let Some(least) = least {
                pack_row(row, words, machine, |v| v >= least);
            }
        }
        limits.range()
    }

    fn settle(&mut self, range: (f32, f32)) -> bool {
        self.range = range;
        // NaN counts as the lowest value, so it is inside only where all else is.
        range.0 <= range.1 && f64::from(range.0) >= self.iso
    }

    fn ready(&self, _: usize, _: impl Fn(usize) -> bool, (): &mut ()) {}

    #[inline(always)]
    fn value(&self, (): &(), index: usize, _: usize) -> f32 {
        let above = self.above(index);
        let single = above as f32;
        if above < 0.0 && single > JUST_OUTSIDE { JUST_OUTSIDE } else { single }
    }

    #[inline(always)]
    fn near(&self, (): &(), index: usize, _: usize) -> f32 {
        let value = self.values[index];
        (if value.is_number() { value.single() } else { self.range.0 }) - self.iso as f32
    }

    #[inline(always)]
    fn near_pair(&self, (): &(), index: usize, _: usize) -> [f32; 2] {
        let level = self.iso as f32;
        let pair: [T; 2] = self.values[index..index + 2].try_into().expect("two");
        pair.map(|value| (if value.is_number() { value.single() } else { self.range.0 }) - level)
    }

    #[inline(always)]
    fn fetch(&self, index: usize, machine: impl Machine) {
        // A line of the memory holds 64 bytes.
        for n in 0..size_of::<T>() {
            if let Some(value) = self.values.get(index + n * 64 / size_of::<T>()) {
                machine.fetch(value);
            }
        }
    }

    fn alone(&self, [i, j, k]: [usize; 3]) -> f32 {
        self.near(&(), (k * self.size[1] + j) * self.size[0] + i, 0)
    }

    fn background(&self) -> f32 {
        background(self.range, self.iso)
    }
}

/// A grey volume whose sign the mask gives: distances from the level, inside where the mask says so.
pub(super) struct Shell<'a, T> {
    grey: Grey<'a, T>,
    mask: &'a LabelMap,
    label: u8,
}

impl<'a, T: Value> Shell<'a, T> {
    pub(super) const fn new(grey: Grey<'a, T>, mask: &'a LabelMap, label: u8) -> Self {
        Self { grey, mask, label }
    }
}

/// Packs the voxels of plane `k` that carry a label.
#[inline(always)]
fn pack_label(mask: &LabelMap, label: u8, k: usize, width: usize, words: &mut [u64], machine: impl Machine) {
    let [si, sj, _] = mask.grid().size();
    let rows = mask.labels()[k * si * sj..(k + 1) * si * sj].chunks_exact(si);
    for (row, words) in rows.zip(words.chunks_exact_mut(width)) {
        pack_row(row, words, machine, |l| l == label);
    }
}

impl<T: Value> Field for Shell<'_, T> {
    type Plane = ();

    #[inline(always)]
    fn pack(&self, k: usize, width: usize, words: &mut [u64], machine: impl Machine) -> (f32, f32) {
        pack_label(self.mask, self.label, k, width, words, machine);
        let mut limits = Limits::new();
        limits.row(self.grey.plane(k));
        limits.range()
    }

    fn settle(&mut self, range: (f32, f32)) -> bool {
        self.grey.range = range;
        false
    }

    fn ready(&self, _: usize, _: impl Fn(usize) -> bool, (): &mut ()) {}

    #[inline(always)]
    fn value(&self, (): &(), index: usize, _: usize) -> f32 {
        let distance = self.grey.above(index).abs() as f32;
        if self.mask.labels()[index] == self.label { distance } else { (-distance).min(JUST_OUTSIDE) }
    }

    #[inline(always)]
    fn fetch(&self, index: usize, machine: impl Machine) {
        self.grey.fetch(index, machine);
        if let Some(label) = self.mask.labels().get(index) {
            machine.fetch(label);
        }
    }

    fn alone(&self, [i, j, k]: [usize; 3]) -> f32 {
        self.value(&(), self.mask.grid().index(i, j, k), 0)
    }

    fn background(&self) -> f32 {
        self.grey.background()
    }
}

/// A mask smoothed by a 3×3×3 binomial kernel, level ½, with every voxel kept on its side.
pub(super) struct Smoothed<'a> {
    pub(super) mask: &'a LabelMap,
    pub(super) label: u8,
}

/// How far from the level a voxel stays that smoothing would have moved to the other side.
pub(crate) const KEPT: f32 = 1.0 / 16.0;

/// Smoothed flags of a plane, 0 to 64, and room for the steps between.
#[derive(Default)]
pub(super) struct Sums {
    totals: Vec<u8>,
    along_k: Vec<u8>,
    along_j: Vec<u8>,
}

impl Field for Smoothed<'_> {
    type Plane = Sums;

    #[inline(always)]
    fn pack(&self, k: usize, width: usize, words: &mut [u64], machine: impl Machine) -> (f32, f32) {
        pack_label(self.mask, self.label, k, width, words, machine);
        NO_RANGE
    }

    fn settle(&mut self, _: (f32, f32)) -> bool {
        false
    }

    #[inline(always)]
    fn ready(&self, k: usize, needed: impl Fn(usize) -> bool, plane: &mut Sums) {
        let [si, sj, sk] = self.mask.grid().size();
        let area = si * sj;
        // Along k, then j, then i, each 1-2-1 with the border voxel repeated: sums of 64.
        let labels = self.mask.labels();
        let label = self.label;
        plane.totals.resize(area, 0);
        plane.along_k.resize(area, 0);
        plane.along_j.resize(si, 0);
        let [below, here, above] =
            [k.saturating_sub(1), k, (k + 1).min(sk - 1)].map(|k| &labels[k * area..(k + 1) * area]);
        let wanted = |j: usize| j < sj && needed(j);
        for j in (0..sj).filter(|&j| wanted(j.wrapping_sub(1)) || wanted(j) || wanted(j + 1)) {
            let row = j * si..(j + 1) * si;
            let three = below[row.clone()].iter().zip(&here[row.clone()]).zip(&above[row.clone()]);
            for (sum, ((&a, &b), &c)) in plane.along_k[row].iter_mut().zip(three) {
                *sum = u8::from(a == label) + 2 * u8::from(b == label) + u8::from(c == label);
            }
        }
        for j in (0..sj).filter(|&j| wanted(j)) {
            let [a, b, c] =
                [j.saturating_sub(1), j, (j + 1).min(sj - 1)].map(|j| &plane.along_k[j * si..(j + 1) * si]);
            for (sum, ((&a, &b), &c)) in plane.along_j.iter_mut().zip(a.iter().zip(b).zip(c)) {
                *sum = a + 2 * b + c;
            }
            let (row, out) = (&plane.along_j[..], &mut plane.totals[j * si..(j + 1) * si]);
            for (three, out) in row.windows(3).zip(&mut out[1..]) {
                *out = three[0] + 2 * three[1] + three[2];
            }
            out[0] = 3 * row[0] + row[1.min(si - 1)];
            out[si - 1] = row[si.saturating_sub(2)] + 3 * row[si - 1];
        }
    }

    #[inline(always)]
    fn value(&self, plane: &Sums, index: usize, n: usize) -> f32 {
        let above_half = f32::from(plane.totals[n]) / 64.0 - 0.5;
        if self.mask.labels()[index] == self.label { above_half.max(KEPT) } else { above_half.min(-KEPT) }
    }

    fn alone(&self, at: [usize; 3]) -> f32 {
        let grid = self.mask.grid();
        let size = grid.size();
        let sum: u8 = (0..27_usize)
            .filter(|n| {
                let step = [n % 3, n / 3 % 3, n / 9];
                let near = |axis: usize| (at[axis] + step[axis]).saturating_sub(1).min(size[axis] - 1);
                self.mask.get(near(0), near(1), near(2)) == self.label
            })
            .map(|n| {
                [n % 3, n / 3 % 3, n / 9].map(|step| if step == 1 { 2 } else { 1 }).iter().product::<u8>()
            })
            .sum();
        let above_half = f32::from(sum) / 64.0 - 0.5;
        if self.mask.get(at[0], at[1], at[2]) == self.label {
            above_half.max(KEPT)
        } else {
            above_half.min(-KEPT)
        }
    }

    fn background(&self) -> f32 {
        -0.5
    }
}
