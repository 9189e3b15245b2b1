//! One cell: its contour loops by case, and their filling with triangles.
//!
//! Corner `c` of a cell lies at offset (i, j, k) = (c >> 2, c & 1, c >> 1 & 1). Edge numbers group by axis, see [`EDGES`].

use std::sync::OnceLock;

/// The lower and upper corner of each edge: four along i, four along j, four along k.
pub(super) const EDGES: [[u8; 2]; 12] =
    [[0, 4], [1, 5], [2, 6], [3, 7], [0, 1], [2, 3], [4, 5], [6, 7], [0, 2], [1, 3], [4, 6], [5, 7]];

/// The corners of each face, counter-clockwise seen from outside the cell (for right-handed i, j, k).
pub(super) const FACES: [[u8; 4]; 6] =
    [[4, 5, 7, 6], [0, 2, 3, 1], [1, 3, 7, 5], [0, 4, 6, 2], [2, 6, 7, 3], [0, 1, 5, 4]];

/// Most corners that one loop can have: all edges of the cell.
const MAX_LOOP: usize = 12;

/// Contour loops of one case: each loop as its length and its edges, then zeros.
type Loops = [u8; 18];

/// Loops for each case (which corners are inside) and each choice on its ambiguous faces.
pub(super) struct Table {
    loops: Vec<Loops>,
    ambiguous: [u8; 256],
    /// For each edge, the edges that share a face with it.
    same_face: [u16; 12],
}

impl Table {
    pub(super) fn shared() -> &'static Self {
        static TABLE: OnceLock<Table> = OnceLock::new();
        TABLE.get_or_init(Self::build)
    }

    fn build() -> Self {
        let inside = |case: usize, corner: u8| case >> corner & 1 == 1;
        let mut ambiguous = [0_u8; 256];
        for (case, faces) in ambiguous.iter_mut().enumerate() {
            for (f, face) in FACES.iter().enumerate() {
                let [a, b, c, d] = face.map(|corner| inside(case, corner));
                *faces |= u8::from(a == c && b == d && a != b) << f;
            }
        }
        let mut same_face = [0_u16; 12];
        for face in FACES {
            let of_face: Vec<usize> = (0..4).map(|n| edge_between(face[n], face[(n + 1) % 4])).collect();
            for &a in &of_face {
                for &b in &of_face {
                    same_face[a] |= 1 << b;
                }
            }
        }
        let mut loops = vec![[0; 18]; 256 * 64];
        for case in 0..256 {
            for joined in (0..64).filter(|joined| joined & !ambiguous[case] == 0) {
                loops[case * 64 + joined as usize] = trace(case, joined);
            }
        }
        Self { loops, ambiguous, same_face }
    }

    /// The faces (as bits) on which opposite corners are inside and the others outside.
    pub(super) const fn ambiguous(&self, case: u8) -> u8 {
        self.ambiguous[case as usize]
    }

    /// The loops of a case; `joined` has a bit for each ambiguous face whose inside corners are connected across it.
    ///
    /// Loops run so that their right-hand normal points away from the inside (for right-handed i, j, k).
    pub(super) fn loops(&self, case: u8, joined: u8) -> impl Iterator<Item = &[u8]> {
        let mut rest: &[u8] = &self.loops[case as usize * 64 + joined as usize];
        core::iter::from_fn(move || {
            let (&length, after) = rest.split_first()?;
            let (contour, after) = after.split_at(length as usize);
            rest = after;
            (length > 0).then_some(contour)
        })
    }

    /// Fills a loop with triangles given as places in the loop, so that no inner edge lies in a face of the cell and the
    /// middles of edges and triangles miss the surface by little: `miss` tells by how much a point does. False if there is
    /// no such filling: then the loop needs a vertex in its middle.
    pub(super) fn fill(
        &self,
        contour: &[u8],
        at: &[[f64; 3]; MAX_LOOP],
        miss: impl Fn([f64; 3]) -> f64,
        mut put: impl FnMut([usize; 3]),
    ) -> bool {
        let n = contour.len();
        if n == 3 {
            put([0, 1, 2]);
            return true;
        }
        // Minimum-weight triangulation by dynamic programming over sub-chains (Gilbert 1979, Klincsek 1980).
        let edge = |a: usize, b: usize| {
            if a + 1 == b || (a == 0 && b == n - 1) {
                0.0
            } else if self.same_face[contour[a] as usize] >> contour[b] & 1 == 1 {
                f64::INFINITY
            } else {
                miss(core::array::from_fn(|axis| f64::midpoint(at[a][axis], at[b][axis])))
            }
        };
        let triangle = |a: usize, m: usize, b: usize| {
            miss(core::array::from_fn(|axis| (at[a][axis] + at[m][axis] + at[b][axis]) / 3.0))
        };
        let mut cost = [[0.0_f64; MAX_LOOP]; MAX_LOOP];
        let mut via = [[0_usize; MAX_LOOP]; MAX_LOOP];
        for span in 2..n {
            for a in 0..n - span {
                let b = a + span;
                cost[a][b] = f64::INFINITY;
                for m in a + 1..b {
                    let total = cost[a][m] + cost[m][b] + edge(a, m) + edge(m, b) + triangle(a, m, b);
                    if total < cost[a][b] {
                        (cost[a][b], via[a][b]) = (total, m);
                    }
                }
            }
        }
        if cost[0][n - 1].is_infinite() {
            return false;
        }
        let mut open = [(0, n - 1); MAX_LOOP];
        let mut count = 1;
        while count > 0 {
            count -= 1;
            let (a, b) = open[count];
            if b - a >= 2 {
                let m = via[a][b];
                put([a, m, b]);
                open[count] = (a, m);
                open[count + 1] = (m, b);
                count += 2;
            }
        }
        true
    }
}

