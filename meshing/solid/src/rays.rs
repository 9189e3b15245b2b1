//! Rays against a mesh.

use glam::DVec3;
use meshing_surface::Mesh;
use rayon::prelude::*;

/// Triangles in a leaf.
const LEAF: usize = 4;

/// A mesh prepared for rays: a tree of boxes, split at the median along the widest side.
#[derive(Debug)]
pub(crate) struct Rays {
    corners: Vec<[DVec3; 3]>,
    /// Number of each triangle in the mesh.
    order: Vec<u32>,
    nodes: Vec<Node>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    low: DVec3,
    high: DVec3,
    start: u32,
    end: u32,
    /// The second child; the first one follows its parent. 0 in a leaf.
    second: u32,
}

/// Where a ray meets a triangle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    /// Along the ray, in units of its direction.
    pub(crate) at: f64,
    /// The triangle.
    pub(crate) triangle: u32,
}

impl Rays {
    pub(crate) fn new(mesh: &Mesh) -> Self {
        let all: Vec<[DVec3; 3]> = (0..mesh.triangles.len())
            .into_par_iter()
            .map(|t| mesh.corners(t).map(meshing_space::Point::as_dvec3))
            .collect();
        let mut order: Vec<u32> = (0..all.len() as u32).collect();
        let middles: Vec<DVec3> = all.iter().map(|c| (c[0] + c[1] + c[2]) / 3.0).collect();
        let mut nodes = Vec::with_capacity(all.len());
        if !all.is_empty() {
            build(&all, &middles, &mut order, 0, &mut nodes);
        }
        let corners = order.iter().map(|&t| all[t as usize]).collect();
        Self { corners, order, nodes }
    }

    /// The nearest hit farther than `from` along the ray; both sides of triangles count.
    pub(crate) fn nearest(&self, origin: DVec3, direction: DVec3, from: f64) -> Option<Hit> {
        let mut best: Option<Hit> = None;
        self.visit(origin, direction, |limit, t, at| {
            if at > from && at < *limit {
                *limit = at;
                best = Some(Hit { at, triangle: t });
            }
        });
        best
    }

    /// All hits along the ray, in no particular order; both sides of triangles count.
    pub(crate) fn each(&self, origin: DVec3, direction: DVec3, mut found: impl FnMut(Hit)) {
        self.visit(origin, direction, |_, triangle, at| {
            if at > 0.0 {
                found(Hit { at, triangle });
            }
        });
    }

    /// The triangles whose boxes reach into a ball; it may shrink to the radius that `met` gives back.
    pub(crate) fn around(&self, centre: DVec3, radius: f64, mut met: impl FnMut(u32, [DVec3; 3]) -> f64) {
        let mut radius = radius;
        let mut open = Vec::with_capacity(64);
        if !self.nodes.is_empty() {
            open.push(0_u32);
        }
        while let Some(n) = open.pop() {
            let node = &self.nodes[n as usize];
            let far = centre.clamp(node.low, node.high).distance_squared(centre);
            if far > radius * radius {
                continue;
            }
            if node.second == 0 {
                for t in node.start..node.end {
                    radius = radius.min(met(self.order[t as usize], self.corners[t as usize]));
                }
            } else {
                open.extend([node.second, n + 1]);
            }
        }
    }

    fn visit(&self, origin: DVec3, direction: DVec3, mut hit: impl FnMut(&mut f64, u32, f64)) {
        let inverse = direction.recip();
        let mut limit = f64::INFINITY;
        let mut open = Vec::with_capacity(64);
        if !self.nodes.is_empty() {
            open.push(0_u32);
        }
        while let Some(n) = open.pop() {
            let node = &self.nodes[n as usize];
            let (a, b) = ((node.low - origin) * inverse, (node.high - origin) * inverse);
            // f64::min and max pass over the NaN of a ray within a side's plane.
            let (mut enter, mut leave) = (0.0_f64, limit);
            for axis in 0..3 {
                enter = enter.max(a[axis].min(b[axis]));
                leave = leave.min(a[axis].max(b[axis]));
            }
            if enter > leave * (1.0 + 1e-12) + 1e-12 {
                continue;
            }
            if node.second == 0 {
                for t in node.start..node.end {
                    if let Some(at) = crossing(origin, direction, self.corners[t as usize]) {
                        hit(&mut limit, self.order[t as usize], at);
                    }
                }
            } else {
                open.extend([node.second, n + 1]);
            }
        }
    }
}

