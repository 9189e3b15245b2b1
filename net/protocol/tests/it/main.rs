//! The protocol as its peers see it.

mod document;
mod golden;
mod mutation;
mod session;
