//! Slices with a thickness.

use meshing_volume::Grid;
use serde::{Deserialize, Serialize};

/// What a slab shows of the values across its thickness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlabMode {
    /// The largest (MIP): contrast in vessels, bone.
    Maximum,
    /// The smallest (MinIP): airways, emphysema, bile ducts.
    Minimum,
    /// The mean: as a thicker scan would show it, with less noise.
    #[default]
    Mean,
}

/// How thick a slice is. Independent of where the slice lies, so that scrolling and turning keep it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Slab {
    /// From face to face in mm, half of it on either side of the plane; 0 is a thin slice.
    pub thickness_mm: f64,
    /// What is shown of the values within.
    pub mode: SlabMode,
}

/// How a slab is sampled along its thickness: at the middle and at even steps to both sides up to its faces.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlabSampling {
    /// Samples at each pixel: odd, 1 for a thin slice.
    pub samples: u32,
    /// Distance between them in mm, at most half the smallest voxel spacing; 0 for a thin slice.
    pub step_mm: f64,
}

impl Slab {
    /// A slice without thickness.
    pub const THIN: Self = Self { thickness_mm: 0.0, mode: SlabMode::Mean };

    /// More samples than this are not taken.
    pub const MAX_SAMPLES: u32 = 4095;

    /// A slab of a thickness.
    pub const fn new(thickness_mm: f64, mode: SlabMode) -> Self {
        Self { thickness_mm, mode }
    }

    /// How the slab is sampled in a grid. A mean weighs the samples on the two faces half (trapezoidal rule).
    /// `None` for a thickness that is negative, not finite, or needs more than [`Slab::MAX_SAMPLES`].
    pub fn sampling(&self, grid: &Grid) -> Option<SlabSampling> {
        let thickness = self.thickness_mm;
        if !(thickness.is_finite() && thickness >= 0.0) {
            return None;
        }
        let finest = grid.spacing_mm().iter().copied().fold(f64::INFINITY, f64::min);
        // steps on one side of the middle, a hair less so that whole numbers of voxels give steps of half a voxel
        let half = (thickness / finest - 1e-9).ceil().max(0.0);
        let samples = 2.0 * half + 1.0;
        (samples <= f64::from(Self::MAX_SAMPLES)).then(|| SlabSampling {
            samples: samples as u32,
            step_mm: if half > 0.0 { thickness / (2.0 * half) } else { 0.0 },
        })
    }
}

impl SlabSampling {
    /// Where a sample lies behind the middle, in mm.
    pub fn depth_mm(&self, sample: u32) -> f64 {
        (f64::from(sample) - f64::from(self.samples - 1) / 2.0) * self.step_mm
    }
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;

    use super::*;

    #[test]
    fn samples_reach_from_face_to_face_at_half_a_voxel_or_less() {
        let grid = Grid::axis_aligned([9, 9, 9], Point::origin(), [1.0, 0.8, 2.0]).unwrap();
        for thickness in [0.0, 0.1, 0.8, 1.0, 4.0, 33.3] {
            let sampling = Slab::new(thickness, SlabMode::Maximum).sampling(&grid).unwrap();
            assert!(sampling.samples % 2 == 1 && sampling.step_mm <= 0.4 + 1e-12, "{sampling:?}");
            let ends = [sampling.depth_mm(0), sampling.depth_mm(sampling.samples - 1)];
            assert!((ends[0] + thickness / 2.0).abs() < 1e-9 && (ends[1] - thickness / 2.0).abs() < 1e-9);
        }
        let voxels = Slab::new(4.0, SlabMode::Mean).sampling(&grid).unwrap();
        assert_eq!((voxels.samples, voxels.step_mm), (11, 0.4));
        for wrong in [-1.0, f64::NAN, 4000.0] {
            assert!(Slab::new(wrong, SlabMode::Mean).sampling(&grid).is_none());
        }
    }
}
