//! T-junctions: open edges that pass by vertices.

use std::collections::{BTreeMap, BTreeSet};

use meshing_space::{Lps, Point};

use super::sheets::Edges;
use crate::Mesh;

/// Rounds; each splits one edge of a triangle.
const ROUNDS: usize = 4;
/// Cells looked at along one edge.
const MOST_CELLS: i64 = 4096;

/// Puts vertices of rims into open edges that pass within `tolerance_mm` of them; gives how many.
pub(super) fn close(mesh: &mut Mesh, tolerance_mm: f64) -> usize {
    let mut put = 0;
    for _ in 0..ROUNDS {
        let now = close_once(mesh, tolerance_mm);
        if now == 0 {
            break;
        }
        put += now;
    }
    put
}

fn close_once(mesh: &mut Mesh, tolerance_mm: f64) -> usize {
    let edges = Edges::new(&mesh.triangles);
    let open: Vec<[u32; 2]> =
        edges.iter().filter(|(_, sides)| sides.len() == 1).map(|(ends, _)| ends).collect();
    if open.is_empty() {
        return 0;
    }
    let at = |v: u32| mesh.positions[v as usize];
    let mean = open.iter().map(|[a, b]| at(*a).distance(at(*b))).sum::<f64>() / open.len() as f64;
    let size = mean.max(4.0 * tolerance_mm).max(f64::MIN_POSITIVE);
    let cell = |p: Point<Lps>, by: f64| p.to_array().map(|x| ((x + by) / size).floor() as i64);
    let rim: BTreeSet<u32> = open.iter().flatten().copied().collect();
    let mut cells: BTreeMap<[i64; 3], Vec<u32>> = BTreeMap::new();
    for &v in &rim {
        cells.entry(cell(at(v), 0.0)).or_default().push(v);
    }
    // By the directed side of its triangle: the vertices to put in, from start to end.
    let mut wanted: BTreeMap<[u32; 2], Vec<u32>> = BTreeMap::new();
    for &[a, b] in &open {
        let (from, to) = (at(a), at(b));
        let along = to - from;
        let length = along.length();
        let [p, q] = [cell(from, 0.0), cell(to, 0.0)];
        let low: [i64; 3] = core::array::from_fn(|n| p[n].min(q[n]) - 1);
        let high: [i64; 3] = core::array::from_fn(|n| p[n].max(q[n]) + 1);
        let cells_along: i64 =
            (0..3).map(|n| (high[n] - low[n]).saturating_add(1)).fold(1, i64::saturating_mul);
        if length <= 2.0 * tolerance_mm || cells_along > MOST_CELLS {
            continue;
        }
        let mut inside: Vec<(f64, u32)> = Vec::new();
        for x in low[0]..=high[0] {
            for y in low[1]..=high[1] {
                for (_, near) in cells.range([x, y, low[2]]..=[x, y, high[2]]) {
                    for &v in near {
                        let part = (at(v) - from).dot(along) / (length * length);
                        let margin = tolerance_mm / length;
                        let beside = from + along * part;
                        if v != a
                            && v != b
                            && part > margin
                            && part < 1.0 - margin
                            && beside.distance(at(v)) <= tolerance_mm
                        {
                            inside.push((part, v));
                        }
                    }
                }
            }
        }
        if !inside.is_empty() {
            inside.sort_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
            wanted.insert([a, b], inside.into_iter().map(|(_, v)| v).collect());
        }
    }
    let mut put = 0;
    let mut triangles = Vec::with_capacity(mesh.triangles.len());
    for &[a, b, c] in &mesh.triangles {
        let turns = [[a, b, c], [b, c, a], [c, a, b]];
        let hit = turns.iter().find_map(|&[from, to, third]| {
            let forth = wanted.get(&[from.min(to), from.max(to)])?;
            (!forth.contains(&third)).then_some((from, to, third, forth))
        });
        let Some((from, to, third, inside)) = hit else {
            triangles.push([a, b, c]);
            continue;
        };
        put += inside.len();
        let mut path = vec![from];
        if from < to {
            path.extend(inside);
        } else {
            path.extend(inside.iter().rev());
        }
        path.push(to);
        triangles.extend(path.windows(2).map(|pair| [pair[0], pair[1], third]));
    }
    mesh.triangles = triangles;
    put
}
