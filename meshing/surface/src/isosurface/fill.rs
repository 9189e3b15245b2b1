//! Filling a contour loop of a cell with triangles.
//!
//! The inner edges of a filling must not lie in a face of the cell, and their middles should miss the surface by little:
//! the sum of |value| in the middles of the inner edges is least, with values linear along the edges of the cell and
//! trilinear within.

use std::sync::OnceLock;

use super::cells::{Contour, EDGES};

/// Most corners that one loop can have: all edges of the cell.
pub(super) const MAX_LOOP: usize = 12;

/// Loops of up to this many corners are filled by trying all ways; longer ones are rare.
const MOST_TRIED: usize = 6;

/// All ways to fill a loop.
pub(super) struct Ways {
    ways: Vec<Way>,
}

struct Way {
    /// The inner edges, as places in [`diagonals`].
    inner: [u8; MOST_TRIED - 3],
    /// The triangles, as places in the loop.
    triangles: [[u8; 3]; MOST_TRIED - 2],
}

/// The connections between corners of a loop that are not neighbours.
pub(super) fn diagonals(n: usize) -> Vec<[u8; 2]> {
    let pairs = (0..n).flat_map(|a| (a + 2..n).map(move |b| [a as u8, b as u8]));
    pairs.filter(|&[a, b]| !(a == 0 && usize::from(b) == n - 1)).collect()
}

const FOUR: [[u8; 2]; 2] = [[0, 2], [1, 3]];
const FIVE: [[u8; 2]; 5] = [[0, 2], [0, 3], [1, 3], [1, 4], [2, 4]];
const SIX: [[u8; 2]; 9] = [[0, 2], [0, 3], [0, 4], [1, 3], [1, 4], [1, 5], [2, 4], [2, 5], [3, 5]];

impl Ways {
    fn of(n: usize) -> &'static Self {
        static WAYS: [OnceLock<Ways>; MOST_TRIED + 1] = [const { OnceLock::new() }; MOST_TRIED + 1];
        WAYS[n].get_or_init(|| {
            let diagonals = diagonals(n);
            let fillings = fillings(0, n as u8 - 1);
            let ways = fillings.into_iter().map(|filling| {
                let mut way = Way { inner: [0; 3], triangles: [[0; 3]; 4] };
                way.triangles[..n - 2].copy_from_slice(&filling);
                let sides = filling.iter().flat_map(|&[a, m, b]| [[a, m], [m, b], [a, b]]);
                let mut inner: Vec<u8> =
                    sides.filter_map(|side| Some(diagonals.iter().position(|d| *d == side)? as u8)).collect();
                inner.sort_unstable();
                inner.dedup();
                way.inner[..n - 3].copy_from_slice(&inner);
                way
            });
            Self { ways: ways.collect() }
        })
    }
}

/// All ways to fill the sub-chain from `a` to `b`.
fn fillings(a: u8, b: u8) -> Vec<Vec<[u8; 3]>> {
    if b - a < 2 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for m in a + 1..b {
        for left in fillings(a, m) {
            for right in fillings(m, b) {
                all.push([&[[a, m, b]][..], &left, &right].concat());
            }
        }
    }
    all
}

/// Fills a loop that needs no vertex in its middle; `put` gets triangles as places in the loop.
#[inline(always)]
pub(crate) fn fill(contour: &Contour, corners: &[f32; 8], mut put: impl FnMut([u8; 3])) {
    match contour.edges().len() {
        3 => put([0, 1, 2]),
        4 => {
            let [first, second] = misses::<2, 2>(contour, corners, &FOUR);
            if first <= second {
                put([0, 1, 2]);
                put([0, 2, 3]);
            } else {
                put([0, 1, 3]);
                put([1, 2, 3]);
            }
        }
        5 => best(Ways::of(5), 2, &misses::<5, 8>(contour, corners, &FIVE), put),
        6 => best(Ways::of(6), 3, &misses::<9, 16>(contour, corners, &SIX), put),
        _ => fill_long(contour, corners, &mut put),
    }
}

/// By how much the middle of each connection misses the surface; infinite where it lies in a face of the cell.
#[inline(always)]
fn misses<const D: usize, const LANES: usize>(
    contour: &Contour,
    c: &[f32; 8],
    pairs: &[[u8; 2]; D],
) -> [f32; D] {
    let (mut from, mut to) = ([0.0_f32; 8], [0.0_f32; 8]);
    for n in 0..8 {
        from[n] = c[usize::from(contour.ends[0][n] & 7)];
        to[n] = c[usize::from(contour.ends[1][n] & 7)];
    }
    let mut at = [[0.0_f32; 8]; 3];
    for axis in 0..3 {
        for n in 0..8 {
            at[axis][n] = contour.low[axis][n] + contour.run[axis][n] * (from[n] / (from[n] - to[n]));
        }
    }
    let mut middle = [[0.0_f32; LANES]; 3];
    for axis in 0..3 {
        for d in 0..D {
            let [a, b] = pairs[d];
            middle[axis][d] = 0.5 * (at[axis][usize::from(a & 7)] + at[axis][usize::from(b & 7)]);
        }
    }
    let [i, j, k] = middle;
    let mut rise = [0.0_f32; 4];
    for n in 0..4 {
        rise[n] = c[n + 4] - c[n];
    }
    let mut misses = [f32::INFINITY; D];
    for d in 0..D {
        // Trilinear, in an order that suits registers of four.
        let mut at = [0.0_f32; 4];
        for n in 0..4 {
            at[n] = c[n] + rise[n] * i[d];
        }
        let low = at[0] + (at[2] - at[0]) * k[d];
        let high = at[1] + (at[3] - at[1]) * k[d];
        if contour.blocked >> d & 1 == 0 {
            misses[d] = bounded(low + (high - low) * j[d]);
        }
    }
    misses
}

