//! What hangs on the rim of a hole by one edge: a tongue of the surface, or a fin.

use std::collections::{BTreeMap, BTreeSet};

use super::sheets::{Edges, NONE, next};
use crate::{Mesh, fill_holes};

/// The most triangles of a fin.
const MOST: usize = 16;
/// What is filled with folds under this angle lies in the surface, radians.
const LEVEL: f64 = 0.5;
/// The hole of a fin is filled with folds so many times flatter without it.
const FLATTER: f64 = 2.0;

/// A few triangles that one edge joins to the rest.
struct Part {
    root: [u32; 2],
    triangles: Vec<u32>,
}

/// Drops parts that hang by one edge where their hole is filled much flatter without them; gives how many triangles.
///
/// Nothing but the surface around can tell: a fin that bends only a little from its neighbour would be filled under as if it
/// were the surface.
pub(super) fn drop_fins(mesh: &mut Mesh) -> usize {
    let parts = parts(mesh);
    if parts.is_empty() {
        return 0;
    }
    let hanging: BTreeSet<u32> = parts.iter().flat_map(|part| &part.triangles).copied().collect();
    let mut bare = mesh.clone();
    bare.triangles = without(mesh, &hanging);
    let ends: BTreeSet<[u32; 2]> =
        parts.iter().flat_map(|part| part.triangles.iter().flat_map(|&t| edges_of(mesh, t))).collect();
    let [with, bare] = [&*mesh, &bare].map(|mesh| folds(&fill_holes(mesh, super::LONGEST_RIM).mesh, &ends));
    let fold = |folds: &BTreeMap<[u32; 2], f64>, edge| folds.get(&edge).copied().unwrap_or(f64::INFINITY);
    let is_fin = |part: &Part| {
        let edges = part.triangles.iter().flat_map(|&t| edges_of(mesh, t));
        let worst = edges.map(|edge| fold(&with, edge)).fold(0.0, f64::max);
        worst > LEVEL && fold(&bare, part.root) * FLATTER < worst
    };
    let fins: BTreeSet<u32> =
        parts.iter().filter(|part| is_fin(part)).flat_map(|part| &part.triangles).copied().collect();
    mesh.triangles = without(mesh, &fins);
    fins.len()
}

fn without(mesh: &Mesh, dropped: &BTreeSet<u32>) -> Vec<[u32; 3]> {
    (0..).zip(&mesh.triangles).filter(|(t, _)| !dropped.contains(t)).map(|(_, triangle)| *triangle).collect()
}

fn edges_of(mesh: &Mesh, t: u32) -> [[u32; 2]; 3] {
    let [a, b, c] = mesh.triangles[t as usize];
    [[a, b], [b, c], [c, a]].map(|[a, b]| [a.min(b), a.max(b)])
}

/// The parts that hang by one edge and share no other vertex with the rest; of nested ones the largest.
fn parts(mesh: &Mesh) -> Vec<Part> {
    let mut beside = vec![NONE; mesh.triangles.len() * 3];
    let mut on_rim = vec![false; mesh.positions.len()];
    let mut joints = Vec::new();
    for (edge, sides) in Edges::new(&mesh.triangles).iter() {
        match *sides.as_slice() {
            [_] => on_rim[edge[0] as usize] = true,
            [a, b] => {
                (beside[a as usize], beside[b as usize]) = (b, a);
                joints.push((edge, a));
            }
            _ => {}
        }
        if sides.len() == 1 {
            on_rim[edge[1] as usize] = true;
        }
    }
    joints.retain(|(edge, _)| edge.iter().all(|&v| on_rim[v as usize]));
    if joints.is_empty() {
        return Vec::new();
    }
    let mut uses = vec![0_u32; mesh.positions.len()];
    for &v in mesh.triangles.as_flattened() {
        uses[v as usize] += 1;
    }
    let mut found = Vec::new();
    for (root, side) in joints {
        let halves = [side, beside[side as usize]].map(|side| half(&beside, side));
        let smaller = match halves {
            [Some(a), Some(b)] if a.len() == b.len() => None,
            [Some(a), Some(b)] => Some(if a.len() < b.len() { a } else { b }),
            [a, b] => a.or(b),
        };
        let Some(triangles) = smaller else { continue };
        let mut own: BTreeMap<u32, u32> = BTreeMap::new();
        for &t in &triangles {
            for v in mesh.triangles[t as usize] {
                *own.entry(v).or_default() += 1;
            }
        }
        if own.iter().all(|(v, &count)| root.contains(v) || uses[*v as usize] == count) {
            found.push(Part { root, triangles });
        }
    }
    found.sort_by_key(|part| core::cmp::Reverse(part.triangles.len()));
    let mut taken = BTreeSet::<u32>::new();
    found.retain(|part| {
        let free = part.triangles.iter().all(|t| !taken.contains(t));
        taken.extend(&part.triangles);
        free
    });
    found
}

/// The triangles on one side of an edge, if those that are joined to it other than across that edge are few.
fn half(beside: &[u32], root: u32) -> Option<Vec<u32>> {
    let mut triangles = vec![root / 3];
    let mut at = 0;
    while at < triangles.len() {
        let first = triangles[at] * 3;
        at += 1;
        for side in [first, next(first), next(next(first))] {
            let other = beside[side as usize];
            if side == root || other == NONE || triangles.contains(&(other / 3)) {
                continue;
            }
            // Back across the root: it does not hang by that edge alone.
            if other == root || triangles.len() == MOST {
                return None;
            }
            triangles.push(other / 3);
        }
    }
    Some(triangles)
}

/// By how much the two triangles at each of `edges` fold, radians; edges of one triangle or of many have no entry.
fn folds(mesh: &Mesh, edges: &BTreeSet<[u32; 2]>) -> BTreeMap<[u32; 2], f64> {
    let mut sides: BTreeMap<[u32; 2], Vec<usize>> = BTreeMap::new();
    for (t, &[a, b, c]) in mesh.triangles.iter().enumerate() {
        for [a, b] in [[a, b], [b, c], [c, a]] {
            let edge = [a.min(b), a.max(b)];
            if edges.contains(&edge) {
                sides.entry(edge).or_default().push(t);
            }
        }
    }
    let normal = |t: usize| {
        let [a, b, c] = mesh.corners(t);
        (b - a).cross(c - a).normalized().unwrap_or_default()
    };
    let fold = |sides: Vec<usize>| match *sides.as_slice() {
        [s, t] => Some(normal(s).dot(normal(t)).clamp(-1.0, 1.0).acos()),
        _ => None,
    };
    sides.into_iter().filter_map(|(edge, sides)| Some((edge, fold(sides)?))).collect()
}
