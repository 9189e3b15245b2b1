//! What the programs share: import, export, convert, segment, mesh, pictures, print files, the remote volume, the PACS.
//!
//! Every job takes a [`meshing_volume::Progress`], so it can be watched and cancelled, changes a case only by commands, and
//! fails with a [`Fault`] that says what happened, what it means and what to do next. No Bevy, no panels, no printing.

pub mod check;
mod clock;
pub mod codecs;
pub mod colour_map;
pub mod convert;
pub mod deid;
pub mod export;
mod fault;
mod faults;
pub mod guide;
pub mod import;
pub mod mask;
pub mod measure;
pub mod mesh;
pub mod mesh_files;
pub mod models;
pub mod native;
pub mod pacs;
pub mod parts;
pub mod pictures;
pub mod plan;
pub mod printing;
pub mod recompute;
pub mod remote;
pub mod research;
pub mod segment;
pub mod segment_export;
pub mod segments_in;
pub mod sheet;
mod sources;
pub mod statistics;
pub mod teaching;
pub mod volumes;

pub use clock::{Stopwatch, now};
pub use fault::{Fault, FaultKind};
