//! A margin around a segment, or within it.

use meshing_volume::{Part, Phrase, Progress};

use super::{MASK, edited, given};
use crate::{Inputs, Method, Outcome, Param, SegmentError};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "margin",
    version: 1,
    title: Phrase::new("Margin", "外扩/内缩"),
    doc: Phrase::new(
        "A segment with a margin of so many millimetres around it; below 0, without its outermost millimetres.",
        "分割向外扩展若干毫米；小于 0 则去除最外层若干毫米。",
    ),
    params: PARAMS,
    needs: MASK,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[Param {
    id: "mm",
    unit: Phrase::symbol("mm"),
    default: Some(2.0),
    min: -100.0,
    max: 100.0,
    doc: Phrase::new("How wide; below 0 it is taken away.", "宽度；小于 0 为内缩。"),
}];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let by_mm = inputs.param("mm").unwrap_or_default();
    let spacing = inputs.volume.grid().spacing_mm();
    let set = crate::margin(&given(inputs), spacing, by_mm, &Part::new(progress, 0.1, 0.9))?;
    edited(METHOD.id, inputs, &set, None)
}
