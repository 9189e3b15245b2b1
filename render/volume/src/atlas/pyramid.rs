//! Coarser levels: means of 2×2×2 voxels.

use meshing_volume::Voxels;
use rayon::prelude::*;

/// Voxels along each axis of the next level.
pub(crate) fn halved_size(size: [usize; 3]) -> [usize; 3] {
    size.map(|n| n.div_ceil(2))
}

/// The next level: means of 2×2×2 voxels, fewer at an odd end; of integers rounded, half away from zero.
pub(crate) fn halved_voxels(size: [usize; 3], voxels: &Voxels) -> ([usize; 3], Voxels) {
    let half = halved_size(size);
    let made = match voxels {
        Voxels::I16(v) => Voxels::I16(halved(size, v, i64::from, |sum, count| {
            // whole numbers alone: twice the sum and one count more, cut off, is the rounded mean
            let up = (2 * sum.abs() + count) / (2 * count);
            (if sum < 0 { -up } else { up }) as i16
        })),
        Voxels::F32(v) => Voxels::F32(halved(size, v, f64::from, |sum, count| (sum / count as f64) as f32)),
    };
    (half, made)
}

fn halved<T, S>(
    size: [usize; 3],
    voxels: &[T],
    wide: impl Fn(T) -> S + Sync,
    mean: impl Fn(S, i64) -> T + Sync,
) -> Vec<T>
where
    T: Copy + Default + Send + Sync,
    S: Copy + Default + std::ops::AddAssign,
{
    let [ni, nj, nk] = size;
    let [hi, hj, hk] = halved_size(size);
    let mut out = vec![T::default(); hi * hj * hk];
    out.par_chunks_mut(hi * hj).enumerate().for_each(|(k, layer)| {
        let mut sums = vec![S::default(); hi];
        for (j, line) in layer.chunks_exact_mut(hi).enumerate() {
            sums.fill(S::default());
            let (below, right) = ((k * 2 + 2).min(nk), (j * 2 + 2).min(nj));
            for z in k * 2..below {
                for y in j * 2..right {
                    let row = &voxels[(z * nj + y) * ni..][..ni];
                    for (sum, pair) in sums.iter_mut().zip(row.chunks(2)) {
                        for &v in pair {
                            *sum += wide(v);
                        }
                    }
                }
            }
            let rows = ((below - k * 2) * (right - j * 2)) as i64;
            for (i, (voxel, &sum)) in line.iter_mut().zip(&sums).enumerate() {
                *voxel = mean(sum, rows * ((i * 2 + 2).min(ni) - i * 2) as i64);
            }
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_holds_the_means_of_the_voxels_it_covers() {
        let size = [5, 3, 4];
        let value = |i: usize, j: usize, k: usize| (i * 37 + j * 91 + k * 53) as i64 % 41 - 20;
        let places = (0..4).flat_map(|k| (0..3).flat_map(move |j| (0..5).map(move |i| (i, j, k))));
        let voxels: Vec<i16> = places.map(|(i, j, k)| value(i, j, k) as i16).collect();
        let (half, Voxels::I16(made)) = halved_voxels(size, &Voxels::I16(voxels)) else { unreachable!() };
        assert_eq!(half, [3, 2, 2]);
        for (n, &mean) in made.iter().enumerate() {
            let at = [n % 3 * 2, n / 3 % 2 * 2, n / 6 * 2];
            let (mut sum, mut count) = (0, 0);
            for k in at[2]..(at[2] + 2).min(4) {
                for j in at[1]..(at[1] + 2).min(3) {
                    for i in at[0]..(at[0] + 2).min(5) {
                        sum += value(i, j, k);
                        count += 1;
                    }
                }
            }
            assert_eq!(i64::from(mean), (sum as f64 / f64::from(count)).round() as i64, "at {at:?}");
        }
    }
}
