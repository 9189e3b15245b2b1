//! A set of voxels as runs: what thresholds, components, holes and distances work on.
#![expect(clippy::inline_always, reason = "what a dispatched loop calls gets its vectors only when inlined")]

use core::ops::Range;

use meshing_volume::{Grid, LabelMap, Volume, Voxels};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// A set of voxels as the stretches of each row (along i) that are in it.
///
/// Eight bytes a stretch: far less than a mask for anatomy, and what follows costs by the surface of the set, not by its
/// volume. Stretches of a row are apart from each other and in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runs {
    size: [usize; 3],
    /// Where the runs of each row begin, rows counting j first; the last one is their number.
    row_start: Vec<usize>,
    /// Columns `start..end` of each run.
    spans: Vec<[u32; 2]>,
}

impl Runs {
    /// The voxels with values from `lower` to `upper`, both included; NaN is outside.
    pub fn select(volume: &Volume, lower: f64, upper: f64) -> Self {
        let size = volume.grid().size();
        match volume.voxels() {
            Voxels::I16(values) => {
                // Whole numbers between the levels, so that the inner loop compares 16-bit integers.
                let (low, high) = (lower.ceil().max(-32768.0), upper.floor().min(32767.0));
                if low <= high {
                    let (low, high) = (low as i16, high as i16);
                    let most = high.wrapping_sub(low) as u16;
                    Self::of_values(size, values, move |value| value.wrapping_sub(low) as u16 <= most)
                } else {
                    Self::of_values(size, values, |_| false)
                }
            }
            Voxels::F32(values) => Self::of_values(size, values, move |value| {
                let value = f64::from(value);
                value >= lower && value <= upper
            }),
        }
    }

    /// The voxels of a label.
    pub fn of_label(mask: &LabelMap, label: u8) -> Self {
        Self::of_values(mask.grid().size(), mask.labels(), move |value| value == label)
    }

    /// The voxels for which `inside` holds; it is given the index in memory.
    pub fn find(size: [usize; 3], inside: impl Fn(usize) -> bool + Sync) -> Self {
        let [si, sj, _] = size;
        Self::collect(size, |k, words| {
            let across = si.div_ceil(64);
            for (j, words) in words.chunks_exact_mut(across).enumerate() {
                let first = (j + k * sj) * si;
                for i in 0..si {
                    words[i / 64] |= u64::from(inside(first + i)) << (i % 64);
                }
            }
        })
    }

    /// The voxels whose values pass a test; vector code if the test is as simple as a comparison.
    ///
    /// # Panics
    /// If the number of values is not that of the voxels.
    pub(crate) fn of_values<T: Copy + Sync>(
        size: [usize; 3],
        values: &[T],
        test: impl Fn(T) -> bool + Copy + Sync,
    ) -> Self {
        let [si, sj, sk] = size;
        assert_eq!(values.len(), si * sj * sk, "values of a volume of this size");
        let arch = Arch::new();
        Self::collect(size, |k, words| {
            arch.dispatch(Pack { values: &values[k * si * sj..][..si * sj], si, words, test });
        })
    }

    /// The runs of the bits that `fill` sets for each slice: 64 voxels a word, every row from a new word on.
    fn collect(size: [usize; 3], fill: impl Fn(usize, &mut [u64]) + Sync) -> Self {
        let [si, sj, sk] = size;
        assert!(u32::try_from(si).is_ok(), "columns are numbered in 32 bits");
        let across = si.div_ceil(64);
        let slices: Vec<(Vec<u32>, Vec<[u32; 2]>)> = (0..sk)
            .into_par_iter()
            .map_init(
                || vec![0_u64; across * sj],
                |words, k| {
                    words.fill(0);
                    fill(k, words);
                    let (mut ends, mut runs) = (Vec::with_capacity(sj), Vec::new());
                    for row in words.chunks_exact(across) {
                        push_runs(row, si as u32, &mut runs);
                        ends.push(runs.len() as u32);
                    }
                    (ends, runs)
                },
            )
            .collect();
        Self::join(size, &slices)
    }

    /// One set from the runs of its slices: where each row ends within the slice, and the runs.
    fn join(size: [usize; 3], slices: &[(Vec<u32>, Vec<[u32; 2]>)]) -> Self {
        let total: usize = slices.iter().map(|(_, runs)| runs.len()).sum();
        assert!(u32::try_from(total).is_ok(), "runs are numbered in 32 bits");
        let mut row_start = Vec::with_capacity(size[1] * size[2] + 1);
        row_start.push(0);
        let mut all = Vec::with_capacity(total);
        for (ends, runs) in slices {
            let before = all.len();
            row_start.extend(ends.iter().map(|&end| before + end as usize));
            all.extend_from_slice(runs);
        }
        Self { size, row_start, spans: all }
    }

