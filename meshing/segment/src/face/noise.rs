//! Numbers that look random and depend on a seed and a place only, so that they are the same on any number of threads.

/// A bijective scrambler of 64 bits (the finaliser of SplitMix64, Steele, Lea & Flood 2014).
pub(super) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A smooth field between 0 and 1 that changes over about `scale_mm`: values on a lattice, joined by cubics.
pub(super) fn smooth(seed: u64, point: [f64; 3], scale_mm: f64) -> f64 {
    let scaled = point.map(|x| x / scale_mm);
    let base = scaled.map(f64::floor);
    let t: [f64; 3] = std::array::from_fn(|a| {
        let x = scaled[a] - base[a];
        x * x * 2.0_f64.mul_add(-x, 3.0)
    });
    let corner = |n: usize| {
        let key = (0..3).fold(seed, |key, axis| {
            let x = base[axis] as i64 + i64::from((n >> axis & 1) as u8);
            mix(key ^ x as u64)
        });
        (key >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..8)
        .map(|n| {
            (0..3).fold(corner(n), |value, axis| {
                value * if n >> axis & 1 == 1 { t[axis] } else { 1.0 - t[axis] }
            })
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_smooth_between_its_bounds_and_follows_the_seed() {
        let at = |seed, x: f64| smooth(seed, [x, 3.0, -7.0], 20.0);
        let values: Vec<f64> = (0..4000).map(|n| at(5, f64::from(n) * 0.25 - 300.0)).collect();
        assert!(values.iter().all(|v| (0.0..=1.0).contains(v)));
        assert!(values.windows(2).all(|w| (w[0] - w[1]).abs() < 0.03), "no steps");
        let (low, high) = values.iter().fold((1.0_f64, 0.0_f64), |(l, h), v| (l.min(*v), h.max(*v)));
        assert!(low < 0.25 && high > 0.75, "{low} {high}");
        assert_ne!(at(5, 12.0), at(6, 12.0));
    }
}
