//! The largest extinction in each part of a cell, for delta tracking.

use crate::TransferFunction;
use crate::cells::{Cells, chamfer};

/// The largest entry of any range of a table, by doubling (a sparse table: Bender and Farach-Colton 2000).
struct RangeMaximum(Vec<Vec<f32>>);

impl RangeMaximum {
    fn new(values: Vec<f32>) -> Self {
        let mut levels = vec![values];
        let mut reach = 1;
        while let Some(last) = levels.last().filter(|l| l.len() > reach) {
            let next = last.iter().zip(&last[reach..]).map(|(a, b)| a.max(*b)).collect();
            levels.push(next);
            reach *= 2;
        }
        Self(levels)
    }

    /// Over `first..=last`, which must be in order and inside.
    fn over(&self, first: usize, last: usize) -> f32 {
        let level = (last - first + 1).ilog2() as usize;
        self.0[level][first].max(self.0[level][last + 1 - (1 << level)])
    }
}

/// For each part of a cell the largest extinction per mm that a sample in it can have; where that is 0, minus the
/// number of parts (in the chessboard metric, at most 255) to the nearest one where it is not.
pub(crate) fn majorants(cells: &Cells, transfer: &TransferFunction, density: f64) -> Vec<f32> {
    let table = transfer.table();
    let (low, high) = transfer.span();
    let last = table.len() - 1;
    let index = |value: f32| ((value - low) / (high - low) * last as f32).clamp(0.0, last as f32);
    let extinction = RangeMaximum::new(table.iter().map(|entry| entry[3]).collect());
    let largest = cells.parts.iter().map(|&[min, max]| {
        // the entries that a sample mixes, with a little room for rounding, as in the leap distances
        let (x, y) = (index(min), index(max));
        let first = (x - 0.01).max(0.0).floor() as usize;
        let end = if y > 0.0 { (y + 0.01).ceil() as usize } else { 0 }.min(last);
        extinction.over(first, end.max(first)) * density as f32
    });
    let largest: Vec<f32> = largest.collect();
    let mut leaps: Vec<u8> = largest.iter().map(|&m| if m > 0.0 { 0 } else { u8::MAX }).collect();
    chamfer(&mut leaps, cells.parts_size);
    let of = |(majorant, leap): (&f32, u8)| if leap == 0 { *majorant } else { -f32::from(leap) };
    largest.iter().zip(leaps).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn range_maxima_equal_a_plain_search() {
        let values: Vec<f32> = (0..37).map(|i: u32| (i.wrapping_mul(2654435761) >> 20) as f32).collect();
        let table = RangeMaximum::new(values.clone());
        for first in 0..values.len() {
            for last in first..values.len() {
                let plain = values[first..=last].iter().copied().fold(0.0, f32::max);
                assert_eq!(table.over(first, last), plain);
            }
        }
    }
}
