//! Closing of grey values.

use rayon::prelude::*;

/// The grey-scale closing by a box of `2 · half + 1` voxels along i, j, k (Serra 1982): dark clefts and dents that are
/// narrower than the box are filled to the lower of their two sides, all else stays. `values` lie i fastest. The border of
/// the volume is no side; a value that is no number counts as the lowest.
pub(crate) fn closing(values: Vec<f32>, size: [usize; 3], half: [usize; 3]) -> Vec<f32> {
    if values.is_empty() {
        return values;
    }
    let mut now = values;
    now.par_iter_mut().for_each(|value| *value = if value.is_nan() { f32::NEG_INFINITY } else { *value });
    for (axis, half) in half.into_iter().enumerate() {
        now = along(now, size, axis, half, |a, b| if b > a { b } else { a });
    }
    lowest(now, size, half)
}

/// The lowest value of a box of `2 · half + 1` voxels along i, j, k about each voxel.
pub(crate) fn lowest(values: Vec<f32>, size: [usize; 3], half: [usize; 3]) -> Vec<f32> {
    half.into_iter()
        .enumerate()
        .fold(values, |now, (axis, half)| along(now, size, axis, half, |a, b| if b < a { b } else { a }))
}

/// The extreme value of `2 · half + 1` voxels along an axis.
fn along(
    values: Vec<f32>,
    size: [usize; 3],
    axis: usize,
    half: usize,
    pick: impl Fn(f32, f32) -> f32 + Copy + Sync,
) -> Vec<f32> {
    if half == 0 || size[axis] <= 1 || values.is_empty() {
        return values;
    }
    let [si, sj, sk] = size;
    let mut out = vec![0.0_f32; values.len()];
    out.par_chunks_mut(si).enumerate().for_each(|(row, out)| {
        let (j, k) = (row % sj, row / sj);
        let of = |j: usize, k: usize| &values[(k * sj + j) * si..][..si];
        let take = |out: &mut [f32], values: &[f32]| {
            for (out, &value) in out.iter_mut().zip(values) {
                *out = pick(*out, value);
            }
        };
        out.copy_from_slice(of(j, k));
        match axis {
            0 => {
                let row = of(j, k);
                for by in 1..=half.min(si - 1) {
                    take(&mut out[by..], &row[..si - by]);
                    take(&mut out[..si - by], &row[by..]);
                }
            }
            1 => (j.saturating_sub(half)..(j + half + 1).min(sj)).for_each(|j| take(out, of(j, k))),
            _ => (k.saturating_sub(half)..(k + half + 1).min(sk)).for_each(|k| take(out, of(j, k))),
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_is_that_of_its_definition() {
        let (size, half) = ([9, 7, 5], [2, 1, 1]);
        let mut state = 3_u32;
        let values: Vec<f32> = (0..315)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 20) as f32
            })
            .collect();
        let slow = |values: &[f32], pick: fn(f32, f32) -> f32| -> Vec<f32> {
            let around =
                |at: usize, axis: usize| at.saturating_sub(half[axis])..(at + half[axis] + 1).min(size[axis]);
            (0..315)
                .map(|n| {
                    let at = [n % 9, n / 9 % 7, n / 63];
                    let mut best = values[n];
                    for k in around(at[2], 2) {
                        for j in around(at[1], 1) {
                            for i in around(at[0], 0) {
                                best = pick(best, values[(k * 7 + j) * 9 + i]);
                            }
                        }
                    }
                    best
                })
                .collect()
        };
        let truth = slow(&slow(&values, f32::max), f32::min);
        assert_eq!(closing(values.clone(), size, half), truth);
        assert!(values.iter().zip(&truth).all(|(before, after)| after >= before));
    }

    #[test]
    fn a_cleft_is_filled_to_its_lower_side_and_a_step_stays() {
        let row = vec![300.0, 300.0, 40.0, 900.0, 900.0, f32::NAN, 900.0, 40.0, 40.0, 40.0, 40.0];
        let mut truth = row.clone();
        (truth[2], truth[5]) = (300.0, 900.0);
        assert_eq!(closing(row, [11, 1, 1], [1, 1, 1]), truth);
    }
}
