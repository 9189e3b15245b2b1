//! One brick: values to the chunks of its levels, and one level on from the next coarser one.

use crate::LEVELS;
use crate::layout::bands;
use crate::rans::{self, Broken, Neighbours};
use crate::table::{DecodeTable, EncodeTable};
use crate::wavelet::{Scratch, join, split};

/// Working memory of one thread.
#[derive(Default)]
pub(crate) struct Workspace {
    pub(crate) scratch: Scratch,
    pub(crate) neighbours: Neighbours,
}

/// The values of each level's chunk of a brick, finest level first.
pub(crate) fn analyse(
    block: Vec<i32>,
    size: [usize; 3],
    update: bool,
    work: &mut Workspace,
) -> Vec<Vec<i32>> {
    let (mut low, mut size) = (block, size);
    let mut levels = Vec::with_capacity(usize::from(LEVELS));
    for _ in 1..LEVELS {
        let mut high = Vec::with_capacity(low.len());
        low = split(&low, size, update, &mut work.scratch, &mut high);
        size = size.map(|n| n.div_ceil(2));
        levels.push(high);
    }
    differences(&mut low, size);
    levels.push(low);
    levels
}

/// Replaces each value by its difference from the one before it in its row; first ones by that from the row above,
/// then from the slice behind.
fn differences(values: &mut [i32], size: [usize; 3]) {
    for at in (1..values.len()).rev() {
        values[at] = values[at].wrapping_sub(values[before(at, size)]);
    }
}

fn sums(values: &mut [i32], size: [usize; 3]) {
    for at in 1..values.len() {
        values[at] = values[at].wrapping_add(values[before(at, size)]);
    }
}

const fn before(at: usize, size: [usize; 3]) -> usize {
    let slice = size[0] * size[1];
    if !at.is_multiple_of(size[0]) {
        at - 1
    } else if !at.is_multiple_of(slice) {
        at - size[0]
    } else {
        at - slice
    }
}

pub(crate) fn encode_chunk(
    values: &[i32],
    size: [usize; 3],
    level: u8,
    table: &EncodeTable,
    work: &mut Workspace,
) -> Vec<u8> {
    rans::encode(values, &bands(size, level), table, &mut work.neighbours)
}

/// The block of `size` at `level`, from its chunk and, but for the coarsest level, the block one level coarser.
pub(crate) fn synthesise(
    bytes: &[u8],
    coarser: Option<&[i32]>,
    size: [usize; 3],
    level: u8,
    update: bool,
    table: &DecodeTable,
    work: &mut Workspace,
) -> Result<Vec<i32>, Broken> {
    let mut values = rans::decode(bytes, &bands(size, level), table, &mut work.neighbours)?;
    if let Some(low) = coarser {
        Ok(join(low, &values, size, update, &mut work.scratch))
    } else {
        sums(&mut values, size);
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_undone() {
        for size in [[4, 3, 2], [1, 1, 5], [5, 1, 1], [1, 4, 1]] {
            let original: Vec<i32> =
                (0..crate::layout::count(size) as i32).map(|i| i.wrapping_mul(0x7654_3211)).collect();
            let mut values = original.clone();
            differences(&mut values, size);
            sums(&mut values, size);
            assert_eq!(values, original);
        }
    }
}
