//! Fewer triangles with a measured error.

use meshing_space::{Aabb, Lps, Point};
use meshopt::{SimplifyOptions, simplify_with_locks_decoder};
use rayon::prelude::*;

use crate::Mesh;
use crate::distance::{DistanceTo, farthest_inside, farthest_vertex, sample_spacing};
use crate::topology::Corners;

/// A mesh with fewer triangles and how far it lies from the one it was made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Simplified {
    /// The mesh; its vertices are a subset of the vertices it was made of.
    pub mesh: Mesh,
    /// The measured two-sided distance (sampled Hausdorff distance, see [`crate::hausdorff`]) to the original, mm.
    pub hausdorff_mm: f64,
}

/// How many times a smaller error is asked for after a result that lay too far away.
const MAX_ATTEMPTS: usize = 6;
/// How many times a result that is no manifold is made again with the vertices around the fault held.
const MAX_REPAIRS: usize = 8;
/// The first request to the library, as a part of what is allowed: its own error is a mean over planes, about half of
/// the distance measured.
const FIRST_TARGET: f64 = 0.5;
/// Triangles of a piece that is simplified by itself: enough that seams do not count, few enough to be made again.
const PIECE: usize = 1 << 17;
/// A result is first judged by one sample in this many.
const GLANCE: usize = 16;

/// Removes triangles while the surface stays within `max_error_mm` of the given one, *measured*, not estimated.
///
/// The samples of the measurement are all vertices of the given mesh (those of the result are among them) and points
/// inside the triangles of the result no further apart than the mean edge of the given mesh.
///
/// Edge collapse with quadric error (Garland & Heckbert 1997) as in meshoptimizer. Its error figure bounds nothing, so
/// the result is measured and made again with a smaller request until it is within the limit. A closed 2-manifold stays
/// one: where a collapse would pinch the surface, the vertices around are held and the collapse is made again
/// elsewhere. If nothing could be removed within the limit, or the limit is not positive, the mesh comes back as it was,
/// with error 0. A mesh that is no manifold to begin with also comes back as it was.
pub fn simplify(mesh: &Mesh, max_error_mm: f64) -> Simplified {
    let unchanged = || Simplified { mesh: mesh.clone(), hausdorff_mm: 0.0 };
    if !(max_error_mm > 0.0 && max_error_mm.is_finite() && mesh.check().is_clean()) {
        return unchanged();
    }
    let mut work = Work::new(mesh);
    let original = DistanceTo::new(mesh);
    let mut target = max_error_mm * FIRST_TARGET;
    for _ in 0..MAX_ATTEMPTS {
        let Some(candidate) = work.collapse(target) else { return unchanged() };
        if candidate.triangles.len() >= mesh.triangles.len() {
            return unchanged();
        }
        let result = DistanceTo::new(&candidate);
        let measured = |every: usize| {
            let spacing = sample_spacing(mesh, &candidate);
            let forth = farthest_vertex(mesh, &result, every, 0.0);
            farthest_inside(&candidate, &original, spacing, every, forth)
        };
        // A glance tells most results that lie too far away; what is stated is measured with all samples.
        let glance = measured(GLANCE);
        let hausdorff_mm = if glance > max_error_mm { glance } else { measured(1) };
        if hausdorff_mm <= max_error_mm {
            return Simplified { mesh: candidate, hausdorff_mm };
        }
        target *= (0.9 * max_error_mm / hausdorff_mm).clamp(0.2, 0.8);
    }
    unchanged()
}

/// The mesh as the library wants it: 32-bit positions about the middle.
struct Work<'a> {
    mesh: &'a Mesh,
    corners: Corners,
    centred: Vec<[f32; 3]>,
    /// Vertices that are not moved, because moving them pinched the surface.
    held: Vec<bool>,
}

impl<'a> Work<'a> {
    fn new(mesh: &'a Mesh) -> Self {
        let middle: Point<Lps> = mesh.bounds().map(Aabb::center).unwrap_or_default();
        let centred = mesh.positions.iter().map(|p| (*p - middle).to_array().map(|x| x as f32)).collect();
        let corners = Corners::new(mesh.positions.len(), &mesh.triangles);
        Self { mesh, corners, centred, held: between_pieces(mesh) }
    }

