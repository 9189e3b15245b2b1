//! Filters over the values of a volume, one file each: slices in, slices out, i fastest.

mod closing;
mod gaussian;
mod median;

pub(crate) use closing::{closing, lowest};
pub use gaussian::gaussian;
pub use median::median;
