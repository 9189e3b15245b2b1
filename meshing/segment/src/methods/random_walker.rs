//! Random walker from seeds.

use meshing_volume::{Phrase, Progress};

use super::competed;
use crate::{Inputs, Method, Outcome, Param, SegmentError, Walk, random_walker};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "random_walker",
    version: 1,
    title: Phrase::new("Random walker", "随机游走"),
    doc: Phrase::new(
        "A voxel goes to the seed or stroke from which a random walker most likely comes that rarely crosses edges: \
          borders that are weak in places are still closed, which suits noisy images and soft organs. Give label 1 to \
          the structure and other labels to what surrounds it.",
        "体素归于随机游走者最可能来自的种子点或标记，游走者很少越过边缘：局部模糊的边界也能闭合，\
         适合噪声大的图像和软组织器官。目标结构用标签 1，周围用其他标签。",
    ),
    params: PARAMS,
    needs: super::MARKS,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    super::smoothing(1.0, Phrase::new("Smoothing before the values are compared.", "比较数值前的平滑。")),
    Param {
        id: "difference",
        unit: Phrase::new("value", "值"),
        default: None,
        min: 1e-6,
        max: 1e6,
        doc: Phrase::new(
            "Difference of neighbours, after smoothing, that is seldom crossed; taken from the noise if not given.",
            "平滑后很少被越过的相邻差值；未给出则由噪声得出。",
        ),
    },
    super::SEED_RADIUS,
    super::LABEL,
];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let walk = Walk {
        sigma_mm: inputs.param("sigma_mm").unwrap_or_default(),
        difference: inputs.param("difference"),
    };
    competed(METHOD.id, inputs, |marks| random_walker(inputs.volume, marks, &walk, progress))
}

#[cfg(test)]
mod tests {
    use meshing_phantom::{Phantom, Sampling};
    use meshing_space::{Transform, Vector};
    use meshing_volume::{LabelMap, Silent, Volume};

    use super::*;
    use crate::{Params, Seed, dice};

    fn walked(volume: &Volume, seeds: &[Seed], truth: &LabelMap) -> f64 {
        let params = Params::new();
        let inputs = Inputs::new(volume, &params).with_seeds(seeds);
        let found = crate::run_with(&METHOD, &inputs, &Silent).expect("walked");
        dice(&found.mask, truth)
    }

    #[test]
    fn lungs_are_found_in_noise_of_20_hu() {
        let phantom = Phantom::torso();
        let grid = phantom.grid([2.5; 3], Transform::identity());
        let sampling = Sampling { noise_hu: 20.0, per_axis: 2, seed: 4 };
        let volume = phantom.volume_with(&grid, &sampling, &Silent).expect("made");
        let labels = phantom.labels(&grid);
        let truth = phantom.truth();
        let part = |name: &str| {
            let label = truth.label(name).expect("named");
            let labels = labels.labels().iter().map(|&l| u8::from(l == label)).collect();
            LabelMap::new(grid, labels).expect("mask")
        };
        // Lungs against what surrounds them: a seed in each, and a ring of seeds outside.
        let at = |x: f64, y: f64, z: f64, label: u8| Seed { at: meshing_space::Point::new(x, y, z), label };
        let seeds = [
            at(-62.0, -30.0, 46.0, 1),
            at(70.0, 20.0, 60.0, 1),
            at(26.0, -30.0, 12.0, 2),
            at(-48.0, -8.0, -50.0, 2),
            at(0.0, 60.0, 40.0, 2),
            at(0.0, -70.0, 90.0, 2),
            at(-130.0, 0.0, 40.0, 2),
            at(130.0, 0.0, 40.0, 2),
            at(0.0, 5.0, 100.0, 3),
        ];
        let overlap = walked(&volume, &seeds, &part("lungs"));
        assert!(overlap > 0.95, "lungs {overlap}");
    }

    #[test]
    fn a_pale_ball_is_found_in_noise_of_20_hu() {
        use meshing_space::Point;
        use meshing_volume::{Grid, VolumeMeta, Voxels};
        let grid = Grid::axis_aligned([64, 64, 48], Point::origin(), [1.5, 1.5, 2.0]).expect("grid");
        let apart = |n: usize| {
            let at = [n % 64, n / 64 % 64, n / 4096];
            let d = (0..3).map(|x| ((at[x] as f64 - [31.0, 33.0, 24.0][x]) * grid.spacing_mm()[x]).powi(2));
            d.sum::<f64>().sqrt()
        };
        let mut state = 6_u32;
        let mut uniform = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1 << 24) - 0.5
        };
        let value =
            |n: usize, noise: f64| (if apart(n) < 20.0 { 110.0 } else { 60.0 } + noise).round() as i16;
        let values = (0..grid.len())
            .map(|n| value(n, 20.0 * (uniform() + uniform() + uniform() + uniform()) * 3.0_f64.sqrt()))
            .collect();
        let volume = Volume::new(grid, Voxels::I16(values), VolumeMeta::default()).expect("volume");
        let truth = (0..grid.len()).map(|n| u8::from(apart(n) < 20.0)).collect();
        let truth = LabelMap::new(grid, truth).expect("mask");
        let centre = Point::new(46.5, 49.5, 48.0);
        let seeds = [(0.0, 1), (-30.0, 2), (30.0, 2)]
            .map(|(x, label)| Seed { at: centre + Vector::new(x, x / 2.0, x / 3.0), label });
        let overlap = walked(&volume, &seeds, &truth);
        assert!(overlap > 0.95, "{overlap}");
    }
}
