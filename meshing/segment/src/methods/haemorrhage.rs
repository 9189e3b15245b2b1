//! Fresh blood in the skull.

use meshing_volume::{LabelMap, Part, Phrase, Progress, Volume};
use rayon::prelude::*;

use super::{is_ct, parts_with, percentile};
use crate::face::{FaceError, inside_of_skull};
use crate::filters::gaussian;
use crate::flood::neighbours;
use crate::{
    Components, Connectivity, Inputs, Method, Needs, Outcome, Param, Runs, SegmentError, filled, margin,
    opened, surface_level,
};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "haemorrhage",
    version: 3,
    title: Phrase::new("Haemorrhage (head CT)", "颅内出血（头部 CT）"),
    doc: Phrase::new(
        "Fresh blood within the skull in a CT of the head without contrast medium: what is as dense as clotted blood \
          inside the skull, without the thin rim along the bone where bone and brain share voxels and without thin sheets \
          (falx, tentorium). Each part then ends halfway between its own density and that of the brain around it. Bone thinner \
          than a slice (over the orbits), which grows denser towards the bone around it, is left out. \
          A proposal: calcifications with a thick rim, contrast medium and streaks of metal look the same.",
        "头部平扫 CT 中的颅内急性出血：颅内密度与血凝块相当者，去除骨旁部分容积的薄缘和薄片结构（大脑镰、\
         小脑幕）。各部分的边界取其自身与周围脑组织密度的中间值。薄于层厚的骨（如眶顶）向周围骨密度渐高，\
         予以排除。仅为建议：厚缘钙化、造影剂和金属伪影表现相同。",
    ),
    params: PARAMS,
    needs: Needs::NOTHING,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    Param {
        id: "lower",
        unit: Phrase::symbol("HU"),
        default: Some(50.0),
        min: 30.0,
        max: 80.0,
        doc: Phrase::new(
            "Smallest value of blood, after smoothing within the skull.",
            "颅内平滑后出血的最小值。",
        ),
    },
    Param {
        id: "upper",
        unit: Phrase::symbol("HU"),
        default: Some(90.0),
        min: 60.0,
        max: 150.0,
        doc: Phrase::new(
            "Largest value of blood, after smoothing; what is denser is calcified, contrast medium or bone.",
            "平滑后出血的最大值；更高者为钙化、造影剂或骨。",
        ),
    },
    Param {
        id: "rim_mm",
        unit: Phrase::symbol("mm"),
        default: Some(2.5),
        min: 0.0,
        max: 5.0,
        doc: Phrase::new(
            "Sheets thinner than twice this are left out (falx, tentorium), and what is all as near to bone as this.",
            "薄于其两倍的片状结构（大脑镰、小脑幕）以及与骨距离全在此值以内者不计。",
        ),
    },
    Param {
        id: "contrast",
        unit: Phrase::symbol("HU"),
        default: Some(15.0),
        min: 0.0,
        max: 100.0,
        doc: Phrase::new(
            "By how much a part must be denser than the brain around it.",
            "须比周围脑组织高出的密度。",
        ),
    },
    Param {
        id: "min_ml",
        unit: Phrase::symbol("mL"),
        default: Some(1.0),
        min: 0.0,
        max: 100.0,
        doc: Phrase::new("Smallest part that is kept.", "保留的最小部分。"),
    },
];

