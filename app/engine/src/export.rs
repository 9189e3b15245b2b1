//! Volumes and segments of a case out as research files, and volumes as DICOM series.

use std::path::Path;

use casebank_case::{Actor, Case, CaseId, Stale, VolumeId};
use casebank_dicom::SeriesInfo;
use casebank_dicom::objects::SourceSeries;
use casebank_store::{AuditAction, Bank, Outcome};
use meshing_volume::Progress;
use meshing_volume::formats::Payload;

use crate::convert::{self, ConvertReport};
use crate::{Fault, FaultKind, now, segment, volumes};

/// Series Number of what is written; high, so that it stands last in a study.
const SERIES: u32 = 9804;

/// What leaves the case.
#[derive(Clone, Copy, Debug)]
pub enum Exported<'a> {
    /// A volume; `None` takes the most useful one.
    Volume(Option<VolumeId>),
    /// A volume as a DICOM series of its own, for its patient and study where it came from DICOM.
    Series(Option<VolumeId>),
    /// The labels of a segment: 1 inside, 0 outside.
    Segment(&'a str),
}

/// Writes a volume or the labels of a segment; that it leaves the bank is in the audit log before it does. No patient data
/// goes with it, but for a series ([`Exported::Series`]), which belongs to its patient and study.
///
/// # Errors
/// A scan with severe findings nobody accepted (the file could not carry them), a stale segment, an ending that is not
/// known, or a file that cannot be written.
pub fn export(
    bank: &Bank,
    actor: &Actor,
    case: CaseId,
    what: Exported<'_>,
    file: &Path,
    progress: &dyn Progress,
) -> Result<ConvertReport, Fault> {
    if let Exported::Series(id) = what {
        return series_out(bank, actor, case, id, file, progress);
    }
    let format = convert::research_format(file)?;
    let journal = bank.load(&case, actor)?;
    let case = journal.case();
    let entry = match what {
        Exported::Volume(id) | Exported::Series(id) => volumes::choose(case, id)?,
        Exported::Segment(name) => {
            let segment = find(case, name)?;
            volumes::choose(case, Some(segment.volume))?
        }
    };
    if let Err(refusal) = case.may_measure(entry.id) {
        bank.audit(actor, AuditAction::Export, Some(case.id), Outcome::Refused, Some("research file"))?;
        return Err(refusal.into());
    }
    let volume = volumes::load(bank, entry, progress)?;
    let granted =
        || bank.audit(actor, AuditAction::Export, Some(case.id), Outcome::Granted, Some("research file"));
    let findings = entry.findings.clone();
    match what {
        Exported::Volume(_) | Exported::Series(_) => {
            granted()?;
            let files = convert::write(format, Payload::Volume(&volume), file, false, progress)?;
            Ok(convert::report(files, "volume", volume.grid(), findings))
        }
        Exported::Segment(name) => {
            let mask = segment::load_mask(bank, find(case, name)?, &volume)?;
            granted()?;
            let files = convert::write(format, Payload::Labels(&mask), file, false, progress)?;
            Ok(convert::report(files, "labels", mask.grid(), findings))
        }
    }
}

/// A volume as a series in a folder. What came from DICOM goes back to its patient and study, in its frame of reference,
/// with new UIDs and a reference to the image of each slice.
fn series_out(
    bank: &Bank,
    actor: &Actor,
    case: CaseId,
    id: Option<VolumeId>,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<ConvertReport, Fault> {
    convert::empty_folder(folder)?;
    let journal = bank.load(&case, actor)?;
    let case = journal.case();
    let entry = volumes::choose(case, id)?;
    if let Err(refusal) = case.may_measure(entry.id) {
        bank.audit(actor, AuditAction::Export, Some(case.id), Outcome::Refused, Some("series"))?;
        return Err(refusal.into());
    }
    let granted = || bank.audit(actor, AuditAction::Export, Some(case.id), Outcome::Granted, Some("series"));
    let findings = entry.findings.clone();
    if entry.series_uid.is_empty() {
        let volume = volumes::load(bank, entry, progress)?;
        granted()?;
        let files = convert::series(&volume, folder)?;
        return Ok(convert::report(files, "volume", volume.grid(), findings));
    }
    let read = volumes::load_with_source(bank, entry, progress)?;
    granted()?;
    let time = now();
    let info = SeriesInfo {
        // Two exports are two series, whatever they hold.
        seed: format!("theatron series {} {}", entry.id, time.unix_timestamp_nanos()),
        patient: read.patient.clone(),
        study: read.study.clone(),
        description: "Theatron: written from the volume".to_owned(),
        number: SERIES,
        manufacturer: "Theatron".to_owned(),
        ..SeriesInfo::default()
    };
    let derivation = "Written from the volume as it was read; values are those of the source";
    let source = SourceSeries::of(&read);
    let files = casebank_dicom::write_derived_series(&read.volume, &info, &source, derivation, folder);
    let files = files.map_err(convert::no_series)?;
    Ok(convert::report(files, "volume", read.volume.grid(), findings))
}

/// A segment that is there and not stale.
fn find<'a>(case: &'a Case, name: &str) -> Result<&'a casebank_case::SegmentEntry, Fault> {
    let segment = case.segment(name).ok_or_else(|| segment::no_such(case, name))?;
    let stale = |s: &Stale| matches!(s, Stale::Segment { name: stale, .. } if stale == name);
    if case.stale().iter().any(stale) {
        return Err(Fault::new(
            FaultKind::Refused,
            (
                format!("The segment {name:?} no longer matches what it was made from."),
                format!("分割 {name:?} 与其来源不再一致。"),
            ),
            ("It is not exported.", "没有导出。"),
            ("Make it again with `theatron segment`.", "请用 `theatron segment` 重新生成。"),
        ));
    }
    Ok(segment)
}
