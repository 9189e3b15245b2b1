//! Methods, their parameters and their outcome.

use std::collections::BTreeMap;

use meshing_space::{Lps, Point};
use meshing_volume::{Grid, LabelMap, Phrase, Progress, Volume};
use serde::{Deserialize, Serialize};

use crate::{SegmentError, methods};

/// A parameter of a method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Param {
    /// Stable name, snake case.
    pub id: &'static str,
    /// Unit as shown; "value" stands for the unit of the volume.
    pub unit: Phrase,
    /// Value if none is given; `None`: the method chooses it from the volume.
    pub default: Option<f64>,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// One sentence for the panel and the manual.
    pub doc: Phrase,
}

/// Values of parameters by id. Those not named take their defaults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Params(BTreeMap<String, f64>);

impl Params {
    /// No values: all defaults.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// The same with one more value.
    #[must_use]
    pub fn with(mut self, id: &str, value: f64) -> Self {
        self.set(id, value);
        self
    }

    /// Sets a value.
    pub fn set(&mut self, id: &str, value: f64) {
        self.0.insert(id.to_owned(), value);
    }

    /// The value of a parameter, if one is set.
    pub fn value(&self, id: &str) -> Option<f64> {
        self.0.get(id).copied()
    }

    /// All values, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(id, value)| (id.as_str(), *value))
    }
}

/// A place that somebody pointed at, and what it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seed {
    /// Where, LPS mm.
    pub at: Point<Lps>,
    /// 1: the wanted structure; other labels: its surroundings, or further structures; 0 takes away what
    /// seeds before it have marked. Methods that grow a single structure start from every seed, whatever its label.
    pub label: u8,
}

/// What a method takes besides the volume and its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Fewest seeds; `None`: it takes none. Markers count as seeds where both are taken.
    pub seeds: Option<usize>,
    /// Whether it takes markers: a label map of strokes.
    pub markers: bool,
    /// Fewest and most masks.
    pub masks: [usize; 2],
    /// What to give, for the panel and the manual; empty where nothing is taken.
    pub doc: Phrase,
}

impl Needs {
    /// The volume is enough.
    pub const NOTHING: Self = Self { seeds: None, markers: false, masks: [0, 0], doc: Phrase::symbol("") };

    /// At least so many seeds.
    pub const fn seeds(least: usize, doc: Phrase) -> Self {
        Self { seeds: Some(least), markers: false, masks: [0, 0], doc }
    }

    /// From `least` to `most` masks.
    pub const fn masks(least: usize, most: usize, doc: Phrase) -> Self {
        Self { seeds: None, markers: false, masks: [least, most], doc }
    }

    /// Seeds or strokes with labels, at least one.
    pub const fn marks(doc: Phrase) -> Self {
        Self { seeds: Some(1), markers: true, masks: [0, 0], doc }
    }
}

/// What a method looks at.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The volume.
    pub volume: &'a Volume,
    /// The parameters; [`run_with()`] has checked them and filled in defaults.
    pub params: &'a Params,
    /// Points.
    pub seeds: &'a [Seed],
    /// Strokes: labels on the volume's grid, as [`Seed::label`]; 0 is no stroke.
    pub markers: Option<&'a LabelMap>,
    /// Masks that were made before (1 inside), on the volume's grid.
    pub masks: &'a [&'a LabelMap],
    /// [`Outcome::level`] of the first of them.
    pub level: Option<f64>,
}

impl<'a> Inputs<'a> {
    /// A volume and parameters, and nothing else.
    pub const fn new(volume: &'a Volume, params: &'a Params) -> Self {
        Self { volume, params, seeds: &[], markers: None, masks: &[], level: None }
    }

    /// The same with seeds.
    #[must_use]
    pub const fn with_seeds(self, seeds: &'a [Seed]) -> Self {
        Self { seeds, ..self }
    }

    /// The value of a parameter.
    pub fn param(&self, id: &str) -> Option<f64> {
        self.params.value(id)
    }
}

/// What a method made.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The mask: 1 inside, 0 outside, on the volume's grid.
    pub mask: LabelMap,
    /// The grey level that separates inside from outside, if there is one: surfaces are then placed on it exactly.
    pub level: Option<f64>,
    /// Voxels inside.
    pub voxels: usize,
    /// Their volume in mm³ (a count of whole voxels; the surface gives a better figure).
    pub volume_mm3: f64,
    /// The parameters as used: given values, defaults, and what the method chose by itself.
    pub params: Params,
}

