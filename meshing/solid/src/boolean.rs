//! Union, difference and intersection of closed meshes.
//!
//! The engine is `manifold-rust`, a port of Manifold (E. Lalish): symbolic perturbation gives a closed 2-manifold whatever
//! the inputs touch or share. Where an input crosses itself, its exact-arithmetic engine takes over and keeps what is wound
//! at least once. Every input and every result is checked here all the same; what fails is an error, never a mesh.
//!
//! A small tool on a large mesh works on the triangles around the tool only, see `local`.

pub(crate) mod clean;
pub(crate) mod engine;
mod local;

pub(crate) use local::solid_angle;

use meshing_surface::Mesh;
use meshing_volume::{Progress, Silent};

use crate::SolidError;
use crate::error::{is_closed, require_solid};

/// What to do with two solids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// What lies in either.
    Union,
    /// What lies in the first and not in the second.
    Difference,
    /// What lies in both.
    Intersection,
}

/// What lies in `a` or `b`, LPS mm.
///
/// # Errors
/// [`SolidError`]: an input that is no solid (empty, open, not a number, inside out, too large), or a result that fails its
/// check.
pub fn union(a: &Mesh, b: &Mesh) -> Result<Mesh, SolidError> {
    boolean(Op::Union, a, b, &Silent)
}

/// What lies in `a` and not in `b`, LPS mm. Without triangles if nothing remains.
///
/// # Errors
/// As [`union`].
pub fn difference(a: &Mesh, b: &Mesh) -> Result<Mesh, SolidError> {
    boolean(Op::Difference, a, b, &Silent)
}

/// What lies in `a` and `b`, LPS mm. Without triangles if they do not meet.
///
/// # Errors
/// As [`union`].
pub fn intersection(a: &Mesh, b: &Mesh) -> Result<Mesh, SolidError> {
    boolean(Op::Intersection, a, b, &Silent)
}

/// One boolean operation, LPS mm.
///
/// # Errors
/// As [`union`], or cancelled.
pub fn boolean(op: Op, a: &Mesh, b: &Mesh, progress: &dyn Progress) -> Result<Mesh, SolidError> {
    require_solid(a, "the first solid")?;
    require_solid(b, "the second solid")?;
    progress.step(1, 4)?;
    let made = checked(&unchecked(op, a.clone(), b)?)?;
    progress.step(4, 4)?;
    Ok(made)
}

/// `body` combined with each of `tools` in turn: what the recipes use, since the inputs are checked once and the result
/// once.
///
/// # Errors
/// As [`boolean`].
pub fn boolean_all(op: Op, body: &Mesh, tools: &[Mesh], progress: &dyn Progress) -> Result<Mesh, SolidError> {
    require_solid(body, "the body")?;
    for tool in tools {
        require_solid(tool, "the tool")?;
    }
    let mut made = body.clone();
    for (n, tool) in tools.iter().enumerate() {
        progress.step(n, tools.len() + 1)?;
        made = unchecked(op, made, tool)?;
    }
    let made = checked(&made)?;
    progress.step(1, 1)?;
    Ok(made)
}

/// One operation on solids known to be in order.
fn unchecked(op: Op, a: Mesh, b: &Mesh) -> Result<Mesh, SolidError> {
    if a.triangles.is_empty() {
        return Ok(if op == Op::Union { b.clone() } else { a });
    }
    match local::boolean(op, a, b) {
        Ok(made) => made,
        Err(a) => engine::boolean(op, &a, b),
    }
}

/// The result if it is a closed 2-manifold, without the triangles that would vanish in a print file.
fn checked(mesh: &Mesh) -> Result<Mesh, SolidError> {
    let mesh = mesh.compacted();
    let problems = mesh.check();
    if !is_closed(&problems) {
        return Err(SolidError::BadResult { problems: Box::new(problems) });
    }
    if problems.degenerate_triangles == 0 {
        return Ok(mesh);
    }
    let cleaned = clean::without_vanishing_edges(&mesh);
    Ok(if is_closed(&cleaned.check()) { cleaned } else { mesh })
}

/// The solid that the triangles enclose where they are wound at least once, for meshes that cross themselves.
///
/// # Errors
/// [`SolidError`]: not closed, nothing enclosed, or a result that fails its check.
pub fn resolve(mesh: &Mesh) -> Result<Mesh, SolidError> {
    if mesh.triangles.is_empty() {
        return Err(SolidError::Empty { what: "the mesh" });
    }
    let problems = mesh.check();
    if !is_closed(&problems) {
        return Err(SolidError::NotClosed { what: "the mesh", problems: Box::new(problems) });
    }
    checked(&engine::resolve(mesh)?)
}
