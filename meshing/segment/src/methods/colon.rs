//! The lumen of the colon: gas and tagged fluid.

use meshing_volume::{Grid, Part, Phrase, Progress, Volume};

use super::{is_ct, parts_with, skin};
use crate::{
    Components, Connectivity, Distance, Inputs, Method, Needs, Outcome, Param, Params, Runs, SegmentError,
    To, closed, margin,
};

/// The method as listed.
pub const METHOD: Method = Method {
    id: "colon",
    version: 1,
    title: Phrase::new("Colon (CT colonography)", "结肠（CT 结肠成像）"),
    doc: Phrase::new(
        "The lumen of a colon that was filled with gas for CT colonography: gas within the body that is no lung, tagged \
          fluid that lies level under it, and the layer between, where values pass through those of the wall. \
          Gas in the stomach and small bowel is found too: seeds keep only the parts they lie in.",
        "CT 结肠成像中充气结肠的肠腔：体内非肺的气体、其下呈液平的标记液体，以及两者之间数值与肠壁相近的过渡\
         层。胃和小肠内的气体也会被找到：给出种子点则只保留其所在部分。",
    ),
    params: PARAMS,
    needs: Needs::seeds(
        0,
        Phrase::new(
            "points in the parts that are wanted; without them all are kept",
            "目标部分内的点；不给出则全部保留",
        ),
    ),
    run,
};

/// Parameters.
pub const PARAMS: &[Param] = &[
    Param {
        id: "gas",
        unit: Phrase::symbol("HU"),
        default: Some(-800.0),
        min: -950.0,
        max: -500.0,
        doc: Phrase::new("Values below this are gas.", "低于此值为气体。"),
    },
    Param {
        id: "fluid",
        unit: Phrase::symbol("HU"),
        default: Some(200.0),
        min: 100.0,
        max: 1000.0,
        doc: Phrase::new(
            "Values from here up, under gas, are tagged fluid.",
            "气体下方不低于此值为标记液体。",
        ),
    },
    Param {
        id: "layer_mm",
        unit: Phrase::symbol("mm"),
        default: Some(4.0),
        min: 0.5,
        max: 10.0,
        doc: Phrase::new("How thick the layer between gas and fluid may be.", "气液之间过渡层的最大厚度。"),
    },
    Param {
        id: "min_part_ml",
        unit: Phrase::symbol("mL"),
        default: Some(1.0),
        min: 0.0,
        max: 1000.0,
        doc: Phrase::new("Smallest part of gas that is kept.", "保留的最小气体部分。"),
    },
    Param {
        id: "min_gas_ml",
        unit: Phrase::symbol("mL"),
        default: Some(150.0),
        min: 0.0,
        max: 5000.0,
        doc: Phrase::new(
            "With less gas in all, the colon was not filled and nothing is found.",
            "气体总量少于此值视为结肠未充气，不给出结果。",
        ),
    },
];

/// Gas whose mean is above this is lung, HU.
const LUNG_HU: f64 = -930.0;
/// No colon is wider than twice this, mm.
const WIDEST_MM: f32 = 50.0;
/// Halfway between gas and wall, HU.
const WALL_HU: f64 = -480.0;
/// Fluid needs this much surface under gas, mm².
const LEAST_SURFACE_MM2: f64 = 25.0;
/// Notches where gas, fluid and wall meet are closed by this radius, this near to the layer, mm.
const CORNER_MM: [f64; 2] = [2.0, 4.0];

