//! One cell: its contour loops by case, and their filling with triangles.
//!
//! Corner `c` of a cell lies at offset (i, j, k) = (c >> 2, c & 1, c >> 1 & 1). Edge numbers group by axis, see [`EDGES`].

use std::sync::OnceLock;

use super::fill::{MAX_LOOP, diagonals};

/// The lower and upper corner of each edge: four along i; then those along j and along k at the lower i, two each; then the
/// same at the upper i. So what lies in the rows of the grid is numbered row by row, see [`Table::step`].
pub(crate) const EDGES: [[u8; 2]; 12] =
    [[0, 4], [1, 5], [2, 6], [3, 7], [0, 1], [2, 3], [0, 2], [1, 3], [4, 5], [6, 7], [4, 6], [5, 7]];

/// The corners of each face, counter-clockwise seen from outside the cell (for right-handed i, j, k).
pub(crate) const FACES: [[u8; 4]; 6] =
    [[4, 5, 7, 6], [0, 2, 3, 1], [1, 3, 7, 5], [0, 4, 6, 2], [2, 6, 7, 3], [0, 1, 5, 4]];

/// Contour loops of one case: each loop as its length and its edges, then zeros.
type Loops = [u8; 18];

/// One contour loop of a cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contour {
    edges: [u8; 16],
    length: u8,
    /// For filling: the lower and the upper ends of the first eight edges.
    pub(super) ends: [[u8; 8]; 2],
    /// Pairs of corners (see [`diagonals`]) whose connection lies in a face of the cell.
    pub(super) blocked: u16,
    /// No filling avoids the faces: the loop needs a vertex in its middle.
    pub(crate) middle: bool,
}

impl Contour {
    /// The edges that the loop crosses, in its order.
    #[inline(always)]
    pub(crate) fn edges(&self) -> &[u8] {
        &self.edges[..usize::from(self.length)]
    }

    /// The edge at place `n` of the loop; below 16, so that lists of 16 are indexed without a check.
    #[inline(always)]
    pub(crate) const fn edge(&self, n: u8) -> usize {
        (self.edges[(n & 15) as usize] & 15) as usize
    }

    /// The edges of a loop of three.
    #[inline(always)]
    pub(super) const fn first_three(&self) -> [usize; 3] {
        [self.edge(0), self.edge(1), self.edge(2)]
    }
}

/// What a case holds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Case {
    first: u16,
    loops: u8,
    /// Triangles of all loops.
    pub(super) triangles: u8,
    /// How many more these are than those of one loop through all crossed edges.
    pub(super) extra: i8,
    /// Loops that need a vertex in their middle.
    pub(super) middles: u8,
}

/// Loops for each case (which corners are inside) and each choice on its ambiguous faces.
pub(crate) struct Table {
    contours: Vec<Contour>,
    /// Each case with no ambiguous face joined.
    plain: [Case; 256],
    /// For each case and each choice of joined faces.
    chosen: Vec<Case>,
    ambiguous: [u8; 256],
    /// For each case, how many of the edges 0 to 7 are crossed: how far a walk along i moves in each row of edges.
    pub(super) step: [[u32; 8]; 256],
}

impl Table {
    /// The table for grids of right-handed axes, or for `mirrored` ones.
    pub(crate) fn shared(mirrored: bool) -> &'static Self {
        static TABLES: [OnceLock<Table>; 2] = [const { OnceLock::new() }; 2];
        TABLES[usize::from(mirrored)].get_or_init(|| Self::build(mirrored))
    }

    fn build(mirrored: bool) -> Self {
        let inside = |case: usize, corner: u8| case >> corner & 1 == 1;
        let mut ambiguous = [0_u8; 256];
        for (case, faces) in ambiguous.iter_mut().enumerate() {
            for (f, face) in FACES.iter().enumerate() {
                let [a, b, c, d] = face.map(|corner| inside(case, corner));
                *faces |= u8::from(a == c && b == d && a != b) << f;
            }
        }
        let same_face = same_face();
        let mut contours = Vec::new();
        let mut chosen = vec![Case::default(); 256 * 64];
        for case in 0..256 {
            for joined in (0..64).filter(|joined| joined & !ambiguous[case] == 0) {
                let held = &mut chosen[case * 64 + joined as usize];
                held.first = contours.len() as u16;
                let mut rest: &[u8] = &trace(case, joined);
                while let Some((&length @ 1.., after)) = rest.split_first() {
                    let (edges, after) = after.split_at(usize::from(length));
                    rest = after;
                    let mut edges = edges.to_vec();
                    if mirrored {
                        edges.reverse();
                    }
                    let contour = contour(&edges, &same_face);
                    held.loops += 1;
                    held.middles += u8::from(contour.middle);
                    held.triangles += if contour.middle { length } else { length - 2 };
                    contours.push(contour);
                }
                let crossed = EDGES.iter().filter(|[a, b]| inside(case, *a) != inside(case, *b)).count();
                held.extra = held.triangles as i8 - (crossed as i8 - 2);
            }
        }
        let step = core::array::from_fn(|case| {
            core::array::from_fn(|edge| {
                let [a, b] = EDGES[edge];
                u32::from(inside(case, a) != inside(case, b))
            })
        });
        Self { contours, plain: core::array::from_fn(|case| chosen[case * 64]), chosen, ambiguous, step }
    }

    /// The faces (as bits) on which opposite corners are inside and the others outside.
    #[inline(always)]
    pub(crate) const fn ambiguous(&self, case: u8) -> u8 {
        self.ambiguous[case as usize]
    }

    /// What a case without joined faces holds.
    #[inline(always)]
    pub(super) const fn plain(&self, case: u8) -> Case {
        self.plain[case as usize]
    }

    /// What a case holds; `joined` has a bit for each ambiguous face whose inside corners are connected across it.
    #[inline(always)]
    pub(crate) fn chosen(&self, case: u8, joined: u8) -> Case {
        self.chosen[case as usize * 64 + usize::from(joined)]
    }

    /// The loops of a case. They run so that their right-hand normal points away from the inside.
    #[inline(always)]
    pub(crate) fn loops(&self, case: Case) -> &[Contour] {
        &self.contours[usize::from(case.first)..usize::from(case.first) + usize::from(case.loops)]
    }
}

