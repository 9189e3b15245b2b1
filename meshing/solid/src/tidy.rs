//! Makes a part safe to be written in 32-bit floats: rounding turns slivers over, and they then run through their neighbours.

use std::collections::{HashMap, HashSet};

use meshing_space::{Lps, Point};
use meshing_surface::{Mesh, self_intersections};

use crate::boolean::clean::drawn_together;
use crate::resolve;

/// Edges up to this length are drawn together, mm: far above what rounding moves, far below what counts.
const SHORT_MM: f64 = 1e-3;
/// Where triangles cross: up to which length edges are drawn together and up to which height a triangle is flat, mm. Both
/// grow from round to round, so that the least that helps is done.
const NEEDLE_MM: [f64; 2] = [4e-3, 0.05];
const FLAT_MM: [f64; 2] = [2e-4, 0.01];
const GROWTH: f64 = 2.0;
/// Rounds of mending.
const ROUNDS: usize = 10;

/// Rounds without fewer crossings after which slivers are not the cause.
const VAIN: usize = 3;
/// Most triangles of a part that is resolved whole: some ten seconds.
const MOST_RESOLVED: usize = 400_000;

/// The part with positions that 32-bit floats hold, and no triangles that cross. Vertices stay where they are but for
/// rounding where slivers are the cause; folds, which a bone may bring along, are resolved: what is wound at least once stays.
/// Where the part still crosses itself, the best that was found. Triangles run from the lowest to the highest.
pub(crate) fn printable(mesh: &Mesh) -> Mesh {
    let (crossing, mended) = mended(mesh);
    if crossing == 0 || mended.triangles.len() > MOST_RESOLVED {
        return upwards(mended);
    }
    upwards(match resolve(&mended).map(|resolved| self::mended(&resolved)) {
        Ok((fewer, resolved)) if fewer < crossing => resolved,
        _ => mended,
    })
}

/// Triangles in the order of their heights. ADMesh and `PrusaSlicer` add up the volume in 32-bit floats: of a hollow body, whose
/// outer surface came before the inner one, they found 2.4e-4 too little, and in this order 4e-5. Moving it does not help.
fn upwards(mut mesh: Mesh) -> Mesh {
    let height = |t: &[u32; 3]| t.iter().map(|&v| mesh.positions[v as usize].z()).sum::<f64>();
    let mut order: Vec<(f64, [u32; 3])> = mesh.triangles.iter().map(|t| (height(t), *t)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    mesh.triangles = order.into_iter().map(|(_, t)| t).collect();
    mesh
}

/// Slivers taken out where triangles cross, and how many pairs still do.
fn mended(mesh: &Mesh) -> (usize, Mesh) {
    let round = |p: &Point<Lps>| Point::from_array(p.to_array().map(|x| f64::from(x as f32)));
    let mut now =
        Mesh { positions: mesh.positions.iter().map(round).collect(), triangles: mesh.triangles.clone() };
    now = drawn_together(&now, |a, b| length(&now, a, b) <= SHORT_MM);
    let (mut best, mut vain) = ((usize::MAX, Mesh::default()), 0);
    for round in 0..ROUNDS {
        let pairs = self_intersections(&now);
        vain += 1;
        if pairs.len() < best.0 {
            (best, vain) = ((pairs.len(), now.clone()), 0);
        }
        if pairs.is_empty() || vain > VAIN {
            break;
        }
        let hit = pairs.into_iter().flat_map(|(s, t)| [s, t]);
        let corners: HashSet<u32> = hit.flat_map(|t| now.triangles[t as usize]).collect();
        let limit = |[from, to]: [f64; 2]| (from * GROWTH.powi(round as i32)).min(to);
        now = eased(now, &corners, limit(NEEDLE_MM), limit(FLAT_MM));
    }
    best
}

fn length(mesh: &Mesh, a: u32, b: u32) -> f64 {
    mesh.positions[a as usize].distance(mesh.positions[b as usize])
}

/// Needles at the corners given lose their short edge; flat triangles there give their middle corner to the neighbour along
/// their longest edge.
fn eased(mut mesh: Mesh, corners: &HashSet<u32>, needle_mm: f64, flat_mm: f64) -> Mesh {
    let mut owner: HashMap<[u32; 2], u32> = HashMap::with_capacity(mesh.triangles.len() * 3);
    for (t, &[a, b, c]) in mesh.triangles.iter().enumerate() {
        owner.extend([[a, b], [b, c], [c, a]].map(|edge| (edge, t as u32)));
    }
    let (mut touched, mut short) = (HashSet::new(), HashSet::new());
    for t in 0..mesh.triangles.len() as u32 {
        let [a, b, c] = mesh.triangles[t as usize];
        if ![a, b, c].iter().any(|v| corners.contains(v)) {
            continue;
        }
        let mut sides = [[a, b, c], [b, c, a], [c, a, b]];
        sides.sort_by(|p, q| length(&mesh, p[0], p[1]).total_cmp(&length(&mesh, q[0], q[1])));
        let [least, _, most] = sides.map(|s| length(&mesh, s[0], s[1]));
        if least < needle_mm {
            let [p, q, _] = sides[0];
            short.insert([p.min(q), p.max(q)]);
            continue;
        }
        let [p, q, tip] = sides[2];
        let [from, to, third] = [p, q, tip].map(|v| mesh.positions[v as usize]);
        if (to - from).cross(third - from).length() > flat_mm * most {
            continue;
        }
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
