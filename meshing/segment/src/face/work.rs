//! The volume as the search for the face sees it: equal steps along the patient's axes, whatever the scan's own grid.

use meshing_space::{Lps, Point};
use meshing_volume::Volume;
use rayon::prelude::*;

use super::FaceError;
use crate::{Components, Connectivity, Distance, Runs, To};

/// Most voxels looked at: about 20 bytes of memory each.
const MOST: usize = 24 << 20;
/// Steps tried, mm; the first that keeps the volume below [`MOST`] and is not finer than the scan is taken.
const STEPS: [f64; 7] = [1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0];
/// Room around the volume, mm, in which nothing is known.
const MARGIN_MM: f64 = 18.0;

/// Values on a grid along the patient's axes (i to the left, j posterior, k superior), NaN outside the field of view.
#[derive(Clone)]
pub(super) struct Work {
    pub(super) size: [usize; 3],
    /// Distance between neighbours along every axis, mm.
    pub(super) step: f64,
    pub(super) low: [f64; 3],
    pub(super) values: Vec<f32>,
}

impl Work {
    pub(super) fn of(volume: &Volume) -> Result<Self, FaceError> {
        let bounds = volume.grid().bounds().expanded(MARGIN_MM);
        let (low, extent) = (bounds.min.to_array(), bounds.size().to_array());
        let finest = volume.grid().spacing_mm().into_iter().fold(f64::INFINITY, f64::min);
        let sized = |step: f64| extent.map(|mm| (mm / step).ceil().min(1e7) as usize + 1);
        let fits = |step: f64| {
            sized(step).iter().try_fold(1_usize, |n, &size| n.checked_mul(size)).is_some_and(|n| n <= MOST)
        };
        let step = STEPS
            .into_iter()
            .find(|&step| (step >= finest.min(2.0) - 0.01) && fits(step))
            .ok_or(FaceError::TooLarge)?;
        let size = sized(step);
        let mut work = Self { size, step, low, values: vec![f32::NAN; size.iter().product()] };
        let row = size[0];
        let mut values = std::mem::take(&mut work.values);
        values.par_chunks_mut(row).enumerate().for_each(|(at, values)| {
            for (i, value) in values.iter_mut().enumerate() {
                let point = Point::<Lps>::from_array(work.point(at * row + i));
                *value = sample(volume, point);
            }
        });
        work.values = values;
        Ok(work)
    }

    /// The grid without its values.
    pub(super) const fn frame(&self) -> Self {
        Self { size: self.size, step: self.step, low: self.low, values: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// i, j, k of a place in memory.
    pub(super) fn at(&self, index: usize) -> [usize; 3] {
        let [si, sj, _] = self.size;
        [index % si, index / si % sj, index / (si * sj)]
    }

    /// Where a voxel lies, LPS mm.
    pub(super) fn point(&self, index: usize) -> [f64; 3] {
        let at = self.at(index);
        std::array::from_fn(|axis| self.low[axis] + at[axis] as f64 * self.step)
    }

    /// The voxel nearest to a point.
    pub(super) fn nearest(&self, point: [f64; 3]) -> Option<usize> {
        let mut at = [0_usize; 3];
        for axis in 0..3 {
            let x = ((point[axis] - self.low[axis]) / self.step).round();
            if !(x >= 0.0 && x < self.size[axis] as f64) {
                return None;
            }
            at[axis] = x as usize;
        }
        Some(at[0] + self.size[0] * (at[1] + self.size[1] * at[2]))
    }

    /// The six neighbours by faces that are there.
    pub(super) fn neighbours(&self, index: usize) -> impl Iterator<Item = usize> + use<> {
        let (at, size) = (self.at(index), self.size);
        let stride = [1, size[0], size[0] * size[1]];
        (0..3).flat_map(move |axis| {
            let before = (at[axis] > 0).then(|| index - stride[axis]);
            let after = (at[axis] + 1 < size[axis]).then(|| index + stride[axis]);
            before.into_iter().chain(after)
        })
    }

    /// For each voxel the distance to the nearest one for which `source` holds, mm; a kilometre where there is none.
    pub(super) fn distances(&self, source: impl Fn(usize) -> bool + Sync) -> Vec<f32> {
        Distance::new([self.step; 3], To::Centres).within(1e6).from(&Runs::find(self.size, source))
    }

    /// A mask of the voxels for which `inside` holds.
    pub(super) fn mask(&self, inside: impl Fn(usize) -> bool + Sync) -> Vec<bool> {
        (0..self.len()).into_par_iter().map(&inside).collect()
    }

    /// The connected parts of what `inside` holds for that have at least `least` of the voxels of the largest.
    pub(super) fn large_parts(&self, least: f64, inside: impl Fn(usize) -> bool + Sync) -> Vec<bool> {
        let parts = Components::find(self.size, Connectivity::Faces, inside);
        let largest = parts.voxels().iter().copied().max().unwrap_or(0) as f64;
        let mut labels = vec![0_u8; self.len()];
        parts.paint(&mut labels, 1, |part| {
            parts.voxels().get(part).is_some_and(|&n| n as f64 >= largest * least)
        });
        labels.into_iter().map(|label| label == 1).collect()
    }

    /// The connected parts of what `inside` holds for in which there is a voxel for which `wanted` holds.
    pub(super) fn parts_with(
        &self,
        inside: impl Fn(usize) -> bool + Sync,
        wanted: impl Fn(usize) -> bool,
    ) -> Vec<bool> {
        let parts = Components::find(self.size, Connectivity::Faces, inside);
        let mut has = vec![false; parts.count()];
        parts.mark(|n, part| {
            if let Some(has) = has.get_mut(part) {
                *has |= wanted(n);
            }
        });
        let mut labels = vec![0_u8; self.len()];
        parts.paint(&mut labels, 1, |part| has.get(part).is_some_and(|has| *has));
        labels.into_iter().map(|label| label == 1).collect()
    }

    pub(super) fn millilitres(&self, mask: &[bool]) -> f64 {
        mask.par_iter().filter(|inside| **inside).count() as f64 * self.step.powi(3) / 1000.0
    }
}

/// The value at a point; up to half a voxel outside the outermost centres the value of the border, NaN beyond.
fn sample(volume: &Volume, point: Point<Lps>) -> f32 {
    let at = (volume.grid().ijk_from_lps() * point).to_array();
    let size = volume.grid().size();
    let mut held = at;
    for axis in 0..3 {
        let last = size[axis] as f64 - 1.0;
        if !(at[axis] >= -0.5 && at[axis] <= last + 0.5) {
            return f32::NAN;
        }
        held[axis] = at[axis].clamp(0.0, last);
    }
    volume.sample(Point::from_array(held)).map_or(f32::NAN, |value| value as f32)
}
