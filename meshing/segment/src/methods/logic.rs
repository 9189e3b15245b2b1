//! Several segments as one.

use meshing_volume::{LabelMap, Phrase, Progress};

use super::edited;
use crate::{Inputs, Method, Needs, Outcome, Runs, SegmentError};

/// What these methods take.
const SEVERAL: Needs =
    Needs::masks(2, 64, Phrase::new("two segments or more, in their order", "两个或更多分割，按顺序"));

/// What lies in any of them.
pub const UNION: Method = Method {
    id: "union",
    version: 1,
    title: Phrase::new("Union", "并集"),
    doc: Phrase::new(
        "What lies in any of several segments: bone and implant as one, for example.",
        "位于任一分割内的部分：例如把骨与植入物合为一体。",
    ),
    params: &[],
    needs: SEVERAL,
    run: |inputs, progress| fold(UNION.id, inputs, progress, |set, other| set.or(&other)),
};

/// What lies in all of them.
pub const INTERSECT: Method = Method {
    id: "intersect",
    version: 1,
    title: Phrase::new("Intersection", "交集"),
    doc: Phrase::new(
        "What lies in every one of several segments, where they overlap.",
        "同时位于所有分割内的重叠部分。",
    ),
    params: &[],
    needs: SEVERAL,
    run: |inputs, progress| fold(INTERSECT.id, inputs, progress, |set, other| set.and(&other)),
};

/// What lies in the first only.
pub const SUBTRACT: Method = Method {
    id: "subtract",
    version: 1,
    title: Phrase::new("Difference", "差集"),
    doc: Phrase::new(
        "What lies in the first segment and in none of the others.",
        "位于第一个分割而不在其他分割内的部分。",
    ),
    params: &[],
    needs: SEVERAL,
    run: |inputs, progress| fold(SUBTRACT.id, inputs, progress, |set, other| set.minus(&other)),
};

fn fold(
    method: &'static str,
    inputs: &Inputs<'_>,
    progress: &dyn Progress,
    join: impl Fn(Runs, Runs) -> Runs,
) -> Result<Outcome, SegmentError> {
    let of = |mask: &&LabelMap| Runs::of_label(mask, 1);
    let (first, others) = inputs.masks.split_first().map_or((None, &[][..]), |(a, b)| (Some(a), b));
    let mut set = first.map_or_else(|| Runs::find(inputs.volume.grid().size(), |_| false), of);
    for (n, other) in others.iter().enumerate() {
        set = join(set, of(other));
        progress.step(n + 1, inputs.masks.len())?;
    }
    edited(method, inputs, &set, None)
}
