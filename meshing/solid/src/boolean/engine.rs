//! Meshes into the engine and back.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use glam::DVec3;
use manifold_rust::manifold::Manifold;
use manifold_rust::types::{BooleanEngine, Error, MeshGLP, OpType, WindingRule};
use meshing_space::Point;
use meshing_surface::Mesh;
use meshing_volume::Words;

use super::Op;
use crate::SolidError;

/// Triangles up to which an input is searched for crossings of itself, which take the exact-arithmetic engine. Larger
/// meshes are anatomy from an isosurface, which cannot cross itself, and the search would cost more than the boolean.
const SEARCHED: usize = 20_000;

/// The whole of both solids through the engine.
pub(super) fn boolean(op: Op, a: &Mesh, b: &Mesh) -> Result<Mesh, SolidError> {
    let shift = middle(&[a, b]);
    let made = run(op, &simple(a, shift)?, &simple(b, shift)?)?;
    Ok(restored(export(&made), &[a, b], shift))
}

/// The solid, resolved first if it crosses itself.
pub(super) fn simple(mesh: &Mesh, shift: DVec3) -> Result<Manifold, SolidError> {
    if mesh.triangles.len() <= SEARCHED {
        let loose = import_loose(mesh, shift)?;
        if loose.has_self_intersections() {
            return rebuilt(&loose);
        }
    }
    import(mesh, shift)
}

/// What the triangles enclose where they are wound at least once.
fn rebuilt(loose: &Manifold) -> Result<Manifold, SolidError> {
    let made = guarded(|| loose.rebuild_solid(WindingRule::Positive))?;
    // Read in anew, because the engine remembers which triangles lay in one face, and draws them together even where the
    // rebuilding turned some of them over.
    let (positions, triangles) = export(&made);
    import_raw(positions.iter().flat_map(DVec3::to_array).collect(), triangles.into_flattened())
}

/// One operation on solids that do not cross themselves.
pub(super) fn run(op: Op, a: &Manifold, b: &Manifold) -> Result<Manifold, SolidError> {
    let op = match op {
        Op::Union => OpType::Add,
        Op::Difference => OpType::Subtract,
        Op::Intersection => OpType::Intersect,
    };
    guarded(|| a.boolean_with_engine(b, op, BooleanEngine::Exact))
}

/// The region wound at least once.
pub(super) fn resolve(mesh: &Mesh) -> Result<Mesh, SolidError> {
    let shift = middle(&[mesh]);
    let made = rebuilt(&import_loose(mesh, shift)?)?;
    Ok(restored(export(&made), &[mesh], shift))
}

/// Calls the engine; what it reports or panics about becomes an error.
fn guarded(run: impl FnOnce() -> Manifold) -> Result<Manifold, SolidError> {
    let made = catch_unwind(AssertUnwindSafe(run))
        .map_err(|_panic| failed("it met geometry that it cannot handle", "遇到无法处理的几何"))?;
    match made.status() {
        Error::NoError => Ok(made),
        // Its own names, which are English.
        status => Err(failed(status.to_str(), format!("状态 {}", status.to_str()))),
    }
}

fn failed(en: &str, zh: impl Into<String>) -> SolidError {
    SolidError::Engine(Words::new(en, zh))
}

/// The middle of the boxes around meshes, in whole millimetres so that moving there and back is exact for values from
/// scans: the engine's tolerance grows with the distance from the origin.
pub(super) fn middle(meshes: &[&Mesh]) -> DVec3 {
    let boxes = meshes.iter().filter_map(|mesh| mesh.bounds());
    boxes.reduce(meshing_space::Aabb::union).map_or(DVec3::ZERO, |b| b.center().as_dvec3().round())
}

/// A mesh as the engine holds it, moved by `-shift`.
pub(super) fn import(mesh: &Mesh, shift: DVec3) -> Result<Manifold, SolidError> {
    let positions = mesh.positions.iter().map(|p| p.as_dvec3() - shift);
    import_raw(positions.flat_map(|p| p.to_array()).collect(), mesh.triangles.as_flattened().to_vec())
}

