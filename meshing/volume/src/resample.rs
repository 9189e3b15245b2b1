//! Resampling onto another grid.

use rayon::prelude::*;

use meshing_space::Point;

use crate::{Grid, Volume, Voxels};

impl Volume {
    /// The volume on another grid of the same patient space, by trilinear interpolation in f64; voxels whose centre
    /// lies outside this volume get `background`. Integer volumes are rounded to the nearest value.
    #[must_use]
    pub fn resample(&self, onto: &Grid, background: f32) -> Self {
        let ijk_from_ijk = self.grid().ijk_from_lps() * onto.lps_from_ijk();
        let [si, sj, _] = onto.size();
        let value_at = |index: usize| {
            let (i, j, k) = (index % si, index / si % sj, index / (si * sj));
            let at = ijk_from_ijk * Point::new(i as f64, j as f64, k as f64);
            self.sample(at).unwrap_or(f64::from(background))
        };
        let voxels = match self.voxels() {
            Voxels::I16(_) => {
                Voxels::I16((0..onto.len()).into_par_iter().map(|n| value_at(n).round() as i16).collect())
            }
            Voxels::F32(_) => {
                Voxels::F32((0..onto.len()).into_par_iter().map(|n| value_at(n) as f32).collect())
            }
        };
        Self::new(*onto, voxels, self.meta().clone())
            .unwrap_or_else(|_| unreachable!("one value was made per voxel"))
    }
}

#[cfg(test)]
mod tests {
    use meshing_space::Vector;

    use super::*;
    use crate::VolumeMeta;

    #[test]
    fn resampling_keeps_a_linear_field_in_place() {
        let grid = Grid::axis_aligned([20, 20, 20], Point::new(-10.0, 0.0, 5.0), [1.0; 3]).expect("grid");
        let field = |p: Point<meshing_space::Lps>| 3.0 * p.x() - 2.0 * p.y() + p.z();
        let values = (0..grid.len())
            .map(|n| {
                field(
                    grid.lps_from_ijk() * Point::new((n % 20) as f64, (n / 20 % 20) as f64, (n / 400) as f64),
                ) as f32
            })
            .collect();
        let volume = Volume::new(grid, Voxels::F32(values), VolumeMeta::default()).expect("volume");
        let (sin, cos) = 0.4_f64.sin_cos();
        let axes = [Vector::new(cos, 0.0, sin), Vector::new(0.0, 1.0, 0.0), Vector::new(-sin, 0.0, cos)];
        let onto = Grid::new([6, 7, 8], Point::new(-2.0, 5.0, 10.0), axes, [0.7, 0.9, 0.6]).expect("grid");
        let turned = volume.resample(&onto, f32::NAN);
        for (i, j, k) in [(0, 0, 0), (5, 6, 7), (3, 2, 5)] {
            let expected = field(onto.lps_from_ijk() * Point::new(i as f64, j as f64, k as f64));
            assert!((f64::from(turned.value(i, j, k)) - expected).abs() < 1e-4, "voxel {i} {j} {k}");
        }
        let outside = Grid::axis_aligned([1, 1, 1], Point::new(500.0, 0.0, 0.0), [1.0; 3]).expect("grid");
        assert_eq!(volume.resample(&outside, -7.0).value(0, 0, 0), -7.0);
    }
}
