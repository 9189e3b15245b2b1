//! A straight cut.

use meshing_volume::{Phrase, Progress};

use super::{edited, given};
use crate::edit::{Keep, cut_plane};
use crate::{Inputs, Method, Needs, Outcome, Runs, SegmentError};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "cut_plane",
    version: 1,
    title: Phrase::new("Cut by a plane", "按平面切割"),
    doc: Phrase::new(
        "Keeps the part of a segment on one side of a plane. The first seed lies in the plane, the second straight above \
          it on the side that stays.",
        "保留分割位于平面一侧的部分。第一个种子点在平面上，第二个在其正上方、位于保留的一侧。",
    ),
    params: &[],
    needs: Needs {
        seeds: Some(2),
        markers: false,
        masks: [1, 1],
        doc: Phrase::new(
            "the segment to cut, a seed in the plane and a second one straight above it on the side that stays",
            "要切割的分割、平面上的一个种子点，以及其正上方保留一侧的第二个种子点",
        ),
    },
    run,
};

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let mut map = given(inputs).to_mask(inputs.volume.grid());
    progress.step(1, 3)?;
    if let [point, above, ..] = *inputs.seeds {
        cut_plane(&mut map, 1, point.at, above.at - point.at, Keep::Inside)?;
    }
    progress.step(2, 3)?;
    edited(METHOD.id, inputs, &Runs::of_label(&map, 1), None)
}