impl Outcome {
    /// Counts the mask.
    pub fn new(mask: LabelMap, level: Option<f64>, params: Params) -> Self {
        let voxels = mask.count(1);
        let volume_mm3 = voxels as f64 * mask.grid().voxel_mm3();
        Self { mask, level, voxels, volume_mm3, params }
    }
}

/// A segmentation method.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// Stable name, snake case.
    pub id: &'static str,
    /// Version of the algorithm: raise it when the same input and parameters give another mask, so that what was made
    /// before is known to be stale.
    pub version: u32,
    /// Name for people.
    pub title: Phrase,
    /// What it does, for the manual.
    pub doc: Phrase,
    /// Its parameters.
    pub params: &'static [Param],
    /// What it takes besides.
    pub needs: Needs,
    /// Runs it on checked inputs; call [`run()`] or [`run_with()`] instead.
    pub run: fn(&Inputs<'_>, &dyn Progress) -> Result<Outcome, SegmentError>,
}

/// All methods.
pub const METHODS: &[Method] = methods::ALL;

/// The method with an id.
pub fn method(id: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.id == id)
}

/// Runs a method on a volume alone: [`run_with()`] without seeds, markers and mask.
///
/// # Errors
/// As [`run_with()`].
pub fn run(
    method: &Method,
    volume: &Volume,
    params: &Params,
    progress: &dyn Progress,
) -> Result<Outcome, SegmentError> {
    run_with(method, &Inputs::new(volume, params), progress)
}

/// Checks the inputs, fills in the defaults and runs a method.
///
/// # Errors
/// [`SegmentError`]: a parameter that is unknown or out of range; seeds, markers or a mask that are missing, not taken
/// or not of this volume; an unsuitable volume; nothing found; or cancelled.
pub fn run_with(
    method: &Method,
    inputs: &Inputs<'_>,
    progress: &dyn Progress,
) -> Result<Outcome, SegmentError> {
    let params = inputs.params;
    for (id, value) in params.iter() {
        let Some(param) = method.params.iter().find(|param| param.id == id) else {
            return Err(SegmentError::UnknownParam { method: method.id, id: id.to_owned() });
        };
        if !(param.min..=param.max).contains(&value) {
            let (min, max) = (param.min, param.max);
            return Err(SegmentError::OutOfRange { id: param.id, value, min, max });
        }
    }
    let mut complete = params.clone();
    for param in method.params {
        if let (None, Some(default)) = (params.value(param.id), param.default) {
            complete.set(param.id, default);
        }
    }
    check_needs(method, inputs)?;
    progress.step(0, 1)?;
    let outcome = (method.run)(&Inputs { params: &complete, ..*inputs }, progress)?;
    progress.step(1, 1)?;
    Ok(outcome)
}

/// Whether what is given is what the method takes.
fn check_needs(method: &Method, inputs: &Inputs<'_>) -> Result<(), SegmentError> {
    let needs = &method.needs;
    let unused = |what| Err(SegmentError::NotTaken { method: method.id, what });
    if needs.seeds.is_none() && !inputs.seeds.is_empty() {
        return unused("seeds");
    }
    if !needs.markers && inputs.markers.is_some() {
        return unused("markers");
    }
    let [least, most] = needs.masks;
    if inputs.masks.len() > most {
        return unused(if most == 0 { "a mask" } else { "so many masks" });
    }
    let grid = inputs.volume.grid();
    if inputs.markers.is_some_and(|map| map.grid() != grid) {
        return Err(SegmentError::OtherGrid { what: "markers" });
    }
    if inputs.masks.iter().any(|map| map.grid() != grid) {
        return Err(SegmentError::OtherGrid { what: "mask" });
    }
    let few_seeds = inputs.seeds.len() < needs.seeds.unwrap_or(0) && inputs.markers.is_none();
    if few_seeds || inputs.masks.len() < least {
        return Err(SegmentError::Missing { method: method.id, needs: needs.doc });
    }
    for seed in inputs.seeds {
        seed.voxel(grid)?;
    }
    Ok(())
}

impl Seed {
    /// The voxel it lies in: i, j, k.
    ///
    /// # Errors
    /// [`SegmentError::SeedOutside`].
    pub fn voxel(&self, grid: &Grid) -> Result<[usize; 3], SegmentError> {
        let (at, size) = ((grid.ijk_from_lps() * self.at).to_array(), grid.size());
        let nearest = at.map(|x| (x + 0.5).floor());
        if (0..3).all(|axis| nearest[axis] >= 0.0 && nearest[axis] < size[axis] as f64) {
            return Ok(nearest.map(|x| x as usize));
        }
        Err(SegmentError::SeedOutside { at: self.at.to_array() })
    }
}