/// A mesh as loose triangles: importing a closed one flattens folds before anyone could look at them.
fn import_loose(mesh: &Mesh, shift: DVec3) -> Result<Manifold, SolidError> {
    let at: Vec<DVec3> = mesh.positions.iter().map(|p| p.as_dvec3() - shift).collect();
    let triangles = without_flat(&at, &mesh.triangles);
    let corners = triangles.as_flattened();
    let given = MeshGLP::<f64, u32> {
        num_prop: 3,
        vert_properties: corners.iter().flat_map(|&v| at[v as usize].to_array()).collect(),
        tri_verts: (0..corners.len() as u32).collect(),
        ..MeshGLP::default()
    };
    guarded(|| Manifold::from_mesh_glp_robust(&given)).or_else(|_| import(mesh, shift))
}

/// The same surface without triangles whose corners lie on one line: such a one gives its middle corner to the neighbour
/// along its longest side. The exact engine drops them otherwise, and misses their sides.
fn without_flat(at: &[DVec3], triangles: &[[u32; 3]]) -> Vec<[u32; 3]> {
    let mut triangles = triangles.to_vec();
    let is_flat = |&[a, b, c]: &[u32; 3]| {
        let [a, b, c] = [a, b, c].map(|v| at[v as usize]);
        let (u, v) = (b - a, c - a);
        a != b && b != c && c != a && u.cross(v).length() <= 1e-14 * u.length().max(v.length()).powi(2)
    };
    for _ in 0..triangles.len() {
        let Some(flat) = triangles.iter().position(is_flat) else { break };
        let [a, b, c] = triangles[flat];
        let length = |p: u32, q: u32| at[p as usize].distance_squared(at[q as usize]);
        let longest = [(length(c, a), [a, b, c]), (length(a, b), [b, c, a]), (length(b, c), [c, a, b])];
        let Some((_, [a, b, c])) = longest.into_iter().max_by(|x, y| x.0.total_cmp(&y.0)) else { break };
        let other = triangles.iter().enumerate().find_map(|(t, &[p, q, r])| {
            let across = [[p, q, r], [q, r, p], [r, p, q]].into_iter().find(|s| s[0] == a && s[1] == c)?;
            (t != flat).then_some((t, across[2]))
        });
        let Some((other, d)) = other else { break };
        triangles[flat] = [a, b, d];
        triangles[other] = [b, c, d];
    }
    triangles
}

pub(super) fn import_raw(positions: Vec<f64>, indices: Vec<u32>) -> Result<Manifold, SolidError> {
    let given = MeshGLP::<f64, u32> {
        num_prop: 3,
        vert_properties: positions,
        tri_verts: indices,
        ..MeshGLP::default()
    };
    guarded(|| Manifold::from_mesh_glp(&given))
}

/// Positions (not moved back) and triangles.
pub(crate) fn export(solid: &Manifold) -> (Vec<DVec3>, Vec<[u32; 3]>) {
    let made: MeshGLP<f64, u32> = solid.get_mesh_glp(-1);
    // Vertices that the engine split for properties are told apart by index only; there are none without properties.
    let stride = (made.num_prop as usize).max(3);
    let positions = made.vert_properties.chunks_exact(stride).map(|p| DVec3::new(p[0], p[1], p[2])).collect();
    (positions, made.tri_verts.as_chunks::<3>().0.to_vec())
}

/// Moves a result back; vertices that an input had get their old position to the last bit.
fn restored(made: (Vec<DVec3>, Vec<[u32; 3]>), inputs: &[&Mesh], shift: DVec3) -> Mesh {
    let known: HashMap<[u64; 3], Point<_>> =
        inputs.iter().flat_map(|mesh| &mesh.positions).map(|p| (bits(p.as_dvec3() - shift), *p)).collect();
    let back = |p: DVec3| known.get(&bits(p)).copied().unwrap_or(Point::from_dvec3(p + shift));
    Mesh { positions: made.0.into_iter().map(back).collect(), triangles: made.1 }
}

/// A position as a key, with one zero only.
pub(super) fn bits(p: DVec3) -> [u64; 3] {
    p.to_array().map(|x| (x + 0.0).to_bits())
}