    /// A set from the runs of each row, made row by row into the list that `row` is given.
    fn by_rows(size: [usize; 3], row: impl Fn(usize, &mut Vec<[u32; 2]>) + Sync) -> Self {
        let sj = size[1];
        let slices: Vec<(Vec<u32>, Vec<[u32; 2]>)> = (0..size[2])
            .into_par_iter()
            .map(|k| {
                let (mut ends, mut runs) = (Vec::with_capacity(sj), Vec::new());
                for j in 0..sj {
                    row(j + k * sj, &mut runs);
                    ends.push(runs.len() as u32);
                }
                (ends, runs)
            })
            .collect();
        Self::join(size, &slices)
    }

    /// Voxels along i, j, k.
    pub const fn size(&self) -> [usize; 3] {
        self.size
    }

    /// Number of runs.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether no voxel is in the set.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Number of voxels.
    pub fn voxels(&self) -> usize {
        self.spans.iter().map(|[start, end]| (end - start) as usize).sum()
    }

    /// The runs of row `j + k · size[1]`: first column, and the column after the last.
    pub fn row(&self, row: usize) -> &[[u32; 2]] {
        &self.spans[self.numbers(row)]
    }

    /// The places in memory of the set's voxels, in their order.
    pub fn indices(&self) -> impl Iterator<Item = usize> {
        let [si, sj, sk] = self.size;
        (0..sj * sk)
            .flat_map(move |row| self.row(row).iter().map(move |run| run.map(|i| row * si + i as usize)))
            .flat_map(|[start, end]| start..end)
    }

    /// The numbers of a row's runs.
    pub(crate) fn numbers(&self, row: usize) -> Range<usize> {
        self.row_start[row]..self.row_start[row + 1]
    }

    pub(crate) fn all(&self) -> &[[u32; 2]] {
        &self.spans
    }

    /// The voxels that are not in the set.
    #[must_use]
    pub fn complement(&self) -> Self {
        let si = self.size[0] as u32;
        Self::by_rows(self.size, |row, runs| {
            let mut from = 0;
            for &[start, end] in self.row(row) {
                if start > from {
                    runs.push([from, start]);
                }
                from = end;
            }
            if from < si {
                runs.push([from, si]);
            }
        })
    }