/// The edge between two neighbouring corners.
fn edge_between(a: u8, b: u8) -> usize {
    let ends = [a.min(b), a.max(b)];
    EDGES.iter().position(|edge| *edge == ends).expect("neighbouring corners of a face share an edge")
}

/// Follows the contour of a case over the faces of the cell.
fn trace(case: usize, joined: u8) -> Loops {
    // Each crossed edge leads to the next: on one of its two faces the contour leaves from it.
    let mut next = [usize::MAX; 12];
    for (f, face) in FACES.iter().enumerate() {
        let inside = face.map(|corner| case >> corner & 1 == 1);
        let crossing = |n: usize| edge_between(face[n % 4], face[(n + 1) % 4]);
        for n in 0..4 {
            // The contour starts where the way around the face enters the inside, between corners n and n + 1 …
            if inside[n] || !inside[(n + 1) % 4] {
                continue;
            }
            // … and ends where it leaves: after this run of inside corners, or after the other one if they are joined.
            let mut last = n + 1;
            while inside[(last + 1) % 4] {
                last += 1;
            }
            if joined >> f & 1 == 1 {
                last += 2;
            }
            next[crossing(n)] = crossing(last);
        }
    }
    let mut loops = [0; 18];
    let mut used = 0;
    for first in 0..12 {
        let start = used;
        let mut edge = first;
        while next[edge] != usize::MAX {
            used += 1;
            loops[used] = edge as u8;
            edge = core::mem::replace(&mut next[edge], usize::MAX);
        }
        if used > start {
            loops[start] = (used - start) as u8;
            used += 1;
        }
    }
    loops
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_and_faces_fit_the_corner_offsets() {
        let offset = |corner: u8| [corner >> 2, corner & 1, corner >> 1 & 1].map(f64::from);
        for [low, high] in EDGES {
            assert_eq!((low ^ high).count_ones(), 1);
        }
        for (f, face) in FACES.iter().enumerate() {
            let [a, b, c, d] = face.map(offset);
            let (u, v): (Vec<f64>, Vec<f64>) = (0..3).map(|x| (b[x] - a[x], d[x] - a[x])).unzip();
            let normal = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
            let outward: f64 = (0..3).map(|x| normal[x] * (f64::midpoint(a[x], c[x]) - 0.5)).sum();
            assert!(outward > 0.0, "face {f} must be counter-clockwise from outside");
        }
    }

    #[test]
    fn every_crossed_edge_is_in_exactly_one_loop_of_at_least_three() {
        let table = Table::shared();
        for case in 0..=255_u8 {
            for joined in (0..64_u8).filter(|joined| joined & !table.ambiguous(case) == 0) {
                let mut seen = [0; 12];
                for contour in table.loops(case, joined) {
                    assert!(contour.len() >= 3, "case {case}");
                    for &edge in contour {
                        seen[edge as usize] += 1;
                    }
                }
                for (edge, [a, b]) in EDGES.iter().enumerate() {
                    assert_eq!(seen[edge], (case >> a ^ case >> b) & 1, "case {case} edge {edge}");
                }
            }
        }
    }

    #[test]
    fn no_filling_puts_an_inner_edge_into_a_face() {
        let table = Table::shared();
        let mut filled = 0;
        for case in 0..=255_u8 {
            for joined in (0..64_u8).filter(|joined| joined & !table.ambiguous(case) == 0) {
                for contour in table.loops(case, joined) {
                    let mut at = [[0.0; 3]; MAX_LOOP];
                    for (n, &edge) in contour.iter().enumerate() {
                        let [a, b] = EDGES[edge as usize];
                        let bit = |c: u8, axis: usize| f64::from(c >> [2, 0, 1][axis] & 1);
                        at[n] = core::array::from_fn(|axis| f64::midpoint(bit(a, axis), bit(b, axis)));
                    }
                    let n = contour.len();
                    let mut triangles = 0;
                    let done = table.fill(
                        contour,
                        &at,
                        |_| 1.0,
                        |corners| {
                            triangles += 1;
                            for (a, b) in [(0, 1), (1, 2), (0, 2)].map(|(x, y)| (corners[x], corners[y])) {
                                assert!(a < b);
                                let inner = b - a > 1 && !(a == 0 && b == n - 1);
                                let in_face = table.same_face[contour[a] as usize] >> contour[b] & 1 == 1;
                                assert!(!(inner && in_face), "case {case}");
                            }
                        },
                    );
                    assert!(!done || triangles == n - 2);
                    filled += usize::from(done);
                }
            }
        }
        assert!(filled > 500, "most loops are filled without a middle vertex");
    }
}
