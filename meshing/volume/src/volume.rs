//! A grid with values.

use std::borrow::Cow;

use meshing_space::{Ijk, Lps, Point};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Grid;

/// The values of a volume, i fastest.
#[derive(Clone, Debug, PartialEq)]
pub enum Voxels {
    /// Exact integers in the volume's unit (CT: HU).
    I16(Vec<i16>),
    /// Values that do not fit 16-bit integers exactly (PET, parametric maps, fractional rescale).
    F32(Vec<f32>),
}

impl Voxels {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::I16(values) => values.len(),
            Self::F32(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What the values mean.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeMeta {
    /// DICOM modality, for example `CT`.
    pub modality: String,
    /// Unit of the values, for example `HU`; empty where arbitrary (MR).
    pub unit: String,
    /// Frame of Reference UID; empty where the source gave none.
    pub frame_of_reference: String,
}

/// A scalar volume in patient space.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    grid: Grid,
    voxels: Voxels,
    meta: VolumeMeta,
}

/// Why grid and values do not make a volume.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VolumeError {
    /// Number of values and number of voxels differ.
    #[error("{values} values given for {voxels} voxels")]
    Length {
        /// Values given.
        values: usize,
        /// Voxels of the grid.
        voxels: usize,
    },
}

impl crate::Told for VolumeError {
    fn chinese(&self) -> String {
        match self {
            Self::Length { values, voxels } => format!("给出 {values} 个数值，但有 {voxels} 个体素"),
        }
    }
}

impl Volume {
    /// Joins a grid and its values.
    ///
    /// # Errors
    /// [`VolumeError::Length`] where their numbers differ.
    pub fn new(grid: Grid, voxels: Voxels, meta: VolumeMeta) -> Result<Self, VolumeError> {
        if voxels.len() == grid.len() {
            Ok(Self { grid, voxels, meta })
        } else {
            Err(VolumeError::Length { values: voxels.len(), voxels: grid.len() })
        }
    }

    /// Where the voxels lie.
    pub const fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The values, i fastest.
    pub const fn voxels(&self) -> &Voxels {
        &self.voxels
    }

    /// What the values mean.
    pub const fn meta(&self) -> &VolumeMeta {
        &self.meta
    }

    /// The parts, without a copy.
    pub fn into_parts(self) -> (Grid, Voxels, VolumeMeta) {
        (self.grid, self.voxels, self.meta)
    }

    /// Value of voxel (i, j, k).
    pub fn value(&self, i: usize, j: usize, k: usize) -> f32 {
        self.value_at(self.grid.index(i, j, k))
    }

    /// Value at a place in memory.
    pub fn value_at(&self, index: usize) -> f32 {
        match &self.voxels {
            Voxels::I16(values) => f32::from(values[index]),
            Voxels::F32(values) => values[index],
        }
    }

    /// Smallest and largest value; NaN is passed over.
    pub fn range(&self) -> (f32, f32) {
        const CHUNK: usize = 1 << 18;
        let join = |a: (f32, f32), b: (f32, f32)| (a.0.min(b.0), a.1.max(b.1));
        let empty = || (f32::INFINITY, f32::NEG_INFINITY);
        match &self.voxels {
            Voxels::I16(values) => values
                .par_chunks(CHUNK)
                .map(|part| {
                    let (low, high) =
                        part.iter().fold((i16::MAX, i16::MIN), |(low, high), &v| (low.min(v), high.max(v)));
                    (f32::from(low), f32::from(high))
                })
                .reduce(empty, join),
            Voxels::F32(values) => values
                .par_chunks(CHUNK)
                .map(|part| part.iter().fold(empty(), |(low, high), &v| (low.min(v), high.max(v))))
                .reduce(empty, join),
        }
    }

