//! A foreign mesh made printable.

use meshing_surface::{Repairing, repair};
use meshing_volume::Silent;

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work = Work { id: "repair", doc: "--mesh made a closed manifold", prepare };

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let mesh = inputs.mesh(0)?;
    Ok(Box::new(move || Ok(Made::Mesh(repair(&mesh, Repairing::default(), &Silent)?.mesh))))
}
