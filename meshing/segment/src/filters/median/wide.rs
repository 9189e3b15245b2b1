//! Any box, bit by bit.

use pulp::{Simd, WithSimd};

use super::{BLOCK, Slice};

/// Memory for the rows around one, each with the columns before and after it, up to a whole block.
pub(super) struct Room {
    rows: Vec<u16>,
    wide: usize,
}

/// What is known of all values: the lowest, and how many bits the highest lies above it.
#[derive(Clone, Copy)]
pub(super) struct Bits {
    low: i16,
    bits: u32,
}

pub(super) fn bits(values: &[i16]) -> Bits {
    let low = values.iter().copied().min().unwrap_or(0);
    let high = values.iter().copied().max().unwrap_or(0);
    Bits { low, bits: u16::BITS - above(high, low).leading_zeros() }
}

/// How far a value lies above the lowest.
#[inline(always)]
fn above(value: i16, low: i16) -> u16 {
    value.wrapping_sub(low).cast_unsigned()
}

impl Room {
    pub(super) fn new(si: usize, [ri, rj, rk]: [usize; 3]) -> Self {
        let wide = si.next_multiple_of(BLOCK) + 2 * ri;
        Self { rows: vec![0; wide * (2 * rj + 1) * (2 * rk + 1)], wide }
    }
}

pub(super) struct Median<'a> {
    pub(super) slice: Slice<'a>,
    pub(super) radius: [usize; 3],
    pub(super) bits: Bits,
    pub(super) room: &'a mut Room,
}

impl WithSimd for Median<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { slice, radius: [ri, rj, rk], bits, room } = self;
        let [si, sj, _] = slice.size;
        let (reach_j, reach_k) = (rj as isize, rk as isize);
        // At most 15³ voxels, so that counts fit 16 bits.
        let half = ((2 * ri + 1) * (2 * rj + 1) * (2 * rk + 1) / 2) as u16;
        for j in 0..sj {
            let mut rows = room.rows.chunks_exact_mut(room.wide);
            for dk in -reach_k..=reach_k {
                for (dj, padded) in (-reach_j..=reach_j).zip(&mut rows) {
                    let row = slice.row(j, dj, dk);
                    for (to, &value) in padded[ri..].iter_mut().zip(row) {
                        *to = above(value, bits.low);
                    }
                    let (first, last) = (padded[ri], padded[ri + si - 1]);
                    padded[..ri].fill(first);
                    padded[ri + si..].fill(last);
                }
            }
            for from in (0..si).step_by(BLOCK) {
                let mut found = [0_u16; BLOCK];
                for bit in (0..bits.bits).rev() {
                    let below =
                        count_below(&room.rows, room.wide, from, 2 * ri + 1, &found.map(|v| v | 1 << bit));
                    for (found, &below) in found.iter_mut().zip(&below) {
                        *found |= u16::from(below <= half) << bit;
                    }
                }
                let count = BLOCK.min(si - from);
                for (out, &found) in slice.out[j * si + from..][..count].iter_mut().zip(&found) {
                    *out = bits.low.wrapping_add(found.cast_signed());
                }
            }
        }
    }
}

/// How many values around each column are below its bound.
#[inline(always)]
fn count_below(rows: &[u16], wide: usize, from: usize, across: usize, bounds: &[u16; BLOCK]) -> [u16; BLOCK] {
    let mut below = [0_u16; BLOCK];
    for row in rows.chunks_exact(wide) {
        for shift in 0..across {
            let values = &row[from + shift..][..BLOCK];
            for ((below, &value), &bound) in below.iter_mut().zip(values).zip(bounds) {
                *below += u16::from(value < bound);
            }
        }
    }
    below
}
