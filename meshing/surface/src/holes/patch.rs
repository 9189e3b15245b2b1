//! One hole: its triangles.

use std::collections::BTreeSet;

use meshing_space::{Lps, Point, Vector};

/// Rims up to this many edges are filled as a whole; the work grows with the third power.
const MOST_AT_ONCE: usize = 150;
/// Chord candidates looked at for each vertex of a longer rim.
const CHORDS: usize = 256;

/// A fold and an area; what is flatter is better, then what is smaller.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
struct Weight(f64, f64);

impl Weight {
    const NONE: Self = Self(f64::INFINITY, f64::INFINITY);

    fn and(self, other: Self) -> Self {
        Self(self.0.max(other.0), self.1 + other.1)
    }
}

/// Triangles that close `rim`, in its direction; `opposite` are the third corners of the triangles outside along it.
/// `None` where every way would make an edge of `edges` a second time.
pub(super) fn fill(
    positions: &[Point<Lps>],
    rim: &[u32],
    opposite: &[u32],
    edges: &BTreeSet<[u32; 2]>,
) -> Option<Vec<[u32; 3]>> {
    if let &[a, b, c] = rim {
        // A lone triangle has no second side to be closed with.
        return (opposite != [c, a, b]).then(|| vec![[a, b, c]]);
    }
    let mut out = Vec::with_capacity(rim.len());
    let mut open = vec![(rim.to_vec(), opposite.to_vec())];
    while let Some((rim, opposite)) = open.pop() {
        if rim.len() <= MOST_AT_ONCE {
            out.extend(flattest(positions, &rim, &opposite, edges)?);
            continue;
        }
        let (i, j) = chord(positions, &rim, edges)?;
        // Each half sees the other beyond the chord, as far as a vertex of it.
        let (beyond_first, beyond_second) = (rim[(j + 1) % rim.len()], rim[i + 1]);
        let mut first: Vec<u32> = rim[i..=j].to_vec();
        let mut outside: Vec<u32> = opposite[i..j].to_vec();
        outside.push(beyond_first);
        let mut second: Vec<u32> = rim[j..].to_vec();
        second.extend_from_slice(&rim[..=i]);
        let mut outside_second: Vec<u32> = opposite[j..].to_vec();
        outside_second.extend_from_slice(&opposite[..i]);
        outside_second.push(beyond_second);
        open.push((core::mem::take(&mut first), outside));
        open.push((core::mem::take(&mut second), outside_second));
    }
    Some(out)
}

/// The shortest chord that leaves at least a quarter of a rim on each side.
fn chord(positions: &[Point<Lps>], rim: &[u32], edges: &BTreeSet<[u32; 2]>) -> Option<(usize, usize)> {
    let n = rim.len();
    let step = (n / 2).div_ceil(CHORDS).max(1);
    let mut best = (f64::INFINITY, None);
    for i in 0..n {
        for j in (i + n / 4..n.min(i + n - n / 4)).step_by(step) {
            let [a, b] = [rim[i], rim[j]];
            let far = positions[a as usize].distance(positions[b as usize]);
            if far < best.0 && !edges.contains(&[a.min(b), a.max(b)]) {
                best = (far, Some((i, j)));
            }
        }
    }
    best.1
}

