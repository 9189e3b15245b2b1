//! Volumes of a case, back from the bank.

use std::path::PathBuf;

use casebank_case::{Case, VolumeEntry, VolumeId, Words};
use casebank_dicom::ReadVolume;
use casebank_store::Bank;
use meshing_volume::{Progress, Volume};

use crate::{Fault, FaultKind, research};

/// Reads a volume's objects from the bank, exactly as they were imported.
///
/// # Errors
/// Objects that are missing, damaged, or no longer make the same volume.
pub fn load(bank: &Bank, entry: &VolumeEntry, progress: &dyn Progress) -> Result<Volume, Fault> {
    whole(bank, entry)?;
    match research::load(bank, entry, progress)? {
        Some(volume) => Ok(volume),
        None => Ok(from_dicom(bank, entry, progress)?.volume),
    }
}

/// [`load`] with patient, study and slices, for results that go back to the PACS.
///
/// # Errors
/// As [`load`]; and a volume that did not come from DICOM, to whose study nothing can go back.
pub fn load_with_source(
    bank: &Bank,
    entry: &VolumeEntry,
    progress: &dyn Progress,
) -> Result<ReadVolume, Fault> {
    whole(bank, entry)?;
    if research::load(bank, entry, progress)?.is_some() {
        return Err(Fault::new(
            FaultKind::Refused,
            (
                "This volume came from a research file, not from DICOM.",
                "此体数据来自科研格式文件，而不是 DICOM。",
            ),
            (
                "There is no patient and no study that a DICOM object made from it could belong to.",
                "由它生成的 DICOM 对象没有可以归属的患者和检查。",
            ),
            (
                "Write a research file instead, for example --out segment.nii.gz.",
                "请改写科研格式文件，例如 --out segment.nii.gz。",
            ),
        ));
    }
    from_dicom(bank, entry, progress)
}

/// Reads and re-hashes the objects: what was damaged on the disk is named, not shown.
fn whole(bank: &Bank, entry: &VolumeEntry) -> Result<(), Fault> {
    entry.objects.iter().try_for_each(|hash| bank.object(hash).map(|_bytes| ()).map_err(Fault::from))
}

fn from_dicom(bank: &Bank, entry: &VolumeEntry, progress: &dyn Progress) -> Result<ReadVolume, Fault> {
    let paths: Vec<PathBuf> = entry.objects.iter().map(|hash| bank.object_path(hash)).collect();
    let read = casebank_dicom::read_paths(&paths, progress)?;
    let place = |e: &VolumeEntry| (e.series_uid.clone(), e.size, e.spacing_mm, e.origin_lps_mm, e.direction);
    let mut same: Vec<_> = read.volumes.into_iter().filter(|v| place(&v.entry) == place(entry)).collect();
    // An object with many frames may hold several phases at one place; files of a single phase do not name it.
    if same.len() > 1 {
        same.retain(|v| v.entry.phase == entry.phase);
    }
    let only = same.pop().filter(|_| same.is_empty());
    only.ok_or_else(another)
}

/// What the bank gives is not what was imported.
pub(crate) fn another() -> Fault {
    Fault::new(
        FaultKind::Internal,
        (
            "The objects in the bank no longer make the volume that was imported.",
            "病例库中的对象不再组成当初导入的体数据。",
        ),
        ("It is not shown, because it could be another.", "它可能是另一个，因此不显示。"),
        (
            "Run `theatron case verify`, then import the scan again.",
            "请运行 `theatron case verify`，然后重新导入扫描。",
        ),
    )
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
        let have = if have.is_empty() {
            Words::new("It has: none.", "它没有体数据。")
        } else {
            Words::new(format!("It has: {}.", have.join(", ")), format!("它有：{}。", have.join("、")))
        };
        Fault::new(
            FaultKind::Usage,
            ("The case has no such volume.", "病例中没有这个体数据。"),
            have,
            ("Name one of these.", "请指定其中一个。"),
        )
    })
}

/// The volume that a person names: by its id or the beginning of it, or by a modality that only one has.
///
/// # Errors
/// No such volume, or several.
pub fn find<'a>(case: &'a Case, named: &str) -> Result<&'a VolumeEntry, Fault> {
    let fits = |v: &&VolumeEntry| {
        let id = v.id.to_string();
        id == named || named.len() >= 4 && id.starts_with(named) || v.modality.eq_ignore_ascii_case(named)
    };
    let fitting: Vec<&VolumeEntry> = case.volumes.iter().filter(fits).collect();
    if let [only] = fitting.as_slice() {
        return Ok(only);
    }
    let listed = |volumes: &mut dyn Iterator<Item = &VolumeEntry>| -> Vec<String> {
        volumes.map(|v| format!("{} ({})", v.id, v.modality)).collect()
    };
    let (what, have) = if fitting.is_empty() {
        let what =
            Words::new(format!("The case has no volume {named:?}."), format!("病例中没有体数据 {named:?}。"));
        (what, listed(&mut case.volumes.iter()))
    } else {
        let what = Words::new(
            format!("{named:?} may mean {} volumes of the case.", fitting.len()),
            format!("{named:?} 可能指病例中的 {} 个体数据。", fitting.len()),
        );
        (what, listed(&mut fitting.iter().copied()))
    };
    Err(Fault::new(
        FaultKind::Usage,
        what,
        ("Nothing was drawn.", "没有绘制任何内容。"),
        (
            format!("Give an id, or the modality of a single one: {}.", have.join(", ")),
            format!("请给出编号，或只有一个体数据的设备类型：{}。", have.join("、")),
        ),
    ))
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
