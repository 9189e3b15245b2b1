//! A binary STL file as a mesh of shared vertices.

use anyhow::Context as _;
use meshing_surface::stl;

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work =
    Work { id: "stl_read", doc: "the STL --file, read from disk and joined", prepare };

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let file = inputs.file.clone().context("--file is needed")?;
    Ok(Box::new(move || Ok(Made::Mesh(stl::read(&std::fs::read(&file)?)?))))
}
