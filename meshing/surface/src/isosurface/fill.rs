//! Filling a contour loop of a cell with triangles.
//!
//! The inner edges of a filling must not lie in a face of the cell, and their middles should miss the surface by little:
//! the sum of |value| in the middles of the inner edges is least, with values linear along the edges of the cell and
//! trilinear within.

use std::sync::OnceLock;

use super::cells::{Contour, EDGES};
use super::machine::Machine;

/// Most corners that one loop can have: all edges of the cell.
pub(super) const MAX_LOOP: usize = 12;

/// Loops of up to this many corners are filled by trying all ways; longer ones are rare.
const MOST_TRIED: usize = 6;
/// Ways to fill a loop of that many corners, and lanes for them.
const MOST_WAYS: usize = 16;

/// All ways to fill a loop.
pub(super) struct Ways {
    /// The inner edges of each way, as places in [`diagonals`]; one list for each of the up to three.
    inner: [[u8; MOST_WAYS]; MOST_TRIED - 3],
    /// The triangles of each way, as places in the loop.
    triangles: [[[u8; 3]; MOST_TRIED - 2]; MOST_WAYS],
}

/// The connections between corners of a loop that are not neighbours.
pub(super) fn diagonals(n: usize) -> Vec<[u8; 2]> {
    let pairs = (0..n).flat_map(|a| (a + 2..n).map(move |b| [a as u8, b as u8]));
    pairs.filter(|&[a, b]| !(a == 0 && usize::from(b) == n - 1)).collect()
}

/// Connections of a loop of four, five and six (but its last), in the order of [`diagonals`]: their first ends, their second.
const FOUR: [[u8; 8]; 2] = [[0, 1, 0, 0, 0, 0, 0, 0], [2, 3, 0, 0, 0, 0, 0, 0]];
const FIVE: [[u8; 8]; 2] = [[0, 0, 1, 1, 2, 0, 0, 0], [2, 3, 3, 4, 4, 0, 0, 0]];
const SIX: [[u8; 8]; 2] = [[0, 0, 0, 1, 1, 1, 2, 2], [2, 3, 4, 3, 4, 5, 4, 5]];
/// The last of six.
const LAST: [[u8; 8]; 2] = [[3, 0, 0, 0, 0, 0, 0, 0], [5, 0, 0, 0, 0, 0, 0, 0]];

