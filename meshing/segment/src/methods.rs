//! The methods, one file each. A new method is a file here and a line in the list.

pub mod airway;
pub mod bone;
pub mod close;
pub mod colon;
pub mod confidence;
pub mod cut_outline;
pub mod cut_plane;
pub mod edge50;
pub mod fill_holes;
pub mod fragments;
pub mod grow;
pub mod grow_from_seeds;
pub mod haemorrhage;
pub mod heart;
pub mod hollow;
pub mod hysteresis;
pub mod interpolate;
pub mod ischaemia;
pub mod islands;
pub mod level_trace;
pub mod logic;
pub mod lung;
pub mod margin;
pub mod myocardium;
pub mod nodules;
pub mod open;
pub mod otsu;
pub mod random_walker;
pub mod skin;
pub mod smooth;
pub mod threshold;
pub mod vessels;
pub mod vessels_without_bone;
pub mod watershed;

use meshing_volume::{LabelMap, Phrase, Volume};

use crate::{Components, Inputs, Method, Needs, Outcome, Param, Runs, SegmentError};

pub(crate) const ALL: &[Method] = &[
    threshold::METHOD,
    otsu::METHOD,
    edge50::METHOD,
    hysteresis::METHOD,
    grow::METHOD,
    confidence::METHOD,
    level_trace::METHOD,
    watershed::METHOD,
    grow_from_seeds::METHOD,
    random_walker::METHOD,
    bone::METHOD,
    fragments::METHOD,
    skin::METHOD,
    lung::METHOD,
    airway::METHOD,
    vessels::METHOD,
    vessels_without_bone::METHOD,
    nodules::METHOD,
    colon::METHOD,
    heart::METHOD,
    myocardium::METHOD,
    haemorrhage::METHOD,
    ischaemia::METHOD,
    // Those that change segments which are there.
    margin::METHOD,
    open::METHOD,
    close::METHOD,
    fill_holes::METHOD,
    islands::METHOD,
    hollow::METHOD,
    smooth::METHOD,
    interpolate::METHOD,
    cut_plane::METHOD,
    cut_outline::METHOD,
    logic::UNION,
    logic::INTERSECT,
    logic::SUBTRACT,
];

/// What methods take that change one segment.
const MASK: Needs = Needs::masks(1, 1, Phrase::new("the segment to change", "要修改的分割"));

/// What methods take in which several labels compete for voxels.
const MARKS: Needs = Needs::marks(Phrase::new(
    "seeds or strokes with label 1 in the structure and other labels around it",
    "结构内用标签 1、周围用其他标签的种子点或标记",
));

/// How wide the Gaussian is that goes over the values first; 0 for none.
const fn smoothing(default_mm: f64, doc: Phrase) -> Param {
    Param { id: "sigma_mm", unit: Phrase::symbol("mm"), default: Some(default_mm), min: 0.0, max: 20.0, doc }
}

/// How far seeds spread before a method with several labels starts.
const SEED_RADIUS: Param = Param {
    id: "seed_radius_mm",
    unit: Phrase::symbol("mm"),
    default: Some(2.0),
    min: 0.0,
    max: 50.0,
    doc: Phrase::new("Each seed is taken as a ball of this radius.", "每个种子点视为此半径的球。"),
};

/// Which of several labels is asked for.
const LABEL: Param = Param {
    id: "label",
    unit: Phrase::new("label", "标签"),
    default: Some(1.0),
    min: 1.0,
    max: 254.0,
    doc: Phrase::new("The label whose structure is kept.", "保留该标签的结构。"),
};

/// Where the seeds lie in memory.
fn starts(inputs: &Inputs<'_>) -> Result<Vec<usize>, SegmentError> {
    let grid = inputs.volume.grid();
    inputs.seeds.iter().map(|seed| seed.voxel(grid).map(|[i, j, k]| grid.index(i, j, k))).collect()
}

/// The segment that is to be changed.
fn given(inputs: &Inputs<'_>) -> Runs {
    let size = inputs.volume.grid().size();
    inputs.masks.first().map_or_else(|| Runs::find(size, |_| false), |mask| Runs::of_label(mask, 1))
}

