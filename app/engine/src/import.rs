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
use crate::sources::Sources;
use crate::{Fault, FaultKind, now, research};

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
    /// Those of them that can be shown as pictures.
    pub pictures: Vec<PictureFile>,
}

impl ImportedCase {
    fn of(case: CaseId, volumes: Vec<VolumeEntry>) -> Self {
        let (segments, rejected, other, pictures) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { case, volumes, segments, rejected, other, pictures }
    }
}

/// A file that could not be read.
#[derive(Clone, Debug, Serialize)]
pub struct RejectedFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
    /// The same in Chinese.
    pub reason_zh: String,
}

impl From<casebank_dicom::Rejected> for RejectedFile {
    fn from(rejected: casebank_dicom::Rejected) -> Self {
        Self { path: rejected.path, reason: rejected.reason.en, reason_zh: rejected.reason.zh }
    }
}

/// An object that is something else.
#[derive(Clone, Debug, Serialize)]
pub struct OtherFile {
    /// Where it lies.
    pub path: PathBuf,
    /// What it is.
    pub what: String,
}

/// An image that is not part of a volume.
#[derive(Clone, Debug, Serialize)]
pub struct PictureFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Modality (0008,0060).
    pub modality: String,
    /// Columns and rows.
    pub size: [usize; 2],
    /// Frames.
    pub frames: usize,
    /// What lengths on it are in: `px`, `mm (estimated)` or `mm`.
    pub unit: &'static str,
    /// Distance of neighbouring pixels along a row and down a column, in `unit`.
    pub step: [f64; 2],
    /// `L`, `R`, `B`, `U`, or empty where it is not said.
    pub laterality: String,
}

impl From<casebank_dicom::ReadPicture> for PictureFile {
    fn from(picture: casebank_dicom::ReadPicture) -> Self {
        let (unit, step) = (picture.spacing.unit(), picture.spacing.step());
        let casebank_dicom::ReadPicture { path, modality, size, frames, laterality, .. } = picture;
        Self { path, modality, size, frames, unit, step, laterality }
    }
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

/// Reads files, folders and ZIP archives into cases of the bank: DICOM one case a patient, a research file (NIfTI, NRRD,
/// MetaImage) one case a file, since it names no patient.
///
/// # Errors
/// No DICOM, no image volume among it, or a bank that cannot keep it. Nothing is acknowledged before it is durable.
pub fn import(
    bank: &Bank,
    actor: &Actor,
    paths: &[PathBuf],
    progress: &dyn Progress,
) -> Result<Imported, Fault> {
    import_as(bank, actor, paths, None, progress)
}

/// [`import`] with the modality of research files, which do not state it.
///
/// # Errors
/// As [`import`].
pub fn import_as(
    bank: &Bank,
    actor: &Actor,
    paths: &[PathBuf],
    modality: Option<&str>,
    progress: &dyn Progress,
) -> Result<Imported, Fault> {
    let (research, dicom): (Vec<PathBuf>, Vec<PathBuf>) =
        paths.iter().cloned().partition(|path| research::is_named_so(path));
    let mut imported =
        Imported { report: ImportReport { cases: Vec::new(), findings: Vec::new() }, volumes: Vec::new() };
    // Read all before anything is kept: a refused file leaves no half of the call behind.
    let read: Vec<_> =
        research.iter().map(|path| research::read(path, modality, progress)).collect::<Result<_, _>>()?;
    if !dicom.is_empty() {
        let sources = Sources::open(&dicom, progress)?;
        imported = import_dicom(bank, actor, &sources.paths, &sources.rest(progress))?;
        name_as_given(&mut imported.report, sources);
    }
    for file in read {
        let (case, volumes) = keep_research(bank, actor, file)?;
        imported.report.cases.push(case);
        imported.volumes.extend(volumes);
    }
    Ok(imported)
}

/// Files of an archive are named below it, and what was left out of it is listed.
fn name_as_given(report: &mut ImportReport, sources: Sources) {
    for case in &mut report.cases {
        let rejected = case.rejected.iter_mut().map(|file| &mut file.path);
        let other = case.other.iter_mut().map(|file| &mut file.path);
        let pictures = case.pictures.iter_mut().map(|file| &mut file.path);
        for path in rejected.chain(other).chain(pictures) {
            *path = sources.shown(path);
        }
    }
    if let Some(first) = report.cases.first_mut() {
        first.rejected.extend(sources.left_out);
    }
}

fn import_dicom(
    bank: &Bank,
    actor: &Actor,
    paths: &[PathBuf],
    progress: &dyn Progress,
) -> Result<Imported, Fault> {
    let read = casebank_dicom::read_paths(paths, progress)?;
    if read.volumes.is_empty() {
        return Err(no_volume(&read));
    }
    let Import { volumes, other, pictures, rejected, findings, .. } = read;
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
        first.rejected = rejected.into_iter().map(RejectedFile::from).collect();
        first.other = other.into_iter().map(|o| OtherFile { path: o.path, what: o.what }).collect();
        first.pictures = pictures.into_iter().map(PictureFile::from).collect();
    }
    segments_in::take(bank, actor, &objects, &kept, &mut report)?;
    Ok(Imported { report, volumes: kept })
}

/// One case for one research file: it has no patient and no study.
fn keep_research(
    bank: &Bank,
    actor: &Actor,
    file: research::ResearchFile,
) -> Result<(ImportedCase, Vec<ImportedVolume>), Fault> {
    let id = CaseId::random();
    let mut journal = Journal::new(id);
    let objects = file.files.iter().map(|path| bank.put_file(path)).collect::<Result<Vec<_>, _>>()?;
    let (mut entries, mut in_memory) = (Vec::new(), Vec::new());
    for (number, (volume, mut entry)) in file.volumes.into_iter().enumerate() {
        entry.id = research::volume_id(&objects, number);
        entry.objects.clone_from(&objects);
        if number == 0 {
            journal.apply(Command::Rename { title: Phi::new(title(&entry)) }, actor, now())?;
        }
        journal.apply(Command::ImportVolume(Box::new(entry.clone())), actor, now())?;
        in_memory.push(ImportedVolume { case: id, id: entry.id, volume, source: Provenance::default() });
        entries.push(entry);
    }
    bank.create_case(&journal, actor)?;
    Ok((ImportedCase::of(id, entries), in_memory))
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
    Ok((ImportedCase::of(id, entries), in_memory))
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
    let mut zh = parts.clone();
    if let Some(first) = read.rejected.first() {
        parts.push(format!("{} unreadable (the first because {})", read.rejected.len(), first.reason));
        zh.push(format!("{} 个无法读取（第一个的原因：{}）", read.rejected.len(), first.reason.zh));
    }
    let zh = format!(
        "这里有 DICOM，但没有图像体数据：{}。没有导入任何内容。请选择含有检查的横断面 CT 或 MR 切片的文件夹。",
        zh.join("，")
    );
    Fault::new(
        FaultKind::Refused,
        format!("There is DICOM here, but no image volume: {}.", parts.join(", ")),
        "Nothing was imported.",
        "Give the folder with the axial CT or MR slices of the study.",
    )
    .in_chinese(zh)
}
