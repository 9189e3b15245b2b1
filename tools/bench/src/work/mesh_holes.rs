//! A mesh with its holes closed.

use meshing_surface::fill_holes;

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work =
    Work { id: "mesh_holes", doc: "--mesh with holes of up to max_edges (1000) closed", prepare };

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let (mesh, most) = (inputs.mesh(0)?, inputs.param("max_edges", 1000.0) as usize);
    Ok(Box::new(move || Ok(Made::Mesh(fill_holes(&mesh, most).mesh))))
}
