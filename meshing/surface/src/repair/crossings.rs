//! Triangles that run through each other: eased, or cut out and filled again.

use meshing_space::{Point, Vector};
use meshing_volume::{Cancelled, Progress};

use super::debris::pieces;
use super::{RepairReport, settle};
use crate::{Mesh, self_intersections_with};

/// Pairs looked for.
const MOST_PAIRS: usize = 100_000;
/// A mesh of which more than one triangle in this many is hit is not mended piece by piece.
const MOST_HIT: usize = 10;
/// A way to take crossings out.
#[derive(Clone, Copy)]
enum Way {
    /// A folded place often only needs its worst vertices spread.
    Spread,
    /// Crossing triangles and so many rings around them go, and the hole is filled.
    Cut(usize),
}

/// In turn, each on what the last one made better.
const WAYS: [Way; 6] = [Way::Spread, Way::Spread, Way::Spread, Way::Cut(0), Way::Spread, Way::Cut(1)];

/// Takes crossings out; gives how many pairs are left.
pub(super) fn mend(
    mesh: &mut Mesh,
    report: &mut RepairReport,
    progress: &dyn Progress,
) -> Result<usize, Cancelled> {
    let mut pairs = self_intersections_with(mesh, MOST_PAIRS, progress)?;
    report.crossings = pairs.len();
    // Bodies that run into each other are to become one, which takes their inner walls away: no local matter.
    let piece = pieces(&mesh.triangles);
    if pairs.iter().any(|&(s, t)| piece[s as usize] != piece[t as usize]) {
        return Ok(pairs.len());
    }
    for way in WAYS {
        if pairs.is_empty() || pairs.len() * MOST_HIT > mesh.triangles.len() {
            break;
        }
        let mut tried = mesh.clone();
        let mut notes = *report;
        match way {
            Way::Spread => spread(&mut tried, &pairs),
            Way::Cut(rings) => {
                cut(&mut tried, &pairs, rings);
                settle(&mut tried, &mut notes);
            }
        }
        if !tried.check().is_clean() || tried.triangles.is_empty() {
            continue;
        }
        let left = self_intersections_with(&tried, MOST_PAIRS, progress)?;
        if left.len() < pairs.len() {
            (*mesh, *report, pairs) = (tried, notes, left);
        }
    }
    Ok(pairs.len())
}

/// Moves each vertex that has more to do with crossings than its neighbours to the middle of them.
fn spread(mesh: &mut Mesh, pairs: &[(u32, u32)]) {
    let mut hits = vec![0_u32; mesh.positions.len()];
    for &(s, t) in pairs {
        for v in [s, t].into_iter().flat_map(|t| mesh.triangles[t as usize]) {
            hits[v as usize] += 1;
        }
    }
    let worse = |a: u32, b: u32| (hits[a as usize], b) > (hits[b as usize], a);
    let mut sums = vec![(Vector::zero(), 0_u32, true); mesh.positions.len()];
    for &[a, b, c] in &mesh.triangles {
        for (v, next) in [(a, b), (b, c), (c, a)] {
            if hits[v as usize] > 0 {
                let (sum, count, worst) = &mut sums[v as usize];
                *sum += mesh.positions[next as usize] - Point::origin();
                *count += 1;
                *worst &= worse(v, next);
            }
        }
    }
    for (at, (sum, count, worst)) in mesh.positions.iter_mut().zip(sums) {
        if count > 0 && worst {
            *at = Point::origin() + sum / f64::from(count);
        }
    }
}

/// Takes out crossing triangles and so many rings of triangles around them.
fn cut(mesh: &mut Mesh, pairs: &[(u32, u32)], rings: usize) {
    let mut gone = vec![false; mesh.triangles.len()];
    for &(s, t) in pairs {
        gone[s as usize] = true;
        gone[t as usize] = true;
    }
    for _ in 0..rings {
        let mut touched = vec![false; mesh.positions.len()];
        for (t, _) in mesh.triangles.iter().zip(&gone).filter(|(_, gone)| **gone) {
            for &v in t {
                touched[v as usize] = true;
            }
        }
        for (t, gone) in mesh.triangles.iter().zip(&mut gone) {
            *gone |= t.iter().any(|&v| touched[v as usize]);
        }
    }
    let mut gone = gone.into_iter();
    mesh.triangles.retain(|_| !gone.next().unwrap_or_default());
}
