//! Seeds that compete for voxels.

use meshing_volume::{Part, Phrase, Progress, Volume, Voxels};

use super::competed;
use crate::filters::gaussian;
use crate::scale_space::numbers;
use crate::{Inputs, Method, Outcome, Param, SegmentError, shortest_path_labels};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "grow_from_seeds",
    version: 1,
    title: Phrase::new("Grow from seeds", "由种子点生长"),
    doc: Phrase::new(
        "All seeds and strokes grow at once; a voxel goes to the one from which the path changes least in value. Give \
          label 1 to the structure and other labels to what surrounds it, a stroke each; many structures can be grown \
          together.",
        "所有种子点和标记同时生长；体素归于路径上数值变化最小者。目标结构用标签 1，\
         周围用其他标签，各画一笔；可同时生长多个结构。",
    ),
    params: PARAMS,
    needs: super::MARKS,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    super::smoothing(
        0.0,
        Phrase::new(
            "Smoothing before the values are compared; 1 mm for noisy images.",
            "比较数值前的平滑；噪声大的图像取 1 mm。",
        ),
    ),
    Param {
        id: "per_mm",
        unit: Phrase::new("value/mm", "值/mm"),
        default: Some(0.5),
        min: 0.0,
        max: 1e6,
        doc: Phrase::new(
            "What a millimetre of path costs, in units of the image; more keeps the labels compact.",
            "每毫米路径的代价（图像单位）；越大标签越紧凑。",
        ),
    },
    super::SEED_RADIUS,
    super::LABEL,
];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let value = |id: &str| inputs.param(id).unwrap_or_default();
    competed(METHOD.id, inputs, |marks| {
        let smooth = smoothed(inputs.volume, value("sigma_mm"));
        progress.step(1, 5)?;
        let volume = smooth.as_ref().unwrap_or(inputs.volume);
        shortest_path_labels(volume, marks, None, value("per_mm"), &Part::new(progress, 0.2, 1.0))
    })
}

/// The volume smoothed by a Gaussian; `None` for a width of 0.
fn smoothed(volume: &Volume, sigma_mm: f64) -> Option<Volume> {
    let grid = volume.grid();
    let smooth = || gaussian(&numbers(volume), grid.size(), grid.spacing_mm(), sigma_mm);
    (sigma_mm > 0.0).then(|| {
        let made = Volume::new(*grid, Voxels::F32(smooth()), volume.meta().clone());
        made.expect("as many values as the volume has")
    })
}

#[cfg(test)]
mod tests {
    use meshing_phantom::{Phantom, Sampling};
    use meshing_space::Transform;
    use meshing_volume::Silent;

    use super::*;
    use crate::{Params, Seed, dice};

    #[test]
    fn a_ball_is_grown_against_its_surroundings() {
        let phantom = Phantom::sphere();
        let grid = phantom.grid([1.5, 1.5, 2.0], Transform::identity());
        let sampling = Sampling { noise_hu: 20.0, ..Sampling::default() };
        let volume = phantom.volume_with(&grid, &sampling, &Silent).expect("made");
        let centre = phantom.truth().parts[0].centre.expect("a ball has one");
        let seeds = [
            Seed { at: centre, label: 1 },
            Seed { at: grid.bounds().min.lerp(centre, 0.1), label: 2 },
            Seed { at: grid.bounds().max.lerp(centre, 0.1), label: 3 },
        ];
        let params = Params::new().with("sigma_mm", 1.0);
        let inputs = Inputs::new(&volume, &params).with_seeds(&seeds);
        let found = crate::run_with(&METHOD, &inputs, &Silent).expect("grown");
        let overlap = dice(&found.mask, &phantom.labels(&grid));
        assert!(overlap > 0.95, "{overlap}");
    }
}
