//! Volume by the ABC/2 formula, as it is read off slices.

use meshing_volume::LabelMap;

use crate::body_axis;

/// The diameters of a lesion and what ABC/2 makes of them (Kothari et al. 1996), mm and mm³. For an ellipsoid along the
/// axes A·B·C / 2 is 0.95493 of its volume; a count of voxels is always the better figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AbcHalf {
    /// The longest diameter in the slice in which the lesion is largest.
    pub a_mm: f64,
    /// The longest diameter in that slice across A.
    pub b_mm: f64,
    /// Slices that show the lesion times their distance.
    pub c_mm: f64,
    /// The same with each slice weighted as at the bedside: 1 from 75 % of the area of the largest slice, 0 below 25 %, half
    /// between.
    pub weighted_c_mm: f64,
    /// A·B·C / 2.
    pub volume_mm3: f64,
    /// A·B·C / 2 with the weighted C.
    pub weighted_volume_mm3: f64,
}

/// Measures a label by ABC/2 in the slices that lie most nearly across the body; `None` where it is absent. Diameters run
/// from edge to edge, halfway between the centres of the last voxel inside and the first outside.
pub fn abc_half(map: &LabelMap, label: u8) -> Option<AbcHalf> {
    let axis = body_axis(map);
    let (u, v) = ([1, 0, 0][axis], [2, 2, 1][axis]);
    let grid = map.grid();
    let (size, spacing) = (grid.size(), grid.spacing_mm());
    let is = |slice: usize, a: usize, b: usize| {
        let mut at = [0; 3];
        (at[axis], at[u], at[v]) = (slice, a, b);
        map.get(at[0], at[1], at[2]) == label
    };
    let area =
        |slice: usize| (0..size[v]).map(|b| (0..size[u]).filter(|&a| is(slice, a, b)).count()).sum::<usize>();
    let areas: Vec<usize> = (0..size[axis]).map(area).collect();
    let largest = (0..areas.len()).max_by_key(|&n| (areas[n], core::cmp::Reverse(n)))?;
    let most = areas[largest];
    if most == 0 {
        return None;
    }
    // Midpoints of the edges between inside and outside.
    let mut edge = Vec::new();
    for b in 0..size[v] {
        for a in (0..size[u]).filter(|&a| is(largest, a, b)) {
            let (x, y) = (a as f64 * spacing[u], b as f64 * spacing[v]);
            let (half_x, half_y) = (0.5 * spacing[u], 0.5 * spacing[v]);
            let sides = [
                (a == 0 || !is(largest, a - 1, b), [x - half_x, y]),
                (a + 1 == size[u] || !is(largest, a + 1, b), [x + half_x, y]),
                (b == 0 || !is(largest, a, b - 1), [x, y - half_y]),
                (b + 1 == size[v] || !is(largest, a, b + 1), [x, y + half_y]),
            ];
            edge.extend(sides.into_iter().filter(|(open, _)| *open).map(|(_, point)| point));
        }
    }
    let hull = hull(edge);
    let mut longest = (0.0, [1.0, 0.0]);
    for (n, p) in hull.iter().enumerate() {
        for q in &hull[n + 1..] {
            let d = [q[0] - p[0], q[1] - p[1]];
            let length = d[0].hypot(d[1]);
            if length > longest.0 {
                longest = (length, [d[0] / length, d[1] / length]);
            }
        }
    }
    let (a_mm, along) = longest;
    let across = hull.iter().map(|p| p[1] * along[0] - p[0] * along[1]);
    let (low, high) = across.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
    let b_mm = high - low;
    let c_mm = areas.iter().filter(|&&area| area > 0).count() as f64 * spacing[axis];
    let weight = |area: usize| match area as f64 / most as f64 {
        share if share >= 0.75 => 1.0,
        share if share >= 0.25 => 0.5,
        _ => 0.0,
    };
    let weighted_c_mm = areas.iter().map(|&area| weight(area)).sum::<f64>() * spacing[axis];
    let half = |c: f64| a_mm * b_mm * c / 2.0;
    Some(AbcHalf {
        a_mm,
        b_mm,
        c_mm,
        weighted_c_mm,
        volume_mm3: half(c_mm),
        weighted_volume_mm3: half(weighted_c_mm),
    })
}

/// Corners of the convex hull (Andrew 1979).
fn hull(mut points: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    points.sort_by(|p, q| p[0].total_cmp(&q[0]).then(p[1].total_cmp(&q[1])));
    let turn =
        |o: [f64; 2], p: [f64; 2], q: [f64; 2]| (p[0] - o[0]) * (q[1] - o[1]) - (p[1] - o[1]) * (q[0] - o[0]);
    let chain = |points: &mut dyn Iterator<Item = [f64; 2]>| {
        let mut side: Vec<[f64; 2]> = Vec::new();
        for point in points {
            while let [.., o, p] = side[..]
                && turn(o, p, point) <= 0.0
            {
                side.pop();
            }
            side.push(point);
        }
        side.pop();
        side
    };
    let mut corners = chain(&mut points.iter().copied());
    corners.extend(chain(&mut points.iter().rev().copied()));
    corners
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::Grid;

    use super::*;

    #[test]
    fn an_ellipsoid_has_the_known_factor() {
        let (size, spacing) = ([120, 100, 60], [0.5, 0.5, 1.0]);
        let grid = Grid::axis_aligned(size, Point::origin(), spacing).expect("grid");
        let mut map = LabelMap::empty(&grid);
        let radii = [24.0, 16.0, 20.0];
        for n in 0..grid.len() {
            let at = [n % 120, n / 120 % 100, n / 12_000];
            let x =
                |axis: usize| (at[axis] as f64 - (size[axis] - 1) as f64 / 2.0) * spacing[axis] / radii[axis];
            if (0..3).map(|axis| x(axis).powi(2)).sum::<f64>() <= 1.0 {
                map.labels_mut()[n] = 3;
            }
        }
        let abc = abc_half(&map, 3).expect("present");
        assert!((abc.a_mm - 48.0).abs() < 0.6 && (abc.b_mm - 32.0).abs() < 0.6, "{abc:?}");
        let factor = abc.volume_mm3 / map.volume_mm3(3);
        assert!((factor / 0.954_930 - 1.0).abs() < 0.03, "{factor}");
        // Of an ellipsoid's height half shows 75 % of the area and more, 0.366 between 25 and 75 %.
        assert!((abc.weighted_c_mm / abc.c_mm - 0.683).abs() < 0.03, "{abc:?}");
        assert_eq!(abc_half(&map, 1), None);
    }
}
