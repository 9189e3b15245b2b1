//! The case and its journal from the outside.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod derived;
mod golden;
mod mutation;
mod plan;
mod safety;
mod samples;
mod undo;
