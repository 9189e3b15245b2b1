//! A coarse grid over a volume that tells where there is nothing to see.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the kind of processor at hand"
)]

use meshing_volume::{Volume, Voxels};
use pulp::Arch;
use rayon::prelude::*;

use crate::{IsoSurface, SegmentItem, TransferFunction};

/// Edge of a cell in voxels.
pub(crate) const EDGE: usize = 8;
/// Edge of the eight parts of a cell in voxels.
pub(crate) const PART: usize = EDGE / 2;

/// Smallest and largest value that a sample in each cell, or half a voxel beside it, can take. A cell reaches one
/// voxel further on each side, since a trilinear sample mixes its neighbours.
#[derive(Debug)]
pub(crate) struct Cells {
    /// Cells along i, j, k.
    pub(crate) size: [usize; 3],
    /// Smallest value by cell, i fastest.
    pub(crate) minimum: Vec<f32>,
    /// Largest value by cell.
    pub(crate) maximum: Vec<f32>,
    /// Smallest and largest value by part.
    pub(crate) parts: Vec<[f32; 2]>,
    /// Parts along i, j, k.
    pub(crate) parts_size: [usize; 3],
}

/// Where a transfer function shows something.
#[derive(Clone, Debug)]
pub(crate) struct Visible {
    /// For each cell how far one may leap: 0 where something is to be seen, else the number of cells (in the
    /// chessboard metric, at most 255) to the nearest such cell.
    pub(crate) distance: Vec<u8>,
    /// For each cell a bit for each part that has something to see: bit `di + 2 dj + 4 dk`.
    pub(crate) parts: Vec<u8>,
}

impl Cells {
    /// The cells of a volume, which must hold no value that is not finite.
    pub(crate) fn of(volume: &Volume) -> Self {
        let size = volume.grid().size();
        match volume.voxels() {
            Voxels::I16(v) => Self::build(size, v, |x: i16| f32::from(x)),
            Voxels::F32(v) => Self::build(size, v, |x: f32| x),
        }
    }

    fn build<T>(n: [usize; 3], voxels: &[T], value: impl Fn(T) -> f32 + Sync) -> Self
    where
        T: Copy + PartialOrd + Send + Sync,
    {
        let parts_size = n.map(|n| n.div_ceil(PART));
        let layers: Vec<Vec<[f32; 2]>> = (0..parts_size[2])
            .into_par_iter()
            .map(|k| Arch::new().dispatch(|| layer(n, voxels, k, &value)))
            .collect();
        let parts = layers.concat();
        let size = n.map(|n| n.div_ceil(EDGE));
        let [mut minimum, mut maximum] = [const { Vec::new() }; 2];
        for (i, j, k) in places(size) {
            let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
            for (_, at) in children([i, j, k], parts_size) {
                low = low.min(parts[at][0]);
                high = high.max(parts[at][1]);
            }
            minimum.push(low);
            maximum.push(high);
        }
        Self { size, minimum, maximum, parts, parts_size }
    }

    /// Smallest and largest value of the volume.
    pub(crate) fn range(&self) -> (f32, f32) {
        let low = self.minimum.iter().copied().fold(f32::INFINITY, f32::min);
        (low, self.maximum.iter().copied().fold(f32::NEG_INFINITY, f32::max))
    }

    /// Smallest and largest value of a part, of the volume's cells in twice their number.
    #[inline(always)]
    pub(crate) fn part(&self, part: [usize; 3]) -> [f32; 2] {
        let [ni, nj, _] = self.parts_size;
        self.parts[(part[2] * nj + part[1]) * ni + part[0]]
    }

    /// Where a surface of one value may run.
    pub(crate) fn crossed(&self, surfaces: &[IsoSurface]) -> Visible {
        let crossed = |low: f32, high: f32| surfaces.iter().any(|s| low <= s.value && s.value <= high);
        self.visible_where(
            |cell| crossed(self.minimum[cell], self.maximum[cell]),
            |part| {
                let [low, high] = self.parts[part];
                crossed(low, high)
            },
        )
    }

