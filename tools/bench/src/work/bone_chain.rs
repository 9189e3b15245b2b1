//! Bone the short way: threshold, components by faces, the largest, its holes filled.

use meshing_segment::{Components, Connectivity, Runs, filled};

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work = Work {
    id: "bone_chain",
    doc: "--volume from level (default 251) up: the largest component with its holes filled",
    prepare,
};

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let (volume, level) = (inputs.volume()?, inputs.param("level", 251.0));
    Ok(Box::new(move || {
        let parts = Components::of(Runs::select(&volume, level, f64::INFINITY), Connectivity::Faces);
        let largest = parts.largest();
        let solid = filled(&parts.keep(|part| Some(part) == largest), f64::INFINITY);
        let mut labels = vec![0; volume.voxels().len()];
        solid.paint(&mut labels, 1);
        Ok(Made::Labels(labels))
    }))
}
