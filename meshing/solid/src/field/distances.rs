//! Distances from the nodes of a grid to the triangles near them.
//!
//! Each triangle is spread over the rows of nodes that it may reach, eight nodes at once; a node keeps the least squared
//! distance. Triangles are sorted into slabs of planes first, so that slabs are filled independently.

use glam::DVec3;
use meshing_space::{Lps, Point};
use meshing_surface::Mesh;
use meshing_volume::Grid;
use pulp::Arch;
use rayon::prelude::*;

use super::{MOST_NODES, winding};

/// Nodes looked at together.
const LANES: usize = 8;

/// A mesh sorted for filling.
pub(super) struct Prepared<'a> {
    mesh: &'a Mesh,
    /// Positions in nodes of the grid.
    nodes: Vec<DVec3>,
    size: [usize; 3],
    spacing: f64,
    /// The band in nodes.
    band: f64,
    depth: usize,
    /// Triangles of each slab, in order.
    start: Vec<u32>,
    triangles: Vec<u32>,
}

#[expect(
    clippy::inline_always,
    reason = "only what is inlined into the dispatched closure uses wide registers"
)]
impl<'a> Prepared<'a> {
    /// `depth` planes make a slab. `None` where the list of triangles of all slabs would be longer than [`MOST_NODES`].
    pub(super) fn new(mesh: &'a Mesh, grid: &Grid, band_mm: f64, depth: usize) -> Option<Self> {
        let (spacing, origin) = (grid.spacing_mm()[0], grid.origin().as_dvec3());
        let band = band_mm / spacing;
        let node = |p: &Point<Lps>| (p.as_dvec3() - origin) / spacing;
        let nodes: Vec<DVec3> = mesh.positions.par_iter().map(node).collect();
        let slabs = grid.size()[2].div_ceil(depth);
        let reach = |t: &[u32; 3]| {
            let [a, b, c] = t.map(|v| nodes[v as usize].z);
            let (low, high) = (a.min(b).min(c) - band, a.max(b).max(c) + band);
            // Casts saturate, so that what lies beside the grid falls to its first or last slab and is passed over there.
            let slab = |z: f64| ((z.max(0.0) / depth as f64) as usize).min(slabs - 1);
            slab(low)..=slab(high)
        };
        let entries = |t: &[u32; 3]| reach(t).count();
        if mesh.triangles.par_iter().map(entries).sum::<usize>() > MOST_NODES {
            return None;
        }
        let mut start = vec![0_u32; slabs + 1];
        for t in &mesh.triangles {
            for slab in reach(t) {
                start[slab + 1] += 1;
            }
        }
        for slab in 0..slabs {
            start[slab + 1] += start[slab];
        }
        let mut fill = start.clone();
        let mut triangles = vec![0; start[slabs] as usize];
        for (n, t) in mesh.triangles.iter().enumerate() {
            for slab in reach(t) {
                triangles[fill[slab] as usize] = n as u32;
                fill[slab] += 1;
            }
        }
        Some(Self { mesh, nodes, size: grid.size(), spacing, band, depth, start, triangles })
    }

    /// Fills the values of a slab, mm.
    pub(super) fn fill(&self, slab: usize, out: &mut [f32]) {
        let [si, sj, _] = self.size;
        let first = slab * self.depth;
        let planes = out.len() / (si * sj);
        // Rows are padded, so that every row of eight fits.
        let width = si.next_multiple_of(LANES) + LANES;
        let mut squared = vec![(self.band * self.band) as f32; width * sj * planes];
        let mut crossings = vec![0_i8; si * sj * planes];
        let mine = &self.triangles[self.start[slab] as usize..self.start[slab + 1] as usize];
        Arch::new().dispatch(|| {
            for &t in mine {
                self.spread(t, first, planes, width, &mut squared);
            }
        });
        for &t in mine {
            let triangle = self.mesh.triangles[t as usize];
            winding::cross(triangle, &self.nodes, self.size, first, planes, &mut crossings);
        }
        Arch::new().dispatch(|| {
            let rows =
                out.chunks_exact_mut(si).zip(squared.chunks_exact(width)).zip(crossings.chunks_exact(si));
            for ((out, squared), crossings) in rows {
                let mut inside = 0_i8;
                for (sign, crossing) in out.iter_mut().zip(crossings) {
                    inside = inside.wrapping_add(*crossing);
                    *sign = if inside > 0 { -1.0 } else { 1.0 };
                }
                for (value, squared) in out.iter_mut().zip(squared) {
                    *value *= squared.sqrt() * self.spacing as f32;
                }
            }
        });
    }

