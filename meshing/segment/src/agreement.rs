//! How well two segmentations agree.

use meshing_volume::LabelMap;
use rayon::prelude::*;

use crate::{Distance, Runs, SegmentError, To};

/// Agreement of one label in two maps.
///
/// Surface figures follow DeepMind's `surface-distance` (Nikolov et al. 2018): the surface runs through the blocks of
/// 2×2×2 voxels that are partly filled (the grid is padded with background), each weighted by the area of the surface
/// in it; the distance of such a block is that to the nearest of the other map. Areas are of polygons through the
/// middles of the block's edges; where these are ambiguous, filled corners are taken apart, which may differ from that
/// package's table by a little.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// Dice's overlap: 1 if equal, 0 if apart; 1 where both are empty.
    pub dice: f64,
    /// Volume of the first less that of the second, over the second; `None` where the second is empty.
    pub volume_difference: Option<f64>,
    /// Distances of the surfaces; `None` where a map does not have the label.
    pub surface: Option<SurfaceAgreement>,
}

/// How far two surfaces are apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurfaceAgreement {
    /// 95th percentile of Hausdorff's distance, mm: the larger of the two directions.
    pub hd95_mm: f64,
    /// Hausdorff's distance, mm.
    pub hd_mm: f64,
    /// Mean distance over both surfaces, mm: the mean of the two directions.
    pub mean_mm: f64,
    /// Normalised surface distance (surface Dice): the share of both surfaces within the tolerance of the other.
    pub nsd: f64,
}

/// Compares `label` in two maps on one grid; `tolerance_mm` is that of [`SurfaceAgreement::nsd`]. The grid's axes are
/// taken as perpendicular.
///
/// # Errors
/// [`SegmentError::OtherGrid`].
pub fn agreement(
    first: &LabelMap,
    second: &LabelMap,
    label: u8,
    tolerance_mm: f64,
) -> Result<Agreement, SegmentError> {
    if first.grid() != second.grid() {
        return Err(SegmentError::OtherGrid { what: "labels" });
    }
    let (both, one, other) = first
        .labels()
        .par_iter()
        .zip(second.labels())
        .map(|(a, b)| {
            let (a, b) = (*a == label, *b == label);
            (usize::from(a && b), usize::from(a), usize::from(b))
        })
        .reduce(|| (0, 0, 0), |x, y| (x.0 + y.0, x.1 + y.1, x.2 + y.2));
    let dice = if one + other == 0 { 1.0 } else { 2.0 * both as f64 / (one + other) as f64 };
    let volume_difference = (other > 0).then(|| (one as f64 - other as f64) / other as f64);
    let surface = (one > 0 && other > 0).then(|| surfaces(first, second, label, tolerance_mm)).flatten();
    Ok(Agreement { dice, volume_difference, surface })
}

/// Agreement of each label that either map has, except 0.
///
/// # Errors
/// As [`agreement`].
pub fn agreement_of_all(
    first: &LabelMap,
    second: &LabelMap,
    tolerance_mm: f64,
) -> Result<Vec<(u8, Agreement)>, SegmentError> {
    let mut present = [false; 256];
    for &label in first.labels().iter().chain(second.labels()) {
        present[usize::from(label)] = true;
    }
    let labels = (1..=u8::MAX).filter(|&label| present[usize::from(label)]);
    labels.map(|label| Ok((label, agreement(first, second, label, tolerance_mm)?))).collect()
}

