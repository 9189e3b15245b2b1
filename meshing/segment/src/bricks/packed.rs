//! The voxels of a brick in as few bits as its labels need.

use super::{Cells, VOXELS};

/// Labels by a palette; without one, a byte each.
#[derive(Debug)]
pub(super) struct Packed {
    /// The labels that occur, in rising order; empty for more than 16.
    palette: Box<[u8]>,
    /// Bits a voxel: 1, 2, 4 or 8.
    bits: u32,
    /// Voxels from the lowest bits on.
    words: Box<[u64]>,
}

impl Packed {
    pub(super) fn of(cells: &Cells) -> Self {
        let mut present = [false; 256];
        for &label in cells {
            present[usize::from(label)] = true;
        }
        let palette: Vec<u8> = (0..=u8::MAX).filter(|&label| present[usize::from(label)]).collect();
        let bits = match palette.len() {
            0..=2 => 1,
            3..=4 => 2,
            5..=16 => 4,
            _ => 8,
        };
        let mut number: [u8; 256] = core::array::from_fn(|label| label as u8);
        if bits < 8 {
            for (n, &label) in (0..).zip(&palette) {
                number[usize::from(label)] = n;
            }
        }
        let per_word = (u64::BITS / bits) as usize;
        let pack = |cells: &[u8]| {
            let shifted =
                (0_u32..).zip(cells).map(|(n, &cell)| u64::from(number[usize::from(cell)]) << (n * bits));
            shifted.fold(0, |word, cell| word | cell)
        };
        Self {
            palette: if bits < 8 { palette.into_boxed_slice() } else { Box::default() },
            bits,
            words: cells.chunks_exact(per_word).map(pack).collect(),
        }
    }

    pub(super) fn read(&self, cells: &mut Cells) {
        let per_word = (u64::BITS / self.bits) as usize;
        let mask = (1_u64 << self.bits) - 1;
        for (cells, &word) in cells.chunks_exact_mut(per_word).zip(&self.words) {
            let mut rest = word;
            for cell in cells {
                let number = (rest & mask) as u8;
                *cell = if self.bits < 8 { self.palette[usize::from(number)] } else { number };
                rest >>= self.bits;
            }
        }
    }

    pub(super) fn get(&self, cell: usize) -> u8 {
        debug_assert!(cell < VOXELS, "a cell of the brick");
        let per_word = (u64::BITS / self.bits) as usize;
        let shift = (cell % per_word) as u32 * self.bits;
        let number = (self.words[cell / per_word] >> shift & ((1 << self.bits) - 1)) as u8;
        if self.bits < 8 { self.palette[usize::from(number)] } else { number }
    }

    /// Memory taken, with the counters of the owner.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + 2 * size_of::<usize>() + self.palette.len() + size_of_val(&*self.words)
    }
}
