//! Vesselness: how much a place looks like a tube, over several scales.

use meshing_volume::{Grid, Progress, Volume};
use pulp::Arch;
use rayon::prelude::*;

use crate::SegmentError;
use crate::filters::gaussian;
use crate::scale_space::numbers;

/// A measure of tubes from the eigenvalues of the Hessian matrix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tubeness {
    /// Frangi, Niessen, Vincken & Viergever 1998: 0 to 1.
    Frangi {
        /// Tells lines from plates; 0.5 is usual.
        alpha: f32,
        /// Tells lines from blobs; 0.5 is usual.
        beta: f32,
        /// Contrast (volume's unit) from which a structure counts as one, about half of that between vessel and
        /// surroundings; weaker ones, such as noise, fade.
        contrast: f32,
    },
    /// Sato et al. 1998, with their factors 0.5 and 2: grows with the contrast, in the volume's unit.
    Sato,
}

/// What to look for.
#[derive(Clone, Debug, PartialEq)]
pub struct TubeScales {
    /// Standard deviations of the Gaussian, mm: a tube of radius r answers best about r / √3 to r.
    pub sigmas_mm: Vec<f64>,
    /// Dark tubes in bright surroundings instead of bright ones.
    pub dark: bool,
    /// The measure.
    pub measure: Tubeness,
}

/// Vesselness of each voxel, i fastest: the greatest answer over the scales, 0 where nothing is like a tube.
///
/// The volume is smoothed by a Gaussian of each scale; second derivatives are central differences in mm times σ²
/// (Lindeberg's γ = 1), their eigenvalues are found in closed form. The grid's axes are taken as perpendicular. The
/// outermost voxels along i repeat their neighbour's answer. Same values on any number of threads.
///
/// # Errors
/// [`SegmentError::Cancelled`]; [`SegmentError::Contradiction`] for a scale or factor that is not positive.
pub fn vesselness(
    volume: &Volume,
    scales: &TubeScales,
    progress: &dyn Progress,
) -> Result<Vec<f32>, SegmentError> {
    let grid = volume.grid();
    let factors = match scales.measure {
        Tubeness::Frangi { alpha, beta, contrast } => vec![alpha, beta, contrast],
        Tubeness::Sato => Vec::new(),
    };
    if !scales.sigmas_mm.iter().all(|&s| s > 0.0 && s < 1e3) || !factors.iter().all(|&f| f > 0.0) {
        return Err(SegmentError::contradiction(
            "scales and factors of vesselness are positive",
            "血管性的尺度和系数应为正数",
        ));
    }
    let mut best = vec![0.0_f32; grid.len()];
    let values = numbers(volume);
    let count = scales.sigmas_mm.len();
    for (at, &sigma) in scales.sigmas_mm.iter().enumerate() {
        progress.step(at, count)?;
        let smooth = gaussian(&values, grid.size(), grid.spacing_mm(), sigma);
        let slopes = grid.spacing_mm().map(|mm| (sigma / mm) as f32);
        // Looking for dark tubes is looking for bright ones in the negative.
        let sign = if scales.dark { -1.0 } else { 1.0 };
        match scales.measure {
            Tubeness::Frangi { alpha, beta, contrast } => {
                let fade = [alpha, beta, contrast].map(|f| 0.5 / (f * f));
                strengthen(grid.size(), &smooth, slopes, sign, &mut best, |l| frangi(l, fade));
            }
            Tubeness::Sato => strengthen(grid.size(), &smooth, slopes, sign, &mut best, sato),
        }
    }
    Ok(best)
}

