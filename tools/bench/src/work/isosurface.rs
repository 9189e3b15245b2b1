//! The closed surface of a volume at `level`.

use meshing_surface::isosurface;

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work =
    Work { id: "isosurface", doc: "closed surface of --volume at level (default 300)", prepare };

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let (volume, level) = (inputs.volume()?, inputs.param("level", 300.0));
    Ok(Box::new(move || Ok(Made::Mesh(isosurface(&volume, level)))))
}
