//! Several segments as one.

use meshing_volume::{LabelMap, Progress};

use super::edited;
use crate::{Inputs, Method, Needs, Outcome, Runs, SegmentError};

/// What these methods take.
const SEVERAL: Needs = Needs::masks(2, 64, "two segments or more, in their order");

/// What lies in any of them.
pub const UNION: Method = Method {
    id: "union",
    version: 1,
    title: "Union",
    doc: "What lies in any of several segments: bone and implant as one, for example.",
    params: &[],
    needs: SEVERAL,
    run: |inputs, progress| fold(UNION.id, inputs, progress, |set, other| set.or(&other)),
};

/// What lies in all of them.
pub const INTERSECT: Method = Method {
    id: "intersect",
    version: 1,
    title: "Intersection",
    doc: "What lies in every one of several segments, where they overlap.",
    params: &[],
    needs: SEVERAL,
    run: |inputs, progress| fold(INTERSECT.id, inputs, progress, |set, other| set.and(&other)),
};

/// What lies in the first only.
pub const SUBTRACT: Method = Method {
    id: "subtract",
    version: 1,
    title: "Difference",
    doc: "What lies in the first segment and in none of the others.",
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
