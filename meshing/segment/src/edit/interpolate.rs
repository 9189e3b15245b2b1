//! Slices between drawn slices.

use meshing_volume::LabelMap;

use super::EditError;
use crate::{Distance, Runs, To};

/// Fills the slices between those that hold `label`, across `axis` (0 = i, 1 = j, 2 = k): the signed distance to the
/// outline is interpolated between the drawn slices (Raya & Udupa 1990). Voxels of other labels stay. Gives how many
/// voxels were labelled.
///
/// Outlines must overlap or nearly so, as those of one structure in neighbouring slices do: what lies apart by more
/// than its own width shrinks away between.
///
/// # Errors
/// [`EditError::Axis`], [`EditError::Absent`] where no slice holds the label.
pub fn interpolate_slices(map: &mut LabelMap, label: u8, axis: usize) -> Result<usize, EditError> {
    let (size, spacing) = (map.grid().size(), map.grid().spacing_mm());
    let (u, v) = match axis {
        0 => (1, 2),
        1 => (0, 2),
        2 => (0, 1),
        other => return Err(EditError::Axis(other)),
    };
    let stride = [1, size[0], size[0] * size[1]];
    let index =
        |slice: usize, n: usize| slice * stride[axis] + n % size[u] * stride[u] + n / size[u] * stride[v];
    let pixels = size[u] * size[v];
    let drawn: Vec<usize> = (0..size[axis])
        .filter(|&slice| (0..pixels).any(|n| map.labels()[index(slice, n)] == label))
        .collect();
    if drawn.is_empty() {
        return Err(EditError::Absent(label));
    }
    let plane = ([size[u], size[v], 1], [spacing[u], spacing[v], 1.0]);
    // Positive inside; the outline lies between the last voxel within and the first without.
    let signed = |map: &LabelMap, slice: usize| -> Vec<f32> {
        let within = Runs::find(plane.0, |n| map.labels()[index(slice, n)] == label);
        let mut distance = Distance::new(plane.1, To::Faces).signed(&within);
        // A slice that is all inside has no outline.
        let far = (spacing[u] * size[u] as f64 + spacing[v] * size[v] as f64) as f32;
        for mm in &mut distance {
            *mm = -mm.clamp(-far, far);
        }
        distance
    };
    let mut count = 0;
    let mut before: Option<(usize, Vec<f32>)> = None;
    for pair in drawn.windows(2) {
        let (first, last) = (pair[0], pair[1]);
        if last - first < 2 {
            continue;
        }
        let from = match before.take() {
            Some((slice, distance)) if slice == first => distance,
            _ => signed(map, first),
        };
        let to = signed(map, last);
        for slice in first + 1..last {
            let share = (slice - first) as f32 / (last - first) as f32;
            for n in 0..pixels {
                let distance = from[n] + share * (to[n] - from[n]);
                let voxel = &mut map.labels_mut()[index(slice, n)];
                if distance > 0.0 && *voxel == 0 {
                    *voxel = label;
                    count += 1;
                }
            }
        }
        before = Some((last, to));
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::Grid;

    use super::*;

    #[test]
    fn a_cone_drawn_in_every_fifth_slice_comes_back() {
        for axis in 0..3 {
            let mut size = [48, 48, 48];
            size[axis] = 31;
            let grid = Grid::axis_aligned(size, Point::origin(), [1.0, 1.0, 1.0]).expect("grid");
            let mut truth = LabelMap::empty(&grid);
            let others: Vec<usize> = (0..3).filter(|&other| other != axis).collect();
            for n in 0..grid.len() {
                let at = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
                let r = 6.0 + 0.4 * at[axis] as f64;
                let apart = |other: usize, centre: f64| (at[other] as f64 - centre).powi(2);
                let inside = apart(others[0], 24.0) + apart(others[1], 23.0 + 0.1 * at[axis] as f64) < r * r;
                truth.labels_mut()[n] = 2 * u8::from(inside);
            }
            let mut drawn = truth.clone();
            for n in 0..grid.len() {
                let at = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
                if !at[axis].is_multiple_of(5) {
                    drawn.labels_mut()[n] = 0;
                }
            }
            let before = drawn.count(2);
            let added = interpolate_slices(&mut drawn, 2, axis).expect("filled");
            assert_eq!(drawn.count(2), before + added);
            let wrong = drawn.labels().iter().zip(truth.labels()).filter(|(a, b)| a != b).count();
            // A third of a voxel along the outline: what is drawn in whole voxels is no better known.
            assert!((wrong as f64) < 0.045 * truth.count(2) as f64, "{wrong} of {}", truth.count(2));
        }
    }

    #[test]
    fn other_labels_stay_and_absent_ones_are_refused() {
        let grid = Grid::axis_aligned([3, 3, 5], Point::origin(), [1.0; 3]).expect("grid");
        let mut map = LabelMap::empty(&grid);
        map.set(1, 1, 0, 1);
        map.set(1, 1, 4, 1);
        map.set(1, 1, 2, 9);
        assert_eq!(interpolate_slices(&mut map, 1, 2), Ok(2));
        assert_eq!((map.get(1, 1, 1), map.get(1, 1, 2), map.get(1, 1, 3)), (1, 9, 1));
        assert_eq!(interpolate_slices(&mut map, 5, 2), Err(EditError::Absent(5)));
        assert_eq!(interpolate_slices(&mut map, 1, 3), Err(EditError::Axis(3)));
    }
}
