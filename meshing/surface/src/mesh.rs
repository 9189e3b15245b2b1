//! A triangle mesh in patient space.

use meshing_space::{Aabb, Lps, Point, Vector};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::topology::{Corners, Parts};

/// A triangle mesh: positions in LPS millimetres, triangles as three indices into them, counter-clockwise seen from
/// outside (the right-hand normal points out of the anatomy).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mesh {
    /// Vertex positions, LPS mm.
    pub positions: Vec<Point<Lps>>,
    /// Triangles, indices into `positions`.
    pub triangles: Vec<[u32; 3]>,
}

/// What is wrong with a mesh, counted. All zero for a mesh that may be printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeshProblems {
    /// Triangles that name a vertex which does not exist, or a vertex whose position is not finite.
    pub invalid_triangles: usize,
    /// Triangles with two equal corners, compared as the 32-bit floats that a print file holds.
    pub degenerate_triangles: usize,
    /// Triangles that occur again, in either winding (each further one counts).
    pub duplicate_triangles: usize,
    /// Edges of one triangle only: the rim of a hole.
    pub open_edges: usize,
    /// Edges of more than two triangles.
    pub non_manifold_edges: usize,
    /// Edges of two triangles that run along it in the same sense: one of them is inside out.
    pub inconsistent_edges: usize,
    /// Vertices whose triangles form more than one fan.
    pub non_manifold_vertices: usize,
    /// Pairs of used vertices that become one point as 32-bit floats.
    pub coincident_vertices: usize,
}

impl MeshProblems {
    /// True if nothing was found: closed, oriented, 2-manifold, and still so as 32-bit floats.
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

impl Mesh {
    /// Adds the vertices and triangles of another mesh; nothing is joined.
    ///
    /// # Panics
    /// If there are more than 2³² vertices then.
    pub fn append(&mut self, other: &Self) {
        let first = u32::try_from(self.positions.len()).expect("vertices are numbered in 32 bits");
        self.positions.extend_from_slice(&other.positions);
        self.triangles.extend(other.triangles.iter().map(|t| t.map(|v| v + first)));
    }

    /// The three corners of triangle `t`.
    ///
    /// # Panics
    /// If the triangle or one of its vertices does not exist.
    pub fn corners(&self, t: usize) -> [Point<Lps>; 3] {
        self.triangles[t].map(|v| self.positions[v as usize])
    }

    /// The box around all positions; `None` for a mesh without vertices.
    pub fn bounds(&self) -> Option<Aabb<Lps>> {
        Aabb::from_points(self.positions.iter().copied())
    }

    /// Unit normals of the vertices, pointing out: the mean of the triangles around, weighted by their area.
    ///
    /// A vertex without triangles gets the zero vector.
    pub fn normals(&self) -> Vec<Vector<Lps>> {
        let mut sums = vec![Vector::zero(); self.positions.len()];
        for &triangle in &self.triangles {
            let [a, b, c] = triangle.map(|v| self.positions[v as usize]);
            let doubled_area = (b - a).cross(c - a);
            for v in triangle {
                sums[v as usize] += doubled_area;
            }
        }
        sums.into_par_iter().map(|sum| sum.normalized().unwrap_or_default()).collect()
    }

    /// Counts everything that keeps this mesh from being a closed, oriented 2-manifold, see [`MeshProblems`].
    pub fn check(&self) -> MeshProblems {
        let invalid = self.triangles.iter().filter(|t| !self.is_valid(**t)).count();
        if invalid > 0 {
            let triangles = self.triangles.iter().copied().filter(|t| self.is_valid(*t)).collect();
            let valid = Self { positions: self.positions.clone(), triangles };
            return MeshProblems { invalid_triangles: invalid, ..valid.check() };
        }
        let corners = Corners::new(self.positions.len(), &self.triangles);
        let mut problems = corners.problems(&self.triangles);
        let rounded: Vec<[u32; 3]> = self.positions.par_iter().map(|p| f32_bits(*p)).collect();
        problems.degenerate_triangles = self
            .triangles
            .par_iter()
            .filter(|t| {
                let [a, b, c] = t.map(|v| rounded[v as usize]);
                a == b || b == c || c == a
            })
            .count();
        let mut used: Vec<[u32; 3]> = (0..self.positions.len())
            .into_par_iter()
            .filter(|&v| corners.degree(v) > 0)
            .map(|v| rounded[v])
            .collect();
        used.par_sort_unstable();
        problems.coincident_vertices = used.par_windows(2).filter(|w| w[0] == w[1]).count();
        problems
    }

    /// The number of connected parts (triangles joined through vertices).
    pub fn parts(&self) -> usize {
        Parts::of(self).count()
    }

