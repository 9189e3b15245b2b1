//! Segments as contours of a radiotherapy structure set (PS3.3 A.19), read and written.
//!
//! A contour is a polygon in a slice; a voxel is inside where its centre is, by the even-odd rule.

mod fill;
mod read;
mod slices;
mod trace;
mod write;

pub use read::{RtReadError, read};
pub use write::{RtInfo, RtWriteError, write};