#[cfg(test)]
mod tests {
    use meshing_volume::{CancelFlag, Cancelled, Silent, VolumeMeta, Voxels};

    use super::*;

    #[test]
    fn every_method_describes_itself() {
        for method in METHODS {
            assert!(method.doc.en.len() > 40 && !method.title.is_empty());
            let chinese = |said: Phrase| said.zh.chars().any(|c| c >= '\u{4E00}');
            assert!(chinese(method.doc) && method.doc.zh.ends_with('。'), "{}", method.id);
            assert!(method.title.zh != method.title.en, "{}", method.id);
            assert!(method.needs.doc.is_empty() || chinese(method.needs.doc), "{}", method.id);
            assert_eq!(METHODS.iter().filter(|other| other.id == method.id).count(), 1);
            for param in method.params {
                assert!(param.min < param.max && param.doc.en.ends_with('.') && !param.unit.is_empty());
                assert!(chinese(param.doc) && param.doc.zh.ends_with('。'), "{} {}", method.id, param.id);
                assert!(param.default.is_none_or(|value| (param.min..=param.max).contains(&value)));
            }
        }
        for id in ["threshold", "bone", "skin", "lung"] {
            assert!(method(id).is_some(), "{id}");
        }
    }

    #[test]
    fn wrong_parameters_and_cancelling_stop_a_run() {
        let grid = Grid::axis_aligned([2, 1, 1], Point::origin(), [1.0; 3]).expect("grid");
        let volume = Volume::new(grid, Voxels::I16(vec![0, 9]), VolumeMeta::default()).expect("volume");
        let threshold = method("threshold").expect("listed");
        let run = |params: Params| run(threshold, &volume, &params, &Silent);
        assert!(matches!(run(Params::new().with("level", 1.0)), Err(SegmentError::UnknownParam { .. })));
        assert!(matches!(run(Params::new().with("lower", 1e9)), Err(SegmentError::OutOfRange { .. })));
        assert!(matches!(run(Params::new().with("lower", f64::NAN)), Err(SegmentError::OutOfRange { .. })));
        let flag = CancelFlag::default();
        flag.cancel();
        assert_eq!(
            super::run(threshold, &volume, &Params::new(), &flag),
            Err(SegmentError::Cancelled(Cancelled))
        );
    }

    #[test]
    fn seeds_must_be_wanted_enough_and_inside() {
        let grid = Grid::axis_aligned([4, 1, 1], Point::origin(), [1.0, 2.0, 3.0]).expect("grid");
        let volume = Volume::new(grid, Voxels::I16(vec![0, 9, 9, 0]), VolumeMeta::default()).expect("volume");
        let (params, seed) = (Params::new(), |x| Seed { at: Point::new(x, 0.0, 0.0), label: 1 });
        let (inside, outside) = ([seed(1.4)], [seed(3.6)]);
        let run = |id: &str, seeds: &[Seed]| {
            let inputs = Inputs::new(&volume, &params).with_seeds(seeds);
            run_with(method(id).expect("listed"), &inputs, &Silent)
        };
        assert!(matches!(run("threshold", &inside), Err(SegmentError::NotTaken { what: "seeds", .. })));
        assert!(matches!(run("grow", &[]), Err(SegmentError::Missing { .. })));
        assert!(matches!(run("grow", &outside), Err(SegmentError::SeedOutside { .. })));
        assert_eq!(inside[0].voxel(&grid), Ok([1, 0, 0]));
        let other = LabelMap::empty(&Grid::axis_aligned([4, 1, 1], Point::origin(), [1.0; 3]).expect("grid"));
        let inputs = Inputs { markers: Some(&other), ..Inputs::new(&volume, &params) };
        let refused = run_with(method("watershed").expect("listed"), &inputs, &Silent);
        assert!(matches!(refused, Err(SegmentError::OtherGrid { what: "markers" })));
    }

    #[test]
    fn parameters_are_written_as_a_plain_map() {
        let params = Params::new().with("lower", 200.0).with("upper", 3000.0);
        let text = serde_json::to_string(&params).expect("serialises");
        assert_eq!(text, r#"{"lower":200.0,"upper":3000.0}"#);
        assert_eq!(serde_json::from_str::<Params>(&text).expect("reads back"), params);
    }
}
