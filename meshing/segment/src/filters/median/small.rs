//! 3×3×3 by a network of comparisons.

use pulp::{Simd, WithSimd};

use super::{BLOCK, Slice};

/// Memory for rows, each with a column before and after it, and up to a whole block.
pub(super) struct Room {
    /// For each of three rows the columns of three along k, sorted.
    triples: [[Vec<i16>; 3]; 3],
    /// For one row the nine along j and k, sorted.
    nines: [Vec<i16>; 9],
}

/// Columns before the first one, so that the one on its left is there.
const AHEAD: usize = 1;

impl Room {
    pub(super) fn new(si: usize) -> Self {
        let row = || vec![0; si.next_multiple_of(BLOCK) + 2 * BLOCK];
        Self {
            triples: core::array::from_fn(|_| core::array::from_fn(|_| row())),
            nines: core::array::from_fn(|_| row()),
        }
    }
}

pub(super) struct Median<'a> {
    pub(super) slice: Slice<'a>,
    pub(super) room: &'a mut Room,
}

impl WithSimd for Median<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { slice, room } = self;
        let [si, sj, _] = slice.size;
        let Room { triples, nines } = room;
        for j in 0..=1 {
            sort_along_k(&slice, j.min(sj - 1), &mut triples[j]);
        }
        for j in 0..sj {
            if j > 0 {
                sort_along_k(&slice, (j + 1).min(sj - 1), &mut triples[(j + 1) % 3]);
            }
            // Above the first row lies the first row once more.
            let before = if j == 0 { 0 } else { (j - 1) % 3 };
            sort_along_j([&triples[before], &triples[j % 3], &triples[(j + 1) % 3]], nines, si);
            for nine in nines.iter_mut() {
                nine[0] = nine[AHEAD];
                nine[AHEAD + si] = nine[AHEAD + si - 1];
            }
            middle_along_i(nines, &mut slice.out[j * si..][..si]);
        }
    }
}

#[inline(always)]
fn swap(a: &mut i16, b: &mut i16) {
    (*a, *b) = ((*a).min(*b), (*a).max(*b));
}

#[inline(always)]
fn sort_3([mut a, mut b, mut c]: [i16; 3]) -> [i16; 3] {
    swap(&mut a, &mut b);
    swap(&mut b, &mut c);
    swap(&mut a, &mut b);
    [a, b, c]
}

#[inline(always)]
fn block(row: &[i16], from: usize) -> &[i16; BLOCK] {
    // Rows of the room are longer than whole blocks by at least one.
    row[from..].first_chunk().unwrap_or(&[0; BLOCK])
}

#[inline(always)]
fn sort_along_k(slice: &Slice<'_>, j: usize, out: &mut [Vec<i16>; 3]) {
    let rows = [-1, 0, 1].map(|dk| slice.row(j, 0, dk));
    let si = rows[0].len();
    let whole = si - si % BLOCK;
    for from in (0..whole).step_by(BLOCK) {
        let [a, b, c] = rows.map(|row| block(row, from));
        let mut sorted = [[0; BLOCK]; 3];
        for x in 0..BLOCK {
            let three = sort_3([a[x], b[x], c[x]]);
            for (sorted, value) in sorted.iter_mut().zip(three) {
                sorted[x] = value;
            }
        }
        for (out, sorted) in out.iter_mut().zip(&sorted) {
            out[from..from + BLOCK].copy_from_slice(sorted);
        }
    }
    for x in whole..si {
        for (out, value) in out.iter_mut().zip(sort_3(rows.map(|row| row[x]))) {
            out[x] = value;
        }
    }
}