    /// Lowers the squared distances of the nodes around one triangle.
    #[inline(always)]
    fn spread(&self, t: u32, first: usize, planes: usize, width: usize, squared: &mut [f32]) {
        let [si, sj, _] = self.size;
        let corners = self.mesh.triangles[t as usize].map(|v| self.nodes[v as usize]);
        let [a, b, c] = corners;
        let low = a.min(b).min(c) - DVec3::splat(self.band);
        let high = a.max(b).max(c) + DVec3::splat(self.band);
        let clip = |x: f64, most: usize| x.clamp(0.0, most as f64) as usize;
        let (i0, j0, k0) = (low.x.ceil(), low.y.ceil(), low.z.ceil());
        if high.x < 0.0 || high.y < 0.0 || i0 > (si - 1) as f64 || j0 > (sj - 1) as f64 {
            return;
        }
        let (i0, i1) = (clip(i0, si - 1), clip(high.x.floor(), si - 1));
        let (j0, j1) = (clip(j0, sj - 1), clip(high.y.floor(), sj - 1));
        let k1 = high.z.floor();
        if k1 < first as f64 || k0 > (first + planes - 1) as f64 {
            return;
        }
        let (k0, k1) = (clip(k0, first + planes - 1).max(first), clip(k1, first + planes - 1));
        let base = DVec3::new(i0 as f64, j0 as f64, k0 as f64);
        let triangle = Triangle::new(corners.map(|p| p - base));
        // The plane of the triangle bounds the nodes of a row that it may reach.
        let normal = (b - a).cross(c - a).normalize_or_zero();
        let offset = normal.dot(a - base);
        let (y_low, y_high) = (a.y.min(b.y).min(c.y) - base.y, a.y.max(b.y).max(c.y) - base.y);
        let (z_low, z_high) = (a.z.min(b.z).min(c.z) - base.z, a.z.max(b.z).max(c.z) - base.z);
        let (x_low, x_high) = (a.x.min(b.x).min(c.x) - base.x, a.x.max(b.x).max(c.x) - base.x);
        for k in k0..=k1 {
            let z = (k - k0) as f64;
            let dz = (z_low - z).max(z - z_high).max(0.0);
            for j in j0..=j1 {
                let y = (j - j0) as f64;
                let dy = (y_low - y).max(y - y_high).max(0.0);
                let left = self.band * self.band - dy * dy - dz * dz;
                if left < 0.0 {
                    continue;
                }
                let left = left.sqrt();
                let (mut from, mut to) = (x_low - left, x_high + left);
                if normal.x.abs() > 1e-3 {
                    let middle = (offset - normal.y * y - normal.z * z) / normal.x;
                    let half = self.band / normal.x.abs();
                    (from, to) = (from.max(middle - half), to.min(middle + half));
                }
                let from = from.max(0.0) as usize;
                let to = to.min((i1 - i0) as f64);
                if to < from as f64 {
                    continue;
                }
                let row = ((k - first) * sj + j) * width + i0;
                let mut i = from;
                while i as f64 <= to {
                    if let Some(eight) = squared[row + i..].first_chunk_mut::<LANES>() {
                        triangle.lower(i as f32, y as f32, z as f32, eight);
                    }
                    i += LANES;
                }
            }
        }
    }
}

/// A triangle ready for distances: its corners, edges, and the planes through its edges across its face.
struct Triangle {
    corners: [[f32; 3]; 3],
    edges: [[f32; 3]; 3],
    inverse_squared: [f32; 3],
    across: [[f32; 3]; 3],
    normal: [f32; 3],
}

#[expect(
    clippy::inline_always,
    reason = "only what is inlined into the dispatched closure uses wide registers"
)]
impl Triangle {
    #[inline(always)]
    fn new(p: [DVec3; 3]) -> Self {
        let edges = [p[1] - p[0], p[2] - p[1], p[0] - p[2]];
        let normal = edges[0].cross(edges[1]).normalize_or_zero();
        let single = |v: DVec3| v.to_array().map(|x| x as f32);
        let inverse = |edge: DVec3| {
            let squared = edge.length_squared();
            if squared > 0.0 { (1.0 / squared) as f32 } else { 0.0 }
        };
        Self {
            corners: p.map(single),
            edges: edges.map(single),
            inverse_squared: edges.map(inverse),
            across: edges.map(|edge| single(normal.cross(edge))),
            normal: single(normal),
        }
    }

    /// Lowers eight squared distances, of the nodes from `x` on.
    #[inline(always)]
    fn lower(&self, x: f32, y: f32, z: f32, squared: &mut [f32; LANES]) {
        let mut best = [f32::INFINITY; LANES];
        let mut inside = [0.0_f32; LANES];
        for n in 0..3 {
            let ([cx, cy, cz], [ex, ey, ez], [ax, ay, az]) = (self.corners[n], self.edges[n], self.across[n]);
            let (dy, dz, inverse) = (y - cy, z - cz, self.inverse_squared[n]);
            let (rest, beside) = (ey * dy + ez * dz, ay * dy + az * dz);
            for lane in 0..LANES {
                let dx = x + lane as f32 - cx;
                let along = ((ex * dx + rest) * inverse).clamp(0.0, 1.0);
                let (px, py, pz) = (dx - along * ex, dy - along * ey, dz - along * ez);
                let edge = px * px + py * py + pz * pz;
                best[lane] = if edge < best[lane] { edge } else { best[lane] };
                // Counts the sides on which the node lies within.
                inside[lane] += if ax * dx + beside > 0.0 { 1.0 } else { 0.0 };
            }
        }
        let ([cx, cy, cz], [nx, ny, nz]) = (self.corners[0], self.normal);
        let rest = ny * (y - cy) + nz * (z - cz);
        for lane in 0..LANES {
            let height = nx * (x + lane as f32 - cx) + rest;
            let nearest = if inside[lane] > 2.5 { height * height } else { best[lane] };
            squared[lane] = if nearest < squared[lane] { nearest } else { squared[lane] };
        }
    }
}
