//! Watershed of --field from the markers --labels.

use meshing_segment::watershed_of_field;

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work =
    Work { id: "watershed", doc: "watershed of --field from the markers --labels", prepare };

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let (field, markers) = (inputs.field()?, inputs.labels()?);
    let size = markers.grid().size();
    Ok(Box::new(move || Ok(Made::Labels(watershed_of_field(size, &field, markers.labels(), None)?))))
}
