//! Recipes: what a plan becomes, one file each.

use std::fmt;

use meshing_segment::{Param, Params};
use meshing_space::{Lps, Point, Vector};
use meshing_surface::Mesh;
use meshing_volume::{Phrase, Progress};
use serde::{Deserialize, Serialize};

use crate::error::require_solid;
use crate::{Lettering, Pose, SolidError, recipes};

/// Where on the bone a guide may touch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Region {
    /// What was painted: all that lies within `radius_mm` of a point, seen along the insertion.
    Painted {
        /// Points on the bone.
        points: Vec<Point<Lps>>,
        /// The brush, mm.
        radius_mm: f64,
    },
    /// What a closed curve on the bone encloses, seen along the insertion.
    Curve {
        /// Its points in order.
        points: Vec<Point<Lps>>,
    },
    /// What lies in a box.
    Prism {
        /// Its middle and directions.
        pose: Pose,
        /// Its edges along them, mm.
        edges_mm: [f64; 3],
    },
}

/// A bore that was planned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drill {
    /// Where it enters the bone.
    pub entry: Point<Lps>,
    /// Where it ends.
    pub target: Point<Lps>,
    /// Diameter of the drill or wire, mm.
    pub diameter_mm: f64,
}

impl Drill {
    /// At the entry, with the axis out of the bone.
    ///
    /// # Errors
    /// Entry and target in one place.
    pub fn pose(&self) -> Result<Pose, SolidError> {
        Pose::along(self.entry, self.entry - self.target)
    }
}

/// A saw cut that was planned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cut {
    /// On the bone in the middle of the cut: first direction along the slot, third out of the bone; the second is the normal
    /// of the plane.
    pub pose: Pose,
    /// Length of the slot, mm.
    pub length_mm: f64,
}

/// What a person planned, LPS mm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Where the guide may touch.
    pub region: Region,
    /// The direction in which it is pushed onto the bone.
    pub insertion: Vector<Lps>,
    /// Bores.
    pub drills: Vec<Drill>,
    /// Saw cuts.
    pub cuts: Vec<Cut>,
    /// The plane of symmetry, across the pose's axis, for what is mirrored.
    #[serde(default)]
    pub plane: Option<Pose>,
    /// What is engraved; nothing if empty.
    pub label: String,
}

/// Where a label was engraved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// In the middle of the text, which reads along the first direction; the third points out of the part.
    pub pose: Pose,
    /// Half the width and half the height of the text, mm.
    pub half_mm: [f64; 2],
}

impl Label {
    /// A label given in the own coordinates of a frame, where it stands in the patient.
    pub(crate) fn seen_outside(&self, frame: &Pose) -> Result<Self, SolidError> {
        let [side, _, axis] = self.pose.axes().map(|axis| frame.lps(axis.to_array()) - frame.origin());
        let pose = Pose::with_side(frame.lps(self.pose.origin().to_array()), axis, side)?;
        Ok(Self { pose, ..*self })
    }
}

/// What a recipe made.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// The part, LPS mm.
    pub mesh: Mesh,
    /// The parameters as used.
    pub params: Params,
    /// Where the label stands, if it was engraved.
    pub label: Option<Label>,
    /// Crumbs that were left out, mm³ in all.
    pub crumbs_mm3: f64,
}

/// Makes a part of a bone, a plan and parameters, with labels in some letters.
pub type Run = fn(&Mesh, &Plan, &Params, Lettering<'_>, &dyn Progress) -> Result<Made, SolidError>;

/// A recipe.
#[derive(Clone, Copy)]
pub struct Recipe {
    /// Stable name, snake case.
    pub id: &'static str,
    /// Raise it when the same plan and parameters give another part.
    pub version: u32,
    /// Name for people.
    pub title: Phrase,
    /// What it makes, for the manual.
    pub doc: Phrase,
    /// Its parameters.
    pub params: &'static [Param],
    /// Pieces that were planned, from the parameters that [`Made`] holds: what the checks must count.
    pub parts: fn(&Params) -> usize,
    /// Runs it on a checked bone and checked parameters; call [`make`] instead.
    pub run: Run,
}

impl fmt::Debug for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipe").field("id", &self.id).field("version", &self.version).finish_non_exhaustive()
    }
}

/// All recipes.
pub const RECIPES: &[Recipe] = recipes::ALL;

/// The recipe with an id.
pub fn recipe(id: &str) -> Option<&'static Recipe> {
    RECIPES.iter().find(|recipe| recipe.id == id)
}

/// Checks the parameters, fills in the defaults and makes the part that a plan asks for, on a bone (closed, LPS mm).
///
/// # Errors
/// [`SolidError`]: a parameter that is unknown or out of range, a bone that is no solid, a plan that cannot be made (the
/// words say why), or cancelled.
pub fn make(
    recipe: &Recipe,
    bone: &Mesh,
    plan: &Plan,
    params: &Params,
    progress: &dyn Progress,
) -> Result<Made, SolidError> {
    make_lettered(recipe, bone, plan, params, Lettering::default(), progress)
}

/// As [`make`], with labels in the letters of a font.
///
/// # Errors
/// As [`make`]; a character that the font has not, or strokes too thin to print.
pub fn make_lettered(
    recipe: &Recipe,
    bone: &Mesh,
    plan: &Plan,
    params: &Params,
    lettering: Lettering<'_>,
    progress: &dyn Progress,
) -> Result<Made, SolidError> {
    for (id, value) in params.iter() {
        let Some(param) = recipe.params.iter().find(|param| param.id == id) else {
            return Err(SolidError::refused(
                format!("{} has no parameter {id}", recipe.id),
                format!("{} 没有参数 {id}", recipe.id),
            ));
        };
        if !(param.min..=param.max).contains(&value) {
            let (min, max) = (param.min, param.max);
            return Err(SolidError::refused(
                format!("{id} must lie between {min} and {max}, not at {value}"),
                format!("{id} 必须在 {min} 与 {max} 之间，不能是 {value}"),
            ));
        }
    }
    let mut complete = params.clone();
    for param in recipe.params {
        if let (None, Some(default)) = (params.value(param.id), param.default) {
            complete.set(param.id, default);
        }
    }
    progress.step(0, 1)?;
    // Checked here once, so that no recipe meets triangles that point at nothing.
    require_solid(bone, "the mesh")?;
    let made = (recipe.run)(bone, plan, &complete, lettering, progress)?;
    progress.step(1, 1)?;
    Ok(made)
}

/// The value of a parameter that [`make`] filled in.
pub(crate) fn value(params: &Params, id: &str) -> f64 {
    params.value(id).unwrap_or(f64::NAN)
}