/// What has become of a segment; `level` is the grey value on which its surface still lies.
fn edited(
    method: &'static str,
    inputs: &Inputs<'_>,
    set: &Runs,
    level: Option<f64>,
) -> Result<Outcome, SegmentError> {
    if set.is_empty() {
        return Err(SegmentError::nothing(method, "nothing of it is left", "没有剩余部分"));
    }
    Ok(Outcome::new(set.to_mask(inputs.volume.grid()), level, inputs.params.clone()))
}

/// The structure of the label that is asked for, where strokes and seeds (balls, painted in their order over the strokes)
/// compete for voxels: `spread` is given these marks and gives every voxel's label.
fn competed(
    method: &'static str,
    inputs: &Inputs<'_>,
    spread: impl FnOnce(&[u8]) -> Result<Vec<u8>, SegmentError>,
) -> Result<Outcome, SegmentError> {
    let mut map = balls(inputs, inputs.param(SEED_RADIUS.id).unwrap_or_default())?;
    if let Some(markers) = inputs.markers {
        for (mine, marker) in map.labels_mut().iter_mut().zip(markers.labels()) {
            *mine = if *mine == 0 { *marker } else { *mine };
        }
    }
    let labels = spread(map.labels())?;
    let wanted = inputs.param(LABEL.id).unwrap_or(1.0) as u8;
    for (mask, label) in map.labels_mut().iter_mut().zip(labels) {
        *mask = u8::from(label == wanted);
    }
    let outcome = Outcome::new(map, None, inputs.params.clone());
    if outcome.voxels == 0 {
        return Err(SegmentError::nothing(
            method,
            "no seed or stroke has the label that is asked for",
            "没有种子点或标记具有所要求的标签",
        ));
    }
    Ok(outcome)
}

/// The seeds as balls with their labels; a later one covers those before it.
fn balls(inputs: &Inputs<'_>, radius_mm: f64) -> Result<LabelMap, SegmentError> {
    let grid = inputs.volume.grid();
    let mut map = LabelMap::empty(grid);
    let (size, spacing) = (grid.size(), grid.spacing_mm());
    for seed in inputs.seeds {
        let at = seed.voxel(grid)?;
        let [is, js, ks] = core::array::from_fn(|axis| {
            let reach = (radius_mm / spacing[axis]).min(size[axis] as f64) as usize;
            at[axis].saturating_sub(reach)..(at[axis] + reach + 1).min(size[axis])
        });
        for k in ks {
            for j in js.clone() {
                for i in is.clone() {
                    let apart = [i, j, k].into_iter().zip(at).zip(spacing);
                    let squared = apart.map(|((n, at), mm)| ((n as f64 - at as f64) * mm).powi(2));
                    if squared.sum::<f64>() <= radius_mm * radius_mm {
                        map.set(i, j, k, seed.label);
                    }
                }
            }
        }
    }
    Ok(map)
}

/// True if the values are Hounsfield units.
fn is_ct(volume: &Volume) -> bool {
    let meta = volume.meta();
    meta.unit.eq_ignore_ascii_case("HU") || meta.modality.eq_ignore_ascii_case("CT")
}

/// The value below which a share of the set's values lies (0.5 for the median); `None` where none is a number.
fn percentile(volume: &Volume, set: &Runs, share: f64) -> Option<f64> {
    let mut values: Vec<f32> =
        set.indices().map(|n| volume.value_at(n)).filter(|value| value.is_finite()).collect();
    let rank = ((values.len() as f64 * share) as usize).min(values.len().checked_sub(1)?);
    Some(f64::from(*values.select_nth_unstable_by(rank, f32::total_cmp).1))
}

/// The parts in which one of the places in memory lies.
fn parts_with(parts: &Components, places: impl Iterator<Item = usize>) -> Vec<bool> {
    let mut wanted = vec![false; parts.count()];
    for part in places.filter_map(|place| parts.at(place)) {
        wanted[part] = true;
    }
    wanted
}

/// The components that are the largest or have at least `least_voxels`; `None` without any component.
fn keep_parts(found: &Components, least_voxels: f64) -> Option<Runs> {
    let largest = found.largest()?;
    Some(found.keep(|c| c == largest || found.voxels()[c] as f64 >= least_voxels))
}
