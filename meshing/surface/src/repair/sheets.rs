//! Edges and vertices where more than one sheet meets.

use meshing_space::{Lps, Point};

use crate::Mesh;

/// Says "no neighbour".
pub(super) const NONE: u32 = u32::MAX;
/// How far copies of a vertex move apart: this, and at least so many steps of a 32-bit float.
const APART_MM: f64 = 5e-4;
const APART_STEPS: f64 = 8.0;

/// The sides of triangles by the edge that they run along. A side `3 t + n` leaves corner `n` of triangle `t`.
pub(super) struct Edges {
    sorted: Vec<([u32; 2], u32)>,
}

impl Edges {
    pub(super) fn new(triangles: &[[u32; 3]]) -> Self {
        let mut sorted: Vec<([u32; 2], u32)> = Vec::with_capacity(triangles.len() * 3);
        for (t, corners) in triangles.iter().enumerate() {
            for n in 0..3 {
                let [a, b] = [corners[n], corners[(n + 1) % 3]];
                sorted.push(([a.min(b), a.max(b)], (3 * t + n) as u32));
            }
        }
        sorted.sort_unstable();
        Self { sorted }
    }

    /// Each edge, lower end first, with its sides.
    pub(super) fn iter(&self) -> impl Iterator<Item = ([u32; 2], Vec<u32>)> {
        self.sorted
            .chunk_by(|a, b| a.0 == b.0)
            .map(|chunk| (chunk[0].0, chunk.iter().map(|(_, side)| *side).collect()))
    }
}

/// Gives each fan of triangles a vertex of its own, where sheets meet; gives how many were added.
///
/// Along an edge of more than two triangles those are taken as neighbours that enclose material between them (Guéziec et
/// al. 2001 call it cutting). Copies of a vertex move a little towards their own triangles, so that they stay apart.
pub(super) fn split(mesh: &mut Mesh) -> usize {
    let twin = twins(mesh);
    // Corners of a vertex are joined across the sides that have neighbours.
    let sides = mesh.triangles.len() * 3;
    let mut root: Vec<u32> = (0..sides as u32).collect();
    for side in 0..sides as u32 {
        let other = twin[side as usize];
        if other == NONE || other < side {
            continue;
        }
        let corners = [[side, next(other)], [next(side), other]];
        let alike = [[side, other], [next(side), next(other)]];
        let of = |s: u32| mesh.triangles[s as usize / 3][s as usize % 3];
        for pair in if of(side) == of(other) { alike } else { corners } {
            let [a, b] = pair.map(|corner| find(&mut root, corner));
            root[a.max(b) as usize] = a.min(b);
        }
    }
    let mut owner = vec![NONE; mesh.positions.len()];
    let mut copies: Vec<(u32, u32)> = Vec::new();
    let mut number = vec![NONE; sides];
    for corner in 0..sides as u32 {
        let first = find(&mut root, corner);
        if first == corner {
            let v = mesh.triangles[corner as usize / 3][corner as usize % 3];
            number[corner as usize] = if owner[v as usize] == NONE {
                owner[v as usize] = corner;
                v
            } else {
                let copy = (mesh.positions.len() + copies.len()) as u32;
                copies.push((copy, v));
                copy
            };
        }
    }
    if copies.is_empty() {
        return 0;
    }
    let mut torn = vec![false; mesh.positions.len() + copies.len()];
    for &(copy, v) in &copies {
        mesh.positions.push(mesh.positions[v as usize]);
        torn[copy as usize] = true;
        torn[v as usize] = true;
    }
    for corner in 0..sides as u32 {
        let first = find(&mut root, corner);
        mesh.triangles[corner as usize / 3][corner as usize % 3] = number[first as usize];
    }
    draw_apart(mesh, &torn);
    copies.len()
}

