//! Closing by a ball.

use meshing_volume::{Part, Phrase, Progress};

use super::{MASK, edited, given};
use crate::{Inputs, Method, Outcome, Param, SegmentError, closed};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "close",
    version: 1,
    title: Phrase::new("Closing", "闭运算"),
    doc: Phrase::new(
        "Closes gaps, notches and channels narrower than twice the radius; nothing is taken away.",
        "闭合窄于两倍半径的间隙、切迹和通道；不去除任何部分。",
    ),
    params: PARAMS,
    needs: MASK,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[Param {
    id: "radius_mm",
    unit: Phrase::symbol("mm"),
    default: Some(1.5),
    min: 0.0,
    max: 100.0,
    doc: Phrase::new("Gaps narrower than twice this close.", "窄于其两倍的间隙被闭合。"),
}];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let radius = inputs.param("radius_mm").unwrap_or_default();
    let spacing = inputs.volume.grid().spacing_mm();
    let set = closed(&given(inputs), spacing, radius, &Part::new(progress, 0.1, 0.9))?;
    edited(METHOD.id, inputs, &set, None)
}
