//! Bone in CT.

use meshing_volume::{Phrase, Progress, Volume};

use super::is_ct;
use crate::{
    Components, Connectivity, Inputs, Method, Needs, Outcome, Param, Runs, SegmentError, filled,
    surface_level,
};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "bone",
    version: 3,
    title: Phrase::new("Bone (CT)", "骨（CT）"),
    doc: Phrase::new(
        "Bone in CT: all voxels of at least a level in Hounsfield units, without parts that are too small (noise, \
          calcified vessels), and with small enclosed holes filled (marrow). Large cavities, such as the inside of a \
          skull, stay open. What lies outside the body (couch, head holder) is left out, unless it touches the skin. \
          Contrast medium and metal are as bright as bone and are kept.",
        "CT 中的骨：不低于阈值（HU）的全部体素，去除过小的部分（噪声、血管钙化），并填充被包围的小孔（骨髓）。\
         颅腔等大空腔保持开放。体外物体（检查床、头架）除非贴着皮肤均被去除。造影剂和金属与骨同样亮，\
         会被保留。",
    ),
    params: PARAMS,
    needs: Needs::NOTHING,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    Param {
        id: "level",
        unit: Phrase::symbol("HU"),
        default: Some(226.0),
        min: 50.0,
        max: 3000.0,
        doc: Phrase::new(
            "Smallest value of bone. Lower keeps thinner bone and more of what is not bone.",
            "骨的最小值。降低可保留更薄的骨，但也会带入更多非骨组织。",
        ),
    },
    Param {
        id: "min_part_mm3",
        unit: Phrase::symbol("mm³"),
        default: Some(2000.0),
        min: 0.0,
        max: 1e7,
        doc: Phrase::new(
            "Smallest part that is kept. The largest part always is; a very large value keeps only that one.",
            "保留的最小部分。最大部分总被保留；取很大的值则只保留最大部分。",
        ),
    },
    Param {
        id: "max_hole_mm3",
        unit: Phrase::symbol("mm³"),
        default: Some(20_000.0),
        min: 0.0,
        max: 1e8,
        doc: Phrase::new("Largest enclosed hole that is filled.", "填充的最大封闭孔洞。"),
    },
];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let Inputs { volume, params, .. } = *inputs;
    if !is_ct(volume) {
        return Err(SegmentError::not_ct(METHOD.id));
    }
    let value = |n: usize| params.value(PARAMS[n].id).or(PARAMS[n].default).unwrap_or_default();
    let (level, min_part_mm3, max_hole_mm3) = (value(0), value(1), value(2));
    let bright = Runs::select(volume, level, f64::INFINITY);
    progress.step(1, 5)?;
    let parts = Components::of(bright, Connectivity::Faces);
    progress.step(2, 5)?;
    let nothing = || SegmentError::nothing(METHOD.id, "no voxel is as dense as bone", "没有体素达到骨的密度");
    let voxel_mm3 = volume.grid().voxel_mm3();
    let least_voxels = min_part_mm3 / voxel_mm3;
    let inside = inside_the_body(volume, &parts);
    progress.step(3, 5)?;
    let largest =
        (0..parts.count()).filter(|&c| inside[c]).max_by_key(|&c| (parts.voxels()[c], std::cmp::Reverse(c)));
    let largest = largest.ok_or_else(nothing)?;
    let large = |c: usize| c == largest || parts.voxels()[c] as f64 >= least_voxels;
    let kept = parts.keep(|c| inside[c] && large(c));
    progress.step(4, 5)?;
    let mask = filled(&kept, max_hole_mm3 / voxel_mm3).to_mask(volume.grid());
    Ok(Outcome::new(mask, Some(surface_level(volume, level)), params.clone()))
}

/// Everything denser than this that hangs together is one object: a body, a couch, a holder. HU.
const OBJECT_HU: f64 = -300.0;
/// Muscle, fat and organs. HU.
const SOFT_HU: std::ops::RangeInclusive<f32> = -150.0..=150.0;
/// Share of soft tissue by which a smaller object (a second leg, an arm) is known as a body.
const SOFT_SHARE: f64 = 0.5;