    /// Drops vertices that no triangle uses and renumbers, keeping the order.
    #[must_use]
    pub fn compacted(&self) -> Self {
        let mut index = vec![u32::MAX; self.positions.len()];
        for &v in self.triangles.iter().flatten() {
            index[v as usize] = 0;
        }
        let mut positions = Vec::new();
        for (position, slot) in self.positions.iter().zip(&mut index) {
            if *slot == 0 {
                *slot = positions.len() as u32;
                positions.push(*position);
            }
        }
        let triangles = self.triangles.iter().map(|t| t.map(|v| index[v as usize])).collect();
        Self { positions, triangles }
    }

    pub(crate) fn is_valid(&self, triangle: [u32; 3]) -> bool {
        triangle.iter().all(|&v| self.positions.get(v as usize).is_some_and(|p| p.is_finite()))
    }
}

/// The bits of a position as 32-bit floats, with one zero only.
pub(crate) fn f32_bits(p: Point<Lps>) -> [u32; 3] {
    p.to_array().map(|x| (x as f32 + 0.0).to_bits())
}

impl Mesh {
    /// The same triangles in an order that suits the vertex cache of a graphics device (meshopt).
    pub fn drawing_order(&self) -> Vec<[u32; 3]> {
        let indices = meshopt::optimize_vertex_cache(self.triangles.as_flattened(), self.positions.len());
        indices.as_chunks::<3>().0.to_vec()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A closed tetrahedron with outward winding; legs of 1 mm along the axes from the origin.
    pub(crate) fn tetrahedron() -> Mesh {
        let positions =
            [[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(Point::from_array).to_vec();
        Mesh { positions, triangles: vec![[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]] }
    }

    #[test]
    fn drawing_order_keeps_every_triangle_and_its_side() {
        let mesh = tetrahedron();
        let turned = |t: &[u32; 3]| {
            let first = (0..3).min_by_key(|&n| t[n]).expect("three corners");
            [t[first], t[(first + 1) % 3], t[(first + 2) % 3]]
        };
        let sorted = |triangles: &[[u32; 3]]| {
            let mut all: Vec<_> = triangles.iter().map(turned).collect();
            all.sort_unstable();
            all
        };
        assert_eq!(sorted(&mesh.drawing_order()), sorted(&mesh.triangles));
    }

    #[test]
    fn a_tetrahedron_is_clean() {
        assert_eq!(tetrahedron().check(), MeshProblems::default());
        let normals = tetrahedron().normals();
        assert!((normals[0].dot(Vector::new(-1.0, -1.0, -1.0)) - 3.0_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn each_fault_is_counted_under_its_name() {
        let mut open = tetrahedron();
        open.triangles.pop();
        assert_eq!(open.check().open_edges, 3);

        let mut flipped = tetrahedron();
        flipped.triangles[3] = [1, 3, 2];
        assert_eq!(flipped.check().inconsistent_edges, 3);

        let mut twice = tetrahedron();
        twice.triangles.push([2, 3, 1]);
        let problems = twice.check();
        assert_eq!((problems.duplicate_triangles, problems.non_manifold_edges), (1, 3));

        let mut missing = tetrahedron();
        missing.triangles[0] = [0, 2, 9];
        assert_eq!((missing.check().invalid_triangles, missing.check().open_edges), (1, 3));

        let mut nan = tetrahedron();
        nan.positions[3] = Point::new(f64::NAN, 0.0, 0.0);
        assert_eq!(nan.check().invalid_triangles, 3);

        let mut thin = tetrahedron();
        thin.positions[3] = Point::new(1e-60, 0.0, 0.0);
        let problems = thin.check();
        assert_eq!((problems.degenerate_triangles, problems.coincident_vertices), (2, 1));
    }

    #[test]
    fn two_bodies_sharing_a_vertex_are_not_a_manifold() {
        let (mut both, second) = (tetrahedron(), tetrahedron());
        let index = |v: u32| if v == 0 { 0 } else { v + 3 };
        both.positions.extend(second.positions[1..].iter().map(|p| Point::origin() - (*p - Point::origin())));
        // The point reflection turns the second body inside out, so its winding is turned back.
        both.triangles.extend(second.triangles.iter().map(|&[a, b, c]| [index(a), index(c), index(b)]));
        let problems = both.check();
        assert_eq!(problems, MeshProblems { non_manifold_vertices: 1, ..MeshProblems::default() });
    }

    #[test]
    fn unused_vertices_can_be_dropped() {
        let mut mesh = tetrahedron();
        mesh.positions.insert(1, Point::new(9.0, 9.0, 9.0));
        for v in mesh.triangles.iter_mut().flatten() {
            *v += u32::from(*v > 0);
        }
        assert_eq!(mesh.compacted(), tetrahedron());
    }
}
