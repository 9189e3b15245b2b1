//! Contrast-filled vessels, with bone taken away.

use meshing_volume::{LabelMap, Part, Phrase, Progress, Volume};

use super::bone::inside_the_body;
use super::{balls, is_ct, parts_with, percentile};
use crate::{
    Components, Connectivity, Distance, Inputs, Method, Needs, Outcome, Param, Runs, SegmentError, To,
    filled, gradient_magnitude, opened, surface_level, watershed_of_field,
};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "vessels_without_bone",
    version: 1,
    title: Phrase::new("Vessels without bone (CTA)", "去骨血管（CTA）"),
    doc: Phrase::new(
        "Vessels and heart full of contrast medium in a CT angiogram, with the bone taken away that they touch: bone is \
          what is denser than the blood, with the marrow that it encloses; blood is what is bright, thick and even and does \
          not lie in bone; from both a watershed on the gradient decides about what lies between, down to halfway between \
          blood and soft tissue. Seeds of label 1 keep only the vessels they lie in, seeds of label 2 mark bone.",
        "CT 血管成像中充满造影剂的血管和心脏，去除与之相贴的骨：骨为比血液更致密者及其包围的骨髓；\
         血液为亮、粗、均匀且不在骨内者；其间由梯度分水岭划分，下至血液与软组织的中间值。\
         标签 1 的种子点只保留其所在血管，标签 2 的种子点标记骨。",
    ),
    params: PARAMS,
    needs: Needs::seeds(
        0,
        Phrase::new(
            "points of label 1 in the vessels that are wanted, of label 2 in bone; without them all vessels are kept",
            "标签 1 的点在目标血管内，标签 2 的点在骨内；不给出则保留全部血管",
        ),
    ),
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    Param {
        id: "lower",
        unit: Phrase::symbol("HU"),
        default: None,
        min: 50.0,
        max: 1000.0,
        doc: Phrase::new(
            "Smallest value of a vessel; without it halfway between the vessels and soft tissue, from 150 to 300.",
            "血管的最小值；不给出则取血管与软组织的中间值（150 至 300）。",
        ),
    },
    Param {
        id: "bone",
        unit: Phrase::symbol("HU"),
        default: None,
        min: 200.0,
        max: 2000.0,
        doc: Phrase::new(
            "Values from here up are bone; without it just above those of the vessels, from 550 to 900.",
            "不低于此值为骨；不给出则略高于血管（550 至 900）。",
        ),
    },
    Param {
        id: "min_bone_mm3",
        unit: Phrase::symbol("mm³"),
        default: Some(300.0),
        min: 0.0,
        max: 1e6,
        doc: Phrase::new(
            "Smaller dense parts are no bone but chalk in a vessel.",
            "更小的致密部分不是骨，而是血管钙化。",
        ),
    },
    Param {
        id: "thick_mm",
        unit: Phrase::symbol("mm"),
        default: Some(2.0),
        min: 0.5,
        max: 10.0,
        doc: Phrase::new(
            "Radius of what is thick enough to be known as a vessel by itself; thinner ones must hang on such a one.",
            "足以独立认作血管的半径；更细者须与之相连。",
        ),
    },
    Param {
        id: "min_part_mm3",
        unit: Phrase::symbol("mm³"),
        default: Some(50.0),
        min: 0.0,
        max: 1e6,
        doc: Phrase::new("Smallest part that is kept.", "保留的最小部分。"),
    },
];