impl Ways {
    fn of(n: usize) -> &'static Self {
        static WAYS: [OnceLock<Ways>; MOST_TRIED + 1] = [const { OnceLock::new() }; MOST_TRIED + 1];
        WAYS[n].get_or_init(|| {
            let diagonals = diagonals(n);
            let mut ways = Self { inner: [[0; MOST_WAYS]; 3], triangles: [[[0; 3]; 4]; MOST_WAYS] };
            for (way, filling) in fillings(0, n as u8 - 1).into_iter().enumerate() {
                ways.triangles[way][..n - 2].copy_from_slice(&filling);
                let sides = filling.iter().flat_map(|&[a, m, b]| [[a, m], [m, b], [a, b]]);
                let mut inner: Vec<u8> =
                    sides.filter_map(|side| Some(diagonals.iter().position(|d| *d == side)? as u8)).collect();
                inner.sort_unstable();
                inner.dedup();
                for (list, inner) in ways.inner.iter_mut().zip(inner) {
                    list[way] = inner;
                }
            }
            ways
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
pub(crate) fn fill(
    contour: &Contour,
    corners: &[f32; 8],
    machine: impl Machine,
    mut put: impl FnMut([u8; 3]),
) {
    match contour.edges().len() {
        3 => put([0, 1, 2]),
        4 => {
            const WAYS: [[[u8; 3]; 2]; 2] = [[[0, 1, 2], [0, 2, 3]], [[0, 1, 3], [1, 2, 3]]];
            let [first, second, ..] = misses(contour, corners, machine, &FOUR, 0);
            // No branch: it would go either way.
            for triangle in WAYS[usize::from(second < first)] {
                put(triangle);
            }
        }
        5 => {
            let ways = Ways::of(5);
            let misses = misses(contour, corners, machine, &FIVE, 0);
            let first = machine.pick(&misses, eight(&ways.inner[0], 0));
            let second = machine.pick(&misses, eight(&ways.inner[1], 0));
            let sums = machine.add(first, second);
            ways.triangles[least(&sums[..5])][..3].iter().for_each(|triangle| put(*triangle));
        }
        6 => {
            let ways = Ways::of(6);
            let last = misses(contour, corners, machine, &LAST, 8)[0];
            let misses = misses(contour, corners, machine, &SIX, 0);
            let mut sums = [0.0; MOST_WAYS];
            for half in [0, 8] {
                let mut sum = [0.0; 8];
                for n in 0..3 {
                    let inner = eight(&ways.inner[n], half);
                    let mut miss = machine.pick(&misses, inner);
                    for way in 0..8 {
                        miss[way] = if inner[way] == 8 { last } else { miss[way] };
                    }
                    sum = machine.add(sum, miss);
                }
                sums[half..half + 8].copy_from_slice(&sum);
            }
            ways.triangles[least(&sums[..14])].iter().for_each(|triangle| put(*triangle));
        }
        _ => fill_long(contour, corners, &mut put),
    }
}

/// Eight of sixteen.
#[inline(always)]
fn eight(of: &[u8; MOST_WAYS], from: usize) -> [u8; 8] {
    core::array::from_fn(|n| of[from + n])
}

/// The place of the least of some values that are not negative, the first of them; their bits are in their order.
#[inline(always)]
fn least(values: &[f32]) -> usize {
    let mut least = u64::MAX;
    for (n, value) in values.iter().enumerate() {
        least = least.min(u64::from(value.to_bits()) << 8 | n as u64);
    }
    (least & 255) as usize
}

/// By how much the middle of each of eight connections misses the surface; infinite where it lies in a face of the cell.
/// `first` is the place of the first of them in [`diagonals`].
#[inline(always)]
fn misses(
    contour: &Contour,
    c: &[f32; 8],
    machine: impl Machine,
    pairs: &[[u8; 8]; 2],
    first: u8,
) -> [f32; 8] {
    /// Where the corners lie along i, j, k.
    const CORNERS: [[f32; 8]; 3] = [
        [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0],
        [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0],
        [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0],
    ];
    let [low, high] = contour.ends;
    let (from, to) = (machine.pick(c, low), machine.pick(c, high));
    let along = machine.div(from, machine.sub(from, to));
    let mut middle = [[0.0; 8]; 3];
    for axis in 0..3 {
        let (start, end) = (machine.pick(&CORNERS[axis], low), machine.pick(&CORNERS[axis], high));
        let at = lerp(machine, start, end, along);
        let sum = machine.add(machine.pick(&at, pairs[0]), machine.pick(&at, pairs[1]));
        middle[axis] = machine.mul([0.5; 8], sum);
    }
    let [i, j, k] = middle;
    let mut rows = [[0.0; 8]; 4];
    for n in 0..4 {
        rows[n] = lerp(machine, [c[n]; 8], [c[n + 4]; 8], i);
    }
    let (below, above) = (lerp(machine, rows[0], rows[2], k), lerp(machine, rows[1], rows[3], k));
    let mut misses = lerp(machine, below, above, j);
    let blocked = u32::from(contour.blocked) >> first;
    for n in 0..8 {
        // Without branches: they would go either way.
        let infinite = 0_u32.wrapping_sub(blocked >> n & 1) & f32::INFINITY.to_bits();
        misses[n] = f32::from_bits(bounded(misses[n]).to_bits().max(infinite));
    }
    misses
}

#[inline(always)]
fn lerp(machine: impl Machine, a: [f32; 8], b: [f32; 8], t: [f32; 8]) -> [f32; 8] {
    machine.add(a, machine.mul(machine.sub(b, a), t))
}

/// A size that sums of are less than infinite, even where values are not finite.
#[inline(always)]
const fn bounded(miss: f32) -> f32 {
    // The bits of numbers that are not negative are in their order, and those that are none are the largest.
    let (bits, most) = (miss.abs().to_bits(), 1e30_f32.to_bits());
    f32::from_bits(if bits < most { bits } else { most })
}

/// By how much the middle between two points of a cell misses the surface.
#[inline(always)]
fn miss(corners: &[f32; 8], a: [f32; 3], b: [f32; 3]) -> f32 {
    bounded(trilinear(corners, core::array::from_fn(|axis| 0.5 * (a[axis] + b[axis]))))
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
        assert_eq!([4, 5, 6].map(|n| fillings(0, n - 1).len()), [2, 5, 14]);
        let pairs = |[a, b]: [[u8; 8]; 2], count| a.into_iter().zip(b).map(|(a, b)| [a, b]).take(count);
        assert_eq!(diagonals(4), pairs(FOUR, 2).collect::<Vec<_>>());
        assert_eq!(diagonals(5), pairs(FIVE, 5).collect::<Vec<_>>());
        assert_eq!(diagonals(6), pairs(SIX, 8).chain(pairs(LAST, 1)).collect::<Vec<_>>());
        assert_eq!(least(&[3.0, f32::INFINITY, 0.5, 0.5, 2.0]), 2);
        assert_eq!(least(&[f32::INFINITY; 5]), 0);
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
