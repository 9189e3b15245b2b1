//! The exact Euclidean distance from a mask.

use meshing_segment::{Distance, Runs, To};

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work = Work {
    id: "distance",
    doc: "distance from label 1 of --labels, mm; signed=1 also inside, faces=1 to faces, limit=MM only so far",
    prepare,
};

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let (mask, spacing_mm) = (inputs.labels()?, inputs.spacing_mm);
    let to = if inputs.param("faces", 0.0) > 0.5 { To::Faces } else { To::Centres };
    let how = Distance::new(spacing_mm, to).within(inputs.param("limit", f64::INFINITY));
    let signed = inputs.param("signed", 0.0) > 0.5;
    Ok(Box::new(move || {
        let set = Runs::of_label(&mask, 1);
        Ok(Made::Field(if signed { how.signed(&set) } else { how.from(&set) }))
    }))
}
