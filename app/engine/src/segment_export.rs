//! Segments out of a case as DICOM: a segmentation or a structure set that refers to the images it was drawn on.

use std::path::Path;

use casebank_case::{Actor, Case, CaseId, SegmentEntry, Stale, Told as _, Words};
use casebank_dicom::objects::rtstruct::{self, RtInfo};
use casebank_dicom::objects::seg::{self, SegInfo, Segment};
use casebank_dicom::objects::{AlgorithmType, SegmentFacts, SourceSeries};
use casebank_dicom::{ReadVolume, SeriesInfo};
use casebank_store::{AuditAction, Bank, Outcome};
use meshing_volume::{LabelMap, Progress};
use serde::Serialize;

use crate::{Fault, FaultKind, mesh, now, segment, segments_in, volumes};

/// Series numbers of segmentations and structure sets, far from those of scanners.
const SEG_SERIES: u32 = 9802;
const RT_SERIES: u32 = 9803;

/// Display colours, given out in order.
pub(crate) const COLOURS: [[u8; 3]; 6] =
    [[241, 214, 145], [216, 101, 79], [111, 184, 210], [144, 238, 144], [177, 122, 101], [255, 200, 80]];

/// What the segments become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Segmentation Storage, one bit a voxel and segment.
    Seg,
    /// RT Structure Set Storage, closed contours.
    Rtstruct,
}

/// What is to be exported.
#[derive(Clone, Debug)]
pub struct SegmentExportOrder<'a> {
    /// The case.
    pub case: CaseId,
    /// Names of the segments, all of one volume.
    pub segments: &'a [String],
    /// As what.
    pub form: Form,
    /// File to write.
    pub file: &'a Path,
}

/// What was written; its JSON is the answer of the command line.
#[derive(Clone, Debug, Serialize)]
pub struct SegmentExportReport {
    /// The file.
    pub file: std::path::PathBuf,
    /// As what.
    pub form: Form,
    /// Names of the segments in it.
    pub segments: Vec<String>,
}

/// Writes segments of a case as one DICOM object. That it leaves the bank is in the audit log before it does.
///
/// # Errors
/// A segment that is not there or stale, a scan with severe findings nobody accepted (refused, naming the slices),
/// segments of several volumes, or a file that cannot be written.
pub fn export(
    bank: &Bank,
    actor: &Actor,
    order: &SegmentExportOrder<'_>,
    progress: &dyn Progress,
) -> Result<SegmentExportReport, Fault> {
    let journal = bank.load(&order.case, actor)?;
    let case = journal.case();
    let entries = entries(case, order.segments)?;
    let first = entries.first().map(|entry| entry.volume);
    let volume = volumes::choose(case, first)?;
    mesh::ask_to_print(bank, actor, case, volume.id)?;
    let read = volumes::load_with_source(bank, volume, progress)?;
    let masks: Vec<LabelMap> = entries
        .iter()
        .map(|entry| segment::load_mask(bank, entry, &read.volume))
        .collect::<Result<_, _>>()?;
    let bytes = bytes(order.form, &entries, &masks, &read)?;
    let what = if order.form == Form::Seg { "segmentation" } else { "structure set" };
    bank.audit(actor, AuditAction::Export, Some(order.case), Outcome::Granted, Some(what))?;
    mesh::write_whole(order.file, &bytes)?;
    Ok(SegmentExportReport {
        file: order.file.to_owned(),
        form: order.form,
        segments: order.segments.to_vec(),
    })
}

