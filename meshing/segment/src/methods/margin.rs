//! A margin around a segment, or within it.

use meshing_volume::{Part, Progress};

use super::{MASK, edited, given};
use crate::{Inputs, Method, Outcome, Param, SegmentError};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "margin",
    version: 1,
    title: "Margin",
    doc: "A segment with a margin of so many millimetres around it; below 0, without its outermost millimetres.",
    params: PARAMS,
    needs: MASK,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[Param {
    id: "mm",
    unit: "mm",
    default: Some(2.0),
    min: -100.0,
    max: 100.0,
    doc: "How wide; below 0 it is taken away.",
}];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let by_mm = inputs.param("mm").unwrap_or_default();
    let spacing = inputs.volume.grid().spacing_mm();
    let set = crate::margin(&given(inputs), spacing, by_mm, &Part::new(progress, 0.1, 0.9))?;
    edited(METHOD.id, inputs, &set, None)
}
