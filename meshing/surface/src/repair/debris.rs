//! What stands on a surface or lies about.

use crate::Mesh;

use super::sheets::Edges;

/// Rounds of dropping fins and flaps.
const ROUNDS: usize = 8;
/// Open edges for each triangle of what is mostly rim.
const MOSTLY_RIM: f64 = 0.5;

/// Drops fins (sheets that are mostly rim and stand on an edge of several), flaps and scraps (pieces that are mostly rim);
/// gives how many triangles.
pub(super) fn drop_loose(mesh: &mut Mesh) -> usize {
    let count = mesh.triangles.len();
    drop_fins(mesh);
    drop_flaps(mesh);
    drop_scraps(mesh);
    count - mesh.triangles.len()
}

fn drop_fins(mesh: &mut Mesh) {
    for _ in 0..ROUNDS {
        let edges = Edges::new(&mesh.triangles);
        // A sheet ends at an edge of several, so a fin is one, and the surface that it stands on another.
        let sheet = joined(&edges, mesh.triangles.len(), 2);
        let count = sheet.iter().map(|&s| s as usize + 1).max().unwrap_or(0);
        let (mut open, mut size, mut crowded) = (vec![0_u32; count], vec![0_u32; count], vec![false; count]);
        for &s in &sheet {
            size[s as usize] += 1;
        }
        for (_, sides) in edges.iter() {
            for side in &sides {
                let s = sheet[*side as usize / 3] as usize;
                open[s] += u32::from(sides.len() == 1);
                crowded[s] |= sides.len() > 2;
            }
        }
        // The loosest go first: a fin beside a hole must not take the rim along.
        let looseness = |s: usize| f64::from(open[s]) / f64::from(size[s]);
        let most = (0..count).filter(|&s| crowded[s]).map(looseness).fold(0.0, f64::max);
        if most < MOSTLY_RIM {
            break;
        }
        let is_fin = |s: usize| crowded[s] && looseness(s) >= most;
        let mut fins = sheet.iter().map(|&s| is_fin(s as usize));
        mesh.triangles.retain(|_| !fins.next().unwrap_or_default());
    }
}

/// Drops triangles that hang on a rim by one edge and stand up from it.
fn drop_flaps(mesh: &mut Mesh) {
    for _ in 0..ROUNDS {
        let mut open = vec![0_u8; mesh.triangles.len()];
        let mut beside = vec![None; mesh.triangles.len()];
        for (_, sides) in Edges::new(&mesh.triangles).iter() {
            match *sides.as_slice() {
                [side] => open[side as usize / 3] += 1,
                [a, b] => {
                    beside[a as usize / 3] = Some((a, b));
                    beside[b as usize / 3] = Some((b, a));
                }
                _ => {}
            }
        }
        let is_flap: Vec<bool> = open
            .iter()
            .zip(&beside)
            .map(|(open, beside)| {
                *open == 2 && beside.is_some_and(|(own, other)| stands_up(mesh, own, other))
            })
            .collect();
        if !is_flap.contains(&true) {
            break;
        }
        let mut flaps = is_flap.into_iter();
        mesh.triangles.retain(|_| !flaps.next().unwrap_or_default());
    }
}

/// True if two triangles meet at an edge under more than 45 degrees.
fn stands_up(mesh: &Mesh, own: u32, other: u32) -> bool {
    let at = |side: u32, n: usize| {
        mesh.positions[mesh.triangles[side as usize / 3][(side as usize % 3 + n) % 3] as usize]
    };
    let along = (at(own, 1) - at(own, 0)).normalized().unwrap_or_default();
    let away = |side: u32| {
        let out = at(side, 2) - at(own, 0);
        (out - along * out.dot(along)).normalized().unwrap_or_default()
    };
    away(own).dot(away(other)) > -core::f64::consts::FRAC_1_SQRT_2
}

/// Drops pieces, joined across edges, that have half as many open edges as triangles, or more.
fn drop_scraps(mesh: &mut Mesh) {
    let piece = pieces(&mesh.triangles);
    let count = piece.iter().map(|&p| p as usize + 1).max().unwrap_or(0);
    let (mut open, mut size) = (vec![0_usize; count], vec![0_usize; count]);
    for &p in &piece {
        size[p as usize] += 1;
    }
    for (_, sides) in Edges::new(&mesh.triangles).iter() {
        if let &[side] = sides.as_slice() {
            open[piece[side as usize / 3] as usize] += 1;
        }
    }
    let is_scrap = |p: usize| open[p] as f64 >= MOSTLY_RIM * size[p] as f64;
    let mut kept = piece.iter().map(|&p| !is_scrap(p as usize));
    mesh.triangles.retain(|_| kept.next().unwrap_or_default());
}

/// The number of the piece, joined across edges, that each triangle belongs to.
pub(super) fn pieces(triangles: &[[u32; 3]]) -> Vec<u32> {
    joined(&Edges::new(triangles), triangles.len(), usize::MAX)
}

/// The same, joined across edges of at most so many triangles.
fn joined(edges: &Edges, triangles: usize, most: usize) -> Vec<u32> {
    let mut root: Vec<u32> = (0..triangles as u32).collect();
    for (_, sides) in edges.iter().filter(|(_, sides)| sides.len() <= most) {
        for pair in sides.windows(2) {
            let [a, b] = [pair[0] / 3, pair[1] / 3].map(|t| find(&mut root, t));
            root[a.max(b) as usize] = a.min(b);
        }
    }
    let mut number = vec![u32::MAX; root.len()];
    let mut count = 0;
    (0..root.len() as u32)
        .map(|t| {
            let first = find(&mut root, t) as usize;
            if number[first] == u32::MAX {
                number[first] = count;
                count += 1;
            }
            number[first]
        })
        .collect()
}

fn find(root: &mut [u32], mut t: u32) -> u32 {
    while root[t as usize] != t {
        root[t as usize] = root[root[t as usize] as usize];
        t = root[t as usize];
    }
    t
}
