//! Makes a part safe to be written in 32-bit floats: rounding turns slivers over, and they then run through their neighbours.

use std::collections::{HashMap, HashSet};

use meshing_space::{Lps, Point};
use meshing_surface::{Mesh, self_intersections};

use crate::boolean::clean::drawn_together;

/// Edges up to this length are drawn together, mm: far above what rounding moves, far below what counts.
const SHORT_MM: f64 = 1e-3;
/// Longest edge that is drawn together where triangles cross, mm.
const LONGEST_MM: f64 = 0.05;
/// Rounds of mending.
const ROUNDS: usize = 12;

/// The part with positions that 32-bit floats hold, and no triangles that cross, as far as slivers are the cause. Vertices
/// stay where they are but for rounding; where the part still crosses itself, the best that was found.
pub(crate) fn printable(mesh: &Mesh) -> Mesh {
    let round = |p: &Point<Lps>| Point::from_array(p.to_array().map(|x| f64::from(x as f32)));
    let mut now =
        Mesh { positions: mesh.positions.iter().map(round).collect(), triangles: mesh.triangles.clone() };
    now = drawn_together(&now, |a, b| length(&now, a, b) <= SHORT_MM);
    let mut best: Option<(usize, Mesh)> = None;
    for _ in 0..ROUNDS {
        let pairs = self_intersections(&now);
        if best.as_ref().is_none_or(|(count, _)| pairs.len() < *count) {
            best = Some((pairs.len(), now.clone()));
        }
        if pairs.is_empty() {
            break;
        }
        let mut hit: Vec<u32> = pairs.into_iter().flat_map(|(s, t)| [s, t]).collect();
        hit.sort_unstable();
        hit.dedup();
        now = eased(now, &hit);
    }
    best.map_or(now, |(_, mesh)| mesh)
}

fn length(mesh: &Mesh, a: u32, b: u32) -> f64 {
    mesh.positions[a as usize].distance(mesh.positions[b as usize])
}

/// Needles among the triangles that were hit lose their short edge; flat ones give their middle corner to the neighbour
/// along their longest edge.
fn eased(mut mesh: Mesh, hit: &[u32]) -> Mesh {
    let mut owner: HashMap<[u32; 2], u32> = HashMap::with_capacity(mesh.triangles.len() * 3);
    for (t, &[a, b, c]) in mesh.triangles.iter().enumerate() {
        owner.extend([[a, b], [b, c], [c, a]].map(|edge| (edge, t as u32)));
    }
    let (mut touched, mut short) = (HashSet::new(), HashSet::new());
    for &t in hit {
        let [a, b, c] = mesh.triangles[t as usize];
        let mut sides = [[a, b, c], [b, c, a], [c, a, b]];
        sides.sort_by(|p, q| length(&mesh, p[0], p[1]).total_cmp(&length(&mesh, q[0], q[1])));
        let [least, _, most] = sides.map(|s| length(&mesh, s[0], s[1]));
        if least < LONGEST_MM && least < 0.3 * most {
            let [p, q, _] = sides[0];
            short.insert([p.min(q), p.max(q)]);
            continue;
        }
        let [p, q, tip] = sides[2];
        let Some(&other) = owner.get(&[q, p]) else { continue };
        let Some(&across) = mesh.triangles[other as usize].iter().find(|v| **v != p && **v != q) else {
            continue;
        };
        let free = !owner.contains_key(&[tip, across]) && !owner.contains_key(&[across, tip]);
        if free && !touched.contains(&t) && !touched.contains(&other) {
            touched.extend([t, other]);
            mesh.triangles[t as usize] = [p, across, tip];
            mesh.triangles[other as usize] = [across, q, tip];
            owner.extend([([tip, across], other), ([across, tip], t)]);
        }
    }
    drawn_together(&mesh, |a, b| short.contains(&[a.min(b), a.max(b)]))
}
