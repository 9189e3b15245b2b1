//! Files into cases: read, keep the objects durably, journal the import.

use std::collections::BTreeMap;
use std::path::PathBuf;

use casebank_case::{
    Actor, CaseId, Command, Finding, Journal, PatientInfo, Phi, StudyInfo, VolumeEntry, VolumeId,
};
use casebank_dicom::{Import, ReadVolume};
use casebank_store::Bank;
use meshing_volume::{Progress, Volume};
use serde::Serialize;

use crate::segments_in::{self, ImportedSegment};
use crate::{Fault, FaultKind, now};

/// What an import came to; its JSON is the `import` answer of the command line contract.
#[derive(Clone, Debug, Serialize)]
pub struct ImportReport {
    /// One case a patient.
    pub cases: Vec<ImportedCase>,
    /// What is odd about the folder as a whole.
    pub findings: Vec<Finding>,
}

/// One case that was made.
#[derive(Clone, Debug, Serialize)]
pub struct ImportedCase {
    /// Its id in the bank.
    pub case: CaseId,
    /// Its volumes.
    pub volumes: Vec<VolumeEntry>,
    /// Segments that came with the images.
    pub segments: Vec<ImportedSegment>,
    /// Files that could not be read.
    pub rejected: Vec<RejectedFile>,
    /// Objects that are something else than images of a volume.
    pub other: Vec<OtherFile>,
}

/// A file that could not be read.
#[derive(Clone, Debug, Serialize)]
pub struct RejectedFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// An object that is something else.
#[derive(Clone, Debug, Serialize)]
pub struct OtherFile {
    /// Where it lies.
    pub path: PathBuf,
    /// What it is.
    pub what: String,
}

/// A volume that was read, still in memory.
#[derive(Debug)]
pub struct ImportedVolume {
    /// Its case.
    pub case: CaseId,
    /// Its id in the case.
    pub id: VolumeId,
    /// The values.
    pub volume: Volume,
    /// Where they came from, for results that go back to the PACS.
    pub source: Provenance,
}

/// Whose images a volume was made from, and which.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    /// Whose.
    pub patient: Phi<PatientInfo>,
    /// Of which study.
    pub study: StudyInfo,
    /// SOP Class UID of the images.
    pub sop_class_uid: String,
    /// SOP Instance UIDs of the images, in slice order.
    pub sop_instance_uids: Vec<String>,
}

/// The report, and the volumes so that they need not be read again.
#[derive(Debug)]
pub struct Imported {
    /// For people and scripts.
    pub report: ImportReport,
    /// Every volume of the report.
    pub volumes: Vec<ImportedVolume>,
}

/// Reads files and folders into cases of the bank, one case a patient.
///
/// # Errors
/// No DICOM, no image volume among it, or a bank that cannot keep it. Nothing is acknowledged before it is durable.
pub fn import(
    bank: &Bank,
    actor: &Actor,
    paths: &[PathBuf],
    progress: &dyn Progress,
) -> Result<Imported, Fault> {
    let read = casebank_dicom::read_paths(paths, progress)?;
    if read.volumes.is_empty() {
        return Err(no_volume(&read));
    }
    let Import { volumes, other, rejected, findings, .. } = read;
    let objects = other.clone();
    let mut by_patient: BTreeMap<String, Vec<ReadVolume>> = BTreeMap::new();
    for volume in volumes {
        by_patient.entry(patient_key(&volume)).or_default().push(volume);
    }
    let mut report = ImportReport { cases: Vec::new(), findings };
    let mut kept = Vec::new();
    for (_, volumes) in by_patient {
        let (case, in_memory) = keep(bank, actor, volumes)?;
        kept.extend(in_memory);
        report.cases.push(case);
    }
    if let Some(first) = report.cases.first_mut() {
        first.rejected =
            rejected.into_iter().map(|r| RejectedFile { path: r.path, reason: r.reason }).collect();
        first.other = other.into_iter().map(|o| OtherFile { path: o.path, what: o.what }).collect();
    }
    segments_in::take(bank, actor, &objects, &kept, &mut report)?;
    Ok(Imported { report, volumes: kept })
}

/// Volumes of one patient belong to one case; without an id or a name, those of one study.
fn patient_key(volume: &ReadVolume) -> String {
    let patient = volume.patient.expose();
    let person = format!("{}\u{1}{}", patient.id, patient.name);
    if person == "\u{1}" { volume.study.uid.clone() } else { person }
}

fn keep(
    bank: &Bank,
    actor: &Actor,
    volumes: Vec<ReadVolume>,
) -> Result<(ImportedCase, Vec<ImportedVolume>), Fault> {
    let id = CaseId::random();
    let mut journal = Journal::new(id);
    let mut entries = Vec::new();
    let mut in_memory = Vec::new();
    for (number, read) in volumes.into_iter().enumerate() {
        let mut entry = read.entry;
        let source = Provenance {
            patient: read.patient.clone(),
            study: read.study.clone(),
            sop_class_uid: read.sop_class_uid,
            sop_instance_uids: read.slices.into_iter().map(|slice| slice.sop_instance_uid).collect(),
        };
        entry.objects = read.files.iter().map(|file| bank.put_file(file)).collect::<Result<_, _>>()?;
        if number == 0 {
            let title = title(&entry);
            journal.apply(Command::Rename { title: Phi::new(title) }, actor, now())?;
            journal.apply(Command::SetPatient { patient: read.patient }, actor, now())?;
        }
        if !read.study.uid.is_empty() && !journal.case().studies.contains_key(&read.study.uid) {
            journal.apply(Command::PutStudy { study: read.study }, actor, now())?;
        }
        journal.apply(Command::ImportVolume(Box::new(entry.clone())), actor, now())?;
        in_memory.push(ImportedVolume { case: id, id: entry.id, volume: read.volume, source });
        entries.push(entry);
    }
    bank.create_case(&journal, actor)?;
    Ok((
        ImportedCase {
            case: id,
            volumes: entries,
            segments: Vec::new(),
            rejected: Vec::new(),
            other: Vec::new(),
        },
        in_memory,
    ))
}

/// What a case is called until somebody names it.
fn title(entry: &VolumeEntry) -> String {
    let description = entry.description.expose().trim();
    if description.is_empty() {
        format!("{} case", entry.modality)
    } else {
        format!("{} {description}", entry.modality)
    }
}

fn no_volume(read: &Import) -> Fault {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for other in &read.other {
        *kinds.entry(other.what.as_str()).or_default() += 1;
    }
    let mut parts: Vec<String> = kinds.iter().map(|(what, count)| format!("{count} × {what}")).collect();
    if let Some(first) = read.rejected.first() {
        parts.push(format!("{} unreadable (the first because {})", read.rejected.len(), first.reason));
    }
    Fault::new(
        FaultKind::Refused,
        format!("There is DICOM here, but no image volume: {}.", parts.join(", ")),
        "Nothing was imported.",
        "Give the folder with the axial CT or MR slices of the study.",
    )
}
