//! Measurement reports: validated, read back equal, those of others read, hostile ones refused.

use std::path::Path;
use std::process::{Command, Output};

use casebank_dicom::WriteError;
use casebank_dicom::objects::sr::{self, Spatial};
use casebank_dicom::objects::tid1500::{Region, Report, SegmentSource, read, write};
use casebank_dicom::objects::{Code, Made, ObjectError};
use meshing_space::Point;
use tools_peers::data::archive;
use tools_peers::process::installed;

use crate::samples::{made, report};
use crate::support::thousand_mutations;
use crate::support::{dciodvfy, info};

/// What a program of DCMTK says about a file. `None` where it is not installed.
pub(crate) fn dcmtk(program: &str, arguments: &[&str], path: &Path) -> Option<Output> {
    let program = installed(program, "dcmtk")?;
    Some(Command::new(program).args(arguments).arg(path).output().unwrap())
}

#[test]
fn what_is_reported_comes_back() {
    let file = write(&report(), &info("report"), &made()).unwrap();
    assert_eq!(file, write(&report(), &info("report"), &made()).unwrap(), "same seed, same bytes");
    let back = read(&file).unwrap();
    assert_eq!(back.report, report());
    assert_eq!(back.left_out, [""; 0]);
    assert_eq!(back.person.expose(), "Li^Si");
    assert!(back.document.complete && !back.document.verified);
    assert!(!format!("{back:?}").contains("Li^Si"), "names stay out of logs");
}

#[test]
fn the_validators_find_no_errors() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("report.dcm");
    std::fs::write(&path, write(&report(), &info("report"), &made()).unwrap()).unwrap();
    if let Some(errors) = dciodvfy(&path) {
        assert!(errors.is_empty(), "{errors:#?}");
    }
    let Some(out) = dcmtk("dsrdump", &["+Pf", "+Pc"], &path) else { return };
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    for expected in [
        "Comprehensive 3D SR Document",
        r#"NUM:(410668003,SCT,"Length")="57.7165758253208" (mm,UCUM,"mm")"#,
        r#"="45" (deg,UCUM,"deg")"#,
        r#"(112031,DCM,"Attenuation Coefficient")="-12.5" ([hnsf'U],UCUM,"Hounsfield unit")"#,
        r#"has concept mod CODE:(272741003,SCT,"Laterality")=(7771000,SCT,"Left")"#,
        r#"SCOORD3D:(111030,DCM,"Image Region")=(POLYGON"#,
        r#"SCOORD3D:(121231,DCM,"Volume Surface")=(ELLIPSOID"#,
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
}

