//! What is true of a phantom.

use meshing_space::{Lps, Point};
use serde::{Deserialize, Serialize};

/// Everything that is known exactly about a phantom. All lengths in mm, all places in LPS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// Name of the phantom, for example `torso`.
    pub phantom: String,
    /// Value outside all parts, in HU.
    pub background_hu: f64,
    /// The parts; part `n` has label `n + 1` in [`crate::Phantom::labels`].
    pub parts: Vec<Part>,
    /// Named points.
    pub landmarks: Vec<Landmark>,
    /// Distances between landmarks.
    pub distances: Vec<Distance>,
}

/// One kind of matter in the scene, as it is left after later parts have overridden it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Stable name, for example `skull`.
    pub name: String,
    /// Value of the undisturbed matter, in HU.
    pub hu: f64,
    /// Volume in mm³; `None` where there is no closed form.
    pub volume_mm3: Option<f64>,
    /// Area of the whole boundary in mm² (inner and outer); `None` where there is no closed form.
    pub area_mm2: Option<f64>,
    /// Centre of mass; `None` where there is no closed form.
    pub centre: Option<Point<Lps>>,
}

/// A named point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Landmark {
    /// Stable name, unique in the phantom.
    pub name: String,
    /// Where it is.
    pub point: Point<Lps>,
}

/// The distance between two landmarks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distance {
    /// Name of the first landmark.
    pub from: String,
    /// Name of the second landmark.
    pub to: String,
    /// Length of the straight line between them.
    pub mm: f64,
}

impl Truth {
    /// The part of this name.
    pub fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name)
    }

    /// The label of this part in [`crate::Phantom::labels`].
    pub fn label(&self, name: &str) -> Option<u8> {
        self.parts.iter().position(|part| part.name == name).and_then(|at| u8::try_from(at + 1).ok())
    }

    /// Where the landmark of this name is.
    pub fn landmark(&self, name: &str) -> Option<Point<Lps>> {
        self.landmarks.iter().find(|landmark| landmark.name == name).map(|landmark| landmark.point)
    }
}
