use meshing_space::{Lps, Point, Vector};
use meshing_volume::{Told as _, Volume, VolumeMeta, Voxels};

use super::*;

#[test]
fn maps_come_back_exactly_whatever_their_size_and_number_of_labels() {
    for size in [[1, 1, 1], [16, 16, 16], [17, 33, 5], [40, 1, 50]] {
        let grid = Grid::axis_aligned(size, Point::origin(), [0.5, 1.0, 2.0]).expect("grid");
        for labels in [1, 2, 3, 4, 5, 16, 17, 120, 256] {
            let value = |n: usize| ((n as u32).wrapping_mul(2_654_435_761) >> 9) as usize % labels;
            let map = LabelMap::new(grid, (0..grid.len()).map(|n| value(n) as u8).collect()).expect("map");
            let bricks = LabelBricks::of(&map);
            assert_eq!(bricks.to_map(), map, "{size:?}, {labels} labels");
            let last = size.map(|n| n - 1);
            assert_eq!(bricks.get(last[0], last[1], last[2]), map.get(last[0], last[1], last[2]));
        }
    }
}

#[test]
fn organs_take_far_less_than_a_byte_and_noise_hardly_more() {
    let grid = Grid::axis_aligned([128; 3], Point::origin(), [1.0; 3]).expect("grid");
    // 125 balls with a label each.
    let organ = |n: usize| {
        let at = [n % 128, n / 128 % 128, n / 16384];
        let cell = at.map(|x| x / 26);
        let squared: i64 = at.iter().map(|&x| (x as i64 % 26 - 13).pow(2)).sum();
        if squared < 100 { (1 + cell[0] + 5 * cell[1] + 25 * cell[2]) as u8 } else { 0 }
    };
    let map = LabelMap::new(grid, (0..grid.len()).map(organ).collect()).expect("map");
    let share = |map: &LabelMap| LabelBricks::of(map).bytes() as f64 / grid.len() as f64;
    assert!(share(&map) < 0.35, "{}", share(&map));
    let noise = (0..grid.len()).map(|n| (n as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0]);
    let noise = LabelMap::new(grid, noise.collect()).expect("map");
    assert!(share(&noise) < 1.03, "{}", share(&noise));
    assert!(share(&LabelMap::empty(&grid)) < 0.005);
}

/// The next of a row of made-up numbers from 0 to 1.
fn next(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 40) as f64 / (1_u64 << 24) as f64
}

/// A grid that lies askew, with another spacing along each axis.
fn askew(size: [usize; 3]) -> Grid {
    let (sin, cos) = 0.4_f64.sin_cos();
    let axes = [Vector::new(cos, sin, 0.0), Vector::new(sin, -cos, 0.0), Vector::new(0.0, 0.0, 1.0)];
    Grid::new(size, Point::new(-7.0, 3.0, 11.0), axes, [0.6, 0.9, 1.7]).expect("grid")
}

/// The plain way: every voxel, in patient space.
fn paint_all(map: &mut LabelMap, brush: &Brush<'_>, from: Point<Lps>, to: Point<Lps>) -> usize {
    let (grid, way) = (*map.grid(), to - from);
    let [si, sj, _] = grid.size();
    let mut changed = 0;
    for n in 0..grid.len() {
        let index = [n % si, n / si % sj, n / (si * sj)].map(|x| x as f64);
        let at = grid.lps_from_ijk() * Point::from_array(index);
        let squared = way.dot(way);
        let t = if squared > 0.0 { ((at - from).dot(way) / squared).clamp(0.0, 1.0) } else { 0.0 };
        let label = map.labels()[n];
        let over = match brush.over {
            Over::Everything => true,
            Over::Background => label == 0,
            Over::Only(only) => label == only,
        };
        let bright =
            brush.only.as_ref().is_none_or(|(volume, range)| range.contains(&f64::from(volume.value_at(n))));
        let near = at.distance(from + way * t) <= brush.radius_mm;
        if near && over && bright && !brush.locked.contains(&label) && label != brush.label {
            map.labels_mut()[n] = brush.label;
            changed += 1;
        }
    }
    changed
}

