//! The edge renderer: serves the volumes of a bank as bricks, coarse to fine, and frames drawn here, to clients that show
//! a certificate of the site.
//!
//! It is where `net`, `render` and `casebank` meet. Each client has a session of its own with its own credit and its own
//! drawing thread, so one slow client never slows another.

mod bank_source;
mod frames;
mod server;
mod session;
mod source;

pub use bank_source::BankSource;
pub use server::{Edge, EdgeSettings};
pub use source::{EncodedVolume, VolumeSource};
