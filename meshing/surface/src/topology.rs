//! Which triangles meet where: the tables behind the checks.

use rayon::prelude::*;

use crate::{Mesh, MeshProblems};

/// For each vertex, the (next, previous) corners of its triangles, in compressed rows.
#[derive(Debug)]
pub(crate) struct Corners {
    start: Vec<usize>,
    around: Vec<(u32, u32)>,
}

impl Corners {
    /// Collects the corners; every index must be below `vertices`.
    pub(crate) fn new(vertices: usize, triangles: &[[u32; 3]]) -> Self {
        let mut start = vec![0_usize; vertices + 1];
        for &v in triangles.iter().flatten() {
            start[v as usize + 1] += 1;
        }
        for v in 0..vertices {
            start[v + 1] += start[v];
        }
        let mut fill = start.clone();
        let mut around = vec![(0, 0); triangles.len() * 3];
        for &[a, b, c] in triangles {
            for (v, next, previous) in [(a, b, c), (b, c, a), (c, a, b)] {
                around[fill[v as usize]] = (next, previous);
                fill[v as usize] += 1;
            }
        }
        Self { start, around }
    }

    pub(crate) fn degree(&self, v: usize) -> usize {
        self.start[v + 1] - self.start[v]
    }

    pub(crate) fn around(&self, v: usize) -> &[(u32, u32)] {
        &self.around[self.start[v]..self.start[v + 1]]
    }

    /// Counts edge, vertex and duplicate problems (not those that need positions).
    pub(crate) fn problems(&self, triangles: &[[u32; 3]]) -> MeshProblems {
        let vertices = self.start.len() - 1;
        let irregular: Vec<usize> =
            (0..vertices).into_par_iter().filter(|&v| self.degree(v) > 0 && !self.is_regular(v)).collect();
        let mut sum = MeshProblems::default();
        // Around a regular vertex all edges are in order, and no triangle there occurs twice.
        let is_irregular = |v: u32| irregular.binary_search(&(v as usize)).is_ok();
        for &v in &irregular {
            self.count_at(v as u32, is_irregular, &mut sum);
        }
        if !irregular.is_empty() {
            let mut suspects: Vec<[u32; 3]> =
                triangles.iter().filter(|t| t.iter().all(|&v| is_irregular(v))).copied().collect();
            for triangle in &mut suspects {
                triangle.sort_unstable();
            }
            suspects.sort_unstable();
            sum.duplicate_triangles = suspects.windows(2).filter(|w| w[0] == w[1]).count();
        }
        sum
    }

    /// True if the triangles around `v` are one closed, consistently turned fan of at least three.
    pub(crate) fn is_regular(&self, v: usize) -> bool {
        let around = self.around(v);
        if around.len() < 3 {
            return false;
        }
        let (first, mut current) = around[0];
        let mut walked = 1;
        while current != first {
            let Some(&(_, previous)) = around.iter().find(|(next, _)| *next == current) else { return false };
            current = previous;
            walked += 1;
            if walked > around.len() {
                return false;
            }
        }
        // Fewer steps than triangles: another fan, or one that passes twice.
        walked == around.len()
    }

    /// How many triangles run from `v` to `other`, and from `other` to `v`.
    fn uses_at(&self, v: u32, other: u32) -> (usize, usize) {
        self.around(v as usize).iter().fold((0, 0), |(out, back), &(next, previous)| {
            (out + usize::from(next == other), back + usize::from(previous == other))
        })
    }

    /// Counts the edges of an irregular vertex, those to other irregular ones at their lower end only.
    fn count_at(&self, v: u32, is_irregular: impl Fn(u32) -> bool, sum: &mut MeshProblems) {
        let around = self.around(v as usize).iter().flat_map(|&(next, previous)| [next, previous]);
        let mut others: Vec<u32> = around.filter(|&other| other > v || !is_irregular(other)).collect();
        others.sort_unstable();
        others.dedup();
        for other in others {
            match self.uses_at(v, other) {
                (1, 1) => {}
                (1, 0) | (0, 1) => sum.open_edges += 1,
                (2, 0) | (0, 2) => sum.inconsistent_edges += 1,
                _ => sum.non_manifold_edges += 1,
            }
        }
        self.count_fan(v, sum);
    }

    /// Adds one if the triangles around `v` form more than one fan.
    fn count_fan(&self, v: u32, sum: &mut MeshProblems) {
        let around = self.around(v as usize);
        if around.is_empty() {
            return;
        }
        // Join triangles that share an edge at this vertex; fans are few, so a plain union-find over them does.
        let mut root: Vec<usize> = (0..around.len()).collect();
        let mut ends: Vec<(u32, usize)> =
            around.iter().enumerate().flat_map(|(t, &(n, p))| [(n, t), (p, t)]).collect();
        ends.sort_unstable();
        for pair in ends.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
            let (a, b) = (find(&mut root, pair[0].1), find(&mut root, pair[1].1));
            root[a.max(b)] = a.min(b);
        }
        let fans = (0..root.len()).filter(|&t| root[t] == t).count();
        sum.non_manifold_vertices += usize::from(fans > 1);
    }
}

/// The vertices of sides that no single triangle runs back along: rims, and edges that are no manifold; in order.
///
/// Each vertex sums a number for each next corner and takes away that for each previous one; where every side has its
/// counterpart nothing is left. Indices must be below `vertices`.
pub(crate) fn unbalanced(vertices: usize, triangles: &[[u32; 3]]) -> Vec<u32> {
    // Scatters the bits (Steele, Lea & Flood 2014), so that different neighbours hardly ever cancel.
    let number = |v: u32| {
        let x = u64::from(v).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (x ^ x >> 29).wrapping_mul(0x94d0_49bb_1331_11eb)
    };
    let mut left = vec![0_u64; vertices];
    for &[a, b, c] in triangles {
        let [x, y, z] = [number(a), number(b), number(c)];
        for (v, sum) in [(a, y.wrapping_sub(z)), (b, z.wrapping_sub(x)), (c, x.wrapping_sub(y))] {
            left[v as usize] = left[v as usize].wrapping_add(sum);
        }
    }
    (0..vertices as u32).filter(|&v| left[v as usize] != 0).collect()
}

fn find(root: &mut [usize], mut v: usize) -> usize {
    while root[v] != v {
        root[v] = root[root[v]];
        v = root[v];
    }
    v
}

/// The connected parts of a mesh.
#[derive(Debug)]
pub(crate) struct Parts {
    root: Vec<usize>,
    used: Vec<bool>,
}

impl Parts {
    pub(crate) fn of(mesh: &Mesh) -> Self {
        let mut root: Vec<usize> = (0..mesh.positions.len()).collect();
        let mut used = vec![false; root.len()];
        for &[a, b, c] in &mesh.triangles {
            for (a, b) in [(a, b), (b, c)] {
                let (a, b) = (find(&mut root, a as usize), find(&mut root, b as usize));
                root[a.max(b)] = a.min(b);
            }
            for v in [a, b, c] {
                used[v as usize] = true;
            }
        }
        Self { root, used }
    }

    pub(crate) fn count(&self) -> usize {
        (0..self.root.len()).filter(|&v| self.used[v] && self.root[v] == v).count()
    }
}