fn surfaces(first: &LabelMap, second: &LabelMap, label: u8, tolerance_mm: f64) -> Option<SurfaceAgreement> {
    let grid = first.grid();
    let bounds = first.bounds(label)?.union(second.bounds(label)?);
    let low = bounds.min.to_array().map(|x| x as usize);
    let high = bounds.max.to_array().map(|x| x as usize);
    // Blocks start one voxel before the box, so that every side of it is seen from outside.
    let size: [usize; 3] = core::array::from_fn(|axis| high[axis] - low[axis] + 2);
    let areas = areas(grid.spacing_mm());
    let codes = [first, second].map(|map| codes(map, label, low, size));
    let near = codes.each_ref().map(|codes| {
        Distance::new(grid.spacing_mm(), To::Centres)
            .squared(&Runs::find(size, |n| areas[usize::from(codes[n])] > 0.0))
    });
    // Distance and area of each block of one surface to the other, nearest first.
    let apart = [(0, 1), (1, 0)].map(|(one, other): (usize, usize)| {
        let blocks = codes[one].iter().zip(&near[other]);
        let mut blocks: Vec<(f64, f64)> = blocks
            .map(|(&code, &squared)| (f64::from(squared).sqrt(), areas[usize::from(code)]))
            .filter(|block| block.1 > 0.0)
            .collect();
        blocks.par_sort_by(|a, b| a.0.total_cmp(&b.0));
        blocks
    });
    let area = |blocks: &[(f64, f64)]| blocks.iter().map(|block| block.1).sum::<f64>();
    let total = apart.each_ref().map(|blocks| area(blocks));
    let percentile = |blocks: &[(f64, f64)], total: f64| {
        let mut sum = 0.0;
        let place = blocks.iter().position(|block| {
            sum += block.1;
            sum >= 0.95 * total
        });
        blocks.get(place.unwrap_or(blocks.len().saturating_sub(1))).map_or(0.0, |block| block.0)
    };
    let mean =
        |blocks: &[(f64, f64)], total: f64| blocks.iter().map(|block| block.0 * block.1).sum::<f64>() / total;
    // A distance that is just the tolerance counts, though it may be rounded up in 32 bits.
    let reach = tolerance_mm * (1.0 + 4e-6);
    let within = |blocks: &[(f64, f64)]| area(&blocks[..blocks.partition_point(|block| block.0 <= reach)]);
    let farthest = apart.iter().filter_map(|blocks| blocks.last()).map(|block| block.0).fold(0.0, f64::max);
    Some(SurfaceAgreement {
        hd95_mm: percentile(&apart[0], total[0]).max(percentile(&apart[1], total[1])),
        hd_mm: farthest,
        mean_mm: f64::midpoint(mean(&apart[0], total[0]), mean(&apart[1], total[1])),
        nsd: (within(&apart[0]) + within(&apart[1])) / (total[0] + total[1]),
    })
}

/// Which corners of each block are filled: bit `i + 2 j + 4 k`.
fn codes(map: &LabelMap, label: u8, low: [usize; 3], size: [usize; 3]) -> Vec<u8> {
    let voxels = map.grid().size();
    let filled = |i: usize, j: usize, k: usize| {
        // A block's first voxel lies one before the box; before 0 there is background.
        let at = [i + low[0], j + low[1], k + low[2]];
        (0..3).all(|axis| at[axis] >= 1 && at[axis] <= voxels[axis])
            && map.get(at[0] - 1, at[1] - 1, at[2] - 1) == label
    };
    let mut codes = vec![0; size.iter().product()];
    codes.par_chunks_mut(size[0]).enumerate().for_each(|(row, codes)| {
        let (j, k) = (row % size[1], row / size[1]);
        for (i, code) in codes.iter_mut().enumerate() {
            let corner = |n: usize| u8::from(filled(i + (n & 1), j + (n >> 1 & 1), k + (n >> 2))) << n;
            *code = (0..8).map(corner).sum();
        }
    });
    codes
}

/// The area of the surface in a block, mm², for each pattern of filled corners.
fn areas(spacing_mm: [f64; 3]) -> Vec<f64> {
    (0..=u8::MAX).map(|code| area(code, spacing_mm)).collect()
}

