//! NIfTI, NRRD and MetaImage through the command line: import, convert, export, refusals.

use std::path::{Path, PathBuf};

use casebank_case::{PatientInfo, Phi};
use casebank_dicom::SeriesInfo;
use casebank_store::{AuditAction, Bank, Outcome};
use meshing_space::Point;
use meshing_volume::formats::{Format, Limits, Payload, WriteOptions, open, write};
use meshing_volume::{Grid, LabelMap, Silent, Volume, VolumeMeta, Voxels};
use serde_json::Value;
use tools_peers::data::archive;

use crate::{json, theatron};

/// A folder with a teaching scan as DICOM.
fn teaching() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let scan = folder.path().join("scan");
    app_engine::teaching::write(&scan).unwrap();
    (folder, scan)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn dicom(folder: &Path) -> Volume {
    let mut read = casebank_dicom::read_paths(&[folder.to_owned()], &Silent).unwrap();
    assert_eq!(read.volumes.len(), 1);
    read.volumes.pop().unwrap().volume
}

fn research(file: &Path) -> Volume {
    let bytes = std::fs::read(file).unwrap();
    let format = Format::of_name(text(file)).unwrap();
    let opened = open(format, bytes.as_slice(), bytes.len() as u64, Limits::default()).unwrap();
    let beside = opened.detached().map(|name| std::fs::read(file.with_file_name(name)).unwrap());
    let opened = match &beside {
        Some(data) => opened.attach(data.as_slice(), data.len() as u64),
        None => opened,
    };
    opened.volumes(&VolumeMeta::default(), &Silent).unwrap().pop().unwrap().content
}

/// Same values, every corner at the same place.
fn same(a: &Volume, b: &Volume) {
    assert_eq!(a.grid().size(), b.grid().size());
    assert_eq!(a.voxels(), b.voxels());
    let far = a.grid().size().map(|n| n as f64 - 1.0);
    for at in [[0.0; 3], far, [far[0], 0.0, 0.0], [0.0, far[1], 0.0]] {
        let [pa, pb] = [a, b].map(|v| v.grid().lps_from_ijk() * Point::from_array(at));
        assert!(pa.distance(pb) < 1e-4, "{pa:?} against {pb:?}");
    }
}

