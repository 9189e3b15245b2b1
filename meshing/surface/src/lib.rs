//! Surfaces of segmented anatomy: from grey voxels to a closed mesh in patient millimetres, and to print-file bytes.
//!
//! * [`isosurface`], [`isosurface_in_shell`] and [`surface_of_mask`] make closed, oriented 2-manifold meshes;
//! * [`surfaces_of_labels`] makes those of all labels of a map at once, with shared walls;
//! * [`simplify`] and [`simplify_to`] remove triangles and *measure* how far the result lies from what it was given;
//! * [`smooth`] takes voxel steps out, [`fill_holes`] closes holes, [`repair`] makes foreign meshes printable;
//! * [`self_intersections`] finds triangles that run through each other;
//! * [`measure`], [`principal_axes`] and [`Mesh::check`] say what a mesh is and what is wrong with it;
//! * [`section`] cuts a mesh with a plane; [`curvature`] and [`signed_distances`] are what colour maps show;
//! * [`levels`] makes a chain of ever coarser meshes for a renderer, [`packed`] carries a mesh in few bytes;
//! * [`stl`], [`threemf`], [`obj`], [`ply`] and [`glb`] turn meshes into bytes and back, [`verify_written`] proves that bytes hold the mesh.
//!
//! What this crate does not do: no files, no clock, no patient data; the same input gives the same mesh on any number
//! of threads. All positions are DICOM LPS millimetres; triangles run counter-clockwise seen from outside.
//!
//! ```
//! use meshing_space::Point;
//! use meshing_surface::{isosurface, measure};
//! use meshing_volume::{Grid, Volume, VolumeMeta, Voxels};
//!
//! let grid = Grid::axis_aligned([16, 16, 16], Point::origin(), [1.0; 3])?;
//! let ball = |v: usize| {
//!     let at = [v % 16, v / 16 % 16, v / 256].map(|n| n as f32 - 7.5);
//!     5.0 - at.iter().map(|d| d * d).sum::<f32>().sqrt()
//! };
//! let volume = Volume::new(grid, Voxels::F32((0..grid.len()).map(ball).collect()), VolumeMeta::default())?;
//! let measures = measure(&isosurface(&volume, 0.0));
//! assert!(measures.closed && measures.manifold && measures.parts == 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod axes;
mod chinese;
mod curvature;
mod distance;
pub mod glb;
mod holes;
mod intersect;
mod isosurface;
mod labels;
mod levels;
mod measure;
mod mesh;
mod mesh_file;
pub mod obj;
pub mod packed;
pub mod ply;
mod repair;
mod section;
#[cfg(test)]
mod shapes;
mod signed;
mod simplify;
mod smooth;
pub mod stl;
pub mod threemf;
mod topology;
mod verify;
mod wide;
mod winding;

pub use axes::{PrincipalAxes, principal_axes};
pub use curvature::{Curvature, curvature};
pub use distance::{DistanceTo, Hausdorff, hausdorff, hausdorff_with};
pub use holes::{HolesFilled, fill_holes};
pub use intersect::{self_intersections, self_intersections_with};
pub use isosurface::{isosurface, isosurface_in_shell, surface_of_mask};
pub use labels::{LabelSurfaces, Wall, surfaces_of_labels};
pub use levels::{Level, LevelsError, level_within, levels};
pub use measure::{Measures, measure};
pub use mesh::{Mesh, MeshProblems};
pub use mesh_file::MeshFileError;
pub use repair::{RepairError, RepairReport, Repaired, Repairing, repair};
pub use section::{Polyline, Section, SectionError, section};
pub use signed::signed_distances;
pub use simplify::{Simplified, decimate, simplify, simplify_to, simplify_to_with, simplify_with};
pub use smooth::{Smoothed, Smoothing, smooth};
pub use verify::{VerifyError, verify_parts, verify_written};
