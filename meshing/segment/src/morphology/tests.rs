use core::f64::consts::PI;

use meshing_space::Point;
use meshing_volume::{CancelFlag, Grid, Silent};

use super::*;

const SIZE: [usize; 3] = [60, 40, 24];
const SPACING: [f64; 3] = [0.5, 0.8, 1.5];

fn centre(n: usize) -> [f64; 3] {
    let at = [n % SIZE[0], n / SIZE[0] % SIZE[1], n / (SIZE[0] * SIZE[1])];
    core::array::from_fn(|axis| at[axis] as f64 * SPACING[axis])
}

/// Voxels whose centre lies at most `radius` mm from a point.
fn ball(radius: f64) -> Runs {
    let middle = [14.9, 15.8, 17.1];
    Runs::find(SIZE, |n| {
        let at = centre(n);
        (0..3).map(|axis| (at[axis] - middle[axis]).powi(2)).sum::<f64>() <= radius * radius
    })
}

/// Voxels `low..high` along each axis.
fn cuboid(low: [usize; 3], high: [usize; 3]) -> Runs {
    Runs::find(SIZE, |n| {
        let at = [n % SIZE[0], n / SIZE[0] % SIZE[1], n / (SIZE[0] * SIZE[1])];
        (0..3).all(|axis| (low[axis]..high[axis]).contains(&at[axis]))
    })
}

fn grown(set: &Runs, by_mm: f64) -> Runs {
    margin(set, SPACING, by_mm, &Silent).expect("runs")
}

#[test]
fn a_margin_is_as_wide_along_every_axis() {
    let (low, high) = ([20, 15, 8], [40, 25, 16]);
    let wide = grown(&cuboid(low, high), 3.0);
    // 3 mm are 6, 3.75 and 2 voxels; the surface lies a fifth of a voxel before the centres.
    assert_eq!(wide.bounds(), Some([[14, 12, 6], [46, 28, 18]]));
    for axis in 0..3 {
        let (mut from, mut to) = (low, high);
        from[axis] -= [6, 3, 2][axis];
        to[axis] += [6, 3, 2][axis];
        let arm = cuboid(from, to);
        assert_eq!(wide.and(&arm), arm, "axis {axis}");
    }
    let rounded = 45 + SIZE[0] * (27 + SIZE[1] * 17);
    assert!(wide.and(&Runs::find(SIZE, |n| n == rounded)).is_empty(), "its corners are round");
    let thin = grown(&cuboid(low, high), -3.0);
    assert_eq!(thin.bounds(), Some([[26, 18, 10], [34, 22, 14]]));
    assert_eq!(thin, cuboid([26, 18, 10], [34, 22, 14]));
    assert_eq!(grown(&thin, 0.0), thin);
    assert!(grown(&thin, -50.0).is_empty());
}

#[test]
fn a_ball_grows_and_shrinks_to_the_ball_of_the_other_radius() {
    let set = ball(8.0);
    for (by, other) in [(3.0, 11.0), (-3.0, 5.0)] {
        let (got, want) = (grown(&set, by), ball(other));
        let wrong = got.minus(&want).or(&want.minus(&got));
        // All that differs lies within a voxel's diagonal of the sphere.
        let diagonal = SPACING.iter().map(|mm| mm * mm).sum::<f64>().sqrt();
        let (inner, outer) = (ball(other - diagonal), ball(other + diagonal));
        assert!(wrong.and(&inner).is_empty() && wrong.minus(&outer).is_empty(), "{by}");
        let dice = 2.0 * got.and(&want).voxels() as f64 / (got.voxels() + want.voxels()) as f64;
        assert!(dice > 0.94, "{by}: {dice}");
        // In the mean over all directions the radius is right.
        let radius = |set: &Runs| (set.voxels() as f64 * SPACING.iter().product::<f64>() * 0.75 / PI).cbrt();
        assert!((radius(&got) - other).abs() < 0.15, "{by}: {}", radius(&got));
    }
}

#[test]
fn the_border_of_the_volume_is_no_surface() {
    let set = cuboid([0, 0, 0], [30, 40, 24]);
    assert_eq!(grown(&set, -2.0), cuboid([0, 0, 0], [26, 40, 24]));
    assert_eq!(grown(&set, 1e12).voxels(), 60 * 40 * 24);
    assert_eq!(grown(&Runs::find(SIZE, |_| true), -1e12).voxels(), 60 * 40 * 24);
    assert!(grown(&Runs::find(SIZE, |_| false), 5.0).is_empty());
}

