//! What of a large mesh counts near a small part, and whether the two keep off each other.

use meshing_space::{Aabb, Lps, Point};
use meshing_surface::{Mesh, self_intersections};
use rayon::prelude::*;

use crate::Field;

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

/// Whether no triangle of the part meets one of another surface. `field` holds the distances to that one: a distance changes
/// no faster than its point moves, so that most triangles of the part are clear by it; the others are compared exactly.
pub(crate) fn keeps_off(part: &Mesh, other: &Mesh, field: &Field) -> bool {
    // What is interpolated between the nodes of a cell is at most the cell's diagonal too much.
    let diagonal = field.grid().spacing_mm()[0] * 3.0_f64.sqrt();
    let may_meet = |t: &[u32; 3]| {
        let [a, b, c] = t.map(|v| part.positions[v as usize].as_dvec3());
        let middle = (a + b + c) / 3.0;
        let far = [a, b, c].map(|p| p.distance(middle)).into_iter().fold(0.0, f64::max);
        field.sample(Point::from_dvec3(middle)) - diagonal - far <= 0.0
    };
    let triangles: Vec<[u32; 3]> = part.triangles.par_iter().copied().filter(may_meet).collect();
    let mut both = Mesh { positions: part.positions.clone(), triangles }.compacted();
    let Some(bounds) = both.bounds() else { return true };
    let other = crop(other, bounds);
    let (corners, own) = (both.positions.len() as u32, both.triangles.len() as u32);
    both.positions.extend(other.positions);
    both.triangles.extend(other.triangles.iter().map(|t| t.map(|v| v + corners)));
    self_intersections(&both).iter().all(|&(s, t)| (s < own) == (t < own))
}
