//! Triangles turned alike, and parts turned outward.

use meshing_space::{Aabb, Lps, Point, Vector};

use super::debris::pieces;
use super::sheets::Edges;
use crate::Mesh;

/// Turns neighbours alike across edges of two triangles; the larger part of each piece keeps its side. Gives how many
/// turned.
pub(super) fn alike(mesh: &mut Mesh) -> usize {
    let count = mesh.triangles.len();
    // Across each side: the neighbour, and whether it runs along the edge in the same sense, which is wrong.
    let mut beside = vec![(u32::MAX, false); count * 3];
    let start = |s: u32| mesh.triangles[s as usize / 3][s as usize % 3];
    for (_, sides) in Edges::new(&mesh.triangles).iter() {
        if let &[a, b] = sides.as_slice() {
            let wrong = start(a) == start(b);
            beside[a as usize] = (b / 3, wrong);
            beside[b as usize] = (a / 3, wrong);
        }
    }
    let mut turn: Vec<Option<bool>> = vec![None; count];
    let mut turned = 0;
    for first in 0..count {
        if turn[first].is_some() {
            continue;
        }
        turn[first] = Some(false);
        let mut piece = vec![first];
        let mut at = 0;
        while at < piece.len() {
            let t = piece[at];
            at += 1;
            for &(other, wrong) in &beside[3 * t..3 * t + 3] {
                if other != u32::MAX && turn[other as usize].is_none() {
                    turn[other as usize] = turn[t].map(|own| own != wrong);
                    piece.push(other as usize);
                }
            }
        }
        let most = 2 * piece.iter().filter(|&&t| turn[t] == Some(true)).count() > piece.len();
        for t in piece {
            if turn[t] == Some(!most) {
                mesh.triangles[t].swap(1, 2);
                turned += 1;
            }
        }
    }
    turned
}

/// Turns each piece outward, or inward where it lies inside an odd number of others; gives how many triangles turned.
pub(super) fn outward(mesh: &mut Mesh) -> usize {
    let number = pieces(&mesh.triangles);
    let count = number.iter().map(|&p| p as usize + 1).max().unwrap_or(0);
    let mut members: Vec<Vec<[u32; 3]>> = vec![Vec::new(); count];
    for (&p, &t) in number.iter().zip(&mesh.triangles) {
        members[p as usize].push(t);
    }
    let at = |v: u32| mesh.positions[v as usize];
    let boxes: Vec<Option<Aabb<Lps>>> =
        members.iter().map(|t| Aabb::from_points(t.iter().flatten().map(|&v| at(v)))).collect();
    let wrong: Vec<bool> = (0..count)
        .map(|p| {
            let probe = at(members[p][0][0]);
            let volume: f64 = members[p]
                .iter()
                .map(|t| {
                    let [a, b, c] = t.map(|v| at(v) - probe);
                    a.dot(b.cross(c))
                })
                .sum();
            let depth = (0..count)
                .filter(|&other| {
                    other != p
                        && boxes[other].is_some_and(|b| contains(&b, probe))
                        && is_inside(mesh, &members[other], probe)
                })
                .count();
            (volume < 0.0) != (depth % 2 == 1)
        })
        .collect();
    let mut turned = 0;
    for (&p, t) in number.iter().zip(&mut mesh.triangles) {
        if wrong[p as usize] {
            t.swap(1, 2);
            turned += 1;
        }
    }
    turned
}

fn contains(of: &Aabb<Lps>, p: Point<Lps>) -> bool {
    let [low, high, p] = [of.min, of.max, p].map(Point::to_array);
    (0..3).all(|n| low[n] <= p[n] && p[n] <= high[n])
}

/// True if a ray from the point leaves an odd number of times.
fn is_inside(mesh: &Mesh, triangles: &[[u32; 3]], from: Point<Lps>) -> bool {
    // No likely direction of an edge.
    let ray = Vector::<Lps>::new(0.573_211, 0.318_907, 0.754_733);
    let crossings = triangles.iter().filter(|t| {
        let [a, b, c] = t.map(|v| mesh.positions[v as usize] - from);
        let sides = [a.cross(b), b.cross(c), c.cross(a)].map(|n| n.dot(ray));
        let ahead = a.dot((b - a).cross(c - a)) * ray.dot((b - a).cross(c - a)) > 0.0;
        ahead && (sides.iter().all(|&s| s > 0.0) || sides.iter().all(|&s| s < 0.0))
    });
    crossings.count() % 2 == 1
}
