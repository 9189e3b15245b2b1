//! Seeds that compete for voxels.

use meshing_volume::{LabelMap, Progress};

use super::{chosen, marks};
use crate::{Inputs, Method, Needs, Outcome, Param, SegmentError, shortest_path_labels};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "grow_from_seeds",
    version: 1,
    title: "Grow from seeds",
    doc: "All seeds and strokes grow at once; a voxel goes to the one from which the path changes least in value. Give \
          label 1 to the structure and other labels to what surrounds it, a stroke each; many structures can be grown \
          together.",
    params: PARAMS,
    needs: Needs::marks("seeds or strokes with label 1 in the structure and other labels around it"),
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    Param {
        id: "sigma_mm",
        unit: "mm",
        default: Some(0.0),
        min: 0.0,
        max: 20.0,
        doc: "Smoothing before the values are compared; 1 mm for noisy images.",
    },
    Param {
        id: "per_mm",
        unit: "value/mm",
        default: Some(0.5),
        min: 0.0,
        max: 1e6,
        doc: "What a millimetre of path costs, in units of the image; more keeps the labels compact.",
    },
    super::SEED_RADIUS,
    super::LABEL,
];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let grid = inputs.volume.grid();
    let markers = marks(inputs)?;
    let sigma = inputs.param("sigma_mm").unwrap_or_default();
    let smooth = super::smoothed_volume(inputs.volume, sigma, progress)?;
    let volume = smooth.as_ref().unwrap_or(inputs.volume);
    let per_mm = inputs.param("per_mm").unwrap_or_default();
    let labels = shortest_path_labels(volume, markers.labels(), None, per_mm, progress)?;
    let labels =
        LabelMap::new(*grid, labels).map_err(|_length| SegmentError::TooLarge { voxels: grid.len() })?;
    chosen(METHOD.id, inputs, labels)
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
