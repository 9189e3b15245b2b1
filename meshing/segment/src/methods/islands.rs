//! The largest pieces of a segment.

use meshing_volume::{Phrase, Progress};

use super::{MASK, edited, given};
use crate::{Connectivity, Inputs, Method, Outcome, Param, SegmentError};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "islands",
    version: 1,
    title: Phrase::new("Islands", "孤岛"),
    doc: Phrase::new(
        "The largest connected pieces of a segment, without what is too small.",
        "分割中最大的连通块，去除过小者。",
    ),
    params: PARAMS,
    needs: MASK,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    Param {
        id: "most",
        unit: Phrase::new("pieces", "块"),
        default: Some(1.0),
        min: 1.0,
        max: 1e6,
        doc: Phrase::new("At most so many are kept, the largest first.", "最多保留的块数，从最大开始。"),
    },
    Param {
        id: "least_mm3",
        unit: Phrase::symbol("mm³"),
        default: Some(0.0),
        min: 0.0,
        max: 1e9,
        doc: Phrase::new("Smaller pieces go in any case.", "小于此值的块一律去除。"),
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
