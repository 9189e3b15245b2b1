//! The largest component of a mask.

use meshing_segment::{Components, Connectivity};

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work = Work {
    id: "components",
    doc: "the largest component of label 1 of --labels; corners=1 joins by edges and corners too",
    prepare,
};

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let mask = inputs.labels()?;
    let by = if inputs.param("corners", 0.0) > 0.5 { Connectivity::Corners } else { Connectivity::Faces };
    Ok(Box::new(move || {
        let parts = Components::of_label(&mask, 1, by);
        let largest = parts.largest();
        let mut labels = vec![0; mask.labels().len()];
        parts.paint(&mut labels, 1, |part| Some(part) == largest);
        Ok(Made::Labels(labels))
    }))
}
