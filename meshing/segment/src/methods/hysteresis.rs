//! Two levels: sure voxels and what hangs together with them.

use meshing_volume::{Grid, LabelMap, Phrase, Progress};

use crate::{Components, Connectivity, Inputs, Method, Needs, Outcome, Param, SegmentError, surface_level};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "hysteresis",
    version: 1,
    title: Phrase::new("Hysteresis threshold", "双阈值（滞后）"),
    doc: Phrase::new(
        "All voxels of at least the low level that hang together with one of at least the high level: thin and pale parts are \
          kept where they lead to a sure one, and pale specks are not. Seeds keep only the parts they lie in.",
        "不低于低阈值且与不低于高阈值的体素相连的全部体素：细而淡的部分若连到确定部分则保留，\
         淡的小点则不保留。给出种子点则只保留其所在部分。",
    ),
    params: PARAMS,
    needs: Needs::seeds(
        0,
        Phrase::new(
            "points in the parts that are wanted; without them all are kept",
            "目标部分内的点；不给出则全部保留",
        ),
    ),
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    Param {
        id: "low",
        unit: Phrase::new("value", "值"),
        default: Some(150.0),
        min: -1e6,
        max: 1e6,
        doc: Phrase::new("Smallest value inside.", "内部最小值。"),
    },
    Param {
        id: "high",
        unit: Phrase::new("value", "值"),
        default: Some(250.0),
        min: -1e6,
        max: 1e6,
        doc: Phrase::new("Value of a sure voxel.", "确定体素的值。"),
    },
];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let volume = inputs.volume;
    let value = |id: &str| inputs.param(id).unwrap_or_default();
    let (low, high) = (value("low"), value("high"));
    if low > high {
        return Err(SegmentError::contradiction("the low level is above the high level", "低阈值高于高阈值"));
    }
    let is = |n: usize, level: f64| f64::from(volume.value_at(n)) >= level;
    progress.step(1, 4)?;
    let mask = connected_to(volume.grid(), |n| is(n, low), |n| is(n, high), &super::starts(inputs)?);
    let outcome = Outcome::new(mask, Some(surface_level(volume, low)), inputs.params.clone());
    if outcome.voxels == 0 {
        return Err(SegmentError::nothing(
            METHOD.id,
            "no voxel reaches the high level, or none in a part with a seed",
            "没有体素达到高阈值，或含种子点的部分中没有",
        ));
    }
    Ok(outcome)
}

/// What hangs together by faces through voxels for which `maybe` holds with one for which `sure` holds too; only the
/// parts that hold one of `starts` if there are any.
pub(super) fn connected_to(
    grid: &Grid,
    maybe: impl Fn(usize) -> bool + Sync,
    sure: impl Fn(usize) -> bool + Sync,
    starts: &[usize],
) -> LabelMap {
    let parts = Components::find(grid.size(), Connectivity::Faces, maybe);
    let (mut known, mut wanted) = (vec![false; parts.count()], vec![starts.is_empty(); parts.count()]);
    for part in starts.iter().filter_map(|&start| parts.at(start)) {
        wanted[part] = true;
    }
    parts.mark(|voxel, part| known[part] = known[part] || sure(voxel));
    let mut mask = LabelMap::empty(grid);
    parts.paint(mask.labels_mut(), 1, |part| known[part] && wanted[part]);
    mask
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::{Silent, Volume, VolumeMeta, Voxels};

    use super::*;
    use crate::{Params, Seed};

    #[test]
    fn pale_voxels_count_only_beside_sure_ones() {
        let grid = Grid::axis_aligned([9, 1, 1], Point::origin(), [1.0; 3]).expect("grid");
        let values = vec![9, 5, 5, 0, 5, 5, 0, 9, 5];
        let volume = Volume::new(grid, Voxels::I16(values), VolumeMeta::default()).expect("volume");
        let params = Params::new().with("low", 4.0).with("high", 8.0);
        let found = crate::run(&METHOD, &volume, &params, &Silent).expect("found");
        assert_eq!(found.mask.labels(), [1, 1, 1, 0, 0, 0, 0, 1, 1]);
        let seeds = [Seed { at: Point::new(8.0, 0.0, 0.0), label: 1 }];
        let inputs = Inputs::new(&volume, &params).with_seeds(&seeds);
        let found = crate::run_with(&METHOD, &inputs, &Silent).expect("found");
        assert_eq!(found.mask.labels(), [0, 0, 0, 0, 0, 0, 0, 1, 1]);
        assert_eq!(found.level, Some(3.5));
    }
}