    /// Collapses edges up to an error of `target_mm` by the library's own measure; `None` if the result would not stay
    /// a closed 2-manifold.
    ///
    /// The triangles are taken in pieces of fixed size, all at once, with the vertices between pieces held. A piece with
    /// a fault is made again with the vertices around the fault held, and stays as it was if that does not help.
    fn collapse(&mut self, target_mm: f64) -> Option<Mesh> {
        let mesh = self.mesh;
        let pieces: Vec<&[[u32; 3]]> = mesh.triangles.chunks(PIECE).collect();
        let mut stale: Vec<usize> = (0..pieces.len()).collect();
        let mut done: Vec<Vec<[u32; 3]>> = vec![Vec::new(); pieces.len()];
        for repair in 0..=MAX_REPAIRS {
            let made: Vec<Vec<[u32; 3]>> = stale
                .par_iter()
                .map(|&n| {
                    if repair == MAX_REPAIRS { pieces[n].to_vec() } else { self.piece(pieces[n], target_mm) }
                })
                .collect();
            for (&n, triangles) in stale.iter().zip(made) {
                done[n] = triangles;
            }
            let faults = faults(mesh.positions.len(), &done.concat());
            if faults.is_empty() {
                let mesh = Mesh { positions: mesh.positions.clone(), triangles: done.concat() }.compacted();
                return (!mesh.triangles.is_empty() && mesh.check().is_clean()).then_some(mesh);
            }
            self.hold(&faults, 2 + repair);
            let at_fault = |triangle: &[u32; 3]| triangle.iter().any(|v| faults.binary_search(v).is_ok());
            stale = (0..pieces.len()).filter(|&n| done[n].iter().any(at_fault)).collect();
        }
        None
    }

    /// Collapses edges of one piece of the mesh.
    fn piece(&self, triangles: &[[u32; 3]], target_mm: f64) -> Vec<[u32; 3]> {
        let indices = simplify_with_locks_decoder(
            triangles.as_flattened(),
            &self.centred,
            &self.held,
            0,
            target_mm as f32,
            SimplifyOptions::ErrorAbsolute | SimplifyOptions::Sparse,
            None,
        );
        indices.as_chunks::<3>().0.to_vec()
    }

    /// Holds all vertices within some edges of the given ones.
    fn hold(&mut self, around: &[u32], rings: usize) {
        let mut rim = around.to_vec();
        let mut seen = vec![false; self.held.len()];
        for _ in 0..=rings {
            let mut next = Vec::new();
            for v in rim {
                if !core::mem::replace(&mut seen[v as usize], true) {
                    self.held[v as usize] = true;
                    next.extend(self.corners.around(v as usize).iter().map(|&(other, _)| other));
                }
            }
            rim = next;
        }
    }
}

/// Which vertices are used by more than one piece.
fn between_pieces(mesh: &Mesh) -> Vec<bool> {
    let mut piece_of = vec![usize::MAX; mesh.positions.len()];
    let mut held = vec![false; mesh.positions.len()];
    for (n, piece) in mesh.triangles.chunks(PIECE).enumerate() {
        for &v in piece.iter().flatten() {
            let before = core::mem::replace(&mut piece_of[v as usize], n);
            held[v as usize] |= before != usize::MAX && before != n;
        }
    }
    held
}

/// The vertices around which a mesh is not a closed 2-manifold.
fn faults(vertices: usize, triangles: &[[u32; 3]]) -> Vec<u32> {
    let corners = Corners::new(vertices, triangles);
    (0..vertices as u32)
        .into_par_iter()
        .filter(|&v| corners.degree(v as usize) > 0 && !corners.is_regular(v as usize))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::tests::tetrahedron;

    #[test]
    fn what_cannot_be_simplified_comes_back_unchanged() {
        let mut open = tetrahedron();
        open.triangles.pop();
        for (mesh, limit) in
            [(tetrahedron(), 0.01), (tetrahedron(), 0.0), (tetrahedron(), f64::NAN), (open, 0.5)]
        {
            assert_eq!(simplify(&mesh, limit), Simplified { mesh, hausdorff_mm: 0.0 });
        }
    }
}
