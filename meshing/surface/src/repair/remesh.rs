//! The last resort: a new surface where the winding number of the old one is one half.

use meshing_space::{Lps, Point, Vector};
use meshing_volume::{Grid, Part, Progress, Volume, VolumeMeta, Voxels};
use rayon::prelude::*;

use super::RepairError;
use crate::distance::{Bounds, DistanceTo, centroid, morton};
use crate::{Mesh, isosurface};

/// The most voxels; a finer resolution is made coarser.
const MOST_VOXELS: f64 = 3.0e7;
/// Voxels around the mesh, and how far from the surface distances are kept, voxels.
const MARGIN: f64 = 2.5;
const BAND: f64 = 2.0;
/// Triangles in a leaf.
const LEAF: usize = 8;
/// A node this many of its radii away counts as one dipole (Barill et al. 2018 use 2).
const FAR: f64 = 2.3;

/// The closed surface around everything that the triangles wind about, and the voxel edge that was used, mm.
pub(super) fn remesh(
    mesh: &Mesh,
    resolution_mm: Option<f64>,
    progress: &dyn Progress,
) -> Result<(Mesh, f64), RepairError> {
    let bounds = mesh.compacted().bounds().ok_or(RepairError::Empty)?;
    let edges = (0..mesh.triangles.len()).map(|t| mesh.corners(t)).map(|[a, b, _]| a.distance(b));
    let mean = edges.sum::<f64>() / mesh.triangles.len().max(1) as f64;
    let extent = bounds.size().to_array();
    let longest = extent.into_iter().fold(0.0, f64::max);
    if longest <= 0.0 {
        return Err(RepairError::NoSolid);
    }
    let mut step = resolution_mm.unwrap_or(mean / 1.5).clamp(longest / 2000.0, longest / 4.0);
    let voxels =
        |step: f64| extent.map(|x| (x / step + 2.0 * MARGIN).ceil() + 1.0).into_iter().product::<f64>();
    while voxels(step) > MOST_VOXELS {
        step *= 1.1;
    }
    let size = extent.map(|x| (x / step + 2.0 * MARGIN).ceil() as usize + 1);
    let origin = bounds.min - Vector::new(1.0, 1.0, 1.0) * (MARGIN * step);
    let grid = Grid::axis_aligned(size, origin, [step; 3]).map_err(|_bad_grid| RepairError::NoSolid)?;
    let (distance, winding) = (DistanceTo::new(mesh), Winding::new(mesh));
    let mut field = vec![0.0_f32; grid.len()];
    let band = BAND * step;
    // One slice after another, so that a person can stop it; the rows of a slice side by side.
    for (k, slice) in field.chunks_mut(size[0] * size[1]).enumerate() {
        progress.step(k, size[2])?;
        slice.par_chunks_mut(size[0]).enumerate().for_each(|(j, row)| {
            let (mut near, mut i) = (0, 0);
            while i < row.len() {
                let at = origin + Vector::new(i as f64, j as f64, k as f64) * step;
                let far = distance.distance_between(at, 0.0, f64::INFINITY, &mut near);
                let sign = if winding.at(at) >= 0.5 { 1.0 } else { -1.0 };
                // As far as the surface is away nothing changes.
                let reach = if far > band { ((far - band) / step) as usize + 1 } else { 1 };
                let end = (i + reach).min(row.len());
                row[i..end].fill((sign * far.min(band)) as f32);
                i = end;
            }
        });
    }
    let volume = Volume::new(grid, Voxels::F32(field), VolumeMeta::default())
        .map_err(|_wrong_size| RepairError::NoSolid)?;
    progress.step(9, 10)?;
    let made = isosurface(&volume, 0.0);
    Part::new(progress, 0.9, 1.0).step(1, 1)?;
    if made.triangles.is_empty() { Err(RepairError::NoSolid) } else { Ok((made, step)) }
}

/// Triangles prepared for winding numbers: a tree in which what is far away counts as one dipole.
struct Winding {
    corners: Vec<[Point<Lps>; 3]>,
    nodes: Vec<Node>,
    leaves: usize,
}

#[derive(Clone, Copy)]
struct Node {
    bounds: Bounds,
    /// Middle by area, radius about it, and the sum of area normals.
    middle: Point<Lps>,
    area: f64,
    radius: f64,
    normal: Vector<Lps>,
}

