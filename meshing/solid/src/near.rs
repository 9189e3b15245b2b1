//! What of a large mesh counts near a small part, and whether the two keep off each other.

use glam::DVec3;
use meshing_space::{Aabb, Lps, Point};
use meshing_surface::{DistanceTo, Mesh};
use rayon::prelude::*;

use crate::Field;

/// Smallest triangle that is still divided, mm.
const SMALLEST_MM: f64 = 0.02;

/// The triangles whose boxes reach into a box, with their vertices. Open at its rim.
pub(crate) fn crop(mesh: &Mesh, within: Aabb<Lps>) -> Mesh {
    let (low, high) = (within.min.as_dvec3(), within.max.as_dvec3());
    // One bit for each face that a vertex lies beyond: a triangle with all corners beyond one is outside.
    let beyond: Vec<u32> = mesh
        .positions
        .par_iter()
        .map(|p| {
            let p = p.as_dvec3();
            p.cmpgt(high).bitmask() | p.cmplt(low).bitmask() << 3
        })
        .collect();
    let reaches = |t: &&[u32; 3]| t.iter().fold(u32::MAX, |all, &v| all & beyond[v as usize]) == 0;
    let mut index = vec![u32::MAX; mesh.positions.len()];
    let mut made = Mesh::default();
    for t in mesh.triangles.iter().filter(reaches) {
        made.triangles.push(t.map(|v| {
            let new = &mut index[v as usize];
            if *new == u32::MAX {
                *new = made.positions.len() as u32;
                made.positions.push(mesh.positions[v as usize]);
            }
            *new
        }));
    }
    made
}

/// Whether it is certain that no point of the part's surface lies within `least_mm` of another surface: a distance changes no
/// faster than its point moves, so that a triangle is clear where its middle is farther away than its corners are from that.
/// `field` holds the distances to the other surface; exact ones are asked for only where it does not tell.
pub(crate) fn keeps_off(part: &Mesh, other: &DistanceTo, field: &Field, least_mm: f64) -> bool {
    // What is interpolated between the nodes of a cell is at most the cell's diagonal too much.
    let diagonal = field.grid().spacing_mm()[0] * 3.0_f64.sqrt();
    let most_mm = f64::from(field.band_mm());
    (0..part.triangles.len()).into_par_iter().all(|t| {
        let mut open = vec![part.corners(t).map(Point::as_dvec3)];
        while let Some([a, b, c]) = open.pop() {
            let middle = (a + b + c) / 3.0;
            let far = [a, b, c].map(|p| p.distance(middle)).into_iter().fold(0.0, f64::max);
            let at = Point::from_dvec3(middle);
            if field.sample(at) - diagonal - far > least_mm {
                continue;
            }
            let distance = other.distance_mm(at).min(most_mm);
            if distance - far > least_mm {
                continue;
            }
            if distance <= least_mm || far < SMALLEST_MM {
                return false;
            }
            let [d, e, f]: [DVec3; 3] = [(a + b) / 2.0, (b + c) / 2.0, (c + a) / 2.0];
            open.extend([[a, d, f], [d, b, e], [f, e, c], [d, e, f]]);
        }
        true
    })
}
