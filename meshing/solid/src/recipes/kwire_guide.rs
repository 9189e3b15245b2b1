//! A guide for Kirschner wires, which are thin.

use meshing_segment::Params;
use meshing_surface::Mesh;
use meshing_volume::{Phrase, Progress};

use super::contact::{self, COMMON};
use crate::recipe::{Made, Plan, Recipe};
use crate::{Lettering, SolidError};

pub(super) const RECIPE: Recipe = Recipe {
    id: "kwire_guide",
    version: 2,
    title: Phrase::new("K-wire guide", "克氏针导板"),
    doc: Phrase::new(
        "A shell that fits the bone within the region, free of undercuts along the insertion, with a sleeve for each \
          planned wire of at most 3 mm, and the label engraved. Refused if it falls apart.",
        "在区域内贴合骨面的壳，沿就位方向没有倒凹，每根规划的不超过 3 mm 的针有套筒，刻有标识。如果分成几块则拒绝。",
    ),
    params: COMMON,
    parts: |_| 1,
    run,
};

/// The thickest wire, mm.
const THICKEST_MM: f64 = 3.0;

fn run(
    bone: &Mesh,
    plan: &Plan,
    params: &Params,
    lettering: Lettering<'_>,
    progress: &dyn Progress,
) -> Result<Made, SolidError> {
    if plan.drills.is_empty() {
        return Err(SolidError::refused(
            "a K-wire guide needs a planned wire",
            "克氏针导板需要至少一根规划的针",
        ));
    }
    if let Some(thick) = plan.drills.iter().find(|d| d.diameter_mm.is_nan() || d.diameter_mm > THICKEST_MM) {
        return Err(SolidError::refused(
            format!("a K-wire is at most {THICKEST_MM} mm thick, not {} mm", thick.diameter_mm),
            format!("克氏针直径至多 {THICKEST_MM} mm，不能是 {} mm", thick.diameter_mm),
        ));
    }
    contact::guide(bone, plan, params, lettering, progress)
}
