//! The median of 3×3×3 voxels or more.

use anyhow::bail;
use meshing_segment::filters::median;
use meshing_volume::{Silent, Voxels};

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work = Work {
    id: "median",
    doc: "--volume, each voxel the median of radius (default 1) voxels around it",
    prepare,
};

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let (grid, voxels, _) = inputs.volume()?.into_parts();
    let Voxels::I16(values) = voxels else { bail!("16-bit voxels are needed") };
    let radius = inputs.param("radius", 1.0) as usize;
    Ok(Box::new(move || Ok(Made::Voxels(median(&values, grid.size(), [radius; 3], &Silent)?))))
}
