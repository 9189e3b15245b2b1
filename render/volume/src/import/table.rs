//! ImageVis3D: 1D transfer functions.

use super::curves::Curves;
use super::{ImportError, Imported, MAX_POINTS, Said, text};

/// A 1D transfer function of ImageVis3D (`.1dt`): a count, then as many lines of red, green, blue and opacity, 0..1. The
/// file does not say which values its lines stand for, nor how long its samples are: that program spreads them evenly
/// over the volume's own values and samples once a voxel. So `values` (lowest and highest) are the volume's range, and
/// `sample_mm` its voxel spacing.
///
/// # Errors
/// [`ImportError`] for another file, or a range or spacing that is none.
pub fn one_dt(bytes: &[u8], values: [f32; 2], sample_mm: f64) -> Result<Imported, ImportError> {
    let wrong = ImportError::NotThis { format: "a 1D transfer function (.1dt)" };
    let mut words = text(bytes)?.split_whitespace();
    let count: usize = words.next().and_then(|word| word.parse().ok()).ok_or(wrong)?;
    if count > MAX_POINTS {
        return Err(ImportError::Malformed { part: "table" });
    }
    let sound = values.iter().all(|v| v.is_finite()) && values[1] > values[0];
    if count < 2 || !sound || !(sample_mm.is_finite() && sample_mm > 0.0) {
        return Err(ImportError::NoFunction);
    }
    let numbers: Vec<f64> = words.by_ref().take(count * 4).map_while(|word| word.parse().ok()).collect();
    if numbers.len() != count * 4 || words.next().is_some() {
        return Err(ImportError::Malformed { part: "table" });
    }
    let [low, high] = values.map(f64::from);
    let place = |n: usize| low + (high - low) * n as f64 / (count - 1) as f64;
    let lines = || numbers.chunks_exact(4).enumerate();
    let opacity = lines().map(|(n, c)| [place(n), c[3]]).collect();
    let colour = lines().map(|(n, c)| [place(n), c[0], c[1], c[2]]).collect();
    let mut said = Said::new();
    said.unit_mm = sample_mm;
    said.finish(&Curves::new(opacity, colour)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_spread_over_the_range_and_its_opacity_made_per_mm() {
        let file = "3\n0 0 0 0\n1 0.5 0 0.3\n1 1 1 0.9\n";
        let got = one_dt(file.as_bytes(), [-1000.0, 1000.0], 0.5).unwrap();
        // two samples in a mm
        let per_mm = 1.0 - (-f64::from(got.look.transfer.at(0.0)[3])).exp();
        assert!((per_mm - (1.0 - 0.7 * 0.7)).abs() < 1e-3, "{per_mm}");
        assert_eq!(got.look.transfer.span(), (-1000.0, 1000.0));
        for wrong in
            ["", "x", "2\n0 0 0 0\n", "1\n0 0 0 0", "3\n0 0 0 0\n1 1 1 1\n1 1 1 inf", "9999999999999"]
        {
            assert!(one_dt(wrong.as_bytes(), [0.0, 1.0], 1.0).is_err(), "{wrong}");
        }
        for (range, mm) in [([1.0, 0.0], 1.0), ([0.0, f32::NAN], 1.0), ([0.0, 1.0], 0.0)] {
            assert_eq!(one_dt(file.as_bytes(), range, mm), Err(ImportError::NoFunction));
        }
    }
}
