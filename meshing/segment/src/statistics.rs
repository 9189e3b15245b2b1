//! What a segment measures: its volume and its values.

use std::collections::BTreeMap;

use meshing_volume::{LabelMap, Volume};
use rayon::prelude::*;

use crate::SegmentError;

/// Volume and values of one label.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// Voxels.
    pub voxels: usize,
    /// Their volume in mm³: whole voxels counted.
    pub volume_mm3: f64,
    /// Values that count: without padding and what is no number.
    pub values: usize,
    /// The figures of these values; `None` where there are none.
    pub spread: Option<Spread>,
}

/// How values spread, in the volume's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Standard deviation with n − 1; 0 for a single value.
    pub deviation: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
    /// 5th, 25th, 50th, 75th and 95th percentile, linear between ranks.
    pub percentiles: [f64; 5],
}

/// The ranks of [`Spread::percentiles`].
pub const PERCENTILES: [f64; 5] = [5.0, 25.0, 50.0, 75.0, 95.0];

/// Volume and values of each label of a map that is not 0. `padding` is the value that stands for "not measured" (DICOM
/// Pixel Padding Value after rescale); such voxels count for the volume but not for the values.
///
/// # Errors
/// [`SegmentError::OtherGrid`] where map and volume do not share a grid.
pub fn statistics(
    volume: &Volume,
    map: &LabelMap,
    padding: Option<f64>,
) -> Result<BTreeMap<u8, Statistics>, SegmentError> {
    if volume.grid() != map.grid() {
        return Err(SegmentError::OtherGrid { what: "labels" });
    }
    let mut counts = vec![0_usize; 256];
    let mut values: Vec<Vec<f32>> = vec![Vec::new(); 256];
    for (n, &label) in map.labels().iter().enumerate().filter(|(_, label)| **label != 0) {
        counts[usize::from(label)] += 1;
        let value = volume.value_at(n);
        if value.is_finite() && padding.is_none_or(|padding| f64::from(value) != padding) {
            values[usize::from(label)].push(value);
        }
    }
    let voxel = volume.grid().voxel_mm3();
    let found = (1..=u8::MAX).filter(|&label| counts[usize::from(label)] > 0).map(|label| {
        let values = &mut values[usize::from(label)];
        let voxels = counts[usize::from(label)];
        let volume_mm3 = voxels as f64 * voxel;
        (label, Statistics { voxels, volume_mm3, values: values.len(), spread: Spread::of(values) })
    });
    Ok(found.collect())
}

impl Spread {
    /// The figures of some numbers, which are sorted on the way; `None` without any.
    pub fn of(values: &mut [f32]) -> Option<Self> {
        values.par_sort_unstable_by(f32::total_cmp);
        let (first, last) = (*values.first()?, *values.last()?);
        let count = values.len() as f64;
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
        let squares: f64 = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum();
        let percentile = |percent: f64| {
            let rank = percent / 100.0 * (count - 1.0);
            let below = rank as usize;
            let above = (below + 1).min(values.len() - 1);
            let (below, above) = (f64::from(values[below]), f64::from(values[above]));
            below + (above - below) * rank.fract()
        };
        Some(Self {
            mean,
            deviation: if values.len() > 1 { (squares / (count - 1.0)).sqrt() } else { 0.0 },
            min: f64::from(first),
            max: f64::from(last),
            percentiles: PERCENTILES.map(percentile),
        })
    }
}

