//! 3×3×3 by a network of comparisons.

#![expect(clippy::needless_range_loop, reason = "one index into many rows is what becomes vectors")]

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
        for (j, triples) in triples.iter_mut().take(2).enumerate() {
            sort_along_k(&slice, j.min(sj - 1), triples);
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
            for n in 0..3 {
                sorted[n][x] = three[n];
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
    // Written out: a closure in `map` is not always inlined, and then nothing here becomes vectors.
    let low = sort_3([a[0], b[0], c[0]]);
    let middle = sort_3([a[1], b[1], c[1]]);
    let high = sort_3([a[2], b[2], c[2]]);
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
            let [a, b, c] = rows;
            let nine = sort_9([three(&a, x), three(&b, x), three(&c, x)]);
            for n in 0..9 {
                sorted[n][x] = nine[n];
            }
        }
        for (out, sorted) in out.iter_mut().zip(&sorted) {
            out[AHEAD + from..AHEAD + from + BLOCK].copy_from_slice(sorted);
        }
    }
}

#[inline(always)]
fn three(rows: &[&[i16; BLOCK]; 3], x: usize) -> [i16; 3] {
    [rows[0][x], rows[1][x], rows[2][x]]
}

#[inline(always)]
fn nine(rows: &[&[i16; BLOCK]; 9], x: usize) -> [i16; 9] {
    let [a, b, c, d, e, f, g, h, i] = rows;
    [a[x], b[x], c[x], d[x], e[x], f[x], g[x], h[x], i[x]]
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
    let (r2, r3, r4, r5, r6) = (sorted(2), sorted(3), sorted(4), sorted(5), sorted(6));
    let low = [r5[0], r6[0], lowest(7), lowest(8)];
    let middle = [r2[1], r3[1], r4[1], r5[1], r6[1]];
    let high = [highest(0), highest(1), r2[2], r3[2]];
    // The two fours merged (Batcher 1968); of the eight the ends are not needed.
    let outer = merge_4([low[0], low[2]], [high[0], high[2]]);
    let inner = merge_4([low[1], low[3]], [high[1], high[3]]);
    let [_, e2, e4, e6] = outer;
    let [e1, e3, e5, _] = inner;
    let (y2, y3) = (e2.min(e1), e2.max(e1));
    let (y4, y5) = (e4.min(e3), e4.max(e3));
    let (y6, y7) = (e6.min(e5), e6.max(e5));
    // The seventh of both lists together: the least over how many are taken of each.
    let [m1, m2, m3, m4, m5] = middle;
    let few = y7.min(m1.max(y6)).min(m2.max(y5));
    few.min(m3.max(y4)).min(m4.max(y3)).min(m5.max(y2))
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
            *median = middle_27([nine(&a, x), nine(&b, x), nine(&c, x)]);
        }
        let count = BLOCK.min(out.len() - from);
        out[from..from + count].copy_from_slice(&medians[..count]);
        from += BLOCK;
    }
}
