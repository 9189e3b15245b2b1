//! A surface at a distance from a mesh.

use meshing_solid::offset;
use meshing_volume::Silent;

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work =
    Work { id: "offset", doc: "--mesh grown by by (2) mm on a grid of spacing (1) mm", prepare };

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let (mesh, by, spacing) = (inputs.mesh(0)?, inputs.param("by", 2.0), inputs.param("spacing", 1.0));
    Ok(Box::new(move || Ok(Made::Mesh(offset(&mesh, by, spacing, &Silent)?))))
}
