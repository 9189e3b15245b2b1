//! The case and its journal from the outside.

mod golden;
mod mutation;
mod safety;
mod samples;
mod undo;
