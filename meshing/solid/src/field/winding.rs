//! Where scan lines along i enter and leave a closed mesh.

use glam::DVec3;

/// How far rows lie beside the nodes, in nodes: no vertex of a real mesh lies on such a row exactly, so that a row meets
/// triangles in their inside only.
const ASIDE: [f64; 2] = [1.618_033_988_7e-7, 2.414_213_562_3e-7];

/// Adds to `crossings` (nodes of a slab of `planes` planes from `first` on) +1 at the first node behind a place where the
/// row enters through the triangle, -1 where it leaves.
pub(super) fn cross(
    triangle: [u32; 3],
    nodes: &[DVec3],
    size: [usize; 3],
    first: usize,
    planes: usize,
    crossings: &mut [i8],
) {
    let [si, sj, _] = size;
    let [a, b, c] = triangle.map(|v| nodes[v as usize]);
    let rows = |low: f64, high: f64, begin: usize, count: usize, aside: f64| {
        let from = (low - aside).ceil().max(begin as f64);
        let to = (high - aside).floor().min((begin + count) as f64 - 1.0);
        (from <= to).then_some((from as usize, to as usize))
    };
    let Some((k0, k1)) = rows(a.z.min(b.z).min(c.z), a.z.max(b.z).max(c.z), first, planes, ASIDE[1]) else {
        return;
    };
    let Some((j0, j1)) = rows(a.y.min(b.y).min(c.y), a.y.max(b.y).max(c.y), 0, sj, ASIDE[0]) else { return };
    let normal = (b - a).cross(c - a);
    if normal.x == 0.0 {
        return;
    }
    // Entering where the outward normal points against the row.
    let step: i8 = if normal.x < 0.0 { 1 } else { -1 };
    for k in k0..=k1 {
        let z = k as f64 + ASIDE[1];
        for j in j0..=j1 {
            let y = j as f64 + ASIDE[0];
            let sides = [[0, 1], [1, 2], [2, 0]]
                .map(|[p, q]: [usize; 2]| side(triangle[p], triangle[q], nodes, y, z));
            if !(sides[0] == sides[1] && sides[1] == sides[2]) {
                continue;
            }
            let x = a.x - (normal.y * (y - a.y) + normal.z * (z - a.z)) / normal.x;
            let node = x.ceil().max(0.0);
            if node < si as f64 {
                let at = &mut crossings[((k - first) * sj + j) * si + node as usize];
                *at = at.wrapping_add(step);
            }
        }
    }
}

/// On which side of an edge a row passes, seen along i. The edge is taken from its lower vertex, so that both of its
/// triangles get the same answer.
fn side(p: u32, q: u32, nodes: &[DVec3], y: f64, z: f64) -> bool {
    let (low, high) = (p.min(q), p.max(q));
    let (a, b) = (nodes[low as usize], nodes[high as usize]);
    let left = (b.y - a.y) * (z - a.z) - (b.z - a.z) * (y - a.y) > 0.0;
    left == (p < q)
}
