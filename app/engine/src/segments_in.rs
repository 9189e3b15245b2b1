//! Segments that come with a study: segmentations and structure sets into the case of their volume.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use casebank_case::{
    Actor, Command, Finding, Language, ObjectHash, SegmentEntry, Severity, Told as _, VolumeEntry, VolumeId,
    Words,
};
use casebank_dicom::Other;
use casebank_dicom::objects::seg::{Onto, Segmentation};
use casebank_dicom::objects::{SegmentsError, holds_segments, read_segments};
use casebank_store::Bank;
use serde::Serialize;

use crate::import::{ImportReport, ImportedVolume, RejectedFile};
use crate::{Fault, mask, now};

/// Method of a segment that came from elsewhere.
pub const METHOD: &str = "dicom";
/// Version of the reading.
pub(crate) const ALGORITHM: u32 = 1;
/// Most bytes of the label maps of one object.
const LIMIT: usize = 4 << 30;

/// A segment that came with the study.
#[derive(Clone, Debug, Serialize)]
pub struct ImportedSegment {
    /// Name in the case.
    pub segment: String,
    /// The volume it lies on.
    pub volume: VolumeId,
    /// Where it came from.
    pub path: PathBuf,
    /// Voxels inside.
    pub voxels: u64,
    /// Their volume.
    pub volume_mm3: f64,
    /// What is odd about its object.
    pub findings: Vec<Finding>,
}

/// Takes the segments among `others` into the cases of `report`: each object onto the volume it was drawn on, else onto
/// one of the same frame of reference. What cannot be taken is listed with its reason, and nothing of it is used.
///
/// # Errors
/// A bank that cannot keep them.
pub(crate) fn take(
    bank: &Bank,
    actor: &Actor,
    others: &[Other],
    volumes: &[ImportedVolume],
    report: &mut ImportReport,
) -> Result<(), Fault> {
    for other in others.iter().filter(|other| holds_segments(other)) {
        let reason = match find(&other.path, volumes, report) {
            Ok((volume, entry, found)) => match severe(&found) {
                None => {
                    let segments = keep(bank, actor, volume, &entry, &other.path, &found)?;
                    if let Some(case) = report.cases.iter_mut().find(|case| case.case == volume.case) {
                        case.segments.extend(segments);
                    }
                    continue;
                }
                Some(reason) => reason,
            },
            Err(error) => error.words(),
        };
        if let Some(first) = report.cases.first_mut() {
            let reason_zh = format!("其中的分割没有采用（{}）", reason.zh);
            let reason = format!("its segments were not taken into the case: {}", reason.en);
            first.rejected.push(RejectedFile { path: other.path.clone(), reason, reason_zh });
        }
    }
    Ok(())
}

/// What would make a segment of wrong size or shape.
fn severe(found: &Segmentation) -> Option<Words> {
    let severe = found.findings.iter().find(|f| f.severity == Severity::Severe)?;
    Some(Words::new(&severe.message, severe.in_language(Language::Chinese)))
}

/// The volume an object belongs to, and its segments there.
fn find<'v>(
    path: &Path,
    volumes: &'v [ImportedVolume],
    report: &ImportReport,
) -> Result<(&'v ImportedVolume, VolumeEntry, Segmentation), SegmentsError> {
    let entry = |volume: &ImportedVolume| {
        let all = report.cases.iter().flat_map(|case| &case.volumes);
        all.into_iter().find(|entry| entry.id == volume.id).cloned()
    };
    let candidates: Vec<(&ImportedVolume, VolumeEntry)> =
        volumes.iter().filter_map(|volume| Some((volume, entry(volume)?))).collect();
    let mut last = None;
    for (volume, entry) in &candidates {
        let onto = Onto { grid: volume.volume.grid(), frame_of_reference: &entry.frame_of_reference };
        match read_segments(path, &onto, LIMIT) {
            Err(error) => {
                let elsewhere = error.is_elsewhere();
                last = Some(error);
                if !elsewhere {
                    break;
                }
            }
            Ok(found) => {
                // Drawn on another of these volumes: its voxels are the exact ones.
                let meant = candidates.iter().find(|(_, e)| found.source_series_uids.contains(&e.series_uid));
                if let Some((meant, its)) = meant.filter(|(meant, _)| meant.id != volume.id) {
                    let onto =
                        Onto { grid: meant.volume.grid(), frame_of_reference: &its.frame_of_reference };
                    let found = read_segments(path, &onto, LIMIT)?;
                    return Ok((meant, its.clone(), found));
                }
                return Ok((volume, entry.clone(), found));
            }
        }
    }
    Err(last.unwrap_or(SegmentsError::NoVolume))
}

