//! The integer wavelet: LeGall 5/3 by lifting (Le Gall & Tabatabai 1988; reversible form of JPEG 2000, ISO/IEC 15444-1
//! Annex F), one split along each of i, j, k.
//!
//! With `update` it is the 5/3 wavelet: the low band is a smoothed, halved block. Without, the low band is every second
//! value as it is, which suits numbers whose sums mean nothing (floats as ordered integers). All arithmetic wraps, so
//! that a split is undone exactly whatever the values are.

use crate::layout::{band_size, count};

fn mean(a: i32, b: i32) -> i32 {
    a.wrapping_add(b) >> 1
}

fn quarter(a: i32, b: i32) -> i32 {
    a.wrapping_add(b).wrapping_add(2) >> 2
}

/// Working memory of one thread.
#[derive(Default)]
pub(crate) struct Scratch {
    first: Vec<i32>,
    second: Vec<i32>,
}

/// Splits a block into its low band (returned) and the seven high bands, appended to `high` in order.
pub(crate) fn split(
    block: &[i32],
    size: [usize; 3],
    update: bool,
    scratch: &mut Scratch,
    high: &mut Vec<i32>,
) -> Vec<i32> {
    let [ni, nj, nk] = size;
    let Scratch { first, second } = scratch;
    first.resize(block.len(), 0);
    second.resize(block.len(), 0);
    for (from, to) in block.chunks_exact(ni).zip(first.chunks_exact_mut(ni)) {
        split_row(from, to, update);
    }
    for (from, to) in first.chunks_exact(ni * nj).zip(second.chunks_exact_mut(ni * nj)) {
        split_lines(from, to, ni, update);
    }
    split_lines(second, first, ni * nj, update);
    let mut low = Vec::with_capacity(count(band_size(size, 0)));
    for band in 0..8 {
        let out = if band == 0 { &mut low } else { &mut *high };
        for_rows([ni, nj, nk], band, |row| out.extend_from_slice(&first[row]));
    }
    low
}

/// Puts a block together from its low band and its seven high bands.
pub(crate) fn join(
    low: &[i32],
    high: &[i32],
    size: [usize; 3],
    update: bool,
    scratch: &mut Scratch,
) -> Vec<i32> {
    let [ni, nj, _] = size;
    let Scratch { first, second } = scratch;
    first.resize(count(size), 0);
    second.resize(count(size), 0);
    let mut high = high;
    let mut low = low;
    for band in 0..8 {
        let from = if band == 0 { &mut low } else { &mut high };
        for_rows(size, band, |row| {
            let (part, rest) = from.split_at(row.len());
            first[row].copy_from_slice(part);
            *from = rest;
        });
    }
    join_lines(first, second, ni * nj, update);
    for (from, to) in second.chunks_exact(ni * nj).zip(first.chunks_exact_mut(ni * nj)) {
        join_lines(from, to, ni, update);
    }
    let mut block = vec![0; count(size)];
    let mut row_low = vec![0; ni.div_ceil(2)];
    for (from, to) in first.chunks_exact(ni).zip(block.chunks_exact_mut(ni)) {
        join_row(from, to, &mut row_low, update);
    }
    block
}

/// Calls `visit` with the place of each row of a band in a split block (low halves first along every axis).
fn for_rows(size: [usize; 3], band: usize, mut visit: impl FnMut(core::ops::Range<usize>)) {
    let [bi, bj, bk] = band_size(size, band);
    let low = band_size(size, 0);
    let start: [usize; 3] = core::array::from_fn(|axis| if band >> axis & 1 == 1 { low[axis] } else { 0 });
    if bi == 0 {
        return;
    }
    for k in start[2]..start[2] + bk {
        for j in start[1]..start[1] + bj {
            let at = (k * size[1] + j) * size[0] + start[0];
            visit(at..at + bi);
        }
    }
}

/// Splits one row into its low half and its high half.
fn split_row(row: &[i32], out: &mut [i32], update: bool) {
    let half = row.len().div_ceil(2);
    let (low, high) = out.split_at_mut(half);
    for (pair, (l, h)) in row.chunks_exact(2).zip(low.iter_mut().zip(high.iter_mut())) {
        (*l, *h) = (pair[0], pair[1]);
    }
    if row.len() % 2 == 1 {
        low[half - 1] = row[row.len() - 1];
    }
    for (h, pair) in high.iter_mut().zip(low.windows(2)) {
        *h = h.wrapping_sub(mean(pair[0], pair[1]));
    }
    // An even row ends with a high value whose right neighbour is mirrored.
    if row.len().is_multiple_of(2) {
        high[half - 1] = high[half - 1].wrapping_sub(mean(low[half - 1], low[half - 1]));
    }
    if update && !high.is_empty() {
        low[0] = low[0].wrapping_add(quarter(high[0], high[0]));
        for (l, pair) in low[1..].iter_mut().zip(high.windows(2)) {
            *l = l.wrapping_add(quarter(pair[0], pair[1]));
        }
        if row.len() % 2 == 1 {
            let last = high[high.len() - 1];
            low[half - 1] = low[half - 1].wrapping_add(quarter(last, last));
        }
    }
}

