//! Where a plane cuts a mesh.

use std::collections::BTreeMap;

use meshing_space::{Lps, Point, Vector};
use meshing_volume::Told;
use rayon::prelude::*;

use crate::Mesh;

/// One curve of a section.
#[derive(Clone, Debug, PartialEq)]
pub struct Polyline {
    /// Its points in order, LPS mm; the first is not repeated at the end.
    pub points: Vec<Point<Lps>>,
    /// True if the last point is joined to the first.
    pub closed: bool,
}

/// What a plane cuts out of a mesh.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// Curves in the plane. Seen from the tip of the normal, rims of material run counter-clockwise and rims of holes in it
    /// clockwise.
    pub curves: Vec<Polyline>,
    /// Area of the material in the plane, mm²: what closed curves enclose, less the holes.
    pub area_mm2: f64,
    /// Length of all curves, mm.
    pub perimeter_mm: f64,
}

/// Why there is no section.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SectionError {
    /// The normal has no direction, or a number of the plane is not finite.
    #[error("the plane needs a point and a direction")]
    NoPlane,
    /// A triangle names a vertex that does not exist, or that is nowhere.
    #[error("triangle {0} names a vertex that is not there")]
    BadTriangle(usize),
}

impl Told for SectionError {
    fn chinese(&self) -> String {
        match self {
            Self::NoPlane => "平面需要一个点和一个方向".to_owned(),
            Self::BadTriangle(t) => format!("三角形 {t} 引用了不存在的顶点"),
        }
    }
}

/// An edge, lower vertex first.
type Edge = [u32; 2];

/// The piece of a triangle that lies in the plane: from the edge by which its winding goes down to that by which it goes up.
type Piece = [Edge; 2];

/// Cuts a mesh with the plane through `point` across `normal` (of any length).
///
/// Vertices in the plane count as above it, as if the plane lay lower by next to nothing (symbolic perturbation,
/// Edelsbrunner & Mücke 1990). Each vertex is told above from below once, so a closed mesh gives closed curves only, wherever
/// its vertices lie; an open one gives open curves too. Curves that come to a point or a line (a tip that touches the plane)
/// are left out.
///
/// # Errors
/// [`SectionError`] for a plane without direction or a triangle without its vertices.
pub fn section(mesh: &Mesh, point: Point<Lps>, normal: Vector<Lps>) -> Result<Section, SectionError> {
    let normal = normal.normalized().filter(|n| n.is_finite() && point.is_finite());
    let normal = normal.ok_or(SectionError::NoPlane)?;
    if let Some(t) = mesh.triangles.par_iter().position_first(|t| !mesh.is_valid(*t)) {
        return Err(SectionError::BadTriangle(t));
    }
    let heights: Vec<f64> = mesh.positions.par_iter().map(|p| (*p - point).dot(normal)).collect();
    let pieces: Vec<Piece> = mesh.triangles.par_iter().filter_map(|t| piece(*t, &heights)).collect();
    let mut section = Section::default();
    for (edges, closed) in follow(&pieces) {
        let mut points: Vec<Point<Lps>> = edges.iter().map(|edge| crossing(mesh, &heights, *edge)).collect();
        points.dedup();
        while closed && points.len() > 1 && points.first() == points.last() {
            points.pop();
        }
        if points.len() < if closed { 3 } else { 2 } {
            continue;
        }
        let from = points[0];
        let ends = points.iter().zip(points.iter().skip(1).chain(closed.then_some(&from)));
        for (a, b) in ends {
            section.perimeter_mm += a.distance(*b);
            if closed {
                section.area_mm2 += (*a - from).cross(*b - from).dot(normal) / 2.0;
            }
        }
        section.curves.push(Polyline { points, closed });
    }
    Ok(section)
}