/// For each edge, the edges that share a face with it.
fn same_face() -> [u16; 12] {
    let mut same_face = [0_u16; 12];
    for face in FACES {
        let of_face: Vec<usize> = (0..4).map(|n| edge_between(face[n], face[(n + 1) % 4])).collect();
        for &a in &of_face {
            for &b in &of_face {
                same_face[a] |= 1 << b;
            }
        }
    }
    same_face
}

fn contour(edges: &[u8], same_face: &[u16; 12]) -> Contour {
    let n = edges.len();
    let mut held = [0; 16];
    held[..n].copy_from_slice(edges);
    let shared = |a: usize, b: usize| same_face[usize::from(edges[a])] >> edges[b] & 1 == 1;
    // Whether the sub-chain a..=b can be filled, for growing spans.
    let mut can = [[true; MAX_LOOP]; MAX_LOOP];
    for span in 2..n {
        for a in 0..n - span {
            let b = a + span;
            let whole = a == 0 && b == n - 1;
            can[a][b] = (whole || !shared(a, b)) && (a + 1..b).any(|m| can[a][m] && can[m][b]);
        }
    }
    let diagonals = diagonals(n);
    let blocked = diagonals.iter().take(16).enumerate();
    let blocked = blocked.fold(0, |bits, (d, &[a, b])| bits | u16::from(shared(a.into(), b.into())) << d);
    let mut ends = [[0; 8]; 2];
    for (n, &edge) in edges.iter().take(8).enumerate() {
        [ends[0][n], ends[1][n]] = EDGES[usize::from(edge)];
    }
    Contour { ends, edges: held, length: n as u8, blocked, middle: !can[0][n - 1] }
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
    use super::super::fill::fill;
    use super::super::machine::Plain;
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
        for table in [false, true].map(Table::shared) {
            for case in 0..=255_u8 {
                for joined in (0..64_u8).filter(|joined| joined & !table.ambiguous(case) == 0) {
                    let mut seen = [0; 12];
                    for contour in table.loops(table.chosen(case, joined)) {
                        assert!(contour.edges().len() >= 3, "case {case}");
                        for &edge in contour.edges() {
                            seen[edge as usize] += 1;
                        }
                    }
                    for (edge, [a, b]) in EDGES.iter().enumerate() {
                        assert_eq!(seen[edge], (case >> a ^ case >> b) & 1, "case {case} edge {edge}");
                        assert!(edge > 7 || table.step[usize::from(case)][edge] == u32::from(seen[edge]));
                    }
                }
            }
        }
    }

    #[test]
    fn no_filling_puts_an_inner_edge_into_a_face() {
        let table = Table::shared(false);
        let same_face = same_face();
        let (mut filled, mut middles) = (0, 0);
        for case in 0..=255_u8 {
            for joined in (0..64_u8).filter(|joined| joined & !table.ambiguous(case) == 0) {
                let mut triangles = 0;
                // Values that are as far from 0 in one corner as the seed says: all kinds of choices.
                for seed in 0..6_u8 {
                    let corners = core::array::from_fn(|c| {
                        let size = f32::from((c as u8 * 5 + seed * 3) % 7 + 1);
                        if case >> c & 1 == 1 { size } else { -size }
                    });
                    triangles = 0;
                    for contour in table.loops(table.chosen(case, joined)) {
                        let n = contour.edges().len();
                        if contour.middle {
                            (middles, triangles) = (middles + 1, triangles + n);
                            continue;
                        }
                        let put = |three: [u8; 3]| {
                            triangles += 1;
                            for (a, b) in [(0, 1), (1, 2), (0, 2)].map(|(x, y)| (three[x], three[y])) {
                                assert!(a < b && usize::from(b) < n);
                                let inner = b - a > 1 && !(a == 0 && usize::from(b) == n - 1);
                                let [a, b] = [a, b].map(|place| contour.edges()[usize::from(place)]);
                                assert!(!inner || same_face[usize::from(a)] >> b & 1 == 0, "case {case}");
                            }
                        };
                        fill(contour, &corners, Plain, put);
                        filled += 1;
                    }
                }
                assert_eq!(triangles, usize::from(table.chosen(case, joined).triangles), "case {case}");
            }
        }
        assert!(filled > 3000 && filled > middles, "most loops are filled without a middle vertex");
    }
}
