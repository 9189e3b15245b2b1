//! Cuts along a curve, with the width of the saw blade.

use glam::DVec2;
use manifold_rust::cross_section::CrossSection;
use manifold_rust::types::OpType;
use meshing_space::{Lps, Point, Vector};
use meshing_surface::Mesh;
use meshing_volume::{Part, Progress};

use crate::primitives::extruded_section;
use crate::text::stroke;
use crate::{Op, Piece, Pose, SolidError, boolean, pieces};

/// Most points of a curve after those closer than [`CLOSE_MM`] are left out.
const MOST_POINTS: usize = 20_000;
/// Points of the curve nearer to each other than this, seen along the direction, are one, mm.
const CLOSE_MM: f64 = 1e-3;
/// How far the blade reaches out of the solid, mm.
const BEYOND_MM: f64 = 1.0;

/// Cuts a solid along a curve (LPS mm) with a blade `kerf_mm` thick that runs along `direction`, half of it on each side of
/// the curve; its ends are round. The blade reaches from outside to `depth_mm` below the curve's deepest point, or through
/// everything without a depth. A closed curve joins its last point to the first. Gives the pieces that are left, the largest
/// first: one where the curve does not part the solid.
///
/// # Errors
/// [`SolidError`]: no solid, a curve of less than two places (three of a closed one) or of more than 20 000, numbers that are
/// not finite, a kerf or depth that is not positive, a curve that misses the solid, nothing left, or cancelled.
pub fn cut_by_curve(
    mesh: &Mesh,
    curve: &[Point<Lps>],
    closed: bool,
    direction: Vector<Lps>,
    kerf_mm: f64,
    depth_mm: Option<f64>,
    progress: &dyn Progress,
) -> Result<Vec<Piece>, SolidError> {
    let depth = depth_mm.unwrap_or(1.0);
    if !(kerf_mm.is_finite() && kerf_mm > 0.0 && depth.is_finite() && depth > 0.0) {
        return Err(SolidError::refused(
            format!("a curve needs a blade of a positive kerf and depth, not {kerf_mm} and {depth} mm"),
            format!("曲线切割的锯缝宽度和深度必须为正，不能是 {kerf_mm} 和 {depth} mm"),
        ));
    }
    progress.step(0, 10)?;
    let bounds = mesh.bounds().ok_or(SolidError::Empty { what: "the mesh" })?;
    // Down along the direction; about the middle of the solid, so that numbers stay small.
    let frame = Pose::along(bounds.center(), direction)?;
    let least = if closed { 3 } else { 2 };
    let (outline, deepest) =
        drawn(curve, closed, &frame).filter(|(line, _)| line.len() >= least).ok_or_else(|| {
            SolidError::refused(
                format!("a curve to cut along needs {least} to {MOST_POINTS} places apart from each other"),
                format!("切割曲线需要 {least} 至 {MOST_POINTS} 个互不重合的点"),
            )
        })?;
    let reach = bounds.size().length() / 2.0 + BEYOND_MM;
    let bottom = depth_mm.map_or(reach, |depth| (deepest + depth).min(reach));
    if bottom <= -reach {
        return Err(missed());
    }
    let ends = outline.windows(2).map(|ends| (ends[0], ends[1]));
    let last = closed.then(|| (outline[outline.len() - 1], outline[0]));
    let strokes: Vec<CrossSection> =
        ends.chain(last).map(|(from, to)| stroke(from.to_array(), to.to_array(), kerf_mm / 2.0)).collect();
    let blade =
        extruded_section(&frame, &CrossSection::batch_boolean(&strokes, OpType::Add), -reach, bottom)?;
    progress.step(2, 10)?;
    let left = boolean(Op::Difference, mesh, &blade, &Part::new(progress, 0.2, 1.0))?;
    if left.triangles.is_empty() {
        return Err(SolidError::refused("the blade takes the whole solid away", "锯切后没有剩余"));
    }
    if left == *mesh || crate::volume_mm3(&left) >= crate::volume_mm3(mesh) {
        return Err(missed());
    }
    Ok(pieces(&left))
}

/// The curve seen along the direction, without places that repeat, and its deepest place.
fn drawn(curve: &[Point<Lps>], closed: bool, frame: &Pose) -> Option<(Vec<DVec2>, f64)> {
    let (mut line, mut deepest) = (Vec::<DVec2>::new(), f64::NEG_INFINITY);
    for point in curve {
        let [x, y, z] = frame.own(*point);
        let at = DVec2::new(x, y);
        if !(at.is_finite() && z.is_finite()) {
            return None;
        }
        deepest = deepest.max(z);
        if line.last().is_none_or(|last| last.distance(at) > CLOSE_MM) {
            line.push(at);
        }
    }
    while closed && line.len() > 1 && line[0].distance(line[line.len() - 1]) <= CLOSE_MM {
        line.pop();
    }
    (line.len() <= MOST_POINTS).then_some((line, deepest))
}

fn missed() -> SolidError {
    SolidError::refused("the curve does not meet the solid", "曲线未经过实体")
}
