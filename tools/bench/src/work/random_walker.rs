//! Random walker from markers.

use meshing_segment::{Walk, random_walker};
use meshing_volume::Silent;

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work = Work {
    id: "random_walker",
    doc: "random walker in --volume from the markers --labels; sigma in mm (1), difference (from the noise)",
    prepare,
};

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let (volume, markers) = (inputs.volume()?, inputs.labels()?);
    let difference = inputs.params.get("difference").copied();
    let walk = Walk { sigma_mm: inputs.param("sigma", 1.0), difference };
    Ok(Box::new(move || Ok(Made::Labels(random_walker(&volume, markers.labels(), &walk, &Silent)?))))
}