/// The segments of these names: fresh, and of one volume.
fn entries<'c>(case: &'c Case, names: &[String]) -> Result<Vec<&'c SegmentEntry>, Fault> {
    let stale = case.stale();
    let mut out: Vec<&SegmentEntry> = Vec::new();
    for wanted in names {
        let entry = case.segment(wanted).ok_or_else(|| segment::no_such(case, wanted))?;
        if stale.iter().any(|s| matches!(s, Stale::Segment { name, .. } if name == wanted)) {
            return Err(Fault::new(
                FaultKind::Refused,
                (
                    format!("Segment {wanted:?} no longer matches the scan it was made from."),
                    format!("分割 {wanted:?} 与其来源的扫描不再一致。"),
                ),
                ("It is not exported, because it could lie elsewhere.", "它可能在别的位置，因此没有导出。"),
                ("Segment the volume again.", "请重新分割体数据。"),
            ));
        }
        if out.first().is_some_and(|first| first.volume != entry.volume) {
            return Err(Fault::new(
                FaultKind::Usage,
                ("The segments lie on different volumes.", "各分割在不同的体数据上。"),
                ("Nothing was written.", "没有写出任何内容。"),
                (
                    "Export those of each volume into a file of their own.",
                    "请把每个体数据的分割导出到单独的文件。",
                ),
            ));
        }
        out.push(entry);
    }
    if out.is_empty() {
        return Err(Fault::new(
            FaultKind::Usage,
            ("No segment was named.", "没有指定分割。"),
            segment::present(case),
            ("Name one of these with --segment.", "请用 --segment 指定其中一个。"),
        ));
    }
    Ok(out)
}

fn bytes(
    form: Form,
    entries: &[&SegmentEntry],
    masks: &[LabelMap],
    read: &ReadVolume,
) -> Result<Vec<u8>, Fault> {
    let facts = |entry: &SegmentEntry, number: u16| SegmentFacts {
        // Who drew a segment that came from elsewhere is not known here.
        algorithm: if entry.method == segments_in::METHOD {
            AlgorithmType::SemiAutomatic
        } else {
            AlgorithmType::Automatic
        },
        algorithm_name: format!("Theatron {} {}", entry.method, entry.algorithm),
        colour: COLOURS.get(usize::from(number - 1) % COLOURS.len()).copied(),
        ..SegmentFacts::named(number, &entry.name)
    };
    let segments: Vec<Segment<'_>> = entries
        .iter()
        .zip(masks)
        .zip(1..)
        .map(|((entry, mask), number)| Segment { facts: facts(entry, number), mask, label: 1 })
        .collect();
    let made = now();
    let date = format!("{:04}{:02}{:02}", made.year(), u8::from(made.month()), made.day());
    let time = format!("{:02}{:02}{:02}", made.hour(), made.minute(), made.second());
    let hashes: Vec<String> = entries.iter().map(|e| format!("{} {}", e.name, e.mask)).collect();
    let names: Vec<&str> = entries.iter().map(|e| e.name.as_str()).collect();
    let series = SeriesInfo {
        seed: format!("theatron {form:?} {} {date} {time} {}", read.entry.series_uid, hashes.join(" ")),
        patient: read.patient.clone(),
        study: read.study.clone(),
        description: format!("Theatron: {}", names.join(", ")).chars().take(64).collect(),
        number: if form == Form::Seg { SEG_SERIES } else { RT_SERIES },
        ..SeriesInfo::default()
    };
    let frame_of_reference = read.entry.frame_of_reference.clone();
    let source = Some(SourceSeries::of(read));
    let software_version = env!("CARGO_PKG_VERSION").to_owned();
    let refused = |why: Words| {
        Fault::new(
            FaultKind::Refused,
            (format!("The segments cannot be written: {why}."), format!("分割不能写出：{}。", why.zh)),
            ("Nothing was written.", "没有写出任何内容。"),
            ("Segment again, or export fewer segments at a time.", "请重新分割，或一次少导出几个分割。"),
        )
    };
    match form {
        Form::Seg => {
            let info = SegInfo {
                series,
                frame_of_reference,
                source,
                date,
                time,
                software_version,
                ..SegInfo::default()
            };
            seg::write(&segments, &info).map_err(|error| refused(error.words()))
        }
        Form::Rtstruct => {
            let label = String::new();
            let info = RtInfo { series, frame_of_reference, source, label, date, time, software_version };
            rtstruct::write(&segments, &info).map_err(|error| refused(error.words()))
        }
    }
}
