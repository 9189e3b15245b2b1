//! Opening by a ball.

use meshing_volume::{Part, Phrase, Progress};

use super::{MASK, edited, given};
use crate::{Inputs, Method, Outcome, Param, SegmentError, opened};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "open",
    version: 1,
    title: Phrase::new("Opening", "开运算"),
    doc: Phrase::new(
        "Takes away what a ball of this radius does not fit into: spikes, thin bridges, specks.",
        "去除容不下此半径球的部分：尖刺、细桥、小点。",
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
    doc: Phrase::new("Spikes and bridges thinner than twice this go.", "细于其两倍的尖刺和桥被去除。"),
}];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let radius = inputs.param("radius_mm").unwrap_or_default();
    let spacing = inputs.volume.grid().spacing_mm();
    let set = opened(&given(inputs), spacing, radius, &Part::new(progress, 0.1, 0.9))?;
    edited(METHOD.id, inputs, &set, None)
}
