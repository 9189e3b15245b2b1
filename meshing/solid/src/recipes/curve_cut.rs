//! A solid cut along a curve.

use meshing_segment::{Param, Params};
use meshing_surface::Mesh;
use meshing_volume::{Part, Progress};

use super::contact::require_parts;
use crate::recipe::{Made, Plan, Recipe, Region, value};
use crate::tidy::printable;
use crate::{SolidError, cut_by_curve};

pub(super) const RECIPE: Recipe = Recipe {
    id: "curve_cut",
    version: 1,
    title: "Curve cut",
    doc: "The bone cut along the plan's closed curve, or along its painted places in their order, by a blade that runs along \
          the insertion and is as thick as the kerf. All pieces are kept where they lie; refused unless there are as many as \
          the parameter says.",
    params: PARAMS,
    pieces: 0,
    run,
};

const PARAMS: &[Param] = &[
    Param {
        id: "kerf",
        unit: "mm",
        default: Some(1.0),
        min: 0.05,
        max: 5.0,
        doc: "Thickness of the saw blade.",
    },
    Param {
        id: "depth",
        unit: "mm",
        default: Some(0.0),
        min: 0.0,
        max: 300.0,
        doc: "How far the blade reaches below the deepest point of the curve; 0 cuts through everything.",
    },
    Param { id: "parts", unit: "", default: Some(2.0), min: 1.0, max: 50.0, doc: "Pieces that are planned." },
];

fn run(bone: &Mesh, plan: &Plan, params: &Params, progress: &dyn Progress) -> Result<Made, SolidError> {
    let (points, closed) = match &plan.region {
        Region::Curve { points } => (points, true),
        Region::Painted { points, .. } => (points, false),
        Region::Prism { .. } => {
            return Err(SolidError::refused("a curve cut needs a planned curve", "曲线切割需要规划的曲线"));
        }
    };
    let depth = Some(value(params, "depth")).filter(|depth| *depth > 0.0);
    let cut = Part::new(progress, 0.0, 0.9);
    let found = cut_by_curve(bone, points, closed, plan.insertion, value(params, "kerf"), depth, &cut)?;
    let mut all = Mesh::default();
    for piece in found {
        all.append(&piece.mesh);
    }
    let mesh = printable(&all);
    require_parts(&mesh, value(params, "parts").round() as usize)?;
    Ok(Made { mesh, params: params.clone(), label: None, crumbs_mm3: 0.0 })
}
