//! The wall of the left ventricle.

use meshing_volume::{Grid, Part, Phrase, Progress, Volume};

use super::haemorrhage::smoothed_within;
use super::{edited, heart, is_ct, parts_with, percentile};
use crate::filters::lowest;
use crate::flood::neighbours;
use crate::{
    Components, Connectivity, Inputs, Method, Outcome, Param, Params, Runs, SegmentError, margin, opened,
    run_with,
};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "myocardium",
    version: 1,
    title: Phrase::new("Myocardium of the left ventricle (CTA)", "左室心肌（CTA）"),
    doc: Phrase::new(
        "The wall around the blood of the left ventricle in a CT with contrast medium, from seeds: label 1 in the left \
          ventricle, other labels in the other chambers and the aorta. What is as dense as muscle within a distance of the \
          blood, as a thick body: thin walls that branch off (right ventricle) are cut off. It ends halfway to what lies \
          around it. Refused where too little muscle lies around the blood, or where it does not end within the distance.",
        "增强 CT 中由种子点得到的左室血池周围的心肌：左室用标签 1，其他心腔和主动脉用其他标签。\
         取血池一定距离内与心肌密度相当的厚实部分，分出的薄壁（右室）被切除，边界取与周围密度的中间值。\
         血池周围心肌太少，或在该距离内看不到外缘时，不给出结果。",
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
        default: Some(90.0),
        min: 0.0,
        max: 300.0,
        doc: Phrase::new("Smallest value of muscle, after smoothing.", "平滑后心肌的最小值。"),
    },
    Param {
        id: "upper",
        unit: Phrase::symbol("HU"),
        default: Some(130.0),
        min: 20.0,
        max: 400.0,
        doc: Phrase::new("Largest value of muscle, after smoothing.", "平滑后心肌的最大值。"),
    },
    Param {
        id: "blood",
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
        id: "wall_mm",
        unit: Phrase::symbol("mm"),
        default: Some(16.0),
        min: 2.0,
        max: 40.0,
        doc: Phrase::new("Greatest thickness of the wall.", "心肌的最大厚度。"),
    },
    Param {
        id: "branch_mm",
        unit: Phrase::symbol("mm"),
        default: Some(5.0),
        min: 0.0,
        max: 15.0,
        doc: Phrase::new(
            "What branches off and is thinner than twice this is cut off (wall of the right ventricle, papillary tips).",
            "分出且薄于其两倍的部分（右室壁、乳头肌尖）被切除。",
        ),
    },
    super::SEED_RADIUS,
];

