//! Filters over the values of a volume, one file each: slices in, slices out, i fastest.

mod gaussian;
mod median;

pub use gaussian::gaussian;
pub use median::median;
