//! Filters over the values of a volume, one file each: slices in, slices out, i fastest.

mod gaussian;

pub use gaussian::gaussian;
