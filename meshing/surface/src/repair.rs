//! Foreign meshes made printable.

mod crossings;
mod debris;
mod hanging;
mod remesh;
mod seams;
mod sheets;
mod turn;
mod weld;

use meshing_volume::{Cancelled, Part, Progress};

use crate::distance::{Hausdorff, hausdorff};
use crate::{Mesh, MeshProblems, fill_holes};

/// The most triangles that are taken.
const MOST_TRIANGLES: usize = 20_000_000;
/// The longest rim that is closed by triangles.
const LONGEST_RIM: usize = 5000;
/// Rounds of splitting, filling and turning; each can bring to light what the next one mends.
const ROUNDS: usize = 3;

/// How [`repair`] works.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Repairing {
    /// Vertices no farther apart become one, and a vertex no farther from an open edge becomes part of it, mm.
    pub weld_mm: f64,
    /// The voxel edge if the surface has to be made anew, mm; `None` takes two thirds of the mean edge.
    pub resolution_mm: Option<f64>,
}

impl Default for Repairing {
    fn default() -> Self {
        Self { weld_mm: 0.002, resolution_mm: None }
    }
}

/// What [`repair`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RepairReport {
    /// What was wrong with the mesh as given.
    pub before: MeshProblems,
    /// Vertices that became one with another.
    pub welded_vertices: usize,
    /// Triangles dropped because two of their corners were one.
    pub degenerate_triangles: usize,
    /// Triangles dropped because they were there already.
    pub duplicate_triangles: usize,
    /// Vertices that were put into open edges which passed by them.
    pub seam_vertices: usize,
    /// Triangles dropped because they stood on the surface or lay about: fins and scraps.
    pub loose_triangles: usize,
    /// Triangles that were turned over.
    pub turned_triangles: usize,
    /// Vertices added where more than one sheet met.
    pub split_vertices: usize,
    /// Holes closed.
    pub filled_holes: usize,
    /// Pairs of triangles that ran through each other.
    pub crossings: usize,
    /// The voxel edge with which the surface was made anew from its winding number, mm; `None` where that was not needed.
    pub remeshed_mm: Option<f64>,
    /// How far the result lies from the mesh as given.
    pub distance: Hausdorff,
}

/// A closed, oriented 2-manifold, and how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Repaired {
    /// The mesh.
    pub mesh: Mesh,
    /// What was done.
    pub report: RepairReport,
}

/// Why a mesh cannot be repaired.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RepairError {
    /// There is nothing to repair.
    #[error("the mesh has no triangles")]
    Empty,
    /// More triangles than are taken.
    #[error("the mesh has {triangles} triangles, more than the {limit} that can be repaired")]
    TooLarge {
        /// Triangles given.
        triangles: usize,
        /// The limit.
        limit: usize,
    },
    /// A vertex is nowhere.
    #[error("the position of vertex {0} is not a finite number")]
    NotFinite(usize),
    /// A triangle names a vertex that does not exist.
    #[error("triangle {0} names a vertex that does not exist")]
    OutOfRange(usize),
    /// The weld distance or the resolution is not a length.
    #[error("{0} mm is no length to repair with")]
    BadLength(f64),
    /// Nothing encloses any volume.
    #[error("the triangles enclose no volume")]
    NoSolid,
    /// Stopped because somebody asked.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Makes a closed, oriented 2-manifold without self-intersections of any triangles.
