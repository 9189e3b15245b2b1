//! Filling what a segment encloses.

use meshing_volume::Progress;

use super::{MASK, edited, given};
use crate::{Inputs, Method, Outcome, Param, SegmentError, filled};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "fill_holes",
    version: 1,
    title: "Fill holes",
    doc: "Fills what a segment encloses on all sides, up to a volume.",
    params: PARAMS,
    needs: MASK,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[Param {
    id: "max_mm3",
    unit: "mm³",
    default: Some(1e9),
    min: 0.0,
    max: 1e9,
    doc: "The largest hole that is filled.",
}];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let most = inputs.param("max_mm3").unwrap_or_default() / inputs.volume.grid().voxel_mm3();
    let set = filled(&given(inputs), most);
    progress.step(1, 2)?;
    // The outer surface is where it was.
    edited(METHOD.id, inputs, &set, inputs.level)
}
