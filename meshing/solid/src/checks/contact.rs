//! How a guide sits on the bone: the gap, what catches on the way, and whether it can slip.
//!
//! Contact is what of the surface faces the bone (its normal within 37° of the direction to it), lies within the clearance and
//! 0.8 mm of it, and could follow it: what passes the bone more closely on the way off bridges an undercut and cannot. The
//! 95th percentile of the gap is that of the contact; the least gap is that of the whole surface.

use glam::DVec3;
use meshing_space::{Aabb, Lps, Point, Vector};
use meshing_surface::{DistanceTo, Mesh};
use meshing_volume::{Progress, Words};
use rayon::prelude::*;

use super::{Check, Fit, samples};
use crate::field::grid_around;
use crate::linear::eigenvalues_6;
use crate::near::{crop, keeps_off};
use crate::{Field, Pose, SolidError, intersection};

/// A point of the surface, its outward normal, and the area it stands for.
type Sample = (DVec3, DVec3, f64);

/// Spacing and reach of the bone's distance field, mm.
const FIELD_MM: [f64; 2] = [0.4, 3.0];
/// Distance between points that are looked at, mm.
const SPACING_MM: f64 = 0.5;
/// Surface facing the bone within the clearance and this belongs to the contact, mm.
const REACH_MM: f64 = 0.8;
/// The least gap is measured exactly where the field tells no more than this above the clearance, mm.
const NEAR_MM: f64 = 0.1;
/// Least cosine between the outward normal and the direction to the bone for a surface that faces it (37°).
const FACING: f64 = 0.8;
/// What passes the bone more closely by this on the way off than where it rests bridges an undercut: it cannot follow the bone,
/// and is no contact. Looked at in such steps, mm.
const NARROWS_MM: f64 = 0.05;
const STEP_MM: f64 = 0.3;
/// How far below the clearance the least gap may lie, and how far above it the 95th percentile, mm.
const GAP_MM: [f64; 2] = [0.05, 0.15];
/// Largest ratio of the best to the worst held of the six motions.
const WORST_HELD: f64 = 30.0;
/// Columns of the undercut check, mm.
const COLUMN_MM: f64 = 0.3;
/// Most of them: a square of some 1.9 m.
const MOST_COLUMNS: usize = 40_000_000;
/// Volume that a grid of columns may miscount, mm³.
const UNDERCUT_MM3: f64 = 1.0;

pub(super) fn checks(
    part: &Mesh,
    fit: &Fit<'_>,
    bounds: Aabb<Lps>,
    progress: &dyn Progress,
) -> Result<Vec<Check>, SolidError> {
    let grid = grid_around(bounds.expanded(1.0), FIELD_MM[0])?;
    let around = bounds.expanded(FIELD_MM[1] + 2.0);
    // Rows of the grid run along the first direction and need all that they cross.
    let rows = Vector::new(1e6, 0.0, 0.0);
    let along = crop(fit.bone, Aabb { min: around.min - rows, max: around.max + rows });
    let field = Field::on_grid(&along, grid, FIELD_MM[1], progress)?;
    let near = crop(&along, around);
    let exact = DistanceTo::new(&near);
    // The exact boolean only where the two may meet at all.
    let inside = part.positions.iter().any(|p| field.sample(*p) < 0.0);
    let apart = !inside && keeps_off(part, &near, &field);
    let common = if apart { Mesh::default() } else { intersection(part, fit.bone)? };
    let common = if common.triangles.is_empty() { 0.0 } else { crate::volume_mm3(&common) };
    let mut all = vec![Check::at_most(
        "interference",
        common,
        1e-3,
        "mm³",
        Words::new(
            format!("{common:.3} mm³ of the part lie in the bone"),
            format!("零件有 {common:.3} mm³ 位于骨内"),
        ),
    )];
    let surface = samples(part, SPACING_MM);
    let (contact, bridging_mm2) = facing(&surface, fit, &field, (bounds.max - bounds.min).length());
    let area = contact.iter().fold(0.0, |sum, c| sum + c.2);
    all.push(Check::at_least(
        "contact_area",
        area,
        fit.contact_mm2,
        "mm²",
        Words::new(format!("{area:.0} mm² face the bone"), format!("贴合面积 {area:.0} mm²")),
    ));
    let gap = |(p, _, area): &Sample| {
        let p = Point::from_dvec3(*p);
        let d = exact.distance_mm(p);
        (if field.sample(p) < -0.2 { -d } else { d }, *area)
    };
    // Nowhere may the part come too near, bridges and rims included.
    let close = |(p, ..): &&Sample| field.sample(Point::from_dvec3(*p)) < fit.clearance_mm + NEAR_MM;
    let least = surface.par_iter().filter(close).map(|sample| gap(sample).0).collect::<Vec<f64>>();
    let least = least.into_iter().reduce(f64::min);
    all.extend(gaps(contact.par_iter().map(gap).collect(), least, bridging_mm2, fit.clearance_mm));
    let caught = undercut_mm3(part, fit)?;
    all.push(Check::at_most(
        "undercut",
        caught,
        UNDERCUT_MM3,
        "mm³",
        Words::new(
            format!("{caught:.1} mm³ of the part lie under the bone along the insertion"),
            format!("沿就位方向零件有 {caught:.1} mm³ 位于骨下（倒凹）"),
        ),
    ));
    let worst = condition(&contact);
    all.push(Check::at_most(
        "stability",
        worst,
        WORST_HELD,
        "ratio",
        Words::new(
            format!("the worst held of the six motions is held {worst:.1} times less than the best"),
            format!("六个自由度中约束最弱者比最强者弱 {worst:.1} 倍"),
        ),
    ));
    Ok(all)
}

