//! A mask with its holes filled.

use meshing_segment::{Runs, filled};

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work =
    Work { id: "fill_holes", doc: "label 1 of --labels with its enclosed holes filled", prepare };

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let mask = inputs.labels()?;
    Ok(Box::new(move || {
        let mut labels = vec![0; mask.labels().len()];
        filled(&Runs::of_label(&mask, 1), f64::INFINITY).paint(&mut labels, 1);
        Ok(Made::Labels(labels))
    }))
}
