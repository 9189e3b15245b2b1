//! DICOM objects to volumes and back.
//!
//! [`read_paths`] takes files and folders as hospitals hand them out and gives volumes with findings, the objects that
//! are something else, and the files that could not be read, each with its reason. Nothing half-fails silently: what is
//! odd about a volume is a [`casebank_case::Finding`] that names the slices; a severe one refuses measuring and printing
//! until a person accepts it.
//!
//! ```no_run
//! let import = casebank_dicom::read_paths(&["scans".into()], &meshing_volume::Silent)?;
//! for read in &import.volumes {
//!     println!("{} {:?} {:?}", read.entry.modality, read.entry.size, read.entry.findings);
//! }
//! # Ok::<(), casebank_dicom::ImportError>(())
//! ```
//!
//! Every foreign byte passes [`prescan()`] first; the parser only sees small flat elements, and pixels are decoded straight
//! into the volume. What this crate does not do: no network, no database, no guess about a spacing without a finding.

#![warn(clippy::cast_possible_truncation)]

mod chinese;
mod classify;
pub mod codecs;
mod dataset;
pub mod deid;
mod directory;
mod dump;
mod files;
mod geometry;
mod header;
mod layout;
mod multiframe;
mod native;
pub mod objects;
mod picture;
mod pixels;
mod prescan;
mod read;
mod stored;
mod suv;
pub mod text;
mod uid;
mod validate;
mod write;

pub use dump::{Dump, DumpLimits, DumpLine, Part, dump};
pub use files::{Found, mixed, read_bounded, walk, write_new};
pub use native::{Native, NativeError, native, transfer_syntax_name};
pub use picture::{PictureError, PictureFrame, PictureSpacing, ReadPicture};
pub use prescan::{Encoding, Limits, PixelBytes, Prescan, PrescanError, prescan, prescan_with};
pub use read::{
    Import, ImportError, Other, ReadOptions, ReadVolume, Rejected, SliceSource, read_paths, read_paths_with,
};
pub use uid::uid_from_seed;
pub use validate::{Validation, validate};
pub use write::{SeriesInfo, WriteError, write_derived_series, write_series};
