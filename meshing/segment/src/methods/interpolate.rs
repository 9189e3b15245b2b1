//! Slices between drawn slices.

use meshing_volume::{Phrase, Progress};

use super::{MASK, edited, given};
use crate::edit::interpolate_slices;
use crate::{Inputs, Method, Outcome, Param, Runs, SegmentError};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "interpolate",
    version: 1,
    title: Phrase::new("Between slices", "层间插值"),
    doc: Phrase::new(
        "Fills the slices between those that were drawn, by the distance to the outlines (Raya & Udupa 1990).",
        "按到轮廓的距离填充已勾画层之间的层面（Raya & Udupa 1990）。",
    ),
    params: PARAMS,
    needs: MASK,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[Param {
    id: "axis",
    unit: Phrase::symbol("0 = i, 1 = j, 2 = k"),
    default: Some(2.0),
    min: 0.0,
    max: 2.0,
    doc: Phrase::new(
        "The axis of the volume's grid that the drawn slices lie across.",
        "已勾画层面所垂直的网格轴。",
    ),
}];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let mut map = given(inputs).to_mask(inputs.volume.grid());
    progress.step(1, 3)?;
    interpolate_slices(&mut map, 1, inputs.param("axis").unwrap_or_default().round() as usize)?;
    progress.step(2, 3)?;
    edited(METHOD.id, inputs, &Runs::of_label(&map, 1), None)
}
