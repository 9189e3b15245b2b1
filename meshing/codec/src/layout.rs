//! Where bricks and levels lie.

use crate::{BRICK_EDGE, LEVELS};

/// Number of bricks along each axis.
pub(crate) fn brick_counts(size: [usize; 3]) -> [usize; 3] {
    size.map(|n| n.div_ceil(BRICK_EDGE))
}

/// Place of a brick in the grid of bricks; i runs fastest.
pub(crate) fn brick_at(counts: [usize; 3], brick: usize) -> [usize; 3] {
    [brick % counts[0], brick / counts[0] % counts[1], brick / counts[0] / counts[1]]
}

/// Size of a brick at a level: smaller than 64 >> level at the far border.
pub(crate) fn brick_size(size: [usize; 3], at: [usize; 3], level: u8) -> [usize; 3] {
    core::array::from_fn(|axis| (size[axis] - at[axis] * BRICK_EDGE).min(BRICK_EDGE).div_ceil(1 << level))
}

/// Number of values in a block.
pub(crate) const fn count(size: [usize; 3]) -> usize {
    size[0] * size[1] * size[2]
}

/// The bands that a chunk holds, in coding order: the low band alone for the coarsest level; else the seven high
/// bands that lead from the next coarser level to this one. Bit 0 of the band number says high along i, bit 1 along
/// j, bit 2 along k. Bands may be empty.
pub(crate) fn bands(brick_at_level: [usize; 3], level: u8) -> Vec<[usize; 3]> {
    if level + 1 == LEVELS {
        return vec![brick_at_level];
    }
    (1..8).map(|band| band_size(brick_at_level, band)).collect()
}

/// Size of band `band` (0 = low along all axes) of a block split once.
pub(crate) fn band_size(block: [usize; 3], band: usize) -> [usize; 3] {
    core::array::from_fn(|axis| if band >> axis & 1 == 1 { block[axis] / 2 } else { block[axis].div_ceil(2) })
}

/// Number of values that a chunk holds.
pub(crate) fn chunk_values(brick_at_level: [usize; 3], level: u8) -> usize {
    bands(brick_at_level, level).into_iter().map(count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chunks_of_a_brick_hold_each_voxel_once() {
        for size in [[64, 64, 64], [1, 1, 1], [130, 7, 65], [3, 64, 100]] {
            let counts = brick_counts(size);
            let mut voxels = 0;
            for brick in 0..count(counts) {
                let at = brick_at(counts, brick);
                voxels += (0..LEVELS).map(|l| chunk_values(brick_size(size, at, l), l)).sum::<usize>();
            }
            assert_eq!(voxels, count(size));
        }
    }
}