/// How much each place looks like a bright ball, in the unit of the values, i fastest: the greatest answer over the scales
/// (standard deviations, mm) of |λ₁|² / |λ₃| where all curvatures are negative, λ₁ the weakest (Li, Sone & Doi 2003), with
/// derivatives as for [`vesselness`]. A ball of radius r answers best at r / √3, by 0.31 of its contrast; tubes and plates
/// hardly answer.
///
/// # Errors
/// [`SegmentError::Cancelled`].
pub(crate) fn blobs(
    values: &[f32],
    grid: &Grid,
    sigmas_mm: &[f64],
    progress: &dyn Progress,
) -> Result<Vec<f32>, SegmentError> {
    let mut best = vec![0.0_f32; grid.len()];
    for (at, &sigma) in sigmas_mm.iter().enumerate() {
        progress.step(at, sigmas_mm.len())?;
        let smooth = gaussian(values, grid.size(), grid.spacing_mm(), sigma);
        let slopes = grid.spacing_mm().map(|mm| (sigma / mm) as f32);
        strengthen(grid.size(), &smooth, slopes, 1.0, &mut best, |[weakest, _, strongest]| {
            if weakest < 0.0 { weakest * weakest / -strongest } else { 0.0 }
        });
    }
    Ok(best)
}

/// Voxels whose eigenvalues are found side by side.
const LANES: usize = 16;
type Lanes = [f32; LANES];

/// Raises `best` to the answer of one scale. `measure` is given the eigenvalues in falling order, for a place where the
/// two lowest are negative and the highest is the least in magnitude.
fn strengthen(
    [si, sj, sk]: [usize; 3],
    smooth: &[f32],
    slopes: [f32; 3],
    sign: f32,
    best: &mut [f32],
    measure: impl Fn([f32; 3]) -> f32 + Sync + Copy,
) {
    if si < 3 {
        return;
    }
    let arch = Arch::new();
    let [x, y, z] = slopes;
    let factors = [x * x, y * y, z * z, x * y / 4.0, x * z / 4.0, y * z / 4.0].map(|f| f * sign);
    best.par_chunks_mut(si).enumerate().for_each(|(at, best)| {
        let (j, k) = (at % sj, at / sj);
        let js = [j.saturating_sub(1), j, (j + 1).min(sj - 1)];
        let ks = [k.saturating_sub(1), k, (k + 1).min(sk - 1)];
        let rows: [[&[f32]; 3]; 3] =
            ks.map(|k| js.map(|j| &smooth[(k * sj + j) * si..(k * sj + j + 1) * si]));
        arch.dispatch(|| {
            let mut i = 1;
            while i + 1 < si {
                // The last lot overlaps the one before, or, in a short row, is filled up with its own end.
                if si >= LANES + 2 {
                    i = i.min(si - 1 - LANES);
                    let answer = lot(&rows, factors, |lane| i + lane, measure);
                    if let Some(answer) = answer {
                        for (best, answer) in best[i..i + LANES].iter_mut().zip(answer) {
                            *best = best.max(answer);
                        }
                    }
                } else if let Some(answer) = lot(&rows, factors, |lane| (i + lane).min(si - 2), measure) {
                    for lane in 0..LANES.min(si - 1 - i) {
                        best[i + lane] = best[i + lane].max(answer[lane]);
                    }
                }
                i += LANES;
            }
        });
        best[0] = best[1];
        best[si - 1] = best[si - 2];
    });
}