/// From here up anything may be blood or spongy bone, HU.
const BRIGHT_HU: f64 = 150.0;
/// Soft tissue around vessels, HU.
const SOFT_HU: f64 = 50.0;
/// The level that is chosen lies in this range, HU.
const LEVELS_HU: [f64; 2] = [150.0, 300.0];
/// And that of bone in this one, so much above the brightest hundredth of the blood.
const BONE_HU: [f64; 2] = [550.0, 900.0];
const BONE_ABOVE_HU: f64 = 50.0;
/// What is even and denser than this is cortex, HU.
const DENSEST_BLOOD_HU: f64 = 700.0;
/// Blood changes by less than this over a millimetre, smoothed by a Gaussian of a millimetre; spongy bone by far more.
const EVEN_HU_PER_MM: f32 = 25.0;
const EVEN_SIGMA_MM: f64 = 1.0;
/// Even parts of less are no vessel that can be known by itself: a corner of spongy bone, mm³.
const LEAST_EVEN_MM3: f64 = 1000.0;
/// Something even of which more than this share of the surface lies at cortex is marrow.
const MARROW_SHARE: f64 = 0.5;
/// How near to cortex its surface then lies, mm.
const MARROW_MM: f64 = 2.5;
/// Smoothing before the gradient is taken, mm.
const SIGMA_MM: f64 = 0.5;
const VESSEL: u8 = 1;
const BONE: u8 = 2;

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let volume = inputs.volume;
    if !is_ct(volume) {
        return Err(SegmentError::not_ct(METHOD.id));
    }
    let value = |id: &str| inputs.param(id).unwrap_or_default();
    let nothing = |en, zh| SegmentError::nothing(METHOD.id, en, zh);
    let grid = volume.grid();
    let (size, spacing) = (grid.size(), grid.spacing_mm());
    let parts = Components::of(Runs::select(volume, BRIGHT_HU, f64::INFINITY), Connectivity::Faces);
    let inside = inside_the_body(volume, &parts);
    let bright = parts.keep(|part| inside[part]);
    drop(parts);
    let slopes = gradient_magnitude(volume, EVEN_SIGMA_MM, &Part::new(progress, 0.1, 0.2))?;
    let even = Runs::of_values(size, &slopes, |slope| slope < EVEN_HU_PER_MM).and(&bright);
    drop(slopes);
    let thick = opened(&even, spacing, value("thick_mm"), &Part::new(progress, 0.2, 0.4))?;
    let Some(blood) = blood(volume, thick) else {
        return Err(nothing(
            "no vessel with contrast medium that is thick enough",
            "没有足够粗的含造影剂血管",
        ));
    };
    let usual = percentile(volume, &blood, 0.99).map_or(BONE_HU[0], |hu| hu + BONE_ABOVE_HU);
    let bone_hu = inputs.param("bone").unwrap_or(usual.clamp(BONE_HU[0], BONE_HU[1]));
    let bone = sure_bone(volume, &bright, bone_hu, value("min_bone_mm3"));
    let (vessels, marrow) = parted(&bone, blood.minus(&bone), spacing);
    let Some(vessel_hu) = percentile(volume, &vessels, 0.5) else {
        return Err(nothing("what is bright and even lies in bone", "明亮而均匀的区域都在骨内"));
    };
    let usual = f64::midpoint(vessel_hu, SOFT_HU).clamp(LEVELS_HU[0], LEVELS_HU[1]);
    let level = inputs.param("lower").unwrap_or(usual);
    progress.step(5, 10)?;
    let mut marks = vec![0_u8; grid.len()];
    bone.paint(&mut marks, BONE);
    marrow.paint(&mut marks, BONE);
    let wide = Runs::select(volume, level, f64::INFINITY);
    vessels.and(&wide).paint(&mut marks, VESSEL);
    let given = balls(inputs, 1.0)?;
    for (mark, &seed) in marks.iter_mut().zip(given.labels()) {
        *mark = if seed == VESSEL || seed == BONE { seed } else { *mark };
    }
    let slopes = gradient_magnitude(volume, SIGMA_MM, &Part::new(progress, 0.5, 0.7))?;
    let mut held = vec![0_u8; grid.len()];
    let field = wide.and(&bright).or(&bone).or(&marrow);
    field.paint(&mut held, 1);
    let owners = watershed_of_field(size, &slopes, &marks, Some(&held))?;
    progress.step(9, 10)?;
    let kept = Runs::of_values(size, &owners, |owner| owner == VESSEL).and(&wide);
    let parts = Components::of(kept, Connectivity::Faces);
    let least = value("min_part_mm3") / grid.voxel_mm3();
    let mut wanted: Vec<bool> = parts.voxels().iter().map(|&n| n as f64 >= least).collect();
    if inputs.seeds.iter().any(|seed| seed.label == VESSEL) {
        let starts = super::starts(inputs)?.into_iter().zip(inputs.seeds);
        let in_vessels = starts.filter(|(_, seed)| seed.label == VESSEL).map(|(start, _)| start);
        wanted = parts_with(&parts, in_vessels);
    }
    let mut mask = LabelMap::empty(grid);
    parts.paint(mask.labels_mut(), 1, |part| wanted[part]);
    let outcome = Outcome::new(
        mask,
        Some(surface_level(volume, level)),
        inputs.params.clone().with("lower", level).with("bone", bone_hu),
    );
    if outcome.voxels == 0 {
        return Err(nothing("no vessel is left without the bone", "去除骨后没有剩下血管"));
    }
    Ok(outcome)
}

/// What is thick and even, in parts that are large enough and no denser than blood can be.
fn blood(volume: &Volume, thick: Runs) -> Option<Runs> {
    let parts = Components::of(thick, Connectivity::Faces);
    let least = LEAST_EVEN_MM3 / volume.grid().voxel_mm3();
    let mut sums = vec![0.0_f64; parts.count()];
    parts.mark(|n, part| sums[part] += f64::from(volume.value_at(n)));
    let is_blood = |part: usize| {
        let voxels = parts.voxels()[part] as f64;
        voxels >= least && sums[part] / voxels <= DENSEST_BLOOD_HU
    };
    Some(parts.keep(is_blood)).filter(|blood| !blood.is_empty())
}

