//! A model that is hollow, to save material, and drains.

use meshing_segment::{Param, Params};
use meshing_surface::Mesh;
use meshing_volume::{Part, Phrase, Progress};

use super::contact::{PLANNED, param, planned_parts, require_parts};
use super::loose::Row;
use crate::recipe::{Made, Plan, Recipe, value};
use crate::tidy::printable;
use crate::{Lettering, Pose, SolidError, hollow, pieces};

pub(super) const RECIPE: Recipe = Recipe {
    id: "hollow_model",
    version: 1,
    title: Phrase::new("Hollow model", "空心模型"),
    doc: Phrase::new(
        "The bone with a wall of even thickness around a hollow that drains, when printed in resin or powder, through each of \
          the plan's bores, from their entries inwards. A plug for each bore is laid beside it. Hollows that no bore reaches \
          are left full.",
        "骨的壁厚均匀，内为空腔；用树脂或粉末打印时，空腔经规划的每个孔（从入口向内）排空。每个孔的塞子放在模型旁。没有孔到达的空腔保持实心。",
    ),
    params: PARAMS,
    parts: planned_parts,
    run,
};

const PARAMS: &[Param] = &[
    param("wall", 2.0, 0.5, 20.0, "Thickness of the wall.", "壁厚。"),
    param(
        "plug_clearance",
        0.1,
        0.0,
        1.0,
        "How much thinner a plug is than its bore, on each side.",
        "塞子每侧比孔细多少。",
    ),
    Param {
        id: "plugs",
        unit: Phrase::symbol(""),
        default: Some(1.0),
        min: 0.0,
        max: 1.0,
        doc: Phrase::new(
            "1 lays a plug for each bore beside the model, 0 none.",
            "1 表示在模型旁为每个孔放一个塞子，0 表示不放。",
        ),
    },
    param("spacing", 0.5, 0.1, 2.0, "Grid of the hollow.", "空腔的网格间距。"),
];

fn run(
    bone: &Mesh,
    plan: &Plan,
    params: &Params,
    _lettering: Lettering<'_>,
    progress: &dyn Progress,
) -> Result<Made, SolidError> {
    let of = |id| value(params, id);
    let (wall, clearance) = (of("wall"), of("plug_clearance"));
    if plan.drills.is_empty() {
        return Err(SolidError::refused(
            "a hollow model needs a planned bore through which it drains",
            "空心模型需要规划的排液孔",
        ));
    }
    let mut drains = Vec::new();
    for (n, drill) in plan.drills.iter().enumerate() {
        let mm = drill.diameter_mm;
        if mm.is_nan() || mm <= 2.0 * clearance {
            return Err(SolidError::refused(
                format!("drain {} is {mm} mm wide, too thin for a plug with {clearance} mm around", n + 1),
                format!("第 {} 个排液孔直径 {mm} mm，四周留 {clearance} mm 后放不下塞子", n + 1),
            ));
        }
        drains.push((Pose::along(drill.entry, drill.target - drill.entry)?, mm));
    }
    let count = pieces(bone).len();
    let part = Part::new(progress, 0.0, 0.9);
    let (mut mesh, _) = hollow(bone, wall, of("spacing"), &drains, clearance, &part)?;
    if of("plugs") >= 0.5 {
        let mut row = Row::beside(&mesh)?;
        for (_, diameter) in &drains {
            row.cylinder(&mut mesh, diameter / 2.0 - clearance, wall)?;
        }
    }
    let planned = count + if of("plugs") >= 0.5 { drains.len() } else { 0 };
    let mesh = printable(&mesh);
    require_parts(&mesh, planned)?;
    Ok(Made { mesh, params: params.clone().with(PLANNED, planned as f64), label: None, crumbs_mm3: 0.0 })
}
