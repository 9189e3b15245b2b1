//! Methods, their parameters and their outcome.

use std::collections::BTreeMap;

use meshing_volume::{LabelMap, Progress, Volume};
use serde::{Deserialize, Serialize};

use crate::{SegmentError, methods};

/// A parameter of a method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Param {
    /// Stable name, snake case.
    pub id: &'static str,
    /// Unit as shown; "value" stands for the unit of the volume.
    pub unit: &'static str,
    /// Value if none is given; `None`: the method chooses it from the volume.
    pub default: Option<f64>,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// One sentence for the panel and the manual.
    pub doc: &'static str,
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
    pub title: &'static str,
    /// What it does, for the manual.
    pub doc: &'static str,
    /// Its parameters.
    pub params: &'static [Param],
    /// Runs it on checked parameters; call [`run()`] instead.
    pub run: fn(&Volume, &Params, &dyn Progress) -> Result<Outcome, SegmentError>,
}

/// All methods.
pub const METHODS: &[Method] = methods::ALL;

/// The method with an id.
pub fn method(id: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.id == id)
}

/// Checks the parameters, fills in the defaults and runs a method.
///
/// # Errors
/// [`SegmentError`]: a parameter that is unknown or out of range, an unsuitable volume, nothing found, or cancelled.
pub fn run(
    method: &Method,
    volume: &Volume,
    params: &Params,
    progress: &dyn Progress,
) -> Result<Outcome, SegmentError> {
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
    progress.step(0, 1)?;
    let outcome = (method.run)(volume, &complete, progress)?;
    progress.step(1, 1)?;
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::{CancelFlag, Cancelled, Grid, Silent, VolumeMeta, Voxels};

    use super::*;

    #[test]
    fn every_method_describes_itself() {
        for method in METHODS {
            assert!(method.doc.len() > 40 && !method.title.is_empty());
            assert_eq!(METHODS.iter().filter(|other| other.id == method.id).count(), 1);
            for param in method.params {
                assert!(param.min < param.max && param.doc.ends_with('.') && !param.unit.is_empty());
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
    fn parameters_are_written_as_a_plain_map() {
        let params = Params::new().with("lower", 200.0).with("upper", 3000.0);
        let text = serde_json::to_string(&params).expect("serialises");
        assert_eq!(text, r#"{"lower":200.0,"upper":3000.0}"#);
        assert_eq!(serde_json::from_str::<Params>(&text).expect("reads back"), params);
    }
}