/// The answers of one lot of voxels; `None` if none can be a tube.
#[expect(clippy::inline_always, reason = "compiled again for each instruction set")]
#[inline(always)]
fn lot(
    rows: &[[&[f32]; 3]; 3],
    factors: [f32; 6],
    column: impl Fn(usize) -> usize,
    measure: impl Fn([f32; 3]) -> f32,
) -> Option<Lanes> {
    let first = column(0);
    let consecutive = column(LANES - 1) == first + LANES - 1;
    let take = |k: usize, j: usize, shift: usize| -> Lanes {
        let row = rows[k][j];
        let mut lanes = [0.0; LANES];
        if consecutive {
            lanes.copy_from_slice(&row[first + shift - 1..first + shift - 1 + LANES]);
        } else {
            for (lane, value) in lanes.iter_mut().enumerate() {
                *value = row[column(lane) + shift - 1];
            }
        }
        lanes
    };
    let middle = take(1, 1, 1);
    let second = |before: Lanes, after: Lanes, factor: f32| -> Lanes {
        core::array::from_fn(|n| (before[n] + after[n] - 2.0 * middle[n]) * factor)
    };
    let xx = second(take(1, 1, 0), take(1, 1, 2), factors[0]);
    let yy = second(take(1, 0, 1), take(1, 2, 1), factors[1]);
    let zz = second(take(0, 1, 1), take(2, 1, 1), factors[2]);
    // Two of three eigenvalues are negative and outweigh the third, so the trace is negative too.
    let mut least = 0.0_f32;
    for n in 0..LANES {
        least = least.min(xx[n] + yy[n] + zz[n]);
    }
    if least >= 0.0 {
        return None;
    }
    let crossed = |a: Lanes, b: Lanes, c: Lanes, d: Lanes, factor: f32| -> Lanes {
        core::array::from_fn(|n| (a[n] + b[n] - c[n] - d[n]) * factor)
    };
    let xy = crossed(take(1, 0, 0), take(1, 2, 2), take(1, 0, 2), take(1, 2, 0), factors[3]);
    let xz = crossed(take(0, 1, 0), take(2, 1, 2), take(0, 1, 2), take(2, 1, 0), factors[4]);
    let yz = crossed(take(0, 0, 1), take(2, 2, 1), take(0, 2, 1), take(2, 0, 1), factors[5]);
    let mut answer = [0.0; LANES];
    for n in 0..LANES {
        let [high, mid, low] = eigenvalues(xx[n], yy[n], zz[n], xy[n], xz[n], yz[n]);
        let value = measure([high, mid, low]);
        let tube = mid < 0.0 && high <= -mid;
        answer[n] = if tube { value } else { 0.0 };
    }
    Some(answer)
}

/// Eigenvalues of a symmetric matrix in falling order (Smith 1961), without branches or calls so that it vectorises.
#[expect(clippy::inline_always, reason = "compiled again for each instruction set")]
#[inline(always)]
pub(crate) fn eigenvalues(xx: f32, yy: f32, zz: f32, xy: f32, xz: f32, yz: f32) -> [f32; 3] {
    let mean = (xx + yy + zz) / 3.0;
    let (a, b, c) = (xx - mean, yy - mean, zz - mean);
    let off = xy * xy + xz * xz + yz * yz;
    let p = ((a * a + b * b + c * c + 2.0 * off) / 6.0).sqrt();
    // Half of the determinant of the matrix less its mean, over p: the cosine of three times the angle.
    let det = a * (b * c - yz * yz) - xy * (xy * c - yz * xz) + xz * (xy * yz - b * xz);
    let cosine = (0.5 * det / (p * p * p).max(f32::MIN_POSITIVE)).clamp(-1.0, 1.0);
    // cos(acos(r) / 3) is cos(2/3 acos(s)) with s = cos(acos(r) / 2), and that is smooth from 0 to 1.
    let half = (0.5 + 0.5 * cosine).sqrt();
    let third = two_thirds_of_the_angle(half);
    let sine = (1.0 - third * third).max(0.0).sqrt();
    let high = mean + 2.0 * p * third;
    let low = mean - p * (third + 1.732_050_8 * sine);
    [high, 3.0 * mean - high - low, low]
}

/// cos(2/3 acos(s)) for s from 0 to 1, within 1e-7: Chebyshev's fit as a polynomial in 2s - 1.
#[inline(always)]
fn two_thirds_of_the_angle(s: f32) -> f32 {
    const TERMS: [f32; 10] = [
        7.122_74e-7,
        -2.497_321_7e-6,
        7.385_11e-6,
        -2.849_673_5e-5,
        1.164_954_7e-4,
        -5.042_794_6e-4,
        2.466_34e-3,
        -1.550_916_9e-2,
        0.247_409_06,
        0.766_044_44,
    ];
    let x = 2.0 * s - 1.0;
    TERMS.iter().fold(0.0, |sum, term| sum * x + term)
}

