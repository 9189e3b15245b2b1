//! Why a research file was not read or written.

use crate::{Cancelled, GridError, VolumeError};

/// Why a file was not read or written: what happened, what it means, what to do next. Never holds text of the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The bytes are no such file.
    #[error("The file is not {format}: {reason}. Nothing was read. Check its ending, or export it again.")]
    NotThis {
        /// Name of the format.
        format: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// The header contradicts itself or declares nonsense.
    #[error(
        "The header field {field} {reason}. Where the voxels lie or how many there are cannot be trusted, so nothing was \
         read. Export the file again from the program that made it."
    )]
    Header {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A legal file of a kind that is not read here.
    #[error("The file holds {what}. Only grey values and labels on one regular grid are read. {next_step}")]
    Unsupported {
        /// What it holds.
        what: &'static str,
        /// What to do.
        next_step: &'static str,
    },
    /// Fewer values than the header declares.
    #[error(
        "The header declares {declared} bytes of values, but at most {there} are there. The scan would be incomplete, so \
         nothing was read. Copy the file again."
    )]
    Truncated {
        /// Declared, bytes.
        declared: u64,
        /// There, bytes.
        there: u64,
    },
    /// More than may be held.
    #[error(
        "The file declares {size:?} voxels along i, j, k and frames, which is more than the limit of {limit} bytes in \
         memory. Nothing was read. Crop it, or split its frames into files."
    )]
    TooLarge {
        /// Along i, j, k, and frames.
        size: [usize; 4],
        /// Limit, bytes.
        limit: u64,
    },
    /// This machine has not enough memory.
    #[error(
        "There is not enough memory for {0} bytes. Nothing was read. Close other programs, or crop the file."
    )]
    Memory(u64),
    /// The packing is damaged.
    #[error("The values are damaged: {0}. Nothing was read. Copy the file again.")]
    Damaged(String),
    /// A value that is no label.
    #[error(
        "The value {value} is not a label from 0 to 255. The labels would be wrong, so nothing was read. Renumber the \
         structures, or read the file as grey values."
    )]
    Label {
        /// The value.
        value: f64,
    },
    /// The data lie in another file that was not given.
    #[error(
        "The header keeps its values in another file, which was not given. Nothing was read. Keep both together."
    )]
    Detached,
    /// The geometry makes no grid.
    #[error("The geometry in the header is impossible: {0}. Nothing was read. Export the file again.")]
    Grid(#[from] GridError),
    /// Numbers of values and voxels differ; our bug.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// The system failed to read or write.
    #[error(
        "The bytes could not be read or written: {0}. The file is not complete. Check the disk and its space."
    )]
    Io(#[from] std::io::Error),
    /// Somebody asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl FormatError {
    /// A header field that is wrong.
    pub(super) fn header(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Header { field, reason: reason.into() }
    }
}
