//! The method "bone" with its defaults.

use meshing_segment::{Params, method, run};
use meshing_volume::Silent;

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work =
    Work { id: "bone", doc: "--volume by the method bone with its defaults", prepare };

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let volume = inputs.volume()?;
    let bone = method("bone").ok_or_else(|| anyhow::anyhow!("no method bone"))?;
    Ok(Box::new(move || {
        let outcome = run(bone, &volume, &Params::new(), &Silent)?;
        Ok(Made::Labels(outcome.mask.labels().to_vec()))
    }))
}