    /// Value at a continuous voxel index by trilinear interpolation in f64; `None` outside the box of voxel centres
    /// (beyond it any value would be a guess).
    pub fn sample(&self, at: Point<Ijk>) -> Option<f64> {
        let mut base = [0_usize; 3];
        let mut fraction = [0.0_f64; 3];
        for (axis, coordinate) in at.to_array().into_iter().enumerate() {
            let last = self.grid.size()[axis] - 1;
            // A point on the border, off by rounding only, still counts as on it.
            let coordinate = if coordinate < 0.0 && coordinate > -1e-9 { 0.0 } else { coordinate };
            let coordinate = if coordinate > last as f64 && coordinate < last as f64 + 1e-9 {
                last as f64
            } else {
                coordinate
            };
            if !(0.0..=last as f64).contains(&coordinate) {
                return None;
            }
            base[axis] = (coordinate as usize).min(last.saturating_sub(1));
            fraction[axis] = coordinate - base[axis] as f64;
        }
        let [si, sj, sk] = self.grid.size();
        let step = [usize::from(si > 1), if sj > 1 { si } else { 0 }, if sk > 1 { si * sj } else { 0 }];
        let start = self.grid.index(base[0], base[1], base[2]);
        let at = |offset: usize| f64::from(self.value_at(start + offset));
        let along_i = |offset: usize| at(offset) + (at(offset + step[0]) - at(offset)) * fraction[0];
        let along_j =
            |offset: usize| along_i(offset) + (along_i(offset + step[1]) - along_i(offset)) * fraction[1];
        Some(along_j(0) + (along_j(step[2]) - along_j(0)) * fraction[2])
    }

    /// Value at a patient position; see [`Volume::sample`].
    pub fn sample_lps(&self, at: Point<Lps>) -> Option<f64> {
        self.sample(self.grid.ijk_from_lps() * at)
    }

    /// The values as little-endian bytes, i fastest: what hashes of voxels are taken over.
    pub fn voxel_bytes(&self) -> Cow<'_, [u8]> {
        match &self.voxels {
            Voxels::I16(values) => bytes_of(values, |v| v.to_le_bytes()),
            Voxels::F32(values) => bytes_of(values, |v| v.to_le_bytes()),
        }
    }
}

/// Little-endian bytes of a slice; borrowed where the machine already keeps them so.
fn bytes_of<T: bytemuck::NoUninit, const N: usize>(
    values: &[T],
    to_bytes: impl Fn(&T) -> [u8; N],
) -> Cow<'_, [u8]> {
    if cfg!(target_endian = "little") {
        Cow::Borrowed(bytemuck::cast_slice(values))
    } else {
        Cow::Owned(values.iter().flat_map(to_bytes).collect())
    }
}

#[cfg(test)]
mod tests {
    use meshing_space::Vector;

    use super::*;

    fn ramp(size: [usize; 3]) -> Volume {
        let axes = [Vector::new(0.0, 1.0, 0.0), Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 0.0, 1.0)];
        let grid = Grid::new(size, Point::new(1.0, 2.0, 3.0), axes, [1.0, 2.0, 3.0]).expect("grid");
        let mut values = Vec::new();
        for k in 0..size[2] {
            for j in 0..size[1] {
                for i in 0..size[0] {
                    values.push((i + 10 * j + 100 * k) as i16);
                }
            }
        }
        Volume::new(grid, Voxels::I16(values), VolumeMeta::default()).expect("volume")
    }

    #[test]
    fn a_linear_ramp_is_sampled_exactly() {
        let volume = ramp([4, 5, 6]);
        for at in [[0.0, 0.0, 0.0], [3.0, 4.0, 5.0], [1.25, 2.5, 3.75], [3.0, 0.5, 4.999]] {
            let expected = at[0] + 10.0 * at[1] + 100.0 * at[2];
            let got = volume.sample(Point::from_array(at)).expect("inside");
            assert!((got - expected).abs() < 1e-9, "{at:?}: {got} against {expected}");
        }
        assert_eq!(volume.sample(Point::new(3.01, 0.0, 0.0)), None);
        assert_eq!(volume.sample(Point::new(0.0, -0.01, 0.0)), None);
        assert_eq!(volume.sample(Point::new(f64::NAN, 0.0, 0.0)), None);
        let lps = Point::new(1.0 + 2.0 * 2.5, 2.0 + 1.25, 3.0);
        assert!((volume.sample_lps(lps).expect("inside") - 26.25).abs() < 1e-9);
    }

    #[test]
    fn a_single_voxel_can_be_sampled() {
        let volume = ramp([1, 1, 1]);
        assert_eq!(volume.sample(Point::origin()), Some(0.0));
        assert_eq!(volume.sample(Point::new(0.1, 0.0, 0.0)), None);
    }

    #[test]
    fn the_range_and_bytes_are_those_of_the_values() {
        let volume = ramp([4, 5, 6]);
        assert_eq!(volume.range(), (0.0, 543.0));
        assert_eq!(&volume.voxel_bytes()[..4], &[0, 0, 1, 0]);
        let wrong = Volume::new(*volume.grid(), Voxels::F32(vec![0.0; 3]), VolumeMeta::default());
        assert_eq!(wrong, Err(VolumeError::Length { values: 3, voxels: 120 }));
    }
}
