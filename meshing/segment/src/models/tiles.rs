//! Where patches begin in an image, and how much each of their voxels counts.

use super::card::{Starts, Weight};

/// The first voxels of patches along one axis of an image that is at least one patch long.
pub(super) fn starts(length: usize, patch: usize, step: f64, starts: Starts) -> Vec<usize> {
    let room = length.saturating_sub(patch);
    match starts {
        Starts::Even => {
            // nnU-Net's compute_steps_for_sliding_window; where patches are one voxel thin, never two at one place.
            let number = (room as f64 / (patch as f64 * step).max(1.0)).ceil() as usize + 1;
            let apart = if number > 1 { room as f64 / (number - 1) as f64 } else { 0.0 };
            (0..number).map(|n| (apart * n as f64).round_ties_even() as usize).collect()
        }
        Starts::Stride => {
            // MONAI's dense_patch_slices.
            let apart = ((patch as f64 * step) as usize).max(1);
            (0..=room.div_ceil(apart)).map(|n| (n * apart).min(room)).collect()
        }
    }
}

/// How much each voxel of a patch counts, last axis fastest, at most 1.
pub(super) fn weights(patch: [usize; 3], weight: Weight) -> Vec<f32> {
    let lines = match weight {
        Weight::Constant {} => return vec![1.0; patch.iter().product()],
        Weight::Gaussian { sigma } => patch.map(|n| line(n, (n / 2) as f64, sigma, 4.0)),
        Weight::GaussianMiddle { sigma } => {
            patch.map(|n| line(n, (n as f64 - 1.0) / 2.0, sigma, f64::INFINITY))
        }
    };
    let mut values = Vec::with_capacity(patch.iter().product());
    for d in &lines[0] {
        for h in &lines[1] {
            values.extend(lines[2].iter().map(|w| (d * h * w) as f32));
        }
    }
    let positive = values.iter().copied().filter(|&value| value > 0.0);
    let least = positive.fold(1.0, f32::min);
    let floor = if matches!(weight, Weight::GaussianMiddle { .. }) { least.max(1e-3) } else { least };
    for value in &mut values {
        *value = value.max(floor);
    }
    values
}

/// A Gaussian along one axis, cut off where scipy cuts it.
fn line(length: usize, middle: f64, sigma: f64, cut: f64) -> Vec<f64> {
    let sigma = sigma * length as f64;
    let reach = (cut * sigma + 0.5).floor();
    let value = |n: usize| {
        let away = n as f64 - middle;
        if away.abs() > reach { 0.0 } else { (-0.5 * (away / sigma).powi(2)).exp() }
    };
    (0..length).map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_those_of_nnunet_and_monai() {
        assert_eq!(starts(110, 64, 0.5, Starts::Even), [0, 23, 46]);
        assert_eq!(starts(64, 64, 0.5, Starts::Even), [0]);
        assert_eq!(starts(65, 64, 0.5, Starts::Even), [0, 1]);
        // Halves go to the even number, as in numpy.
        assert_eq!(starts(69, 64, 0.04, Starts::Even), [0, 2, 5]);
        assert_eq!(starts(4, 1, 0.5, Starts::Even), [0, 1, 2, 3]);
        assert_eq!(starts(110, 64, 0.5, Starts::Stride), [0, 32, 46]);
        assert_eq!(starts(64, 64, 0.5, Starts::Stride), [0]);
        assert_eq!(starts(128, 64, 0.5, Starts::Stride), [0, 32, 64]);
    }

    #[test]
    fn gaussian_weights_are_those_of_nnunet() {
        let small = weights([8; 3], Weight::default());
        let row = &small[(4 * 8 + 4) * 8..][..8];
        for (found, wanted) in row.iter().zip([3.3546e-4, 0.011109, 0.135335, 0.606531, 1.0, 0.606531]) {
            assert!((found / wanted - 1.0).abs() < 1e-4, "{found} {wanted}");
        }
        let large = weights([64; 3], Weight::default());
        let edge = large[(32 * 64 + 32) * 64];
        assert!((edge / 3.3546e-4 - 1.0).abs() < 1e-4, "{edge}");
        assert!((large[0] / 3.775e-11 - 1.0).abs() < 1e-3, "{}", large[0]);
        assert_eq!(large[(32 * 64 + 32) * 64 + 32], 1.0);
    }

    #[test]
    fn no_weight_is_zero() {
        let narrow = weights([1, 32, 32], Weight::Gaussian { sigma: 0.02 });
        let least = narrow.iter().copied().filter(|&w| w > 0.0).fold(1.0, f32::min);
        assert!(narrow.iter().all(|&w| w >= least && w > 0.0));
        let monai = weights([4, 4, 4], Weight::GaussianMiddle { sigma: 0.125 });
        assert!(monai.iter().all(|&w| (1e-3..=1.0).contains(&w)));
        assert_eq!(monai[(4 + 1) * 4 + 1], monai[(2 * 4 + 2) * 4 + 2]);
        assert_eq!(weights([2, 1, 2], Weight::Constant {}), [1.0; 4]);
    }
}
