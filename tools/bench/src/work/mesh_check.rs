//! What is wrong with a mesh.

use std::collections::BTreeMap;

use meshing_surface::self_intersections;

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work = Work {
    id: "mesh_check",
    doc: "faults of --mesh; crossings=1 also looks for self-intersections",
    prepare,
};

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let (mesh, crossings) = (inputs.mesh(0)?, inputs.param("crossings", 0.0) > 0.0);
    Ok(Box::new(move || {
        let problems = mesh.check();
        let pairs = if crossings { self_intersections(&mesh).len() } else { 0 };
        Ok(Made::Figures(BTreeMap::from([
            ("clean", f64::from(u8::from(problems.is_clean()))),
            ("open_edges", problems.open_edges as f64),
            ("self_intersections", pairs as f64),
        ])))
    }))
}
