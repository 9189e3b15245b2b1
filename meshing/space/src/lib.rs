//! Points, vectors and transforms whose coordinate space is part of their type.
//!
//! A number without its space is how a wrong side happens. Here a point in patient millimetres and a point in voxel
//! indices are different types; only a [`Transform`] leads from one to the other, and names read so that neighbouring
//! spaces cancel: `tip_in_lps = lps_from_tracker * tip_in_tracker`.
//!
//! What this crate does not do: it knows no volumes, no files and no Frame of Reference UIDs. The type says the *kind*
//! of space; *which* frame of reference is a run-time identity that is compared where a registration is applied.
//!
//! ```
//! use meshing_space::{Ijk, Lps, Point, Transform, Vector};
//!
//! let patient = Point::<Lps>::new(10.0, -20.0, 30.0);
//! let moved = patient + Vector::new(0.0, 0.0, 2.5);
//! assert_eq!(moved.distance(patient), 2.5);
//! let shift = Transform::<Lps, Lps>::translation(Vector::new(1.0, 0.0, 0.0));
//! assert_eq!((shift * moved).x(), 11.0);
//! # let _ = Point::<Ijk>::origin();
//! ```
//!
//! Mixing spaces does not compile:
//!
//! ```compile_fail
//! use meshing_space::{Ijk, Lps, Point};
//! let distance = Point::<Lps>::origin().distance(Point::<Ijk>::origin());
//! ```
//!
//! ```compile_fail
//! use meshing_space::{Ijk, Lps, Point, Tracker, Transform, World};
//! fn apply(lps_from_tracker: Transform<Lps, Tracker>, p: Point<World>) -> Point<Lps> {
//!     lps_from_tracker * p
//! }
//! ```

mod bounds;
mod point;
mod transform;

pub use bounds::Aabb;
pub use point::{Point, Vector};
pub use transform::Transform;

use core::fmt::Debug;

/// A coordinate space. Implemented by marker types only; values of them are never used.
pub trait Space: Copy + Clone + Debug + Default + PartialEq + Send + Sync + 'static {
    /// Short name for messages, for example `LPS`.
    const NAME: &'static str;
    /// Unit of one step along an axis, for example `mm`.
    const UNIT: &'static str;
}

macro_rules! spaces {
    ($($(#[$doc:meta])* $name:ident = $label:literal in $unit:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name;
        impl Space for $name {
            const NAME: &'static str = $label;
            const UNIT: &'static str = $unit;
        }
    )*};
}

spaces! {
    /// Patient space of DICOM PS3.3 C.7.6.2.1.1: +x to the patient's **l**eft, +y **p**osterior, +z **s**uperior; mm.
    Lps = "LPS" in "mm";
    /// Continuous voxel index of one grid: the centre of voxel 0 is (0, 0, 0); i runs along a row, j down the
    /// columns, k through the slices.
    Ijk = "IJK" in "voxel";
    /// The space in which a tracker reports its poses; mm.
    Tracker = "tracker" in "mm";
    /// The XR stage: metres, y up, right-handed (OpenXR `XR_REFERENCE_SPACE_TYPE_STAGE`).
    World = "world" in "m";
}
