//! One file a phantom.

mod asymmetric_f;
mod head;
mod helix_vessel;
mod portrait;
mod sphere;
mod tilted_box;
mod torso;

pub use portrait::Contrast;
