//! Solids: booleans, distance fields and offsets, cuts, primitives, guides and print checks.
//!
//! What this crate does not do: no files, no clock, no patient data; the same input gives the same mesh on any number of
//! threads. All positions are DICOM LPS millimetres; triangles run counter-clockwise seen from outside.

mod boolean;
pub mod checks;
mod curve;
mod cut;
mod error;
mod field;
mod font;
mod lattice;
mod linear;
mod near;
mod openings;
mod parts;
mod pose;
pub mod primitives;
mod rays;
mod recipe;
mod recipes;
mod seeds;
mod text;
mod tidy;

pub use boolean::{Op, boolean, boolean_all, difference, intersection, resolve, union};
pub use curve::cut_by_curve;
pub use cut::{Halves, Joint, cut_by_plane, hollow, split_with_joints};
pub use error::{MOST_TRIANGLES, SolidError};
pub use field::{Field, MOST_NODES, offset, shell};
pub use font::Font;
pub use lattice::gyroid_fill;
pub use openings::{Openings, Pattern, voronoi_openings};
pub use parts::{Piece, pieces};
pub use pose::Pose;
pub use recipe::{
    Cut, Drill, Label, Made, Param, Plan, RECIPES, Recipe, Region, Run, make, make_lettered, recipe,
};
pub use recipes::require_parts;
pub use text::{Lettering, text, text_in};

use meshing_surface::Mesh;

/// The signed volume a closed mesh encloses, mm³; summed about the middle of its box.
pub(crate) fn volume_mm3(mesh: &Mesh) -> f64 {
    let Some(bounds) = mesh.bounds() else { return 0.0 };
    let middle = bounds.center();
    let doubled = |triangle: &[u32; 3]| {
        let [a, b, c] = triangle.map(|v| mesh.positions[v as usize] - middle);
        a.dot(b.cross(c))
    };
    mesh.triangles.iter().map(doubled).sum::<f64>() / 6.0
}
