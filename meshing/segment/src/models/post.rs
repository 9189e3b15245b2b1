//! What is done to labels after the network.

use meshing_volume::LabelMap;

use super::card::{Card, Post};
use crate::{Components, Connectivity};

/// Keeps largest parts, drops small ones, fills holes, as the card says.
pub(super) fn apply(card: &Card, map: &mut LabelMap) {
    let Post { largest_component, min_ml, fill_holes } = &card.post;
    for label in &card.labels {
        let largest = largest_component.contains(&label.value);
        if largest || *min_ml > 0.0 {
            keep(map, label.value, largest, *min_ml);
        }
    }
    for &label in fill_holes {
        fill(map, label);
    }
}

/// The box of a label, one voxel larger where the volume goes on.
fn around(map: &LabelMap, label: u8) -> Option<[(usize, usize); 3]> {
    let bounds = map.bounds(label)?;
    let (low, high, size) = (bounds.min.to_array(), bounds.max.to_array(), map.grid().size());
    Some(core::array::from_fn(|axis| {
        ((low[axis] as usize).saturating_sub(1), (high[axis] as usize + 2).min(size[axis]))
    }))
}

/// The parts of a box that are a label, or that are not, and where its voxels lie in the map.
fn parts(
    map: &LabelMap,
    bounds: [(usize, usize); 3],
    label: u8,
    are: bool,
) -> (Components, impl Fn(usize) -> usize + use<>) {
    let grid = *map.grid();
    let size = bounds.map(|(from, to)| to - from);
    let place = move |n: usize| {
        let at = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
        grid.index(bounds[0].0 + at[0], bounds[1].0 + at[1], bounds[2].0 + at[2])
    };
    let labels = map.labels();
    (Components::find(size, Connectivity::Faces, |n| (labels[place(n)] == label) == are), place)
}

fn keep(map: &mut LabelMap, label: u8, largest: bool, min_ml: f64) {
    let Some(bounds) = around(map, label) else { return };
    let (parts, place) = parts(map, bounds, label, true);
    let (winner, ml) = (parts.largest(), map.grid().voxel_mm3() / 1000.0);
    let stays =
        |part: usize| (!largest || winner == Some(part)) && parts.voxels()[part] as f64 * ml >= min_ml;
    if (0..parts.count()).all(stays) {
        return;
    }
    let labels = map.labels_mut();
    parts.mark(|n, part| {
        if !stays(part) {
            labels[place(n)] = 0;
        }
    });
}

/// Fills background that a label encloses; other labels inside stay.
fn fill(map: &mut LabelMap, label: u8) {
    let Some(bounds) = around(map, label) else { return };
    let (outside, place) = parts(map, bounds, label, false);
    let labels = map.labels_mut();
    outside.mark(|n, part| {
        let at = place(n);
        if !outside.touches_border(part) && labels[at] == 0 {
            labels[at] = label;
        }
    });
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::Grid;

    use super::*;

    #[test]
    fn small_parts_go_the_largest_stays_and_holes_are_filled() {
        let text = include_str!("../../../../assets/models/fixture.toml");
        let card = |post: &str| Card::read(&format!("{text}\n[post]\n{post}\n")).expect("card");
        let grid = Grid::axis_aligned([12, 9, 9], Point::origin(), [10.0; 3]).expect("grid");
        let mut map = LabelMap::empty(&grid);
        // Label 1: a hollow cube of 5³ with a voxel of label 2 inside, a part of two voxels, and a part of one at the edge.
        for n in 0..125 {
            let [i, j, k] = [n % 5, n / 5 % 5, n / 25];
            if [i, j, k].iter().any(|&x| x == 0 || x == 4) {
                map.set(1 + i, 1 + j, 1 + k, 1);
            }
        }
        map.set(3, 3, 3, 2);
        for i in [8, 9, 11] {
            map.set(i, 0, 8, 1);
        }
        let after = |post: &str| {
            let mut map = map.clone();
            apply(&card(post), &mut map);
            (map.count(1), map.count(2))
        };
        // A voxel is 1 ml.
        assert_eq!(after(""), (101, 1));
        assert_eq!(after("min_ml = 1.5"), (100, 0));
        assert_eq!(after("min_ml = 0.5"), (101, 1));
        assert_eq!(after("largest_component = [1]"), (98, 1));
        assert_eq!(after("fill_holes = [1]"), (101 + 26, 1));
        assert_eq!(after("largest_component = [1]\nfill_holes = [1]"), (124, 1));
    }
}