/// Moves torn vertices a little towards the middle of their triangles.
fn draw_apart(mesh: &mut Mesh, torn: &[bool]) {
    let mut sums = vec![([0.0_f64; 3], 0_u32); mesh.positions.len()];
    for triangle in &mesh.triangles {
        let middle = middle(triangle.map(|v| mesh.positions[v as usize]));
        for &v in triangle {
            if torn[v as usize] {
                let (sum, count) = &mut sums[v as usize];
                for (sum, x) in sum.iter_mut().zip(middle.to_array()) {
                    *sum += x;
                }
                *count += 1;
            }
        }
    }
    for (v, (sum, count)) in sums.into_iter().enumerate() {
        let at = mesh.positions[v];
        let to = Point::<Lps>::from_array(sum.map(|x| x / f64::from(count.max(1))));
        if count > 0
            && let Some(way) = (to - at).normalized()
        {
            let largest = at.to_array().into_iter().fold(0.0_f64, |most, x| most.max(x.abs()));
            let step = APART_MM.max(largest * f64::from(f32::EPSILON) * APART_STEPS);
            mesh.positions[v] = at + way * step.min(at.distance(to) / 2.0);
        }
    }
}

fn middle([a, b, c]: [Point<Lps>; 3]) -> Point<Lps> {
    a + ((b - a) + (c - a)) / 3.0
}

pub(super) fn next(side: u32) -> u32 {
    if side % 3 == 2 { side - 2 } else { side + 1 }
}

fn find(root: &mut [u32], mut v: u32) -> u32 {
    while root[v as usize] != v {
        root[v as usize] = root[root[v as usize] as usize];
        v = root[v as usize];
    }
    v
}

/// The neighbour across each side, or [`NONE`]. Neighbours run along their edge in opposite senses.
pub(super) fn twins(mesh: &Mesh) -> Vec<u32> {
    let mut twin = vec![NONE; mesh.triangles.len() * 3];
    let start = |s: u32| mesh.triangles[s as usize / 3][s as usize % 3];
    for ([low, high], sides) in Edges::new(&mesh.triangles).iter() {
        if let &[a, b] = sides.as_slice() {
            if start(a) != start(b) {
                (twin[a as usize], twin[b as usize]) = (b, a);
            }
        } else if sides.len() > 2 {
            for [a, b] in around(mesh, low, high, &sides) {
                (twin[a as usize], twin[b as usize]) = (b, a);
            }
        }
    }
    twin
}

/// Pairs the sides along one edge so that each pair encloses material.
fn around(mesh: &Mesh, low: u32, high: u32, sides: &[u32]) -> Vec<[u32; 2]> {
    let [from, to] = [low, high].map(|v| mesh.positions[v as usize]);
    let axis = (to - from).normalized().unwrap_or_default();
    let corner = |s: u32| {
        let t = mesh.triangles[s as usize / 3];
        t[(s as usize % 3 + 2) % 3]
    };
    let flat = |s: u32| {
        let out = mesh.positions[corner(s) as usize] - from;
        out - axis * out.dot(axis)
    };
    let first = flat(sides[0]).normalized().unwrap_or_default();
    let second = axis.cross(first);
    let mut turned: Vec<(f64, u32)> = sides
        .iter()
        .map(|&s| {
            let out = flat(s);
            (out.dot(second).atan2(out.dot(first)), s)
        })
        .collect();
    turned.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    // About the edge, counter-clockwise: after a side that runs against it comes material, before one that runs along it.
    let forth = |s: u32| mesh.triangles[s as usize / 3][s as usize % 3] == low;
    let mut pairs = Vec::new();
    let mut free: Vec<u32> = turned.into_iter().map(|(_, s)| s).collect();
    let mut progress = true;
    while progress && free.len() >= 2 {
        progress = false;
        for n in 0..free.len() {
            let m = (n + 1) % free.len();
            if !forth(free[n]) && forth(free[m]) {
                pairs.push([free[n], free[m]]);
                let (one, two) = (free[n], free[m]);
                free.retain(|s| *s != one && *s != two);
                progress = true;
                break;
            }
        }
    }
    pairs
}
