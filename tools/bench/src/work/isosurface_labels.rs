//! The closed surfaces of all labels at once.

use std::collections::BTreeMap;

use meshing_surface::surfaces_of_labels;

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work =
    Work { id: "isosurface_labels", doc: "closed surfaces of all --labels with shared walls", prepare };

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let labels = inputs.labels()?;
    Ok(Box::new(move || {
        let surfaces = surfaces_of_labels(&labels).surfaces();
        let triangles: usize = surfaces.iter().map(|(_, mesh)| mesh.triangles.len()).sum();
        Ok(Made::Figures(BTreeMap::from([("labels", surfaces.len() as f64), ("tris", triangles as f64)])))
    }))
}
