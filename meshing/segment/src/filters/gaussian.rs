//! Gaussian smoothing.
#![expect(clippy::inline_always, reason = "what a dispatched loop calls gets its vectors only when inlined")]

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Columns that are summed at once: their sums stay in registers.
const BLOCK: usize = 64;
/// Values that the cache keeps while a strip is worked on.
const STRIP: usize = 1 << 17;
/// Standard deviations after which the bell is cut off.
const CUT: f64 = 4.0;

/// The values smoothed by a bell of standard deviation `sigma_mm`, the same in millimetres along every axis.
///
/// `values` lie i fastest; `size` counts voxels, `spacing_mm` is their distance along i, j, k. The bell is sampled at
/// the voxel centres and cut off at four standard deviations. At the border the volume is mirrored (… b a | a b …), so
/// that the sum of all values stays what it was. Without a positive `sigma_mm` the values come back unchanged; a value
/// that is not a number spreads over the reach of the bell.
///
/// # Panics
/// If the number of values is not that of the voxels.
pub fn gaussian(values: &[f32], size: [usize; 3], spacing_mm: [f64; 3], sigma_mm: f64) -> Vec<f32> {
    let [si, sj, sk] = size;
    assert_eq!(values.len(), si * sj * sk, "values of a volume of this size");
    if values.is_empty() || sigma_mm.is_nan() || sigma_mm <= 0.0 {
        return values.to_vec();
    }
    let bells = core::array::from_fn(|axis| bell(sigma_mm / spacing_mm[axis], size[axis]));
    let reach: [usize; 3] = core::array::from_fn(|axis| bells[axis].len() - 1);
    let slices = (4 * reach[2]).clamp(16, 64);
    let rows = (STRIP / ((2 * reach[2] + 1) * si)).saturating_sub(2 * reach[1]).clamp(16, 64);
    let arch = Arch::new();
    let mut smooth = vec![0.0_f32; values.len()];
    smooth.par_chunks_mut(slices * si * sj).enumerate().for_each_init(
        || (vec![0.0_f32; (rows + 2 * reach[1]) * si], vec![0.0_f32; si + 2 * reach[0]]),
        |(strip, padded), (slab, smooth)| {
            let from = slab * slices;
            arch.dispatch(Slab { values, size, bells: &bells, from, rows, strip, padded, smooth });
        },
    );
    smooth
}

/// The work on some slices of the result.
///
/// It goes strip of rows by strip of rows, and through the slices within each, so that the rows that the next slice needs
/// again are still in the cache: k is summed from the input, j within the strip, i within a row.
struct Slab<'a> {
    values: &'a [f32],
    size: [usize; 3],
    /// One along each axis; see [`bell`].
    bells: &'a [Vec<f32>; 3],
    /// The first slice.
    from: usize,
    /// Rows of a strip.
    rows: usize,
    /// Room for a strip and the rows beside it that it needs.
    strip: &'a mut [f32],
    /// Room for a row and what is mirrored at its ends.
    padded: &'a mut [f32],
    smooth: &'a mut [f32],
}

impl WithSimd for Slab<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { values, size: [si, sj, sk], bells, from, rows, strip, padded, smooth } = self;
        let [along_i, along_j, along_k] = bells;
        let [reach, beside] = [along_i.len() - 1, along_j.len() - 1];
        for first in (0..sj).step_by(rows) {
            let last = (first + rows).min(sj);
            let low = first.saturating_sub(beside);
            let high = (last + beside).min(sj);
            for (k, smooth) in (from..).zip(smooth.chunks_exact_mut(si * sj)) {
                for (j, row) in (low..high).zip(strip.chunks_exact_mut(si)) {
                    sum(row, along_k, |d| &values[(mirror(k, d, sk) * sj + j) * si..][..si]);
                }
                for (j, out) in (first..last).zip(smooth[first * si..].chunks_exact_mut(si)) {
                    let row = |d| &strip[(mirror(j, d, sj) - low) * si..][..si];
                    sum(&mut padded[reach..reach + si], along_j, row);
                    for d in 1..=reach {
                        padded[reach - d] = padded[reach + mirror(0, -(d as isize), si)];
                        padded[reach + si - 1 + d] = padded[reach + mirror(si - 1, d as isize, si)];
                    }
                    let padded = &*padded;
                    sum(out, along_i, |d| &padded[reach.wrapping_add_signed(d)..][..si]);
                }
            }
        }
    }
}

/// The right half of the bell, its middle first, for a standard deviation in voxels; the whole sums to 1.
fn bell(sigma: f64, voxels: usize) -> Vec<f32> {
    // Wider than the mirrored line the bell is flat: more of it changes nothing.
    let reach = CUT.mul_add(sigma, 0.5).min(4.0 * voxels as f64) as usize;
    let at = |d: usize| (-0.5 * (d as f64 / sigma).powi(2)).exp();
    let total = 1.0 + 2.0 * (1..=reach).map(at).sum::<f64>();
    (0..=reach).map(|d| (at(d) / total) as f32).collect()
}

