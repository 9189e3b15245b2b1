//! Which places between voxels can show something: one bit for each eight neighbours, so that most steps of a ray
//! need no value.

use meshing_volume::{Volume, Voxels};
use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

use crate::TransferFunction;
use crate::cells::{Cells, PART, Visible};

/// Cubes between voxel centres in a block, along i, j, k: 32, a bit each.
pub(super) const BLOCK: [usize; 3] = [PART, PART, PART / 2];

/// Edge of a box of cubes by which rays leap.
pub(super) const BOX: usize = PART;

/// The bits of a volume under one transfer function.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    /// By block, i fastest: bit `i + 4 j + 16 k` of the cube whose lower voxel is there. A cube is open when one of
    /// its corners is above the transparent values at the lower end, and one below those at the upper end.
    pub(super) words: Vec<u32>,
    /// Blocks along i, j, k.
    pub(super) blocks: [usize; 3],
    /// For each [`BOX`], two blocks, how many lie between it and the nearest with an open cube, itself included, in the
    /// chessboard metric; 0 where it has one itself. Three bytes more at the end.
    pub(super) free: Vec<u8>,
}

impl Open {
    /// Of a volume of at least two voxels along each axis.
    pub(crate) fn of(volume: &Volume, cells: &Cells, visible: &Visible, transfer: &TransferFunction) -> Self {
        let size = volume.grid().size();
        let blocks = [0, 1, 2].map(|a| (size[a] - 1).div_ceil(BLOCK[a]));
        let parts = parts_of(cells, visible);
        let mut words = vec![0_u32; blocks.iter().product()];
        let [low, high] = transfer.seen_between();
        let shape = Shape { size, blocks, parts: &parts, parts_size: cells.parts_size };
        match volume.voxels() {
            Voxels::I16(voxels) => {
                // whole numbers beyond the one and up to the other end
                let (low, high) = (low.floor().max(-32769.0) as i32 + 1, high.ceil().min(32768.0) as i32 - 1);
                if let (Ok(low), Ok(high)) = (i16::try_from(low), i16::try_from(high)) {
                    shape.fill(&mut words, voxels, low, high);
                }
            }
            Voxels::F32(voxels) => shape.fill(&mut words, voxels, low, high),
        }
        let free = free_of(&words, blocks);
        Self { words, blocks, free }
    }
}

/// How far the nearest box with an open cube lies: the boxes that have one grow by one on each side at a time.
fn free_of(words: &[u32], [ni, nj, nk]: [usize; 3]) -> Vec<u8> {
    const LAST: u8 = 32;
    let (nk2, row) = (nk.div_ceil(2), ni.div_ceil(64));
    let mut bits = vec![0_u64; row * nj * nk2];
    for (n, line) in words.chunks_exact(ni).enumerate() {
        let (j, k) = (n % nj, n / nj / 2);
        for (i, _) in line.iter().enumerate().filter(|(_, word)| **word != 0) {
            bits[(k * nj + j) * row + i / 64] |= 1 << (i % 64);
        }
    }
    let mut free = vec![LAST; ni * nj * nk2 + 3];
    let mut fresh = bits.clone();
    for level in 0..LAST {
        for (n, line) in fresh.chunks_exact(row).enumerate() {
            for (at, word) in line.iter().enumerate() {
                let mut left = *word;
                while left != 0 {
                    let i = at * 64 + left.trailing_zeros() as usize;
                    left &= left - 1;
                    if i < ni {
                        free[n * ni + i] = level;
                    }
                }
            }
        }
        let grown = grown(&bits, [row, nj, nk2]);
        let mut any = false;
        for ((fresh, &grown), bits) in fresh.iter_mut().zip(&grown).zip(&mut bits) {
            *fresh = grown & !*bits;
            any |= *fresh != 0;
            *bits = grown;
        }
        if !any {
            break;
        }
    }
    free
}

/// Bits with their neighbours along all axes.
fn grown(bits: &[u64], [row, nj, nk]: [usize; 3]) -> Vec<u64> {
    let mut along: Vec<u64> = bits.to_vec();
    for (line, out) in bits.chunks_exact(row).zip(along.chunks_exact_mut(row)) {
        for n in 0..row {
            let before = if n > 0 { line[n - 1] >> 63 } else { 0 };
            let behind = line.get(n + 1).map_or(0, |next| next << 63);
            out[n] |= line[n] << 1 | line[n] >> 1 | before | behind;
        }
    }
    for (stride, count) in [(row, nj), (row * nj, nk)] {
        let from = along.clone();
        for (n, out) in along.chunks_exact_mut(stride).enumerate() {
            let at = n % count;
            for (near, there) in [(n.wrapping_sub(1), at > 0), (n + 1, at + 1 < count)] {
                if there {
                    let line = &from[near * stride..][..stride];
                    out.iter_mut().zip(line).for_each(|(out, line)| *out |= line);
                }
            }
        }
    }
    along
}