/// Standard deviation of the smoothing outside of the blood, mm.
const SIGMA_MM: f64 = 1.5;
/// The wall ends halfway to the lowest value within this, mm.
const EDGE_MM: f64 = 4.0;
/// At least this share of the blood's surface has muscle beside it, and at most this share of the wall's outside has more of
/// it beside it.
const COVERED: f64 = 0.5;
const UNSEEN: f64 = 0.25;

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let whole = inputs.volume;
    if !is_ct(whole) {
        return Err(SegmentError::not_ct(METHOD.id));
    }
    let value = |id: &str| inputs.param(id).unwrap_or_default();
    let (lower, upper, blood, wall_mm) = (value("lower"), value("upper"), value("blood"), value("wall_mm"));
    if lower >= upper || upper >= blood {
        return Err(SegmentError::contradiction(
            "the levels do not rise from muscle to blood",
            "阈值没有从心肌到血液依次升高",
        ));
    }
    let params = Params::new().with("lower", blood).with("seed_radius_mm", value("seed_radius_mm"));
    let chamber = Inputs { params: &params, ..*inputs };
    let pool = run_with(&heart::METHOD, &chamber, &Part::new(progress, 0.0, 0.5))?.mask;
    let pool = Runs::of_label(&pool, 1);
    let (volume, low) = around(whole, &pool, wall_mm + 2.0 * EDGE_MM);
    let (grid, size, spacing) = (*volume.grid(), volume.grid().size(), volume.grid().spacing_mm());
    let pool = pool.window(low.map(|n| n as isize), size);
    let all_blood = Runs::select(&volume, blood, f64::INFINITY).or(&pool);
    let near = margin(&pool, spacing, wall_mm, &Part::new(progress, 0.5, 0.6))?.minus(&all_blood);
    let smooth = smoothed_within(&volume, &all_blood.complement(), SIGMA_MM);
    progress.step(7, 10)?;
    let is_muscle = |n: usize| (lower..=upper).contains(&f64::from(smooth[n]));
    let muscle = Components::of(Runs::find(size, is_muscle).and(&near), Connectivity::Faces);
    let beside = margin(&pool, spacing, EDGE_MM, &Part::new(progress, 0.7, 0.75))?;
    let touching = parts_with(&muscle, beside.indices());
    let core = muscle.keep(|part| touching[part]);
    // Muscle lies beside the blood on all sides but where valves are.
    let reach = margin(&core, spacing, EDGE_MM, &Part::new(progress, 0.75, 0.8))?;
    let rim = surface(&grid, &pool);
    let mut within = vec![0_u8; grid.len()];
    reach.paint(&mut within, 1);
    let held = rim.iter().filter(|&&n| within[n] == 1).count();
    let median = percentile(&volume, &core, 0.5);
    let Some(median) = median.filter(|_| held as f64 >= COVERED * rim.len() as f64) else {
        return Err(SegmentError::nothing(
            METHOD.id,
            "too little of the blood has muscle of these values around it",
            "血池周围符合该密度范围的心肌太少",
        ));
    };
    // Halfway to what is darkest close by; where nothing is, the lower level.
    let half = spacing.map(|mm| ((EDGE_MM / mm).round() as usize).max(1));
    let filled: Vec<f32> = smooth.iter().map(|v| if v.is_finite() { *v } else { f32::MAX }).collect();
    let dark = lowest(filled, size, half);
    let level = |n: usize| f64::midpoint(median, f64::from(dark[n])).min(lower);
    let reaches = |n: usize| within[n] == 1 && f64::from(smooth[n]) >= level(n);
    let wall = Runs::find(size, reaches).and(&near);
    let body = opened(&wall.or(&pool), spacing, value("branch_mm"), &Part::new(progress, 0.8, 0.95))?;
    let body = Components::of(body.minus(&all_blood), Connectivity::Faces);
    let touching = parts_with(&body, beside.indices());
    let wall = body.keep(|part| touching[part]);
    let mut kept = vec![0_u8; grid.len()];
    all_blood.paint(&mut kept, 2);
    wall.paint(&mut kept, 1);
    let (mut outside, mut unseen) = (0_usize, 0_usize);
    for n in wall.indices() {
        for next in neighbours(&grid, n).filter(|&next| kept[next] == 0) {
            outside += 1;
            unseen += usize::from(f64::from(smooth[next]) >= level(next));
        }
    }
    if unseen as f64 > UNSEEN * outside as f64 {
        return Err(SegmentError::nothing(
            METHOD.id,
            "the wall has no outer border within its greatest thickness: what lies around is as dense as muscle",
            "在最大厚度内看不到心肌外缘：周围组织与心肌密度相同",
        ));
    }
    edited(METHOD.id, inputs, &wall.window(low.map(|n| -(n as isize)), whole.grid().size()), None)
}

/// What of the volume lies in a box around the set, and the box's first voxel.
fn around(volume: &Volume, set: &Runs, mm: f64) -> (Volume, [usize; 3]) {
    let grid = volume.grid();
    let [low, high] = set.bounds().unwrap_or_default();
    let by = grid.spacing_mm().map(|step| (mm / step).ceil() as usize);
    let low: [usize; 3] = core::array::from_fn(|axis| low[axis].saturating_sub(by[axis]));
    let size = core::array::from_fn(|axis| (high[axis] + by[axis]).min(grid.size()[axis]) - low[axis]);
    let origin = grid.lps_from_ijk() * meshing_space::Point::from_array(low.map(|n| n as f64));
    let boxed = Grid::new(size, origin, grid.direction(), grid.spacing_mm()).expect("a box of a grid");
    let [wi, wj, _] = size;
    let values = (0..boxed.len())
        .map(|n| volume.value(low[0] + n % wi, low[1] + n / wi % wj, low[2] + n / (wi * wj)))
        .collect();
    let part = Volume::new(boxed, meshing_volume::Voxels::F32(values), volume.meta().clone())
        .expect("one value for each voxel");
    (part, low)
}

