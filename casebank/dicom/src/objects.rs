//! DICOM objects made from a case, and read back: one file a kind.

pub mod encapsulated_obj;
pub mod encapsulated_stl;
mod facts;
mod lattice;
mod maps;
pub mod rtstruct;
pub mod seg;
mod segments;
mod source;
pub mod surface_segmentation;

pub use facts::{AlgorithmType, Code, SegmentFacts};
pub use segments::{SegmentsError, holds_segments, read_segments};
pub use source::{SourceSeries, SourceSlice};

/// An image that an object was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceImage {
    /// SOP Class UID (0008,0016).
    pub class_uid: String,
    /// SOP Instance UID (0008,0018).
    pub instance_uid: String,
}
