//! Files into cases: read, keep the objects durably, journal the import.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use casebank_case::{
    Actor, CaseId, Command, Finding, Journal, Language, PatientInfo, Phi, StudyInfo, VolumeEntry, VolumeId,
    Words,
};
use casebank_dicom::{Import, ImportError, ReadVolume};
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
    #[serde(serialize_with = "Words::english")]
    pub what: Words,
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
    let mut read: Vec<_> =
        research.iter().map(|path| research::read(path, modality, progress)).collect::<Result<_, _>>()?;
    let mut sources = Sources::open(&dicom, progress)?;
    for path in std::mem::take(&mut sources.research) {
        match research::read(&path, modality, progress) {
            Ok(file) => read.push(file),
            Err(fault) if progress.cancelled() => return Err(fault),
            // One bad file of an archive does not keep the others out.
            Err(fault) => sources.left_out.push(RejectedFile {
                path: path.clone(),
                reason: fault.to_string(),
                reason_zh: fault.in_language(Language::Chinese),
            }),
        }
    }
    let mut beside = Beside::default();
    if !dicom.is_empty() {
        let alone = read.is_empty();
        (imported, beside) = import_dicom(bank, actor, &sources.paths, alone, &sources.rest(progress))?;
    }
    // What was read as a research file, or refused as one, is no file that was looked at in vain.
    let known: BTreeSet<&PathBuf> = read
        .iter()
        .flat_map(|file| &file.files)
        .chain(sources.left_out.iter().map(|file| &file.path))
        .collect();
    beside.rejected.retain(|file| !known.contains(&file.path));
    for file in read {
        let (case, volumes) = keep_research(bank, actor, file)?;
        imported.report.cases.push(case);
        imported.volumes.extend(volumes);
    }
    beside.rejected.append(&mut sources.left_out);
    if let Some(first) = imported.report.cases.first_mut() {
        beside.lie_in(first);
    }
    imported.report.cases.iter_mut().for_each(|case| name_as_given(case, &sources));
    Ok(imported)
}

/// What lay beside the slices of volumes.
#[derive(Default)]
struct Beside {
    rejected: Vec<RejectedFile>,
    other: Vec<OtherFile>,
    pictures: Vec<PictureFile>,
}

impl Beside {
    fn lie_in(self, case: &mut ImportedCase) {
        case.rejected.splice(0..0, self.rejected);
        case.other = self.other;
        case.pictures = self.pictures;
    }
}

/// Files of an archive are named below it.
fn name_as_given(case: &mut ImportedCase, sources: &Sources) {
    let rejected = case.rejected.iter_mut().map(|file| &mut file.path);
    let other = case.other.iter_mut().map(|file| &mut file.path);
    let pictures = case.pictures.iter_mut().map(|file| &mut file.path);
    let segments = case.segments.iter_mut().map(|segment| &mut segment.path);
    for path in rejected.chain(other).chain(pictures).chain(segments) {
        *path = sources.shown(path);
    }
}

/// The volumes among `paths` and what lies beside them. No volume is refused where they are `alone`, without research files.
fn import_dicom(
    bank: &Bank,
    actor: &Actor,
    paths: &[PathBuf],
    alone: bool,
    progress: &dyn Progress,
) -> Result<(Imported, Beside), Fault> {
    let read = match casebank_dicom::read_paths(paths, progress) {
        Err(ImportError::NoDicom { reasons, .. }) if !alone => {
            let mut nothing = Import::default();
            nothing.rejected = reasons;
            nothing
        }
        read => read?,
    };
    if read.volumes.is_empty() && alone {
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
    let beside = Beside {
        rejected: rejected.into_iter().map(RejectedFile::from).collect(),
        other: other.into_iter().map(|o| OtherFile { path: o.path, what: o.what }).collect(),
        pictures: pictures.into_iter().map(PictureFile::from).collect(),
    };
    segments_in::take(bank, actor, &objects, &kept, &mut report)?;
    Ok((Imported { report, volumes: kept }, beside))
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
    let mut kinds: BTreeMap<&Words, usize> = BTreeMap::new();
    for other in &read.other {
        *kinds.entry(&other.what).or_default() += 1;
    }
    let mut parts: Vec<String> = kinds.iter().map(|(what, count)| format!("{count} × {what}")).collect();
    let mut zh: Vec<String> = kinds.iter().map(|(what, count)| format!("{count} × {}", what.zh)).collect();
    if let Some(first) = read.rejected.first() {
        parts.push(format!("{} unreadable (the first because {})", read.rejected.len(), first.reason));
        zh.push(format!("{} 个无法读取（第一个的原因：{}）", read.rejected.len(), first.reason.zh));
    }
    Fault::new(
        FaultKind::Refused,
        (
            format!("There is DICOM here, but no image volume: {}.", parts.join(", ")),
            format!("这里有 DICOM，但没有图像体数据：{}。", zh.join("，")),
        ),
        ("Nothing was imported.", "没有导入任何内容。"),
        (
            "Give the folder with the axial CT or MR slices of the study.",
            "请选择含有检查的横断面 CT 或 MR 切片的文件夹。",
        ),
    )
}
