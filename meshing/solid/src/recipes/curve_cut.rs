//! A solid cut along a curve.

use meshing_segment::{Param, Params};
use meshing_surface::Mesh;
use meshing_volume::{Part, Phrase, Progress};

use super::contact::{PLANNED, planned_parts, require_parts};
use crate::recipe::{Made, Plan, Recipe, Region, value};
use crate::tidy::printable;
use crate::{Lettering, SolidError, cut_by_curve, pieces};

pub(super) const RECIPE: Recipe = Recipe {
    id: "curve_cut",
    version: 1,
    title: Phrase::new("Curve cut", "曲线切割"),
    doc: Phrase::new(
        "The bone cut along the plan's closed curve, or along its painted places in their order, by a blade that runs along \
          the insertion and is as thick as the kerf. All pieces are kept where they lie; refused unless there are as many as \
          were planned.",
        "沿规划的闭合曲线，或按顺序沿涂画的点切割骨；锯片沿就位方向，厚度为锯缝宽度。各块保留在原位；块数与计划不符则拒绝。",
    ),
    params: PARAMS,
    parts: planned_parts,
    run,
};

const PARAMS: &[Param] = &[
    Param {
        id: "kerf",
        unit: Phrase::symbol("mm"),
        default: Some(1.0),
        min: 0.05,
        max: 5.0,
        doc: Phrase::new("Thickness of the saw blade.", "锯片厚度。"),
    },
    Param {
        id: "depth",
        unit: Phrase::symbol("mm"),
        default: Some(0.0),
        min: 0.0,
        max: 300.0,
        doc: Phrase::new(
            "How far the blade reaches below the deepest point of the curve; 0 cuts through everything.",
            "锯片低于曲线最深点的深度；0 表示全部切穿。",
        ),
    },
    Param {
        id: "parts",
        unit: Phrase::symbol(""),
        default: Some(0.0),
        min: 0.0,
        max: 10_000.0,
        doc: Phrase::new(
            "Pieces that are planned; 0 plans one more than the bone has.",
            "计划的块数；0 表示比骨的块数多一块。",
        ),
    },
];

fn run(
    bone: &Mesh,
    plan: &Plan,
    params: &Params,
    _lettering: Lettering<'_>,
    progress: &dyn Progress,
) -> Result<Made, SolidError> {
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
    let planned = match value(params, "parts") {
        parts if parts >= 1.0 => parts,
        _ => (pieces(bone).len() + 1) as f64,
    };
    let params = params.clone().with(PLANNED, planned);
    require_parts(&mesh, planned_parts(&params))?;
    Ok(Made { mesh, params, label: None, crumbs_mm3: 0.0 })
}
