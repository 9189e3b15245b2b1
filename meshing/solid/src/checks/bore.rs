//! Whether the bores of a part lie where they were planned.

use glam::DVec3;
use meshing_surface::Mesh;
use meshing_volume::Words;

use super::{Check, Fit};
use crate::recipe::Drill;

/// How far a bore's axis may lie off the plan, mm and degrees.
const OFF: [f64; 2] = [0.05, 0.05];
/// How far a corner may lie from the planned wall of the bore to belong to it, mm, and along the axis from the entry.
const WALL_MM: f64 = 0.3;
const LENGTH_MM: f64 = 80.0;
/// Largest part of a facet's normal along the planned axis (4°), and least part of it towards the axis.
const ALONG: f64 = 0.07;
const INWARDS: f64 = 0.9;
/// How far a facet may lie off the fitted bore to belong to it, mm, from fit to fit: other walls about there pull the first
/// ones away from the bore.
const OUTLIERS_MM: [f64; 5] = [0.15, 0.12, 0.08, 0.03, 0.03];
/// Least share of the largest area that belongs to one bore.
const SHARE: f64 = 0.25;
/// Fewest triangles that make a bore.
const FEWEST: usize = 12;

pub(super) fn checks(part: &Mesh, fit: &Fit<'_>) -> Vec<Check> {
    let mut all = Vec::new();
    for (n, drill) in fit.drills.iter().enumerate() {
        let name = n + 1;
        let Some((mm, degrees, radius)) = measured(part, drill, fit.tool_clearance_mm) else {
            all.push(Check::at_most(
                "drill_axis",
                f64::INFINITY,
                OFF[0],
                "mm",
                Words::new(format!("bore {name} is not there"), format!("第 {name} 个孔不存在")),
            ));
            continue;
        };
        let diameter = 2.0 * radius;
        all.push(Check::at_most(
            "drill_axis",
            mm,
            OFF[0],
            "mm",
            Words::new(
                format!("bore {name} lies {mm:.3} mm off the plan at its entry; diameter {diameter:.2} mm"),
                format!("第 {name} 个孔在入口处偏离规划 {mm:.3} mm；直径 {diameter:.2} mm"),
            ),
        ));
        all.push(Check::at_most(
            "drill_angle",
            degrees,
            OFF[1],
            "°",
            Words::new(
                format!("bore {name} is {degrees:.3}° off the plan"),
                format!("第 {name} 个孔偏离规划 {degrees:.3}°"),
            ),
        ));
    }
    all
}

/// How far the axis of a bore lies off its plan at the entry (mm) and turned (degrees), and its radius.
///
/// A round bore is a prism whose facets touch the true cylinder, so that the axis lies at one distance, the radius, from the
/// plane of each. That is linear in the axis: least squares over the corners of all triangles that face the planned axis
/// nearly at right angles about the planned radius from it, weighted by area, so that slivers at the rims count for nothing.
fn measured(part: &Mesh, drill: &Drill, tool_clearance_mm: f64) -> Option<(f64, f64, f64)> {
    let pose = drill.pose().ok()?;
    let planned = f64::midpoint(drill.diameter_mm, tool_clearance_mm);
    let own: Vec<DVec3> = part.positions.iter().map(|p| DVec3::from_array(pose.own(*p))).collect();
    let near = |p: DVec3| (p.x.hypot(p.y) - planned).abs() < WALL_MM && p.z.abs() < LENGTH_MM;
    let mut wall = Vec::new();
    for triangle in &part.triangles {
        let corners = triangle.map(|v| own[v as usize]);
        if !corners.into_iter().all(near) {
            continue;
        }
        let [a, b, c] = corners;
        let doubled = (b - a).cross(c - a);
        let Some(normal) = doubled.try_normalize() else { continue };
        let middle = (a + b + c) / 3.0;
        let inwards = -normal.truncate().dot(middle.truncate().normalize_or_zero());
        if normal.z.abs() < ALONG && inwards > INWARDS {
            wall.push((corners, normal, doubled.length()));
        }
    }
    // From all facets, and from those at some distance from the planned axis: other walls may lie about there.
    let starts = [None, Some(0.0), Some(-0.15), Some(0.15), Some(-0.25), Some(0.25)];
    let starts = starts.map(|off| off.map(|off| [0.0, 0.0, 0.0, 0.0, planned + off]));
    let found: Vec<_> = starts.into_iter().filter_map(|start| fitted(&wall, start)).collect();
    let most = found.iter().map(|(_, area)| *area).fold(0.0, f64::max);
    // A tool is guided by the narrowest part of its bore.
    let of_size = found.into_iter().filter(|(_, area)| *area >= most * SHARE);
    let (fit, _) = of_size.min_by(|a, b| a.0[4].total_cmp(&b.0[4]))?;
    Some((fit[0].hypot(fit[1]), fit[2].hypot(fit[3]).atan().to_degrees(), fit[4]))
}

/// A facet: its corners, normal and doubled area.
type Facet = ([DVec3; 3], DVec3, f64);

/// The axis at the entry (x, y), its slopes and the radius of the bore that facets belong to, from a first guess or from all
/// of them, and their doubled area.
fn fitted(wall: &[Facet], start: Option<[f64; 5]>) -> Option<([f64; 5], f64)> {
    let mut fit = start;
    let mut area = 0.0;
    for outlier_mm in OUTLIERS_MM {
        let (mut sums, mut right, mut count) = ([[0.0; 5]; 5], [0.0; 5], 0);
        area = 0.0;
        for (corners, n, weight) in wall {
            let rows = corners.map(|p| ([n.x, n.y, n.x * p.z, n.y * p.z, -1.0], n.x * p.x + n.y * p.y));
            let off = |(row, value): &([f64; 5], f64)| {
                fit.is_some_and(|fit| {
                    (row.iter().zip(fit).map(|(a, b)| a * b).sum::<f64>() - value).abs() > outlier_mm
                })
            };
            if rows.iter().any(off) {
                continue;
            }
            count += 1;
            area += weight;
            for (row, value) in rows {
                for a in 0..5 {
                    right[a] += weight * row[a] * value;
                    for b in 0..5 {
                        sums[a][b] += weight * row[a] * row[b];
                    }
                }
            }
        }
        if count < FEWEST {
            return None;
        }
        fit = Some(crate::linear::solve(sums, right)?);
    }
    Some((fit?, area))
}
