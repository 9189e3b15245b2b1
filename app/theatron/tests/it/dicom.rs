//! `theatron dicom`: elements in order and in items, missing attributes named, damage told.

use casebank_dicom::{SeriesInfo, write_series};
use meshing_space::{Point, Vector};
use meshing_volume::{Grid, Volume, VolumeMeta, Voxels};

use crate::{json, theatron};

/// One small slice.
fn slice(dir: &std::path::Path) -> std::path::PathBuf {
    let axes = [Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, 1.0)];
    let grid = Grid::new([4, 3, 2], Point::origin(), axes, [0.5, 0.5, 1.0]).unwrap();
    let meta = VolumeMeta { modality: "CT".into(), unit: "HU".into(), frame_of_reference: "1.2.3".into() };
    let volume = Volume::new(grid, Voxels::I16(vec![7; 24]), meta).unwrap();
    let info = SeriesInfo { seed: "dump".into(), ..SeriesInfo::default() };
    write_series(&volume, &info, dir).unwrap().remove(0)
}

#[test]
fn a_dump_tells_the_elements() {
    let dir = tempfile::tempdir().unwrap();
    let path = slice(dir.path());
    let (code, answer) = json(&["dicom", "dump", path.to_str().unwrap()]);
    assert_eq!((code, &answer["damage"]), (0, &serde_json::Value::Null));
    assert_eq!(answer["dataset"]["00280011"]["Value"][0], 4);
    assert_eq!(answer["dataset"]["00280030"]["Value"][1], 0.5);
    assert_eq!(answer["dataset"]["00080060"]["keyword"], "Modality");
    let text = String::from_utf8(theatron(&["dicom", "dump", path.to_str().unwrap()]).stdout).unwrap();
    assert!(text.contains("(0028,0011) US Columns [2] 4\n"), "{text}");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 4]).unwrap();
    let (code, answer) = json(&["dicom", "dump", path.to_str().unwrap()]);
    assert!(code == 3 && answer["damage"].as_str().unwrap().contains("truncated"), "{answer}");
}

#[test]
fn what_is_missing_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = slice(dir.path());
    let (_, answer) = json(&["dicom", "validate", path.to_str().unwrap()]);
    assert_eq!(answer["problems"].as_array().unwrap().len(), 0, "{answer}");
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(6).position(|w| w == b"\x10\0\x20\0LO").unwrap();
    bytes[at..at + 2].copy_from_slice(b"\x11\0");
    std::fs::write(&path, bytes).unwrap();
    let (code, answer) = json(&["dicom", "validate", path.to_str().unwrap()]);
    assert_eq!((code, &answer["problems"][0]), (3, &"PatientID: missing".into()));
}
