//! Twin of mesh.wgsl.

use meshing_space::{Lps, Point, Vector};

use super::{Ray, lit};
use crate::look::linear_from_srgb;
use crate::mesh_buffers::vertex_normals;
use crate::{ClipPlanes, MeshError, Shading};

/// An opaque surface of plain data.
#[derive(Clone, Debug)]
pub struct MeshTwin<'a> {
    positions: &'a [Point<Lps>],
    triangles: &'a [[u32; 3]],
    normals: Vec<Vector<Lps>>,
    colour: [f64; 3],
    shading: Shading,
}

impl<'a> MeshTwin<'a> {
    /// Triangles of one sRGB colour.
    pub fn new(
        positions: &'a [Point<Lps>],
        triangles: &'a [[u32; 3]],
        colour: [f32; 3],
        shading: Shading,
    ) -> Result<Self, MeshError> {
        let normals = vertex_normals(positions, triangles)?;
        let colour = colour.map(|c| f64::from(linear_from_srgb(c)));
        Ok(Self { positions, triangles, normals, colour, shading })
    }
}

/// Where a ray meets something opaque, and its linear colour there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// From the ray's start.
    pub distance_mm: f64,
    /// Linear red, green, blue.
    pub colour: [f64; 3],
}

/// The nearest place at which a ray meets a surface that the clip planes keep.
pub fn mesh(ray: &Ray, mesh: &MeshTwin<'_>, clip: &ClipPlanes) -> Option<Hit> {
    let mut nearest: Option<(f64, Vector<Lps>)> = None;
    for t in mesh.triangles {
        let corners = t.map(|i| mesh.positions[i as usize]);
        let Some((mm, [u, v, w])) = meet(ray, corners) else { continue };
        if nearest.is_none_or(|(n, _)| mm < n) && clip.keeps(ray.at(mm)) {
            let [a, b, c] = t.map(|i| mesh.normals[i as usize]);
            nearest = Some((mm, a * u + b * v + c * w));
        }
    }
    nearest.map(|(distance_mm, n)| Hit { distance_mm, colour: lit(mesh.colour, n, ray, &mesh.shading) })
}

/// Distance and barycentric weights of a ray in a triangle (Möller and Trumbore 1997).
fn meet(ray: &Ray, [a, b, c]: [Point<Lps>; 3]) -> Option<(f64, [f64; 3])> {
    let (ab, ac, from_a) = (b - a, c - a, ray.start - a);
    let p = ray.direction.cross(ac);
    let determinant = ab.dot(p);
    if determinant.abs() < 1e-12 {
        return None;
    }
    let v = from_a.dot(p) / determinant;
    let q = from_a.cross(ab);
    let w = ray.direction.dot(q) / determinant;
    let mm = ac.dot(q) / determinant;
    (v >= 0.0 && w >= 0.0 && v + w <= 1.0 && mm > 0.0).then_some((mm, [1.0 - v - w, v, w]))
}
