//! Segments as DICOM Segmentation (PS3.3 A.51; label maps A.51 with Segmentation Type `LABELMAP`), written and read.
//!
//! Written binary unless a label map is asked for: many archives refuse the newer class. Frames lie on the slices of
//! the source series where the voxels agree in any axis order, on slices of their own otherwise. Reading gives label
//! maps of one byte a voxel, on the grid of a volume or on the segmentation's own.

mod bits;
mod frames;
mod read;
mod write;

pub(crate) use frames::items;
pub use read::{Onto, ReadSegment, SegOptions, SegReadError, Segmentation, read};
pub use write::{SegInfo, SegKind, SegWriteError, Segment, write};