/// Cortex and the marrow that it encloses.
fn sure_bone(volume: &Volume, bright: &Runs, bone_hu: f64, min_mm3: f64) -> Runs {
    let dense =
        Components::of(Runs::select(volume, bone_hu, f64::INFINITY).and(bright), Connectivity::Corners);
    let least = min_mm3 / volume.grid().voxel_mm3();
    let cortex = dense.keep(|part| dense.voxels()[part] as f64 >= least);
    filled(&cortex, f64::INFINITY)
}

/// What is thick and even, in two: vessels, and what lies in cortex that is open somewhere.
fn parted(bone: &Runs, thick: Runs, spacing_mm: [f64; 3]) -> (Runs, Runs) {
    let near = Distance::new(spacing_mm, To::Surface).within(2.0 * MARROW_MM).from(bone);
    let parts = Components::of(thick, Connectivity::Faces);
    let [si, sj, sk] = parts.runs().size();
    let (mut surface, mut at_bone) = (vec![0_usize; parts.count()], vec![0_usize; parts.count()]);
    for (voxels, part) in parts.iter() {
        let (first, last) = (voxels.start, voxels.end - 1);
        for n in voxels {
            let (j, k) = (n / si % sj, n / (si * sj));
            let out = |m: Option<usize>| m.is_none_or(|m| parts.at(m).is_none());
            let open = n == first
                || n == last
                || out((j > 0).then(|| n - si))
                || out((j + 1 < sj).then_some(n + si))
                || out((k > 0).then(|| n.wrapping_sub(si * sj)))
                || out((k + 1 < sk).then_some(n + si * sj));
            if open {
                surface[part] += 1;
                at_bone[part] += usize::from(f64::from(near[n]) <= MARROW_MM);
            }
        }
    }
    let is_marrow = |part: usize| at_bone[part] as f64 > MARROW_SHARE * surface[part] as f64;
    (parts.keep(|part| !is_marrow(part)), parts.keep(is_marrow))
}

#[cfg(test)]
mod tests {
    use meshing_phantom::{Phantom, Sampling};
    use meshing_space::Transform;
    use meshing_volume::Silent;

    use super::*;
    use crate::{Params, Seed, dice};

    #[test]
    fn arteries_that_touch_bone_are_kept_and_bone_is_not() {
        let phantom = Phantom::angiogram();
        let grid = phantom.grid([0.8, 0.8, 1.0], Transform::identity());
        let sampling = Sampling { noise_hu: 15.0, ..Sampling::default() };
        let volume = phantom.volume_with(&grid, &sampling, &Silent).expect("made");
        let found = crate::run(&METHOD, &volume, &Params::new(), &Silent).expect("vessels");
        let labels = phantom.labels(&grid);
        let of = |names: &[&str]| {
            let wanted: Vec<u8> = names.iter().filter_map(|name| phantom.truth().label(name)).collect();
            assert_eq!(wanted.len(), names.len());
            Runs::find(grid.size(), |n| wanted.contains(&labels.labels()[n]))
        };
        let truth = of(&["aorta", "branches"]);
        let overlap = dice(&found.mask, &truth.to_mask(&grid));
        let bone = of(&["cortex", "marrow"]);
        let from_bone = Distance::new(grid.spacing_mm(), To::Faces).from(&bone);
        // A voxel beside soft tissue may fall to either side by its noise; one without any in it must not be lost.
        let inner = Runs::find(grid.size(), |n| f64::from(volume.value_at(n)) > 280.0).and(&truth);
        let lost =
            inner.minus(&Runs::of_label(&found.mask, 1)).indices().filter(|&n| from_bone[n] > 1.0).count();
        let wrong = Runs::of_label(&found.mask, 1).and(&bone).voxels();
        assert!(overlap >= 0.98, "{overlap}");
        assert_eq!(lost, 0);
        assert!(wrong * 1000 < bone.voxels(), "{wrong}");
    }

    #[test]
    fn seeds_choose_a_vessel_and_plain_bone_has_none() {
        let phantom = Phantom::angiogram();
        let grid = phantom.grid([1.5; 3], Transform::identity());
        let volume = phantom.volume(&grid);
        let params = Params::new();
        let seeds = [Seed { at: meshing_space::Point::new(0.0, 5.8, 40.0), label: 1 }];
        let inputs = Inputs::new(&volume, &params).with_seeds(&seeds);
        assert!(crate::run_with(&METHOD, &inputs, &Silent).expect("the aorta").voxels > 1000);
        let plain = Phantom::fracture();
        let volume = plain.volume(&plain.grid([1.5; 3], Transform::identity()));
        let refused = crate::run(&METHOD, &volume, &params, &Silent);
        assert!(matches!(refused, Err(SegmentError::Nothing { .. })), "{refused:?}");
    }
}
