//! DICOM objects made from a case, and read back: one file a kind.
//!
//! The UIDs of instance and series come from the seed of [`crate::SeriesInfo`]: another object, or the same with other
//! content, needs another seed, or an archive takes it for the one it has.

pub mod capture;
mod chinese;
mod code;
pub mod encapsulated_obj;
pub mod encapsulated_stl;
mod facts;
pub mod fiducials;
pub mod gsps;
pub mod kos;
mod lattice;
mod made;
mod maps;
pub mod registration;
pub mod rtstruct;
pub mod seg;
mod segments;
mod source;
pub mod sr;
pub mod surface_segmentation;
pub mod tid1500;

pub use code::Code;
pub use facts::{AlgorithmType, SegmentFacts};
pub use made::{Evidence, Made, ObjectError, Side};
pub use segments::{SegmentsError, holds_segments, read_segments};
pub(crate) use source::reference;
pub use source::{SourceSeries, SourceSlice};

/// An image that an object was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceImage {
    /// SOP Class UID (0008,0016).
    pub class_uid: String,
    /// SOP Instance UID (0008,0018).
    pub instance_uid: String,
}