/// What of the surface is contact, and the area that faces the bone and bridges an undercut instead.
fn facing(surface: &[Sample], fit: &Fit<'_>, field: &Field, height: f64) -> (Vec<Sample>, f64) {
    let distance = |p: DVec3| field.sample(Point::from_dvec3(p));
    let faces = |(p, normal, _): &&Sample| {
        let d = distance(*p);
        // A step outwards comes nearer by most of its length; rims, which stand across the bone, do not face it.
        d < fit.clearance_mm + REACH_MM && distance(*p + *normal * 0.3) < d - 0.3 * FACING
    };
    let up = -fit.insertion.as_dvec3().normalize_or_zero();
    let narrows = |(p, ..): &Sample| {
        let here = distance(*p) - NARROWS_MM;
        (1..(height / STEP_MM) as usize).any(|n| distance(*p + up * (n as f64 * STEP_MM)) < here)
    };
    let facing: Vec<(Sample, bool)> =
        surface.par_iter().filter(faces).map(|sample| (*sample, narrows(sample))).collect();
    let (bridging, contact): (Vec<_>, Vec<_>) = facing.into_iter().partition(|(_, narrows)| *narrows);
    (
        contact.into_iter().map(|(s, _)| s).collect(),
        bridging.iter().map(|(s, _)| s.2).fold(0.0, |sum, area| sum + area),
    )
}

/// The checks of the gap: of the whole surface the least, of the contact (gap and area of each point) the 95th percentile.
fn gaps(mut gaps: Vec<(f64, f64)>, least: Option<f64>, bridging: f64, set: f64) -> [Check; 2] {
    gaps.sort_by(|a, b| a.0.total_cmp(&b.0));
    let area: f64 = gaps.iter().map(|g| g.1).sum();
    let percentile = |share: f64| {
        let mut sum = 0.0;
        let found = gaps.iter().find(|(_, here)| {
            sum += here;
            sum >= share * area
        });
        found.map_or(f64::NAN, |g| g.0)
    };
    let (middle, wide) = (percentile(0.5), percentile(0.95));
    let least = least.or(gaps.first().map(|g| g.0)).unwrap_or(f64::NAN);
    [
        Check::at_least(
            "clearance_p0",
            least,
            set - GAP_MM[0],
            "mm",
            Words::new(
                format!("least gap {least:.3} mm (median {middle:.3}), set {set} mm"),
                format!("最小间隙 {least:.3} mm（中位 {middle:.3}），设定 {set} mm"),
            ),
        ),
        Check::at_most(
            "clearance_p95",
            wide,
            set + GAP_MM[1],
            "mm",
            Words::new(
                format!(
                    "95 % of the contact lies within {wide:.3} mm, set {set} mm; {bridging:.0} mm² more bridge undercuts"
                ),
                format!(
                    "95 % 的贴合面间隙不超过 {wide:.3} mm，设定 {set} mm；另有 {bridging:.0} mm² 跨过倒凹"
                ),
            ),
        ),
    ]
}

