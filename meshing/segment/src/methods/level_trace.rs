//! What an outline along a level encloses in a slice.

use meshing_space::{Lps, Point};
use meshing_volume::{Grid, LabelMap, Phrase, Progress};

use super::edited;
use crate::{Inputs, Method, Needs, Outcome, Param, Runs, SegmentError, edit};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "level_trace",
    version: 1,
    title: Phrase::new("Level trace in a slice", "层内等值轮廓"),
    doc: Phrase::new(
        "What the outline of equal value through a seed encloses in the slice of the seed; each seed gives one outline, in \
          its own slice. For tumours and organs slice by slice; interpolate between slices afterwards.",
        "种子点所在层内，经过该点的等值轮廓所包围的区域；每个种子点在各自层内给出一条轮廓。\
         用于逐层勾画肿瘤和器官，之后再做层间插值。",
    ),
    params: PARAMS,
    needs: Needs::seeds(
        1,
        Phrase::new("points on the border of the structure, one for each slice", "结构边缘上的点，每层一个"),
    ),
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[Param {
    id: "axis",
    unit: Phrase::new("0 to 2", "0 至 2"),
    default: Some(2.0),
    min: 0.0,
    max: 2.0,
    doc: Phrase::new(
        "The axis of the grid across the slices: 2 for the slices as they were taken.",
        "垂直于层面的网格轴：2 为原始层面。",
    ),
}];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let grid = inputs.volume.grid();
    let axis = inputs.param("axis").unwrap_or(2.0).round() as usize;
    let mut mask = LabelMap::empty(grid);
    for (n, seed) in inputs.seeds.iter().enumerate() {
        progress.step(n, inputs.seeds.len())?;
        let slice = seed.voxel(grid)?[axis];
        let outline = edit::level_trace(inputs.volume, axis, seed.at)?;
        fill(&mut mask, axis, slice, &corners(grid, axis, &outline));
    }
    progress.step(inputs.seeds.len(), inputs.seeds.len())?;
    edited(METHOD.id, inputs, &Runs::of_label(&mask, 1), None)
}

/// The axes within the slice.
const fn within(axis: usize) -> [usize; 2] {
    [[1, 2], [0, 2], [0, 1]][axis]
}

/// The outline in voxels along the axes of its slice.
fn corners(grid: &Grid, axis: usize, outline: &[Point<Lps>]) -> Vec<[f64; 2]> {
    let to_ijk = grid.ijk_from_lps();
    outline.iter().map(|&at| within(axis).map(|n| (to_ijk * at).to_array()[n])).collect()
}

/// Sets the voxels of the slice whose centres lie within the outline.
fn fill(mask: &mut LabelMap, axis: usize, slice: usize, outline: &[[f64; 2]]) {
    let [u, v] = within(axis);
    let size = mask.grid().size();
    let mut crossings: Vec<Vec<f64>> = vec![Vec::new(); size[v]];
    for (n, from) in outline.iter().enumerate() {
        let to = outline[(n + 1) % outline.len()];
        let (low, high) = if from[1] <= to[1] { (*from, to) } else { (to, *from) };
        // Rows from the lower end on, before the upper: each is crossed an even number of times.
        for (row, crossed) in crossings.iter_mut().enumerate().skip(low[1].ceil().max(0.0) as usize) {
            if row as f64 >= high[1] {
                break;
            }
            crossed.push(low[0] + (high[0] - low[0]) * (row as f64 - low[1]) / (high[1] - low[1]));
        }
    }
    for (row, mut crossed) in crossings.into_iter().enumerate() {
        crossed.sort_unstable_by(f64::total_cmp);
        for pair in crossed.chunks_exact(2) {
            let last = pair[1].floor().min(size[u] as f64 - 1.0);
            let mut column = pair[0].ceil().max(0.0);
            while column <= last {
                let mut at = [0; 3];
                (at[axis], at[u], at[v]) = (slice, column as usize, row);
                mask.set(at[0], at[1], at[2], 1);
                column += 1.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use meshing_space::Vector;
    use meshing_volume::{Silent, Volume, VolumeMeta, Voxels};

    use super::*;
    use crate::{Params, Seed, run_with};

    /// A cone about (20, 15) mm that falls by 10 for each mm, the same in every slice, with a pit in it.
    fn cone(axis: usize) -> Volume {
        let (sin, cos) = 0.4_f64.sin_cos();
        let axes = [Vector::new(cos, sin, 0.0), Vector::new(-sin, cos, 0.0), Vector::new(0.0, 0.0, 1.0)];
        let (mut size, mut spacing) = ([0; 3], [0.0; 3]);
        let [u, v] = within(axis);
        (size[axis], size[u], size[v]) = (3, 50, 40);
        (spacing[axis], spacing[u], spacing[v]) = (3.0, 0.8, 1.0);
        let grid = Grid::new(size, Point::new(5.0, 6.0, 7.0), axes, spacing).expect("grid");
        let value = |n: usize| {
            let at = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
            let (x, y) = (at[u] as f64 * 0.8, at[v] as f64);
            let pit = if (x - 20.0).hypot(y - 15.0) < 2.0 { 400.0 } else { 0.0 };
            (500.0 - 10.0 * (x - 20.0).hypot(y - 15.0) - pit) as f32
        };
        let voxels = Voxels::F32((0..grid.len()).map(value).collect());
        Volume::new(grid, voxels, VolumeMeta::default()).expect("volume")
    }

    #[test]
    fn the_disc_within_the_level_of_a_seed_is_found_in_its_slice_alone() {
        for axis in 0..3 {
            let volume = cone(axis);
            let grid = volume.grid();
            let [u, v] = within(axis);
            let seed = |x: f64, y: f64, slice: f64| {
                let mut at = [0.0; 3];
                (at[axis], at[u], at[v]) = (slice, x / 0.8, y);
                Seed { at: grid.lps_from_ijk() * Point::from_array(at), label: 1 }
            };
            let params = Params::new().with("axis", axis as f64);
            let seeds = [seed(20.0 + 9.3, 15.0, 0.0), seed(20.0, 15.0 - 6.2, 2.0)];
            let found = run_with(&METHOD, &Inputs::new(&volume, &params).with_seeds(&seeds), &Silent);
            let mask = found.expect("outlines").mask;
            for n in 0..grid.len() {
                let [si, sj, _] = grid.size();
                let at = [n % si, n / si % sj, n / (si * sj)];
                let off = (at[u] as f64 * 0.8 - 20.0).hypot(at[v] as f64 - 15.0);
                let radius = [9.3, 0.0, 6.2][at[axis]];
                if (off - radius).abs() > 0.1 {
                    assert_eq!(mask.labels()[n], u8::from(off < radius), "{axis} {at:?} {off}");
                }
            }
        }
    }

    #[test]
    fn a_flat_place_is_refused() {
        let grid = Grid::axis_aligned([5, 5, 2], Point::origin(), [1.0; 3]).expect("grid");
        let volume = Volume::new(grid, Voxels::I16(vec![3; 50]), VolumeMeta::default()).expect("volume");
        let (params, seed) = (Params::new(), [Seed { at: Point::new(2.0, 2.0, 0.0), label: 1 }]);
        let refused = run_with(&METHOD, &Inputs::new(&volume, &params).with_seeds(&seed), &Silent);
        assert!(matches!(refused, Err(SegmentError::Contradiction(_))));
    }
}