/// Standard deviation of the smoothing within the skull, mm.
const SIGMA_MM: f64 = 1.0;
/// Brain, water and blood; what is not is kept out of the smoothing. HU.
const SOFT_HU: std::ops::RangeInclusive<f32> = -20.0..=110.0;
/// From here up there is bone, HU.
const BONE_HU: f64 = 200.0;
/// Brain around a part that its density is compared with lies between these distances from it, mm.
const AROUND_MM: [f64; 2] = [3.0, 8.0];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let volume = inputs.volume;
    if !is_ct(volume) {
        return Err(SegmentError::not_ct(METHOD.id));
    }
    let value = |id: &str| inputs.param(id).unwrap_or_default();
    let (lower, upper, rim_mm) = (value("lower"), value("upper"), value("rim_mm"));
    if lower > upper {
        return Err(SegmentError::contradiction("the lower level is above the upper level", "下限高于上限"));
    }
    let brain = brain(METHOD.id, volume, &Part::new(progress, 0.0, 0.5))?;
    let grid = volume.grid();
    let spacing = grid.spacing_mm();
    let smooth = smoothed_within(volume, &brain, SIGMA_MM);
    progress.step(6, 10)?;
    let dense = Runs::find(grid.size(), |n| (lower..=upper).contains(&f64::from(smooth[n])));
    let inner = dense.minus(&beside_bone(volume, rim_mm, &Part::new(progress, 0.6, 0.65))?);
    let cores = opened(&inner, spacing, rim_mm, &Part::new(progress, 0.65, 0.7))?;
    let cores = Components::of(cores, Connectivity::Faces);
    let least = value("min_ml") * 1000.0 / grid.voxel_mm3();
    // A core is what is left of a part without its rim, so half of the size is asked of it and all of the part.
    let wanted: Vec<usize> =
        (0..cores.count()).filter(|&c| cores.voxels()[c] as f64 >= 0.5 * least).collect();
    // From the core back to the bone, and what the opening took.
    let reach = 2.0 * rim_mm + 1.5 * spacing.into_iter().fold(0.0, f64::max).min(2.0 * SIGMA_MM);
    let (mut mask, mut levels) = (LabelMap::empty(grid), Vec::new());
    for (at, &part) in wanted.iter().enumerate() {
        let part = cores.keep(|c| c == part);
        let share = |n: usize| 0.7 + 0.25 * n as f32 / wanted.len() as f32;
        let own = Part::new(progress, share(at), share(at + 1));
        let found = placed(volume, &smooth, &brain, &part, [reach, value("contrast")], &own)?;
        if let Some((held, level)) = found.filter(|(held, _)| held.voxels() as f64 >= least) {
            held.paint(mask.labels_mut(), 1);
            levels.push(level);
        }
    }
    let outcome = Outcome::new(mask, None, inputs.params.clone());
    if outcome.voxels == 0 {
        return Err(SegmentError::nothing(
            METHOD.id,
            "nothing within the skull is as dense as fresh blood and thick enough",
            "颅内没有达到新鲜出血密度且足够厚的区域",
        ));
    }
    // Several parts have several levels, and no single one explains the surface.
    Ok(match levels[..] {
        [level] => Outcome {
            level: Some(surface_level(volume, level)),
            params: outcome.params.with("level", level),
            ..outcome
        },
        _ => outcome,
    })
}

/// Bone, what lies as near to it, and what has bone beside it in the slice above or below, however thick the slices are: where
/// the skull slopes, bone and brain share voxels over a wide rim.
fn beside_bone(volume: &Volume, rim_mm: f64, progress: &dyn Progress) -> Result<Runs, SegmentError> {
    let bone = Runs::select(volume, BONE_HU, f64::INFINITY);
    let [si, sj, sk] = volume.grid().size();
    let mut held = vec![0_u8; si * sj * sk];
    for n in bone.indices() {
        let k = n / (si * sj);
        held[n] = 1;
        if k > 0 {
            held[n - si * sj] = 1;
        }
        if k + 1 < sk {
            held[n + si * sj] = 1;
        }
    }
    let near = Runs::of_values([si, sj, sk], &held, |held| held == 1);
    margin(&near, volume.grid().spacing_mm(), rim_mm, progress)
}

/// What lies within the skull and is soft.
pub(super) fn brain(
    method: &'static str,
    volume: &Volume,
    progress: &dyn Progress,
) -> Result<Runs, SegmentError> {
    let room = inside_of_skull(volume, progress).map_err(|error| match error {
        FaceError::Cancelled(cancelled) => SegmentError::Cancelled(cancelled),
        _ => SegmentError::TooLarge { voxels: volume.grid().len() },
    })?;
    let nothing =
        || SegmentError::nothing(method, "no brain within a skull was found", "未找到颅骨内的脑组织");
    let room = room.ok_or_else(nothing)?;
    let soft =
        Runs::find(volume.grid().size(), |n| room.labels()[n] == 1 && SOFT_HU.contains(&volume.value_at(n)));
    // What the bone's rim cuts off does not hang together with the brain.
    let parts = Components::of(soft, Connectivity::Faces);
    let largest = parts.largest().ok_or_else(nothing)?;
    Ok(parts.keep(|c| c == largest))
}

