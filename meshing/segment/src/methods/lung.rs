//! Lungs in CT.

use meshing_volume::{Part, Phrase, Progress};

use super::{is_ct, keep_parts, skin};
use crate::{
    Components, Connectivity, Inputs, Method, Needs, Outcome, Param, Params, Runs, SegmentError, close,
    fill_holes, surface_level,
};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "lung",
    version: 2,
    title: Phrase::new("Lungs (CT)", "肺（CT）"),
    doc: Phrase::new(
        "Lungs and large airways in CT: air inside the body that is not connected to the air around it, without small \
          pockets (bowel, sinuses). Vessels that are enclosed are filled; closing also takes in those at the rim.",
        "CT 中的肺和大气道：体内与体外空气不相通的气体，去除小气腔（肠道、鼻窦）。被包围的血管予以填充；\
         闭运算还纳入边缘处的血管。",
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
        default: Some(-400.0),
        min: -950.0,
        max: -200.0,
        doc: Phrase::new("Values below this are air or lung.", "低于此值为空气或肺。"),
    },
    Param {
        id: "min_part_mm3",
        unit: Phrase::symbol("mm³"),
        default: Some(100_000.0),
        min: 0.0,
        max: 1e7,
        doc: Phrase::new(
            "Smallest part that is kept. The largest part always is.",
            "保留的最小部分。最大部分总被保留。",
        ),
    },
    Param {
        id: "close_mm",
        unit: Phrase::symbol("mm"),
        default: Some(0.0),
        min: 0.0,
        max: 20.0,
        doc: Phrase::new(
            "Notches and channels narrower than twice this are taken in (vessels at the rim); 0 for none.",
            "窄于其两倍的切迹和通道被纳入（边缘血管）；0 为不纳入。",
        ),
    },
];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let Inputs { volume, params, .. } = *inputs;
    if !is_ct(volume) {
        return Err(SegmentError::not_ct(METHOD.id));
    }
    let value = |n: usize| params.value(PARAMS[n].id).or(PARAMS[n].default).unwrap_or_default();
    let (level, min_part_mm3, close_mm) = (value(0), value(1), value(2));
    let body = crate::run(&skin::METHOD, volume, &Params::new(), &Part::new(progress, 0.0, 0.4))?.mask;
    progress.step(2, 5)?;
    // Below the level, not at it: the level itself counts as inside the brighter side everywhere.
    let air = Runs::select(volume, f64::NEG_INFINITY, level.next_down()).and(&Runs::of_label(&body, 1));
    drop(body);
    let parts = Components::of(air, Connectivity::Faces);
    progress.step(3, 5)?;
    let nothing = || SegmentError::nothing(METHOD.id, "there is no air inside the body", "体内没有空气");
    let least_voxels = min_part_mm3 / volume.grid().voxel_mm3();
    let mut mask = keep_parts(&parts, least_voxels).ok_or_else(nothing)?.to_mask(volume.grid());
    close(&mut mask, 1, close_mm, &Part::new(progress, 0.6, 0.8))?;
    fill_holes(&mut mask, 1, f64::INFINITY);
    progress.step(4, 5)?;
    Ok(Outcome::new(mask, Some(surface_level(volume, level)), params.clone()))
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::{Grid, Silent, Volume, VolumeMeta, Voxels};

    use super::*;

    #[test]
    fn lungs_are_the_large_air_inside_the_body() {
        let grid = Grid::axis_aligned([100, 60, 60], Point::origin(), [2.0; 3]).expect("grid");
        let value = |n: usize| {
            let p = [n % 100, n / 100 % 60, n / 6000].map(|x| x as f64);
            let ball = |at: [f64; 3], r: f64| (0..3).map(|x| (p[x] - at[x]).powi(2)).sum::<f64>() < r * r;
            let body = ((p[0] - 50.0) / 45.0).powi(2) + ((p[1] - 30.0) / 27.0).powi(2) < 1.0;
            let lungs = ball([28.0, 30.0, 30.0], 18.0) || ball([72.0, 30.0, 30.0], 18.0);
            let vessel = ball([28.0, 30.0, 30.0], 3.0);
            let bowel = ball([50.0, 30.0, 52.0], 4.0);
            if !body {
                -1000
            } else if (lungs && !vessel) || bowel {
                -850
            } else {
                40
            }
        };
        let meta = VolumeMeta { modality: "CT".into(), ..VolumeMeta::default() };
        let volume =
            Volume::new(grid, Voxels::I16((0..grid.len()).map(value).collect()), meta).expect("volume");
        let outcome = crate::run(&METHOD, &volume, &Params::new(), &Silent).expect("lungs");
        let at = |i, j, k| outcome.mask.get(i, j, k);
        assert_eq!((at(28, 30, 30), at(35, 30, 30), at(72, 30, 30)), (1, 1, 1), "vessel filled, both lungs");
        assert_eq!((at(50, 30, 52), at(50, 30, 30), at(1, 1, 1)), (0, 0, 0), "bowel, heart, air around");
        let both_mm3 = 2.0 * 4.0 / 3.0 * core::f64::consts::PI * 36.0_f64.powi(3);
        assert!((outcome.volume_mm3 / both_mm3 - 1.0).abs() < 0.02, "{}", outcome.volume_mm3);
    }
}
