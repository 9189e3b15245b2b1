//! Bodies of which everything is known, for tests.

use std::collections::BTreeMap;

use meshing_space::{Point, Vector};

use crate::Mesh;

/// A ball about the origin: an octahedron, each triangle cut into four so many times, vertices on the sphere.
pub(crate) fn ball(radius_mm: f64, cuts: usize) -> Mesh {
    let mut directions: Vec<Vector<_>> = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
        .into_iter()
        .flat_map(|axis| [Vector::from_array(axis), Vector::from_array(axis.map(|x| -x))])
        .collect();
    let mut triangles: Vec<[u32; 3]> =
        vec![[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]];
    for _ in 0..cuts {
        let mut middles: BTreeMap<[u32; 2], u32> = BTreeMap::new();
        let mut middle = |a: u32, b: u32| {
            *middles.entry([a.min(b), a.max(b)]).or_insert_with(|| {
                let sum = directions[a as usize] + directions[b as usize];
                directions.push(sum.normalized().expect("never opposite"));
                directions.len() as u32 - 1
            })
        };
        triangles = triangles
            .iter()
            .flat_map(|&[a, b, c]| {
                let [x, y, z] = [middle(a, b), middle(b, c), middle(c, a)];
                [[a, x, z], [x, b, y], [z, y, c], [x, y, z]]
            })
            .collect();
    }
    Mesh { positions: directions.iter().map(|d| Point::origin() + *d * radius_mm).collect(), triangles }
}

/// A ring about the z axis: `around` by `along` vertices on a torus.
pub(crate) fn ring(large_mm: f64, small_mm: f64, around: u32, along: u32) -> Mesh {
    let turn = |n: u32, of: u32| core::f64::consts::TAU * f64::from(n) / f64::from(of);
    let mut mesh = Mesh::default();
    for u in 0..around {
        for v in 0..along {
            let (p, q) = (turn(u, around), turn(v, along));
            let out = large_mm + small_mm * q.cos();
            mesh.positions.push(Point::new(out * p.cos(), out * p.sin(), small_mm * q.sin()));
            let at = |u: u32, v: u32| u % around * along + v % along;
            let [a, b, c, d] = [at(u, v), at(u + 1, v), at(u + 1, v + 1), at(u, v + 1)];
            mesh.triangles.extend([[a, b, c], [a, c, d]]);
        }
    }
    mesh
}

/// A block with one corner at the origin.
pub(crate) fn block(size_mm: [f64; 3]) -> Mesh {
    let corner = |n: usize| Point::from_array([0, 1, 2].map(|axis| size_mm[axis] * (n >> axis & 1) as f64));
    let triangles = [[0, 2, 3], [0, 3, 1], [4, 5, 7], [4, 7, 6], [0, 1, 5], [0, 5, 4]];
    let rest = [[2, 6, 7], [2, 7, 3], [0, 4, 6], [0, 6, 2], [1, 3, 7], [1, 7, 5]];
    Mesh { positions: (0..8).map(corner).collect(), triangles: [triangles, rest].concat() }
}