#[test]
fn random_strokes_undone_and_redone_are_those_of_the_plain_way() {
    let grid = askew([37, 30, 21]);
    let values = (0..grid.len()).map(|n| if n % 97 == 0 { f32::NAN } else { (n * 7919 % 401) as f32 });
    let volume = Volume::new(grid, Voxels::F32(values.collect()), VolumeMeta::default()).expect("volume");
    let mut state = 5;
    let organs = (0..grid.len()).map(|n| if n % 5 == 0 { (n / 900) as u8 } else { 0 }).collect();
    let start = LabelMap::new(grid, organs).expect("map");
    let mut editor = Editor::new(LabelBricks::of(&start), Editor::USUAL_LIMIT);
    // How the map was before each step, and after those taken back.
    let (mut now, mut past, mut future) = (start, Vec::<LabelMap>::new(), Vec::<LabelMap>::new());
    let (mut undone, mut redone) = (0, 0);
    for _ in 0..400 {
        match next(&mut state) {
            draw if draw < 0.25 => {
                let changed = editor.undo();
                assert_eq!(changed.is_some(), !past.is_empty());
                if let Some(before) = past.pop() {
                    let differ = before.labels().iter().zip(now.labels()).filter(|(a, b)| a != b).count();
                    assert_eq!(changed.map(|changed| changed.voxels), Some(differ));
                    future.push(core::mem::replace(&mut now, before));
                    undone += 1;
                }
            }
            draw if draw < 0.4 => {
                assert_eq!(editor.redo().is_some(), !future.is_empty());
                if let Some(after) = future.pop() {
                    past.push(core::mem::replace(&mut now, after));
                    redone += 1;
                }
            }
            _ => {
                editor.begin();
                let before = now.clone();
                let mut any = 0;
                let mut draw = |low: f64, high: f64| low + (high - low) * next(&mut state);
                let place = |draw: &mut dyn FnMut(f64, f64) -> f64| {
                    let index = core::array::from_fn(|axis| draw(-6.0, grid.size()[axis] as f64 + 6.0));
                    grid.lps_from_ijk() * Point::from_array(index)
                };
                let mut from = place(&mut draw);
                let label = draw(0.0, 9.0) as u8 * 30;
                for _ in 0..draw(1.0, 4.0) as usize {
                    let to = if draw(0.0, 1.0) < 0.5 { from } else { place(&mut draw) };
                    let over = match draw(0.0, 3.0) as u8 {
                        0 => Over::Everything,
                        1 => Over::Background,
                        _ => Over::Only(draw(0.0, 9.0) as u8 * 30),
                    };
                    let locked: &[u8] = if draw(0.0, 1.0) < 0.5 { &[] } else { &[1, 2, 7, 11] };
                    let brush = Brush { over, locked, ..Brush::new(label, draw(0.0, 5.0)) };
                    let brush =
                        if draw(0.0, 1.0) < 0.5 { brush } else { brush.only_in(&volume, 50.0..=300.0) };
                    let changed = editor.paint(&brush, from, to).expect("a brush");
                    let count = paint_all(&mut now, &brush, from, to);
                    assert_eq!(changed.map_or(0, |changed| changed.voxels), count, "{brush:?}");
                    any += count;
                    from = to;
                }
                if any > 0 {
                    past.push(before);
                    future.clear();
                }
            }
        }
        assert_eq!(editor.bricks().to_map(), now);
        assert_eq!(editor.steps(), [past.len(), future.len()]);
    }
    assert!(undone > 40 && redone > 10, "{undone}, {redone}");
}

#[test]
fn the_history_forgets_its_oldest_steps_and_keeps_its_limit() {
    let grid = askew([64; 3]);
    let mut editor = Editor::new(LabelBricks::empty(&grid), 40_000);
    let mut state = 1;
    for n in 0..200 {
        editor.begin();
        let at = grid.lps_from_ijk() * Point::from_array([0; 3].map(|_| 64.0 * next(&mut state)));
        let changed = editor.paint(&Brush::new(1 + n % 90, 3.0), at, at).expect("a brush");
        if let Some(Changed { bounds: [low, high], .. }) = changed {
            assert!((0..3).all(|axis| low[axis] < high[axis] && high[axis] <= 64 && low[axis] % 16 == 0));
        }
        assert!(editor.history_bytes() <= 40_000);
    }
    let steps = editor.steps()[0];
    assert!((3..150).contains(&steps), "{steps}");
    while editor.undo().is_some() {}
    assert_eq!(editor.steps(), [0, steps]);
    let far = Point::new(1e9, 0.0, 0.0);
    assert_eq!(editor.paint(&Brush::new(1, 3.0), far, far), Ok(None), "outside");
    assert_eq!(editor.steps(), [0, steps], "nothing changed, so all can be done again");
}

#[test]
fn brushes_that_cannot_be_used_are_refused_in_both_languages() {
    let grid = askew([20; 3]);
    let other = Grid::axis_aligned([20; 3], Point::origin(), [1.0; 3]).expect("grid");
    let volume = Volume::new(other, Voxels::I16(vec![0; 8000]), VolumeMeta::default()).expect("volume");
    let mut editor = Editor::new(LabelBricks::empty(&grid), Editor::USUAL_LIMIT);
    let (at, nowhere) = (grid.center(), Point::new(f64::NAN, 0.0, 0.0));
    let locked = Brush { locked: &[3], ..Brush::new(3, 1.0) };
    for (brush, at, expected) in [
        (Brush::new(1, f64::NAN), at, "radius"),
        (Brush::new(1, -1.0), at, "radius"),
        (Brush::new(1, 1e9), at, "radius"),
        (Brush::new(1, 1.0), nowhere, "place"),
        (locked, at, "locked"),
        (Brush::new(1, 1.0).only_in(&volume, 0.0..=1.0), at, "grid"),
    ] {
        let error = editor.paint(&brush, at, at).expect_err(expected);
        assert!(error.chinese().chars().any(|c| c >= '\u{4E00}'), "{error}");
    }
    assert_eq!(editor.steps(), [0, 0]);
}
