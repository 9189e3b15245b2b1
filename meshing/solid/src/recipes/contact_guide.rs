//! A guide that only fits: a template, or the footing of something that is fixed to it.

use meshing_segment::Params;
use meshing_surface::Mesh;
use meshing_volume::{Phrase, Progress};

use super::contact::{self, SHELL};
use crate::recipe::{Made, Plan, Recipe, value};
use crate::{Lettering, SolidError};

pub(super) const RECIPE: Recipe = Recipe {
    id: "contact_guide",
    version: 1,
    title: Phrase::new("Contact guide", "贴合导板"),
    doc: Phrase::new(
        "A shell that fits the bone within the painted region, or within a closed curve on the bone, free of undercuts along \
          the insertion, with the label engraved and neither sleeves nor slots. Refused if it falls apart.",
        "在涂画区域或骨面闭合曲线内贴合骨面的壳，沿就位方向没有倒凹，刻有标识，没有套筒和槽。如果分成几块则拒绝。",
    ),
    params: &SHELL,
    parts: |_| 1,
    run,
};

fn run(
    bone: &Mesh,
    plan: &Plan,
    params: &Params,
    lettering: Lettering<'_>,
    progress: &dyn Progress,
) -> Result<Made, SolidError> {
    if !(plan.drills.is_empty() && plan.cuts.is_empty()) {
        return Err(SolidError::refused(
            "a contact guide has no bores or slots; make a drill guide or a cutting guide of this plan",
            "贴合导板没有孔或槽；请按此规划制作钻孔导板或截骨导板",
        ));
    }
    // Walls of sleeves and struts, of which there are none, are as thick as the shell.
    let thickness = value(params, "thickness");
    let complete = params.clone().with("wall", thickness).with("strut", thickness);
    let made = contact::guide(bone, plan, &complete, lettering, progress)?;
    Ok(Made { params: params.clone(), ..made })
}
