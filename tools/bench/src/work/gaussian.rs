//! Gaussian smoothing in 32-bit floats.

use meshing_segment::filters::gaussian;
use meshing_volume::Voxels;

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work =
    Work { id: "gaussian", doc: "--volume smoothed with sigma (default 1) mm, as 32-bit floats", prepare };

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let (grid, voxels, _) = inputs.volume()?.into_parts();
    let values: Vec<f32> = match voxels {
        Voxels::I16(values) => values.into_iter().map(f32::from).collect(),
        Voxels::F32(values) => values,
    };
    let sigma_mm = inputs.param("sigma", 1.0);
    Ok(Box::new(move || Ok(Made::Field(gaussian(&values, grid.size(), grid.spacing_mm(), sigma_mm)))))
}