/// exp(-x) for x from 0, within 1e-7 of 1, without calls so that it vectorises.
#[inline(always)]
fn decay(x: f32) -> f32 {
    const TERMS: [f32; 6] =
        [1.340_043_3e-3, 9.676_037e-3, 5.550_327e-2, 0.240_221_07, core::f32::consts::LN_2, 1.000_000_1];
    /// Adding it rounds to a whole number, which then stands in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let power = -x.min(80.0) * core::f32::consts::LOG2_E;
    let rounded = power + ROUND;
    let rest = power - (rounded - ROUND);
    let value = TERMS.iter().fold(0.0, |sum, term| sum * rest + term);
    value * f32::from_bits((rounded.to_bits() << 23).wrapping_add(0x3F80_0000))
}

#[expect(clippy::inline_always, reason = "compiled again for each instruction set")]
#[inline(always)]
fn frangi([l1, l2, l3]: [f32; 3], [plate, blob, noise]: [f32; 3]) -> f32 {
    let (l1, l2, l3) = (l1 * l1, l2 * l2, (l3 * l3).max(f32::MIN_POSITIVE));
    let product = (l2 * l3).sqrt().max(f32::MIN_POSITIVE);
    (1.0 - decay(plate * (l2 / l3))) * decay(blob * (l1 / product)) * (1.0 - decay(noise * (l1 + l2 + l3)))
}

#[expect(clippy::inline_always, reason = "compiled again for each instruction set")]
#[inline(always)]
fn sato([l1, l2, _]: [f32; 3]) -> f32 {
    // exp(-l1² / 2 (a l2)²) with a = 1/2 for l1 below 0 and 2 above.
    let factor = if l1 > 0.0 { 0.125 } else { 2.0 };
    -l2 * decay(factor * (l1 * l1) / (l2 * l2).max(f32::MIN_POSITIVE))
}

#[cfg(test)]
mod tests {
    use meshing_phantom::Phantom;
    use meshing_space::Point;
    use meshing_volume::{Grid, Silent, VolumeMeta, Voxels};

    use super::*;

