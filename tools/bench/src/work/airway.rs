//! The airway from a voxel in the windpipe.

use anyhow::Context as _;
use meshing_segment::{LeakTest, airway_from};

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work =
    Work { id: "airway", doc: "the airway of --volume from voxel i, j, k, before it leaks", prepare };

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let volume = inputs.volume()?;
    let at = ["i", "j", "k"].map(|axis| inputs.param(axis, 0.0) as usize);
    let start = volume.grid().index(at[0], at[1], at[2]);
    let rules = LeakTest { highest: inputs.param("highest", -780.0), factor: 1.6, least_mm3: 80_000.0 };
    Ok(Box::new(move || {
        let (mask, _) = airway_from(&volume, &[start], &rules)?.context("no air at the seed")?;
        Ok(Made::Mask(Box::new(mask)))
    }))
}
