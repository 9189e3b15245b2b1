//! Cases of made-up people.

use std::fs;
use std::path::{Path, PathBuf};

use casebank_case::{
    Actor, CaseId, Command, Finding, FindingCode, Journal, ObjectHash, PatientInfo, Phi, Severity,
    VolumeEntry, VolumeId,
};
use casebank_store::Bank;
use time::OffsetDateTime;
use time::macros::datetime;

pub(crate) const AT: OffsetDateTime = datetime!(2026-11-22 10:00 UTC);

pub(crate) fn actor() -> Actor {
    Actor::new("dr.huber").unwrap()
}

pub(crate) fn rename(title: impl Into<String>) -> Command {
    Command::Rename { title: Phi::new(title.into()) }
}

pub(crate) fn volume(objects: Vec<ObjectHash>) -> VolumeEntry {
    VolumeEntry {
        id: VolumeId::random(),
        modality: "CT".to_owned(),
        size: [512, 512, objects.len().max(1)],
        spacing_mm: [0.7, 0.7, 1.25],
        origin_lps_mm: [-180.0, -180.0, 100.24610909910198],
        direction: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        range: [-1024.0, 3071.0],
        unit: "HU".to_owned(),
        suv: None,
        findings: vec![Finding::new(
            FindingCode::MissingSlice,
            Severity::Severe,
            "Between slices 12 and 13.",
        )],
        series_uid: "1.2.3.4".to_owned(),
        study_uid: "1.2.3".to_owned(),
        frame_of_reference: "1.2.3.9".to_owned(),
        description: Phi::from("Thorax nativ"),
        phase: String::new(),
        objects,
    }
}

/// A case with a title, a patient and a volume whose one object is in the bank.
pub(crate) fn journal(bank: &Bank, title: &str, patient: &str) -> Journal {
    let slice = bank.put_object(title.as_bytes()).unwrap();
    let mut journal = Journal::new(CaseId::random());
    let info =
        PatientInfo { name: patient.to_owned(), id: format!("ID-{}", title.len()), ..PatientInfo::default() };
    for command in [
        rename(title),
        Command::SetPatient { patient: Phi::new(info) },
        Command::ImportVolume(Box::new(volume(vec![slice]))),
    ] {
        journal.apply(command, &actor(), AT).unwrap();
    }
    journal
}

pub(crate) fn journal_file(bank: &Path, id: &CaseId) -> PathBuf {
    bank.join("cases").join(id.to_string()).join("journal.jsonl")
}

/// Everything below a folder.
pub(crate) fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path.clone());
            }
            found.push(path);
        }
    }
    found
}