    #[test]
    fn eigenvalues_satisfy_the_characteristic_polynomial() {
        let mut state = 3_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        };
        for _ in 0..1000 {
            let [xx, yy, zz, xy, xz, yz] = core::array::from_fn(|_| 100.0 * next());
            let [high, mid, low] = eigenvalues(xx, yy, zz, xy, xz, yz);
            assert!(high >= mid - 0.02 && mid >= low - 0.02);
            let [a, b, c] = [high, mid, low].map(f64::from);
            let [xx, yy, zz, xy, xz, yz] = [xx, yy, zz, xy, xz, yz].map(f64::from);
            let minors = xx * yy + xx * zz + yy * zz - xy * xy - xz * xz - yz * yz;
            let det = xx * (yy * zz - yz * yz) - xy * (xy * zz - yz * xz) + xz * (xy * yz - yy * xz);
            assert!((a + b + c - xx - yy - zz).abs() < 1e-3);
            assert!((a * b + a * c + b * c - minors).abs() < 0.05, "{minors}");
            assert!((a * b * c - det).abs() < 10.0, "{det}");
        }
        assert_eq!(eigenvalues(2.0, 2.0, 2.0, 0.0, 0.0, 0.0), [2.0; 3]);
        let [high, mid, low] = eigenvalues(-9.0, 0.0, -9.0, 0.0, 0.0, 0.0);
        assert!(high.abs() < 1e-4 && (mid + 9.0).abs() < 0.01 && (low + 9.0).abs() < 0.01);
    }

    #[test]
    fn decay_is_the_exponential() {
        for n in 0..4000 {
            let x = n as f32 * 0.02;
            let exact = (-f64::from(x)).exp();
            assert!((f64::from(decay(x)) - exact).abs() < 4e-7, "{x}");
        }
    }

    /// A bar along x of the given section, blurred enough to have derivatives, or a ball.
    fn scene(shape: &str, mm: [f64; 3], sign: f32) -> Volume {
        let size = [33.0, 33.0, 33.0].map(|n: f64| n);
        let count = [0, 1, 2].map(|axis| (size[axis] / mm[axis]).round() as usize);
        let grid = Grid::axis_aligned(count, Point::new(-16.0, -16.0, -16.0), mm).expect("grid");
        let value = |n: usize| {
            let at = [n % count[0], n / count[0] % count[1], n / count[0] / count[1]];
            let [x, y, z] = [0, 1, 2].map(|axis| at[axis] as f64 * mm[axis] - 16.0);
            let r = match shape {
                "tube" => y.hypot(z),
                "ball" => x.hypot(y).hypot(z),
                _ => z.abs(),
            };
            sign * 200.0 / (1.0 + ((r - 2.5) / 0.3).exp()) as f32
        };
        Volume::new(grid, Voxels::F32((0..grid.len()).map(value).collect()), VolumeMeta::default())
            .expect("volume")
    }

    fn at_middle(volume: &Volume, scales: &TubeScales) -> f32 {
        let answer = vesselness(volume, scales, &Silent).expect("runs");
        let grid = volume.grid();
        let middle = (grid.ijk_from_lps() * Point::new(0.0, 0.0, 0.0)).to_array().map(|x| x.round() as usize);
        answer[grid.index(middle[0], middle[1], middle[2])]
    }

    #[test]
    fn tubes_answer_and_plates_balls_and_dark_tubes_do_not() {
        let frangi = Tubeness::Frangi { alpha: 0.5, beta: 0.5, contrast: 50.0 };
        for (measure, least) in [(frangi, 0.6), (Tubeness::Sato, 60.0)] {
            let scales = TubeScales { sigmas_mm: vec![1.2, 2.0], dark: false, measure };
            let tube = at_middle(&scene("tube", [1.0, 0.7, 1.2], 1.0), &scales);
            assert!(tube > least, "{tube}");
            assert!(at_middle(&scene("plate", [1.0; 3], 1.0), &scales) < 0.05 * tube);
            assert!(at_middle(&scene("ball", [1.0; 3], 1.0), &scales) < 0.4 * tube);
            assert_eq!(at_middle(&scene("tube", [1.0; 3], -1.0), &scales), 0.0);
            let dark = TubeScales { dark: true, ..scales };
            assert!(at_middle(&scene("tube", [1.0; 3], -1.0), &dark) > least);
        }
        let wrong = TubeScales { sigmas_mm: vec![0.0], dark: false, measure: Tubeness::Sato };
        assert!(vesselness(&scene("ball", [2.0; 3], 1.0), &wrong, &Silent).is_err());
    }

    #[test]
    fn the_answer_is_highest_on_the_centre_line_of_a_helix() {
        let phantom = Phantom::helix_vessel();
        let volume = phantom.volume(&phantom.default_grid());
        let scales = TubeScales {
            sigmas_mm: vec![2.0, 3.0],
            dark: false,
            measure: Tubeness::Frangi { alpha: 0.5, beta: 0.5, contrast: 50.0 },
        };
        let answer = vesselness(&volume, &scales, &Silent).expect("runs");
        let labels = phantom.labels(volume.grid());
        let vessel = labels.count(1);
        let mut sorted = answer.clone();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let level = sorted[vessel];
        let found = answer.iter().zip(labels.labels()).filter(|(a, l)| **a > level && **l == 1).count();
        assert!(found as f64 > 0.85 * vessel as f64, "{found} of {vessel}");
    }
}
