//! A guide with a slot for each planned saw cut.

use meshing_segment::Params;
use meshing_surface::Mesh;
use meshing_volume::Progress;

use super::contact::{self, COMMON};
use crate::recipe::{Made, Plan, Recipe};
use crate::{Lettering, SolidError};

pub(super) const RECIPE: Recipe = Recipe {
    id: "cutting_guide",
    version: 2,
    title: "Cutting guide",
    doc: "A shell that fits the bone within the region, free of undercuts along the insertion, with a walled slot for each \
          planned saw cut, bores for the wires that hold it, and the label engraved. Refused if a slot cuts it in two.",
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
