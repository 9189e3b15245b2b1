use meshing_space::Point;
use meshing_volume::Grid;

use super::*;

fn noise(size: [usize; 3], seed: u32, per_mille: u32) -> Runs {
    Runs::find(size, |n| {
        let x = (n as u32).wrapping_add(seed).wrapping_mul(2_654_435_761);
        ((x ^ x >> 15).wrapping_mul(0x85eb_ca6b) >> 12) % 1000 < per_mille
    })
}

/// Slow and obvious: every voxel against every voxel of the set.
fn slow(set: &Runs, spacing_mm: [f64; 3], to: To) -> Vec<f64> {
    let size = set.size();
    let all: Vec<[usize; 3]> = (0..size.iter().product())
        .map(|n: usize| [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])])
        .collect();
    let mut inside = vec![0; all.len()];
    set.paint(&mut inside, 1);
    let sources: Vec<[usize; 3]> =
        all.iter().zip(&inside).filter(|(_, l)| **l == 1).map(|(at, _)| *at).collect();
    let half = if to == To::Faces { 0.5 } else { 0.0 };
    let squared = |a: [usize; 3], b: [usize; 3]| -> f64 {
        let along = |n: usize| ((a[n].abs_diff(b[n]) as f64 - half).max(0.0) * spacing_mm[n]).powi(2);
        (0..3).map(along).sum()
    };
    all.iter()
        .zip(&inside)
        .map(|(&at, &label)| {
            let nearest = || sources.iter().map(|&other| squared(at, other)).fold(f64::INFINITY, f64::min);
            if label == 1 { 0.0 } else { nearest().sqrt() }
        })
        .collect()
}

fn same(got: f32, want: f64) -> bool {
    f64::from(got) == want || (f64::from(got) - want).abs() <= 2e-6 * want.abs()
}

#[test]
fn distances_agree_with_trying_every_voxel() {
    for (size, seed) in [([71, 5, 6], 1), ([5, 40, 3], 2), ([1, 1, 30], 3), ([66, 1, 1], 4), ([6, 17, 13], 5)]
    {
        for per_mille in [0, 1, 40, 500, 1000] {
            for spacing in [[0.7, 0.7, 0.7], [0.5, 1.0, 2.5], [3.0, 0.8, 0.3]] {
                let set = noise(size, seed, per_mille);
                for to in [To::Centres, To::Faces] {
                    let how = Distance::new(spacing, to);
                    let (outer, inner) = (slow(&set, spacing, to), slow(&set.complement(), spacing, to));
                    let what = format!("{size:?} {per_mille} {spacing:?} {to:?}");
                    let got = how.from(&set);
                    assert!(got.iter().zip(&outer).all(|(&got, &want)| same(got, want)), "{what}");
                    let squared = how.squared(&set);
                    assert!(squared.iter().zip(&outer).all(|(&got, &want)| same(got, want * want)), "{what}");
                    let signed = how.signed(&set);
                    for (n, &got) in signed.iter().enumerate() {
                        assert!(
                            same(got, outer[n] - inner[n]),
                            "{what}: {got} against {}",
                            outer[n] - inner[n]
                        );
                    }
                    for limit in [0.4, 2.0, 7.3] {
                        let near = how.within(limit).signed(&set);
                        for (n, &got) in near.iter().enumerate() {
                            let want = (outer[n] - inner[n]).clamp(-limit, limit);
                            assert!(
                                (f64::from(got) - want).abs() < 2e-6 * limit,
                                "{what} {limit}: {got} {want}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn isotropic_squares_are_whole_numbers() {
    let size = [90, 70, 40];
    let set = Runs::find(size, |n| n == 12_345 || n == 200_001);
    let squared = Distance::new([1.0; 3], To::Centres).squared(&set);
    let at = |n: usize| [n % 90, n / 90 % 70, n / 6300];
    for (n, &got) in squared.iter().enumerate() {
        let to = |source: usize| -> usize { (0..3).map(|a| at(n)[a].abs_diff(at(source)[a]).pow(2)).sum() };
        assert_eq!(got, to(12_345).min(to(200_001)) as f32);
    }
}

#[test]
fn the_zero_of_a_signed_distance_lies_on_the_faces() {
    let grid = Grid::axis_aligned([9, 7, 5], Point::origin(), [0.5, 1.0, 3.0]).expect("grid");
    let mut mask = LabelMap::empty(&grid);
    for n in 0..grid.len() {
        let (i, j, k) = (n % 9, n / 9 % 7, n / 63);
        if i >= 4 && j >= 2 && k >= 2 {
            mask.labels_mut()[n] = 3;
        }
    }
    let signed = signed_distance(&mask, 3);
    let at = |i, j, k| signed[grid.index(i, j, k)];
    assert_eq!((at(3, 5, 4), at(4, 5, 4), at(0, 5, 4)), (0.25, -0.25, 1.75));
    assert_eq!((at(8, 1, 4), at(8, 2, 4), at(8, 6, 1), at(8, 6, 2)), (0.5, -0.5, 1.5, -1.5));
    let none = signed_distance(&mask, 7);
    assert!(none.iter().all(|&d| d == f32::INFINITY));
}
