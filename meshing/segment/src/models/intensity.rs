//! Values of an image as the network wants them.

use rayon::prelude::*;

use super::card::Intensity;
use crate::{Components, Connectivity};

const CHUNK: usize = 1 << 16;

/// Least deviation divided by, as in nnU-Net.
const LEAST_STD: f64 = 1e-8;

/// Changes the values of an image of `shape` (last axis fastest) in place.
pub(super) fn normalise(values: &mut [f32], shape: [usize; 3], intensity: &Intensity) {
    match *intensity {
        Intensity::None {} => {}
        Intensity::ClipZscore { low, high, mean, std } => {
            let scale = 1.0 / std.max(LEAST_STD);
            change(values, |v| ((f64::from(v).clamp(low, high) - mean) * scale) as f32);
        }
        Intensity::Window01 { low, high } => {
            let scale = 1.0 / (high - low);
            change(values, |v| ((f64::from(v) - low) * scale).clamp(0.0, 1.0) as f32);
        }
        Intensity::Zscore {} => {
            let (mean, std) = moments(values, |_| true);
            let scale = 1.0 / std.max(LEAST_STD);
            change(values, |v| ((f64::from(v) - mean) * scale) as f32);
        }
        Intensity::ZscoreNonzero {} => {
            let counts = filled(values, shape);
            let (mean, std) = moments(values, |n| counts[n] == 1);
            let scale = 1.0 / std.max(LEAST_STD);
            values.par_chunks_mut(CHUNK).zip(counts.par_chunks(CHUNK)).for_each(|(values, counts)| {
                for (value, &counts) in values.iter_mut().zip(counts) {
                    if counts == 1 {
                        *value = ((f64::from(*value) - mean) * scale) as f32;
                    }
                }
            });
        }
    }
}

fn change(values: &mut [f32], to: impl Fn(f32) -> f32 + Sync) {
    values.par_chunks_mut(CHUNK).for_each(|part| part.iter_mut().for_each(|value| *value = to(*value)));
}

/// 1 where values are not zero and where they are enclosed by such (by faces).
fn filled(values: &[f32], [depth, rows, columns]: [usize; 3]) -> Vec<u8> {
    let zero = Components::find([columns, rows, depth], Connectivity::Faces, |n| values[n] == 0.0);
    let mut counts = vec![1; values.len()];
    zero.paint(&mut counts, 0, |component| zero.touches_border(component));
    counts
}

/// Mean and standard deviation of the values that count; parts are summed in the same order on any number of threads.
fn moments(values: &[f32], counts: impl Fn(usize) -> bool + Sync) -> (f64, f64) {
    let sum = |of: &(dyn Fn(f64) -> f64 + Sync)| -> (f64, f64) {
        let parts: Vec<(f64, f64)> = values
            .par_chunks(CHUNK)
            .enumerate()
            .map(|(part, values)| {
                values
                    .iter()
                    .enumerate()
                    .filter(|(n, _)| counts(part * CHUNK + n))
                    .fold((0.0, 0.0), |(total, number), (_, &value)| {
                        (total + of(f64::from(value)), number + 1.0)
                    })
            })
            .collect();
        parts.iter().fold((0.0, 0.0), |sum, part| (sum.0 + part.0, sum.1 + part.1))
    };
    let (total, number) = sum(&|value| value);
    let mean = total / number.max(1.0);
    let (squares, _) = sum(&|value| (value - mean) * (value - mean));
    (mean, (squares / number.max(1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(values: &[f32], intensity: Intensity) -> Vec<f32> {
        let mut values = values.to_vec();
        let shape = [1, 1, values.len()];
        normalise(&mut values, shape, &intensity);
        values
    }

    #[test]
    fn values_are_clipped_scaled_and_windowed_as_the_card_says() {
        let values = [-2000.0, 0.0, 100.0, 500.0];
        let clip = Intensity::ClipZscore { low: -100.0, high: 300.0, mean: 100.0, std: 50.0 };
        assert_eq!(changed(&values, clip), [-4.0, -2.0, 0.0, 4.0]);
        // The window of MONAI's spleen bundle.
        let window = Intensity::Window01 { low: -57.0, high: 164.0 };
        let seen = changed(&values, window);
        assert!(seen[0] == 0.0 && seen[3] == 1.0 && (seen[1] - 57.0 / 221.0).abs() < 1e-7);
        assert_eq!(changed(&values, Intensity::None {}), values);
    }

    #[test]
    fn an_image_is_set_by_its_own_mean_and_deviation() {
        let seen = changed(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0], Intensity::Zscore {});
        assert_eq!((seen[0], seen[4], seen[7]), (-1.5, 0.0, 2.0), "mean 5, deviation 2");
        assert_eq!(changed(&[3.0; 4], Intensity::Zscore {}), [0.0; 4]);
    }

    #[test]
    fn what_is_zero_inside_counts_and_what_is_zero_outside_stays() {
        // A box of 4s with an 8 and a hole of one zero, and zeros around.
        let shape = [5, 5, 5];
        let inside = |n: usize| [n / 25, n / 5 % 5, n % 5].iter().all(|&x| (1..4).contains(&x));
        let mut values: Vec<f32> = (0..125).map(|n| if inside(n) { 4.0 } else { 0.0 }).collect();
        values[62] = 0.0;
        values[61] = 8.0;
        normalise(&mut values, shape, &Intensity::ZscoreNonzero {});
        let std = (32.0_f64 / 27.0).sqrt();
        for (n, &value) in values.iter().enumerate() {
            let wanted = match n {
                62 => -4.0 / std,
                61 => 4.0 / std,
                _ => 0.0,
            };
            assert!((f64::from(value) - wanted).abs() < 1e-6, "voxel {n}: {value}");
        }
    }
}
