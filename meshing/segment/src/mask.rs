//! Masks: making them from levels, comparing them.

use meshing_volume::{LabelMap, Volume, Voxels};
use rayon::prelude::*;

/// The mask of the values from `lower` to `upper`, both included; NaN is outside.
pub fn select(volume: &Volume, lower: f64, upper: f64) -> LabelMap {
    let mut mask = LabelMap::empty(volume.grid());
    let labels = mask.labels_mut();
    const CHUNK: usize = 1 << 16;
    match volume.voxels() {
        Voxels::I16(values) => {
            // Whole numbers between the levels, so that the inner loop compares 16-bit integers.
            let (low, high) = (lower.ceil().max(-32768.0), upper.floor().min(32767.0));
            if low <= high {
                let (low, high) = (low as i16, high as i16);
                labels.par_chunks_mut(CHUNK).zip(values.par_chunks(CHUNK)).for_each(|(labels, values)| {
                    for (label, &value) in labels.iter_mut().zip(values) {
                        *label = u8::from(value >= low && value <= high);
                    }
                });
            }
        }
        Voxels::F32(values) => {
            labels.par_chunks_mut(CHUNK).zip(values.par_chunks(CHUNK)).for_each(|(labels, values)| {
                for (label, &value) in labels.iter_mut().zip(values) {
                    let value = f64::from(value);
                    *label = u8::from(value >= lower && value <= upper);
                }
            });
        }
    }
    mask
}

/// Where the surface of the values from `lower` upwards runs. Among whole numbers a whole level would run through every
/// voxel that has just this value, as a fold around it; half a unit below, it lies between what is in and what is out.
pub fn surface_level(volume: &Volume, lower: f64) -> f64 {
    match volume.voxels() {
        Voxels::I16(_) if lower.fract() == 0.0 => lower - 0.5,
        Voxels::I16(_) | Voxels::F32(_) => lower,
    }
}

/// The grid axis (0 = i, 1 = j, 2 = k) that runs most nearly from foot to head.
pub fn body_axis(mask: &LabelMap) -> usize {
    let along = mask.grid().direction().map(|axis| axis.z().abs());
    (0..3).max_by(|&a, &b| along[a].total_cmp(&along[b]).then(b.cmp(&a))).unwrap_or(2)
}

/// Dice's overlap of two masks' voxels labelled 1: 1 if equal, 0 if apart; 1 for two empty masks.
///
/// # Panics
/// If the masks have different numbers of voxels.
pub fn dice(a: &LabelMap, b: &LabelMap) -> f64 {
    assert_eq!(a.labels().len(), b.labels().len(), "masks on the same grid");
    let (both, sum) = a
        .labels()
        .par_iter()
        .zip(b.labels())
        .map(|(a, b)| (usize::from(*a == 1 && *b == 1), usize::from(*a == 1) + usize::from(*b == 1)))
        .reduce(|| (0, 0), |x, y| (x.0 + y.0, x.1 + y.1));
    if sum == 0 { 1.0 } else { 2.0 * both as f64 / sum as f64 }
}

#[cfg(test)]
mod tests {
    use meshing_space::{Point, Vector};
    use meshing_volume::{Grid, VolumeMeta};

    use super::*;

    #[test]
    fn levels_include_their_ends_for_integers_and_floats() {
        let grid = Grid::axis_aligned([5, 1, 1], Point::origin(), [1.0; 3]).expect("grid");
        let whole =
            Volume::new(grid, Voxels::I16(vec![1, 2, 3, 4, 5]), VolumeMeta::default()).expect("volume");
        let real = Voxels::F32(vec![1.0, 2.0, f32::NAN, 4.0, 5.0]);
        let real = Volume::new(grid, real, VolumeMeta::default()).expect("volume");
        assert_eq!(select(&whole, 2.0, 4.0).labels(), [0, 1, 1, 1, 0]);
        assert_eq!(select(&whole, 1.5, 4.5).labels(), [0, 1, 1, 1, 0]);
        assert_eq!(select(&whole, 2.2, 2.8).labels(), [0; 5]);
        assert_eq!([2.0, 2.2].map(|level| surface_level(&whole, level)), [1.5, 2.2]);
        assert_eq!(surface_level(&real, 2.0), 2.0);
        assert_eq!(select(&whole, -1e9, 1e9).labels(), [1; 5]);
        assert_eq!(select(&real, 2.0, 4.0).labels(), [0, 1, 0, 1, 0]);
    }

    #[test]
    fn dice_of_equal_half_and_apart() {
        let grid = Grid::axis_aligned([4, 1, 1], Point::origin(), [1.0; 3]).expect("grid");
        let mask = |labels: [u8; 4]| LabelMap::new(grid, labels.to_vec()).expect("mask");
        assert_eq!(dice(&mask([1, 1, 0, 0]), &mask([1, 1, 0, 0])), 1.0);
        assert_eq!(dice(&mask([1, 1, 0, 0]), &mask([0, 1, 1, 0])), 0.5);
        assert_eq!(dice(&mask([1, 0, 0, 0]), &mask([0, 0, 0, 1])), 0.0);
        assert_eq!(dice(&mask([0; 4]), &mask([0; 4])), 1.0);
    }

    #[test]
    fn the_body_axis_is_the_one_along_the_spine() {
        let axes = [Vector::new(0.0, 0.0, -1.0), Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0)];
        let grid = Grid::new([2, 2, 2], Point::origin(), axes, [1.0; 3]).expect("grid");
        assert_eq!(body_axis(&LabelMap::empty(&grid)), 0);
    }
}
