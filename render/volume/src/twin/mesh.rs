//! Twin of mesh.wgsl and mesh_layer.wgsl.

use meshing_space::{Lps, Point, Vector};

use super::{Layer, Ray, lit};
use crate::look::linear_from_srgb;
use crate::mesh_buffers::vertex_normals;
use crate::{ClipPlanes, FigureMap, MeshError, Outline, Shading};

/// A surface of plain data.
#[derive(Clone, Debug)]
pub struct MeshTwin<'a> {
    positions: &'a [Point<Lps>],
    triangles: &'a [[u32; 3]],
    normals: Vec<Vector<Lps>>,
    colour: [f64; 3],
    opacity: f64,
    map: Option<(&'a FigureMap, &'a [Option<f64>])>,
    shading: Shading,
    outline: Option<Outline>,
}

impl<'a> MeshTwin<'a> {
    /// Opaque triangles of one sRGB colour.
    pub fn new(
        positions: &'a [Point<Lps>],
        triangles: &'a [[u32; 3]],
        colour: [f32; 3],
        shading: Shading,
    ) -> Result<Self, MeshError> {
        let normals = vertex_normals(positions, triangles)?;
        let colour = colour.map(|c| f64::from(linear_from_srgb(c)));
        Ok(Self { positions, triangles, normals, colour, opacity: 1.0, map: None, shading, outline: None })
    }

    /// The same surface of another opacity; below 1 it is a layer.
    #[must_use]
    pub fn with_opacity(self, opacity: f32) -> Self {
        Self { opacity: f64::from(opacity), ..self }
    }

    /// The same surface in the colours of a figure for each vertex.
    #[must_use]
    pub fn with_map(self, map: &'a FigureMap, figures: &'a [Option<f64>]) -> Self {
        Self { map: Some((map, figures)), ..self }
    }

    /// The same surface with a line around it.
    #[must_use]
    pub fn with_outline(self, outline: Outline) -> Self {
        Self { outline: Some(outline), ..self }
    }

    pub(super) const fn outline(&self) -> Option<Outline> {
        self.outline
    }

    /// Whether it is opaque.
    pub(super) const fn opaque(&self) -> bool {
        self.opacity >= 1.0
    }

    /// Every place at which a ray meets the surface where the clip planes keep it.
    fn hits(&self, ray: &Ray, clip: &ClipPlanes) -> Vec<Hit> {
        let met = self.triangles.iter().filter_map(|t| {
            let (distance_mm, weights) = meet(ray, t.map(|i| self.positions[i as usize]))?;
            clip.keeps(ray.at(distance_mm)).then(|| {
                let [a, b, c] = t.map(|i| self.normals[i as usize]);
                let [u, v, w] = weights;
                let colour = lit(self.base(t, weights), a * u + b * v + c * w, ray, &self.shading);
                Hit { distance_mm, colour }
            })
        });
        met.collect()
    }

    /// The unlit colour of a place in a triangle.
    fn base(&self, triangle: &[u32; 3], weights: [f64; 3]) -> [f64; 3] {
        let Some((map, figures)) = self.map else { return self.colour };
        let sum: Option<f64> =
            triangle.iter().zip(weights).map(|(&i, w)| Some(figures[i as usize]? * w)).sum();
        map.colour(sum).map(|c| f64::from(linear_from_srgb(f32::from(c) / 255.0)))
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
    mesh.hits(ray, clip).into_iter().min_by(|a, b| a.distance_mm.total_cmp(&b.distance_mm))
}

/// Every place at which a ray meets a translucent surface.
pub fn mesh_layers(ray: &Ray, mesh: &MeshTwin<'_>, clip: &ClipPlanes) -> Vec<Layer> {
    // the layers hold colours of a picture, up to 1
    let light = |c: f64| (c * mesh.opacity).min(1.0);
    let layer = |hit: Hit| {
        let [r, g, b] = hit.colour.map(light);
        Layer { distance_mm: hit.distance_mm, colour: [r, g, b, mesh.opacity] }
    };
    mesh.hits(ray, clip).into_iter().map(layer).collect()
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
