//! Derivatives at a scale in millimetres.

use meshing_volume::{Cancelled, Progress, Volume, Voxels};
use pulp::Arch;
use rayon::prelude::*;

use crate::filters::gaussian;

/// The values as numbers; what is no number counts as 0.
pub(crate) fn numbers(volume: &Volume) -> Vec<f32> {
    let finite = |value: f32| if value.is_finite() { value } else { 0.0 };
    match volume.voxels() {
        Voxels::I16(values) => values.par_iter().map(|&value| f32::from(value)).collect(),
        Voxels::F32(values) => values.par_iter().map(|&value| finite(value)).collect(),
    }
}

/// Length of the gradient of the volume smoothed by a Gaussian of `sigma_mm` (0: not smoothed), in the volume's unit
/// per mm, i fastest. The grid's axes are taken as perpendicular.
///
/// # Errors
/// [`Cancelled`].
pub fn gradient_magnitude(
    volume: &Volume,
    sigma_mm: f64,
    progress: &dyn Progress,
) -> Result<Vec<f32>, Cancelled> {
    let grid = volume.grid();
    let mut slopes = numbers(volume);
    progress.step(1, 3)?;
    let smooth = gaussian(&slopes, grid.size(), grid.spacing_mm(), sigma_mm);
    progress.step(2, 3)?;
    let [si, sj, sk] = grid.size();
    let per_mm = grid.spacing_mm().map(|mm| (0.5 / mm) as f32);
    let arch = Arch::new();
    slopes.par_chunks_mut(si).enumerate().for_each(|(at, out)| {
        let (j, k) = (at % sj, at / sj);
        let row = |j: usize, k: usize| &smooth[(k * sj + j) * si..(k * sj + j + 1) * si];
        let middle = row(j, k);
        let (front, back) = (row(j.saturating_sub(1), k), row((j + 1).min(sj - 1), k));
        let (below, above) = (row(j, k.saturating_sub(1)), row(j, (k + 1).min(sk - 1)));
        arch.dispatch(|| {
            for i in 0..si {
                let x = (middle[(i + 1).min(si - 1)] - middle[i.saturating_sub(1)]) * per_mm[0];
                let y = (back[i] - front[i]) * per_mm[1];
                let z = (above[i] - below[i]) * per_mm[2];
                out[i] = (x * x + y * y + z * z).sqrt();
            }
        });
    });
    Ok(slopes)
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::{Grid, Silent, VolumeMeta};

    use super::*;

    #[test]
    fn a_ramp_has_its_slope_in_millimetres() {
        let grid = Grid::axis_aligned([40, 20, 20], Point::origin(), [0.5, 1.0, 2.0]).expect("grid");
        let value = |n: usize| (3.0 * 0.5 * (n % 40) as f64 + 4.0 * 2.0 * (n / 800) as f64) as f32;
        let volume =
            Volume::new(grid, Voxels::F32((0..grid.len()).map(value).collect()), VolumeMeta::default());
        let slopes = gradient_magnitude(&volume.expect("volume"), 1.0, &Silent).expect("done");
        assert!((slopes[grid.index(20, 10, 10)] - 5.0).abs() < 1e-3);
    }
}