    /// The voxels that are in both sets.
    ///
    /// # Panics
    /// If the sets are of volumes of different sizes.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        assert_eq!(self.size, other.size, "sets of voxels of the same volume");
        Self::by_rows(self.size, |row, runs| {
            let (ours, theirs) = (self.row(row), other.row(row));
            let (mut a, mut b) = (0, 0);
            while let (Some(x), Some(y)) = (ours.get(a), theirs.get(b)) {
                let both = [x[0].max(y[0]), x[1].min(y[1])];
                if both[0] < both[1] {
                    runs.push(both);
                }
                if x[1] < y[1] { a += 1 } else { b += 1 }
            }
        })
    }

    /// The voxels that are in either set.
    ///
    /// # Panics
    /// If the sets are of volumes of different sizes.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        assert_eq!(self.size, other.size, "sets of voxels of the same volume");
        Self::by_rows(self.size, |row, runs| {
            let (ours, theirs) = (self.row(row), other.row(row));
            let (mut a, mut b) = (0, 0);
            let mut open: Option<[u32; 2]> = None;
            loop {
                let next = match (ours.get(a), theirs.get(b)) {
                    (Some(x), Some(y)) if x[0] <= y[0] => (a += 1, *x).1,
                    (Some(x), None) => (a += 1, *x).1,
                    (_, Some(y)) => (b += 1, *y).1,
                    (None, None) => break,
                };
                open = match open {
                    Some([start, end]) if next[0] <= end => Some([start, end.max(next[1])]),
                    done => {
                        runs.extend(done);
                        Some(next)
                    }
                };
            }
            runs.extend(open);
        })
    }

    /// The voxels that are in this set but not in the other.
    ///
    /// # Panics
    /// If the sets are of volumes of different sizes.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.and(&other.complement())
    }

    /// The box that holds the set: lowest i, j, k, and those after the highest.
    pub fn bounds(&self) -> Option<[[usize; 3]; 2]> {
        let sj = self.size[1];
        let rows = (0..sj * self.size[2]).filter_map(|row| {
            let runs = self.row(row);
            let (first, last) = (runs.first()?[0] as usize, runs.last()?[1] as usize);
            Some([[first, row % sj, row / sj], [last, row % sj + 1, row / sj + 1]])
        });
        rows.reduce(|[low, high], [first, last]| {
            let axes = |f: fn(usize, usize) -> usize, a: [usize; 3], b: [usize; 3]| {
                core::array::from_fn(|n| f(a[n], b[n]))
            };
            [axes(usize::min, low, first), axes(usize::max, high, last)]
        })
    }

    /// What of the set lies in a box of `size` voxels that begins at voxel `low`; the box may reach over the border of the
    /// volume, where nothing is.
    #[must_use]
    pub fn window(&self, low: [isize; 3], size: [usize; 3]) -> Self {
        let [si, sj, sk] = size;
        assert!(u32::try_from(si).is_ok(), "columns are numbered in 32 bits");
        Self::by_rows([si, sj, sk], |row, runs| {
            let at = [(row % sj) as isize + low[1], (row / sj) as isize + low[2]];
            let [j, k] = at.map(|x| usize::try_from(x).unwrap_or(usize::MAX));
            if j < self.size[1] && k < self.size[2] {
                let moved = |i: u32| (i as isize - low[0]).clamp(0, si as isize) as u32;
                let all = self.row(j + k * self.size[1]).iter().map(|run| run.map(moved));
                runs.extend(all.filter(|[start, end]| start < end));
            }
        })
    }

    /// The runs for whose number `wanted` holds.
    pub(crate) fn keep(&self, wanted: impl Fn(usize) -> bool + Sync) -> Self {
        Self::by_rows(self.size, |row, runs| {
            runs.extend(self.numbers(row).filter(|&n| wanted(n)).map(|n| self.spans[n]));
        })
    }

    /// Writes `label` into the voxels of the set.
    ///
    /// # Panics
    /// If `labels` is not as long as the volume.
    pub fn paint(&self, labels: &mut [u8], label: u8) {
        let [si, sj, sk] = self.size;
        assert_eq!(labels.len(), si * sj * sk, "labels of the volume of the set");
        if labels.is_empty() {
            return;
        }
        labels.par_chunks_mut(si * sj).enumerate().for_each(|(k, slice)| {
            for (j, labels) in slice.chunks_exact_mut(si).enumerate() {
                for &[start, end] in self.row(j + k * sj) {
                    labels[start as usize..end as usize].fill(label);
                }
            }
        });
    }

    /// Makes a label's voxels those of the set; what has the label elsewhere becomes background.
    ///
    /// # Panics
    /// If the mask has another size.
    pub fn replace(&self, mask: &mut LabelMap, label: u8) {
        Self::of_label(mask, label).minus(self).paint(mask.labels_mut(), 0);
        self.paint(mask.labels_mut(), label);
    }

    /// The mask of the set: 1 inside, 0 outside.
    ///
    /// # Panics
    /// If the grid has another size.
    pub fn to_mask(&self, grid: &Grid) -> LabelMap {
        let mut mask = LabelMap::empty(grid);
        self.paint(mask.labels_mut(), 1);
        mask
    }
}

/// Appends the runs of a row's bits.
fn push_runs(words: &[u64], si: u32, runs: &mut Vec<[u32; 2]>) {
    let (mut before, mut start) = (0, None);
    for (n, &word) in (0_u32..).zip(words) {
        // A bit that differs from the one before it begins or ends a run.
        let mut changes = word ^ (word << 1 | before);
        before = word >> 63;
        while changes != 0 {
            let at = n * 64 + changes.trailing_zeros();
            changes &= changes - 1;
            start = match start {
                None => Some(at),
                Some(start) => {
                    runs.push([start, at]);
                    None
                }
            };
        }
    }
    if let Some(start) = start {
        runs.push([start, si]);
    }
}

/// Tests the values of a slice into bits.
struct Pack<'a, T, F> {
    values: &'a [T],
    si: usize,
    words: &'a mut [u64],
    test: F,
}