/// Volume of a label in mm³ with partly filled voxels weighted: the mean of the voxels whose 26 neighbours belong to it
/// is taken as full, what lies as far below `level` as empty, and each voxel of the label and about it counts by where
/// its value lies between. `level` is the grey value of the surface, halfway between inside and outside (a method
/// remembers it in its outcome); inside may be the darker side. `None` where no voxel is surrounded by its own label,
/// or it is not brighter or darker than the level.
///
/// # Errors
/// [`SegmentError::OtherGrid`] where map and volume do not share a grid.
pub fn weighted_volume_mm3(
    volume: &Volume,
    map: &LabelMap,
    label: u8,
    level: f64,
) -> Result<Option<f64>, SegmentError> {
    let grid = volume.grid();
    if grid != map.grid() {
        return Err(SegmentError::OtherGrid { what: "labels" });
    }
    let [si, sj, sk] = grid.size();
    let labels = map.labels();
    let around = |n: usize| {
        let at = [n % si, n / si % sj, n / (si * sj)];
        let range = |axis: usize, size: usize| at[axis].saturating_sub(1)..(at[axis] + 2).min(size);
        let (is, js, ks) = (range(0, si), range(1, sj), range(2, sk));
        ks.flat_map(move |k| {
            let is = is.clone();
            js.clone().flat_map(move |j| is.clone().map(move |i| (k * sj + j) * si + i))
        })
    };
    // Sums by slice, added in order, are the same on any number of threads.
    let slices = |of: &(dyn Fn(usize) -> (f64, usize) + Sync)| {
        let sums: Vec<(f64, usize)> = (0..sk)
            .into_par_iter()
            .map(|k| {
                (k * si * sj..(k + 1) * si * sj)
                    .map(of)
                    .fold((0.0, 0), |sum: (f64, usize), x| (sum.0 + x.0, sum.1 + x.1))
            })
            .collect();
        sums.into_iter().fold((0.0, 0), |sum, x| (sum.0 + x.0, sum.1 + x.1))
    };
    let core = |n: usize| {
        let value = volume.value_at(n);
        let own = labels[n] == label && value.is_finite() && around(n).all(|m| labels[m] == label);
        if own { (f64::from(value), 1) } else { (0.0, 0) }
    };
    let (sum, count) = slices(&core);
    let full = sum / count.max(1) as f64;
    let step = 2.0 * (full - level);
    if count == 0 || !step.is_finite() || step == 0.0 {
        return Ok(None);
    }
    let share = |n: usize| {
        let near = around(n).any(|m| labels[m] == label);
        // Another label's voxels are not shared.
        let free = labels[n] == label || labels[n] == 0;
        let value = volume.value_at(n);
        if near && free && value.is_finite() {
            ((1.0 + (f64::from(value) - full) / step).clamp(0.0, 1.0), 1)
        } else {
            (0.0, 0)
        }
    };
    Ok(Some(slices(&share).0 * grid.voxel_mm3()))
}

#[cfg(test)]
mod tests {
    use meshing_phantom::Phantom;
    use meshing_space::{Point, Transform};
    use meshing_volume::{Grid, VolumeMeta, Voxels};

    use super::*;
    use crate::select;

    #[test]
    fn figures_of_a_few_values_are_exact() {
        let grid = Grid::axis_aligned([8, 1, 1], Point::origin(), [1.0, 2.0, 0.5]).expect("grid");
        let values = vec![1, 2, 3, 4, 5, -2000, 9, 9];
        let volume = Volume::new(grid, Voxels::I16(values), VolumeMeta::default()).expect("volume");
        let map = LabelMap::new(grid, vec![1, 1, 1, 1, 1, 1, 7, 0]).expect("map");
        let found = statistics(&volume, &map, Some(-2000.0)).expect("same grid");
        let one = &found[&1];
        assert_eq!((one.voxels, one.values, one.volume_mm3), (6, 5, 6.0));
        let spread = one.spread.expect("values");
        assert_eq!((spread.mean, spread.min, spread.max), (3.0, 1.0, 5.0));
        assert!((spread.deviation - 2.5_f64.sqrt()).abs() < 1e-12, "n - 1");
        let expected = [1.2, 2.0, 3.0, 4.0, 4.8];
        assert!(spread.percentiles.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9));
        assert_eq!(found[&7].spread.expect("one").deviation, 0.0);
        assert_eq!(found.len(), 2);
        let other = Grid::axis_aligned([8, 1, 1], Point::origin(), [1.0; 3]).expect("grid");
        assert!(statistics(&volume, &LabelMap::empty(&other), None).is_err());
    }

    #[test]
    fn a_weighted_volume_is_far_better_than_a_count() {
        let phantom = Phantom::sphere();
        let truth = phantom.truth().parts[0].volume_mm3.expect("a ball has one");
        for mm in [[1.0; 3], [0.7, 0.7, 2.5]] {
            let grid = phantom.grid(mm, Transform::identity());
            let volume = phantom.volume(&grid);
            let (low, high) = volume.range();
            let level = f64::from(low + high) / 2.0;
            let mask = select(&volume, level, f64::INFINITY);
            let weighted = weighted_volume_mm3(&volume, &mask, 1, level).expect("grid").expect("a core");
            assert!((weighted / truth - 1.0).abs() < 5e-4, "{weighted} of {truth}");
            let dark = select(&volume, f64::NEG_INFINITY, level);
            let rest = weighted_volume_mm3(&volume, &dark, 1, level).expect("grid").expect("a core");
            let all = grid.len() as f64 * grid.voxel_mm3();
            assert!(((weighted + rest) / all - 1.0).abs() < 1e-3, "both sides make the whole");
        }
    }
}