/// Joins the middles of a block's cut edges face by face to rings, and adds their areas.
fn area(code: u8, spacing_mm: [f64; 3]) -> f64 {
    let filled = |corner: usize| code >> corner & 1 == 1;
    // An edge is named by its two corners.
    let mut segments: Vec<[(usize, usize); 2]> = Vec::new();
    for axis in 0..3 {
        let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
        for side in 0..2 {
            let corner = |a: usize, b: usize| side << axis | a << u | b << v;
            let around = [corner(0, 0), corner(1, 0), corner(1, 1), corner(0, 1)];
            let edge = |n: usize| {
                let (a, b) = (around[n % 4], around[(n + 1) % 4]);
                (a.min(b), a.max(b))
            };
            let cut: Vec<usize> =
                (0..4).filter(|&n| filled(around[n]) != filled(around[(n + 1) % 4])).collect();
            match cut[..] {
                [a, b] => segments.push([edge(a), edge(b)]),
                // Two filled corners opposite each other are cut off one by one.
                [_, _, _, _] => {
                    for n in (0..4).filter(|&n| filled(around[n])) {
                        segments.push([edge(n + 3), edge(n)]);
                    }
                }
                _ => {}
            }
        }
    }
    let middle = |(a, b): (usize, usize)| -> [f64; 3] {
        core::array::from_fn(|axis| {
            0.5 * spacing_mm[axis] * ((a >> axis & 1) as f64 + (b >> axis & 1) as f64)
        })
    };
    let mut sum = 0.0;
    while let Some([start, mut end]) = segments.pop() {
        let mut ring = vec![middle(start)];
        while end != start {
            ring.push(middle(end));
            let Some(next) = segments.iter().position(|segment| segment.contains(&end)) else { break };
            let segment = segments.swap_remove(next);
            end = if segment[0] == end { segment[1] } else { segment[0] };
        }
        let centre: [f64; 3] =
            core::array::from_fn(|axis| ring.iter().map(|p| p[axis]).sum::<f64>() / ring.len() as f64);
        for (n, &a) in ring.iter().enumerate() {
            let b = ring[(n + 1) % ring.len()];
            let [p, q]: [[f64; 3]; 2] = [a, b].map(|x| core::array::from_fn(|axis| x[axis] - centre[axis]));
            let cross = [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
            sum += 0.5 * cross.iter().map(|x| x * x).sum::<f64>().sqrt();
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::Grid;

    use super::*;

    fn ball(grid: &Grid, at: [f64; 3], r: f64) -> LabelMap {
        let mut map = LabelMap::empty(grid);
        let ([si, sj, _], mm) = (grid.size(), grid.spacing_mm());
        for (n, label) in map.labels_mut().iter_mut().enumerate() {
            let p = [n % si, n / si % sj, n / (si * sj)];
            let apart: f64 = (0..3).map(|x| (p[x] as f64 * mm[x] - at[x]).powi(2)).sum();
            *label = 3 * u8::from(apart < r * r);
        }
        map
    }

    #[test]
    fn patterns_have_the_areas_of_their_polygons() {
        let mm = [1.0, 2.0, 3.0];
        assert_eq!((area(0, mm), area(255, mm)), (0.0, 0.0));
        // Half filled along k: a rectangle across it.
        assert!((area(0b0000_1111, mm) - 2.0).abs() < 1e-12);
        assert!((area(0b0101_0101, mm) - 6.0).abs() < 1e-12);
        // One corner: a triangle with legs of half the edges.
        let [a, b, c] = [0.5, 1.0, 1.5_f64];
        let triangle = 0.5 * ((a * b).powi(2) + (b * c).powi(2) + (a * c).powi(2)).sqrt();
        assert!((area(1, mm) - triangle).abs() < 1e-12);
        assert!((area(0b1000_0001, mm) - 2.0 * triangle).abs() < 1e-12, "two corners apart");
        for code in 0..=255_u8 {
            let single = code.is_power_of_two() || (!code).is_power_of_two();
            assert!(!single || (area(code, mm) - triangle).abs() < 1e-12);
        }
    }

    /// All against all.
    fn slow(first: &LabelMap, second: &LabelMap, tolerance: f64) -> SurfaceAgreement {
        let mm = first.grid().spacing_mm();
        let size = first.grid().size().map(|n| n + 1);
        let areas = areas(mm);
        let blocks = |map: &LabelMap| -> Vec<([f64; 3], f64)> {
            let codes = codes(map, 3, [0; 3], size);
            let of = |(n, code): (usize, &u8)| {
                let p = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
                (core::array::from_fn(|x| p[x] as f64 * mm[x]), areas[usize::from(*code)])
            };
            codes.iter().enumerate().map(of).filter(|block| block.1 > 0.0).collect()
        };
        let [a, b] = [blocks(first), blocks(second)];
        let apart = |p: [f64; 3], q: [f64; 3]| (0..3).map(|x| (p[x] - q[x]).powi(2)).sum::<f64>().sqrt();
        let one = |a: &[([f64; 3], f64)], b: &[([f64; 3], f64)]| {
            let near = |p| b.iter().map(|q| apart(p, q.0)).fold(f64::INFINITY, f64::min);
            let mut found: Vec<(f64, f64)> = a.iter().map(|block| (near(block.0), block.1)).collect();
            found.sort_by(|a, b| a.0.total_cmp(&b.0));
            found
        };
        let both = [one(&a, &b), one(&b, &a)];
        let area = |x: &[(f64, f64)]| x.iter().map(|b| b.1).sum::<f64>();
        let p95 = |x: &[(f64, f64)]| {
            let mut sum = 0.0;
            let reached = |b: &&(f64, f64)| {
                sum += b.1;
                sum >= 0.95 * area(x)
            };
            x.iter().find(reached).expect("some").0
        };
        let mean = |x: &[(f64, f64)]| x.iter().map(|b| b.0 * b.1).sum::<f64>() / area(x);
        let within = |x: &[(f64, f64)]| x.iter().filter(|b| b.0 <= tolerance).map(|b| b.1).sum::<f64>();
        SurfaceAgreement {
            hd95_mm: p95(&both[0]).max(p95(&both[1])),
            hd_mm: both.iter().map(|x| x.last().expect("some").0).fold(0.0, f64::max),
            mean_mm: f64::midpoint(mean(&both[0]), mean(&both[1])),
            nsd: (within(&both[0]) + within(&both[1])) / (area(&both[0]) + area(&both[1])),
        }
    }

    #[test]
    fn figures_are_those_of_all_against_all() {
        let grid = Grid::axis_aligned([18, 14, 9], Point::origin(), [0.8, 1.0, 2.0]).expect("grid");
        let first = ball(&grid, [6.0, 6.0, 8.0], 4.6);
        // The second meets the border of the volume.
        let second = ball(&grid, [8.5, 6.4, 12.5], 5.2);
        let found = agreement(&first, &second, 3, 1.0).expect("one grid");
        let (fast, slow) = (found.surface.expect("both are there"), slow(&first, &second, 1.0));
        for (fast, slow) in [
            (fast.hd95_mm, slow.hd95_mm),
            (fast.hd_mm, slow.hd_mm),
            (fast.mean_mm, slow.mean_mm),
            (fast.nsd, slow.nsd),
        ] {
            assert!((fast - slow).abs() < 1e-5, "{fast} {slow}");
        }
        let same = agreement(&first, &first, 3, 0.0).expect("one grid");
        let surface = same.surface.expect("there");
        assert_eq!((same.dice, surface.nsd, surface.hd_mm), (1.0, 1.0, 0.0));
        let none = agreement(&first, &LabelMap::empty(&grid), 3, 1.0).expect("one grid");
        assert_eq!((none.dice, none.surface, none.volume_difference), (0.0, None, None));
        let all = agreement_of_all(&first, &second, 1.0).expect("one grid");
        assert_eq!(all, [(3, found)]);
    }

    #[test]
    fn a_shift_is_measured_in_millimetres() {
        let grid = Grid::axis_aligned([40, 40, 40], Point::origin(), [1.0; 3]).expect("grid");
        let (first, second) = (ball(&grid, [18.0, 20.0, 20.0], 10.0), ball(&grid, [21.0, 20.0, 20.0], 10.0));
        let found = agreement(&first, &second, 3, 3.0).expect("one grid").surface.expect("there");
        assert!((found.hd_mm - 3.0).abs() < 0.01 && found.hd95_mm > 2.0 && found.nsd == 1.0, "{found:?}");
    }
}
