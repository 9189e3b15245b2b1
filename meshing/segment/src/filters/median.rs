//! The median of a neighbourhood.
#![expect(clippy::inline_always, reason = "what a dispatched loop calls gets its vectors only when inlined")]

use meshing_volume::Progress;
use pulp::Arch;
use rayon::prelude::*;

use crate::SegmentError;

mod small;
mod wide;

/// Columns that are worked on at once.
const BLOCK: usize = 64;
/// Largest number of voxels around each along an axis.
const MOST: usize = 7;

/// Each value replaced by the median of the box of `radius` voxels around it along i, j, k; beyond the border the nearest
/// value counts. Exact.
///
/// `values` lie i fastest, `size` counts voxels. A box of 3×3×3 takes a network of comparisons that neighbours share
/// (sorted along k, then j, then i); others find the median bit by bit, in time by the voxels of the box.
///
/// # Errors
/// [`SegmentError::Cancelled`]; [`SegmentError::OutOfRange`] for a radius above 7.
///
/// # Panics
/// If the number of values is not that of the voxels.
#[expect(clippy::panic_in_result_fn, reason = "a slice of another volume is a fault of the caller")]
pub fn median(
    values: &[i16],
    size: [usize; 3],
    radius: [usize; 3],
    progress: &dyn Progress,
) -> Result<Vec<i16>, SegmentError> {
    let [si, sj, sk] = size;
    assert_eq!(values.len(), si * sj * sk, "values of a volume of this size");
    if let Some(&most) = radius.iter().find(|&&r| r > MOST) {
        let (value, max) = (most as f64, MOST as f64);
        return Err(SegmentError::OutOfRange { id: "radius", value, min: 0.0, max });
    }
    progress.step(0, 1)?;
    if values.is_empty() || radius == [0; 3] {
        return Ok(values.to_vec());
    }
    let arch = Arch::new();
    let mut medians = vec![0; values.len()];
    let bits = wide::bits(values);
    medians.par_chunks_mut(si * sj).enumerate().try_for_each_init(
        || (small::Room::new(si), wide::Room::new(si, radius)),
        |(small, wide), (k, out)| {
            if progress.cancelled() {
                return Err(SegmentError::Cancelled(meshing_volume::Cancelled));
            }
            let slice = Slice { values, size, k, out };
            if radius == [1; 3] {
                arch.dispatch(small::Median { slice, room: small });
            } else {
                arch.dispatch(wide::Median { slice, radius, bits, room: wide });
            }
            Ok(())
        },
    )?;
    progress.step(1, 1)?;
    Ok(medians)
}

/// One slice of the result.
struct Slice<'a> {
    values: &'a [i16],
    size: [usize; 3],
    k: usize,
    out: &'a mut [i16],
}

impl Slice<'_> {
    /// The row at a distance of (dj, dk) from row j, or the nearest there is.
    #[inline(always)]
    fn row(&self, j: usize, dj: isize, dk: isize) -> &[i16] {
        let [si, sj, sk] = self.size;
        let j = j.saturating_add_signed(dj).min(sj - 1);
        let k = self.k.saturating_add_signed(dk).min(sk - 1);
        &self.values[(j + k * sj) * si..][..si]
    }
}

#[cfg(test)]
mod tests {
    use meshing_volume::{CancelFlag, Silent};

    use super::*;

    fn noise(n: usize, spread: u32) -> Vec<i16> {
        let mix = |n: u32| (n ^ n >> 15).wrapping_mul(0x85eb_ca6b) >> 8;
        (0..n as u32).map(|n| ((mix(n.wrapping_mul(2_654_435_761)) % spread) as i32 - 1000) as i16).collect()
    }

    /// Slow and obvious: sorts every box.
    fn slow(values: &[i16], size: [usize; 3], radius: [usize; 3]) -> Vec<i16> {
        let [ri, rj, rk] = radius.map(|r| r as isize);
        (0..values.len())
            .map(|n| {
                let at = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
                let near = |axis: usize, d: isize| at[axis].saturating_add_signed(d).min(size[axis] - 1);
                let mut all = Vec::new();
                for dk in -rk..=rk {
                    for dj in -rj..=rj {
                        for di in -ri..=ri {
                            all.push(values[near(0, di) + size[0] * (near(1, dj) + size[1] * near(2, dk))]);
                        }
                    }
                }
                all.sort_unstable();
                all[all.len() / 2]
            })
            .collect()
    }

    #[test]
    fn medians_agree_with_sorting_every_box() {
        for size in [[70, 5, 4], [1, 1, 1], [3, 9, 2], [64, 4, 3], [65, 2, 7], [129, 3, 2]] {
            for spread in [2, 9, 4000, 60_000] {
                let values = noise(size.iter().product(), spread);
                for radius in [[1, 1, 1], [2, 2, 2], [0, 1, 3], [3, 0, 0], [2, 1, 0]] {
                    let got = median(&values, size, radius, &Silent).expect("runs");
                    assert_eq!(got, slow(&values, size, radius), "{size:?} {spread} {radius:?}");
                }
            }
        }
    }

    #[test]
    fn the_ends_of_the_range_are_values_like_others() {
        let values: Vec<i16> = (0..300).map(|n| [i16::MIN, i16::MAX, 0][n * 7 % 3]).collect();
        for radius in [[1, 1, 1], [2, 2, 1]] {
            let got = median(&values, [10, 6, 5], radius, &Silent).expect("runs");
            assert_eq!(got, slow(&values, [10, 6, 5], radius));
        }
    }

    #[test]
    fn a_wide_box_is_refused_and_a_run_cancelled() {
        let refused = median(&[1; 8], [2, 2, 2], [1, 8, 1], &Silent);
        assert!(matches!(refused, Err(SegmentError::OutOfRange { id: "radius", .. })));
        let flag = CancelFlag::default();
        flag.cancel();
        assert!(matches!(median(&[1; 8], [2, 2, 2], [1; 3], &flag), Err(SegmentError::Cancelled(_))));
        assert_eq!(median(&[3, 1, 2], [3, 1, 1], [0; 3], &Silent), Ok(vec![3, 1, 2]));
    }
}
