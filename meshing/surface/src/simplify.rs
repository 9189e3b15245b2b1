//! Fewer triangles with a measured error.

mod collapse;
mod quadric;

use meshing_space::{Aabb, Lps, Point};

use self::collapse::Collapse;
use crate::Mesh;
use crate::distance::{DistanceTo, farthest_inside, farthest_vertex, sample_spacing};

/// A mesh with fewer triangles and how far it lies from the one it was made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Simplified {
    /// The mesh; its vertices are a subset of the vertices it was made of.
    pub mesh: Mesh,
    /// The measured two-sided distance (sampled Hausdorff distance, see [`crate::hausdorff`]) to the original, mm.
    pub hausdorff_mm: f64,
}

/// How many times a smaller error is asked for after a result that lay too far away.
const MAX_ATTEMPTS: usize = 4;
/// The first tolerance of the collapse, as a part of what is allowed; a little less, because it counts in 32 bits.
const FIRST_TOLERANCE: f64 = 0.98;
/// A result is first judged by one sample in this many.
const GLANCE: usize = 16;

/// Removes triangles while the surface stays within `max_error_mm` of the given one, *measured*, not estimated.
///
/// The samples of the measurement are all vertices of the given mesh (those of the result are among them) and points
/// inside the triangles of the result no further apart than the mean edge of the given mesh.
///
/// Edges are collapsed onto one of their ends, chosen by quadric error (Garland & Heckbert 1997), only where the surface
/// stays a closed 2-manifold, every vertex removed so far stays within a tolerance of it, and samples of the new triangles
/// stay within that tolerance of the given surface. If the result, measured,
/// still lies too far away, it is made again with a smaller tolerance. If nothing could be removed within the limit, or
/// the limit is not positive, the mesh comes back as it was, with error 0. A mesh that is no manifold to begin with also
/// comes back as it was.
pub fn simplify(mesh: &Mesh, max_error_mm: f64) -> Simplified {
    let unchanged = || Simplified { mesh: mesh.clone(), hausdorff_mm: 0.0 };
    if !(max_error_mm > 0.0 && max_error_mm.is_finite() && mesh.check().is_clean()) {
        return unchanged();
    }
    // The collapse works in 32 bits, about the middle.
    let middle: Point<Lps> = mesh.bounds().map(Aabb::center).unwrap_or_default();
    let centred: Vec<[f32; 3]> =
        mesh.positions.iter().map(|p| (*p - middle).to_array().map(|x| x as f32)).collect();
    let original = DistanceTo::new(mesh);
    let spacing = sample_spacing(mesh, mesh);
    let mut tolerance = max_error_mm * FIRST_TOLERANCE;
    for _ in 0..MAX_ATTEMPTS {
        let triangles =
            Collapse::new(&centred, &mesh.triangles, &original, middle, spacing).run(tolerance as f32);
        let candidate = Mesh { positions: mesh.positions.clone(), triangles }.compacted();
        if candidate.triangles.len() >= mesh.triangles.len() || !candidate.check().is_clean() {
            return unchanged();
        }
        let result = DistanceTo::new(&candidate);
        let measured = |every: usize, floor_mm: f64| {
            let forth = farthest_vertex(mesh, &result, every, floor_mm);
            farthest_inside(&candidate, &original, spacing, every, forth)
        };
        // A glance tells most results that lie too far away; what is stated is measured with all samples.
        let glance = measured(GLANCE, 0.0);
        let hausdorff_mm = if glance > max_error_mm { glance } else { measured(1, glance) };
        if hausdorff_mm <= max_error_mm {
            return Simplified { mesh: candidate, hausdorff_mm };
        }
        tolerance *= (0.9 * max_error_mm / hausdorff_mm).clamp(0.2, 0.8);
    }
    unchanged()
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
