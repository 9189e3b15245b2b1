//! Fewer triangles with a measured error.

use meshing_space::{Lps, Point};
use meshopt::{SimplifyOptions, simplify_with_locks_decoder};

use crate::Mesh;
use crate::distance::{DistanceTo, Want, directed, sample_spacing};
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
/// The first request to the library, as a part of what is allowed: its own error is a mean over planes and lies below
/// the distance measured.
const FIRST_TARGET: f64 = 0.6;

/// Removes triangles while the surface stays within `max_error_mm` of the given one, *measured*, not estimated.
///
/// Edge collapse with quadric error (Garland & Heckbert 1997) as in meshoptimizer. Its error figure bounds nothing, so
/// the result is measured and made again with a smaller request until it is within the limit. A closed 2-manifold stays
/// one: where a collapse would pinch the surface, the vertices around are held and the collapse is made again
/// elsewhere. If nothing could be removed within the limit, or the limit is not positive, the mesh comes back as it was,
/// with error 0. A mesh that is no manifold to begin with also comes back as it was.
pub fn simplify(mesh: &Mesh, max_error_mm: f64) -> Simplified {
    let unchanged = || Simplified { mesh: mesh.clone(), hausdorff_mm: 0.0 };
    if !(max_error_mm > 0.0 && max_error_mm.is_finite()) || !mesh.check().is_clean() {
        return unchanged();
    }
    let work = Work::new(mesh);
    let original = DistanceTo::new(mesh);
    let mut target = max_error_mm * FIRST_TARGET;
    for _ in 0..MAX_ATTEMPTS {
        let Some(candidate) = work.collapse(target) else { return unchanged() };
        if candidate.triangles.len() >= mesh.triangles.len() {
            return unchanged();
        }
        let hausdorff_mm = measured(mesh, &original, &candidate);
        if hausdorff_mm <= max_error_mm {
            return Simplified { mesh: candidate, hausdorff_mm };
        }
        target *= (0.9 * max_error_mm / hausdorff_mm).clamp(0.2, 0.8);
    }
    unchanged()
}

fn measured(mesh: &Mesh, original: &DistanceTo, candidate: &Mesh) -> f64 {
    let spacing = sample_spacing(mesh, candidate);
    let back = directed(candidate, original, spacing, Want::MaxOnly).max_mm;
    directed(mesh, &DistanceTo::new(candidate), spacing, Want::MaxOnly).max_mm.max(back)
}

/// The mesh as the library wants it: 32-bit positions about the middle.
struct Work<'a> {
    mesh: &'a Mesh,
    corners: Corners,
    centred: Vec<[f32; 3]>,
}

impl<'a> Work<'a> {
    fn new(mesh: &'a Mesh) -> Self {
        let middle: Point<Lps> = mesh.bounds().map(|b| b.center()).unwrap_or_default();
        let centred = mesh.positions.iter().map(|p| (*p - middle).to_array().map(|x| x as f32)).collect();
        Self { mesh, corners: Corners::new(mesh.positions.len(), &mesh.triangles), centred }
    }

    /// Collapses edges up to an error of `target_mm` by the library's own measure; `None` if the result would not stay
    /// a closed 2-manifold.
    fn collapse(&self, target_mm: f64) -> Option<Mesh> {
        let mut held = vec![false; self.mesh.positions.len()];
        for repair in 0..MAX_REPAIRS {
            let indices = simplify_with_locks_decoder(
                self.mesh.triangles.as_flattened(),
                &self.centred,
                &held,
                0,
                target_mm as f32,
                SimplifyOptions::ErrorAbsolute,
                None,
            );
            let (triangles, _) = indices.as_chunks::<3>();
            let faults = faults(self.mesh.positions.len(), triangles);
            if faults.is_empty() {
                let mesh = Mesh { positions: self.mesh.positions.clone(), triangles: triangles.to_vec() }
                    .compacted();
                return (!mesh.triangles.is_empty() && mesh.check().is_clean()).then_some(mesh);
            }
            self.hold(&mut held, &faults, 2 + repair);
        }
        None
    }

    /// Holds all vertices within some edges of the given ones.
    fn hold(&self, held: &mut [bool], around: &[u32], rings: usize) {
        let mut rim = around.to_vec();
        let mut seen = vec![false; held.len()];
        for _ in 0..=rings {
            let mut next = Vec::new();
            for v in rim {
                if !core::mem::replace(&mut seen[v as usize], true) {
                    held[v as usize] = true;
                    next.extend(self.corners.around(v as usize).iter().map(|&(other, _)| other));
                }
            }
            rim = next;
        }
    }
}

/// The vertices around which a mesh is not a closed 2-manifold.
fn faults(vertices: usize, triangles: &[[u32; 3]]) -> Vec<u32> {
    let corners = Corners::new(vertices, triangles);
    (0..vertices as u32).filter(|&v| corners.degree(v as usize) > 0 && !corners.is_regular(v)).collect()
}
