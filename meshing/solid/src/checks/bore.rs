//! Whether the bores of a part lie where they were planned.

use meshing_surface::Mesh;
use meshing_volume::Words;

use super::{Check, Fit};
use crate::recipe::Drill;

/// How far a bore's axis may lie off the plan, mm and degrees.
const OFF: [f64; 2] = [0.05, 0.05];
/// How far a vertex may lie from the planned wall of the bore to belong to it, mm.
const WALL_MM: f64 = 0.3;

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

/// How far the axis of a bore lies off its plan at the entry (mm) and turned (degrees), and its radius: a cylinder fitted to
/// the vertices on its wall by least squares (Gauss–Newton).
fn measured(part: &Mesh, drill: &Drill, tool_clearance_mm: f64) -> Option<(f64, f64, f64)> {
    let pose = drill.pose().ok()?;
    let planned = f64::midpoint(drill.diameter_mm, tool_clearance_mm);
    let wall: Vec<[f64; 3]> = part
        .positions
        .iter()
        .map(|p| pose.own(*p))
        .filter(|[x, y, z]| (x.hypot(*y) - planned).abs() < WALL_MM && z.abs() < 80.0)
        .collect();
    if wall.len() < 12 {
        return None;
    }
    // The axis at the entry (x, y), its slopes, and the radius.
    let mut fit = [0.0, 0.0, 0.0, 0.0, planned];
    for round in 0..12 {
        let (mut normal, mut right) = ([[0.0; 5]; 5], [0.0; 5]);
        for [x, y, z] in &wall {
            let (dx, dy) = (x - fit[0] - fit[2] * z, y - fit[1] - fit[3] * z);
            let far = dx.hypot(dy).max(1e-9);
            // Vertices of other surfaces near the rim are left out once the bore is roughly known.
            if round > 3 && (far - fit[4]).abs() > WALL_MM / 10.0 {
                continue;
            }
            let row = [-dx / far, -dy / far, -dx / far * z, -dy / far * z, -1.0];
            let residual = far - fit[4];
            for a in 0..5 {
                right[a] -= row[a] * residual;
                for b in 0..5 {
                    normal[a][b] += row[a] * row[b];
                }
            }
        }
        let step = crate::linear::solve(normal, right)?;
        for (value, by) in fit.iter_mut().zip(step) {
            *value += by;
        }
    }
    Some((fit[0].hypot(fit[1]), fit[2].hypot(fit[3]).atan().to_degrees(), fit[4]))
}
