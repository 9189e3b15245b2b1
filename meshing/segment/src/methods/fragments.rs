//! Fragments of a broken bone.

use meshing_volume::{Part, Phrase, Progress};

use super::{edited, is_ct, starts};
use crate::{FragmentRules, Inputs, Method, Needs, Outcome, Param, Runs, SegmentError, surface_level};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "fragments",
    version: 1,
    title: Phrase::new("Fragment of bone (CT)", "骨折块（CT）"),
    doc: Phrase::new(
        "One fragment of a broken bone, or a bone that touches its neighbour: those in which the seeds lie, or the one of a \
          rank by size. Clefts are looked for within the bone by a level of their own at each place, so that fragments part \
          that touch by partial volume or through weak bone; what still touches is parted at its narrowest place. \
          Join what was parted too much by the union of segments, and cut the rest by a plane.",
        "骨折的一个骨块，或与相邻骨相贴的一块骨：种子点所在的骨块，或按大小排序的第几块。\
         在骨内按局部阈值寻找裂隙，使因部分容积效应或经疏松骨相连的骨块分开；仍相连者在最窄处分开。\
         分得过碎时用并集合并，其余用平面切割。",
    ),
    params: PARAMS,
    needs: Needs::seeds(
        0,
        Phrase::new(
            "points in the fragments that are wanted; without them the rank chooses one",
            "目标骨块内的点；不给出则按序号选择",
        ),
    ),
    run,
};

const RULES: FragmentRules = FragmentRules::USUAL;

/// Parameters.
pub const PARAMS: &[Param] = &[
    Param {
        id: "fragment",
        unit: Phrase::new("rank", "序号"),
        default: Some(1.0),
        min: 0.0,
        max: 254.0,
        doc: Phrase::new(
            "Which fragment: 1 for the largest, 2 for the next; 0 for all together. Seeds come before it.",
            "第几块：1 为最大，2 为其次；0 为全部。种子点优先。",
        ),
    },
    Param {
        id: "level",
        unit: Phrase::symbol("HU"),
        default: Some(RULES.level),
        min: 50.0,
        max: 3000.0,
        doc: Phrase::new("Smallest value of bone.", "骨的最小值。"),
    },
    Param {
        id: "cleft_mm",
        unit: Phrase::symbol("mm"),
        default: Some(RULES.cleft_mm),
        min: 0.0,
        max: 10.0,
        doc: Phrase::new(
            "Widest cleft that is looked for where it is as dense as bone; 0 looks at the level alone.",
            "在密度与骨相当处寻找的最大裂隙宽度；0 则只看阈值。",
        ),
    },
    Param {
        id: "neck",
        unit: Phrase::new("share", "比例"),
        default: Some(RULES.neck),
        min: 0.0,
        max: 1.0,
        doc: Phrase::new(
            "What touches is parted where the contact is at most this share as thick as the thinner piece.",
            "相连处的粗细不超过较细骨块的此比例时分开。",
        ),
    },
    Param {
        id: "min_fragment_mm3",
        unit: Phrase::symbol("mm³"),
        default: Some(RULES.min_fragment_mm3),
        min: 0.0,
        max: 1e7,
        doc: Phrase::new("Smallest fragment.", "最小骨块。"),
    },
    Param {
        id: "max_hole_mm3",
        unit: Phrase::symbol("mm³"),
        default: Some(RULES.max_hole_mm3),
        min: 0.0,
        max: 1e8,
        doc: Phrase::new("Largest enclosed hole that is filled (marrow).", "填充的最大封闭孔洞（骨髓）。"),
    },
];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let volume = inputs.volume;
    if !is_ct(volume) {
        return Err(SegmentError::not_ct(METHOD.id));
    }
    let value = |id: &str| inputs.param(id).unwrap_or_default();
    let rules = FragmentRules {
        level: value("level"),
        cleft_mm: value("cleft_mm"),
        neck: value("neck"),
        min_fragment_mm3: value("min_fragment_mm3"),
        max_hole_mm3: value("max_hole_mm3"),
        ..RULES
    };
    let map = crate::fragments(volume, &rules, &Part::new(progress, 0.0, 0.9))?;
    let labels = map.labels();
    let count = labels.iter().max().copied().unwrap_or(0);
    let mut wanted = [false; 256];
    let seeds = starts(inputs)?;
    let rank = value("fragment").round() as u8;
    match rank {
        _ if !seeds.is_empty() => seeds.iter().for_each(|&n| wanted[usize::from(labels[n])] = true),
        0 => wanted = [true; 256],
        rank => wanted[usize::from(rank)] = true,
    }
    wanted[0] = false;
    if seeds.is_empty() && rank > count {
        return Err(SegmentError::nothing(
            METHOD.id,
            &format!("there are only {count} fragments"),
            &format!("只有 {count} 个骨块"),
        ));
    }
    let set = Runs::of_values(volume.grid().size(), labels, |label| wanted[usize::from(label)]);
    // A fragment ends at the level where it meets no other; the surface there is that of the values.
    let level = (count == 1 || rank == 0 && seeds.is_empty()).then(|| surface_level(volume, rules.level));
    edited(METHOD.id, inputs, &set, level)
}

#[cfg(test)]
mod tests {
    use meshing_phantom::{Phantom, Sampling};
    use meshing_space::{Point, Transform};
    use meshing_volume::Silent;

    use super::*;
    use crate::{Params, Seed};

    #[test]
    fn seeds_and_ranks_choose_fragments() {
        let phantom = Phantom::comminuted([0.9, 1.25]);
        let grid = phantom.grid([0.9, 0.9, 1.25], Transform::identity());
        let sampling = Sampling { noise_hu: 20.0, seed: 7, ..Sampling::default() };
        let volume = phantom.volume_with(&grid, &sampling, &Silent).expect("made");
        let run = |rank: f64, seeds: &[Seed]| {
            let params = Params::new().with("fragment", rank);
            crate::run_with(&METHOD, &Inputs::new(&volume, &params).with_seeds(seeds), &Silent)
        };
        let each: Vec<usize> = (1..=6).map(|rank| run(f64::from(rank), &[]).expect("found").voxels).collect();
        assert!(each.windows(2).all(|pair| pair[0] >= pair[1]), "{each:?}");
        let all = run(0.0, &[]).expect("bone");
        assert_eq!((all.voxels, all.level), (each.iter().sum(), Some(225.5)));
        let none = run(7.0, &[]).expect_err("there are six");
        assert!(none.to_string().ends_with("there are only 6 fragments"), "{none}");
        let [ball, lowest] =
            [[27.0, 0.0, 4.0], [0.0, 0.0, -36.0]].map(|at| Seed { at: Point::from_array(at), label: 1 });
        let both = run(1.0, &[ball, lowest]).expect("found");
        assert_eq!(
            both.voxels,
            run(1.0, &[ball]).expect("found").voxels + run(1.0, &[lowest]).expect("found").voxels
        );
        let muscle = Seed { at: Point::new(-22.0, -20.0, 0.0), label: 1 };
        assert!(matches!(run(1.0, &[muscle]), Err(SegmentError::Nothing { .. })));
    }
}