/// Slow and obvious: moves a ball of voxel offsets over the set.
fn slow(set: &Runs, radius: f64, dilate: bool) -> Runs {
    let mut inside = vec![0; SIZE.iter().product()];
    set.paint(&mut inside, 1);
    let reach: [isize; 3] = core::array::from_fn(|n| (radius / SPACING[n]) as isize);
    let mut offsets = Vec::new();
    for k in -reach[2]..=reach[2] {
        for j in -reach[1]..=reach[1] {
            for i in -reach[0]..=reach[0] {
                let far = |x: isize, axis: usize| (x as f64 * SPACING[axis]).powi(2);
                if far(i, 0) + far(j, 1) + far(k, 2) <= radius * radius * (1.0 + 1e-9) {
                    offsets.push([i, j, k]);
                }
            }
        }
    }
    Runs::find(SIZE, |n| {
        let at = [n % SIZE[0], n / SIZE[0] % SIZE[1], n / (SIZE[0] * SIZE[1])];
        let label = |offset: &[isize; 3]| {
            let to: [usize; 3] = core::array::from_fn(|axis| at[axis].wrapping_add_signed(offset[axis]));
            let within = (0..3).all(|axis| to[axis] < SIZE[axis]);
            within.then(|| inside[to[0] + SIZE[0] * (to[1] + SIZE[1] * to[2])] == 1)
        };
        if dilate {
            offsets.iter().any(|o| label(o) == Some(true))
        } else {
            offsets.iter().all(|o| label(o) != Some(false))
        }
    })
}

#[test]
fn opening_and_closing_agree_with_moving_a_ball() {
    // Away from the border, where the two of them see the same.
    let room = cuboid([10, 10, 6], [50, 30, 18]);
    let noise = Runs::find(SIZE, |n| (n as u32).wrapping_mul(2_654_435_761) >> 22 < 20).and(&room);
    let set = slow(&noise, 1.6, true).minus(&slow(&ball(3.0), 0.5, true));
    for radius in [0.5, 1.5, 2.5] {
        let open = opened(&set, SPACING, radius, &Silent).expect("runs");
        assert_eq!(open, slow(&slow(&set, radius, false), radius, true), "opening {radius}");
        assert!(open.minus(&set).is_empty());
        let full = closed(&set, SPACING, radius, &Silent).expect("runs");
        assert_eq!(full, slow(&slow(&set, radius, true), radius, false), "closing {radius}");
        assert!(set.minus(&full).is_empty());
    }
}

#[test]
fn a_shell_is_the_skin_of_the_set() {
    let set = cuboid([20, 10, 6], [40, 30, 18]);
    let wall = shell(&set, SPACING, [1.6, 0.0], &Silent).expect("runs");
    // As deep as 1.6 mm and more lie, by their centres, all but 3, 2 and 1 voxels at each side.
    assert_eq!(wall, set.minus(&cuboid([23, 12, 7], [37, 28, 17])));
    let around = shell(&set, SPACING, [0.0, 1.5], &Silent).expect("runs");
    assert_eq!(around, grown(&set, 1.5).minus(&set));
    let both = shell(&set, SPACING, [1.6, 1.5], &Silent).expect("runs");
    assert_eq!(both, wall.or(&around));
}

#[test]
fn islands_are_kept_by_number_and_by_size() {
    let (large, middle, small) =
        (cuboid([0, 0, 0], [9, 9, 9]), cuboid([20, 0, 0], [25, 5, 5]), cuboid([30, 0, 0], [32, 2, 2]));
    let all = large.or(&middle).or(&small);
    let keep = |most, least| islands(all.clone(), Connectivity::Faces, most, least);
    assert_eq!(keep(1, 0.0), large);
    assert_eq!(keep(2, 0.0), large.or(&middle));
    assert_eq!(keep(usize::MAX, 100.0), large.or(&middle));
    assert_eq!(keep(9, 0.0), all);
    assert!(keep(9, 1e9).is_empty() && keep(0, 0.0).is_empty());
}

#[test]
fn a_slit_is_closed_and_a_gap_stays() {
    let grid = Grid::axis_aligned([30, 12, 12], Point::origin(), [0.5, 1.0, 1.0]).expect("grid");
    let mut mask = LabelMap::empty(&grid);
    for (n, label) in mask.labels_mut().iter_mut().enumerate() {
        let i = n % 30;
        *label = u8::from(i < 8 || (10..16).contains(&i) || i >= 26);
    }
    let before = mask.clone();
    close(&mut mask, 1, 2.0, &Silent).expect("runs");
    assert!(before.labels().iter().zip(mask.labels()).all(|(before, after)| before <= after));
    assert_eq!((mask.get(8, 6, 6), mask.get(9, 6, 6)), (1, 1), "a slit of 1 mm");
    assert_eq!(mask.get(20, 6, 6), 0, "a gap of 5 mm");
    let mut none = LabelMap::empty(&grid);
    close(&mut none, 1, 2.0, &Silent).expect("runs");
    assert_eq!(none.count(1), 0);
}

#[test]
fn what_cannot_be_done_is_refused() {
    let set = ball(5.0);
    for radius in [f64::NAN, -1.0] {
        assert!(matches!(opened(&set, SPACING, radius, &Silent), Err(SegmentError::OutOfRange { .. })));
        assert!(matches!(closed(&set, SPACING, radius, &Silent), Err(SegmentError::OutOfRange { .. })));
    }
    assert!(matches!(closed(&set, SPACING, 1e7, &Silent), Err(SegmentError::OutOfRange { .. })));
    assert!(matches!(margin(&set, SPACING, f64::NAN, &Silent), Err(SegmentError::OutOfRange { .. })));
    let flag = CancelFlag::default();
    flag.cancel();
    assert!(matches!(closed(&set, SPACING, 2.0, &flag), Err(SegmentError::Cancelled(_))));
    assert!(matches!(margin(&set, SPACING, 2.0, &flag), Err(SegmentError::Cancelled(_))));
}
