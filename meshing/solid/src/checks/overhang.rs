//! How much of a part hangs over when it is printed, and how it is best laid.

use glam::DVec3;
use meshing_space::{Lps, Vector};
use meshing_surface::Mesh;
use meshing_volume::Words;

use super::{Check, Limits};

/// What lies within this of the lowest point stands on the bed, mm.
const BED_MM: f64 = 0.2;
/// How much overhang a foot of the same area is worth.
const FOOT: f64 = 0.2;

/// The share of the surface that faces down by more than `degrees` from the vertical when `up` is up; what stands on the bed
/// is held by it.
pub fn overhang_share(part: &Mesh, up: Vector<Lps>, degrees: f64) -> f64 {
    let Some(up) = up.normalized() else { return 1.0 };
    shares(&faces(part), part, up.as_dvec3(), degrees).0
}

/// The direction, of 26 and the normals of large flat faces, in which the least of the surface hangs over, and its share.
pub fn best_orientation(part: &Mesh, degrees: f64) -> (Vector<Lps>, f64) {
    let faces = faces(part);
    let mut directions: Vec<DVec3> = (0..27_i32)
        .filter(|n| *n != 13)
        .map(|n| {
            let axis = |power: i32| f64::from(n / power % 3 - 1);
            DVec3::new(axis(1), axis(3), axis(9)).normalize_or_zero()
        })
        .collect();
    let mut largest: Vec<&(DVec3, f64)> = faces.iter().collect();
    largest.sort_by(|a, b| b.1.total_cmp(&a.1));
    directions.extend(largest.iter().take(12).map(|(normal, _)| -*normal));
    let scored = directions.into_iter().map(|up| (up, shares(&faces, part, up, degrees)));
    // What stands on the bed holds the part: of two directions alike, the one with the larger foot.
    let worth = |(over, foot): (f64, f64)| over - FOOT * foot;
    let best = scored.min_by(|a, b| worth(a.1).total_cmp(&worth(b.1))).unwrap_or((DVec3::Z, (1.0, 0.0)));
    (Vector::from_dvec3(best.0), best.1.0)
}

/// Unit normals and areas.
fn faces(part: &Mesh) -> Vec<(DVec3, f64)> {
    (0..part.triangles.len())
        .map(|t| {
            let [a, b, c] = part.corners(t).map(meshing_space::Point::as_dvec3);
            let doubled = (b - a).cross(c - a);
            (doubled.normalize_or_zero(), doubled.length() / 2.0)
        })
        .collect()
}

/// The shares of the surface that hang over, and that stand on the bed.
fn shares(faces: &[(DVec3, f64)], part: &Mesh, up: DVec3, degrees: f64) -> (f64, f64) {
    let heights: Vec<f64> = part.positions.iter().map(|p| p.as_dvec3().dot(up)).collect();
    let bed = heights.iter().copied().fold(f64::INFINITY, f64::min) + BED_MM;
    let steepest = -degrees.to_radians().sin();
    let (mut over, mut foot, mut whole) = (0.0, 0.0, 0.0);
    for (triangle, (normal, area)) in part.triangles.iter().zip(faces) {
        whole += area;
        if normal.dot(up) < steepest {
            let on_bed = triangle.iter().all(|&v| heights[v as usize] <= bed);
            *(if on_bed { &mut foot } else { &mut over }) += area;
        }
    }
    if whole > 0.0 { (over / whole, foot / whole) } else { (1.0, 0.0) }
}

pub(super) fn check(part: &Mesh, limits: &Limits) -> Check {
    let (up, value) = best_orientation(part, limits.overhang_degrees);
    let [x, y, z] = up.to_array();
    let percent = value * 100.0;
    Check::at_most(
        "overhang",
        value,
        limits.overhang_share,
        "share",
        Words::new(
            format!("{percent:.1} % of the surface needs support with ({x:.2}, {y:.2}, {z:.2}) up"),
            format!("以 ({x:.2}, {y:.2}, {z:.2}) 为上方时 {percent:.1} % 的表面需要支撑"),
        ),
    )
}
