//! Fewer triangles with a measured error.

mod collapse;
mod decimate;
mod homes;
mod placement;
mod quadric;

use meshing_space::{Aabb, Lps, Point, Vector};
use meshing_volume::{Cancelled, Part, Progress, Silent};

use self::collapse::Collapse;
use self::decimate::Decimation;
use crate::Mesh;
use crate::distance::{DistanceTo, farthest_inside, farthest_vertex, sample_spacing};
use crate::intersect::self_intersections_with;
use crate::topology::Corners;

/// A mesh with fewer triangles and how far it lies from the one it was made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Simplified {
    /// The mesh. [`simplify`] keeps a subset of the vertices it was made of; [`simplify_to`] moves those that it joins.
    pub mesh: Mesh,
    /// The measured two-sided distance (sampled Hausdorff distance, see [`crate::hausdorff`]) to the original, mm.
    pub hausdorff_mm: f64,
}

/// How often a result that lay too far away is made again.
const MAX_ATTEMPTS: usize = 6;
/// Pairs of triangles that cross, of which no more are looked for: a mesh of many sheets in one place has any number.
const MOST_CROSSINGS: usize = 1 << 16;
/// The first tolerance of the collapse, as a part of what is allowed; a little less, because it counts in 32 bits.
const FIRST_TOLERANCE: f64 = 0.98;
/// A result is first measured by one sample in this many.
const GLANCE: usize = 16;

/// Removes triangles while the surface stays within `max_error_mm` of the given one, *measured*, not estimated.
///
/// The samples of the measurement are all vertices and points inside the triangles of both meshes, no further apart than
/// the mean edge of the given mesh, as [`crate::hausdorff`] takes them.
///
/// Edges are collapsed onto one of their ends, chosen by quadric error (Garland & Heckbert 1997), only where the surface
/// stays a closed 2-manifold, every vertex removed so far stays within a tolerance of it, and samples of the new triangles
/// stay within that tolerance of the given surface. If the result, measured,
/// still lies too far away, it is made again; the places that lay off are then held within the tolerance as vertices are. So it
/// is if it crosses itself and the given mesh does not; what crossed then stays as it was given. If nothing could be removed within the limit, or
/// the limit is not positive, the mesh comes back as it was, with error 0. A mesh that is no manifold to begin with also
/// comes back as it was.
pub fn simplify(mesh: &Mesh, max_error_mm: f64) -> Simplified {
    simplify_with(mesh, max_error_mm, &Silent).unwrap_or_else(|Cancelled| unchanged(mesh))
}

/// As [`simplify`], with progress.
///
/// # Errors
/// [`Cancelled`] when `progress` says so.
pub fn simplify_with(
    mesh: &Mesh,
    max_error_mm: f64,
    progress: &dyn Progress,
) -> Result<Simplified, Cancelled> {
    if !(max_error_mm > 0.0 && max_error_mm.is_finite() && mesh.check().is_clean()) {
        return Ok(unchanged(mesh));
    }
    let (middle, mut points) = centred(mesh);
    let original = DistanceTo::new(mesh);
    let corners = Corners::new(mesh.positions.len(), &mesh.triangles);
    let spacing = sample_spacing(mesh, mesh);
    let mut tolerance = max_error_mm * FIRST_TOLERANCE;
    let mut held = Vec::new();
    let mut kept = vec![false; mesh.positions.len()];
    let mut may_cross = None;
    for attempt in 0..MAX_ATTEMPTS {
        // Nearly always the first attempt is the last.
        let part = if attempt == 0 { Part::new(progress, 0.0, 0.9) } else { Part::new(progress, 0.9, 1.0) };
        let homes = Collapse::new(&points, &mesh.triangles, &held, &corners, &original, middle, spacing)
            .run(tolerance as f32, &kept, &part)?;
        let candidate =
            Mesh { positions: mesh.positions.clone(), triangles: homes.triangles.clone() }.compacted();
        if candidate.triangles.len() >= mesh.triangles.len() || !candidate.check().is_clean() {
            return Ok(unchanged(mesh));
        }
        progress.step(9, 10)?;
        let simpler = DistanceTo::new(&candidate);
        let astray = homes.astray(mesh, &simpler, spacing, max_error_mm);
        // Sheets that lie near each other, such as thin bone, may come to cross. Next time they stay as they are.
        let mut crossing =
            self_intersections_with(&candidate, MOST_CROSSINGS, &Part::new(progress, 0.9, 0.9))?;
        if !crossing.is_empty() {
            let given = match may_cross {
                Some(given) => given,
                None => !self_intersections_with(mesh, 1, &Part::new(progress, 0.9, 0.9))?.is_empty(),
            };
            may_cross = Some(given);
            if given {
                crossing.clear();
            }
        }
        let is_last = attempt + 1 == MAX_ATTEMPTS;
        if astray.len() > mesh.triangles.len() {
            // So many that holding them all would cost more memory than the mesh.
            tolerance *= 0.5;
            continue;
        }
        if !astray.is_empty() || !(crossing.is_empty() || is_last) {
            homes.keep(&crossing, &mut kept);
            // A given triangle may lie off although its corners do not: across a ridge that was cut. Next time it is held.
            held.extend(astray.iter().map(|(t, _)| *t));
            points.extend(astray.iter().map(|(_, p)| (*p - middle).to_array().map(|x| x as f32)));
            continue;
        }
        progress.step(9, 10)?;
        // A glance finds about the largest distance, which saves most of the measurement with all samples.
        let given = (mesh, &corners, &original);
        let glance = homes.distance_mm(given, &simpler, spacing, GLANCE, 0.0);
        let hausdorff_mm = homes.distance_mm(given, &simpler, spacing, 1, glance);
        if hausdorff_mm <= max_error_mm {
            return Ok(Simplified { mesh: candidate, hausdorff_mm });
        }
        tolerance *= (0.9 * max_error_mm / hausdorff_mm).clamp(0.2, 0.8);
    }
    Ok(unchanged(mesh))
}

