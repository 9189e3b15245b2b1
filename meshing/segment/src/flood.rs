//! Region growing by whole rows.

use meshing_volume::{Grid, LabelMap, Volume, Voxels};

/// A stretch of voxels in a row: the row's number (j first), and from which column to which.
type Span = (usize, u32, u32);

/// Labels with 1 what hangs together by faces with the places in `starts` through voxels for which `inside` holds and
/// whose label is 0 so far. Gives how many were labelled. Places that are not inside start nothing.
pub(crate) fn fill(
    size: [usize; 3],
    labels: &mut [u8],
    starts: impl IntoIterator<Item = usize>,
    inside: impl Fn(usize) -> bool,
) -> usize {
    let [si, sj, sk] = size;
    let mut open: Vec<Span> = Vec::new();
    let mut count = 0;
    // The whole stretch about a place, which is inside and not labelled.
    let take = |labels: &mut [u8], open: &mut Vec<Span>, row: usize, i: usize| -> usize {
        let first = row * si;
        let free = |labels: &[u8], i: usize| labels[first + i] == 0 && inside(first + i);
        let (mut from, mut to) = (i, i + 1);
        while from > 0 && free(labels, from - 1) {
            from -= 1;
        }
        while to < si && free(labels, to) {
            to += 1;
        }
        labels[first + from..first + to].fill(1);
        open.push((row, from as u32, to as u32));
        to
    };
    for start in starts {
        if labels[start] != 0 || !inside(start) {
            continue;
        }
        take(labels, &mut open, start / si, start % si);
        while let Some((row, from, to)) = open.pop() {
            count += (to - from) as usize;
            let (j, k) = (row % sj, row / sj);
            let rows = [
                (j > 0).then(|| row - 1),
                (j + 1 < sj).then_some(row + 1),
                (k > 0).then(|| row.wrapping_sub(sj)),
                (k + 1 < sk).then_some(row + sj),
            ];
            for row in rows.into_iter().flatten() {
                let mut i = from as usize;
                while i < to as usize {
                    if labels[row * si + i] == 0 && inside(row * si + i) {
                        i = take(labels, &mut open, row, i);
                    }
                    i += 1;
                }
            }
        }
    }
    count
}

/// The voxels with values from `lower` to `upper` (both included) that hang together by faces with one of `starts`
/// (indices in memory), and how many they are.
pub fn region_grow(volume: &Volume, starts: &[usize], lower: f64, upper: f64) -> (LabelMap, usize) {
    let grid = volume.grid();
    let mut mask = LabelMap::empty(grid);
    let starts = starts.iter().copied().filter(|&n| n < grid.len());
    let count = match volume.voxels() {
        Voxels::I16(values) => {
            // Whole numbers between the levels, so that 16-bit integers are compared.
            let (low, high) = (lower.ceil().max(-32768.0), upper.floor().min(32767.0));
            if low > high {
                0
            } else {
                let (low, high) = (low as i16, high as i16);
                fill(grid.size(), mask.labels_mut(), starts, |n| (low..=high).contains(&values[n]))
            }
        }
        Voxels::F32(values) => fill(grid.size(), mask.labels_mut(), starts, |n| {
            let value = f64::from(values[n]);
            value >= lower && value <= upper
        }),
    };
    (mask, count)
}

/// The neighbours by faces of a place in memory.
pub(crate) fn neighbours(grid: &Grid, n: usize) -> impl Iterator<Item = usize> + use<> {
    let [si, sj, sk] = grid.size();
    let (i, j, k) = (n % si, n / si % sj, n / (si * sj));
    [
        (i > 0).then(|| n - 1),
        (i + 1 < si).then_some(n + 1),
        (j > 0).then(|| n.wrapping_sub(si)),
        (j + 1 < sj).then_some(n + si),
        (k > 0).then(|| n.wrapping_sub(si * sj)),
        (k + 1 < sk).then_some(n + si * sj),
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::VolumeMeta;

    use super::*;
    use crate::{Components, Connectivity};

    #[test]
    fn growing_gives_the_component_of_the_seed() {
        let size = [13, 11, 9];
        let grid = Grid::axis_aligned(size, Point::origin(), [1.0; 3]).expect("grid");
        let mut state = 11_u32;
        let values: Vec<i16> = (0..grid.len())
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 20) as i16 % 100
            })
            .collect();
        let volume = Volume::new(grid, Voxels::I16(values.clone()), VolumeMeta::default()).expect("volume");
        for (lower, upper) in [(40.0, 99.0), (0.0, 39.0), (20.0, 60.0), (50.0, 40.0)] {
            let inside = |n: usize| (lower..=upper).contains(&f64::from(values[n]));
            let parts = Components::find(size, Connectivity::Faces, inside);
            let mut part = vec![usize::MAX; grid.len()];
            parts.mark(|voxel, component| part[voxel] = component);
            for seed in [0, 77, 500, grid.len() - 1] {
                let (mask, count) = region_grow(&volume, &[seed, usize::MAX], lower, upper);
                let expected: Vec<u8> =
                    (0..grid.len()).map(|n| u8::from(inside(seed) && part[n] == part[seed])).collect();
                assert_eq!(mask.labels(), expected);
                assert_eq!(count, mask.count(1));
            }
        }
    }
}
