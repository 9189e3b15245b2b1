//! A level from the histogram.

use meshing_volume::{Volume, Voxels};
use rayon::prelude::*;

/// Bins of the histogram.
const BINS: usize = 1024;

/// Otsu's level (1979): the value that splits the volume into two classes with the greatest variance between them.
///
/// `None` if all values are equal or none is finite. The highest 0.1 % of the values are counted as one bin, so that a
/// few bright voxels do not coarsen the histogram.
pub fn otsu(volume: &Volume) -> Option<f64> {
    let (low, high) = volume.range();
    let (low, mut high) = (f64::from(low), f64::from(high));
    if !(low.is_finite() && high.is_finite() && low < high) {
        return None;
    }
    let mut counts = histogram(volume, low, high);
    let total: u64 = counts.iter().sum();
    let mut above = 0;
    let top = (0..BINS).rev().find(|&bin| {
        above += counts[bin];
        above * 1000 > total
    });
    if let Some(top) = top.filter(|top| *top + 1 < BINS) {
        high = low + (high - low) * (top + 1) as f64 / BINS as f64;
        counts = histogram(volume, low, high);
    }
    split(&counts).map(|bin| low + (high - low) * (bin + 1) as f64 / BINS as f64)
}

/// Counts values in equal bins from `low` to `high`; higher ones fall in the last.
fn histogram(volume: &Volume, low: f64, high: f64) -> Vec<u64> {
    let scale = BINS as f64 / (high - low);
    let bin = |value: f32| (((f64::from(value) - low) * scale) as usize).min(BINS - 1);
    let count = |mut counts: Vec<u64>, value: f32| {
        if value.is_finite() {
            counts[bin(value)] += 1;
        }
        counts
    };
    let empty = || vec![0; BINS];
    let add = |a: Vec<u64>, b: Vec<u64>| a.iter().zip(&b).map(|(a, b)| a + b).collect();
    match volume.voxels() {
        Voxels::I16(values) => values
            .par_chunks(1 << 16)
            .map(|part| part.iter().fold(empty(), |counts, &v| count(counts, f32::from(v))))
            .reduce(empty, add),
        Voxels::F32(values) => values
            .par_chunks(1 << 16)
            .map(|part| part.iter().fold(empty(), |counts, &v| count(counts, v)))
            .reduce(empty, add),
    }
}

/// The last bin of the lower class.
pub(crate) fn split(counts: &[u64]) -> Option<usize> {
    let total: u64 = counts.iter().sum();
    let weighted: f64 = counts.iter().enumerate().map(|(bin, &n)| bin as f64 * n as f64).sum();
    let (mut below, mut sum) = (0_u64, 0.0);
    let mut best = (0.0, None);
    for (bin, &n) in counts.iter().enumerate() {
        below += n;
        sum += bin as f64 * n as f64;
        let above = total - below;
        if below > 0 && above > 0 {
            let apart = sum / below as f64 - (weighted - sum) / above as f64;
            let between = below as f64 * above as f64 * apart * apart;
            if between > best.0 {
                best = (between, Some(bin));
            }
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::{Grid, VolumeMeta};

    use super::*;

    #[test]
    fn two_classes_are_split_between_their_values() {
        let grid = Grid::axis_aligned([100, 100, 1], Point::origin(), [1.0; 3]).expect("grid");
        let value = |n: usize| (if n.is_multiple_of(3) { 200.0 } else { 20.0 }) + (n % 7) as f32;
        let mut values: Vec<f32> = (0..grid.len()).map(value).collect();
        values[17] = 60_000.0;
        let volume = Volume::new(grid, Voxels::F32(values), VolumeMeta::default()).expect("volume");
        let level = otsu(&volume).expect("two classes");
        assert!(level > 26.0 && level <= 200.0, "{level}");
        let flat =
            Volume::new(grid, Voxels::I16(vec![5; grid.len()]), VolumeMeta::default()).expect("volume");
        assert_eq!(otsu(&flat), None);
    }
}