/// Removes triangles until `triangles` are left, with the least error that can be had for that, and measures the error.
///
/// Edges are collapsed in the order of their quadric error, the joined vertex in the best place (Garland & Heckbert
/// 1997), only where the surface stays a manifold (link condition) and no triangle turns over. Open rims and whatever is
/// no manifold stay as they are, so that a clean mesh stays clean; if nothing more may be collapsed, more triangles than
/// asked for are left. A mesh with invalid triangles comes back as it was. The distance is measured as for
/// [`simplify`]; [`decimate`] does without.
pub fn simplify_to(mesh: &Mesh, triangles: usize) -> Simplified {
    simplify_to_with(mesh, triangles, &Silent).unwrap_or_else(|Cancelled| unchanged(mesh))
}

/// As [`simplify_to`], with progress.
///
/// # Errors
/// [`Cancelled`] when `progress` says so.
pub fn simplify_to_with(
    mesh: &Mesh,
    triangles: usize,
    progress: &dyn Progress,
) -> Result<Simplified, Cancelled> {
    let result = decimate(mesh, triangles, &Part::new(progress, 0.0, 0.5))?;
    if result.triangles.len() == mesh.triangles.len() {
        return Ok(unchanged(mesh));
    }
    progress.step(1, 2)?;
    let spacing = sample_spacing(mesh, mesh);
    let hausdorff_mm = measured(mesh, &result, spacing);
    progress.step(1, 1)?;
    Ok(Simplified { mesh: result, hausdorff_mm })
}

/// The mesh of [`simplify_to`] without measuring how far it lies from what was given.
///
/// # Errors
/// [`Cancelled`] when `progress` says so.
pub fn decimate(mesh: &Mesh, triangles: usize, progress: &dyn Progress) -> Result<Mesh, Cancelled> {
    let bound = mesh.positions.len() as u64;
    let fits = mesh.triangles.len() < u32::MAX as usize / 3
        && mesh.triangles.iter().flatten().all(|&v| u64::from(v) < bound)
        && mesh.positions.iter().all(|p| p.is_finite());
    if triangles >= mesh.triangles.len() || !fits {
        return Ok(mesh.clone());
    }
    let (middle, centred) = centred(mesh);
    let left = Decimation::new(&centred, &mesh.triangles).run(triangles, progress)?;
    let mut index = vec![u32::MAX; mesh.positions.len()];
    let mut positions = Vec::with_capacity(triangles / 2 + 16);
    let mut number = |v: u32| {
        let slot = &mut index[v as usize];
        if *slot == u32::MAX {
            *slot = positions.len() as u32;
            let (given, place) = (centred[v as usize], left.positions[v as usize]);
            // What did not move keeps all its bits.
            positions.push(if given == place {
                mesh.positions[v as usize]
            } else {
                middle + Vector::from_array(place.map(f64::from))
            });
        }
        *slot
    };
    let triangles = left.triangles().map(|t| t.map(&mut number)).collect();
    Ok(Mesh { positions, triangles })
}

fn unchanged(mesh: &Mesh) -> Simplified {
    Simplified { mesh: mesh.clone(), hausdorff_mm: 0.0 }
}

/// The middle of a mesh, and its positions about that in 32 bits, as the collapse works.
fn centred(mesh: &Mesh) -> (Point<Lps>, Vec<[f32; 3]>) {
    let middle: Point<Lps> = mesh.bounds().map(Aabb::center).unwrap_or_default();
    (middle, mesh.positions.iter().map(|p| (*p - middle).to_array().map(|x| x as f32)).collect())
}

/// The two-sided distance between a mesh and a simpler one.
fn measured(mesh: &Mesh, result: &Mesh, spacing_mm: f64) -> f64 {
    let (original, simpler) = (DistanceTo::new(mesh), DistanceTo::new(result));
    let forth = farthest_vertex(mesh, &simpler, 0.0);
    // A given triangle may lie off although its corners do not: across a ridge that was cut.
    let forth = farthest_inside(mesh, &simpler, spacing_mm, forth);
    let back = farthest_vertex(result, &original, forth);
    farthest_inside(result, &original, spacing_mm, back)
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