/// The values smoothed by a Gaussian over the set alone, so that bone beside it does not spread into it; NaN elsewhere.
pub(super) fn smoothed_within(volume: &Volume, set: &Runs, sigma_mm: f64) -> Vec<f32> {
    let grid = volume.grid();
    let mut weights = vec![0.0_f32; grid.len()];
    let mut inside = vec![0_u8; grid.len()];
    set.paint(&mut inside, 1);
    weights.par_iter_mut().zip(&inside).for_each(|(weight, &inside)| *weight = f32::from(inside));
    let values: Vec<f32> = (0..grid.len())
        .into_par_iter()
        .map(|n| if inside[n] == 1 { volume.value_at(n) } else { 0.0 })
        .collect();
    let smooth = |field: &[f32]| gaussian(field, grid.size(), grid.spacing_mm(), sigma_mm);
    let (mut sums, weights) = (smooth(&values), smooth(&weights));
    sums.par_iter_mut().zip(&weights).zip(&inside).for_each(|((sum, &weight), &inside)| {
        *sum = if inside == 1 && weight > 0.0 { *sum / weight } else { f32::NAN };
    });
    sums
}

/// A part about its core, with its border halfway between its mean and that of the brain around it, and that level.
fn placed(
    volume: &Volume,
    smooth: &[f32],
    brain: &Runs,
    core: &Runs,
    [reach_mm, least_hu]: [f64; 2],
    progress: &dyn Progress,
) -> Result<Option<(Runs, f64)>, SegmentError> {
    let spacing = volume.grid().spacing_mm();
    let [from, to] = AROUND_MM;
    let wider = |mm: f64, from: f32, to: f32| margin(core, spacing, mm, &Part::new(progress, from, to));
    let near = wider(reach_mm, 0.0, 0.3)?.and(brain);
    let shell = wider(to, 0.3, 0.6)?.minus(&wider(from, 0.6, 0.9)?).and(brain);
    // The rim of the core shares its voxels with brain.
    let step = spacing.into_iter().fold(0.0, f64::max);
    let sure = margin(core, spacing, -SIGMA_MM.max(0.9 * step), &Part::new(progress, 0.9, 1.0))?;
    let inside = percentile(volume, if sure.is_empty() { core } else { &sure }, 0.5);
    let (Some(inside), Some(outside)) = (inside, percentile(volume, &shell, 0.5)) else {
        return Ok(None);
    };
    if inside - outside < least_hu {
        return Ok(None);
    }
    let level = f64::midpoint(inside, outside);
    let held = Runs::select(volume, level, f64::INFINITY).and(&near);
    let parts = Components::of(held, Connectivity::Faces);
    let wanted = parts_with(&parts, core.indices());
    let held = filled(&parts.keep(|c| wanted[c]), f64::INFINITY);
    Ok((!is_thin_bone(volume, smooth, &held, outside)).then_some((held, level)))
}

/// No larger part is taken for thin bone: a missed bleeding harms more than a false one.
const THIN_BONE_MM3: f64 = 4000.0;
/// At least this share of the surface of thin bone lies against bone, fat or air; blood lies against brain as well.
const BESIDE_BONE: f64 = 0.3;
/// The tenth of the voxels that is densest is denser than the median by this share of what the median is denser than brain.
const UPWARD: f64 = 0.25;

/// Whether a part is bone that is thinner than a slice, as over the orbits: it shares its voxels with brain and with what lies
/// on its other side, by as much as it slopes. So its values go on rising towards bone, while those of blood end at the
/// density of blood and only fall off towards brain; and little of its surface lies against brain.
fn is_thin_bone(volume: &Volume, smooth: &[f32], part: &Runs, outside: f64) -> bool {
    let (grid, spacing) = (volume.grid(), volume.grid().spacing_mm());
    if part.voxels() as f64 * grid.voxel_mm3() > THIN_BONE_MM3 {
        return false;
    }
    let mut values: Vec<f32> = part.indices().map(|n| smooth[n]).filter(|value| value.is_finite()).collect();
    values.sort_unstable_by(f32::total_cmp);
    let at = |tenths: usize| values.get(values.len() * tenths / 10).map(|&value| f64::from(value));
    let (Some(median), Some(densest)) = (at(5), at(9)) else { return false };
    if densest - median < UPWARD * (median - outside) {
        return false;
    }
    let mut inside = vec![0_u8; grid.len()];
    part.paint(&mut inside, 1);
    let (mut all, mut beside) = (0.0, 0.0);
    for n in part.indices() {
        for next in neighbours(grid, n).filter(|&next| inside[next] == 0) {
            let axis = match n.abs_diff(next) {
                step if step == grid.size()[0] * grid.size()[1] => 2,
                step if step == grid.size()[0] => 1,
                _ => 0,
            };
            let area = grid.voxel_mm3() / spacing[axis];
            all += area;
            beside += if SOFT_HU.contains(&volume.value_at(next)) { 0.0 } else { area };
        }
    }
    beside >= BESIDE_BONE * all
}

