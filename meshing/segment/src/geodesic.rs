//! Competition of seeds over grey-weighted paths.

use meshing_volume::{Progress, Volume, Voxels};

use crate::SegmentError;
use crate::flood::neighbours;

/// Steps into which the range of values is divided at most.
const STEPS: f64 = 8192.0;

/// Gives each voxel the label of the marker with the shortest grey-weighted path to it, as GrowCut does in the end
/// (Vezhnevets & Konouchine 2005; as shortest paths: Zhu et al. 2014). A step between neighbours by faces costs the
/// difference of their values plus `per_mm` for each mm. Markers are labels from 1, i fastest; voxels without a path
/// do not exist, so every voxel gets a label if there is any marker. Where `inside` is given, voxels of value 0 in it
/// are walls.
///
/// Paths are measured in whole units of an 8192nd of the range of values (of 1 for integers that span less), and equal
/// ones go to the marker that comes first in the same order always.
///
/// # Errors
/// [`SegmentError::TooLarge`] from 2³² voxels, [`SegmentError::Contradiction`] for slices of another size or a negative
/// price, [`SegmentError::Cancelled`].
pub fn shortest_path_labels(
    volume: &Volume,
    markers: &[u8],
    inside: Option<&[u8]>,
    per_mm: f64,
    progress: &dyn Progress,
) -> Result<Vec<u8>, SegmentError> {
    let grid = volume.grid();
    let count = grid.len();
    if u32::try_from(count).is_err() {
        return Err(SegmentError::TooLarge { voxels: count });
    }
    if per_mm.is_nan() || per_mm < 0.0 {
        return Err(SegmentError::contradiction(
            "the price of a millimetre is below 0",
            "每毫米的代价不能为负",
        ));
    }
    if markers.len() != count || inside.is_some_and(|inside| inside.len() != count) {
        return Err(SegmentError::contradiction(
            "markers and volume are not of one size",
            "标记与图像大小不同",
        ));
    }
    let (low, high) = volume.range();
    let range = f64::from(high - low).max(f64::MIN_POSITIVE);
    let scale = match volume.voxels() {
        Voxels::I16(_) => (STEPS / range).min(8.0),
        Voxels::F32(_) => STEPS / range,
    };
    let step_mm = grid.spacing_mm().map(|mm| (mm * per_mm * scale).min(STEPS).round() as u32);
    let [si, sj, _] = grid.size();
    let value = |n: usize| volume.value_at(n);
    let cost = |a: usize, b: usize| -> u32 {
        let apart = a.abs_diff(b);
        let axis = if apart == 1 && si > 1 { 0 } else { 1 + usize::from(apart != si || sj == 1) };
        // A value that is no number is as far as can be from all.
        let differ = f64::from((value(a) - value(b)).abs()) * scale;
        let differ = if differ.is_finite() { differ.min(STEPS) } else { STEPS };
        (differ as u32 + step_mm[axis]).max(1)
    };
    // Dial's queue: no step costs more than twice the steps, so a ring of buckets holds the whole front.
    let ring = 2 * STEPS as usize + 2;
    let mut buckets: Vec<Vec<u32>> = vec![Vec::new(); ring];
    let (mut distance, mut labels) = (vec![u32::MAX; count], markers.to_vec());
    let mut waiting = 0_usize;
    for n in 0..count {
        let open = inside.is_none_or(|inside| inside[n] != 0);
        if !open {
            labels[n] = 0;
        } else if labels[n] != 0 {
            distance[n] = 0;
            buckets[0].push(n as u32);
            waiting += 1;
        }
    }
    let (mut now, mut settled) = (0_u32, 0_usize);
    while waiting > 0 {
        let slot = now as usize % ring;
        while let Some(voxel) = buckets[slot].pop() {
            waiting -= 1;
            let voxel = voxel as usize;
            if distance[voxel] != now {
                continue;
            }
            settled += 1;
            if settled.is_multiple_of(1 << 18) {
                progress.step(settled, count.max(settled))?;
            }
            for next in neighbours(grid, voxel) {
                if inside.is_some_and(|inside| inside[next] == 0) {
                    continue;
                }
                let reach = now.saturating_add(cost(voxel, next));
                if reach < distance[next] {
                    distance[next] = reach;
                    labels[next] = labels[voxel];
                    buckets[reach as usize % ring].push(next as u32);
                    waiting += 1;
                }
            }
        }
        now = now.saturating_add(1);
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::{Grid, Silent, VolumeMeta};

    use super::*;

    #[test]
    fn labels_are_those_of_the_shortest_paths() {
        let size = [9, 8, 7];
        let grid = Grid::axis_aligned(size, Point::origin(), [1.0, 2.0, 0.5]).expect("grid");
        let mut state = 5_u32;
        let values: Vec<i16> = (0..grid.len())
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 22) as i16
            })
            .collect();
        let volume = Volume::new(grid, Voxels::I16(values.clone()), VolumeMeta::default()).expect("volume");
        let mut markers = vec![0_u8; grid.len()];
        (markers[3], markers[200], markers[480]) = (1, 2, 7);
        let labels = shortest_path_labels(&volume, &markers, None, 2.0, &Silent).expect("labelled");
        // Bellman-Ford in exact numbers (a scale of 8 is exact here).
        let shortest = |label: u8| {
            let mut best: Vec<f64> =
                markers.iter().map(|&m| if m == label { 0.0 } else { f64::INFINITY }).collect();
            for _ in 0..grid.len() {
                let mut changed = false;
                for n in 0..grid.len() {
                    for other in neighbours(&grid, n) {
                        let axis = [1, 9, 72].iter().position(|&s| s == n.abs_diff(other)).expect("a step");
                        let differ = (f64::from(values[n]) - f64::from(values[other])).abs();
                        let reach = best[other] + differ + 2.0 * [1.0, 2.0, 0.5][axis];
                        if reach < best[n] {
                            (best[n], changed) = (reach, true);
                        }
                    }
                }
                if !changed {
                    break;
                }
            }
            best
        };
        let all = [1, 2, 7].map(|label| (label, shortest(label)));
        for n in 0..grid.len() {
            let best = all.iter().map(|(_, d)| d[n]).fold(f64::INFINITY, f64::min);
            let mine = all.iter().find(|(label, _)| *label == labels[n]).expect("a label");
            assert_eq!(mine.1[n], best, "voxel {n}");
        }
    }
}