/// Writes the report after a change that makes it wrong.
fn refused(change: impl FnOnce(&mut Report)) -> &'static str {
    let mut report = report();
    change(&mut report);
    match write(&report, &info("report"), &made()) {
        Err(WriteError::Content(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_would_be_misread_is_not_written() {
    let planar = |report: &mut Report, change: fn(&mut Spatial)| match &mut report.groups[0].region {
        Region::Planar(spatial) => change(spatial),
        other => panic!("{other:?}"),
    };
    assert!(refused(|r| planar(r, |s| s.points[1] = Point::new(10.0, 20.25, -100.0))).contains("not flat"));
    assert!(refused(|r| planar(r, |s| s.points.truncate(4))).contains("not closed"));
    assert!(refused(|r| planar(r, |s| s.frame_of_reference.clear())).contains("frame of reference"));
    assert!(refused(|r| planar(r, |s| s.points[0] = Point::new(f64::NAN, 0.0, 0.0))).contains("fit"));
    assert!(refused(|r| r.evidence.truncate(1)).contains("not in the evidence"));
    assert!(refused(|r| r.groups[0].tracking_uid.clear()).contains("no UID"));
    assert!(
        refused(|r| r.groups[0].measurements[0].num.value = Some((1.0, Code::ucum("mm")))).contains("unit")
    );
    assert!(
        refused(|r| r.groups[6].measurements[0].num.value = Some((57.0, Code::ucum("mm"))))
            .contains("points")
    );
    assert!(refused(|r| r.groups[6].measurements[0].num.value = None).contains("nor a reason"));
    assert!(refused(|r| r.procedures.clear()).contains("procedure"));
    for wrong in [Made { date: String::new(), ..made() }, Made { person: String::new().into(), ..made() }] {
        assert!(write(&report(), &info("report"), &wrong).is_err());
    }
}

/// Replaces text in the bytes by another of the same length.
pub(crate) fn swap(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut out = bytes.to_vec();
    let places: Vec<usize> =
        (0..bytes.len() - from.len()).filter(|&at| &bytes[at..at + from.len()] == from.as_bytes()).collect();
    assert!(!places.is_empty(), "{from} is there");
    for at in places {
        out[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    out
}

#[test]
fn what_would_be_misread_is_refused() {
    let file = write(&report(), &info("report"), &made()).unwrap();
    assert!(
        matches!(read(&swap(&file, "7771000 ", "7771009 ")), Err(ObjectError::Refused(why, _)) if why.contains("side"))
    );
    assert!(matches!(read(&swap(&file, "ELLIPSOID", "ELLIPS0ID")), Err(ObjectError::Refused(..))));
    assert!(
        matches!(read(&swap(&file, "mm3 ", "mm2 ")), Err(ObjectError::Refused(why, _)) if why.contains("unit"))
    );
    assert!(matches!(read(&swap(&file, "126000", "126001")), Err(ObjectError::Class { .. })));
    assert!(matches!(
        read(&swap(&file, "HAS OBS CONTEXT", "HAS ODD CONTEXT")),
        Err(ObjectError::Refused(..))
    ));
    for cut in [0, 100, 200, file.len() / 2, file.len() - 2] {
        assert!(read(&file[..cut]).is_err(), "{cut}");
    }
    thousand_mutations(&file, |bytes| read(bytes).is_ok());
}

#[test]
fn other_kinds_of_reports_are_trees_but_no_measurements() {
    let Some(dir) = archive("dicom_oddities") else { return };
    let inner = dir.join("dicom_oddities");
    let dir = if inner.is_dir() { inner } else { dir };
    // As many items as pydicom counts. dsrdump prints as many of the first; the second it refuses for its image classes.
    for (name, items) in [("test-SR.dcm", 29), ("reportsi.dcm", 9)] {
        let bytes = std::fs::read(dir.join("pydicom/test_files").join(name)).unwrap();
        let document = sr::read(&bytes).unwrap();
        let mut stack = vec![&document.root];
        let mut count = 0;
        while let Some(item) = stack.pop() {
            count += 1;
            stack.extend(&item.children);
        }
        assert!(count == items, "{name}: {count}");
        assert!(matches!(read(&bytes), Err(ObjectError::Class { .. })), "{name}");
    }
}

#[test]
fn a_report_of_another_writer_is_read() {
    let Some(dir) = archive("dicom_oddities") else { return };
    let inner = dir.join("dicom_oddities");
    let dir = if inner.is_dir() { inner } else { dir };
    let back = read(&std::fs::read(dir.join("dcmqi/sr-example/sr.dcm")).unwrap()).unwrap();
    let report = back.report;
    assert!(!back.document.complete, "it says PARTIAL");
    assert_eq!((report.groups.len(), report.library[0].images.len()), (1, 191));
    let group = &report.groups[0];
    assert_eq!(group.sites[0].anatomy.value, "T-C5300");
    assert!(matches!(&group.region, Region::Segment { segment, source: SegmentSource::Series(uid) }
        if segment.segments == [1] && uid.starts_with("1.3.6.1.4.1.14519")));
    let volume = group.measurements.iter().find(|m| m.name.value == "118565006").unwrap();
    assert!((volume.value_in("mm3").unwrap() - 33_582.4).abs() < 0.1);
    let mean = group.measurements[0].derivation.as_ref().unwrap();
    assert_eq!((mean.value.as_str(), mean.scheme.as_str()), ("373098007", "SCT"));
}
