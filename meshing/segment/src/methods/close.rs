//! Closing by a ball.

use meshing_volume::{Part, Progress};

use super::{MASK, edited, given};
use crate::{Inputs, Method, Outcome, Param, SegmentError, closed};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "close",
    version: 1,
    title: "Closing",
    doc: "Closes gaps, notches and channels narrower than twice the radius; nothing is taken away.",
    params: PARAMS,
    needs: MASK,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[Param {
    id: "radius_mm",
    unit: "mm",
    default: Some(1.5),
    min: 0.0,
    max: 100.0,
    doc: "Gaps narrower than twice this close.",
}];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let radius = inputs.param("radius_mm").unwrap_or_default();
    let spacing = inputs.volume.grid().spacing_mm();
    let set = closed(&given(inputs), spacing, radius, &Part::new(progress, 0.1, 0.9))?;
    edited(METHOD.id, inputs, &set, None)
}