///
/// In turn: joins vertices, drops degenerate and double triangles, closes T-junctions, drops fins and scraps, turns
/// neighbours alike, splits edges and vertices where sheets meet, fills holes, turns parts outward (cavities inward),
/// cuts out and refills what runs through itself. What is not clean after that is made anew as the surface where the
/// generalised winding number is one half (Jacobson et al. 2013) on a grid of [`Repairing::resolution_mm`]. The answer is
/// checked: it is clean, and its distance to the mesh as given is measured. A mesh that is clean already comes back as it
/// was.
///
/// # Errors
/// [`RepairError`]: no triangles, too many, positions that are not finite, indices out of range, nothing solid.
pub fn repair(mesh: &Mesh, how: Repairing, progress: &dyn Progress) -> Result<Repaired, RepairError> {
    refuse(mesh, how)?;
    let mut report = RepairReport { before: mesh.check(), ..RepairReport::default() };
    progress.step(1, 10)?;
    let mut now = if report.before.is_clean() {
        mesh.compacted()
    } else {
        mend(mesh, how, &mut report, &Part::new(progress, 0.1, 0.4))?
    };
    progress.step(4, 10)?;
    let crossings = crossings::mend(&mut now, &mut report, &Part::new(progress, 0.4, 0.6))?;
    if crossings > 0 || now.triangles.is_empty() || !now.check().is_clean() {
        let (made, resolution) = remesh::remesh(mesh, how.resolution_mm, &Part::new(progress, 0.6, 0.9))?;
        report.remeshed_mm = Some(resolution);
        now = made;
    }
    if now.triangles.is_empty() || !now.check().is_clean() {
        return Err(RepairError::NoSolid);
    }
    progress.step(9, 10)?;
    report.distance = hausdorff(mesh, &now);
    progress.step(1, 1)?;
    Ok(Repaired { mesh: now, report })
}

fn refuse(mesh: &Mesh, how: Repairing) -> Result<(), RepairError> {
    if mesh.triangles.is_empty() {
        return Err(RepairError::Empty);
    }
    let triangles = mesh.triangles.len().max(mesh.positions.len() / 3);
    if triangles > MOST_TRIANGLES {
        return Err(RepairError::TooLarge { triangles, limit: MOST_TRIANGLES });
    }
    // Written so that NaN is refused too.
    if !(0.0..=10.0).contains(&how.weld_mm) {
        return Err(RepairError::BadLength(how.weld_mm));
    }
    if let Some(mm) = how.resolution_mm
        && !(mm > 0.0 && mm.is_finite())
    {
        return Err(RepairError::BadLength(mm));
    }
    let far = |x: f64| x.is_finite() && x.abs() < f64::from(f32::MAX) / 4.0;
    if let Some(v) = mesh.positions.iter().position(|p| !p.to_array().into_iter().all(far)) {
        return Err(RepairError::NotFinite(v));
    }
    let outside = |t: &[u32; 3]| t.iter().any(|&v| v as usize >= mesh.positions.len());
    if let Some(t) = mesh.triangles.iter().position(outside) {
        return Err(RepairError::OutOfRange(t));
    }
    Ok(())
}

/// Everything but self-intersections.
fn mend(
    mesh: &Mesh,
    how: Repairing,
    report: &mut RepairReport,
    progress: &dyn Progress,
) -> Result<Mesh, Cancelled> {
    let mut now = mesh.clone();
    report.welded_vertices = weld::weld(&mut now, how.weld_mm);
    weld::drop_useless(&mut now, report);
    progress.step(1, 4)?;
    report.seam_vertices = seams::close(&mut now, 2.0 * how.weld_mm);
    weld::drop_useless(&mut now, report);
    progress.step(2, 4)?;
    settle(&mut now, report);
    progress.step(1, 1)?;
    Ok(now)
}

/// Drops what is loose, splits sheets, fills holes and turns parts, until nothing is left to do.
fn settle(now: &mut Mesh, report: &mut RepairReport) {
    for _ in 0..ROUNDS {
        report.loose_triangles += debris::drop_loose(now);
        report.turned_triangles += turn::alike(now);
        report.loose_triangles += hanging::drop_fins(now);
        report.split_vertices += sheets::split(now);
        let closed = fill_holes(now, LONGEST_RIM);
        report.filled_holes += closed.filled;
        *now = closed.mesh;
        report.turned_triangles += turn::outward(now);
        *now = now.compacted();
        if now.check().is_clean() {
            break;
        }
    }
}
