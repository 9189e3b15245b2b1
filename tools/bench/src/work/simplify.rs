//! `share` of the triangles of a mesh.

use meshing_surface::{decimate, simplify_to, simplify_with};
use meshing_volume::Silent;

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work = Work {
    id: "simplify",
    doc: "share (default 0.1) of the triangles of --mesh; measure=1 adds the distance, max_error=MM bounds it instead",
    prepare,
};

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let mesh = inputs.mesh(0)?;
    let goal = (mesh.triangles.len() as f64 * inputs.param("share", 0.1)) as usize;
    let (measure, limit) = (inputs.param("measure", 0.0) > 0.0, inputs.param("max_error", 0.0));
    Ok(Box::new(move || {
        let made = if limit > 0.0 {
            simplify_with(&mesh, limit, &Silent)?.mesh
        } else if measure {
            simplify_to(&mesh, goal).mesh
        } else {
            decimate(&mesh, goal, &Silent)?
        };
        Ok(Made::Mesh(made))
    }))
}