/// Nine values whose columns of three are sorted, sorted: rows, then the diagonals.
#[inline(always)]
fn sort_9(columns: [[i16; 3]; 3]) -> [i16; 9] {
    let [a, b, c] = columns;
    let [low, middle, high] = [0, 1, 2].map(|n| sort_3([a[n], b[n], c[n]]));
    // Sorted along both sides of the square only a few pairs are left open.
    let [s0, mut s1, mut s2] = low;
    let [mut s3, mut s4, mut s5] = middle;
    let [mut s6, mut s7, s8] = high;
    swap(&mut s1, &mut s3);
    swap(&mut s5, &mut s7);
    swap(&mut s2, &mut s6);
    swap(&mut s2, &mut s4);
    swap(&mut s4, &mut s6);
    swap(&mut s2, &mut s3);
    swap(&mut s5, &mut s6);
    [s0, s1, s2, s3, s4, s5, s6, s7, s8]
}

#[inline(always)]
fn sort_along_j(rows: [&[Vec<i16>; 3]; 3], out: &mut [Vec<i16>; 9], si: usize) {
    for from in (0..si).step_by(BLOCK) {
        let rows = rows.map(|row| [&row[0], &row[1], &row[2]].map(|row| block(row, from)));
        let mut sorted = [[0; BLOCK]; 9];
        for x in 0..BLOCK {
            let nine = sort_9(rows.map(|row| row.map(|values| values[x])));
            for (sorted, value) in sorted.iter_mut().zip(nine) {
                sorted[x] = value;
            }
        }
        for (out, sorted) in out.iter_mut().zip(&sorted) {
            out[AHEAD + from..AHEAD + from + BLOCK].copy_from_slice(sorted);
        }
    }
}

/// The median of three sorted nines.
///
/// The n-th of each of the three, sorted, make a table that is sorted along both sides; of its 27 values 7 are too small
/// and 7 too large to be the median wherever they stand, and that of the 13 others is the median of all.
#[inline(always)]
fn middle_27(nines: [[i16; 9]; 3]) -> i16 {
    let [a, b, c] = nines;
    let lowest = |n: usize| a[n].min(b[n]).min(c[n]);
    let highest = |n: usize| a[n].max(b[n]).max(c[n]);
    let sorted = |n: usize| sort_3([a[n], b[n], c[n]]);
    let [r2, r3, r4, r5, r6] = [2, 3, 4, 5, 6].map(sorted);
    let low = [r5[0], r6[0], lowest(7), lowest(8)];
    let middle = [r2[1], r3[1], r4[1], r5[1], r6[1]];
    let high = [highest(0), highest(1), r2[2], r3[2]];
    // The two fours merged (Batcher 1968); of the eight the ends are not needed.
    let outer = merge_4([low[0], low[2]], [high[0], high[2]]);
    let inner = merge_4([low[1], low[3]], [high[1], high[3]]);
    let mut eight = [outer[0], outer[1], inner[0], outer[2], inner[1], outer[3], inner[2], inner[3]];
    for n in [1, 3, 5] {
        let [first, second] = [eight[n].min(eight[n + 1]), eight[n].max(eight[n + 1])];
        (eight[n], eight[n + 1]) = (first, second);
    }
    // The seventh of both lists together: as many of one as make it the least.
    let mut seventh = eight[6];
    for taken in 1..=5 {
        seventh = seventh.min(middle[taken - 1].max(eight[6 - taken]));
    }
    seventh
}

/// Two sorted pairs merged.
#[inline(always)]
fn merge_4([a, b]: [i16; 2], [c, d]: [i16; 2]) -> [i16; 4] {
    let (first, mut second) = (a.min(c), a.max(c));
    let (mut third, last) = (b.min(d), b.max(d));
    swap(&mut second, &mut third);
    [first, second, third, last]
}

#[inline(always)]
fn middle_along_i(nines: &[Vec<i16>; 9], out: &mut [i16]) {
    let mut from = 0;
    while from < out.len() {
        let [a, b, c]: [[&[i16; BLOCK]; 9]; 3] =
            [0, 1, 2].map(|shift| core::array::from_fn(|n| block(&nines[n], from + shift)));
        let mut medians = [0; BLOCK];
        for (x, median) in medians.iter_mut().enumerate() {
            *median = middle_27([a, b, c].map(|nine| nine.map(|values| values[x])));
        }
        let count = BLOCK.min(out.len() - from);
        out[from..from + count].copy_from_slice(&medians[..count]);
        from += BLOCK;
    }
}
