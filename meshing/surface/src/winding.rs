//! Winding numbers: how often a surface goes around a point, also where it is torn.

use meshing_space::{Lps, Point, Vector};

use crate::Mesh;
use crate::distance::{Bounds, centroid, morton};

/// Triangles in a leaf.
const LEAF: usize = 8;
/// A node this many of its radii away counts as one dipole (Barill et al. 2018 use 2).
const FAR: f64 = 2.3;

/// Triangles prepared for winding numbers: a tree in which what is far away counts as one dipole.
pub(crate) struct Winding {
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
    pub(crate) fn new(mesh: &Mesh) -> Self {
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
    pub(crate) fn at(&self, p: Point<Lps>) -> f64 {
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