/// The condition of the contact normals against six small motions (three shifts, three turns about the middle, scaled by
/// the contact's radius): singular where the part can slide or turn without leaving the bone.
fn condition(contact: &[Sample]) -> f64 {
    let whole: f64 = contact.iter().map(|c| c.2).sum();
    if whole <= 0.0 {
        return f64::INFINITY;
    }
    let middle = contact.iter().map(|c| c.0 * c.2).sum::<DVec3>() / whole;
    let radius = (contact.iter().map(|c| c.0.distance_squared(middle) * c.2).sum::<f64>() / whole).sqrt();
    let mut sum = [[0.0; 6]; 6];
    for (p, normal, area) in contact {
        let turn = (*p - middle).cross(*normal) / radius.max(1e-9);
        let row = [normal.x, normal.y, normal.z, turn.x, turn.y, turn.z];
        for a in 0..6 {
            for b in 0..6 {
                sum[a][b] += area / whole * row[a] * row[b];
            }
        }
    }
    let values = eigenvalues_6(sum);
    if values[0] > 1e-12 { (values[5] / values[0]).sqrt() } else { f64::INFINITY }
}

/// The volume of the part that lies below bone in the same column along the insertion.
fn undercut_mm3(part: &Mesh, fit: &Fit<'_>) -> Result<f64, SolidError> {
    let bounds = part.bounds().ok_or(SolidError::Empty { what: "the mesh" })?;
    let frame = Pose::along(bounds.center(), fit.insertion * -1.0)?;
    let (part, bone) = (frame.own_mesh(part), frame.own_mesh(fit.bone));
    let bounds = part.bounds().ok_or(SolidError::Empty { what: "the mesh" })?;
    let (low, high) = (bounds.min.as_dvec3(), bounds.max.as_dvec3());
    let count = ((high - low) / COLUMN_MM).ceil();
    let (nx, ny) = (count.x as usize + 1, count.y as usize + 1);
    if nx.saturating_mul(ny) > MOST_COLUMNS {
        return Err(SolidError::refused(
            format!(
                "the part is {:.0} × {:.0} mm wide, too wide to look for undercuts",
                count.x * COLUMN_MM,
                count.y * COLUMN_MM
            ),
            format!("零件宽 {:.0} × {:.0} mm，过大而无法检查倒凹", count.x * COLUMN_MM, count.y * COLUMN_MM),
        ));
    }
    // Beside round numbers, where edges of real meshes lie.
    let start = low.truncate() + glam::DVec2::new(0.0317, 0.0713);
    let columns = |mesh: &Mesh| -> Vec<Vec<f64>> {
        let mut all = vec![Vec::new(); nx * ny];
        for t in 0..mesh.triangles.len() {
            let [a, b, c] = mesh.corners(t).map(Point::as_dvec3);
            let (least, most) = (a.min(b).min(c), a.max(b).max(c));
            let index = |x: f64, from: f64, n: usize| (((x - from) / COLUMN_MM).max(0.0) as usize).min(n - 1);
            let normal = (b - a).cross(c - a);
            if normal.z == 0.0 || most.x < start.x || most.y < start.y || least.x > high.x || least.y > high.y
            {
                continue;
            }
            for j in index(least.y, start.y, ny)..=index(most.y, start.y, ny) {
                for i in index(least.x, start.x, nx)..=index(most.x, start.x, nx) {
                    let p = start + glam::DVec2::new(i as f64, j as f64) * COLUMN_MM;
                    let side = |p0: DVec3, p1: DVec3| (p1 - p0).truncate().perp_dot(p - p0.truncate()) > 0.0;
                    let (s0, s1, s2) = (side(a, b), side(b, c), side(c, a));
                    if s0 == s1 && s1 == s2 {
                        all[j * nx + i]
                            .push(a.z - (normal.x * (p.x - a.x) + normal.y * (p.y - a.y)) / normal.z);
                    }
                }
            }
        }
        for column in &mut all {
            column.sort_by(f64::total_cmp);
        }
        all
    };
    let (parts, bones) = (columns(&part), columns(&bone));
    let mut length = 0.0;
    for (part, bone) in parts.iter().zip(&bones) {
        let Some(top) = bone.last() else { continue };
        for pair in part.as_chunks::<2>().0 {
            length += (pair[1].min(*top) - pair[0]).max(0.0);
        }
    }
    Ok(length * COLUMN_MM * COLUMN_MM)
}
