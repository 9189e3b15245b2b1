//! Region growing from seeds.

use meshing_volume::{Phrase, Progress};

use super::is_ct;
use crate::{Inputs, Method, Needs, Outcome, Param, SegmentError, region_grow, surface_level};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "grow",
    version: 1,
    title: Phrase::new("Region growing", "区域生长"),
    doc: Phrase::new(
        "All voxels that hang together with a seed and have values from lower to upper. Without these levels the values may \
          differ from the seeds' by a tolerance.",
        "与种子点相连、数值在下限与上限之间的全部体素。未给出上下限时，数值与种子点之差不超过容差。",
    ),
    params: PARAMS,
    needs: Needs::seeds(1, Phrase::new("a point in the structure", "结构内的一点")),
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    Param {
        id: "lower",
        unit: Phrase::new("value", "值"),
        default: None,
        min: -1e6,
        max: 1e6,
        doc: Phrase::new(
            "Smallest value inside; the lowest seed less the tolerance if not given.",
            "内部最小值；未给出则为最低种子点值减容差。",
        ),
    },
    Param {
        id: "upper",
        unit: Phrase::new("value", "值"),
        default: None,
        min: -1e6,
        max: 1e6,
        doc: Phrase::new(
            "Largest value inside; the highest seed plus the tolerance if not given.",
            "内部最大值；未给出则为最高种子点值加容差。",
        ),
    },
    Param {
        id: "tolerance",
        unit: Phrase::new("value", "值"),
        default: None,
        min: 0.0,
        max: 1e6,
        doc: Phrase::new(
            "How far values may differ from the seeds': 50 in CT, else a tenth of the range, if not given.",
            "数值与种子点的最大差；未给出时 CT 为 50，其他为范围的十分之一。",
        ),
    },
];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let volume = inputs.volume;
    let starts = super::starts(inputs)?;
    let values = starts.iter().map(|&n| f64::from(volume.value_at(n))).filter(|value| value.is_finite());
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return Err(SegmentError::nothing(
            METHOD.id,
            "the seeds' values are no numbers",
            "种子点的值不是数值",
        ));
    }
    let usual = || {
        let (least, most) = volume.range();
        if is_ct(volume) { 50.0 } else { f64::from(most - least) / 10.0 }
    };
    let tolerance = inputs.param("tolerance").unwrap_or_else(usual);
    let lower = inputs.param("lower").unwrap_or(low - tolerance);
    let upper = inputs.param("upper").unwrap_or(high + tolerance);
    if lower > upper {
        return Err(SegmentError::contradiction("the lower level is above the upper level", "下限高于上限"));
    }
    progress.step(1, 4)?;
    let (mask, count) = region_grow(volume, &starts, lower, upper);
    if count == 0 {
        return Err(SegmentError::nothing(
            METHOD.id,
            "no seed lies between the levels",
            "没有种子点位于上下限之间",
        ));
    }
    // One level explains the surface only where no upper level cuts it off.
    let level = (f64::from(volume.range().1) <= upper).then(|| surface_level(volume, lower));
    let used = inputs.params.clone().with("lower", lower).with("upper", upper);
    Ok(Outcome::new(mask, level, used))
}

#[cfg(test)]
mod tests {
    use meshing_phantom::Phantom;
    use meshing_space::Point;
    use meshing_volume::Silent;

    use super::*;
    use crate::{Params, Seed, dice};

    #[test]
    fn a_helix_is_grown_from_its_end() {
        let phantom = Phantom::helix_vessel();
        let grid = phantom.default_grid();
        let volume = phantom.volume(&grid);
        let seeds = [Seed { at: phantom.truth().landmark("lower_end").expect("named"), label: 1 }];
        let params = Params::new().with("lower", 145.0);
        let inputs = Inputs::new(&volume, &params).with_seeds(&seeds);
        let found = crate::run_with(&METHOD, &inputs, &Silent).expect("grown");
        let overlap = dice(&found.mask, &phantom.labels(&grid));
        assert!(overlap > 0.98, "{overlap}");
        assert_eq!((found.level, found.params.value("upper")), (Some(144.5), Some(300.0)));
        let narrow = Params::new().with("tolerance", 20.0);
        let inputs = Inputs { params: &narrow, ..inputs };
        let core = crate::run_with(&METHOD, &inputs, &Silent).expect("grown");
        assert!(core.voxels < found.voxels && core.level.is_some());
        let outside = [Seed { at: Point::origin(), label: 1 }];
        let low = Params::new().with("lower", 145.0);
        let inputs = Inputs::new(&volume, &low).with_seeds(&outside);
        assert!(matches!(
            crate::run_with(&METHOD, &inputs, &Silent),
            Err(SegmentError::Nothing { .. } | SegmentError::Contradiction(_))
        ));
    }
}
