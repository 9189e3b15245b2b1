//! The first mesh minus all others.

use meshing_solid::{Op, boolean_all};
use meshing_volume::Silent;

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work = Work { id: "boolean", doc: "the first --mesh minus every other one", prepare };

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let body = inputs.mesh(0)?;
    let tools = (1..inputs.meshes.len()).map(|n| inputs.mesh(n)).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(Box::new(move || Ok(Made::Mesh(boolean_all(Op::Difference, &body, &tools, &Silent)?))))
}