/// For each part, whether it lies in a body: in the largest object, or in another that is mostly soft tissue.
pub(super) fn inside_the_body(volume: &Volume, parts: &Components) -> Vec<bool> {
    let objects = Components::of(Runs::select(volume, OBJECT_HU, f64::INFINITY), Connectivity::Faces);
    let largest = objects.largest();
    let mut soft = vec![0_usize; objects.count()];
    for (voxels, object) in objects.iter().filter(|&(_, object)| Some(object) != largest) {
        soft[object] += voxels.filter(|&voxel| SOFT_HU.contains(&volume.value_at(voxel))).count();
    }
    let is_body = |object: usize| {
        Some(object) == largest || soft[object] as f64 >= SOFT_SHARE * objects.voxels()[object] as f64
    };
    // A part is connected and denser than its object, so its first voxel answers for all.
    let mut inside = vec![None; parts.count()];
    for (voxels, part) in parts.iter() {
        inside[part].get_or_insert_with(|| objects.at(voxels.start).is_some_and(is_body));
    }
    inside.into_iter().map(|inside| inside == Some(true)).collect()
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::{Grid, Silent, VolumeMeta, Voxels};

    use super::*;
    use crate::Params;

    /// Two bones (one with marrow), a calcification, a closed shell around a large cavity.
    fn scene(modality: &str) -> Volume {
        let grid = Grid::axis_aligned([80, 40, 40], Point::origin(), [1.0; 3]).expect("grid");
        let ball = |n: usize, at: [f64; 3], r: f64| {
            let p = [n % 80, n / 80 % 40, n / 3200].map(|x| x as f64);
            (0..3).map(|x| (p[x] - at[x]).powi(2)).sum::<f64>() < r * r
        };
        let value = |n: usize| {
            let marrow = ball(n, [10.0, 10.0, 10.0], 4.0);
            let bone = ball(n, [10.0, 10.0, 10.0], 9.0) || ball(n, [10.0, 30.0, 30.0], 8.5);
            let shell = ball(n, [55.0, 20.0, 20.0], 19.0) && !ball(n, [55.0, 20.0, 20.0], 17.2);
            let speck = ball(n, [28.0, 10.0, 10.0], 3.0);
            if marrow {
                60
            } else if bone || shell || speck {
                700
            } else {
                40
            }
        };
        let meta = VolumeMeta { modality: modality.into(), ..VolumeMeta::default() };
        Volume::new(grid, Voxels::I16((0..grid.len()).map(value).collect()), meta).expect("volume")
    }

    #[test]
    fn bones_are_kept_marrow_is_filled_and_cavities_stay() {
        let outcome = crate::run(&METHOD, &scene("CT"), &Params::new(), &Silent).expect("bone");
        let at = |i, j, k| outcome.mask.get(i, j, k);
        assert_eq!((at(10, 10, 10), at(10, 30, 30)), (1, 1), "marrow and the second bone");
        assert_eq!((at(28, 10, 10), at(55, 20, 20)), (0, 0), "the speck and the cavity");
        assert_eq!((at(37, 20, 20), outcome.level), (1, Some(225.5)));
        let largest = Params::new().with("min_part_mm3", 1e7).with("max_hole_mm3", 1e8);
        let outcome = crate::run(&METHOD, &scene("CT"), &largest, &Silent).expect("bone");
        assert_eq!((outcome.mask.get(10, 10, 10), outcome.mask.get(55, 20, 20)), (0, 1));
    }

    /// A leg with its bone, a second leg beside it, and a couch below that is denser than bone.
    #[test]
    fn the_couch_is_left_out_and_the_second_leg_kept() {
        let grid = Grid::axis_aligned([60, 40, 30], Point::origin(), [1.0; 3]).expect("grid");
        let value = |n: usize| {
            let (i, j) = ((n % 60) as f64, (n / 60 % 40) as f64);
            let leg = |ci: f64, r: f64| (i - ci).powi(2) + (j - 14.0).powi(2) < r * r;
            match () {
                () if leg(15.0, 5.0) || leg(46.0, 4.0) => 800,
                () if leg(15.0, 12.0) || leg(46.0, 10.0) => 40,
                () if j >= 34.0 => 400,
                () => -1000,
            }
        };
        let meta = VolumeMeta { modality: "CT".into(), unit: "HU".into(), ..VolumeMeta::default() };
        let volume =
            Volume::new(grid, Voxels::I16((0..grid.len()).map(value).collect()), meta).expect("volume");
        let outcome =
            crate::run(&METHOD, &volume, &Params::new().with("min_part_mm3", 100.0), &Silent).expect("bone");
        let at = |i, j| outcome.mask.get(i, j, 15);
        assert_eq!((at(15, 14), at(46, 14), at(30, 36)), (1, 1, 0), "leg, second leg, couch");
    }

    #[test]
    fn bone_needs_hounsfield_units() {
        let refused = crate::run(&METHOD, &scene("MR"), &Params::new(), &Silent);
        assert!(matches!(refused, Err(SegmentError::Modality { .. })));
    }
}