    /// Where a transfer function shows something, or a segment does.
    pub(crate) fn visible(&self, transfer: &TransferFunction, segments: Option<&SegmentItem>) -> Visible {
        let Some(item) = segments else {
            let shows = Shows::of(transfer);
            return self.visible_where(
                |cell| shows.between(self.minimum[cell], self.maximum[cell]),
                |part| {
                    let [low, high] = self.parts[part];
                    shows.between(low, high)
                },
            );
        };
        let functions = item.functions(transfer);
        let open = |function: usize| {
            item.labels(|label, look| {
                look.opacity > 0.0 && functions.by_label[usize::from(label)] == function
            })
        };
        let shows: Vec<_> =
            (0..).zip(&functions.list).map(|(n, function)| (open(n), Shows::of(function))).collect();
        let solid = item.labels(|_, look| look.solid_per_mm > 0.0);
        self.visible_where(
            |_| true,
            |part| {
                let (set, [low, high]) = (item.set(part), self.parts[part]);
                let through = |(labels, shows): &(u64, Shows)| set & labels != 0 && shows.between(low, high);
                set & solid != 0 || shows.iter().any(through)
            },
        )
    }

    /// Where the parts of cells show something; those of a cell that cannot are not asked.
    pub(crate) fn visible_where(
        &self,
        cell_may: impl Fn(usize) -> bool,
        part_shows: impl Fn(usize) -> bool,
    ) -> Visible {
        let mut distance = Vec::with_capacity(self.minimum.len());
        let mut parts = Vec::with_capacity(self.minimum.len());
        for (n, (i, j, k)) in places(self.size).enumerate() {
            let mut bits = 0;
            if cell_may(n) {
                for (bit, at) in children([i, j, k], self.parts_size) {
                    bits |= u8::from(part_shows(at)) << bit;
                }
            }
            distance.push(if bits == 0 { u8::MAX } else { 0 });
            parts.push(bits);
        }
        chamfer(&mut distance, self.size);
        Visible { distance, parts }
    }
}

/// Smallest and largest value by part of one layer of parts.
#[inline(always)]
fn layer<T: Copy + PartialOrd>(
    n: [usize; 3],
    voxels: &[T],
    layer: usize,
    value: &impl Fn(T) -> f32,
) -> Vec<[f32; 2]> {
    let reach = |part: usize, n: usize| (part * PART).saturating_sub(1)..((part + 1) * PART + 1).min(n);
    let [ni, nj, nk] = n;
    let mut out = Vec::with_capacity(ni.div_ceil(PART) * nj.div_ceil(PART));
    let (mut low, mut high) = (Vec::new(), Vec::new());
    for cj in 0..nj.div_ceil(PART) {
        let rows = reach(layer, nk).flat_map(|k| reach(cj, nj).map(move |j| (k * nj + j) * ni));
        low.clear();
        for start in rows {
            let row = &voxels[start..start + ni];
            if low.is_empty() {
                low.extend_from_slice(row);
                high.clone_from(&low);
                continue;
            }
            for ((l, h), &v) in low.iter_mut().zip(&mut high).zip(row) {
                *l = if v < *l { v } else { *l };
                *h = if v > *h { v } else { *h };
            }
        }
        for ci in 0..ni.div_ceil(PART) {
            let (mut least, mut most) = (low[ci * PART], high[ci * PART]);
            for i in reach(ci, ni) {
                least = if low[i] < least { low[i] } else { least };
                most = if high[i] > most { high[i] } else { most };
            }
            out.push([value(least), value(most)]);
        }
    }
    out
}

/// All places of a grid, i fastest.
fn places(size: [usize; 3]) -> impl Iterator<Item = (usize, usize, usize)> {
    let [ni, nj, nk] = size;
    (0..nk).flat_map(move |k| (0..nj).flat_map(move |j| (0..ni).map(move |i| (i, j, k))))
}

/// The parts of a cell that are there: their bit and their place.
fn children(cell: [usize; 3], parts: [usize; 3]) -> impl Iterator<Item = (usize, usize)> {
    (0..8).filter_map(move |bit| {
        let at: [usize; 3] = std::array::from_fn(|a| cell[a] * 2 + (bit >> a & 1));
        let there = (0..3).all(|a| at[a] < parts[a]);
        there.then(|| (bit, (at[2] * parts[1] + at[1]) * parts[0] + at[0]))
    })
}

/// Tells whether a range of values holds one that is seen.
struct Shows {
    /// `before[i]`: number of entries before i that are not fully transparent.
    before: Vec<u32>,
    low: f32,
    per_value: f32,
}

impl Shows {
    fn of(transfer: &TransferFunction) -> Self {
        let table = transfer.table();
        let (low, high) = transfer.span();
        let mut before = vec![0_u32];
        for entry in &table {
            before.push(before[before.len() - 1] + u32::from(entry[3] > 0.0));
        }
        Self { before, low, per_value: (table.len() - 1) as f32 / (high - low) }
    }

