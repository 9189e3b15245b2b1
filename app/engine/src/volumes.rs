//! Volumes of a case, back from the bank.

use std::path::PathBuf;

use casebank_case::{Case, VolumeEntry, VolumeId};
use casebank_dicom::ReadVolume;
use casebank_store::Bank;
use meshing_volume::{Progress, Volume};

use crate::{Fault, FaultKind};

/// Reads a volume's objects from the bank, exactly as they were imported.
///
/// # Errors
/// Objects that are missing, damaged, or no longer make the same volume.
pub fn load(bank: &Bank, entry: &VolumeEntry, progress: &dyn Progress) -> Result<Volume, Fault> {
    Ok(load_with_source(bank, entry, progress)?.volume)
}

/// [`load`] with patient, study and slices, for results that go back to the PACS.
///
/// # Errors
/// As [`load`].
pub fn load_with_source(
    bank: &Bank,
    entry: &VolumeEntry,
    progress: &dyn Progress,
) -> Result<ReadVolume, Fault> {
    for hash in &entry.objects {
        // Reads and re-hashes: what was damaged on the disk is named, not shown.
        bank.object(hash)?;
    }
    let paths: Vec<PathBuf> = entry.objects.iter().map(|hash| bank.object_path(hash)).collect();
    let read = casebank_dicom::read_paths(&paths, progress)?;
    let same = |v: &ReadVolume| v.entry.size == entry.size && v.entry.series_uid == entry.series_uid;
    read.volumes.into_iter().find(same).ok_or_else(|| {
        Fault::new(
            FaultKind::Internal,
            "The objects in the bank no longer make the volume that was imported.",
            "It is not shown, because it could be another.",
            "Run `theatron case verify`, then import the scan again.",
        )
    })
}

/// The volume a job means: the one named, or the most useful one of the case.
///
/// # Errors
/// A volume the case does not have, or a case without volumes.
pub fn choose(case: &Case, wanted: Option<VolumeId>) -> Result<&VolumeEntry, Fault> {
    let found = match wanted {
        Some(id) => case.volume(id),
        None => best(&case.volumes),
    };
    found.ok_or_else(|| {
        let have: Vec<String> = case.volumes.iter().map(|v| format!("{} ({})", v.id, v.modality)).collect();
        let have = if have.is_empty() { "none".to_owned() } else { have.join(", ") };
        Fault::new(
            FaultKind::Usage,
            "The case has no such volume.",
            format!("It has: {have}."),
            "Name one of these.",
        )
    })
}

/// CT before MR before the rest; among equals the one with most voxels.
pub fn best(volumes: &[VolumeEntry]) -> Option<&VolumeEntry> {
    let rank = |modality: &str| match modality {
        "CT" => 2,
        "MR" => 1,
        _ => 0,
    };
    volumes.iter().max_by_key(|v| (rank(&v.modality), v.size.iter().product::<usize>()))
}
