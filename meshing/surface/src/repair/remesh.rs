//! The last resort: a new surface where the winding number of the old one is one half.

use meshing_space::Vector;
use meshing_volume::{Grid, Part, Progress, Volume, VolumeMeta, Voxels};
use rayon::prelude::*;

use super::RepairError;
use crate::distance::DistanceTo;
use crate::winding::Winding;
use crate::{Mesh, isosurface};

/// The most voxels; a finer resolution is made coarser.
const MOST_VOXELS: f64 = 3.0e7;
/// Voxels around the mesh, and how far from the surface distances are kept, voxels.
const MARGIN: f64 = 2.5;
const BAND: f64 = 2.0;

/// The closed surface around everything that the triangles wind about, and the voxel edge that was used, mm.
pub(super) fn remesh(
    mesh: &Mesh,
    resolution_mm: Option<f64>,
    progress: &dyn Progress,
) -> Result<(Mesh, f64), RepairError> {
    let bounds = mesh.compacted().bounds().ok_or(RepairError::Empty)?;
    let edges = (0..mesh.triangles.len()).map(|t| mesh.corners(t)).map(|[a, b, _]| a.distance(b));
    let mean = edges.sum::<f64>() / mesh.triangles.len().max(1) as f64;
    let extent = bounds.size().to_array();
    let longest = extent.into_iter().fold(0.0, f64::max);
    if longest <= 0.0 {
        return Err(RepairError::NoSolid);
    }
    let mut step = resolution_mm.unwrap_or(mean / 1.5).clamp(longest / 2000.0, longest / 4.0);
    let voxels =
        |step: f64| extent.map(|x| (x / step + 2.0 * MARGIN).ceil() + 1.0).into_iter().product::<f64>();
    while voxels(step) > MOST_VOXELS {
        step *= 1.1;
    }
    let size = extent.map(|x| (x / step + 2.0 * MARGIN).ceil() as usize + 1);
    let origin = bounds.min - Vector::new(1.0, 1.0, 1.0) * (MARGIN * step);
    let grid = Grid::axis_aligned(size, origin, [step; 3]).map_err(|_bad_grid| RepairError::NoSolid)?;
    let (distance, winding) = (DistanceTo::new(mesh), Winding::new(mesh));
    let mut field = vec![0.0_f32; grid.len()];
    let band = BAND * step;
    // One slice after another, so that a person can stop it; the rows of a slice side by side.
    for (k, slice) in field.chunks_mut(size[0] * size[1]).enumerate() {
        progress.step(k, size[2])?;
        slice.par_chunks_mut(size[0]).enumerate().for_each(|(j, row)| {
            let (mut near, mut i) = (0, 0);
            while i < row.len() {
                let at = origin + Vector::new(i as f64, j as f64, k as f64) * step;
                let far = distance.distance_between(at, 0.0, f64::INFINITY, &mut near);
                let sign = if winding.at(at) >= 0.5 { 1.0 } else { -1.0 };
                // As far as the surface is away nothing changes.
                let reach = if far > band { ((far - band) / step) as usize + 1 } else { 1 };
                let end = (i + reach).min(row.len());
                row[i..end].fill((sign * far.min(band)) as f32);
                i = end;
            }
        });
    }
    let volume = Volume::new(grid, Voxels::F32(field), VolumeMeta::default())
        .map_err(|_wrong_size| RepairError::NoSolid)?;
    progress.step(9, 10)?;
    let made = isosurface(&volume, 0.0);
    Part::new(progress, 0.9, 1.0).step(1, 1)?;
    if made.triangles.is_empty() { Err(RepairError::NoSolid) } else { Ok((made, step)) }
}
