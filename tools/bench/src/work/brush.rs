//! A brush on a large label map, with its history.

use std::collections::BTreeMap;
use std::time::Instant;

use meshing_segment::bricks::{Brush, Editor, LabelBricks};
use meshing_space::Point;
use meshing_volume::{Grid, LabelMap};

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work = Work {
    id: "brush",
    doc: "dabs of radius (default 10) mm on --labels or 512³ voxels with 125 organs, dabs (default 200) of them, each \
          undone and done again; milliseconds, and bytes a voxel",
    prepare,
};

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let map = match inputs.labels {
        Some(_) => inputs.labels()?,
        None => organs(inputs)?,
    };
    let grid = *map.grid();
    let bricks = LabelBricks::of(&map);
    let same = bricks.to_map() == map;
    drop(map);
    let (radius, dabs) = (inputs.param("radius", 10.0), inputs.param("dabs", 200.0) as u64);
    let start = bricks.bytes();
    Ok(Box::new(move || {
        let mut editor = Editor::new(bricks.clone(), Editor::USUAL_LIMIT);
        let (mut strokes, mut undos, mut voxels) = (Vec::new(), Vec::new(), 0);
        for n in 0..dabs {
            let share = |salt: u64| {
                (n.wrapping_add(salt).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / 16_777_216.0
            };
            let index = core::array::from_fn(|axis| share(1000 * axis as u64) * grid.size()[axis] as f64);
            let at = grid.lps_from_ijk() * Point::from_array(index);
            let brush = Brush::new((n % 120) as u8, radius);
            let began = Instant::now();
            editor.begin();
            voxels += editor.paint(&brush, at, at)?.map_or(0, |changed| changed.voxels);
            strokes.push(began.elapsed().as_secs_f64() * 1e3);
            let began = Instant::now();
            if editor.undo().is_some() {
                undos.push(began.elapsed().as_secs_f64() * 1e3);
                editor.redo();
            }
        }
        let p95 = |times: &mut Vec<f64>| {
            times.sort_by(f64::total_cmp);
            times.get(times.len() * 95 / 100).copied().unwrap_or_default()
        };
        Ok(Made::Figures(BTreeMap::from([
            ("exact", f64::from(u8::from(same))),
            ("brush_ms_p50", strokes.get(strokes.len() / 2).copied().unwrap_or_default()),
            ("brush_ms_p95", p95(&mut strokes)),
            ("undo_ms_p95", p95(&mut undos)),
            ("painted", voxels as f64),
            ("bytes_a_voxel", start as f64 / grid.len() as f64),
            ("history_mib", editor.history_bytes() as f64 / f64::from(1 << 20)),
        ])))
    }))
}

/// Balls in rows, each with a label of its own.
fn organs(inputs: &Inputs) -> anyhow::Result<LabelMap> {
    let size = inputs.size.unwrap_or([512; 3]);
    let grid = Grid::axis_aligned(size, Point::origin(), inputs.spacing_mm)?;
    let pitch = size.map(|n| n.div_ceil(5).max(1));
    let label = |n: usize| {
        let at = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
        let cell: [usize; 3] = core::array::from_fn(|axis| at[axis] / pitch[axis]);
        let squared: f64 =
            (0..3).map(|axis| ((at[axis] % pitch[axis]) as f64 / pitch[axis] as f64 - 0.5).powi(2)).sum();
        if squared < 0.2 { (1 + cell[0] + 5 * cell[1] + 25 * cell[2]) as u8 } else { 0 }
    };
    Ok(LabelMap::new(grid, (0..grid.len()).map(label).collect())?)
}
