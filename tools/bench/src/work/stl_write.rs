//! A mesh as the bytes of a binary STL file.

use std::collections::BTreeMap;

use meshing_surface::stl;

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work = Work { id: "stl_write", doc: "--mesh as binary STL in memory", prepare };

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let mesh = inputs.mesh(0)?;
    Ok(Box::new(move || {
        let bytes = stl::write(&mesh, "bench");
        Ok(Made::Figures(BTreeMap::from([("bytes", bytes.len() as f64)])))
    }))
}
