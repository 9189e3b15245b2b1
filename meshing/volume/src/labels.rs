//! Label maps: one byte per voxel.

use meshing_space::{Aabb, Ijk, Point};
use rayon::prelude::*;

use crate::{Grid, VolumeError};

/// Which structure each voxel belongs to; 0 is background. One byte per voxel, up to 255 structures.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelMap {
    grid: Grid,
    labels: Vec<u8>,
}

impl LabelMap {
    /// All background.
    pub fn empty(grid: &Grid) -> Self {
        Self { grid: *grid, labels: vec![0; grid.len()] }
    }

    /// From labels, i fastest.
    ///
    /// # Errors
    /// [`VolumeError::Length`] where their number is not that of the voxels.
    pub fn new(grid: Grid, labels: Vec<u8>) -> Result<Self, VolumeError> {
        if labels.len() == grid.len() {
            Ok(Self { grid, labels })
        } else {
            Err(VolumeError::Length { values: labels.len(), voxels: grid.len() })
        }
    }

    /// Where the voxels lie.
    pub const fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Label of voxel (i, j, k).
    pub fn get(&self, i: usize, j: usize, k: usize) -> u8 {
        self.labels[self.grid.index(i, j, k)]
    }

    /// Sets the label of voxel (i, j, k).
    pub fn set(&mut self, i: usize, j: usize, k: usize, label: u8) {
        let index = self.grid.index(i, j, k);
        self.labels[index] = label;
    }

    /// All labels, i fastest.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// All labels, i fastest, to be changed.
    pub fn labels_mut(&mut self) -> &mut [u8] {
        &mut self.labels
    }

    /// How many voxels carry `label`.
    pub fn count(&self, label: u8) -> usize {
        self.labels.par_chunks(1 << 18).map(|part| part.iter().filter(|&&l| l == label).count()).sum()
    }

    /// Volume of `label`, counted in whole voxels, in mm³.
    pub fn volume_mm3(&self, label: u8) -> f64 {
        self.count(label) as f64 * self.grid.voxel_mm3()
    }

    /// The box of voxel indices (inclusive) that holds `label`; `None` where it is absent.
    pub fn bounds(&self, label: u8) -> Option<Aabb<Ijk>> {
        let [si, sj, _] = self.grid.size();
        self.labels
            .par_chunks(si)
            .enumerate()
            .filter_map(|(row, labels)| {
                let first = labels.iter().position(|&l| l == label)?;
                let last = labels.iter().rposition(|&l| l == label)?;
                let (j, k) = ((row % sj) as f64, (row / sj) as f64);
                Some(Aabb { min: Point::new(first as f64, j, k), max: Point::new(last as f64, j, k) })
            })
            .reduce_with(Aabb::union)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_counted_and_boxed() {
        let grid = Grid::axis_aligned([4, 3, 2], Point::origin(), [1.0, 2.0, 0.5]).expect("grid");
        let mut map = LabelMap::empty(&grid);
        assert_eq!(map.bounds(7), None);
        map.set(1, 2, 0, 7);
        map.set(3, 0, 1, 7);
        assert_eq!((map.get(1, 2, 0), map.get(0, 0, 0), map.count(7), map.volume_mm3(7)), (7, 0, 2, 2.0));
        let bounds = map.bounds(7).expect("present");
        assert_eq!((bounds.min.to_array(), bounds.max.to_array()), ([1.0, 0.0, 0.0], [3.0, 2.0, 1.0]));
        assert!(LabelMap::new(grid, vec![0; 5]).is_err());
    }

    #[test]
    fn a_label_map_costs_one_byte_a_voxel() {
        let grid = Grid::axis_aligned([64, 64, 64], Point::origin(), [1.0; 3]).expect("grid");
        assert_eq!(size_of_val(LabelMap::empty(&grid).labels()), grid.len());
    }
}
