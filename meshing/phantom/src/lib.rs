//! Analytic phantoms: scenes made of formulas, sampled onto any grid, whose true volumes, areas and places are known.
//!
//! A [`Phantom`] is a list of solids in patient space (LPS mm); a later solid overrides an earlier one. Voxels that a
//! boundary crosses are averaged over sub-samples (partial volume), as a scanner does. What is known in closed form is
//! in [`Phantom::truth`]; what is not (a liver with vessels through it) is `None` there, never an estimate.
//!
//! Patient left and right, front and back, head and feet all differ in [`Phantom::asymmetric_f`], [`Phantom::head`]
//! and [`Phantom::torso`], so that a flip or a swap of axes shows.
//!
//! What this crate does not do: no files (casebank/dicom writes a phantom as a series), no physics of a scanner beyond
//! partial volume and white noise.
//!
//! ```
//! use meshing_phantom::Phantom;
//!
//! let phantom = Phantom::sphere();
//! let volume = phantom.volume(&phantom.default_grid());
//! let truth = phantom.truth();
//! assert_eq!(volume.sample_lps(truth.parts[0].centre.expect("a ball has one")).map(f64::round), Some(1000.0));
//! ```

mod noise;
mod phantoms;
mod sampling;
mod scene;
mod shape;
mod truth;

pub use phantoms::{Bleed, Contrast};
pub use sampling::Sampling;
pub use scene::Phantom;
pub use truth::{Distance, Landmark, Part, Truth};