fn build(all: &[[DVec3; 3]], middles: &[DVec3], order: &mut [u32], start: u32, nodes: &mut Vec<Node>) {
    let (mut low, mut high) = (DVec3::INFINITY, DVec3::NEG_INFINITY);
    for p in order.iter().flat_map(|&t| all[t as usize]) {
        (low, high) = (low.min(p), high.max(p));
    }
    let here = nodes.len();
    nodes.push(Node { low, high, start, end: start + order.len() as u32, second: 0 });
    if order.len() <= LEAF {
        return;
    }
    let wide = (high - low).to_array();
    let axis = (0..3).max_by(|&a, &b| wide[a].total_cmp(&wide[b])).unwrap_or(0);
    let half = order.len() / 2;
    order.select_nth_unstable_by(half, |&a, &b| {
        middles[a as usize][axis].total_cmp(&middles[b as usize][axis]).then(a.cmp(&b))
    });
    let (first, second) = order.split_at_mut(half);
    build(all, middles, first, start, nodes);
    nodes[here].second = nodes.len() as u32;
    build(all, middles, second, start + half as u32, nodes);
}

/// Where a ray crosses a triangle (Möller & Trumbore 1997), sides included.
fn crossing(origin: DVec3, direction: DVec3, [a, b, c]: [DVec3; 3]) -> Option<f64> {
    let (u, v) = (b - a, c - a);
    let p = direction.cross(v);
    let det = u.dot(p);
    if det.abs() <= 1e-14 * u.length() * v.length() {
        return None;
    }
    let s = (origin - a) / det;
    let x = s.dot(p);
    let q = s.cross(u);
    let y = direction.dot(q);
    let slack = 1e-9;
    (x >= -slack && y >= -slack && x + y <= 1.0 + slack).then(|| v.dot(q))
}

/// The place on a triangle that is nearest to a point (Ericson 2004, 5.1.5).
pub(crate) fn nearest_on(p: DVec3, [a, b, c]: [DVec3; 3]) -> DVec3 {
    let (ab, ac, ap) = (b - a, c - a, p - a);
    let (d1, d2) = (ab.dot(ap), ac.dot(ap));
    if d1 <= 0.0 && d2 <= 0.0 {
        return a;
    }
    let bp = p - b;
    let (d3, d4) = (ab.dot(bp), ac.dot(bp));
    if d3 >= 0.0 && d4 <= d3 {
        return b;
    }
    let vc = d1 * d4 - d3 * d2;
    if vc <= 0.0 && d1 >= 0.0 && d3 <= 0.0 {
        return a + ab * (d1 / (d1 - d3));
    }
    let cp = p - c;
    let (d5, d6) = (ab.dot(cp), ac.dot(cp));
    if d6 >= 0.0 && d5 <= d6 {
        return c;
    }
    let vb = d5 * d2 - d1 * d6;
    if vb <= 0.0 && d2 >= 0.0 && d6 <= 0.0 {
        return a + ac * (d2 / (d2 - d6));
    }
    let va = d3 * d6 - d5 * d4;
    if va <= 0.0 && d4 - d3 >= 0.0 && d5 - d6 >= 0.0 {
        return b + (c - b) * ((d4 - d3) / ((d4 - d3) + (d5 - d6)));
    }
    let sum = va + vb + vc;
    a + ab * (vb / sum) + ac * (vc / sum)
}