/// The voxels of the set that have a neighbour by a face outside of it.
fn surface(grid: &Grid, set: &Runs) -> Vec<usize> {
    let mut inside = vec![0_u8; grid.len()];
    set.paint(&mut inside, 1);
    set.indices().filter(|&n| neighbours(grid, n).any(|next| inside[next] == 0)).collect()
}

#[cfg(test)]
mod tests {
    use meshing_phantom::{Phantom, Sampling};
    use meshing_space::Transform;
    use meshing_volume::{LabelMap, Silent, Voxels};

    use super::*;
    use crate::{Seed, dice};

    fn made(spacing: [f64; 3], seed: u64) -> (Volume, LabelMap, Vec<Seed>) {
        let phantom = Phantom::heart();
        let grid = phantom.grid(spacing, Transform::identity());
        let sampling = Sampling { noise_hu: 25.0, per_axis: 3, seed };
        let volume = phantom.volume_with(&grid, &sampling, &Silent).expect("made");
        let labels = phantom.labels(&grid);
        let wall = phantom.truth().label("myocardium").expect("a part");
        let truth = labels.labels().iter().map(|&label| u8::from(label == wall)).collect();
        let names = ["left_ventricle", "left_atrium", "right_ventricle", "right_atrium", "aorta"];
        let at = |name: &str| phantom.truth().landmark(name).expect("named");
        let seeds = (1..).zip(names).map(|(label, name)| Seed { at: at(name), label }).collect();
        (volume, LabelMap::new(grid, truth).expect("same size"), seeds)
    }

    #[test]
    fn the_wall_of_the_left_ventricle_is_found_without_that_of_the_right() {
        for (spacing, seed) in [([1.0, 1.0, 1.25], 1), ([0.9, 0.9, 2.0], 2)] {
            let (volume, truth, seeds) = made(spacing, seed);
            let params = Params::new().with("blood", 230.0);
            let found = run_with(&METHOD, &Inputs::new(&volume, &params).with_seeds(&seeds), &Silent);
            let found = found.expect("a wall");
            let overlap = dice(&found.mask, &truth);
            let ratio = found.voxels as f64 / truth.count(1) as f64;
            assert!(overlap >= 0.95 && (ratio - 1.0).abs() < 0.05, "{overlap} {ratio}");
        }
    }

    #[test]
    fn a_wall_that_cannot_be_told_is_refused() {
        let (volume, _, seeds) = made([1.5; 3], 3);
        let params = Params::new().with("blood", 230.0);
        // Muscle everywhere around the heart; no muscle at all; a wall as bright as blood.
        let changed = |change: fn(i16) -> i16| {
            let Voxels::I16(values) = volume.voxels() else { panic!("whole numbers") };
            let values = values.iter().map(|&value| change(value)).collect();
            Volume::new(*volume.grid(), Voxels::I16(values), volume.meta().clone()).expect("a volume")
        };
        for (change, why) in [
            ((|v| if v < 75 { v + 70 } else { v }) as fn(i16) -> i16, "does not end"),
            (|v| if v < 200 { v.min(40) } else { v }, "none"),
            (|v| if v > 75 { v.max(300) } else { v }, "no valve"),
        ] {
            let volume = changed(change);
            let refused = run_with(&METHOD, &Inputs::new(&volume, &params).with_seeds(&seeds), &Silent);
            assert!(matches!(refused, Err(SegmentError::Nothing { .. })), "{why}: {refused:?}");
        }
        let params = Params::new().with("lower", 150.0).with("upper", 140.0);
        let refused = run_with(&METHOD, &Inputs::new(&volume, &params).with_seeds(&seeds), &Silent);
        assert!(matches!(refused, Err(SegmentError::Contradiction(_))));
    }
}
