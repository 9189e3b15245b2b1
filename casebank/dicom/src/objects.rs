//! DICOM objects made from a case, and read back: one file a kind.
//!
//! The UIDs of instance and series come from the seed of [`crate::SeriesInfo`]: another object, or the same with other
//! content, needs another seed, or an archive takes it for the one it has.

pub mod capture;
mod code;
pub mod encapsulated_stl;
pub mod fiducials;
pub mod gsps;
pub mod kos;
mod made;
pub mod registration;
pub mod sr;
pub mod tid1500;

pub use code::Code;
pub use made::{Evidence, Made, ObjectError, Side};

/// An image that an object was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceImage {
    /// SOP Class UID (0008,0016).
    pub class_uid: String,
    /// SOP Instance UID (0008,0018).
    pub instance_uid: String,
}
