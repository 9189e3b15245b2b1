//! The teaching case: a generated torso, written as a DICOM series like any other.

use std::path::{Path, PathBuf};

use casebank_dicom::{SeriesInfo, write_series};

use crate::Fault;

/// Writes the teaching case's CT slices into `folder`.
///
/// # Errors
/// A folder that cannot be written.
pub fn write(folder: &Path) -> Result<Vec<PathBuf>, Fault> {
    let phantom = meshing_phantom::Phantom::torso();
    let volume = phantom.volume(&phantom.default_grid());
    std::fs::create_dir_all(folder).map_err(|error| crate::faults::unwritable(folder, &error))?;
    let info = SeriesInfo {
        seed: "theatron teaching torso".into(),
        description: "Teaching torso (generated)".into(),
        manufacturer: "Theatron".into(),
        body_part: "CHEST".into(),
        number: 1,
        ..SeriesInfo::default()
    };
    Ok(write_series(&volume, &info, folder)?)
}
