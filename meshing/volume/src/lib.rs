//! Voxel grids in patient space: geometry, sampling, resampling, label maps; progress and cancelling; words in
//! two languages.
//!
//! A [`Volume`] is a [`Grid`] (where the voxels lie, DICOM LPS millimetres) and its values: 16-bit integers exactly as
//! the modality gave them wherever they fit, 32-bit floats otherwise. A [`LabelMap`] holds one byte per voxel on the
//! same kind of grid.
//!
//! [`formats`] turns the bytes of NIfTI, NRRD and MetaImage files into volumes and back.
//!
//! What this crate does not do: it opens no files and knows no DICOM tags; it never guesses a spacing in silence.
//!
//! ```
//! use meshing_space::{Lps, Point, Vector};
//! use meshing_volume::{Grid, Volume, VolumeMeta, Voxels};
//!
//! let axes = [Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, 1.0)];
//! let grid = Grid::new([2, 2, 2], Point::<Lps>::new(0.0, 0.0, 10.0), axes, [0.5, 0.5, 2.0])?;
//! let volume = Volume::new(grid, Voxels::I16((0..8).collect()), VolumeMeta::default())?;
//! assert_eq!(volume.sample_lps(Point::new(0.25, 0.0, 10.0)), Some(0.5));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod formats;
mod grid;
mod labels;
mod progress;
mod resample;
mod volume;
mod words;

pub use grid::{Grid, GridError};
pub use labels::LabelMap;
pub use progress::{CancelFlag, Cancelled, Part, Progress, Silent};
pub use volume::{Volume, VolumeError, VolumeMeta, Voxels};
pub use words::{Language, Text, Told, Words};