#[cfg(test)]
mod tests {
    use meshing_phantom::{Bleed, Phantom, Sampling};
    use meshing_space::Transform;
    use meshing_volume::Silent;

    use super::*;
    use crate::{Params, abc_half};

    #[test]
    fn a_clot_in_a_noisy_head_has_its_volume_within_a_twentieth() {
        let phantom = Phantom::head();
        let lesion = phantom.truth().part("lesion").expect("there is one");
        let truth = lesion.volume_mm3.expect("a ball has one");
        for spacing in [[1.5; 3], [1.0, 1.0, 3.0]] {
            let grid = phantom.grid(spacing, Transform::identity());
            let sampling = Sampling { noise_hu: 5.0, per_axis: 2, seed: 3 };
            let volume = phantom.volume_with(&grid, &sampling, &Silent).expect("made");
            let found = crate::run(&METHOD, &volume, &Params::new(), &Silent).expect("blood");
            let ratio = found.volume_mm3 / truth;
            assert!((ratio - 1.0).abs() < 0.05, "{ratio} at {spacing:?}");
            let truth = phantom.labels(&grid);
            let lesion = phantom.truth().label("lesion").expect("labelled");
            let beyond = (0..grid.len())
                .filter(|&n| found.mask.labels()[n] == 1 && truth.labels()[n] != lesion)
                .count();
            assert!(beyond * 20 < found.voxels, "{beyond} of {} beyond the clot", found.voxels);
            let abc = abc_half(&found.mask, 1).expect("there is some");
            // Single voxels of the noisy rim make diameters longer.
            assert!((abc.volume_mm3 / found.volume_mm3 / 0.954_930 - 1.0).abs() < 0.2, "{abc:?}");
        }
    }

    /// What is found in millilitres, and how much of it is blood, beside the true volume.
    fn found_in(bleed: Bleed, rim_mm: f64) -> (f64, f64, f64) {
        let phantom = Phantom::bleed(bleed, 0.4);
        let grid = phantom.grid([1.0, 1.0, 3.0], Transform::identity());
        let sampling = Sampling { noise_hu: 5.0, per_axis: 6, seed: 3 };
        let volume = phantom.volume_with(&grid, &sampling, &Silent).expect("made");
        let labels = phantom.labels(&grid);
        let blood = ["blood", "older_blood"].map(|name| phantom.truth().label(name));
        let is_blood = |n: usize| blood.contains(&Some(labels.labels()[n]));
        let params = Params::new().with("rim_mm", rim_mm).with("min_ml", 0.5);
        let found = crate::run(&METHOD, &volume, &params, &Silent);
        let mask = found.map_or_else(|_| LabelMap::empty(&grid), |found| found.mask);
        let ml = |inside: &dyn Fn(usize) -> bool| {
            (0..grid.len()).filter(|&n| inside(n)).count() as f64 * grid.voxel_mm3() / 1000.0
        };
        (ml(&|n| mask.labels()[n] == 1), ml(&|n| mask.labels()[n] == 1 && is_blood(n)), ml(&is_blood))
    }

    #[test]
    fn thin_bone_is_no_blood_and_blood_along_the_skull_is_kept() {
        for (bleed, rim_mm, least) in [
            (Bleed::None, 1.5, 0.0),
            (Bleed::Small, 2.5, 0.9),
            (Bleed::Thin, 1.5, 0.65),
            (Bleed::Thick, 2.5, 0.8),
            (Bleed::Uneven, 2.5, 0.85),
        ] {
            let (found, right, truth) = found_in(bleed, rim_mm);
            assert!(
                right >= least * truth && found - right <= 0.1 * truth,
                "{bleed:?}: {found} {right} {truth}"
            );
        }
    }

    #[test]
    fn a_head_without_blood_and_a_torso_are_refused() {
        for phantom in [Phantom::portrait(meshing_phantom::Contrast::Ct), Phantom::torso()] {
            let grid = phantom.grid([3.0; 3], Transform::identity());
            let volume = phantom.volume(&grid);
            let refused = crate::run(&METHOD, &volume, &Params::new(), &Silent);
            assert!(matches!(refused, Err(SegmentError::Nothing { .. })), "{}", phantom.name());
        }
    }
}
