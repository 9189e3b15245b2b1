//! Opening by a ball.

use meshing_volume::{Part, Progress};

use super::{MASK, edited, given};
use crate::{Inputs, Method, Outcome, Param, SegmentError, opened};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "open",
    version: 1,
    title: "Opening",
    doc: "Takes away what a ball of this radius does not fit into: spikes, thin bridges, specks.",
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
    doc: "Spikes and bridges thinner than twice this go.",
}];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let radius = inputs.param("radius_mm").unwrap_or_default();
    let spacing = inputs.volume.grid().spacing_mm();
    let set = opened(&given(inputs), spacing, radius, &Part::new(progress, 0.1, 0.9))?;
    edited(METHOD.id, inputs, &set, None)
}
