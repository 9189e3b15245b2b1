//! Closing holes.

mod patch;

use std::collections::{BTreeMap, BTreeSet};

use crate::Mesh;
use crate::topology::unbalanced;
use patch::fill;

/// A mesh without holes, and what was added.
#[derive(Clone, Debug, PartialEq)]
pub struct HolesFilled {
    /// The mesh: the given triangles, then the new ones; no new vertices.
    pub mesh: Mesh,
    /// Holes that were closed.
    pub filled: usize,
    /// Holes that were left: longer than the limit, or no triangles fit without a second sheet.
    pub left: usize,
}

/// Closes every hole whose rim has at most `max_edges` edges, with triangles turned as those around.
///
/// Small holes are closed by the triangulation with the flattest worst fold, then the least area (Liepa 2003, by dynamic
/// programming as Klincsek 1980); rims of more than 150 edges are first cut in two along short chords. No vertex is added. A mesh
/// with invalid triangles comes back as it was.
pub fn fill_holes(mesh: &Mesh, max_edges: usize) -> HolesFilled {
    let bound = mesh.positions.len() as u64;
    if !mesh.triangles.as_flattened().iter().all(|&v| u64::from(v) < bound) {
        return HolesFilled { mesh: mesh.clone(), filled: 0, left: 0 };
    }
    let rims = Rims::new(mesh);
    let mut triangles = Vec::with_capacity(mesh.triangles.len() + 2 * rims.open.len());
    triangles.extend_from_slice(&mesh.triangles);
    let (mut filled, mut left) = (0, 0);
    let mut edges = rims.edges.clone();
    for rim in rims.loops() {
        let opposite: Vec<u32> =
            (0..rim.len()).map(|n| rims.open[&(rim[(n + 1) % rim.len()], rim[n])]).collect();
        match if rim.len() > max_edges { None } else { fill(&mesh.positions, &rim, &opposite, &edges) } {
            Some(patch) => {
                filled += 1;
                for [a, b, c] in patch {
                    for [a, b] in [[a, b], [b, c], [c, a]] {
                        edges.insert([a.min(b), a.max(b)]);
                    }
                    triangles.push([a, b, c]);
                }
            }
            None => left += 1,
        }
    }
    HolesFilled { mesh: Mesh { positions: mesh.positions.clone(), triangles }, filled, left }
}

/// What runs along holes.
struct Rims {
    /// Sides without a counterpart, and the third corner of their triangle.
    open: BTreeMap<(u32, u32), u32>,
    /// All edges between vertices of rims, lower end first.
    edges: BTreeSet<[u32; 2]>,
}

impl Rims {
    fn new(mesh: &Mesh) -> Self {
        let suspects = unbalanced(mesh.positions.len(), &mesh.triangles);
        let mut near = vec![false; mesh.positions.len()];
        for v in suspects {
            near[v as usize] = true;
        }
        let mut sides = BTreeMap::new();
        let mut edges = BTreeSet::new();
        for &[a, b, c] in &mesh.triangles {
            let at = [a, b, c].map(|v| near[v as usize]);
            if at.iter().filter(|near| **near).count() < 2 {
                continue;
            }
            for (n, (from, to, third)) in [(a, b, c), (b, c, a), (c, a, b)].into_iter().enumerate() {
                if at[n] && at[(n + 1) % 3] {
                    let uses: &mut (i32, u32) = sides.entry((from, to)).or_insert((0, third));
                    uses.0 += 1;
                    edges.insert([from.min(to), from.max(to)]);
                }
            }
        }
        let uses = |side: (u32, u32)| sides.get(&side).map_or(0, |uses| uses.0);
        // An edge of one triangle; what has more is no rim but a fault.
        let is_open = |&(&(a, b), _): &(&(u32, u32), &(i32, u32))| uses((a, b)) == 1 && uses((b, a)) == 0;
        let open = sides.iter().filter(is_open).map(|(side, uses)| (*side, uses.1)).collect();
        Self { open, edges }
    }

    /// Closed rims, in the direction that new triangles run along them. A rim that meets itself is cut there.
    fn loops(&self) -> Vec<Vec<u32>> {
        let mut onward: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for &(a, b) in self.open.keys() {
            onward.entry(b).or_default().push(a);
        }
        let mut found = Vec::new();
        let starts: Vec<u32> = onward.keys().copied().collect();
        for start in starts {
            while onward.get(&start).is_some_and(|ends| !ends.is_empty()) {
                let mut path = vec![start];
                let mut place = BTreeMap::from([(start, 0_usize)]);
                while let Some(next) = path.last().and_then(|last| onward.get_mut(last)).and_then(Vec::pop) {
                    if let Some(&first) = place.get(&next) {
                        let rim = path.split_off(first);
                        for v in &rim {
                            place.remove(v);
                        }
                        found.push(rim);
                        // What is left of the path goes on from the vertex where it met itself.
                        path.push(next);
                        place.insert(next, first);
                        if path.len() == 1 {
                            break;
                        }
                    } else {
                        place.insert(next, path.len());
                        path.push(next);
                    }
                }
            }
        }
        found.retain(|rim| rim.len() >= 3);
        found
    }
}
