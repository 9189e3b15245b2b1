//! The recipes, one file each, and what they share.

mod contact;
mod contact_guide;
mod curve_cut;
mod cutting_guide;
mod drill_guide;
mod hollow_model;
mod hollow_vessel;
mod kwire_guide;
mod label;
mod loose;
mod mirrored_implant;
mod model_with_base;
mod perforated;
mod region;
mod scan_end;
mod splint;
mod split_model;

pub use contact::require_parts;

use crate::recipe::Recipe;

/// All of them.
pub(crate) const ALL: &[Recipe] = &[
    drill_guide::RECIPE,
    cutting_guide::RECIPE,
    kwire_guide::RECIPE,
    contact_guide::RECIPE,
    mirrored_implant::RECIPE,
    perforated::RECIPE,
    model_with_base::RECIPE,
    hollow_vessel::RECIPE,
    hollow_model::RECIPE,
    split_model::RECIPE,
    curve_cut::RECIPE,
    splint::RECIPE,
];
