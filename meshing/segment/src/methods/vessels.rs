//! Vessels by their shape.

use meshing_volume::{Part, Phrase, Progress};

use super::hysteresis::connected_to;
use crate::{
    Inputs, Method, Needs, Outcome, Param, SegmentError, TubeScales, Tubeness, surface_level, vesselness,
};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "vessels",
    version: 1,
    title: Phrase::new("Vessels", "血管"),
    doc: Phrase::new(
        "Tubes brighter (or darker) than their surroundings, whatever their value: Frangi's vesselness over three \
          radii, then all voxels above a low level that hang together with one above a high level. Seeds keep only the \
          trees they lie in.",
        "比周围亮（或暗）的管状结构，不论其数值：三个半径上的 Frangi 血管性，再取高于低阈值且与高于高阈值者\
         相连的体素。给出种子点则只保留其所在的血管树。",
    ),
    params: PARAMS,
    needs: Needs::seeds(
        0,
        Phrase::new(
            "points in the vessels that are wanted; without them all are kept",
            "目标血管内的点；不给出则全部保留",
        ),
    ),
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    Param {
        id: "smallest_mm",
        unit: Phrase::symbol("mm"),
        default: Some(1.5),
        min: 0.1,
        max: 30.0,
        doc: Phrase::new("Radius of the thinnest vessels looked for.", "所寻最细血管的半径。"),
    },
    Param {
        id: "largest_mm",
        unit: Phrase::symbol("mm"),
        default: Some(5.0),
        min: 0.1,
        max: 30.0,
        doc: Phrase::new("Radius of the thickest vessels looked for.", "所寻最粗血管的半径。"),
    },
    Param {
        id: "contrast",
        unit: Phrase::new("value", "值"),
        default: Some(50.0),
        min: 1e-6,
        max: 1e6,
        doc: Phrase::new(
            "Half of the difference between vessel and surroundings; weaker tubes fade.",
            "血管与周围差值的一半；更弱的管状结构被抑制。",
        ),
    },
    Param {
        id: "low",
        unit: Phrase::new("vesselness", "血管性"),
        default: Some(0.1),
        min: 0.0,
        max: 1.0,
        doc: Phrase::new(
            "Least vesselness of a voxel that hangs together with a sure one.",
            "与确定体素相连者的最小血管性。",
        ),
    },
    Param {
        id: "high",
        unit: Phrase::new("vesselness", "血管性"),
        default: Some(0.4),
        min: 0.0,
        max: 1.0,
        doc: Phrase::new("Vesselness of a sure voxel.", "确定体素的血管性。"),
    },
    Param {
        id: "lower",
        unit: Phrase::new("value", "值"),
        default: None,
        min: -1e6,
        max: 1e6,
        doc: Phrase::new(
            "Smallest value of a vessel; without it only the shape counts.",
            "血管的最小值；不给出则只看形状。",
        ),
    },
    Param {
        id: "dark",
        unit: Phrase::new("0 or 1", "0 或 1"),
        default: Some(0.0),
        min: 0.0,
        max: 1.0,
        doc: Phrase::new("1 looks for dark tubes.", "1 寻找暗的管状结构。"),
    },
];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let value = |id: &str| inputs.param(id).unwrap_or_default();
    let (smallest, largest, low, high) =
        (value("smallest_mm"), value("largest_mm"), value("low"), value("high"));
    if smallest > largest || low > high {
        return Err(SegmentError::contradiction(
            "the smaller radius or level is above the larger",
            "较小的半径或阈值大于较大的",
        ));
    }
    let contrast = value("contrast") as f32;
    let scales = TubeScales {
        // Tubes of radius r answer about r / √2; the middle scale lies between the two in ratio.
        sigmas_mm: [smallest, (smallest * largest).sqrt(), largest].map(|r| r / 2.0_f64.sqrt()).to_vec(),
        dark: value("dark") >= 0.5,
        measure: Tubeness::Frangi { alpha: 0.5, beta: 0.5, contrast },
    };
    let volume = inputs.volume;
    let tubes = vesselness(volume, &scales, &Part::new(progress, 0.0, 0.9))?;
    let lower = inputs.param("lower");
    let is = |n: usize, level: f64| {
        f64::from(tubes[n]) >= level && lower.is_none_or(|lower| f64::from(volume.value_at(n)) >= lower)
    };
    let grid = volume.grid();
    let mask = connected_to(grid, |n| is(n, low), |n| is(n, high), &super::starts(inputs)?);
    if mask.count(1) == 0 {
        return Err(SegmentError::nothing(
            METHOD.id,
            "no tube of this size and contrast, or none with a seed",
            "没有这样大小和对比度的管状结构，或其中没有含种子点的",
        ));
    }
    let level = lower.map(|lower| surface_level(volume, lower));
    Ok(Outcome::new(mask, level, inputs.params.clone()))
}

#[cfg(test)]
mod tests {
    use meshing_phantom::{Phantom, Sampling};
    use meshing_volume::Silent;

    use super::*;
    use crate::{Params, dice};

    #[test]
    fn a_helix_in_noise_is_found_by_shape_and_level() {
        let phantom = Phantom::helix_vessel();
        let grid = phantom.default_grid();
        let sampling = Sampling { noise_hu: 20.0, ..Sampling::default() };
        let volume = phantom.volume_with(&grid, &sampling, &Silent).expect("made");
        let params = Params::new().with("smallest_mm", 3.0).with("largest_mm", 6.0).with("lower", 145.0);
        let params = params.with("low", 0.02);
        let found = crate::run(&METHOD, &volume, &params, &Silent).expect("found");
        let overlap = dice(&found.mask, &phantom.labels(&grid));
        assert!(overlap > 0.97, "{overlap}");
    }
}
