//! Chambers of the heart.

use meshing_volume::{Part, Phrase, Progress};
use rayon::prelude::*;

use super::{competed, is_ct};
use crate::{
    Distance, Inputs, Method, Outcome, Param, Runs, SegmentError, To, filled, opened, watershed_of_field,
};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "heart",
    version: 1,
    title: Phrase::new("Heart chamber (CTA)", "心腔（CTA）"),
    doc: Phrase::new(
        "A chamber of the heart in a CT with contrast medium, from seeds: give each chamber and great vessel a seed of its \
          own label. All blood above a level is shared out among them at its narrowest places, which are the valves. \
          Semi-automatic: where a valve is wide open or no contrast medium is in a chamber, correct by hand.",
        "增强 CT 中由种子点得到的心腔：给每个心腔和大血管各一个不同标签的种子点。高于阈值的血液在最窄处（瓣\
         膜）分配给各腔。半自动：瓣膜大开或腔内无造影剂时须手工修正。",
    ),
    params: PARAMS,
    needs: super::MARKS,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    Param {
        id: "lower",
        unit: Phrase::symbol("HU"),
        default: Some(200.0),
        min: 50.0,
        max: 1000.0,
        doc: Phrase::new(
            "Smallest value of blood; halfway between blood and muscle is best.",
            "血液的最小值；取血液与心肌的中间值最佳。",
        ),
    },
    Param {
        id: "bridge_mm",
        unit: Phrase::symbol("mm"),
        default: Some(1.5),
        min: 0.0,
        max: 10.0,
        doc: Phrase::new(
            "Bridges and spikes thinner than twice this (coronary arteries, noise) are cut off.",
            "细于其两倍的桥和刺（冠状动脉、噪声）被切除。",
        ),
    },
    super::SEED_RADIUS,
    super::LABEL,
];

/// Enclosed holes up to this are noise or muscle in the blood, mm³.
const LARGEST_HOLE_MM3: f64 = 500.0;

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let volume = inputs.volume;
    if !is_ct(volume) {
        return Err(SegmentError::not_ct(METHOD.id));
    }
    let value = |id: &str| inputs.param(id).unwrap_or_default();
    let (grid, level) = (volume.grid(), value("lower"));
    competed(METHOD.id, inputs, |marks| {
        let blood = filled(&Runs::select(volume, level, f64::INFINITY), LARGEST_HOLE_MM3 / grid.voxel_mm3());
        let blood = opened(&blood, grid.spacing_mm(), value("bridge_mm"), &Part::new(progress, 0.0, 0.4))?;
        let mut inside = vec![0_u8; grid.len()];
        blood.paint(&mut inside, 1);
        let marks: Vec<u8> = marks.iter().zip(&inside).map(|(mark, inside)| mark * inside).collect();
        if marks.iter().all(|&mark| mark == 0) {
            return Err(SegmentError::nothing(
                METHOD.id,
                "no seed lies in blood with contrast medium",
                "没有种子点位于含造影剂的血液中",
            ));
        }
        progress.step(4, 10)?;
        // The deepest places flood first, so that floods meet where the way between them is narrowest.
        let mut depth = Distance::new(grid.spacing_mm(), To::Surface).within(100.0).from(&blood.complement());
        depth.par_iter_mut().for_each(|depth| *depth = -*depth);
        progress.step(7, 10)?;
        watershed_of_field(grid.size(), &depth, &marks, Some(&inside))
    })
}

#[cfg(test)]
mod tests {
    use meshing_phantom::{Phantom, Sampling};
    use meshing_space::Transform;
    use meshing_volume::{LabelMap, Silent};

    use super::*;
    use crate::{Params, Seed, dice};

    #[test]
    fn four_chambers_and_the_aorta_part_at_their_valves() {
        let phantom = Phantom::heart();
        let grid = phantom.grid([1.0, 1.0, 1.25], Transform::identity());
        let sampling = Sampling { noise_hu: 25.0, ..Sampling::default() };
        let volume = phantom.volume_with(&grid, &sampling, &Silent).expect("made");
        let truth = phantom.labels(&grid);
        let names = ["left_ventricle", "left_atrium", "right_ventricle", "right_atrium", "aorta"];
        let at = |name: &str| phantom.truth().landmark(name).expect("named");
        let seeds: Vec<Seed> = (1..).zip(names).map(|(label, name)| Seed { at: at(name), label }).collect();
        for (n, name) in names.into_iter().enumerate() {
            let params = Params::new().with("label", (n + 1) as f64).with("lower", 230.0);
            let inputs = Inputs::new(&volume, &params).with_seeds(&seeds);
            let found = crate::run_with(&METHOD, &inputs, &Silent).expect("blood");
            let label = phantom.truth().label(name).expect("a part");
            let part = truth.labels().iter().map(|&l| u8::from(l == label)).collect();
            let overlap = dice(&found.mask, &LabelMap::new(grid, part).expect("same size"));
            assert!(overlap >= 0.95, "{name}: {overlap}");
        }
        let params = Params::new().with("lower", 900.0);
        let refused = crate::run_with(&METHOD, &Inputs::new(&volume, &params).with_seeds(&seeds), &Silent);
        assert!(matches!(refused, Err(SegmentError::Nothing { .. })));
    }
}
