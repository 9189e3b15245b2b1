//! DICOM objects made from a case, and read back: one file a kind.

pub mod encapsulated_stl;
mod facts;
mod lattice;
pub mod seg;

pub use facts::{AlgorithmType, Code, SegmentFacts};

/// An image that an object was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceImage {
    /// SOP Class UID (0008,0016).
    pub class_uid: String,
    /// SOP Instance UID (0008,0018).
    pub instance_uid: String,
}