/// The place `d` steps from `at` on a line of `n` that is mirrored at its ends.
#[inline(always)]
fn mirror(at: usize, d: isize, n: usize) -> usize {
    let to = at as isize + d;
    if to >= 0 && to < n as isize {
        return to as usize;
    }
    let to = to.rem_euclid(2 * n as isize) as usize;
    if to < n { to } else { 2 * n - 1 - to }
}

/// `out` = the sum of the lines at each distance, weighted by the bell.
#[inline(always)]
fn sum<'a>(out: &mut [f32], bell: &[f32], line: impl Fn(isize) -> &'a [f32]) {
    let (blocks, rest) = out.as_chunks_mut::<BLOCK>();
    let middle = line(0);
    for (n, out) in blocks.iter_mut().enumerate() {
        let from = n * BLOCK;
        let mut sums = [0.0_f32; BLOCK];
        for (sum, value) in sums.iter_mut().zip(&middle[from..][..BLOCK]) {
            *sum = bell[0] * value;
        }
        for (d, weight) in (1_isize..).zip(&bell[1..]) {
            let (before, after) = (&line(-d)[from..][..BLOCK], &line(d)[from..][..BLOCK]);
            for ((sum, a), b) in sums.iter_mut().zip(before).zip(after) {
                *sum += weight * (a + b);
            }
        }
        *out = sums;
    }
    let from = blocks.len() * BLOCK;
    for (x, out) in (from..).zip(rest) {
        let pairs = (1_isize..).zip(&bell[1..]);
        *out = pairs.fold(bell[0] * middle[x], |sum, (d, weight)| sum + weight * (line(-d)[x] + line(d)[x]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(n: usize) -> Vec<f32> {
        (0..n as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 20) as f32).collect()
    }

    /// Slow and obvious: the whole bell over every voxel, mirrored by walking.
    fn slow(values: &[f32], size: [usize; 3], sigma: [f64; 3]) -> Vec<f64> {
        let walk = |at: usize, d: isize, n: usize| {
            let (mut x, mut step) = (at as isize, d.signum());
            for _ in 0..d.abs() {
                let inside = (0..n as isize).contains(&(x + step));
                (x, step) = if inside { (x + step, step) } else { (x, -step) };
            }
            x as usize
        };
        let mut now: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
        let stride = [1, size[0], size[0] * size[1]];
        for axis in 0..3 {
            let reach = (4.0 * sigma[axis] + 0.5) as isize;
            let weight = |d: isize| (-0.5 * (d as f64 / sigma[axis]).powi(2)).exp();
            let total: f64 = (-reach..=reach).map(weight).sum();
            now = (0..now.len())
                .map(|n| {
                    let at = n / stride[axis] % size[axis];
                    let value = |d| now[n - at * stride[axis] + walk(at, d, size[axis]) * stride[axis]];
                    (-reach..=reach).map(|d| weight(d) * value(d)).sum::<f64>() / total
                })
                .collect();
        }
        now
    }

    #[test]
    fn smoothing_agrees_with_summing_the_whole_bell() {
        for size in [[70, 5, 9], [3, 66, 1], [130, 2, 3]] {
            let (spacing, sigma_mm) = ([0.5, 1.0, 2.5], 1.3);
            let values = noise(size.iter().product());
            let got = gaussian(&values, size, spacing, sigma_mm);
            let want = slow(&values, size, spacing.map(|mm| sigma_mm / mm));
            for (got, want) in got.iter().zip(&want) {
                assert!((f64::from(*got) - want).abs() < 2e-6 * 4096.0, "{got} against {want}");
            }
        }
    }

    #[test]
    fn a_bell_in_anisotropic_voxels_has_the_same_width_in_millimetres() {
        let (size, spacing, sigma) = ([61, 41, 31], [0.5, 0.8, 1.2], 2.0);
        let mut values = vec![0.0; size.iter().product()];
        let at = [30, 20, 15];
        values[at[0] + size[0] * (at[1] + size[1] * at[2])] = 1.0;
        let smooth = gaussian(&values, size, spacing, sigma);
        for axis in 0..3 {
            let variance: f64 = smooth
                .iter()
                .enumerate()
                .map(|(n, &weight)| {
                    let place = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])][axis];
                    f64::from(weight) * ((place as f64 - at[axis] as f64) * spacing[axis]).powi(2)
                })
                .sum();
            assert!((variance.sqrt() - sigma).abs() < 0.02, "axis {axis}: {}", variance.sqrt());
        }
    }

    #[test]
    fn smoothing_keeps_the_sum_and_needs_a_positive_width() {
        let (size, values) = ([9, 8, 7], noise(9 * 8 * 7));
        let total = |values: &[f32]| values.iter().map(|&v| f64::from(v)).sum::<f64>();
        for sigma in [0.4, 3.0, 1e9] {
            let smooth = gaussian(&values, size, [1.0; 3], sigma);
            assert!((total(&smooth) / total(&values) - 1.0).abs() < 1e-5, "{sigma}");
        }
        for sigma in [0.0, -1.0, f64::NAN] {
            assert_eq!(gaussian(&values, size, [1.0; 3], sigma), values);
        }
    }
}
