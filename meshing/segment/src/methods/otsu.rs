//! A level from the histogram.

use meshing_volume::{Phrase, Progress};

use crate::{Inputs, Method, Needs, Outcome, Param, SegmentError, otsu, select, surface_level};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "otsu",
    version: 1,
    title: Phrase::new("Otsu threshold", "Otsu 阈值"),
    doc: Phrase::new(
        "All voxels at or above Otsu's level, which splits the values into two classes that differ most; for images whose \
          values have no fixed unit, such as MR.",
        "不低于 Otsu 阈值的全部体素，该阈值把数值分为差别最大的两类；用于数值无固定单位的图像，如 MR。",
    ),
    params: PARAMS,
    needs: Needs::NOTHING,
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[Param {
    id: "dark",
    unit: Phrase::new("0 or 1", "0 或 1"),
    default: Some(0.0),
    min: 0.0,
    max: 1.0,
    doc: Phrase::new("1 takes the voxels below the level instead.", "1 改取低于阈值的体素。"),
}];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let volume = inputs.volume;
    let nothing = || SegmentError::nothing(METHOD.id, "all voxels have one value", "所有体素的值相同");
    let level = otsu(volume).ok_or_else(nothing)?;
    progress.step(1, 2)?;
    let dark = inputs.param("dark").is_some_and(|dark| dark >= 0.5);
    let mask = if dark {
        // The next number below, so that no voxel is in both halves.
        select(volume, f64::NEG_INFINITY, level.next_down())
    } else {
        select(volume, level, f64::INFINITY)
    };
    // A surface of the dark side would be that of the bright side, turned: the level explains both.
    Ok(Outcome::new(mask, Some(surface_level(volume, level)), inputs.params.clone().with("level", level)))
}

#[cfg(test)]
mod tests {
    use meshing_phantom::Phantom;
    use meshing_volume::Silent;

    use super::*;
    use crate::{Params, dice};

    #[test]
    fn a_ball_is_split_from_its_surroundings() {
        let phantom = Phantom::sphere();
        let grid = phantom.default_grid();
        let volume = phantom.volume(&grid);
        let found = crate::run(&METHOD, &volume, &Params::new(), &Silent).expect("two classes");
        let overlap = dice(&found.mask, &phantom.labels(&grid));
        assert!(overlap > 0.97, "{overlap}");
        let other = crate::run(&METHOD, &volume, &Params::new().with("dark", 1.0), &Silent).expect("dark");
        assert_eq!(found.voxels + other.voxels, grid.len());
    }
}
