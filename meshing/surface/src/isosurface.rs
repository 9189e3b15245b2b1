//! Closed isosurfaces of grey volumes and masks.
//!
//! Method: marching cubes (Lorensen & Cline 1987) in which each cell face is resolved by the asymptotic decider
//! (Nielson & Hamann 1991), so that the two cells beside a face always agree. The contour of each cell is followed as
//! closed loops and every loop is filled as a disc whose inner edges avoid the faces of the cell. It follows that each
//! edge has exactly two triangles and each vertex one fan: a closed, oriented 2-manifold for any input, ambiguous cells
//! and noise included. The volume is surrounded by one layer of background, which caps whatever touches its border.

#![expect(
    clippy::inline_always,
    clippy::needless_range_loop,
    reason = "what is not inlined is compiled for any machine, and loops over lanes become vectors"
)]

mod bits;
mod cells;
mod count;
mod extract;
mod field;
mod fill;
mod machine;

use meshing_volume::{LabelMap, Volume, Voxels};

pub(crate) use bits::{before, pack_row, set_bits};
pub(crate) use cells::{Contour, EDGES, FACES, Table};
pub(crate) use extract::crossing;
pub(crate) use field::KEPT;
pub(crate) use fill::fill;
pub(crate) use machine::Plain;

use crate::Mesh;
use extract::extract;
use field::{Grey, Shell, Smoothed};

/// The surface where the volume, linear between voxel centres, crosses `iso` (in the volume's unit).
///
/// Voxels of `iso` or more are inside. The mesh is closed: where the inside touches the border of the volume it is
/// capped against the volume's lowest value, at most one voxel beyond the last voxel centre. Vertices keep 0.5 % of a
/// voxel from voxel centres, so that no two become one point as 32-bit floats. NaN counts as the lowest value.
pub fn isosurface(volume: &Volume, iso: f64) -> Mesh {
    let grid = volume.grid();
    match volume.voxels() {
        Voxels::I16(values) => extract(Grey::new(values, grid.size(), iso), grid),
        Voxels::F32(values) => extract(Grey::new(values, grid.size(), iso), grid),
    }
}

/// The surface of the voxels labelled `label`, placed where the grey values cross `iso`.
///
/// The mask decides which voxel centres are inside, so that other structures of the same grey value stay out and
/// filled holes stay filled; between a voxel inside and its neighbour outside the surface lies where the grey volume
/// crosses `iso`, as with [`isosurface`]. That is the true grey edge for every mask made by a threshold at `iso`, above it or
/// (air: lungs) below it. Where the mask was cut by other means and both voxels lie on the same side of `iso`, the
/// surface lies between them in the ratio of their distances from it. Closed, like [`isosurface`].
///
/// # Panics
/// If the mask does not lie on the volume's grid.
pub fn isosurface_in_shell(volume: &Volume, mask: &LabelMap, label: u8, iso: f64) -> Mesh {
    assert_eq!(volume.grid(), mask.grid(), "a mask belongs to the grid of its volume");
    let grid = volume.grid();
    match volume.voxels() {
        Voxels::I16(values) => extract(Shell::new(Grey::new(values, grid.size(), iso), mask, label), grid),
        Voxels::F32(values) => extract(Shell::new(Grey::new(values, grid.size(), iso), mask, label), grid),
    }
}

/// The surface of the voxels labelled `label` without grey values: of the mask, lightly smoothed.
///
/// For masks that no level explains (painted, or from a network). Smoothing is a 3×3×3 binomial kernel; voxel centres
/// stay on the side where the mask has them, so that thin sheets survive. About four times less exact than
/// [`isosurface_in_shell`]. Closed, like [`isosurface`].
pub fn surface_of_mask(mask: &LabelMap, label: u8) -> Mesh {
    extract(Smoothed { mask, label }, mask.grid())
}
