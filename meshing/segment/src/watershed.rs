//! Watershed from markers.

use rayon::prelude::*;

use crate::SegmentError;
use crate::buckets::Buckets;

/// Stands for "outside" in the padded labels; so markers may be 1 to 254.
const CLOSED: u8 = u8::MAX;
/// Levels of a quantised field.
const LEVELS: usize = 1 << 16;

/// Floods a landscape from markers, level by level, and gives each voxel the label of the marker that reaches it first
/// over the lowest pass (Meyer 1991; faces are neighbours, no dividing lines). Within one level the nearer marker wins
/// in steps of the flood.
///
/// `levels` are the heights, `markers` the labels 1 to 254 to start from (0 elsewhere), both i fastest on a grid of
/// `size` voxels. Where `inside` is given, voxels of value 0 in it are walls and stay 0. What no marker reaches stays 0.
///
/// # Errors
/// [`SegmentError::TooLarge`] from 2³² voxels, [`SegmentError::Contradiction`] for a marker of 255 or slices that are
/// not of this size.
pub fn watershed(
    size: [usize; 3],
    levels: &[u16],
    markers: &[u8],
    inside: Option<&[u8]>,
) -> Result<Vec<u8>, SegmentError> {
    flood(size, markers, inside, levels.len(), LEVELS, |n| levels[n])
}

/// As [`watershed`], on heights that are 32-bit numbers: they are flooded in 65,536 equal steps from the least to the
/// greatest. NaN is the highest.
///
/// # Errors
/// As [`watershed`].
pub fn watershed_of_field(
    size: [usize; 3],
    field: &[f32],
    markers: &[u8],
    inside: Option<&[u8]>,
) -> Result<Vec<u8>, SegmentError> {
    const CHUNK: usize = 1 << 16;
    let empty = || (f32::INFINITY, f32::NEG_INFINITY);
    let wider = |(low, high): (f32, f32), v: f32| {
        if v.is_finite() { (low.min(v), high.max(v)) } else { (low, high) }
    };
    let (low, high) = field
        .par_chunks(CHUNK)
        .map(|part| part.iter().fold(empty(), |range, &v| wider(range, v)))
        .reduce(empty, |a, b| (a.0.min(b.0), a.1.max(b.1)));
    let top = (LEVELS - 1) as f32;
    let scale = if high > low { top / (high - low) } else { 0.0 };
    let step = |n: usize| {
        let height = (field[n] - low) * scale;
        if height < top { height as u16 } else { u16::MAX }
    };
    flood(size, markers, inside, field.len(), LEVELS, step)
}

