//! The wall of a segment.

use meshing_volume::{Part, Phrase, Progress};

use super::{MASK, edited, given};
use crate::{Inputs, Method, Outcome, Param, SegmentError, shell};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "hollow",
    version: 1,
    title: Phrase::new("Hollow", "取壳"),
    doc: Phrase::new(
        "The wall along the surface of a segment: so many millimetres within it and around it.",
        "沿分割表面的壁：向内和向外各若干毫米。",
    ),
    params: PARAMS,
    needs: MASK,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    Param {
        id: "inward_mm",
        unit: Phrase::symbol("mm"),
        default: Some(2.0),
        min: 0.0,
        max: 100.0,
        doc: Phrase::new("How thick within the segment.", "向内的厚度。"),
    },
    Param {
        id: "outward_mm",
        unit: Phrase::symbol("mm"),
        default: Some(0.0),
        min: 0.0,
        max: 100.0,
        doc: Phrase::new("How thick around it.", "向外的厚度。"),
    },
];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let wall = ["inward_mm", "outward_mm"].map(|id| inputs.param(id).unwrap_or_default());
    let spacing = inputs.volume.grid().spacing_mm();
    let set = shell(&given(inputs), spacing, wall, &Part::new(progress, 0.1, 0.9))?;
    edited(METHOD.id, inputs, &set, None)
}
