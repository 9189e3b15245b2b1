//! An anatomical model on a base that names it.

use meshing_segment::{Param, Params};
use meshing_space::Vector;
use meshing_surface::Mesh;
use meshing_volume::{Phrase, Progress};

use super::contact::require_parts;
use crate::primitives::{Fit, cuboid, cylinder};
use crate::recipe::{Made, Plan, Recipe, value};
use crate::text::{half_extent, text_in};
use crate::tidy::printable;
use crate::{Label, Lettering, Op, Pose, SolidError, boolean_all, difference, pieces};

pub(super) const RECIPE: Recipe = Recipe {
    id: "model_with_base",
    version: 2,
    title: Phrase::new("Model with base", "带底座模型"),
    doc: Phrase::new(
        "The bone as it is, each of its pieces held by a pillar on a plate below it (seen against the insertion), with the \
          label engraved in the edge of the plate that faces the reader.",
        "骨保持原样，每块由支柱固定在下方的底板上（逆就位方向看），标识刻在底板朝向读者的边缘。",
    ),
    params: PARAMS,
    parts: |_| 1,
    run,
};

const PARAMS: &[Param] = &[
    Param {
        id: "plate",
        unit: Phrase::symbol("mm"),
        default: Some(5.0),
        min: 2.0,
        max: 20.0,
        doc: Phrase::new("Thickness of the plate.", "底板厚度。"),
    },
    Param {
        id: "above",
        unit: Phrase::symbol("mm"),
        default: Some(5.0),
        min: 0.0,
        max: 100.0,
        doc: Phrase::new("Height of the bone above the plate.", "骨高出底板的高度。"),
    },
    Param {
        id: "margin",
        unit: Phrase::symbol("mm"),
        default: Some(3.0),
        min: 0.0,
        max: 50.0,
        doc: Phrase::new("How far the plate reaches beyond the bone.", "底板超出骨的距离。"),
    },
    Param {
        id: "pillar",
        unit: Phrase::symbol("mm"),
        default: Some(6.0),
        min: 2.0,
        max: 30.0,
        doc: Phrase::new("Diameter of the pillars.", "支柱直径。"),
    },
    Param {
        id: "label_depth",
        unit: Phrase::symbol("mm"),
        default: Some(0.6),
        min: 0.2,
        max: 2.0,
        doc: Phrase::new("Depth of the engraving.", "刻字深度。"),
    },
];

fn run(
    bone: &Mesh,
    plan: &Plan,
    params: &Params,
    lettering: Lettering<'_>,
    progress: &dyn Progress,
) -> Result<Made, SolidError> {
    let of = |id| value(params, id);
    let (plate, above, margin, pillar) = (of("plate"), of("above"), of("margin"), of("pillar"));
    let middle = bone.bounds().ok_or(SolidError::Empty { what: "the mesh" })?.center();
    let frame = Pose::along(middle, plan.insertion * -1.0)?;
    let own = frame.own_mesh(bone);
    let bounds = own.bounds().ok_or(SolidError::Empty { what: "the mesh" })?;
    let top = bounds.min.z() - above;
    let size = bounds.size();
    let edges = [size.x() + 2.0 * margin, size.y() + 2.0 * margin, plate];
    let centre = [bounds.center().x(), bounds.center().y(), top - plate / 2.0];
    let base = cuboid(&Pose::IDENTITY.moved(centre), edges)?;
    let mut added = vec![base.clone()];
    for piece in pieces(&own) {
        let lowest = piece.mesh.positions.iter().min_by(|a, b| a.z().total_cmp(&b.z()));
        let Some(foot) = lowest else { continue };
        // Into the bone by half its own width, so that a foot that ends in a point is held as well.
        let at = Pose::IDENTITY.moved([foot.x(), foot.y(), 0.0]);
        added.push(cylinder(&at, pillar / 2.0, top - plate / 2.0, foot.z() + pillar / 2.0, Fit::Pin)?);
    }
    progress.step(3, 10)?;
    let mut made = boolean_all(Op::Union, &own, &added, progress)?;
    let mut label = None;
    if !plan.label.trim().is_empty() {
        let edge = Pose::with_side(
            meshing_space::Point::new(centre[0], centre[1] - edges[1] / 2.0, centre[2]),
            Vector::new(0.0, -1.0, 0.0),
            Vector::new(1.0, 0.0, 0.0),
        )?;
        let [wide, high] = half_extent(&plan.label, lettering)?;
        let height = (plate * 0.3 / high).min((edges[0] - 4.0) / (2.0 * wide));
        if height < 1.5 {
            return Err(SolidError::refused(
                format!("the label {:?} does not fit the edge of the plate; shorten it", plan.label),
                format!("标识 {:?} 放不下底板边缘；请缩短", plan.label),
            ));
        }
        let stroke = (height / 7.0).max(0.4);
        let cutter = text_in(&plan.label, lettering, &edge, height, stroke, [-of("label_depth"), 1.0])?;
        made = difference(&made, &cutter)?;
        // The lips between letters and rim are as high as the letters are deep: none of them is a wall.
        let half_mm = [height * wide + 1.2, plate / 2.0 + 0.01];
        label = Some(Label { pose: edge, half_mm }.seen_outside(&frame)?);
    }
    let mesh = printable(&frame.lps_mesh(&made));
    require_parts(&mesh, 1)?;
    Ok(Made { mesh, params: params.clone(), label, crumbs_mm3: 0.0 })
}