impl Winding {
    fn new(mesh: &Mesh) -> Self {
        let whole = Bounds::around(mesh.triangles.as_flattened().iter().map(|&v| mesh.positions[v as usize]));
        let mut order: Vec<(u64, u32)> = (0..mesh.triangles.len())
            .map(|t| (morton(centroid(mesh.corners(t)), &whole), t as u32))
            .collect();
        order.sort_unstable();
        let corners: Vec<[Point<Lps>; 3]> = order.iter().map(|&(_, t)| mesh.corners(t as usize)).collect();
        let leaves = corners.len().div_ceil(LEAF).next_power_of_two();
        let empty = Node {
            bounds: Bounds::EMPTY,
            middle: Point::origin(),
            area: 0.0,
            radius: 0.0,
            normal: Vector::zero(),
        };
        let mut nodes = vec![empty; 2 * leaves];
        for (node, leaf) in nodes[leaves..].iter_mut().zip(corners.chunks(LEAF)) {
            let mut sum = Vector::zero();
            for &[a, b, c] in leaf {
                let normal = (b - a).cross(c - a) / 2.0;
                node.normal += normal;
                node.area += normal.length();
                sum += (centroid([a, b, c]) - Point::origin()) * normal.length();
            }
            node.bounds = Bounds::around(leaf.iter().flatten().copied());
            node.middle = Point::origin() + sum / node.area.max(f64::MIN_POSITIVE);
        }
        for n in (1..leaves).rev() {
            let [a, b] = [nodes[2 * n], nodes[2 * n + 1]];
            let area = a.area + b.area;
            let part = if area > 0.0 { b.area / area } else { 0.0 };
            nodes[n] = Node {
                bounds: a.bounds.join(b.bounds),
                middle: a.middle.lerp(b.middle, part),
                area,
                radius: 0.0,
                normal: a.normal + b.normal,
            };
        }
        for node in &mut nodes {
            node.radius = node.bounds.farthest(node.middle);
        }
        Self { corners, nodes, leaves }
    }

    /// The generalised winding number at a point: 1 inside a closed surface, 0 outside, between where it is open.
    fn at(&self, p: Point<Lps>) -> f64 {
        let mut angle = 0.0;
        let mut open = [0_usize; 64];
        open[0] = 1;
        let mut count = 1;
        while count > 0 {
            count -= 1;
            let n = open[count];
            let node = &self.nodes[n];
            if node.area <= 0.0 {
                continue;
            }
            let to = node.middle - p;
            let far = to.length();
            if far > FAR * node.radius {
                angle += node.normal.dot(to) / (far * far * far);
            } else if n < self.leaves {
                // The tree is at most 32 deep, so the stack holds.
                open[count] = 2 * n;
                open[count + 1] = 2 * n + 1;
                count += 2;
            } else {
                let first = (n - self.leaves) * LEAF;
                let last = (first + LEAF).min(self.corners.len());
                angle += self.corners[first..last].iter().map(|t| solid_angle(*t, p)).sum::<f64>();
            }
        }
        angle / (4.0 * core::f64::consts::PI)
    }
}

/// The solid angle under which a triangle is seen (van Oosterom & Strackee 1983).
fn solid_angle(t: [Point<Lps>; 3], p: Point<Lps>) -> f64 {
    let [a, b, c] = t.map(|corner| corner - p);
    let [x, y, z] = [a, b, c].map(Vector::length);
    let above = a.dot(b.cross(c));
    let below = x * y * z + a.dot(b) * z + b.dot(c) * x + c.dot(a) * y;
    2.0 * above.atan2(below)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::tests::tetrahedron;

    #[test]
    fn the_winding_number_is_one_inside_and_none_outside() {
        let winding = Winding::new(&tetrahedron());
        assert!((winding.at(Point::new(0.2, 0.2, 0.2)) - 1.0).abs() < 1e-9);
        assert!(winding.at(Point::new(0.5, 0.5, 0.5)).abs() < 1e-9);
        assert!(winding.at(Point::new(9.0, -3.0, 0.5)).abs() < 1e-3);
        let mut open = tetrahedron();
        open.triangles.pop();
        let half = Winding::new(&open).at(Point::new(0.25, 0.25, 0.25));
        assert!(half > 0.5 && half < 1.0, "{half}");
    }
}