fn run(inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    let volume = inputs.volume;
    if !is_ct(volume) {
        return Err(SegmentError::not_ct(METHOD.id));
    }
    let value = |id: &str| inputs.param(id).unwrap_or_default();
    let grid = volume.grid();
    let spacing = grid.spacing_mm();
    let body = crate::run(&skin::METHOD, volume, &Params::new(), &Part::new(progress, 0.0, 0.3))?.mask;
    let body = Runs::of_label(&body, 1);
    let dark = Runs::select(volume, f64::NEG_INFINITY, value("gas").next_down()).and(&body);
    let gas = gas(volume, dark, value("min_part_ml") * 1000.0 / grid.voxel_mm3());
    if gas.voxels() as f64 * grid.voxel_mm3() < value("min_gas_ml") * 1000.0 {
        return Err(SegmentError::nothing(
            METHOD.id,
            "there is too little gas in the belly for a colon that was filled",
            "腹部气体太少，结肠未充气",
        ));
    }
    progress.step(4, 10)?;
    let bright =
        Components::of(Runs::select(volume, value("fluid"), f64::INFINITY).and(&body), Connectivity::Faces);
    let level = Surface::of(grid, &gas, &bright, value("layer_mm"));
    progress.step(5, 10)?;
    let fluid = bright.keep(|part| level.area_mm2[part] >= LEAST_SURFACE_MM2);
    let layer = level.layer(grid.size(), |part| level.area_mm2[part] >= LEAST_SURFACE_MM2);
    // Gas ends halfway to the wall, which is at most a voxel farther.
    let step = spacing.into_iter().fold(0.0, f64::max);
    let around = margin(&gas, spacing, step, &Part::new(progress, 0.5, 0.6))?;
    let soft = Runs::select(volume, f64::NEG_INFINITY, WALL_HU).and(&around).and(&body);
    let lumen = gas.or(&soft).or(&fluid).or(&layer);
    let near = margin(&layer, spacing, CORNER_MM[1], &Part::new(progress, 0.6, 0.7))?;
    let corners = closed(&lumen.and(&near), spacing, CORNER_MM[0], &Part::new(progress, 0.7, 0.9))?;
    let lumen = Components::of(lumen.or(&corners.and(&near)), Connectivity::Faces);
    let starts = super::starts(inputs)?;
    let wanted =
        if starts.is_empty() { vec![true; lumen.count()] } else { parts_with(&lumen, starts.into_iter()) };
    let mask = lumen.keep(|part| wanted[part]).to_mask(grid);
    let outcome = Outcome::new(mask, None, inputs.params.clone());
    if outcome.voxels == 0 {
        return Err(SegmentError::nothing(
            METHOD.id,
            "no seed lies in gas or fluid",
            "没有种子点位于气体或液体中",
        ));
    }
    Ok(outcome)
}

/// The parts of what is dark that are large enough and no lung.
fn gas(volume: &Volume, dark: Runs, least_voxels: f64) -> Runs {
    let parts = Components::of(dark, Connectivity::Faces);
    let mut sums = vec![0.0_f64; parts.count()];
    for (voxels, part) in parts.iter() {
        sums[part] += voxels.map(|n| f64::from(volume.value_at(n)).max(-1024.0)).sum::<f64>();
    }
    let bowel = parts.keep(|part| {
        let voxels = parts.voxels()[part] as f64;
        voxels >= least_voxels && sums[part] / voxels <= LUNG_HU
    });
    // A hollow object, or a stomach like a balloon.
    let wide = Distance::new(volume.grid().spacing_mm(), To::Surface).from(&bowel.complement());
    let parts = Components::of(bowel, Connectivity::Faces);
    let mut deepest = vec![0.0_f32; parts.count()];
    parts.mark(|n, part| deepest[part] = deepest[part].max(wide[n]));
    parts.keep(|part| deepest[part] <= WIDEST_MM)
}

/// Where gas lies over bright parts, with the patient on the back or on the front.
struct Surface {
    /// Of each bright part, its surface under gas.
    area_mm2: Vec<f64>,
    /// The voxels of each column between gas and a part, and that part.
    columns: Vec<(Vec<usize>, usize)>,
}

impl Surface {
    /// Looks down from the gas, along the grid's axis nearest to front and back, in the way in which more is found: fluid
    /// lies under gas and never over it.
    fn of(grid: &Grid, gas: &Runs, bright: &Components, layer_mm: f64) -> Self {
        let upright = grid.direction().map(|axis| axis.y().abs());
        let axis = (0..3).max_by(|&a, &b| upright[a].total_cmp(&upright[b]).then(b.cmp(&a))).unwrap_or(1);
        let [back, front] =
            [true, false].map(|forward| Self::along(grid, gas, bright, layer_mm, axis, forward));
        let area = |surface: &Self| surface.area_mm2.iter().sum::<f64>();
        if area(&front) > area(&back) { front } else { back }
    }