fn flood(
    size: [usize; 3],
    markers: &[u8],
    inside: Option<&[u8]>,
    heights: usize,
    count: usize,
    level: impl Fn(usize) -> u16 + Sync,
) -> Result<Vec<u8>, SegmentError> {
    let [si, sj, sk] = size;
    let voxels = size.iter().try_fold(1_usize, |n, &s| n.checked_mul(s)).unwrap_or(usize::MAX);
    if markers.len() != voxels || heights != voxels || inside.is_some_and(|inside| inside.len() != voxels) {
        return Err(SegmentError::contradiction(
            "heights and markers are not of one size",
            "高度图与标记大小不同",
        ));
    }
    // One closed voxel before and after each row, row before and after each slice, slice before and after all: so the
    // flood needs no test for the border.
    let padded = [si + 2, sj + 2, sk + 2];
    let total = padded.iter().try_fold(1_usize, |n, &s| n.checked_mul(s)).unwrap_or(usize::MAX);
    if u32::try_from(total).is_err() {
        return Err(SegmentError::TooLarge { voxels });
    }
    let (row, slice) = (padded[0], padded[0] * padded[1]);
    let mut labels = vec![CLOSED; total];
    let mut heights = vec![0_u16; total];
    let wrong = labels[slice..total - slice]
        .par_chunks_mut(slice)
        .zip(heights[slice..total - slice].par_chunks_mut(slice))
        .enumerate()
        .map(|(k, (labels, heights))| {
            let mut wrong = false;
            for j in 0..sj {
                let (from, to) = ((k * sj + j) * si, (j + 1) * row + 1);
                let marked = &markers[from..from + si];
                labels[to..to + si].copy_from_slice(marked);
                wrong |= marked.contains(&CLOSED);
                for i in 0..si {
                    heights[to + i] = level(from + i);
                }
                if let Some(inside) = inside {
                    for i in 0..si {
                        if inside[from + i] == 0 {
                            labels[to + i] = CLOSED;
                        }
                    }
                }
            }
            wrong
        })
        .reduce(|| false, |a, b| a || b);
    if wrong {
        return Err(SegmentError::contradiction(
            "markers are labels from 1 to 254",
            "标记的标签应为 1 至 254",
        ));
    }
    let steps = [1, row, slice];
    let mut queue = Buckets::new(count);
    for n in slice..total - slice {
        let label = labels[n];
        if label != 0 && label != CLOSED && steps.iter().any(|s| labels[n - s] == 0 || labels[n + s] == 0) {
            queue.push(usize::from(heights[n]), n as u32);
        }
    }
    while let Some((_, voxel)) = queue.pop() {
        let voxel = voxel as usize;
        let label = labels[voxel];
        for step in steps {
            for next in [voxel - step, voxel + step] {
                if labels[next] == 0 {
                    labels[next] = label;
                    queue.push(usize::from(heights[next]), next as u32);
                }
            }
        }
    }
    drop(heights);
    let mut out = vec![0; voxels];
    out.par_chunks_mut(si * sj).enumerate().for_each(|(k, out)| {
        for (j, out) in out.chunks_mut(si).enumerate() {
            let from = (k + 1) * slice + (j + 1) * row + 1;
            for (out, &label) in out.iter_mut().zip(&labels[from..from + si]) {
                *out = if label == CLOSED { 0 } else { label };
            }
        }
    });
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slow and obvious: the lowest height over which each voxel can be reached from each marker.
    fn passes(size: [usize; 3], levels: &[u16], from: &[bool]) -> Vec<u16> {
        let mut best = vec![u16::MAX; levels.len()];
        for (n, _) in from.iter().enumerate().filter(|(_, from)| **from) {
            best[n] = levels[n];
        }
        loop {
            let mut changed = false;
            for n in 0..levels.len() {
                let at = [n % size[0], n / size[0] % size[1], n / size[0] / size[1]];
                let mut step = 1;
                for axis in 0..3 {
                    for next in
                        [(at[axis] > 0).then(|| n - step), (at[axis] + 1 < size[axis]).then_some(n + step)]
                    {
                        let over = next.map_or(u16::MAX, |next| best[next].max(levels[n]));
                        if over < best[n] {
                            (best[n], changed) = (over, true);
                        }
                    }
                    step *= size[axis];
                }
            }
            if !changed {
                return best;
            }
        }
    }

    #[test]
    fn each_voxel_goes_to_a_marker_with_the_lowest_pass() {
        let size = [11, 9, 7];
        let count = size.iter().product::<usize>();
        let mut state = 7_u32;
        let levels: Vec<u16> = (0..count)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 16) as u16 % 200
            })
            .collect();
        let mut markers = vec![0_u8; count];
        (markers[5], markers[300], markers[count - 3]) = (1, 2, 9);
        let labels = watershed(size, &levels, &markers, None).expect("flooded");
        let lowest = [1, 2, 9].map(|label| {
            let from: Vec<bool> = markers.iter().map(|&m| m == label).collect();
            (label, passes(size, &levels, &from))
        });
        for n in 0..count {
            let best = lowest.iter().map(|(_, pass)| pass[n]).min().expect("three");
            let mine = lowest.iter().find(|(label, _)| *label == labels[n]).expect("a marker's label");
            assert_eq!(mine.1[n], best, "voxel {n}");
        }
        let field: Vec<f32> = levels.iter().map(|&level| f32::from(level) - 50.0).collect();
        let from_field = watershed_of_field(size, &field, &markers, None).expect("flooded");
        assert_eq!(from_field, labels, "the same order of heights");
    }

    #[test]
    fn basins_meet_on_the_ridge_and_walls_hold() {
        let size = [9, 3, 1];
        let levels: Vec<u16> = (0..27).map(|n| [0, 1, 2, 3, 4, 9, 2, 1, 0][n % 9]).collect();
        let mut markers = vec![0_u8; 27];
        (markers[0], markers[8]) = (1, 2);
        let labels = watershed(size, &levels, &markers, None).expect("flooded");
        assert_eq!(labels[9..14], [1; 5]);
        assert_eq!(labels[15..18], [2; 3]);
        let inside: Vec<u8> = (0..27).map(|n| u8::from(n % 9 != 3)).collect();
        let walled = watershed(size, &levels, &markers, Some(&inside)).expect("flooded");
        assert_eq!(walled[9..18], [1, 1, 1, 0, 2, 2, 2, 2, 2]);
        markers[4] = 255;
        assert!(watershed(size, &levels, &markers, None).is_err());
        assert!(watershed([3, 3, 1], &levels, &markers, None).is_err());
    }
}
