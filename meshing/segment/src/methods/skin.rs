//! The outer surface of the body.

use meshing_volume::{Phrase, Progress, Volume};

use super::{is_ct, keep_parts};
use crate::{
    Components, Connectivity, Inputs, Method, Needs, Outcome, Param, Runs, SegmentError, body_axis,
    fill_holes_in_slices, filled, otsu, surface_level,
};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "skin",
    version: 2,
    title: Phrase::new("Skin", "皮肤"),
    doc: Phrase::new(
        "The body as one solid piece with the skin as its surface: the largest part brighter than air, with enclosed \
          holes filled; in CT also what is open only above or below (lungs, airways), slice by slice. In MR bone is as dark \
          as air and opens in places, so that slices filled one by one would give walls that no grey value shows. The level \
          is -300 HU in CT; otherwise halfway between the mean of the air and Otsu's level, because fat and skin are darker \
          in MR than what Otsu's level splits off.",
        "以皮肤为表面的整个身体：比空气亮的最大部分，并填充封闭孔洞；CT 中还逐层填充仅上下开放者（肺、\
         气道）。MR 中骨与空气同样暗且局部开放，逐层填充会产生灰度上不存在的壁。CT 阈值为 -300 HU；\
         其他为空气均值与 Otsu 阈值的中间值，因为 MR 中脂肪和皮肤低于 Otsu 阈值所分出的部分。",
    ),
    params: PARAMS,
    needs: Needs::NOTHING,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    Param {
        id: "level",
        unit: Phrase::new("value", "值"),
        default: None,
        min: -1e6,
        max: 1e6,
        doc: Phrase::new(
            "Smallest value of the body; chosen from the volume if not given.",
            "身体的最小值；未给出则由图像得出。",
        ),
    },
    Param {
        id: "fill_slices",
        unit: Phrase::new("0 or 1", "0 或 1"),
        default: None,
        min: 0.0,
        max: 1.0,
        doc: Phrase::new(
            "1 also fills holes that are enclosed within a slice only; 1 for CT and 0 for others if not given.",
            "1 还填充仅在层内封闭的孔洞；未给出时 CT 为 1，其他为 0。",
        ),
    },
];

/// Level between air and body in CT, HU: halfway from air to fat and muscle.
const CT_LEVEL_HU: f64 = -300.0;

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let Inputs { volume, params, .. } = *inputs;
    let nothing = |en, zh| SegmentError::nothing(METHOD.id, en, zh);
    let automatic = || if is_ct(volume) { Some(CT_LEVEL_HU) } else { mr_level(volume) };
    let level = params
        .value("level")
        .or_else(automatic)
        .ok_or_else(|| nothing("all voxels have one value", "所有体素的值相同"))?;
    let bright = Runs::select(volume, level, f64::INFINITY);
    progress.step(1, 6)?;
    let parts = Components::of(bright, Connectivity::Faces);
    progress.step(3, 6)?;
    let body = keep_parts(&parts, f64::INFINITY)
        .ok_or_else(|| nothing("no voxel is bright enough", "没有足够亮的体素"))?;
    drop(parts);
    let mut mask = filled(&body, f64::INFINITY).to_mask(volume.grid());
    progress.step(5, 6)?;
    let fill_slices = params.value("fill_slices").unwrap_or_else(|| f64::from(u8::from(is_ct(volume))));
    if fill_slices >= 0.5 {
        let axis = body_axis(&mask);
        fill_holes_in_slices(&mut mask, 1, axis);
    }
    let used = params.clone().with("level", level).with("fill_slices", fill_slices);
    Ok(Outcome::new(mask, Some(surface_level(volume, level)), used))
}

/// Halfway between the mean of what lies below Otsu's level (air, mostly) and that level.
fn mr_level(volume: &Volume) -> Option<f64> {
    let split = otsu(volume)?;
    let below = |n: usize| Some(f64::from(volume.value_at(n))).filter(|v| *v < split);
    let (sum, count) =
        (0..volume.voxels().len()).filter_map(below).fold((0.0, 0_usize), |(s, n), v| (s + v, n + 1));
    let air = if count == 0 { split } else { sum / count as f64 };
    Some(f64::midpoint(air, split))
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::{Grid, Silent, VolumeMeta, Voxels};

    use super::*;
    use crate::Params;

    /// A body with a windpipe that opens at the top, in air, beside a second, smaller object.
    fn scene(modality: &str, air: i16, tissue: i16) -> Volume {
        let grid = Grid::axis_aligned([50, 40, 30], Point::origin(), [1.0; 3]).expect("grid");
        let value = |n: usize| {
            let (i, j, k) = (n % 50, n / 50 % 40, n / 2000);
            let inside = |ci: i64, r: i64| (i as i64 - ci).pow(2) + (j as i64 - 20).pow(2) < r * r;
            let body = inside(18, 15) && (3..30).contains(&k);
            let airway = inside(18, 3) && k > 8;
            let other = inside(42, 5) && k > 3;
            if (body && !airway) || other { tissue + (n % 5) as i16 } else { air + (n % 3) as i16 }
        };
        let meta = VolumeMeta { modality: modality.into(), ..VolumeMeta::default() };
        Volume::new(grid, Voxels::I16((0..grid.len()).map(value).collect()), meta).expect("volume")
    }

    #[test]
    fn the_body_is_one_solid_piece_in_ct_and_mr() {
        for (volume, level) in [(scene("CT", -1000, 20), -300.0), (scene("MR", 3, 180), 90.0)] {
            let filled = Params::new().with("fill_slices", 1.0);
            let outcome = crate::run(&METHOD, &volume, &filled, &Silent).expect("skin");
            let usual = crate::run(&METHOD, &volume, &Params::new(), &Silent).expect("skin");
            let open = u8::from(volume.meta().modality == "CT");
            assert_eq!((usual.mask.get(18, 20, 5), usual.mask.get(18, 20, 29)), (1, open), "open at the top");
            let at = |i, j, k| outcome.mask.get(i, j, k);
            assert_eq!((at(18, 20, 5), at(18, 20, 20), at(18, 20, 29)), (1, 1, 1), "filled to the top");
            assert_eq!((at(42, 20, 10), at(1, 1, 1)), (0, 0), "one piece only");
            let used = outcome.params.value("level").expect("a level");
            assert!((used - level).abs() < 90.0, "{used}");
            assert_eq!(outcome.level, Some(surface_level(&volume, used)));
        }
    }

    #[test]
    fn a_flat_volume_has_no_skin() {
        let grid = Grid::axis_aligned([3, 3, 3], Point::origin(), [1.0; 3]).expect("grid");
        let flat = Volume::new(grid, Voxels::I16(vec![7; 27]), VolumeMeta::default()).expect("volume");
        let refused = crate::run(&METHOD, &flat, &Params::new(), &Silent);
        assert!(matches!(refused, Err(SegmentError::Nothing { .. })));
    }
}