fn piece(triangle: [u32; 3], heights: &[f64]) -> Option<Piece> {
    let above = triangle.map(|v| heights[v as usize] >= 0.0);
    let edge = |n: usize| {
        let (a, b) = (triangle[n], triangle[(n + 1) % 3]);
        [a.min(b), a.max(b)]
    };
    let down = (0..3).find(|&n| above[n] && !above[(n + 1) % 3])?;
    let up = (0..3).find(|&n| !above[n] && above[(n + 1) % 3])?;
    Some([edge(down), edge(up)])
}

/// Where an edge goes through the plane; the same from either triangle beside it.
fn crossing(mesh: &Mesh, heights: &[f64], [a, b]: Edge) -> Point<Lps> {
    let ([p, q], [h, k]) = ([a, b].map(|v| mesh.positions[v as usize]), [a, b].map(|v| heights[v as usize]));
    // An end in the plane is the point itself, to the bit.
    if h == 0.0 {
        p
    } else if k == 0.0 {
        q
    } else {
        p.lerp(q, (h / (h - k)).clamp(0.0, 1.0))
    }
}

/// Joins pieces to curves, each as the edges that it goes through; open ones first, then in the order of the triangles.
fn follow(pieces: &[Piece]) -> Vec<(Vec<Edge>, bool)> {
    // More than one piece leaves an edge only where sheets meet.
    let mut from: BTreeMap<Edge, Vec<u32>> = BTreeMap::new();
    let mut arriving: BTreeMap<Edge, usize> = BTreeMap::new();
    for (n, [start, end]) in pieces.iter().enumerate() {
        from.entry(*start).or_default().push(n as u32);
        *arriving.entry(*end).or_default() += 1;
    }
    for list in from.values_mut() {
        list.reverse();
    }
    // Where more pieces leave than arrive, a curve begins.
    let mut first: Vec<u32> = from
        .iter()
        .flat_map(|(edge, leaving)| {
            let arrive = arriving.get(edge).copied().unwrap_or(0).min(leaving.len());
            leaving[..leaving.len() - arrive].iter().copied()
        })
        .collect();
    first.sort_unstable();
    let mut used = vec![false; pieces.len()];
    let mut curves = Vec::new();
    for start in first.into_iter().chain(0..pieces.len() as u32) {
        if used[start as usize] {
            continue;
        }
        let (mut edges, mut at) = (vec![pieces[start as usize][0]], start);
        let closed = loop {
            used[at as usize] = true;
            let end = pieces[at as usize][1];
            if end == edges[0] {
                break true;
            }
            edges.push(end);
            let next = from.get_mut(&end).and_then(|list| {
                while list.last().is_some_and(|&n| used[n as usize]) {
                    list.pop();
                }
                list.pop()
            });
            let Some(next) = next else { break false };
            at = next;
        };
        curves.push((edges, closed));
    }
    curves
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::{ball, block, ring};

    fn cut(mesh: &Mesh, at: [f64; 3], normal: [f64; 3]) -> Section {
        section(mesh, Point::from_array(at), Vector::from_array(normal)).expect("a plane")
    }

    #[test]
    fn a_block_is_cut_in_its_textbook_shapes() {
        let block = block([4.0, 3.0, 2.0]);
        assert!(block.check().is_clean() && crate::measure(&block).volume_mm3 == 24.0);
        for (at, normal, area, perimeter) in [
            ([0.0, 0.0, 1.3], [0.0, 0.0, 1.0], 12.0, 14.0),
            ([0.0, 0.0, 1.3], [0.0, 0.0, -7.0], 12.0, 14.0),
            ([1.0, 0.0, 0.0], [1.0, 0.0, 0.0], 6.0, 10.0),
            // Through four edges of the block, all its vertices there in the plane.
            ([0.0; 3], [2.0, 0.0, -4.0], 3.0 * 20.0_f64.sqrt(), 6.0 + 2.0 * 20.0_f64.sqrt()),
            // Along its top; its bottom is as if the plane passed below it.
            ([0.0, 0.0, 2.0], [0.0, 0.0, 1.0], 12.0, 14.0),
            ([0.0, 0.0, 0.0], [0.0, 0.0, 1.0], 0.0, 0.0),
            ([0.0, 0.0, 2.1], [0.0, 0.0, 1.0], 0.0, 0.0),
        ] {
            let got = cut(&block, at, normal);
            assert!((got.area_mm2 - area).abs() < 1e-12, "{at:?} {normal:?}: {got:?}");
            assert!((got.perimeter_mm - perimeter).abs() < 1e-12, "{at:?} {normal:?}: {got:?}");
            assert!(got.curves.len() == usize::from(area > 0.0) && got.curves.iter().all(|c| c.closed));
        }
        // A corner cut off: a triangle.
        let corner = cut(&block, [1.0, 0.0, 0.0], [1.0, 1.0, 1.0]);
        assert!((corner.area_mm2 - 3.0_f64.sqrt() / 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_ring_gives_two_discs_or_a_disc_with_a_hole() {
        let ring = ring(20.0, 5.0, 200, 120);
        assert!(crate::measure(&ring).volume_mm3 > 0.0 && ring.check().is_clean());
        let flat = cut(&ring, [0.0; 3], [0.0, 0.0, 1.0]);
        let pi = core::f64::consts::PI;
        assert!((flat.area_mm2 / (pi * (625.0 - 225.0)) - 1.0).abs() < 1e-3, "{}", flat.area_mm2);
        assert!((flat.perimeter_mm / (2.0 * pi * 40.0) - 1.0).abs() < 1e-3);
        assert_eq!(flat.curves.len(), 2);
        let upright = cut(&ring, [0.0; 3], [0.3, 1.0, 0.0]);
        assert!((upright.area_mm2 / (2.0 * pi * 25.0) - 1.0).abs() < 1e-2, "{}", upright.area_mm2);
        assert_eq!(upright.curves.len(), 2);
    }

    #[test]
    fn every_closed_mesh_gives_closed_curves_wherever_its_vertices_lie() {
        let ball = ball(10.0, 3);
        for n in 0..200_u32 {
            let direction =
                Vector::<Lps>::new(f64::from(n % 7) - 3.0, f64::from(n % 5) - 2.0, f64::from(n % 3) + 0.5);
            // Through a vertex, so that many lie in the plane or next to it.
            let at = ball.positions[n as usize * 5 % ball.positions.len()];
            let got = section(&ball, at, direction).expect("a plane");
            assert!(got.curves.iter().all(|curve| curve.closed), "{n}");
            let depth = (at - Point::origin()).dot(direction.normalized().expect("a direction"));
            let area = core::f64::consts::PI * (100.0 - depth * depth);
            assert!((got.area_mm2 - area).abs() < 10.0, "{n}: {} {area}", got.area_mm2);
        }
        let mut open = ball.clone();
        open.triangles.truncate(ball.triangles.len() / 2);
        let got = cut(&open, [0.1, 0.2, 0.3], [0.3, 0.2, 0.9]);
        assert!(got.curves.iter().any(|curve| !curve.closed));
        let whole = cut(&ball, [0.1, 0.2, 0.3], [0.3, 0.2, 0.9]);
        assert!(got.perimeter_mm < whole.perimeter_mm);
    }

    #[test]
    fn what_is_no_plane_is_refused() {
        let ball = ball(1.0, 0);
        for normal in [[0.0; 3], [f64::NAN, 0.0, 1.0]] {
            let got = section(&ball, Point::origin(), Vector::from_array(normal));
            assert_eq!(got, Err(SectionError::NoPlane));
        }
        let mut wrong = ball;
        wrong.triangles[2][1] = 99;
        let got = section(&wrong, Point::origin(), Vector::new(0.0, 0.0, 1.0)).expect_err("no vertex 99");
        assert_eq!(got, SectionError::BadTriangle(2));
        assert!(got.chinese().contains('2'));
    }
}
