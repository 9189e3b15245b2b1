//! A coarse grid over a volume that tells where there is nothing to see.

use meshing_volume::{Volume, Voxels};

use crate::TransferFunction;

/// Edge of a cell in voxels.
pub(crate) const EDGE: usize = 8;

/// Smallest and largest value that a sample in each cell can take. A cell reaches one voxel further on each
/// side, since a trilinear sample mixes its neighbours.
#[derive(Debug)]
pub(crate) struct Cells {
    /// Cells along i, j, k.
    pub(crate) size: [usize; 3],
    /// Smallest value by cell, i fastest.
    pub(crate) minimum: Vec<f32>,
    /// Largest value by cell.
    pub(crate) maximum: Vec<f32>,
}

impl Cells {
    /// The cells of a volume, which must hold no value that is not finite.
    pub(crate) fn of(volume: &Volume) -> Self {
        match volume.voxels() {
            Voxels::I16(v) => Self::build(volume.grid().size(), v, |x: i16| f32::from(x)),
            Voxels::F32(v) => Self::build(volume.grid().size(), v, |x: f32| x),
        }
    }

    fn build<T: Copy + PartialOrd>(n: [usize; 3], voxels: &[T], value: impl Fn(T) -> f32) -> Self {
        let size = n.map(|n| n.div_ceil(EDGE));
        let count = size.iter().product();
        let (mut minimum, mut maximum) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let reach = |cell: usize, n: usize| (cell * EDGE).saturating_sub(1)..((cell + 1) * EDGE + 1).min(n);
        for ck in 0..size[2] {
            for cj in 0..size[1] {
                for ci in 0..size[0] {
                    let (ri, rj, rk) = (reach(ci, n[0]), reach(cj, n[1]), reach(ck, n[2]));
                    let first = voxels[(rk.start * n[1] + rj.start) * n[0] + ri.start];
                    let (mut low, mut high) = (first, first);
                    for k in rk {
                        for j in rj.clone() {
                            let row = (k * n[1] + j) * n[0];
                            for &v in &voxels[row + ri.start..row + ri.end] {
                                low = if v < low { v } else { low };
                                high = if v > high { v } else { high };
                            }
                        }
                    }
                    minimum.push(value(low));
                    maximum.push(value(high));
                }
            }
        }
        Self { size, minimum, maximum }
    }

    /// For each cell how far one may leap: 0 where something is to be seen, else the number of cells (in the
    /// chessboard metric, at most 255) to the nearest such cell.
    pub(crate) fn distances(&self, transfer: &TransferFunction) -> Vec<u8> {
        let table = transfer.table();
        let (low, high) = transfer.span();
        let last = table.len() - 1;
        // visible[i]: number of entries before i that are not fully transparent
        let mut visible = vec![0_u32];
        for entry in &table {
            let so_far = visible[visible.len() - 1];
            visible.push(so_far + u32::from(entry[3] > 0.0));
        }
        let index = |value: f32| ((value - low) / (high - low) * last as f32).clamp(0.0, last as f32);
        let mut distance: Vec<u8> = self
            .minimum
            .iter()
            .zip(&self.maximum)
            .map(|(&min, &max)| {
                // the entries that a sample mixes, with a little room for rounding; a sample below the first
                // point takes the first entry alone
                let (x, y) = (index(min), index(max));
                let first = (x - 0.01).max(0.0).floor() as usize;
                let end = if y > 0.0 { (y + 0.01).ceil() as usize } else { 0 }.min(last) + 1;
                if visible[end] > visible[first] { 0 } else { u8::MAX }
            })
            .collect();
        self.chamfer(&mut distance, false);
        self.chamfer(&mut distance, true);
        distance
    }

    /// One sweep of the chessboard distance transform (Rosenfeld and Pfaltz 1968), exact after both.
    fn chamfer(&self, distance: &mut [u8], backwards: bool) {
        let [ni, nj, nk] = self.size;
        let at = |i: usize, j: usize, k: usize| (k * nj + j) * ni + i;
        let before: Vec<[isize; 3]> = (-1..=1)
            .flat_map(|k| (-1..=1).flat_map(move |j| (-1..=1).map(move |i| [i, j, k])))
            .take(13)
            .map(|o| if backwards { o.map(|c: isize| -c) } else { o })
            .collect();
        for n in 0..ni * nj * nk {
            let n = if backwards { ni * nj * nk - 1 - n } else { n };
            let (i, j, k) = (n % ni, n / ni % nj, n / (ni * nj));
            let mut best = distance[n];
            for [di, dj, dk] in &before {
                let place = (i.checked_add_signed(*di), j.checked_add_signed(*dj), k.checked_add_signed(*dk));
                if let (Some(i), Some(j), Some(k)) = place
                    && i < ni
                    && j < nj
                    && k < nk
                {
                    best = best.min(distance[at(i, j, k)].saturating_add(1));
                }
            }
            distance[n] = best;
        }
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
        assert_eq!(cells.size, [5, 3, 3]);
        let point = |value, opacity_per_mm| TransferPoint { value, colour: [1.0; 3], opacity_per_mm };
        let transfer = TransferFunction::new(vec![point(100.0, 0.0), point(900.0, 0.5)]).unwrap();
        let distance = cells.distances(&transfer);
        let at = |i: usize, j: usize, k: usize| distance[(k * 3 + j) * 5 + i];
        assert_eq!((at(0, 2, 0), at(1, 2, 0)), (0, 0), "voxel 7 also feeds samples of the cell at 8");
        assert_eq!((at(2, 2, 0), at(4, 2, 0), at(0, 0, 0), at(4, 0, 2)), (1, 3, 2, 3));
        let blind = TransferFunction::new(vec![point(600.0, 0.0), point(900.0, 0.5)]).unwrap();
        assert!(cells.distances(&blind).iter().all(|&d| d == 255));
    }
}
