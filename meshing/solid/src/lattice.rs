//! Filling a solid with a gyroid sheet.

use core::f64::consts::TAU;

use glam::DVec3;
use meshing_surface::Mesh;
use meshing_volume::{Part, Progress};

use crate::{Field, SolidError, pieces};

/// Steps along each edge of a cell where its share of material is counted.
const STEPS: usize = 64;

/// The gyroid (Schoen 1970) and the length of its gradient, at a place in cells.
fn gyroid(p: DVec3) -> (f64, f64) {
    let [(sx, cx), (sy, cy), (sz, cz)] = (p * TAU).to_array().map(f64::sin_cos);
    let gradient = DVec3::new(cx * cy - sz * sx, cy * cz - sx * sy, cz * cx - sy * sz) * TAU;
    (sx * cy + sy * cz + sz * cx, gradient.length())
}

/// The values of `|g|` in a cell, sorted: the sheet `|g| ≤ t` fills the share of them that lies below `t`.
fn levels() -> Vec<f64> {
    let half = |n: usize| (n as f64 + 0.5) / STEPS as f64;
    let mut values: Vec<f64> = (0..STEPS.pow(3))
        .map(|n| {
            gyroid(DVec3::new(half(n % STEPS), half(n / STEPS % STEPS), half(n / STEPS / STEPS))).0.abs()
        })
        .collect();
    values.sort_by(f64::total_cmp);
    values
}

/// How far the porosity that is made may lie from the one that is set, and at which difference no other sheet is tried.
const OFF: f64 = 0.01;
const ENOUGH: f64 = 0.001;
/// Sheets that are tried.
const ROUNDS: usize = 5;

/// A closed mesh filled with a gyroid sheet: a solid wall of `wall_mm` (0: none) and, within, cells of `cell_mm` of which
/// `porosity` (0.3 to 0.95) is empty, of what lies within the wall, as measured of the mesh that is made. LPS mm, on a grid of
/// `spacing_mm`. Pieces of sheet that hang on nothing are left out.
///
/// # Errors
/// [`SolidError`]: no solid, a porosity or cell that cannot be made to 1 %, a grid too coarse for the sheet or too large, or
/// cancelled.
pub fn gyroid_fill(
    mesh: &Mesh,
    cell_mm: f64,
    porosity: f64,
    wall_mm: f64,
    spacing_mm: f64,
    progress: &dyn Progress,
) -> Result<Mesh, SolidError> {
    // The sheet's mean thickness: its share of a cell over the gyroid's area in one, 3.09 cell².
    let sheet = (1.0 - porosity) * cell_mm / 3.09;
    let sound = (0.3..=0.95).contains(&porosity)
        && cell_mm > 0.0
        && cell_mm.is_finite()
        && wall_mm >= 0.0
        && sheet >= 1.5 * spacing_mm;
    if !sound {
        return Err(SolidError::refused(
            format!(
                "a gyroid of {cell_mm} mm cells and porosity {porosity} has a sheet of {sheet:.2} mm; the grid of {spacing_mm} mm \
                 needs one of 1.5 steps, and the porosity must lie between 0.3 and 0.95"
            ),
            format!(
                "单元 {cell_mm} mm、孔隙率 {porosity} 的螺旋面厚 {sheet:.2} mm；{spacing_mm} mm 网格需要至少 1.5 步，孔隙率须在 0.3 至 0.95 之间"
            ),
        ));
    }
    let part = |from, to| Part::new(progress, from, to);
    let field = Field::of_mesh(mesh, spacing_mm, wall_mm + 2.0 * spacing_mm, &part(0.0, 0.4))?;
    let (whole, core) = if wall_mm > 0.0 {
        let within = |mm: f64| field.clone().surface(mm).map(|surface| crate::volume_mm3(&surface));
        (within(0.0)?, within(-wall_mm)?)
    } else {
        let whole = crate::volume_mm3(mesh);
        (whole, whole)
    };
    if core <= 0.0 {
        return Err(SolidError::refused(
            format!("walls of {wall_mm} mm leave nothing to fill"),
            format!("{wall_mm} mm 的壁内没有可填充的部分"),
        ));
    }
    let levels = levels();
    let (mut share, mut best) = (1.0 - porosity, (f64::INFINITY, Mesh::default()));
    for round in 0..ROUNDS {
        part(0.4, 1.0).step(round, ROUNDS)?;
        // Few cells, their rims and what hangs on nothing give a solid another share than a whole cell.
        let t = levels[((share * levels.len() as f64) as usize).min(levels.len() - 1)];
        let made = filled(&field, t, cell_mm, wall_mm)?;
        let off = (whole - crate::volume_mm3(&made)) / core - porosity;
        if off.abs() < best.0 {
            best = (off.abs(), made);
        }
        if off.abs() < ENOUGH {
            break;
        }
        share = (share + off).clamp(0.02, 0.98);
    }
    if best.0 > OFF {
        let percent = 100.0 * best.0;
        return Err(SolidError::refused(
            format!(
                "cells of {cell_mm} mm miss the porosity by {percent:.1} %: the solid is too small for them"
            ),
            format!("{cell_mm} mm 的单元使孔隙率偏差 {percent:.1} %：实体相对单元太小"),
        ));
    }
    Ok(best.1)
}

/// The largest piece of the sheet `|g| ≤ t` and the wall.
fn filled(field: &Field, t: f64, cell_mm: f64, wall_mm: f64) -> Result<Mesh, SolidError> {
    let filled = field.clone().mapped(|at, d| {
        let (value, slope) = gyroid(at.as_dvec3() / cell_mm);
        // In mm to first order; where the gradient vanishes, far from the sheet's faces, any slope does.
        let sheet = (value.abs() - t) / (slope / cell_mm).max(0.2 / cell_mm);
        let wall = -f64::from(d) - wall_mm;
        let inner = if wall_mm > 0.0 { sheet.min(wall) } else { sheet };
        inner.max(f64::from(d)) as f32
    });
    let nothing = || SolidError::refused("nothing is left of the filled solid", "填充后没有剩余");
    pieces(&filled.surface(0.0)?).into_iter().next().map(|piece| piece.mesh).ok_or_else(nothing)
}
