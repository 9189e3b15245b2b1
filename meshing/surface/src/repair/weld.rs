//! Vertices that are one point, and triangles that say nothing.

use crate::Mesh;
use crate::mesh::f32_bits;

use super::RepairReport;

/// The edge of the cells in which near vertices are looked for, as a multiple of the tolerance.
const CELL: f64 = 16.0;

/// Joins vertices that are equal as 32-bit floats or no farther apart than `tolerance_mm`; gives how many are gone.
pub(super) fn weld(mesh: &mut Mesh, tolerance_mm: f64) -> usize {
    let count = mesh.positions.len();
    let mut root: Vec<u32> = (0..count as u32).collect();
    let mut same: Vec<([u32; 3], u32)> =
        mesh.positions.iter().enumerate().map(|(v, p)| (f32_bits(*p), v as u32)).collect();
    same.sort_unstable();
    for pair in same.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        join(&mut root, pair[0].1, pair[1].1);
    }
    if tolerance_mm > 0.0 {
        near(mesh, tolerance_mm, &mut root);
    }
    let mut used = vec![false; count];
    for &v in mesh.triangles.as_flattened() {
        used[v as usize] = true;
    }
    let gone = (0..count).filter(|&v| used[v] && find(&mut root, v as u32) != v as u32).count();
    for v in mesh.triangles.iter_mut().flatten() {
        *v = find(&mut root, *v);
    }
    *mesh = mesh.compacted();
    gone
}

/// Joins each vertex with those within the tolerance.
fn near(mesh: &Mesh, tolerance_mm: f64, root: &mut [u32]) {
    let edge = tolerance_mm * CELL;
    let cell = |x: f64| (x / edge).floor() as i64;
    let mut cells: Vec<([i64; 3], u32)> =
        mesh.positions.iter().enumerate().map(|(v, p)| (p.to_array().map(cell), v as u32)).collect();
    cells.sort_unstable();
    for (v, p) in mesh.positions.iter().enumerate() {
        let [low, high] = [-tolerance_mm, tolerance_mm].map(|by| p.to_array().map(|x| cell(x + by)));
        for x in low[0]..=high[0] {
            for y in low[1]..=high[1] {
                for z in low[2]..=high[2] {
                    let first = cells.partition_point(|(at, _)| *at < [x, y, z]);
                    let inside = cells[first..].iter().take_while(|(at, _)| *at == [x, y, z]);
                    for &(_, other) in inside {
                        if (other as usize) > v && p.distance(mesh.positions[other as usize]) <= tolerance_mm
                        {
                            join(root, v as u32, other);
                        }
                    }
                }
            }
        }
    }
}

fn join(root: &mut [u32], a: u32, b: u32) {
    let (a, b) = (find(root, a), find(root, b));
    root[a.max(b) as usize] = a.min(b);
}

fn find(root: &mut [u32], mut v: u32) -> u32 {
    while root[v as usize] != v {
        root[v as usize] = root[root[v as usize] as usize];
        v = root[v as usize];
    }
    v
}

/// Drops triangles with equal corners and those that are there already, in either winding; the first one stays.
pub(super) fn drop_useless(mesh: &mut Mesh, report: &mut RepairReport) {
    let count = mesh.triangles.len();
    mesh.triangles.retain(|[a, b, c]| a != b && b != c && c != a);
    report.degenerate_triangles += count - mesh.triangles.len();
    let mut sorted: Vec<([u32; 3], u32)> = mesh
        .triangles
        .iter()
        .enumerate()
        .map(|(n, t)| {
            let mut t = *t;
            t.sort_unstable();
            (t, n as u32)
        })
        .collect();
    sorted.sort_unstable();
    let mut again = vec![false; mesh.triangles.len()];
    for pair in sorted.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        again[pair[1].1 as usize] = true;
    }
    let count = mesh.triangles.len();
    let mut again = again.into_iter();
    mesh.triangles.retain(|_| !again.next().unwrap_or_default());
    report.duplicate_triangles += count - mesh.triangles.len();
}
