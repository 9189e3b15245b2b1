//! Methods that change segments which are there, on balls and boxes whose volumes are known.

use meshing_segment::{Inputs, Outcome, Params, Seed, SegmentError, method, run_with};
use meshing_space::Point;
use meshing_volume::{Grid, LabelMap, Silent, Told as _, Volume, VolumeMeta, Voxels};

fn grid() -> Grid {
    Grid::axis_aligned([60, 50, 40], Point::new(-30.0, -30.0, -30.0), [1.0, 1.2, 1.5]).expect("grid")
}

fn volume() -> Volume {
    Volume::new(grid(), Voxels::I16(vec![0; grid().len()]), VolumeMeta::default()).expect("volume")
}

fn mask(inside: impl Fn([f64; 3]) -> bool) -> LabelMap {
    let grid = grid();
    let [si, sj, _] = grid.size();
    let at = |n: usize| {
        let voxel = [n % si, n / si % sj, n / (si * sj)].map(|x| x as f64);
        (grid.lps_from_ijk() * Point::from_array(voxel)).to_array()
    };
    LabelMap::new(grid, (0..grid.len()).map(|n| u8::from(inside(at(n)))).collect())
        .expect("a label for each voxel")
}

fn ball(centre: [f64; 3], radius: f64) -> LabelMap {
    mask(|at| (0..3).map(|n| (at[n] - centre[n]).powi(2)).sum::<f64>() <= radius * radius)
}

fn changed(
    id: &str,
    masks: &[&LabelMap],
    params: &Params,
    seeds: &[[f64; 3]],
) -> Result<Outcome, SegmentError> {
    let (volume, seeds) =
        (volume(), seeds.iter().map(|at| Seed { at: Point::from_array(*at), label: 1 }).collect::<Vec<_>>());
    let inputs = Inputs { masks, level: Some(7.0), ..Inputs::new(&volume, params).with_seeds(&seeds) };
    run_with(method(id).expect(id), &inputs, &Silent)
}

/// Its volume over what it should be.
fn share(made: Result<Outcome, SegmentError>, mm3: f64) -> f64 {
    made.expect("made").volume_mm3 / mm3
}

fn ball_mm3(radius: f64) -> f64 {
    4.0 / 3.0 * core::f64::consts::PI * radius.powi(3)
}

#[test]
fn margins_and_walls_have_the_volume_of_their_balls() {
    let (ball, set) = (ball([0.0; 3], 12.0), |id: &str, mm: f64| Params::new().with(id, mm));
    // Voxels of 1 to 1.5 mm miss a ball by up to a quarter of a voxel.
    for by in [-5.0, -2.0, 0.0, 3.0, 6.5] {
        let share = share(changed("margin", &[&ball], &set("mm", by), &[]), ball_mm3(12.0 + by));
        assert!((share - 1.0).abs() < 3.0 * 0.3 / (12.0 + by), "{by}: {share}");
    }
    let wall = changed("hollow", &[&ball], &set("inward_mm", 3.0).with("outward_mm", 1.0), &[]);
    let share = share(wall, ball_mm3(13.0) - ball_mm3(9.0));
    // 0.2 mm of its two surfaces together, on voxels of 1 to 1.5 mm.
    assert!((share - 1.0).abs() < 0.1, "{share}");
    let smooth = changed("smooth", &[&ball], &set("sigma_mm", 2.0), &[]).expect("made");
    // Voxels of one blurred value go one way together: a ball has up to eight of them.
    assert!(smooth.voxels.abs_diff(ball.count(1)) <= 4 && smooth.level.is_none(), "{}", smooth.voxels);
}