/// Puts the segments into the case; durable when it returns.
fn keep(
    bank: &Bank,
    actor: &Actor,
    volume: &ImportedVolume,
    entry: &VolumeEntry,
    path: &Path,
    found: &Segmentation,
) -> Result<Vec<ImportedSegment>, Fault> {
    let object = bank.put_file(path)?;
    let mut journal = bank.load(&volume.case, actor)?;
    let mut out = Vec::new();
    for segment in found.segments.iter().filter(|segment| segment.voxels > 0) {
        let Some(labels) = found.mask(segment) else { continue };
        let taken = |name: &str| journal.case().segment(name).is_some();
        let name = free_name(&segment.facts.label, segment.facts.number, taken);
        let volume_mm3 = segment.voxels as f64 * labels.grid().voxel_mm3();
        let made = SegmentEntry {
            name: name.clone(),
            volume: entry.id,
            from: Vec::new(),
            method: METHOD.to_owned(),
            algorithm: ALGORITHM,
            params: BTreeMap::from([
                ("object".to_owned(), object.to_string().into()),
                ("number".to_owned(), segment.facts.number.into()),
            ]),
            level: None,
            voxels: segment.voxels as u64,
            volume_mm3,
            mask: bank.put_object(&mask::to_bytes(&labels)?)?,
            made_from: ObjectHash([0; 32]),
        };
        journal.apply(Command::PutSegment(Box::new(made.keyed(entry, &[]))), actor, now())?;
        out.push(ImportedSegment {
            segment: name,
            volume: entry.id,
            path: path.to_owned(),
            voxels: segment.voxels as u64,
            volume_mm3,
            findings: found.findings.clone(),
        });
    }
    bank.commit(&volume.case, &journal, actor)?;
    Ok(out)
}

/// A name that a case takes and does not have yet.
fn free_name(label: &str, number: u16, taken: impl Fn(&str) -> bool) -> String {
    let clean: String = label.chars().filter(|c| !c.is_control()).take(60).collect();
    let base = if clean.trim().is_empty() { format!("segment {number}") } else { clean.trim().to_owned() };
    if !taken(&base) {
        return base;
    }
    (2..1000).map(|n| format!("{base} {n}")).find(|name| !taken(name)).unwrap_or(base)
}

#[cfg(test)]
mod tests {
    use casebank_dicom::{SeriesInfo, write_series};
    use meshing_space::Point;
    use meshing_volume::{Grid, LabelMap, Silent, Volume, VolumeMeta, Voxels};

    use super::*;
    use crate::import::import;
    use crate::segment;
    use crate::segment_export::{Form, SegmentExportOrder, export};

    /// A CT of two blocks, written as a series; the folder it lies in.
    fn series(folder: &Path) -> Grid {
        let grid =
            Grid::axis_aligned([12, 10, 8], Point::new(-5.0, 3.0, 40.0), [0.5, 0.75, 2.0]).expect("grid");
        let values = (0..grid.len()).map(|n| if n % 7 == 0 { 900 } else { -50 }).collect();
        let meta =
            VolumeMeta { modality: "CT".into(), unit: "HU".into(), frame_of_reference: "1.2.3.4".into() };
        let volume = Volume::new(grid, Voxels::I16(values), meta).expect("a volume");
        let mut info =
            SeriesInfo { seed: "segments in".to_owned(), time: "101112".to_owned(), ..SeriesInfo::default() };
        info.study.date = casebank_case::Phi::new("20260102".to_owned());
        write_series(&volume, &info, folder).expect("written");
        grid
    }