    fn along(
        grid: &Grid,
        gas: &Runs,
        bright: &Components,
        layer_mm: f64,
        axis: usize,
        forward: bool,
    ) -> Self {
        let (size, spacing) = (grid.size(), grid.spacing_mm());
        let stride = [1, size[0], size[0] * size[1]][axis];
        let steps = (layer_mm / spacing[axis]) as usize + 1;
        let column_mm2 = grid.voxel_mm3() / spacing[axis];
        let mut is_gas = vec![0_u8; grid.len()];
        gas.paint(&mut is_gas, 1);
        let mut surface = Self { area_mm2: vec![0.0; bright.count()], columns: Vec::new() };
        for n in gas.indices() {
            let at = n / stride % size[axis];
            let room = if forward { size[axis] - 1 - at } else { at };
            let next = |step: usize| if forward { n + step * stride } else { n - step * stride };
            if room == 0 || is_gas[next(1)] == 1 {
                continue;
            }
            let end = (1..=room.min(steps))
                .find(|&step| is_gas[next(step)] == 1 || bright.at(next(step)).is_some());
            let Some((end, part)) = end.and_then(|end| Some((end, bright.at(next(end))?))) else { continue };
            surface.area_mm2[part] += column_mm2;
            surface.columns.push(((1..end).map(next).collect(), part));
        }
        surface
    }

    /// The voxels between gas and the parts for which `wanted` holds.
    fn layer(&self, size: [usize; 3], wanted: impl Fn(usize) -> bool) -> Runs {
        let mut held = vec![0_u8; size.iter().product()];
        for (voxels, _) in self.columns.iter().filter(|(_, part)| wanted(*part)) {
            for &n in voxels {
                held[n] = 1;
            }
        }
        Runs::of_values(size, &held, |held| held == 1)
    }
}

#[cfg(test)]
mod tests {
    use meshing_phantom::{Phantom, Sampling};
    use meshing_space::{Transform, Vector};
    use meshing_volume::Silent;

    use super::*;
    use crate::dice;

    #[test]
    fn gas_and_fluid_are_one_lumen_whichever_way_the_grid_runs() {
        let phantom = Phantom::colon();
        let half_turn =
            Transform::rotation(Vector::new(0.0, 0.0, 1.0), core::f64::consts::PI).expect("an axis");
        for turn in [Transform::identity(), half_turn] {
            let grid = phantom.grid([1.2, 1.2, 1.5], turn);
            let sampling = Sampling { noise_hu: 20.0, per_axis: 3, seed: 2 };
            let volume = phantom.volume_with(&grid, &sampling, &Silent).expect("made");
            let found = crate::run(&METHOD, &volume, &Params::new(), &Silent).expect("a colon");
            let labels = phantom.labels(&grid);
            let [gas, fluid] = ["gas", "fluid"].map(|name| phantom.truth().label(name).expect("a part"));
            let truth = Runs::find(grid.size(), |n| [gas, fluid].contains(&labels.labels()[n]));
            let overlap = dice(&found.mask, &truth.to_mask(&grid));
            // Of the layer where gas and fluid share voxels, within the lumen, next to nothing is left out.
            let deep = margin(&truth, grid.spacing_mm(), -3.0, &Silent).expect("done");
            let layer = Runs::select(&volume, -800.0, 200.0).and(&deep);
            let left = layer.minus(&Runs::of_label(&found.mask, 1)).voxels();
            assert!(overlap >= 0.97, "{overlap}");
            assert!(left * 100 <= layer.voxels(), "{left} of {}", layer.voxels());
        }
    }

    #[test]
    fn heads_and_chests_without_a_filled_colon_are_refused() {
        for phantom in [Phantom::head(), Phantom::chest_with_nodules()] {
            let volume = phantom.volume(&phantom.grid([3.0; 3], Transform::identity()));
            let refused = crate::run(&METHOD, &volume, &Params::new(), &Silent);
            assert!(matches!(refused, Err(SegmentError::Nothing { .. })), "{refused:?}");
        }
    }
}