impl<T: Copy, F: Fn(T) -> bool> WithSimd for Pack<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let across = self.si.div_ceil(64);
        for (row, words) in self.values.chunks_exact(self.si).zip(self.words.chunks_exact_mut(across)) {
            let (whole, rest) = row.as_chunks::<64>();
            for (word, values) in words.iter_mut().zip(whole) {
                let mut flags = [0_u8; 64];
                for (flag, &value) in flags.iter_mut().zip(values) {
                    *flag = u8::from((self.test)(value));
                }
                *word = bits(&flags);
            }
            if let (Some(word), false) = (words.last_mut(), rest.is_empty()) {
                let mut flags = [0_u8; 64];
                for (flag, &value) in flags.iter_mut().zip(rest) {
                    *flag = u8::from((self.test)(value));
                }
                *word = bits(&flags);
            }
        }
    }
}

/// 64 bytes of 0 or 1 as bits, the first lowest.
#[inline(always)]
fn bits(flags: &[u8; 64]) -> u64 {
    // Moves the lowest bit of each byte into the highest byte, in order.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let eights = flags.as_chunks::<8>().0.iter().enumerate();
    eights
        .fold(0, |word, (n, &eight)| word | (u64::from_le_bytes(eight).wrapping_mul(GATHER) >> 56) << (8 * n))
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::VolumeMeta;

    use super::*;

    fn noise(n: usize, percent: u32) -> Vec<u8> {
        (0..n as u32).map(|n| u8::from((n.wrapping_mul(2_654_435_761) >> 8) % 100 < percent)).collect()
    }

    #[test]
    fn sets_come_back_as_they_were_whatever_the_length_of_a_row() {
        for si in [1, 5, 63, 64, 65, 128, 130] {
            for percent in [0, 3, 50, 97, 100] {
                let size = [si, 3, 4];
                let grid = Grid::axis_aligned(size, Point::origin(), [1.0; 3]).expect("grid");
                let labels = noise(grid.len(), percent);
                let mask = LabelMap::new(grid, labels.clone()).expect("mask");
                let runs = Runs::of_label(&mask, 1);
                assert_eq!(runs.to_mask(&grid), mask, "{si} columns, {percent} %");
                assert_eq!(runs, Runs::find(size, |n| labels[n] == 1));
                assert_eq!(runs.voxels(), mask.count(1));
                assert_eq!(runs.complement(), Runs::of_label(&mask, 0));
                assert_eq!(runs.complement().complement(), runs);
                assert_eq!(runs.keep(|_| true), runs);
                let other = Runs::find(size, |n| n % 3 != 0);
                assert_eq!(runs.and(&other), Runs::find(size, |n| labels[n] == 1 && n % 3 != 0));
                assert_eq!(runs.or(&other), Runs::find(size, |n| labels[n] == 1 || n % 3 != 0));
                assert_eq!(runs.minus(&other), Runs::find(size, |n| labels[n] == 1 && n % 3 == 0));
                let mut replaced = mask.clone();
                other.replace(&mut replaced, 1);
                assert_eq!(Runs::of_label(&replaced, 1), other);
                let wide = runs.window([-3, -1, 2], [si + 5, 5, 4]);
                assert_eq!(
                    wide.window([3, 1, -2], size),
                    runs.window([0, 0, 2], size).window([0, 0, -2], size)
                );
                let boxed = mask.bounds(1).map(|b| [b.min.to_array(), b.max.to_array().map(|x| x + 1.0)]);
                assert_eq!(runs.bounds().map(|b| b.map(|at| at.map(|x| x as f64))), boxed);
            }
        }
    }

    #[test]
    fn levels_are_taken_as_the_mask_takes_them() {
        let grid = Grid::axis_aligned([70, 3, 2], Point::origin(), [1.0; 3]).expect("grid");
        let whole: Vec<i16> = (0..420).map(|n| [i16::MIN, -5, 0, 7, 250, i16::MAX][n * 7 % 6]).collect();
        let real: Vec<f32> = whole.iter().map(|&v| if v == 7 { f32::NAN } else { f32::from(v) }).collect();
        for voxels in [Voxels::I16(whole), Voxels::F32(real)] {
            let volume = Volume::new(grid, voxels, VolumeMeta::default()).expect("volume");
            for (lower, upper) in [
                (-5.0, 250.0),
                (-5.5, 6.9),
                (0.1, 0.9),
                (f64::NEG_INFINITY, f64::INFINITY),
                (9.0, -9.0),
                (7.0, 1e9),
            ] {
                let mask = crate::select(&volume, lower, upper);
                assert_eq!(Runs::select(&volume, lower, upper).to_mask(&grid), mask, "{lower} to {upper}");
            }
        }
    }
}
