//! A vessel as a tube: the lumen's surface with a wall around it.

use meshing_segment::{Param, Params};
use meshing_surface::Mesh;
use meshing_volume::{Part, Phrase, Progress};

use super::contact::require_parts;
use crate::primitives::{Fit, cylinder};
use crate::recipe::{Made, Plan, Recipe, value};
use crate::tidy::printable;
use crate::{Lettering, Op, SolidError, boolean_all, offset};

pub(super) const RECIPE: Recipe = Recipe {
    id: "hollow_vessel",
    version: 2,
    title: Phrase::new("Hollow vessel", "空心血管"),
    doc: Phrase::new(
        "A wall of even thickness around a lumen, opened at the plan's cuts: what lies beyond the plane across a cut's third \
          direction, within half the cut's length of it, is taken off.",
        "管腔外厚度均匀的壁，在规划的切面处敞开：切面第三方向一侧、距其半个切面长度以内的部分被去掉。",
    ),
    params: PARAMS,
    parts: |_| 1,
    run,
};

const PARAMS: &[Param] = &[
    Param {
        id: "wall",
        unit: Phrase::symbol("mm"),
        default: Some(1.5),
        min: 0.5,
        max: 8.0,
        doc: Phrase::new("Thickness of the wall.", "壁厚。"),
    },
    Param {
        id: "spacing",
        unit: Phrase::symbol("mm"),
        default: Some(0.5),
        min: 0.1,
        max: 2.0,
        doc: Phrase::new("Grid of the outer surface.", "外表面的网格间距。"),
    },
];

fn run(
    lumen: &Mesh,
    plan: &Plan,
    params: &Params,
    _lettering: Lettering<'_>,
    progress: &dyn Progress,
) -> Result<Made, SolidError> {
    let (wall, spacing) = (value(params, "wall"), value(params, "spacing"));
    let reach = lumen.bounds().ok_or(SolidError::Empty { what: "the mesh" })?.size().length();
    let outer = offset(lumen, wall, spacing, &Part::new(progress, 0.0, 0.6))?;
    let mut cutters = vec![lumen.clone()];
    for cut in &plan.cuts {
        cutters.push(cylinder(&cut.pose, cut.length_mm / 2.0, 0.0, reach + wall, Fit::Bore)?);
    }
    let mesh = boolean_all(Op::Difference, &outer, &cutters, &Part::new(progress, 0.6, 1.0))?;
    let mesh = printable(&mesh);
    require_parts(&mesh, 1)?;
    Ok(Made { mesh, params: params.clone(), label: None, crumbs_mm3: 0.0 })
}
