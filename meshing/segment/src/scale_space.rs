//! Gaussian smoothing and derivatives at a scale in millimetres.

use meshing_volume::{Cancelled, Progress, Volume, Voxels};
use pulp::Arch;
use rayon::prelude::*;

/// The kernel ends at this many standard deviations.
const REACH: f64 = 3.5;
/// Numbers that are summed side by side.
const TILE: usize = 32;

/// Half of a symmetric kernel: the middle and one side; sums to 1 over both sides.
fn kernel(sigma: f64) -> Vec<f32> {
    if sigma < 0.05 {
        return vec![1.0];
    }
    let radius = (REACH * sigma).ceil() as usize;
    let weight = |t: usize| (-0.5 * (t as f64 / sigma).powi(2)).exp();
    let sum = weight(0) + 2.0 * (1..=radius).map(weight).sum::<f64>();
    (0..=radius).map(|t| (weight(t) / sum) as f32).collect()
}

/// Sums rows weighted by a kernel: `rows(t)` gives the rows `t` before and after the middle one.
#[expect(clippy::inline_always, reason = "compiled again for each instruction set")]
#[inline(always)]
fn weigh<'a>(kernel: &[f32], out: &mut [f32], rows: impl Fn(usize) -> (&'a [f32], &'a [f32])) {
    let width = out.len();
    let middle = rows(0).0;
    let mut start = 0;
    while start + TILE <= width {
        let mut sums = [0.0_f32; TILE];
        for (sum, value) in sums.iter_mut().zip(&middle[start..start + TILE]) {
            *sum = kernel[0] * value;
        }
        for (t, &weight) in kernel.iter().enumerate().skip(1) {
            let (before, after) = rows(t);
            let (before, after) = (&before[start..start + TILE], &after[start..start + TILE]);
            for n in 0..TILE {
                sums[n] += weight * (before[n] + after[n]);
            }
        }
        out[start..start + TILE].copy_from_slice(&sums);
        start += TILE;
    }
    for n in start..width {
        let mut sum = kernel[0] * middle[n];
        for (t, &weight) in kernel.iter().enumerate().skip(1) {
            let (before, after) = rows(t);
            sum += weight * (before[n] + after[n]);
        }
        out[n] = sum;
    }
}

/// One row of voxels as numbers; what is no number counts as 0.
fn read_row(volume: &Volume, from: usize, row: &mut [f32]) {
    let to = from + row.len();
    match volume.voxels() {
        Voxels::I16(values) => {
            for (out, &value) in row.iter_mut().zip(&values[from..to]) {
                *out = f32::from(value);
            }
        }
        Voxels::F32(values) => {
            for (out, &value) in row.iter_mut().zip(&values[from..to]) {
                *out = if value.is_finite() { value } else { 0.0 };
            }
        }
    }
}

/// A volume smoothed by a Gaussian of `sigma_mm`, i fastest; beyond the border the outermost values go on. `spare` is
/// working memory that is used again between calls.
///
/// # Errors
/// [`Cancelled`].
pub(crate) fn smoothed(
    volume: &Volume,
    sigma_mm: f64,
    spare: &mut Vec<f32>,
    out: &mut Vec<f32>,
    progress: &dyn Progress,
) -> Result<(), Cancelled> {
    let grid = volume.grid();
    let [si, sj, sk] = grid.size();
    let kernels = grid.spacing_mm().map(|mm| kernel(sigma_mm / mm));
    let arch = Arch::new();
    spare.resize(grid.len(), 0.0);
    out.resize(grid.len(), 0.0);
    // Along i and j within a slice that stays in cache, then along k.
    progress.step(0, 2)?;
    spare.par_chunks_mut(si * sj).enumerate().for_each_init(
        || (vec![0.0; si * sj], vec![0.0; si + 2 * (kernels[0].len() - 1)]),
        |(slice, padded), (k, spare)| {
            arch.dispatch(|| {
                let radius = kernels[0].len() - 1;
                for j in 0..sj {
                    read_row(volume, (k * sj + j) * si, &mut padded[radius..radius + si]);
                    let (first, last) = (padded[radius], padded[radius + si - 1]);
                    padded[..radius].fill(first);
                    padded[radius + si..].fill(last);
                    weigh(&kernels[0], &mut slice[j * si..(j + 1) * si], |t| {
                        (&padded[radius - t..radius - t + si], &padded[radius + t..radius + t + si])
                    });
                }
                let row = |j: usize| &slice[j * si..(j + 1) * si];
                for j in 0..sj {
                    weigh(&kernels[1], &mut spare[j * si..(j + 1) * si], |t| {
                        (row(j.saturating_sub(t)), row((j + t).min(sj - 1)))
                    });
                }
            });
        },
    );
    progress.step(1, 2)?;
    let whole: &[f32] = spare;
    out.par_chunks_mut(si * sj).enumerate().for_each(|(k, out)| {
        arch.dispatch(|| {
            for j in 0..sj {
                let row = |k: usize| &whole[(k * sj + j) * si..(k * sj + j + 1) * si];
                weigh(&kernels[2], &mut out[j * si..(j + 1) * si], |t| {
                    (row(k.saturating_sub(t)), row((k + t).min(sk - 1)))
                });
            }
        });
    });
    progress.step(2, 2)?;
    Ok(())
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
    let (mut slopes, mut smooth) = (Vec::new(), Vec::new());
    smoothed(volume, sigma_mm, &mut slopes, &mut smooth, progress)?;
    let [si, sj, sk] = volume.grid().size();
    let per_mm = volume.grid().spacing_mm().map(|mm| (0.5 / mm) as f32);
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
    fn a_point_becomes_a_gaussian_of_equal_width_in_millimetres() {
        let (size, mm, sigma) = ([45, 31, 23], [0.5, 0.8, 1.5], 2.0);
        let grid = Grid::axis_aligned(size, Point::origin(), mm).expect("grid");
        let mut values = vec![0.0; grid.len()];
        values[grid.index(22, 15, 11)] = 1.0;
        let volume = Volume::new(grid, Voxels::F32(values), VolumeMeta::default()).expect("volume");
        let (mut spare, mut out) = (Vec::new(), Vec::new());
        smoothed(&volume, sigma, &mut spare, &mut out, &Silent).expect("done");
        let sum: f64 = out.iter().map(|&v| f64::from(v)).sum();
        assert!((sum - 1.0).abs() < 1e-3, "{sum}");
        let peak = out[grid.index(22, 15, 11)];
        for at in [[26, 15, 11], [22, 18, 11], [22, 15, 12], [25, 17, 13]] {
            let apart: f64 = (0..3)
                .map(|axis| ((at[axis] as f64 - [22.0, 15.0, 11.0][axis]) * mm[axis] / sigma).powi(2))
                .sum();
            let ratio = f64::from(out[grid.index(at[0], at[1], at[2])] / peak);
            assert!((ratio / (-0.5 * apart).exp() - 1.0).abs() < 0.01, "{at:?}: {ratio}");
        }
    }

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