/// By part of a cell, i fastest: 1 where it shows something.
fn parts_of(cells: &Cells, visible: &Visible) -> Vec<u8> {
    let ([ni, nj, _], [ci, cj, _]) = (cells.parts_size, cells.size);
    let mut parts = vec![0_u8; cells.parts_size.iter().product()];
    parts.par_chunks_mut(ni).enumerate().for_each(|(row, parts)| {
        let (j, k) = (row % nj, row / nj);
        let bits = &visible.parts[((k / 2) * cj + j / 2) * ci..][..ci];
        let shift = (j & 1) << 1 | (k & 1) << 2;
        for (i, part) in parts.iter_mut().enumerate() {
            *part = bits[i / 2] >> (shift | i & 1) & 1;
        }
    });
    parts
}

#[derive(Clone, Copy)]
struct Shape<'a> {
    size: [usize; 3],
    blocks: [usize; 3],
    parts: &'a [u8],
    parts_size: [usize; 3],
}

impl Shape<'_> {
    fn fill<T>(&self, words: &mut [u32], voxels: &[T], low: T, high: T)
    where
        T: Copy + Default + PartialOrd + Send + Sync,
    {
        let slices = words.par_chunks_mut(self.blocks[0] * self.blocks[1]).enumerate();
        slices.for_each(|(k, words)| {
            Arch::new().dispatch(Slice { shape: *self, voxels, low, high, k, words });
        });
    }

    /// Whether the blocks of a row touch a part that shows something.
    fn touched(&self, j: usize, k: usize, row: &mut Vec<u8>) {
        let [pi, pj, pk] = self.parts_size;
        row.clear();
        row.resize(pi + 1, 0);
        // a block lies half a voxel beyond the part of its number, and two blocks share a part along k
        for pk in [k / 2, (k / 2 + k % 2).min(pk - 1)] {
            for pj in [j, (j + 1).min(pj - 1)] {
                let parts = &self.parts[(pk * self.parts_size[1] + pj) * pi..][..pi];
                for (touched, part) in row.iter_mut().zip(parts) {
                    *touched |= part;
                }
            }
        }
        for i in 0..pi {
            row[i] |= row[i + 1];
        }
    }
}

/// The blocks with one k.
struct Slice<'a, T> {
    shape: Shape<'a>,
    voxels: &'a [T],
    /// The smallest and the largest value that may be seen.
    low: T,
    high: T,
    k: usize,
    words: &'a mut [u32],
}

impl<T: Copy + Default + PartialOrd> NullaryFnOnce for Slice<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { shape, voxels, low, high, k, words } = self;
        let [ni, nj, nk] = shape.size;
        let mut touched = Vec::new();
        for (j, words) in words.chunks_exact_mut(shape.blocks[0]).enumerate() {
            shape.touched(j, k, &mut touched);
            for (i, word) in words.iter_mut().enumerate().filter(|(i, _)| touched[*i] != 0) {
                // by slice, then row: which cubes along i have a corner above the one end, below the other
                let mut corners = [[[0_u8; 2]; BLOCK[1] + 1]; BLOCK[2] + 1];
                for (dk, slice) in corners.iter_mut().enumerate() {
                    for (dj, ends) in slice.iter_mut().enumerate() {
                        let (k, j) = ((k * BLOCK[2] + dk).min(nk - 1), (j * BLOCK[1] + dj).min(nj - 1));
                        let (start, end) = ((k * nj + j) * ni + i * BLOCK[0], (k * nj + j + 1) * ni);
                        let row = eight(voxels, start, end);
                        let (mut above, mut below) = (0, 0);
                        for (n, value) in row.into_iter().enumerate() {
                            above |= u8::from(value >= low) << n;
                            below |= u8::from(value <= high) << n;
                        }
                        *ends = [above | above >> 1, below | below >> 1];
                    }
                }
                let mut bits = 0;
                for dk in 0..BLOCK[2] {
                    for dj in 0..BLOCK[1] {
                        let any = |end: usize| {
                            let of = |k: usize| corners[k][dj][end] | corners[k][dj + 1][end];
                            of(dk) | of(dk + 1)
                        };
                        bits |= u32::from(any(0) & any(1) & 0xf) << (dk * 16 + dj * 4);
                    }
                }
                *word = bits;
            }
        }
    }
}

/// Eight voxels of a row from a place on; its last one goes on behind its end.
#[inline(always)]
fn eight<T: Copy + Default>(voxels: &[T], start: usize, end: usize) -> [T; 8] {
    if let Some(row) = voxels.get(start..start + 8).filter(|_| start + 8 <= end) {
        return row.try_into().unwrap_or([T::default(); 8]);
    }
    std::array::from_fn(|n| voxels[(start + n).min(end - 1)])
}
