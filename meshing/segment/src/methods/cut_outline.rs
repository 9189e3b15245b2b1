//! A cut by an outline.

use meshing_space::{Lps, Vector};
use meshing_volume::{Phrase, Progress};

use super::{edited, given};
use crate::edit::{Keep, cut_prism};
use crate::{Inputs, Method, Needs, Outcome, Param, Runs, Seed, SegmentError};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "cut_outline",
    version: 1,
    title: Phrase::new("Cut by an outline", "按轮廓切割"),
    doc: Phrase::new(
        "Keeps what lies within a drawn outline, or outside it, through the whole depth. The seeds are its corners in \
          order; it is pushed along the direction that the outline faces.",
        "沿整个深度保留所画轮廓之内或之外的部分。种子点依次为轮廓的角点；切割方向为轮廓所朝的方向。",
    ),
    params: PARAMS,
    needs: Needs {
        seeds: Some(3),
        markers: false,
        masks: [1, 1],
        doc: Phrase::new(
            "the segment to cut and the corners of the outline as seeds, in order",
            "要切割的分割，以及依次作为轮廓角点的种子点",
        ),
    },
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[Param {
    id: "keep",
    unit: Phrase::new("0 or 1", "0 或 1"),
    default: Some(1.0),
    min: 0.0,
    max: 1.0,
    doc: Phrase::new(
        "1 keeps what lies within the outline, 0 what lies outside.",
        "1 保留轮廓内，0 保留轮廓外。",
    ),
}];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let mut map = given(inputs).to_mask(inputs.volume.grid());
    progress.step(1, 3)?;
    let keep =
        if inputs.param("keep").is_some_and(|keep| keep >= 0.5) { Keep::Inside } else { Keep::Outside };
    let corners: Vec<_> = inputs.seeds.iter().map(|seed| seed.at).collect();
    cut_prism(&mut map, 1, &corners, facing(inputs.seeds), keep)?;
    progress.step(2, 3)?;
    edited(METHOD.id, inputs, &Runs::of_label(&map, 1), None)
}

/// The normal of a closed outline that need not be flat (Newell's sum of cross products).
fn facing(corners: &[Seed]) -> Vector<Lps> {
    let Some(first) = corners.first() else { return Vector::new(0.0, 0.0, 0.0) };
    corners.windows(2).fold(Vector::new(0.0, 0.0, 0.0), |sum, pair| {
        sum + (pair[0].at - first.at).cross(pair[1].at - first.at)
    })
}