fn codes(findings: &Value, severity: &str) -> Vec<String> {
    let all = findings.as_array().unwrap().iter();
    all.filter(|f| f["severity"] == severity).map(|f| f["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_scan_goes_round_through_every_form_and_back_to_dicom() {
    let (folder, scan) = teaching();
    let original = dicom(&scan);
    let mut last = scan;
    for name in ["a.nii.gz", "b.nrrd", "c.nhdr", "d.mha", "e.mhd", "f.nii", "series"] {
        let next = folder.path().join(name);
        let (code, answer) = json(&["convert", text(&last), text(&next), "--modality", "CT"]);
        assert_eq!(code, 0, "{answer}");
        assert_eq!(answer["content"], "volume");
        assert!(answer["files"].as_array().unwrap().iter().all(|f| Path::new(f.as_str().unwrap()).exists()));
        same(&original, &if name == "series" { dicom(&next) } else { research(&next) });
        last = next;
    }
}

#[test]
fn no_patient_data_leaves_with_a_research_file() {
    let folder = tempfile::tempdir().unwrap();
    let scan = folder.path().join("scan");
    let grid = Grid::axis_aligned([6, 5, 4], Point::origin(), [1.0; 3]).unwrap();
    let meta = VolumeMeta { modality: "CT".into(), unit: "HU".into(), frame_of_reference: "1.2.3".into() };
    let volume = Volume::new(grid, Voxels::I16((0..120).collect()), meta).unwrap();
    let person = PatientInfo { name: "Zhang^San".into(), id: "T-4711".into(), ..PatientInfo::default() };
    let info = SeriesInfo { seed: "a".into(), patient: Phi::new(person), ..SeriesInfo::default() };
    let slices = casebank_dicom::write_series(&volume, &info, &scan).unwrap();
    let holds = |bytes: &[u8], word: &str| bytes.windows(word.len()).any(|w| w == word.as_bytes());
    assert!(holds(&std::fs::read(&slices[0]).unwrap(), "Zhang"));
    for name in ["a.nii", "b.nrrd", "c.mha"] {
        let file = folder.path().join(name);
        assert_eq!(json(&["convert", text(&scan), text(&file), "--raw"]).0, 0);
        let bytes = std::fs::read(file).unwrap();
        assert!(!holds(&bytes, "Zhang") && !holds(&bytes, "4711"), "{name}");
    }
}

#[test]
fn a_research_file_becomes_a_case_and_its_segment_leaves_it() {
    let (folder, scan) = teaching();
    let file = folder.path().join("head.nii.gz");
    assert_eq!(json(&["convert", text(&scan), text(&file)]).0, 0);
    let bank = folder.path().join("bank");
    let bank = text(&bank);
    let (code, imported) = json(&["import", text(&file), "--modality", "CT", "--bank", bank]);
    assert_eq!(code, 0, "{imported}");
    let volume = &imported["cases"][0]["volumes"][0];
    assert_eq!((volume["modality"].as_str(), volume["unit"].as_str()), (Some("CT"), Some("HU")));
    assert_eq!(codes(&volume["findings"], "severe"), [""; 0]);
    assert_eq!(codes(&volume["findings"], "warning"), ["assumed_unit"]);
    assert_eq!(codes(&volume["findings"], "info"), ["no_patient"]);
    let case = imported["cases"][0]["case"].as_str().unwrap();

    let (code, segmented) = json(&["segment", case, "--method", "bone", "--bank", bank]);
    assert_eq!(code, 0, "{segmented}");
    let stl = folder.path().join("bone.stl");
    let (code, mesh) = json(&["mesh", case, "--segment", "bone", "--out", text(&stl), "--bank", bank]);
    assert_eq!((code, mesh["closed"].as_bool()), (0, Some(true)), "{mesh}");

    let labels = folder.path().join("bone.nrrd");
    let (code, answer) =
        json(&["case", "export", case, "--segment", "bone", "--out", text(&labels), "--bank", bank]);
    assert_eq!((code, answer["content"].as_str()), (0, Some("labels")), "{answer}");
    let bytes = std::fs::read(&labels).unwrap();
    let map = open(Format::Nrrd, bytes.as_slice(), bytes.len() as u64, Limits::default())
        .unwrap()
        .labels(&Silent)
        .unwrap()
        .pop()
        .unwrap()
        .content;
    assert_eq!(map.count(1) as u64, segmented["voxels"].as_u64().unwrap());
    let out = folder.path().join("again.mha");
    let id = volume["volume"].as_str().unwrap();
    let (code, answer) = json(&["case", "export", case, "--volume", id, "--out", text(&out), "--bank", bank]);
    assert_eq!(code, 0, "{answer}");
    same(&dicom(&scan), &research(&out));
    let events = Bank::open(bank).unwrap().audit_events().unwrap();
    let exports = events.iter().filter(|e| e.action == AuditAction::Export && e.outcome == Outcome::Granted);
    assert_eq!(exports.count(), 3, "each file that leaves is in the audit log");
    let (code, answer) =
        json(&["case", "export", case, "--segment", "none", "--out", text(&out), "--bank", bank]);
    assert_eq!(code, 2, "{answer}");
}

/// Without a form the sides are unknown: no print and no export until somebody takes responsibility.
#[test]
fn a_file_without_orientation_is_refused_until_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let (bank, file) = (folder.path().join("bank"), folder.path().join("ball.nrrd"));
    let bank = text(&bank);
    let mut bytes =
        b"NRRD0004\ntype: short\ndimension: 3\nsizes: 24 24 24\nspacings: 1 1 1\nendian: little\n\
                      encoding: raw\n\n"
            .to_vec();
    for n in 0..24 * 24 * 24_i32 {
        let [i, j, k] = [n % 24, n / 24 % 24, n / 576].map(|x| x - 12);
        let value: i16 = if i * i + j * j + k * k < 64 { 900 } else { -1000 };
        bytes.extend(value.to_le_bytes());
    }
    std::fs::write(&file, bytes).unwrap();
    let (code, imported) = json(&["import", text(&file), "--modality", "CT", "--bank", bank]);
    assert_eq!(code, 0, "{imported}");
    let severe = codes(&imported["cases"][0]["volumes"][0]["findings"], "severe");
    assert_eq!(severe, ["unknown_orientation"]);
    let case = imported["cases"][0]["case"].as_str().unwrap();
    let (code, _) = json(&[
        "segment",
        case,
        "--method",
        "threshold",
        "--param",
        "lower=300",
        "--name",
        "ball",
        "--bank",
        bank,
    ]);
    assert_eq!(code, 0);
    let stl = folder.path().join("ball.stl");
    let out = folder.path().join("ball.nii");
    let mesh = ["mesh", case, "--segment", "ball", "--out", text(&stl), "--bank", bank];
    let export = ["case", "export", case, "--segment", "ball", "--out", text(&out), "--bank", bank];
    assert_eq!((json(&mesh).0, json(&export).0), (3, 3));
    assert!(!stl.exists() && !out.exists());
    let accept =
        ["case", "accept", case, "--finding", "unknown_orientation", "--by", "Dr Lee", "--reason", "a ball"];
    assert_eq!(json(&[accept.as_slice(), &["--bank", bank]].concat()).0, 0);
    assert_eq!((json(&mesh).0, json(&export).0), (0, 0));
    let convert = ["convert", text(&file), text(&out)];
    let (code, refused) = json(&convert);
    assert_eq!(code, 3);
    assert!(refused["error"]["next_step"].as_str().unwrap().contains("--accept unknown_orientation"));
    assert_eq!(json(&[convert.as_slice(), &["--accept", "unknown_orientation"]].concat()).0, 0);
}

#[test]
fn time_points_are_volumes_of_one_case_and_come_back_from_the_bank() {
    let folder = tempfile::tempdir().unwrap();
    let (bank, file) = (folder.path().join("bank"), folder.path().join("four.nrrd"));
    let bank = text(&bank);
    let mut bytes = b"NRRD0004\ntype: short\ndimension: 4\nspace: LPS\nsizes: 4 3 2 3\nkinds: domain domain domain list\n\
                      space directions: (1,0,0) (0,1,0) (0,0,2) none\nspace origin: (5,6,7)\nendian: little\n\
                      encoding: raw\n\n"
        .to_vec();
    bytes.extend((0..72_i16).flat_map(|n| (n / 24 * 100 + n % 24).to_le_bytes()));
    std::fs::write(&file, bytes).unwrap();
    let (code, imported) = json(&["import", text(&file), "--bank", bank]);
    assert_eq!(code, 0, "{imported}");
    let case = imported["cases"][0]["case"].as_str().unwrap();
    let volumes = imported["cases"][0]["volumes"].as_array().unwrap();
    assert_eq!((volumes.len(), volumes[0]["modality"].as_str()), (3, Some("OT")));
    assert!(codes(&volumes[0]["findings"], "warning").contains(&"unknown_modality".to_owned()));
    for (number, volume) in volumes.iter().enumerate() {
        let out = folder.path().join("one.nrrd");
        let id = volume["volume"].as_str().unwrap();
        assert_eq!(json(&["case", "export", case, "--volume", id, "--out", text(&out), "--bank", bank]).0, 0);
        assert_eq!(research(&out).value(3, 0, 0), number as f32 * 100.0 + 3.0);
    }
    let out = folder.path().join("two.nii");
    assert_eq!(json(&["convert", text(&file), text(&out)]).0, 2, "one of three must be named");
    assert_eq!(json(&["convert", text(&file), text(&out), "--number", "2"]).0, 0);
    assert_eq!(research(&out).value(0, 0, 0), 100.0);
}

#[test]
fn labels_stay_labels() {
    let folder = tempfile::tempdir().unwrap();
    let grid = Grid::axis_aligned([4, 3, 2], Point::new(1.0, 2.0, 3.0), [1.0, 2.0, 0.5]).unwrap();
    let map = LabelMap::new(grid, (0..24).map(|n| n * 10).collect()).unwrap();
    let mut bytes = Vec::new();
    write(Format::Nifti, Payload::Labels(&map), WriteOptions::default(), &mut bytes, &Silent).unwrap();
    let (file, out) = (folder.path().join("l.nii"), folder.path().join("l.mha"));
    std::fs::write(&file, bytes).unwrap();
    let (code, answer) = json(&["convert", text(&file), text(&out), "--labels"]);
    assert_eq!((code, answer["content"].as_str()), (0, Some("labels")), "{answer}");
    let bytes = std::fs::read(&out).unwrap();
    assert!(String::from_utf8_lossy(&bytes).contains("MET_UCHAR"));
    assert_eq!(research(&out).value(3, 2, 1), 230.0);
    let grey = folder.path().join("grey.nii");
    let (code, answer) = json(&["convert", text(&file), text(&grey)]);
    assert_eq!((code, answer["content"].as_str()), (0, Some("volume")), "{answer}");
    assert!(codes(&answer["findings"], "warning").contains(&"assumed_unit".to_owned()), "{answer}");
    let volume = Volume::new(grid, Voxels::I16(vec![256; 24]), VolumeMeta::default()).unwrap();
    let mut bytes = Vec::new();
    write(Format::Nifti, Payload::Volume(&volume), WriteOptions::default(), &mut bytes, &Silent).unwrap();
    std::fs::write(&file, bytes).unwrap();
    let (code, answer) = json(&["convert", text(&file), text(&out), "--labels"]);
    assert_eq!(code, 3, "{answer}");
}

#[test]
fn refusals_have_their_exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut header =
        "ObjectType = Image\nNDims = 3\nDimSize = 2 2 2\nElementSpacing = 1 1 1\nOffset = 0 0 0\n\
                      TransformMatrix = 1 0 0 0 1 0 0 0 1\nElementType = MET_UCHAR\nElementDataFile = "
            .to_owned();
    std::fs::create_dir(at("inside")).unwrap();
    std::fs::write(at("secret.raw"), [1; 8]).unwrap();
    std::fs::write(at("inside/v.raw"), [1; 8]).unwrap();
    let mhd = at("inside/a.mhd");
    std::fs::write(&mhd, format!("{header}v.raw\n")).unwrap();
    let out = at("o.nii");
    assert_eq!(json(&["convert", text(&mhd), text(&out)]).0, 0);
    for name in ["../secret.raw", text(&at("secret.raw"))] {
        std::fs::write(&mhd, format!("{header}{name}\n")).unwrap();
        let (code, answer) = json(&["convert", text(&mhd), text(&out)]);
        assert!(code == 3 && answer["error"]["what"].as_str().unwrap().contains("outside"), "{answer}");
    }
    header = header.replace("2 2 2", "2000 2000 2000");
    std::fs::write(&mhd, format!("{header}v.raw\n")).unwrap();
    for (arguments, code) in [
        (vec!["convert", text(&mhd), text(&out)], 3),
        (vec!["import", text(&mhd), "--bank", text(&at("bank"))], 3),
        (vec!["convert", text(&mhd), text(&at("x.jpg"))], 2),
        (vec!["convert", text(&mhd), text(&at("nothing")), "--labels"], 2),
        (vec!["convert", text(&at("not_there.nii")), text(&out)], 5),
        (vec!["convert", text(&mhd), text(&out), "--accept", "everything"], 2),
        (vec!["import", text(&at("x.hdr")), "--bank", text(&at("bank"))], 3),
        (vec!["import", text(&mhd), "--modality", "ct", "--bank", text(&at("bank"))], 2),
    ] {
        let output = theatron(&arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// What other people's programs wrote lies where their DICOM lies.
#[test]
fn real_label_files_lie_on_their_dicom() {
    let folder = tempfile::tempdir().unwrap();
    let geometry = |input: &Path, labels: bool| {
        let out = folder.path().join("o.nrrd");
        let mut arguments = vec!["convert", text(input), text(&out)];
        arguments.extend(labels.then_some("--labels"));
        let (code, answer) = json(&arguments);
        assert_eq!(code, 0, "{answer}");
        let numbers = |key: &str| -> Vec<f64> {
            answer[key].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect()
        };
        (numbers("origin_lps_mm"), numbers("direction"), numbers("size"))
    };
    if let Some(place) = archive("synth_phantom_a") {
        let place = place.join("synth_phantom_a");
        let (origin, direction, size) = geometry(&place, false);
        let (o, d, s) = geometry(&place.join("labels.nii.gz"), true);
        let off = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(
            off(&origin, &o) < 1e-3 && off(&direction, &d) < 1e-5,
            "{o:?} {d:?} for {origin:?} {direction:?}"
        );
        assert_eq!(size, s);
    }
    if let Some(place) = archive("totalsegmentator_ct_labels") {
        // Figures of nibabel: RAS (−177.956, 11.319, 94.302), 3 mm steps along R, A, S.
        let (origin, direction, size) = geometry(&place.join("example_ct.nii.gz"), false);
        assert!((origin[0] - 177.956).abs() < 1e-3 && (origin[1] + 11.319).abs() < 1e-3, "{origin:?}");
        assert_eq!(direction, [-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(size, [122.0, 101.0, 112.0]);
        assert_eq!(geometry(&place.join("example_seg.nii.gz"), true).0, origin);
    }
}