/// The triangulation with the flattest worst fold, then the least area.
fn flattest(
    positions: &[Point<Lps>],
    rim: &[u32],
    opposite: &[u32],
    edges: &BTreeSet<[u32; 2]>,
) -> Option<Vec<[u32; 3]>> {
    let n = rim.len();
    if let &[a, b, c] = rim {
        return Some(vec![[a, b, c]]);
    }
    let at = |k: usize| positions[rim[k] as usize];
    let normal = |a: Point<Lps>, b: Point<Lps>, c: Point<Lps>| (b - a).cross(c - a);
    let outside: Vec<Vector<Lps>> = (0..n)
        .map(|k| {
            // The triangle outside runs against the rim.
            normal(at((k + 1) % n), at(k), positions[opposite[k] as usize])
        })
        .collect();
    // 0 where two triangles lie flat, 2 where they fold back.
    let fold = |a: Vector<Lps>, b: Vector<Lps>| match (a.normalized(), b.normalized()) {
        (Some(a), Some(b)) => 1.0 - a.dot(b),
        _ => 2.0,
    };
    let forbidden: Vec<bool> = (0..n * n)
        .map(|k| {
            let (i, j) = (k / n, k % n);
            let [a, b] = [rim[i], rim[j]];
            j > i + 1 && !(i == 0 && j == n - 1) && edges.contains(&[a.min(b), a.max(b)])
        })
        .collect();
    // For each stretch of the rim from i to j: its weight, and the third corner of the triangle at its chord.
    let mut weights = vec![Weight::NONE; n * n];
    let mut third = vec![0_usize; n * n];
    for i in 0..n - 1 {
        weights[i * n + i + 1] = Weight(0.0, 0.0);
    }
    for length in 2..n {
        for i in 0..n - length {
            let j = i + length;
            if forbidden[i * n + j] {
                continue;
            }
            let mut best = (Weight::NONE, 0);
            for m in i + 1..j {
                let [before, after] = [weights[i * n + m], weights[m * n + j]];
                if before == Weight::NONE || after == Weight::NONE {
                    continue;
                }
                let own = normal(at(i), at(m), at(j));
                let across = |from: usize, to: usize| {
                    if to == from + 1 {
                        fold(own, outside[from])
                    } else {
                        fold(own, normal(at(from), at(third[from * n + to]), at(to)))
                    }
                };
                let mut worst = across(i, m).max(across(m, j));
                if i == 0 && j == n - 1 {
                    worst = worst.max(fold(own, outside[n - 1]));
                }
                let weight = before.and(after).and(Weight(worst, own.length() / 2.0));
                if weight < best.0 {
                    best = (weight, m);
                }
            }
            (weights[i * n + j], third[i * n + j]) = best;
        }
    }
    if weights[n - 1] == Weight::NONE {
        return None;
    }
    let mut out = Vec::with_capacity(n - 2);
    let mut open = vec![(0, n - 1)];
    while let Some((i, j)) = open.pop() {
        if j > i + 1 {
            let m = third[i * n + j];
            out.push([rim[i], rim[m], rim[j]]);
            open.extend([(i, m), (m, j)]);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(n: u32) -> (Vec<Point<Lps>>, Vec<u32>) {
        let positions = (0..2 * n)
            .map(|k| {
                let angle = f64::from(k % n) / f64::from(n) * core::f64::consts::TAU;
                let r = if k < n { 10.0 } else { 12.0 };
                Point::new(r * angle.cos(), r * angle.sin(), 0.0)
            })
            .collect();
        (positions, (0..n).collect())
    }

    #[test]
    fn a_round_hole_is_closed_flat_and_whole_at_any_size() {
        for n in [4, 7, 60, 151, 700] {
            let (positions, rim) = ring(n);
            let opposite: Vec<u32> = (0..n).map(|k| n + k).collect();
            let patch = fill(&positions, &rim, &opposite, &BTreeSet::new()).expect("a patch");
            assert_eq!(patch.len(), n as usize - 2);
            let area: f64 = patch
                .iter()
                .map(|t| {
                    let [a, b, c] = t.map(|v| positions[v as usize]);
                    (b - a).cross(c - a).to_array()[2] / 2.0
                })
                .sum();
            let expected = 50.0 * f64::from(n) * (core::f64::consts::TAU / f64::from(n)).sin();
            assert!((area - expected).abs() < 1e-6 * expected, "{n}: {area} {expected}");
        }
    }

    #[test]
    fn an_edge_that_exists_is_not_made_again() {
        let (positions, rim) = ring(4);
        let edges = BTreeSet::from([[0, 2]]);
        let patch = fill(&positions, &rim, &[4, 5, 6, 7], &edges).expect("the other diagonal");
        assert!(patch.iter().all(|t| t.contains(&1) && t.contains(&3)));
        let both = BTreeSet::from([[0, 2], [1, 3]]);
        assert_eq!(fill(&positions, &rim, &[4, 5, 6, 7], &both), None);
    }
}
