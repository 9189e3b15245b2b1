//! Phantoms against their own truth.

mod orientation;
mod volumes;
