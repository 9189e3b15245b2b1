//! One file a phantom.

mod asymmetric_f;
mod head;
mod helix_vessel;
mod sphere;
mod tilted_box;
mod torso;