fn join_row(row: &[i32], out: &mut [i32], low: &mut [i32], update: bool) {
    let half = row.len().div_ceil(2);
    let high = &row[half..];
    low.copy_from_slice(&row[..half]);
    if update && !high.is_empty() {
        low[0] = low[0].wrapping_sub(quarter(high[0], high[0]));
        for (l, pair) in low[1..].iter_mut().zip(high.windows(2)) {
            *l = l.wrapping_sub(quarter(pair[0], pair[1]));
        }
        if row.len() % 2 == 1 {
            let last = high[high.len() - 1];
            low[half - 1] = low[half - 1].wrapping_sub(quarter(last, last));
        }
    }
    for ((to, h), pair) in out.chunks_exact_mut(2).zip(high).zip(low.windows(2)) {
        to[0] = pair[0];
        to[1] = h.wrapping_add(mean(pair[0], pair[1]));
    }
    if row.len() % 2 == 1 {
        out[row.len() - 1] = low[half - 1];
    } else {
        let l = low[half - 1];
        out[row.len() - 2] = l;
        out[row.len() - 1] = high[half - 1].wrapping_add(mean(l, l));
    }
}

/// Splits along an axis whose neighbours lie `line` values apart: whole lines at once.
fn split_lines(from: &[i32], to: &mut [i32], line: usize, update: bool) {
    let n = from.len() / line;
    let half = n.div_ceil(2);
    let (low, high) = to.split_at_mut(half * line);
    for (i, out) in high.chunks_exact_mut(line).enumerate() {
        let (a, b) = (&from[2 * i * line..], &from[right_even(i, n) * line..]);
        let odd = &from[(2 * i + 1) * line..];
        for (((out, odd), a), b) in out.iter_mut().zip(odd).zip(a).zip(b) {
            *out = odd.wrapping_sub(mean(*a, *b));
        }
    }
    for (i, out) in low.chunks_exact_mut(line).enumerate() {
        let even = &from[2 * i * line..];
        if update && n > 1 {
            let (a, b) = (&high[left_odd(i) * line..], &high[right_odd(i, n) * line..]);
            for (((out, even), a), b) in out.iter_mut().zip(even).zip(a).zip(b) {
                *out = even.wrapping_add(quarter(*a, *b));
            }
        } else {
            out.copy_from_slice(&even[..line]);
        }
    }
}

fn join_lines(from: &[i32], to: &mut [i32], line: usize, update: bool) {
    let n = from.len() / line;
    let half = n.div_ceil(2);
    let (low, high) = from.split_at(half * line);
    for (i, low) in low.chunks_exact(line).enumerate() {
        let out = &mut to[2 * i * line..][..line];
        if update && n > 1 {
            let (a, b) = (&high[left_odd(i) * line..], &high[right_odd(i, n) * line..]);
            for (((out, low), a), b) in out.iter_mut().zip(low).zip(a).zip(b) {
                *out = low.wrapping_sub(quarter(*a, *b));
            }
        } else {
            out.copy_from_slice(low);
        }
    }
    for (i, high) in high.chunks_exact(line).enumerate() {
        let (before, rest) = to.split_at_mut((2 * i + 1) * line);
        let (out, after) = rest.split_at_mut(line);
        let a = &before[2 * i * line..];
        let b = if 2 * i + 2 < n { &after[..line] } else { a };
        for (((out, high), a), b) in out.iter_mut().zip(high).zip(a).zip(b) {
            *out = high.wrapping_add(mean(*a, *b));
        }
    }
}

/// The even line right of odd line `2 i + 1` among `n`, mirrored at the end.
const fn right_even(i: usize, n: usize) -> usize {
    if 2 * i + 2 < n { 2 * i + 2 } else { 2 * i }
}

/// The high lines left and right of low line `i`, mirrored at both ends.
const fn left_odd(i: usize) -> usize {
    i.saturating_sub(1)
}
const fn right_odd(i: usize, n: usize) -> usize {
    if i < n / 2 { i } else { n / 2 - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrambled(n: usize) -> Vec<i32> {
        (0..n as u32).map(|i| (i ^ 0x5bd1).wrapping_mul(0x9E37_79B9).rotate_left(i % 31) as i32).collect()
    }

    #[test]
    fn join_undoes_split_for_all_sizes_and_wild_values() {
        let mut scratch = Scratch::default();
        for size in [[1, 1, 1], [2, 1, 1], [1, 2, 3], [5, 4, 3], [7, 7, 7], [8, 8, 8], [1, 9, 16], [64, 3, 2]]
        {
            for update in [false, true] {
                let block = scrambled(count(size));
                let mut high = Vec::new();
                let low = split(&block, size, update, &mut scratch, &mut high);
                assert_eq!(low.len() + high.len(), block.len());
                assert_eq!(join(&low, &high, size, update, &mut scratch), block, "{size:?} {update}");
            }
        }
    }

    #[test]
    fn the_three_axes_are_treated_alike() {
        let line: Vec<i32> = scrambled(9).into_iter().map(|v| v >> 16).collect();
        let mut scratch = Scratch::default();
        let lows: Vec<Vec<i32>> = [[9, 1, 1], [1, 9, 1], [1, 1, 9]]
            .into_iter()
            .map(|size| split(&line, size, true, &mut scratch, &mut Vec::new()))
            .collect();
        assert_eq!(lows[0], lows[1]);
        assert_eq!(lows[0], lows[2]);
        // Worked by hand: (4, 8, 2) has the detail 8 - 3 = 5, so its low values are 4 + 3 and 2 + 3.
        assert_eq!(split(&[4, 8, 2], [3, 1, 1], true, &mut scratch, &mut Vec::new()), [7, 5]);
    }

    #[test]
    fn a_ramp_leaves_no_detail_inside() {
        let block: Vec<i32> = (0..17).map(|i| 3 * i - 7).collect();
        let mut high = Vec::new();
        let low = split(&block, [17, 1, 1], true, &mut Scratch::default(), &mut high);
        assert!(high.iter().all(|&h| h == 0), "{high:?}");
        assert_eq!(low, (0..9).map(|i| 6 * i - 7).collect::<Vec<_>>());
    }
}
