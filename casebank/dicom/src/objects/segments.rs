//! Segments of whatever object holds them.

use std::path::Path;

use dicom_dictionary_std::uids;

use super::rtstruct::{self, RtReadError};
use super::seg::{self, Onto, SegOptions, SegReadError, Segmentation};
use crate::Other;
use crate::classify::known;
use crate::files::read_bounded;
use crate::prescan::Limits;

/// Why a file's segments cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentsError {
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// Larger than [`Limits::object_bytes`].
    #[error("the file is larger than 4 GiB")]
    TooLarge,
    /// There is no volume at all.
    #[error("there is no volume it could lie on")]
    NoVolume,
    /// A segmentation that cannot be used.
    #[error(transparent)]
    Segmentation(#[from] SegReadError),
    /// A structure set that cannot be used.
    #[error(transparent)]
    StructureSet(#[from] RtReadError),
}

impl SegmentsError {
    /// Whether the segments lie in another frame of reference than the volume, so that another volume may be meant.
    #[must_use]
    pub const fn is_elsewhere(&self) -> bool {
        matches!(
            self,
            Self::Segmentation(SegReadError::FrameOfReference)
                | Self::StructureSet(RtReadError::FrameOfReference)
        )
    }
}

/// Whether [`read_segments`] takes such an object.
#[must_use]
pub fn holds_segments(other: &Other) -> bool {
    let classes =
        [uids::SEGMENTATION_STORAGE, uids::LABEL_MAP_SEGMENTATION_STORAGE, uids::RT_STRUCTURE_SET_STORAGE];
    classes.iter().any(|class| known(class).is_some_and(|(what, _)| what == other.what.en))
}

/// Reads the segments of a segmentation or structure set onto a volume; at most `limit` bytes of label maps.
///
/// # Errors
/// [`SegmentsError`]
pub fn read_segments(path: &Path, onto: &Onto<'_>, limit: usize) -> Result<Segmentation, SegmentsError> {
    let bytes = read_bounded(path, Limits::default().object_bytes)?.ok_or(SegmentsError::TooLarge)?;
    match seg::read(&bytes, &SegOptions { onto: Some(*onto), bytes: limit, ..SegOptions::default() }) {
        Err(SegReadError::Class) => Ok(rtstruct::read(&bytes, onto, limit)?),
        other => Ok(other?),
    }
}
