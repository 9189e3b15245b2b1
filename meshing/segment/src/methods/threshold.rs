//! All voxels between two levels.

use meshing_volume::{Phrase, Progress};

use crate::{Inputs, Method, Needs, Outcome, Param, SegmentError, select, surface_level};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "threshold",
    version: 2,
    title: Phrase::new("Threshold", "阈值"),
    doc: Phrase::new(
        "All voxels with values from lower to upper, both included, wherever they lie. The surface of the result lies \
          exactly where the grey values cross the lower level, if no upper level is given.",
        "数值在下限与上限之间（含）的全部体素，不论位置。未给出上限时，结果表面恰在灰度穿过下限处。",
    ),
    params: PARAMS,
    needs: Needs::NOTHING,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    Param {
        id: "lower",
        unit: Phrase::new("value", "值"),
        default: Some(200.0),
        min: -1e6,
        max: 1e6,
        doc: Phrase::new("Smallest value inside.", "内部最小值。"),
    },
    Param {
        id: "upper",
        unit: Phrase::new("value", "值"),
        default: None,
        min: -1e6,
        max: 1e6,
        doc: Phrase::new(
            "Largest value inside; without it there is no upper limit.",
            "内部最大值；不给出则无上限。",
        ),
    },
];

/// Largest value without an upper level.
const NO_LIMIT: f64 = f64::INFINITY;

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let Inputs { volume, params, .. } = *inputs;
    let lower = params.value("lower").unwrap_or(f64::NEG_INFINITY);
    let upper = params.value("upper").unwrap_or(NO_LIMIT);
    if lower > upper {
        return Err(SegmentError::contradiction("the lower level is above the upper level", "下限高于上限"));
    }
    let mask = select(volume, lower, upper);
    progress.step(1, 2)?;
    // Between two levels no single one explains the surface, unless nothing lies above the upper level.
    let level = (f64::from(volume.range().1) <= upper).then(|| surface_level(volume, lower));
    let outcome = Outcome::new(mask, level, params.clone());
    if outcome.voxels == 0 {
        return Err(SegmentError::nothing(METHOD.id, "no voxel has such a value", "没有体素具有这样的值"));
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::{Grid, Silent, Volume, VolumeMeta, Voxels};

    use super::*;
    use crate::Params;

    #[test]
    fn the_level_is_remembered_only_if_one_level_explains_the_mask() {
        let grid = Grid::axis_aligned([4, 1, 1], Point::origin(), [1.0; 3]).expect("grid");
        let volume =
            Volume::new(grid, Voxels::I16(vec![0, 100, 200, 300]), VolumeMeta::default()).expect("volume");
        let run = |params: Params| crate::run(&METHOD, &volume, &params, &Silent);
        let above = run(Params::new().with("lower", 100.0)).expect("three");
        assert_eq!((above.voxels, above.level), (3, Some(99.5)));
        let band = run(Params::new().with("lower", 50.0).with("upper", 250.0)).expect("two");
        assert_eq!((band.voxels, band.level, band.mask.labels()), (2, None, &[0, 1, 1, 0][..]));
        assert_eq!(band.params.value("upper"), Some(250.0));
        assert!(matches!(run(Params::new().with("lower", 500.0)), Err(SegmentError::Nothing { .. })));
        let crossed = run(Params::new().with("lower", 5.0).with("upper", 4.0));
        assert!(matches!(crossed, Err(SegmentError::Contradiction(_))));
    }
}
