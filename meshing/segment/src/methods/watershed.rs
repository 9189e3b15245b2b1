//! Watershed from markers.

use meshing_volume::{Part, Phrase, Progress};

use super::competed;
use crate::{Inputs, Method, Outcome, Param, SegmentError, gradient_magnitude, watershed_of_field};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "watershed",
    version: 1,
    title: Phrase::new("Watershed from markers", "标记分水岭"),
    doc: Phrase::new(
        "Grows all seeds and strokes at once until they meet where the values change most: every voxel goes to the \
          marker that reaches it over the lowest pass of the gradient. Give label 1 to the structure and other labels \
          to what surrounds it.",
        "所有种子点和标记同时生长，直到在数值变化最大处相遇：体素归于经梯度最低通路到达的标记。\
         目标结构用标签 1，周围用其他标签。",
    ),
    params: PARAMS,
    needs: super::MARKS,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    super::smoothing(
        1.0,
        Phrase::new(
            "Smoothing before the gradient is taken; more for noisy images.",
            "求梯度前的平滑；噪声大时取更大值。",
        ),
    ),
    super::SEED_RADIUS,
    super::LABEL,
];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let volume = inputs.volume;
    let sigma_mm = inputs.param("sigma_mm").unwrap_or_default();
    competed(METHOD.id, inputs, |marks| {
        let slopes = gradient_magnitude(volume, sigma_mm, &Part::new(progress, 0.0, 0.4))?;
        progress.step(2, 5)?;
        watershed_of_field(volume.grid().size(), &slopes, marks, None)
    })
}

#[cfg(test)]
mod tests {
    use meshing_phantom::{Phantom, Sampling};
    use meshing_space::{Point, Transform};
    use meshing_volume::Silent;

    use super::*;
    use crate::{Params, Seed, dice};

    #[test]
    fn a_noisy_ball_is_found_from_two_seeds() {
        let phantom = Phantom::sphere();
        let grid = phantom.grid([1.0, 1.0, 1.5], Transform::identity());
        let sampling = Sampling { noise_hu: 20.0, ..Sampling::default() };
        let volume = phantom.volume_with(&grid, &sampling, &Silent).expect("made");
        let centre = phantom.truth().parts[0].centre.expect("a ball has one");
        let far = grid.bounds().min.lerp(centre, 0.1);
        let seeds = [Seed { at: centre, label: 1 }, Seed { at: far, label: 2 }];
        let params = Params::new();
        let inputs = Inputs::new(&volume, &params).with_seeds(&seeds);
        let found = crate::run_with(&METHOD, &inputs, &Silent).expect("found");
        let overlap = dice(&found.mask, &phantom.labels(&grid));
        assert!(overlap > 0.98, "{overlap}");
        let lone = [Seed { at: Point::origin(), label: 0 }];
        let refused = crate::run_with(&METHOD, &inputs.with_seeds(&lone), &Silent);
        assert!(matches!(refused, Err(SegmentError::Nothing { .. })), "no label to grow");
    }
}
