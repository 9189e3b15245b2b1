//! The largest pieces of a segment.

use meshing_volume::Progress;

use super::{MASK, edited, given};
use crate::{Connectivity, Inputs, Method, Outcome, Param, SegmentError};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "islands",
    version: 1,
    title: "Islands",
    doc: "The largest connected pieces of a segment, without what is too small.",
    params: PARAMS,
    needs: MASK,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    Param {
        id: "most",
        unit: "pieces",
        default: Some(1.0),
        min: 1.0,
        max: 1e6,
        doc: "At most so many are kept, the largest first.",
    },
    Param {
        id: "least_mm3",
        unit: "mm³",
        default: Some(0.0),
        min: 0.0,
        max: 1e9,
        doc: "Smaller pieces go in any case.",
    },
];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let value = |id: &str| inputs.param(id).unwrap_or_default();
    let least = value("least_mm3") / inputs.volume.grid().voxel_mm3();
    let set = crate::islands(given(inputs), Connectivity::Faces, value("most") as usize, least);
    progress.step(1, 2)?;
    // What is kept has the surface that it had.
    edited(METHOD.id, inputs, &set, inputs.level)
}