/// A size that sums of are less than infinite, even where values are not finite.
#[inline(always)]
const fn bounded(miss: f32) -> f32 {
    miss.abs().min(1e30)
}

/// By how much the middle between two points of a cell misses the surface.
#[inline(always)]
fn miss(corners: &[f32; 8], a: [f32; 3], b: [f32; 3]) -> f32 {
    bounded(trilinear(corners, core::array::from_fn(|axis| 0.5 * (a[axis] + b[axis]))))
}

/// Takes the way whose inner edges miss least in sum.
#[inline(always)]
fn best<const D: usize>(ways: &Ways, inner: usize, misses: &[f32; D], mut put: impl FnMut([u8; 3])) {
    let mut least = (f32::INFINITY, 0);
    for (n, way) in ways.ways.iter().enumerate() {
        let mut sum = 0.0;
        for &d in &way.inner[..inner] {
            sum += misses[usize::from(d)];
        }
        if sum < least.0 {
            least = (sum, n);
        }
    }
    for triangle in &ways.ways[least.1].triangles[..=inner] {
        put(*triangle);
    }
}

/// Minimum-weight triangulation by dynamic programming over sub-chains (Gilbert 1979, Klincsek 1980).
#[inline(never)]
fn fill_long(contour: &Contour, corners: &[f32; 8], put: &mut impl FnMut([u8; 3])) {
    let edges = contour.edges();
    let n = edges.len();
    let mut at = [[0.0; 3]; MAX_LOOP];
    for (place, &edge) in at.iter_mut().zip(edges) {
        *place = within_cell(edge, corners);
    }
    let inner = |a: usize, b: usize| {
        if a + 1 == b || (a == 0 && b == n - 1) {
            0.0
        } else if share_a_face(edges[a], edges[b]) {
            f32::INFINITY
        } else {
            miss(corners, at[a], at[b])
        }
    };
    let mut cost = [[0.0_f32; MAX_LOOP]; MAX_LOOP];
    let mut via = [[0_usize; MAX_LOOP]; MAX_LOOP];
    for span in 2..n {
        for a in 0..n - span {
            let b = a + span;
            cost[a][b] = f32::INFINITY;
            for m in a + 1..b {
                let total = cost[a][m] + cost[m][b] + inner(a, m) + inner(m, b);
                if total < cost[a][b] {
                    (cost[a][b], via[a][b]) = (total, m);
                }
            }
        }
    }
    let mut open = [(0, n - 1); MAX_LOOP];
    let mut count = 1;
    while count > 0 {
        count -= 1;
        let (a, b) = open[count];
        if b - a >= 2 {
            let m = via[a][b];
            put([a as u8, m as u8, b as u8]);
            open[count] = (a, m);
            open[count + 1] = (m, b);
            count += 2;
        }
    }
}

/// Whether two edges of the cell lie in one of its faces.
fn share_a_face(a: u8, b: u8) -> bool {
    let [[a0, a1], [b0, b1]] = [EDGES[usize::from(a)], EDGES[usize::from(b)]];
    // A face is where one bit of the corner number is the same for all four.
    (a0 & a1 & b0 & b1) != 0 || (a0 | a1 | b0 | b1) != 7
}

/// The vertex on an edge of a cell: 0 to 1 along i, j, k from corner 0.
#[inline(always)]
pub(super) fn within_cell(edge: u8, corners: &[f32; 8]) -> [f32; 3] {
    let [from, to] = EDGES[usize::from(edge)];
    let (a, b) = (corners[usize::from(from)], corners[usize::from(to)]);
    let t = a / (a - b);
    let t = if t.is_finite() { t } else { 0.5 };
    let along = from ^ to;
    let place = |bit: u8| if along & bit != 0 { t } else { f32::from(u8::from(from & bit != 0)) };
    [place(4), place(1), place(2)]
}

/// The value inside a cell, `place` 0 to 1 along i, j, k from corner 0.
#[inline(always)]
fn trilinear(c: &[f32; 8], [i, j, k]: [f32; 3]) -> f32 {
    let between = |a: f32, b: f32, t: f32| a + (b - a) * t;
    let along_j = |low: usize| between(c[low], c[low + 1], j);
    between(between(along_j(0), along_j(2), k), between(along_j(4), along_j(6), k), i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_to_fill_are_the_catalan_numbers() {
        assert_eq!([4, 5, 6].map(|n| Ways::of(n).ways.len()), [2, 5, 14]);
        assert_eq!([diagonals(4), diagonals(5), diagonals(6)], [FOUR.to_vec(), FIVE.to_vec(), SIX.to_vec()]);
    }

    #[test]
    fn a_flat_surface_is_filled_flat_and_a_saddle_follows_its_values() {
        // Inside where j = 0, higher at two opposite corners: the diagonal between the far vertices lies lower.
        let corners = [3.0, -1.0, 1.0, -1.0, 1.0, -1.0, 3.0, -1.0];
        let middle = trilinear(&corners, [0.5, 0.5, 0.5]);
        assert!((middle - 0.5).abs() < 1e-6);
        assert_eq!(within_cell(4, &corners), [0.0, 0.75, 0.0]);
        assert!(share_a_face(0, 1) && share_a_face(4, 0) && !share_a_face(0, 3) && !share_a_face(4, 9));
    }
}
