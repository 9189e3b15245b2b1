//! Region growing whose levels follow what was grown.

use meshing_volume::{LabelMap, Phrase, Progress, Volume};

use crate::{Inputs, Method, Needs, Outcome, Param, Seed, SegmentError, region_grow};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "confidence",
    version: 2,
    title: Phrase::new("Confidence growing", "置信区间生长"),
    doc: Phrase::new(
        "Grows from the seeds through values within a number of standard deviations of the mean, first of the seeds' \
          surroundings, then of what was grown, several times over.",
        "从种子点开始，在均值若干倍标准差范围内生长；均值先取自种子点周围，再取自已生长区域，重复数次。",
    ),
    params: PARAMS,
    needs: Needs::seeds(1, Phrase::new("a point well inside the structure", "结构内部的一点")),
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    Param {
        id: "deviations",
        unit: Phrase::new("SD", "倍标准差"),
        default: Some(2.5),
        min: 0.1,
        max: 20.0,
        doc: Phrase::new(
            "How many standard deviations around the mean are inside.",
            "均值两侧多少倍标准差以内算作内部。",
        ),
    },
    Param {
        id: "radius_mm",
        unit: Phrase::symbol("mm"),
        default: Some(3.0),
        min: 0.0,
        max: 50.0,
        doc: Phrase::new(
            "The first mean is taken over balls of this radius about the seeds.",
            "首次均值取自种子点周围此半径的球内。",
        ),
    },
    Param {
        id: "rounds",
        unit: Phrase::new("times", "次"),
        default: Some(4.0),
        min: 0.0,
        max: 50.0,
        doc: Phrase::new("How often mean and deviation are taken anew.", "重新计算均值和标准差的次数。"),
    },
];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let volume = inputs.volume;
    let value = |id: &str| inputs.param(id).unwrap_or_default();
    let starts = super::starts(inputs)?;
    // One structure, so labels do not count.
    let seeds: Vec<Seed> = inputs.seeds.iter().map(|seed| Seed { label: 1, ..*seed }).collect();
    let balls = super::balls(&Inputs { seeds: &seeds, ..*inputs }, value("radius_mm"))?;
    let (mut mean, mut deviation) = spread(volume, &balls).ok_or_else(|| {
        SegmentError::nothing(METHOD.id, "the seeds' values are no numbers", "种子点的值不是数值")
    })?;
    let rounds = value("rounds") as usize;
    let mut last = None;
    for round in 0..=rounds {
        progress.step(round, rounds + 1)?;
        let reach = value("deviations") * deviation;
        let (mut mask, count) = region_grow(volume, &starts, mean - reach, mean + reach);
        if count == 0 {
            // The seeds themselves are outliers of their surroundings: they stay inside by decree.
            for &start in &starts {
                mask.labels_mut()[start] = 1;
            }
        }
        if last.as_ref() == Some(&mask) {
            break;
        }
        (mean, deviation) = spread(volume, &mask).unwrap_or((mean, deviation));
        last = Some(mask);
    }
    let nothing = || SegmentError::nothing(METHOD.id, "nothing was grown", "没有生长出任何区域");
    let mask = last.ok_or_else(nothing)?;
    let used = inputs.params.clone().with("mean", mean).with("deviation", deviation);
    Ok(Outcome::new(mask, None, used))
}

/// Mean and standard deviation (n) of the values inside a mask.
fn spread(volume: &Volume, mask: &LabelMap) -> Option<(f64, f64)> {
    let values = || {
        let inside = mask.labels().iter().enumerate().filter(|(_, label)| **label == 1);
        inside.map(|(n, _)| f64::from(volume.value_at(n))).filter(|value| value.is_finite())
    };
    let (count, sum) = values().fold((0_usize, 0.0), |(n, sum), value| (n + 1, sum + value));
    if count == 0 {
        return None;
    }
    let mean = sum / count as f64;
    let squares: f64 = values().map(|value| (value - mean).powi(2)).sum();
    Some((mean, (squares / count as f64).sqrt()))
}

#[cfg(test)]
mod tests {
    use meshing_phantom::{Phantom, Sampling};
    use meshing_volume::Silent;

    use super::*;
    use crate::{Params, dice, fill_holes};

    #[test]
    fn a_noisy_ball_is_grown_from_its_middle() {
        let phantom = Phantom::sphere();
        let grid = phantom.default_grid();
        let sampling = Sampling { noise_hu: 20.0, ..Sampling::default() };
        let volume = phantom.volume_with(&grid, &sampling, &Silent).expect("made");
        let seeds = [Seed { at: phantom.truth().parts[0].centre.expect("a ball"), label: 1 }];
        let params = Params::new();
        let inputs = Inputs::new(&volume, &params).with_seeds(&seeds);
        let found = crate::run_with(&METHOD, &inputs, &Silent).expect("grown");
        let mut mask = found.mask;
        fill_holes(&mut mask, 1, f64::INFINITY);
        let overlap = dice(&mask, &phantom.labels(&grid));
        assert!(overlap > 0.93, "partly filled voxels of the rim are left out: {overlap}");
    }
}
