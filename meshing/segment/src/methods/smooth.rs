//! Smoothing that keeps the volume.

use meshing_volume::{Phrase, Progress};

use super::{MASK, edited, given};
use crate::edit::smooth_keeping_volume;
use crate::{Inputs, Method, Outcome, Param, Runs, SegmentError};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "smooth",
    version: 1,
    title: Phrase::new("Smoothing", "平滑"),
    doc: Phrase::new(
        "Smooths the surface of a segment by a Gaussian and keeps its volume; thin parts are not eaten away as by a \
          fixed level.",
        "用高斯函数平滑分割表面并保持体积；薄的部分不会像固定阈值那样被侵蚀。",
    ),
    params: PARAMS,
    needs: MASK,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[Param {
    id: "sigma_mm",
    unit: Phrase::symbol("mm"),
    default: Some(1.0),
    min: 0.01,
    max: 20.0,
    doc: Phrase::new("How wide the Gaussian is.", "高斯函数的宽度。"),
}];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let mut map = given(inputs).to_mask(inputs.volume.grid());
    progress.step(1, 3)?;
    smooth_keeping_volume(&mut map, 1, inputs.param("sigma_mm").unwrap_or_default())?;
    progress.step(2, 3)?;
    edited(METHOD.id, inputs, &Runs::of_label(&map, 1), None)
}
