//! What can go wrong when a method runs.

use meshing_volume::Cancelled;

/// Why a method gave no mask.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// A parameter that the method does not have.
    #[error("method {method} has no parameter {id}")]
    UnknownParam {
        /// The method.
        method: &'static str,
        /// The parameter asked for.
        id: String,
    },
    /// A parameter out of its range.
    #[error("parameter {id} = {value} is outside {min} to {max}")]
    OutOfRange {
        /// The parameter.
        id: &'static str,
        /// The value given.
        value: f64,
        /// The smallest allowed.
        min: f64,
        /// The largest allowed.
        max: f64,
    },
    /// Parameters that contradict each other.
    #[error("{0}")]
    Contradiction(&'static str),
    /// The method does not work on this kind of image.
    #[error("method {method} needs {needs}")]
    Modality {
        /// The method.
        method: &'static str,
        /// What it needs.
        needs: &'static str,
    },
    /// Nothing was found.
    #[error("method {method} found nothing: {why}")]
    Nothing {
        /// The method.
        method: &'static str,
        /// The likely reason.
        why: &'static str,
    },
}
