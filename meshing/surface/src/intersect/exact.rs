//! Whether two triangles meet, decided without rounding errors.

use meshing_space::{Lps, Point};
use robust::{Coord, Coord3D, orient2d, orient3d};

use crate::Mesh;

type Corner = [f64; 3];

/// True if two triangles meet elsewhere than in the corners and edges that they share.
pub(super) fn crosses(mesh: &Mesh, s: u32, t: u32) -> bool {
    let (mut one, mut two) = (mesh.triangles[s as usize], mesh.triangles[t as usize]);
    // Shared corners first, in the same order.
    let mut shared = 0;
    for n in 0..3 {
        if let Some(m) = (shared..3).find(|&m| two[m] == one[n]) {
            one.swap(shared, n);
            two.swap(shared, m);
            shared += 1;
        }
    }
    let [a, b] = [one, two].map(|t| t.map(|v| mesh.positions[v as usize].to_array()));
    match shared {
        0 => {
            let sides = b.map(|p| side(a, p));
            if apart(sides) {
                return false;
            }
            if sides == [0.0; 3] {
                return overlap(a, b);
            }
            let back = a.map(|p| side(b, p));
            !apart(back) && (0..3).any(|n| cuts(b[n], b[(n + 1) % 3], a) || cuts(a[n], a[(n + 1) % 3], b))
        }
        1 => {
            let sides = [side(a, b[1]), side(a, b[2])];
            if sides[0] * sides[1] > 0.0 {
                return false;
            }
            if sides == [0.0; 2] {
                return overlap(a, b);
            }
            cuts(b[1], b[2], a) || cuts(a[1], a[2], b)
        }
        2 => side(a, b[2]) == 0.0 && overlap(a, b),
        _ => true,
    }
}

/// True if the corners do not lie on one line.
pub(super) fn has_area(corners: [Point<Lps>; 3]) -> bool {
    let corners = corners.map(Point::to_array);
    (0..3).any(|axis| turn(corners, axis) != 0.0)
}

/// All strictly on one side.
fn apart(sides: [f64; 3]) -> bool {
    sides.iter().all(|&s| s > 0.0) || sides.iter().all(|&s| s < 0.0)
}

/// The side of the plane through a triangle that a point lies on; 0 in it.
fn side([a, b, c]: [Corner; 3], p: Corner) -> f64 {
    let coord = |[x, y, z]: Corner| Coord3D { x, y, z };
    orient3d(coord(a), coord(b), coord(c), coord(p))
}

/// True if a stretch, not in the triangle's plane, meets the triangle.
fn cuts(p: Corner, q: Corner, t: [Corner; 3]) -> bool {
    let (from, to) = (side(t, p), side(t, q));
    if from * to > 0.0 || (from == 0.0 && to == 0.0) {
        return false;
    }
    let around = [0, 1, 2].map(|n| side([p, q, t[n]], t[(n + 1) % 3]));
    around.iter().all(|&s| s >= 0.0) || around.iter().all(|&s| s <= 0.0)
}

/// True if two triangles in one plane share more than a rim: no edge of either keeps them apart.
fn overlap(a: [Corner; 3], b: [Corner; 3]) -> bool {
    let Some(axis) = (0..3).find(|&axis| turn(a, axis) != 0.0) else { return false };
    let separates = |one: [Corner; 3], other: [Corner; 3]| {
        let way = turn(one, axis);
        (0..3).any(|n| other.iter().all(|&p| turn([one[n], one[(n + 1) % 3], p], axis) * way.signum() <= 0.0))
    };
    !separates(a, b) && !separates(b, a)
}

/// Which way three points turn, seen along an axis.
fn turn(points: [Corner; 3], axis: usize) -> f64 {
    let [a, b, c] = points.map(|p| Coord { x: p[(axis + 1) % 3], y: p[(axis + 2) % 3] });
    orient2d(a, b, c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(positions: &[Corner], one: [u32; 3], two: [u32; 3]) -> bool {
        let mesh = Mesh {
            positions: positions.iter().map(|p| Point::from_array(*p)).collect(),
            triangles: vec![one, two],
        };
        assert_eq!(crosses(&mesh, 0, 1), crosses(&mesh, 1, 0));
        crosses(&mesh, 0, 1)
    }

    #[test]
    fn two_triangles_meet_or_do_not() {
        let base = [[0.0, 0.0, 0.0], [4.0, 0.0, 0.0], [0.0, 4.0, 0.0]];
        let with = |other: [Corner; 3]| pair(&[base, other].concat(), [0, 1, 2], [3, 4, 5]);
        assert!(with([[1.0, 1.0, -1.0], [1.0, 1.0, 1.0], [9.0, 9.0, 1.0]]), "pierced");
        assert!(!with([[3.0, 3.0, -1.0], [3.0, 3.0, 1.0], [9.0, 9.0, 1.0]]), "beside");
        assert!(!with([[1.0, 1.0, 1e-9], [1.0, 1.0, 1.0], [9.0, 9.0, 1.0]]), "a hair above");
        assert!(with([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [9.0, 9.0, 1.0]]), "touching from above");
        assert!(with([[1.0, 1.0, 0.0], [2.0, 1.0, 0.0], [1.0, 2.0, 0.0]]), "one inside the other");
        assert!(!with([[4.0, 4.0, 0.0], [2.0, 4.0, 0.0], [4.0, 2.0, 0.0]]), "in one plane, apart");
    }

    #[test]
    fn neighbours_meet_only_beyond_what_they_share() {
        let at = [[0.0, 0.0, 0.0], [4.0, 0.0, 0.0], [0.0, 4.0, 0.0]];
        let edge = |p: Corner| pair(&[at[0], at[1], at[2], p], [0, 1, 2], [1, 0, 3]);
        assert!(!edge([1.0, -1.0, 0.0]) && !edge([1.0, 1.0, 1.0]) && edge([1.0, 1.0, 0.0]));
        let corner = |p: Corner, q: Corner| pair(&[at[0], at[1], at[2], p, q], [0, 1, 2], [0, 3, 4]);
        assert!(!corner([-1.0, -1.0, 0.0], [-1.0, -2.0, 0.0]));
        assert!(!corner([1.0, 1.0, 1.0], [1.0, 2.0, 1.0]));
        assert!(corner([2.0, 1.0, 1.0], [1.0, 2.0, -1.0]), "through the middle");
        assert!(corner([1.0, 1.0, 0.0], [1.0, 2.0, 1.0]), "an edge lies in it");
        assert!(corner([3.0, 1.0, 0.0], [1.0, 3.0, 0.0]), "in one plane over it");
        assert!(pair(&at, [0, 1, 2], [2, 1, 0]), "the same triangle");
    }
}
