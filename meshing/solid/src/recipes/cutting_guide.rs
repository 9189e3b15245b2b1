//! A guide with a slot for each planned saw cut.

use meshing_segment::Params;
use meshing_surface::Mesh;
use meshing_volume::{Phrase, Progress};

use super::contact::{self, COMMON};
use crate::recipe::{Made, Plan, Recipe};
use crate::{Lettering, SolidError};

pub(super) const RECIPE: Recipe = Recipe {
    id: "cutting_guide",
    version: 2,
    title: Phrase::new("Cutting guide", "截骨导板"),
    doc: Phrase::new(
        "A shell that fits the bone within the region, free of undercuts along the insertion, with a walled slot for each \
          planned saw cut, bores for the wires that hold it, and the label engraved. Refused if a slot cuts it in two.",
        "在区域内贴合骨面的壳，沿就位方向没有倒凹，每个规划的切面有带壁的槽，有固定用的针孔，刻有标识。如果被槽切成两块则拒绝。",
    ),
    params: COMMON,
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
    if plan.cuts.is_empty() {
        return Err(SolidError::refused(
            "a cutting guide needs a planned cut",
            "截骨导板需要至少一个规划的切面",
        ));
    }
    contact::guide(bone, plan, params, lettering, progress)
}
