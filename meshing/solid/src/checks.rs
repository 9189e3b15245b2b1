//! Checks before printing, each with its figure and limit, in two languages.

mod bore;
mod contact;
mod overhang;
mod shape;
mod wall;

use glam::DVec3;
use meshing_space::{Lps, Vector};
use meshing_surface::Mesh;
use meshing_volume::{Progress, Words};
use serde::Serialize;

use crate::SolidError;
use crate::error::require_solid;
use crate::recipe::{Drill, Label};

pub use overhang::{best_orientation, overhang_share};
pub use wall::{WallSample, wall_samples};

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// Stable name.
    pub code: &'static str,
    /// Whether it passed.
    pub pass: bool,
    /// What was found.
    pub value: f64,
    /// What it must not exceed, or reach.
    pub limit: f64,
    /// Unit of both.
    pub unit: &'static str,
    /// A sentence for the report.
    #[serde(serialize_with = "Words::english")]
    pub message: Words,
}

impl Check {
    fn at_most(code: &'static str, value: f64, limit: f64, unit: &'static str, message: Words) -> Self {
        Self { code, pass: value <= limit, value, limit, unit, message }
    }

    fn at_least(code: &'static str, value: f64, limit: f64, unit: &'static str, message: Words) -> Self {
        Self { code, pass: value >= limit, value, limit, unit, message }
    }
}

/// What a printer and its material allow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Thinnest wall, mm.
    pub wall_mm: f64,
    /// Room of the printer, mm.
    pub printer_mm: [f64; 3],
    /// Most triangles.
    pub triangles: usize,
    /// The label, whose strokes are no walls.
    pub label: Option<Label>,
    /// Pieces that were planned.
    pub parts: usize,
    /// Steepest overhang from the vertical that prints without support, degrees.
    pub overhang_degrees: f64,
    /// Largest share of the surface that may overhang in the best orientation.
    pub overhang_share: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wall_mm: 2.0,
            printer_mm: [220.0, 220.0, 220.0],
            triangles: 2_000_000,
            parts: 1,
            label: None,
            overhang_degrees: 45.0,
            overhang_share: 0.25,
        }
    }
}

/// What a guide was made for.
#[derive(Clone, Copy, Debug)]
pub struct Fit<'a> {
    /// The bone, closed.
    pub bone: &'a Mesh,
    /// The direction in which the guide is pushed onto it.
    pub insertion: Vector<Lps>,
    /// The gap that was set, mm.
    pub clearance_mm: f64,
    /// The bores that were planned.
    pub drills: &'a [Drill],
    /// How much wider than the drill a bore was made, mm.
    pub tool_clearance_mm: f64,
    /// Least contact, mm².
    pub contact_mm2: f64,
}

/// All checks of a part: its mesh, its walls and how it prints; with `fit`, also how it sits on the bone.
///
/// # Errors
/// A bone that is no solid, or cancelled. What is wrong with the part itself is a check that fails.
pub fn check(
    part: &Mesh,
    limits: &Limits,
    fit: Option<&Fit<'_>>,
    progress: &dyn Progress,
) -> Result<Vec<Check>, SolidError> {
    let mut all = shape::checks(part, limits);
    progress.step(1, 10)?;
    // What follows measures inside and outside, which an open mesh does not have.
    let closed = all.iter().take(3).all(|check| check.pass) && !part.triangles.is_empty();
    if !closed {
        return Ok(all);
    }
    all.push(wall::check(part, limits));
    progress.step(4, 10)?;
    all.push(overhang::check(part, limits));
    progress.step(5, 10)?;
    if let Some(fit) = fit {
        let region = part.bounds().ok_or(SolidError::Empty { what: "the mesh" })?;
        require_solid(fit.bone, "the bone")?;
        all.extend(contact::checks(part, fit, region, progress)?);
        progress.step(9, 10)?;
        all.extend(bore::checks(part, fit));
    }
    progress.step(1, 1)?;
    Ok(all)
}

/// About as many points as are looked at; a surface that would need more gets them farther apart.
const MOST_SAMPLES: f64 = 2e6;

/// Points on the surface no farther apart than `spacing_mm`, with the outward normal and the area that each stands for: rows
/// along the longest side of each triangle, so that slivers get few.
pub(crate) fn samples(mesh: &Mesh, spacing_mm: f64) -> Vec<(DVec3, DVec3, f64)> {
    let area: f64 = (0..mesh.triangles.len())
        .map(|t| mesh.corners(t).map(meshing_space::Point::as_dvec3))
        .map(|[a, b, c]| (b - a).cross(c - a).length() / 2.0)
        .sum();
    let spacing_mm = spacing_mm.max((area / MOST_SAMPLES).sqrt());
    let mut all = Vec::new();
    for t in 0..mesh.triangles.len() {
        let [a, b, c] = mesh.corners(t).map(meshing_space::Point::as_dvec3);
        let doubled = (b - a).cross(c - a);
        let Some(normal) = doubled.try_normalize() else { continue };
        let sides = [(a, b, c), (b, c, a), (c, a, b)];
        let length = |s: &(DVec3, DVec3, DVec3)| s.0.distance_squared(s.1);
        let Some((from, to, tip)) = sides.into_iter().max_by(|x, y| length(x).total_cmp(&length(y))) else {
            continue;
        };
        let (base, area) = (from.distance(to), doubled.length() / 2.0);
        let count = |mm: f64| ((mm / spacing_mm).ceil() as usize).clamp(1, 4000);
        let rows = count(2.0 * area / base);
        for row in 0..rows {
            let (low, high) = (row as f64 / rows as f64, (row + 1) as f64 / rows as f64);
            let middle = f64::midpoint(low, high);
            let columns = count(base * (1.0 - middle));
            let strip = area * ((1.0 - low).powi(2) - (1.0 - high).powi(2)) / columns as f64;
            let (left, right) = (from.lerp(tip, middle), to.lerp(tip, middle));
            all.extend(
                (0..columns).map(|n| (left.lerp(right, (n as f64 + 0.5) / columns as f64), normal, strip)),
            );
        }
    }
    all
}