    fn between(&self, low: f32, high: f32) -> bool {
        let last = self.before.len() - 2;
        let index = |value: f32| ((value - self.low) * self.per_value).clamp(0.0, last as f32);
        // the entries that a sample mixes, with a little room for rounding; a sample below the first point takes
        // the first entry alone
        let (x, y) = (index(low), index(high));
        let first = (x - 0.01).max(0.0).floor() as usize;
        let end = if y > 0.0 { (y + 0.01).ceil() as usize } else { 0 }.min(last) + 1;
        self.before[end] > self.before[first]
    }
}

/// Chessboard distances from the places that hold 0, at most 255, in two sweeps (Rosenfeld and Pfaltz 1968).
pub(crate) fn chamfer(distance: &mut [u8], size: [usize; 3]) {
    // a rim of 255 spares every neighbour a question
    let [ni, nj, nk] = size.map(|n| n + 2);
    let mut padded = vec![u8::MAX; ni * nj * nk];
    let row = |j: usize, k: usize| ((k + 1) * nj + j + 1) * ni + 1;
    for (n, line) in distance.chunks_exact(size[0]).enumerate() {
        padded[row(n % size[1], n / size[1])..][..size[0]].copy_from_slice(line);
    }
    let before: Vec<usize> = (0..13)
        .map(|o| {
            let (i, j, k) = (o % 3, o / 3 % 3, o / 9);
            // how far back in memory the neighbour lies
            (ni * nj + ni + 1) - (k * nj * ni + j * ni + i)
        })
        .collect();
    let rows: Vec<usize> = (0..size[1] * size[2]).map(|n| row(n % size[1], n / size[1])).collect();
    for &start in &rows {
        for n in start..start + size[0] {
            let near = before.iter().map(|&o| padded[n - o]).fold(u8::MAX, u8::min);
            padded[n] = padded[n].min(near.saturating_add(1));
        }
    }
    for &start in rows.iter().rev() {
        for n in (start..start + size[0]).rev() {
            let near = before.iter().map(|&o| padded[n + o]).fold(u8::MAX, u8::min);
            padded[n] = padded[n].min(near.saturating_add(1));
        }
    }
    for (n, line) in distance.chunks_exact_mut(size[0]).enumerate() {
        line.copy_from_slice(&padded[row(n % size[1], n / size[1])..][..size[0]]);
    }
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::{Grid, VolumeMeta};

    use super::*;
    use crate::TransferPoint;

    #[test]
    fn a_lone_bright_voxel_is_found_by_its_cells_and_leapt_to_from_afar() {
        let grid = Grid::axis_aligned([40, 24, 17], Point::origin(), [1.0; 3]).unwrap();
        let mut voxels = vec![0_i16; grid.len()];
        voxels[grid.index(7, 20, 0)] = 500;
        let meta = VolumeMeta { modality: "CT".into(), unit: "HU".into(), frame_of_reference: String::new() };
        let volume = Volume::new(grid, Voxels::I16(voxels), meta).unwrap();
        let cells = Cells::of(&volume);
        assert_eq!((cells.size, cells.range()), ([5, 3, 3], (0.0, 500.0)));
        let point = |value, opacity_per_mm| TransferPoint { value, colour: [1.0; 3], opacity_per_mm };
        let transfer = TransferFunction::new(vec![point(100.0, 0.0), point(900.0, 0.5)]).unwrap();
        let visible = cells.visible(&transfer, None);
        let index = |i: usize, j: usize, k: usize| (k * 3 + j) * 5 + i;
        let at = |i, j, k| visible.distance[index(i, j, k)];
        assert_eq!((at(0, 2, 0), at(1, 2, 0)), (0, 0), "voxel 7 also feeds samples of the cell at 8");
        assert_eq!((at(2, 2, 0), at(4, 2, 0), at(0, 0, 0), at(4, 0, 2)), (1, 3, 2, 3));
        let parts = |i, j, k| visible.parts[index(i, j, k)];
        assert_eq!(
            (parts(0, 2, 0), parts(1, 2, 0)),
            (0b1010, 0b0101),
            "beside the rows of parts that share j = 20"
        );
        let blind = TransferFunction::new(vec![point(600.0, 0.0), point(900.0, 0.5)]).unwrap();
        let blind = cells.visible(&blind, None);
        assert!(blind.distance.iter().all(|&d| d == 255));
    }
}
