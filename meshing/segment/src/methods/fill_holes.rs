//! Filling what a segment encloses.

use meshing_volume::{Phrase, Progress};

use super::{MASK, edited, given};
use crate::{Inputs, Method, Outcome, Param, SegmentError, filled};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "fill_holes",
    version: 1,
    title: Phrase::new("Fill holes", "填充孔洞"),
    doc: Phrase::new(
        "Fills what a segment encloses on all sides, up to a volume.",
        "填充被分割四面包围、不超过一定体积的空腔。",
    ),
    params: PARAMS,
    needs: MASK,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[Param {
    id: "max_mm3",
    unit: Phrase::symbol("mm³"),
    default: Some(1e9),
    min: 0.0,
    max: 1e9,
    doc: Phrase::new("The largest hole that is filled.", "填充的最大孔洞。"),
}];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let most = inputs.param("max_mm3").unwrap_or_default() / inputs.volume.grid().voxel_mm3();
    let set = filled(&given(inputs), most);
    progress.step(1, 2)?;
    // The outer surface is where it was.
    edited(METHOD.id, inputs, &set, inputs.level)
}
