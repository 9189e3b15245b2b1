//! Region growing from a voxel.

use meshing_segment::region_grow;

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work = Work {
    id: "region_grow",
    doc: "what hangs together with voxel i, j, k of --volume between lower (230) and upper (500)",
    prepare,
};

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let volume = inputs.volume()?;
    let at = ["i", "j", "k"].map(|axis| inputs.param(axis, 0.0) as usize);
    let start = volume.grid().index(at[0], at[1], at[2]);
    let (lower, upper) = (inputs.param("lower", 230.0), inputs.param("upper", 500.0));
    Ok(Box::new(move || Ok(Made::Mask(Box::new(region_grow(&volume, &[start], lower, upper).0)))))
}
