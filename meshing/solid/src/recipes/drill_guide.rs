//! A guide with a sleeve for each planned bore.

use meshing_segment::Params;
use meshing_surface::Mesh;
use meshing_volume::{Phrase, Progress};

use super::contact::{self, COMMON};
use crate::recipe::{Made, Plan, Recipe};
use crate::{Lettering, SolidError};

pub(super) const RECIPE: Recipe = Recipe {
    id: "drill_guide",
    version: 2,
    title: Phrase::new("Drill guide", "钻孔导板"),
    doc: Phrase::new(
        "A shell that fits the bone within the region, free of undercuts along the insertion, with a sleeve for each \
          planned bore and the label engraved. Refused if it falls apart.",
        "在区域内贴合骨面的壳，沿就位方向没有倒凹，每个规划的孔有套筒，刻有标识。如果分成几块则拒绝。",
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
    if plan.drills.is_empty() {
        return Err(SolidError::refused(
            "a drill guide needs a planned bore",
            "钻孔导板需要至少一个规划的孔",
        ));
    }
    contact::guide(bone, plan, params, lettering, progress)
}