#[test]
fn specks_go_gaps_close_and_holes_are_filled() {
    let grid = grid();
    let plate = mask(|[x, y, z]| x.abs() < 20.0 && y.abs() < 20.0 && z.abs() < 10.0);
    let mut hurt = plate.clone();
    // A hole inside, a notch at the edge, and a speck beside it.
    hurt.set(30, 25, 20, 0);
    hurt.set(30, 25, 26, 0);
    hurt.set(2, 2, 2, 1);
    let made = |id: &str| changed(id, &[&hurt], &Params::new(), &[]).expect("made");
    assert_eq!(made("open").mask.get(2, 2, 2), 0);
    let closed = changed("close", &[&hurt], &Params::new().with("radius_mm", 2.5), &[]).expect("made").mask;
    assert_eq!((closed.get(30, 25, 20), closed.get(30, 25, 26), closed.get(30, 25, 27)), (1, 1, 0));
    let filled = made("fill_holes");
    assert_eq!((filled.mask.get(30, 25, 20), filled.mask.get(30, 25, 26), filled.level), (1, 0, Some(7.0)));
    let islands = made("islands");
    assert_eq!((islands.voxels, islands.level), (hurt.count(1) - 1, Some(7.0)));
    let every = changed("islands", &[&hurt], &Params::new().with("most", 9.0), &[]).expect("made");
    assert_eq!(every.voxels, hurt.count(1));
    // Every third slice drawn, the rest between.
    let mut drawn = plate.clone();
    for k in (0..grid.size()[2]).filter(|k| k % 3 != 0) {
        (0..grid.len() / grid.size()[2]).for_each(|n| drawn.labels_mut()[n + k * 3000] = 0);
    }
    let between = changed("interpolate", &[&drawn], &Params::new(), &[]).expect("made");
    assert_eq!(between.mask.labels()[3000 * 20..3000 * 24], plate.labels()[3000 * 20..3000 * 24]);
}

#[test]
fn several_segments_follow_the_laws_of_sets() {
    let (a, b) = (ball([-4.0, 0.0, 0.0], 10.0), ball([6.0, 0.0, 0.0], 9.0));
    let made = |id: &str, masks: &[&LabelMap]| changed(id, masks, &Params::new(), &[]).expect("made").voxels;
    let (both, either) = (made("intersect", &[&a, &b]), made("union", &[&a, &b]));
    assert_eq!(both + either, a.count(1) + b.count(1));
    assert_eq!(made("subtract", &[&a, &b]) + both, a.count(1));
    assert_eq!(made("subtract", &[&b, &a]) + both, b.count(1));
    assert_eq!(made("union", &[&a, &b, &a]), either);
}

#[test]
fn cuts_keep_the_side_that_is_pointed_at() {
    let ball = ball([0.0; 3], 12.0);
    let half =
        changed("cut_plane", &[&ball], &Params::new(), &[[0.3, 0.0, 0.0], [5.0, 0.0, 0.0]]).expect("made");
    let other =
        changed("cut_plane", &[&ball], &Params::new(), &[[0.3, 0.0, 0.0], [-5.0, 0.0, 0.0]]).expect("made");
    assert_eq!(half.voxels + other.voxels, ball.count(1));
    assert_eq!(half.mask.bounds(1).map(|bounds| bounds.min.x()), Some(31.0));
    let square = [[-3.5, -3.5, 20.0], [3.5, -3.5, 20.0], [3.5, 3.5, 20.0], [-3.5, 3.5, 20.0]];
    let keep = |keep: f64| changed("cut_outline", &[&ball], &Params::new().with("keep", keep), &square);
    let (within, outside) = (keep(1.0).expect("made"), keep(0.0).expect("made"));
    assert_eq!(within.voxels + outside.voxels, ball.count(1));
    let bounds = within.mask.bounds(1).expect("something");
    assert_eq!((bounds.min.x(), bounds.max.x()), (27.0, 33.0));
}

#[test]
fn what_is_missing_or_makes_no_sense_is_refused_in_both_languages() {
    let ball = ball([0.0; 3], 5.0);
    let empty = mask(|_| false);
    let none: &[[f64; 3]] = &[];
    for (id, masks, seeds) in [
        ("margin", vec![], none),
        ("margin", vec![&ball, &ball], none),
        ("margin", vec![&empty], none),
        ("union", vec![&ball], none),
        ("subtract", vec![&ball, &ball], none),
        ("threshold", vec![&ball], none),
        ("cut_plane", vec![&ball], &[[0.0; 3]]),
        ("cut_plane", vec![&ball], &[[0.0; 3], [0.0; 3]]),
        ("cut_outline", vec![&ball], &[[0.0; 3], [1.0, 0.0, 0.0], [2.0, 0.0, 0.0]]),
        ("interpolate", vec![&empty], none),
        ("smooth", vec![&empty], none),
    ] {
        let told = changed(id, &masks, &Params::new(), seeds).expect_err(id).words();
        assert!(!told.en.is_empty() && told.zh.chars().any(|c| c >= '\u{4E00}'), "{id}: {told:?}");
    }
    let gone = changed("margin", &[&ball], &Params::new().with("mm", -20.0), none);
    assert!(matches!(gone, Err(SegmentError::Nothing { .. })));
}
