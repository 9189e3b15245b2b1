//! White noise that depends on the voxel's place and a seed only, so that it is the same on any number of threads.

/// Nearly normal noise of mean 0 and standard deviation 1 for voxel `index` (sum of four uniforms, |value| ≤ 2√3).
pub(crate) fn unit_noise(index: u64, seed: u64) -> f64 {
    let mut state = mix(index ^ mix(seed));
    let mut sum = 0_u64;
    for _ in 0..4 {
        sum += state & 0xFFFF;
        state >>= 16;
    }
    // Four uniforms of 16 bits: mean 2 and variance 4/12 in units of 2^16.
    ((sum as f64 + 2.0) / 65536.0 - 2.0) * 3.0_f64.sqrt()
}

/// A bijective scrambler of 64 bits (the finaliser of SplitMix64, Steele, Lea & Flood 2014).
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_has_mean_zero_and_deviation_one() {
        let values: Vec<f64> = (0..100_000).map(|index| unit_noise(index, 7)).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
        assert!(mean.abs() < 0.02, "{mean}");
        assert!((variance - 1.0).abs() < 0.02, "{variance}");
        let lag = values.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / values.len() as f64;
        assert!(lag.abs() < 0.02, "neighbours correlate: {lag}");
        assert_ne!(unit_noise(1, 7), unit_noise(1, 8));
    }
}
