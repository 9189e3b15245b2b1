//! Editing of masks by hand, as pure functions: between slices, along a level, by cuts, and smoothing.

mod cut;
mod interpolate;
mod smooth;
mod trace;

pub use cut::{Keep, cut_box, cut_plane, cut_prism};
pub use interpolate::interpolate_slices;
pub use smooth::smooth_keeping_volume;
pub use trace::level_trace;

/// Why an edit was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The label is nowhere in the map.
    #[error("no voxel has label {0}")]
    Absent(u8),
    /// A number that must be finite and, for a length, positive.
    #[error("{0} is not a usable number")]
    Number(&'static str),
    /// A polygon of fewer than three points, or one that has no area seen along its direction.
    #[error("the outline has no area: it needs three points that are not in one line")]
    Outline,
    /// A point or slice that is not in the volume.
    #[error("the {0} lies outside the volume")]
    Outside(&'static str),
    /// A slice axis other than 0, 1, 2.
    #[error("axis {0} is not 0, 1 or 2")]
    Axis(usize),
    /// No contour passes where it was asked for.
    #[error("no contour passes there: the values around the point are equal")]
    Flat,
}
