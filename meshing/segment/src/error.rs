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
    /// Seeds, strokes or a mask are missing.
    #[error("method {method} needs more than the volume: {needs}")]
    Missing {
        /// The method.
        method: &'static str,
        /// What to give.
        needs: &'static str,
    },
    /// Seeds, strokes or a mask were given to a method that would not look at them.
    #[error("method {method} takes no {what}")]
    NotTaken {
        /// The method.
        method: &'static str,
        /// What was given.
        what: &'static str,
    },
    /// A seed lies outside the volume.
    #[error("the seed at {at:?} mm lies outside the volume")]
    SeedOutside {
        /// Where, LPS mm.
        at: [f64; 3],
    },
    /// Labels that belong to another volume.
    #[error("the {what} are not on the grid of the volume")]
    OtherGrid {
        /// Which of them.
        what: &'static str,
    },
    /// More voxels than can be numbered in 32 bits.
    #[error("a volume of {voxels} voxels is too large for this method: crop or coarsen it")]
    TooLarge {
        /// Voxels.
        voxels: usize,
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
