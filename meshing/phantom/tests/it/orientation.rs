//! Left is left: places in the patient, on any grid.

use meshing_phantom::Phantom;
use meshing_space::{Lps, Point, Transform, Vector};
use meshing_volume::Grid;

/// The letter as a reader in front of the patient sees it; rows from head to feet, columns from the patient's right.
const LETTER: [&str; 7] = ["####", "#...", "#...", "###.", "#...", "#...", "#..."];

#[test]
fn the_letter_reads_as_an_f_from_the_front() {
    let phantom = Phantom::asymmetric_f();
    for (row, line) in LETTER.iter().enumerate() {
        for (column, mark) in line.chars().enumerate() {
            let z = 36.0 - 11.5 * row as f64;
            let at = Point::new(-14.0 + 11.0 * column as f64, 0.0, z);
            assert_eq!(phantom.value(at) > 0.0, mark == '#', "row {row} column {column}");
        }
    }
    assert!(phantom.value(Point::new(-14.0, -12.0, -34.0)) > 0.0, "the foot points to the front");
    assert!(phantom.value(Point::new(-14.0, 12.0, -34.0)) < 0.0, "and not to the back");
}

/// All 48 ways to lay a grid along the patient's axes.
fn signed_axes() -> Vec<[Vector<Lps>; 3]> {
    let unit = |axis: usize, sign: f64| {
        let mut v = [0.0; 3];
        v[axis] = sign;
        Vector::from_array(v)
    };
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let mut all = Vec::new();
    for order in orders {
        for bits in 0..8_u8 {
            let sign = |bit: u8| if bits >> bit & 1 == 1 { -1.0 } else { 1.0 };
            all.push([unit(order[0], sign(0)), unit(order[1], sign(1)), unit(order[2], sign(2))]);
        }
    }
    all
}

#[test]
fn no_flip_and_no_swap_leaves_the_letter_alone() {
    let phantom = Phantom::asymmetric_f();
    let middle = phantom.bounds().center();
    let mut seen = std::collections::HashSet::new();
    for axes in signed_axes() {
        let spacing = 4.0;
        let half = 26.0 / 2.0;
        let origin = middle - (axes[0] + axes[1] + axes[2]) * (spacing * (half - 0.5));
        let grid = Grid::new([26; 3], origin, axes, [spacing; 3]).expect("grid");
        let volume = phantom.volume(&grid);
        assert!(seen.insert(volume.voxel_bytes().into_owned()), "two orientations look alike: {axes:?}");
        for landmark in &phantom.truth().landmarks {
            let inner = landmark.point.lerp(phantom.truth().parts[0].centre.expect("centre"), 0.02);
            let sampled = volume.sample_lps(inner).expect("inside");
            assert!(sampled > -900.0, "{} is not on the letter under {axes:?}: {sampled}", landmark.name);
        }
    }
    assert_eq!(seen.len(), 48);
}

#[test]
fn the_torso_has_its_organs_on_the_right_side() {
    let phantom = Phantom::torso();
    let labels = phantom.labels(&phantom.grid([3.0; 3], Transform::identity()));
    let side = |name: &str| {
        let grid = labels.grid();
        let label = phantom.truth().label(name).expect("a part");
        let (mut sum, mut count) = (Vector::zero(), 0.0);
        for k in 0..grid.size()[2] {
            for j in 0..grid.size()[1] {
                for i in 0..grid.size()[0] {
                    if labels.get(i, j, k) == label {
                        let at = grid.lps_from_ijk() * Point::new(i as f64, j as f64, k as f64);
                        sum += at - Point::origin();
                        count += 1.0;
                    }
                }
            }
        }
        sum * (1.0 / count)
    };
    assert!(side("liver").x() < -20.0, "the liver lies on the patient's right");
    assert!(side("tumour").x() < -20.0, "so does its tumour");
    assert!(side("stomach").x() > 20.0, "the stomach lies on the left");
    assert!(side("heart").x() > 10.0, "the heart leans to the left");
    assert!(side("heart").y() < -10.0, "and lies in front");
    assert!(side("spinal_canal").y() > 40.0, "the spine lies behind");
    assert!(side("lungs").z() > side("liver").z(), "lungs above liver");
    assert!(side("kidneys").y() > 30.0, "kidneys lie behind");
}

#[test]
fn the_head_is_drilled_on_the_left() {
    let phantom = Phantom::head();
    assert_eq!(phantom.value(Point::new(68.0, 0.0, 0.0)), 45.0);
    assert_eq!(phantom.value(Point::new(-68.0, 0.0, 0.0)), 900.0);
    assert_eq!(phantom.value(Point::new(0.0, -108.0, -22.0)), 45.0, "the nose is in front");
    assert_eq!(phantom.value(Point::new(0.0, 24.0, -119.0)), 700.0, "the neck is below");
}

#[test]
fn stated_distances_are_those_between_the_landmarks() {
    for name in Phantom::NAMES {
        let phantom = Phantom::named(name).expect("known");
        let truth = phantom.truth();
        assert_eq!(truth.phantom, name);
        assert!(!truth.distances.is_empty(), "{name} states no distance");
        for distance in &truth.distances {
            let (from, to) = (truth.landmark(&distance.from), truth.landmark(&distance.to));
            let measured = from.expect("landmark").distance(to.expect("landmark"));
            assert!((measured - distance.mm).abs() < 1e-9, "{name}: {distance:?}");
        }
        for landmark in &truth.landmarks {
            assert!(phantom.bounds().contains(landmark.point), "{name}: {landmark:?}");
        }
    }
    assert!(Phantom::named("nobody").is_none());
    let ball = Phantom::sphere();
    assert_eq!(ball.truth().distances[0].mm, 40.0);
    let edges: Vec<f64> = Phantom::tilted_box().truth().distances.iter().map(|d| d.mm).collect();
    for (edge, truth) in edges.iter().zip([40.0, 28.0, 18.0]) {
        assert!((edge - truth).abs() < 1e-9, "{edges:?}");
    }
}
