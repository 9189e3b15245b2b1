//! Smoothing that keeps the volume.

use meshing_volume::Progress;

use super::{MASK, edited, given};
use crate::edit::smooth_keeping_volume;
use crate::{Inputs, Method, Outcome, Param, Runs, SegmentError};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "smooth",
    version: 1,
    title: "Smoothing",
    doc: "Smooths the surface of a segment by a Gaussian and keeps its volume; thin parts are not eaten away as by a \
          fixed level.",
    params: PARAMS,
    needs: MASK,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[Param {
    id: "sigma_mm",
    unit: "mm",
    default: Some(1.0),
    min: 0.01,
    max: 20.0,
    doc: "How wide the Gaussian is.",
}];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let mut map = given(inputs).to_mask(inputs.volume.grid());
    progress.step(1, 3)?;
    smooth_keeping_volume(&mut map, 1, inputs.param("sigma_mm").unwrap_or_default())?;
    progress.step(2, 3)?;
    edited(METHOD.id, inputs, &Runs::of_label(&map, 1), None)
}
