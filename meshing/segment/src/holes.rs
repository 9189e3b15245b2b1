//! Filling what lies enclosed.

use meshing_volume::LabelMap;
use rayon::prelude::*;

use crate::{Components, Connectivity, Runs};

/// Sets voxels to `label` that are not `label` and are enclosed by it: not connected (by faces) to the border of the
/// volume. Only holes of at most `max_mm3` are filled. Answers the number of voxels filled.
pub fn fill_holes(mask: &mut LabelMap, label: u8, max_mm3: f64) -> usize {
    let most_voxels = max_mm3 / mask.grid().voxel_mm3();
    let outside = Components::of(Runs::of_label(mask, label).complement(), Connectivity::Faces);
    let enclosed = |c: usize| is_hole(&outside, c, most_voxels);
    let filled = (0..outside.count()).filter(|&c| enclosed(c)).map(|c| outside.voxels()[c]).sum();
    if filled > 0 {
        outside.paint(mask.labels_mut(), label, enclosed);
    }
    filled
}

/// The set with its holes of at most `most_voxels` voxels; see [`fill_holes`].
#[must_use]
pub fn filled(set: &Runs, most_voxels: f64) -> Runs {
    let outside = Components::of(set.complement(), Connectivity::Faces);
    outside.keep(|c| !is_hole(&outside, c, most_voxels)).complement()
}

fn is_hole(outside: &Components, component: usize, most_voxels: f64) -> bool {
    !outside.touches_border(component) && outside.voxels()[component] as f64 <= most_voxels
}

/// Like [`fill_holes`] of any size, but in each slice across `axis` (0 = i, 1 = j, 2 = k) by itself: what is enclosed
/// within a slice is filled even if it is open in the third dimension. Answers the number of voxels filled.
///
/// # Panics
/// If `axis` is not 0, 1 or 2.
pub fn fill_holes_in_slices(mask: &mut LabelMap, label: u8, axis: usize) -> usize {
    let size = mask.grid().size();
    if axis == 2 {
        let outside = Components::of_slices(Runs::of_label(mask, label).complement());
        let enclosed = |c: usize| !outside.touches_border(c);
        let filled = (0..outside.count()).filter(|&c| enclosed(c)).map(|c| outside.voxels()[c]).sum();
        outside.paint(mask.labels_mut(), label, enclosed);
        return filled;
    }
    let step = [1, size[0], size[0] * size[1]];
    let (u, v) = ([1, 0, 0][axis], [2, 2, 1][axis]);
    let labels = mask.labels();
    let filled: Vec<Vec<usize>> = (0..size[axis])
        .into_par_iter()
        .map(|slice| {
            let index = |n: usize| slice * step[axis] + n % size[u] * step[u] + n / size[u] * step[v];
            let plane = [size[u], size[v], 1];
            let outside = Components::find(plane, Connectivity::Faces, |n| labels[index(n)] != label);
            // A plane is all border along its third axis, so the rim is looked at here.
            let mut open = vec![0_u8; size[u] * size[v]];
            let mut reaches_rim = vec![false; outside.count()];
            outside.mark(|n, c| {
                let (a, b) = (n % size[u], n / size[u]);
                reaches_rim[c] |= a == 0 || b == 0 || a + 1 == size[u] || b + 1 == size[v];
            });
            outside.paint(&mut open, 1, |c| !reaches_rim[c]);
            (0..open.len()).filter(|&n| open[n] == 1).map(index).collect()
        })
        .collect();
    let labels = mask.labels_mut();
    let mut count = 0;
    for n in filled.into_iter().flatten() {
        labels[n] = label;
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::Grid;

    use super::*;

    /// A hollow box, 8³, walls one voxel thick one voxel inside the border; with a hole through its top at `open`.
    fn hollow(open: bool) -> LabelMap {
        let grid = Grid::axis_aligned([8; 3], Point::origin(), [1.0, 1.0, 2.0]).expect("grid");
        let mut mask = LabelMap::empty(&grid);
        for (k, j, i) in (0..512).map(|n| (n / 64, n / 8 % 8, n % 8)) {
            let depth = [i, j, k].into_iter().map(|n: usize| n.min(7 - n)).min().expect("three");
            if depth == 1 && !(open && (i, j, k) == (3, 4, 6)) {
                mask.set(i, j, k, 1);
            }
        }
        mask
    }

    #[test]
    fn a_closed_box_is_filled_and_an_open_one_is_not() {
        let mut closed = hollow(false);
        let before = closed.count(1);
        let set = Runs::of_label(&closed, 1);
        assert_eq!(filled(&set, 63.0), set, "the hole has 64 voxels");
        assert_eq!(fill_holes(&mut closed, 1, f64::INFINITY), 64);
        assert_eq!(filled(&set, 64.0), Runs::of_label(&closed, 1));
        assert_eq!(closed.count(1), before + 64);
        assert_eq!(fill_holes(&mut hollow(false), 1, 127.0), 0, "the hole has 128 mm³");
        assert_eq!(fill_holes(&mut hollow(true), 1, f64::INFINITY), 0);
    }

    #[test]
    fn slices_fill_what_is_open_in_the_third_dimension() {
        for axis in 0..3 {
            let mut mask = hollow(true);
            // Across i or j the slices show the hole in the rim; only one of them is open there.
            let filled = fill_holes_in_slices(&mut mask, 1, axis);
            assert_eq!(filled, if axis == 2 { 65 } else { 48 }, "axis {axis}");
        }
    }
}