    fn labels(bank: &Bank, actor: &Actor, imported: &crate::import::Imported, name: &str) -> LabelMap {
        let case = imported.report.cases[0].case;
        let journal = bank.load(&case, actor).expect("loads");
        let entry = journal.case().segment(name).expect("the segment is there");
        segment::load_mask(bank, entry, &imported.volumes[0].volume).expect("its mask")
    }

    #[test]
    fn segments_leave_as_dicom_and_come_back_with_their_study() {
        let folder = tempfile::tempdir().expect("a folder");
        let scans = folder.path().join("scans");
        series(&scans);
        let bank = Bank::open(folder.path().join("bank")).expect("a bank");
        let actor = Actor::new("tester").expect("a name");
        let first = import(&bank, &actor, std::slice::from_ref(&scans), &Silent).expect("imported");
        let case = first.report.cases[0].case;
        for (name, upper) in [("bone", 3000.0), ("soft", 0.0)] {
            let mut params = meshing_segment::Params::new();
            params.set("lower", if upper > 0.0 { 300.0 } else { -100.0 });
            params.set("upper", upper);
            let order = segment::SegmentOrder {
                case,
                volume: None,
                method: "threshold",
                name: Some(name),
                params,
                seeds: Vec::new(),
                from: Vec::new(),
            };
            segment::segment(&bank, &actor, &order, &Silent).expect("segmented");
        }
        let names = ["bone".to_owned(), "soft".to_owned()];
        for (form, file) in [(Form::Seg, "seg.dcm"), (Form::Rtstruct, "rtstruct.dcm")] {
            let order = SegmentExportOrder { case, segments: &names, form, file: &folder.path().join(file) };
            export(&bank, &actor, &order, &Silent).expect("exported");
            let both = [scans.clone(), folder.path().join(file)];
            let again = import(&bank, &actor, &both, &Silent).expect("imported again");
            let came: Vec<&str> = again.report.cases[0].segments.iter().map(|s| s.segment.as_str()).collect();
            assert_eq!(came, names, "{form:?}: {:?}", again.report.cases[0].rejected);
            for name in &names {
                let (sent, back) = (labels(&bank, &actor, &first, name), labels(&bank, &actor, &again, name));
                assert!(sent.count(1) > 0 && sent == back, "{form:?} {name}: voxel for voxel");
            }
        }
        let order = SegmentExportOrder {
            case,
            segments: &["liver".to_owned()],
            form: Form::Seg,
            file: &folder.path().join("none.dcm"),
        };
        let fault = export(&bank, &actor, &order, &Silent).expect_err("no such segment");
        assert!(fault.to_string().contains("liver") && !folder.path().join("none.dcm").exists(), "{fault}");
    }

    #[test]
    fn segments_of_another_frame_of_reference_are_named_and_not_used() {
        use casebank_dicom::objects::SegmentFacts;
        use casebank_dicom::objects::seg::{SegInfo, Segment, write};
        let folder = tempfile::tempdir().expect("a folder");
        let grid = series(&folder.path().join("scans"));
        let mut mask = LabelMap::empty(&grid);
        mask.set(1, 1, 1, 1);
        let one = Segment { facts: SegmentFacts::named(1, "stray"), mask: &mask, label: 1 };
        let info = SegInfo {
            frame_of_reference: "1.9".to_owned(),
            date: "20260102".to_owned(),
            ..SegInfo::default()
        };
        let file = folder.path().join("scans/seg.dcm");
        std::fs::write(&file, write(&[one], &info).expect("a segmentation")).expect("written");
        let bank = Bank::open(folder.path().join("bank")).expect("a bank");
        let actor = Actor::new("tester").expect("a name");
        let read = import(&bank, &actor, &[folder.path().join("scans")], &Silent).expect("imported");
        let case = &read.report.cases[0];
        assert!(case.segments.is_empty(), "{:?}", case.segments);
        assert!(case.rejected[0].reason.contains("another frame of reference"), "{:?}", case.rejected);
    }

    #[test]
    fn names_stay_apart() {
        assert_eq!(free_name("GTV\n", 3, |_| false), "GTV");
        assert_eq!(free_name(" ", 3, |_| false), "segment 3");
        assert_eq!(free_name("bone", 1, |name| name == "bone" || name == "bone 2"), "bone 3");
    }
}
