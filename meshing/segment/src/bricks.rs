//! Label maps for editing: bricks of voxels, each as small as what is in it, and a history that holds changed bricks only.
//!
//! A segment editor changes a few thousand voxels of a hundred million at a time and must take every change back. So the
//! map is cut into bricks of 16³ voxels that share their memory with the history until one of them changes ([`Editor`]).
//! A brick of one label has no voxels at all; others hold a palette and 1, 2 or 4 bits a voxel, or, from 17 labels on, 8.

mod brush;
mod editor;
mod packed;

use std::sync::Arc;

use meshing_volume::{Grid, LabelMap};
use rayon::prelude::*;

pub use brush::{Brush, BrushError, Over};
pub use editor::{Changed, Editor};
use packed::Packed;

/// Voxels along the edge of a brick.
const EDGE: usize = 16;
const VOXELS: usize = EDGE * EDGE * EDGE;
/// The labels of a brick, i fastest.
type Cells = [u8; VOXELS];

/// A label map in bricks: up to 255 segments; 0 is background.
///
/// Memory: 16 bytes a brick, and for one that holds more than one label an eighth, a quarter or half of a byte a voxel, a
/// byte from 17 labels on, and 80 bytes. Noise of more than 16 labels takes 1.03 bytes a voxel; a whole body with a hundred
/// organs far below a half.
#[derive(Clone, Debug)]
pub struct LabelBricks {
    grid: Grid,
    /// Bricks along each axis; the last may reach over the border of the volume, where it is 0.
    counts: [usize; 3],
    bricks: Vec<Brick>,
}

/// Clones share their voxels.
#[derive(Clone, Debug)]
enum Brick {
    Uniform(u8),
    Mixed(Arc<Packed>),
}

impl Brick {
    fn of(cells: &Cells) -> Self {
        let first = cells[0];
        if cells.iter().all(|&label| label == first) {
            return Self::Uniform(first);
        }
        Self::Mixed(Arc::new(Packed::of(cells)))
    }

    fn read(&self, cells: &mut Cells) {
        match self {
            Self::Uniform(label) => cells.fill(*label),
            Self::Mixed(packed) => packed.read(cells),
        }
    }

    fn get(&self, cell: usize) -> u8 {
        match self {
            Self::Uniform(label) => *label,
            Self::Mixed(packed) => packed.get(cell),
        }
    }

    /// Memory behind the brick itself.
    fn bytes(&self) -> usize {
        match self {
            Self::Uniform(_) => 0,
            Self::Mixed(packed) => packed.bytes(),
        }
    }
}

impl LabelBricks {
    /// All background.
    pub fn empty(grid: &Grid) -> Self {
        let counts = grid.size().map(|n| n.div_ceil(EDGE));
        Self { grid: *grid, counts, bricks: vec![Brick::Uniform(0); counts.iter().product()] }
    }

    /// The same labels as those of a map.
    pub fn of(map: &LabelMap) -> Self {
        let mut bricks = Self::empty(map.grid());
        let (size, labels) = (map.grid().size(), map.labels());
        let counts = bricks.counts;
        bricks.bricks.par_iter_mut().enumerate().for_each_init(
            || Box::new([0_u8; VOXELS]),
            |cells, (n, brick)| {
                cells.fill(0);
                rows(counts, size, n, |place, cell, length| {
                    cells[cell..cell + length].copy_from_slice(&labels[place..place + length]);
                });
                *brick = Brick::of(cells);
            },
        );
        bricks
    }

    /// The same labels as a map of one byte a voxel.
    pub fn to_map(&self) -> LabelMap {
        let mut map = LabelMap::empty(&self.grid);
        let size = self.grid.size();
        let [across, along, _] = self.counts;
        // Layers of bricks are apart from each other in the map.
        let layer = size[0] * size[1] * EDGE;
        map.labels_mut().par_chunks_mut(layer.max(1)).enumerate().for_each_init(
            || Box::new([0_u8; VOXELS]),
            |cells, (k, labels)| {
                for n in k * across * along..(k + 1) * across * along {
                    self.bricks[n].read(cells);
                    rows(self.counts, size, n, |place, cell, length| {
                        let place = place - k * layer;
                        labels[place..place + length].copy_from_slice(&cells[cell..cell + length]);
                    });
                }
            },
        );
        map
    }

    /// Where the voxels lie.
    pub const fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Label of voxel (i, j, k).
    ///
    /// # Panics
    /// Outside the grid.
    pub fn get(&self, i: usize, j: usize, k: usize) -> u8 {
        let at = [i, j, k];
        assert!((0..3).all(|axis| at[axis] < self.grid.size()[axis]), "a voxel of the grid");
        let [bi, bj, bk] = at.map(|x| x / EDGE);
        let [ci, cj, ck] = at.map(|x| x % EDGE);
        self.bricks[(bk * self.counts[1] + bj) * self.counts[0] + bi].get((ck * EDGE + cj) * EDGE + ci)
    }

    /// Memory taken, bytes.
    pub fn bytes(&self) -> usize {
        self.bricks.iter().map(|brick| size_of::<Brick>() + brick.bytes()).sum()
    }
}

/// Calls `visit` for each row of a brick that lies in the volume: its place in the map, in the brick, and its length.
fn rows(
    [across, along, _]: [usize; 3],
    [si, sj, sk]: [usize; 3],
    brick: usize,
    mut visit: impl FnMut(usize, usize, usize),
) {
    let [i, j, k] = [brick % across, brick / across % along, brick / (across * along)].map(|n| n * EDGE);
    let length = EDGE.min(si - i);
    for ck in 0..EDGE.min(sk - k) {
        for cj in 0..EDGE.min(sj - j) {
            visit(((k + ck) * sj + j + cj) * si + i, (ck * EDGE + cj) * EDGE, length);
        }
    }
}

#[cfg(test)]
mod tests;
