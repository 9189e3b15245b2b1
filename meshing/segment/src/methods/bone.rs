//! Bone in CT.

use meshing_volume::{Progress, Volume};

use super::{is_ct, keep_parts};
use crate::{Components, Connectivity, Method, Outcome, Param, Params, SegmentError, fill_holes, select};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "bone",
    version: 1,
    title: "Bone (CT)",
    doc: "Bone in CT: all voxels of at least a level in Hounsfield units, without parts that are too small (noise, \
          calcified vessels), and with small enclosed holes filled (marrow). Large cavities, such as the inside of a \
          skull, stay open. Contrast medium and metal are as bright as bone and are kept.",
    params: PARAMS,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    Param {
        id: "level",
        unit: "HU",
        default: Some(226.0),
        min: 50.0,
        max: 3000.0,
        doc: "Smallest value of bone. Lower keeps thinner bone and more of what is not bone.",
    },
    Param {
        id: "min_part_mm3",
        unit: "mm³",
        default: Some(2000.0),
        min: 0.0,
        max: 1e7,
        doc: "Smallest part that is kept. The largest part always is; a very large value keeps only that one.",
    },
    Param {
        id: "max_hole_mm3",
        unit: "mm³",
        default: Some(20_000.0),
        min: 0.0,
        max: 1e8,
        doc: "Largest enclosed hole that is filled.",
    },
];

fn run(volume: &Volume, params: &Params, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    if !is_ct(volume) {
        return Err(SegmentError::Modality { method: METHOD.id, needs: "a CT in Hounsfield units" });
    }
    let value = |n: usize| params.value(PARAMS[n].id).or(PARAMS[n].default).unwrap_or_default();
    let (level, min_part_mm3, max_hole_mm3) = (value(0), value(1), value(2));
    let bright = select(volume, level, f64::INFINITY);
    progress.step(1, 5)?;
    let parts = Components::of_label(&bright, 1, Connectivity::Faces);
    progress.step(3, 5)?;
    let nothing = SegmentError::Nothing { method: METHOD.id, why: "no voxel is as dense as bone" };
    let mut mask = keep_parts(&bright, &parts, min_part_mm3).ok_or(nothing)?;
    progress.step(4, 5)?;
    fill_holes(&mut mask, 1, max_hole_mm3);
    Ok(Outcome::new(mask, Some(level), params.clone()))
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::{Grid, Silent, VolumeMeta, Voxels};

    use super::*;

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
        assert_eq!((at(37, 20, 20), outcome.level), (1, Some(226.0)));
        let largest = Params::new().with("min_part_mm3", 1e7).with("max_hole_mm3", 1e8);
        let outcome = crate::run(&METHOD, &scene("CT"), &largest, &Silent).expect("bone");
        assert_eq!((outcome.mask.get(10, 10, 10), outcome.mask.get(55, 20, 20)), (0, 1));
    }

    #[test]
    fn bone_needs_hounsfield_units() {
        let refused = crate::run(&METHOD, &scene("MR"), &Params::new(), &Silent);
        assert!(matches!(refused, Err(SegmentError::Modality { .. })));
    }
}
