//! One file a phantom.

mod angiogram;
mod asymmetric_f;
mod bleed;
mod colon;
mod colon_course;
mod comminuted;
mod fracture;
mod head;
mod heart;
mod helix_vessel;
mod nodules;
mod portrait;
mod sphere;
mod stroke;
mod tilted_box;
mod torso;

pub use bleed::Bleed;
pub use portrait::Contrast;
