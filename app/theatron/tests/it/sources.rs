//! What people hand over: archives and media; and a series that goes back.

use std::io::Write as _;
use std::path::Path;

use casebank_case::{PatientInfo, Phi};
use casebank_dicom::{SeriesInfo, write_series};
use meshing_phantom::Phantom;
use meshing_space::{Lps, Transform};
use serde_json::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::theatron;

fn answer(arguments: &[&str]) -> Value {
    let output = theatron(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A phantom head in an archive, beside a text and an archive of its own.
fn archive(folder: &Path) -> String {
    let phantom = Phantom::head();
    let volume = phantom.volume(&phantom.grid([5.0; 3], Transform::<Lps, Lps>::identity()));
    let patient = PatientInfo { name: "Li^Si".to_owned(), id: "Z-1".to_owned(), ..PatientInfo::default() };
    let info = SeriesInfo { seed: "zip".into(), patient: Phi::new(patient), ..SeriesInfo::default() };
    let slices = write_series(&volume, &info, &folder.join("slices")).unwrap();
    let path = folder.join("study.zip");
    let mut zip = ZipWriter::new(std::fs::File::create(&path).unwrap());
    for (n, slice) in slices.iter().enumerate() {
        zip.start_file(format!("DICOM/IM{n}"), SimpleFileOptions::default()).unwrap();
        zip.write_all(&std::fs::read(slice).unwrap()).unwrap();
    }
    for (name, content) in [("README.TXT", b"how to view".as_slice()), ("MORE.ZIP", b"PK\x03\x04 and more")] {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn an_archive_becomes_a_case_and_a_volume_goes_back_as_a_series() {
    let folder = tempfile::tempdir().unwrap();
    let (zip, bank) = (archive(folder.path()), folder.path().join("bank"));
    let bank = bank.to_str().unwrap();
    let imported = answer(&["import", &zip, "--bank", bank, "--json"]);
    let case = &imported["cases"][0];
    let rejected = case["rejected"].as_array().unwrap();
    let left_out = |name: &str| {
        let path = format!("{zip}/{name}");
        let file = rejected.iter().find(|file| file["path"] == path.as_str());
        file.unwrap_or_else(|| panic!("{rejected:?}"))["reason"].as_str().unwrap().to_owned()
    };
    assert!(left_out("README.TXT").contains("not DICOM"));
    assert!(left_out("MORE.ZIP").contains("archive within the archive"));
    assert!(case["volumes"][0]["findings"].as_array().unwrap().is_empty());

    let out = folder.path().join("series");
    let out = out.to_str().unwrap();
    let id = case["case"].as_str().unwrap();
    let written = answer(&["case", "export", id, "--bank", bank, "--out", out, "--json"]);
    assert_eq!(
        written["files"].as_array().unwrap().len() as u64,
        case["volumes"][0]["size"][2].as_u64().unwrap()
    );
    // Another series into the same folder would replace slices of this one, or mix with them.
    let again = theatron(&["case", "export", id, "--bank", bank, "--out", out]);
    let words = String::from_utf8_lossy(&again.stderr).into_owned();
    assert_eq!(again.status.code(), Some(2), "{words}");
    assert!(words.contains("is not empty"), "{words}");
    let back = answer(&["import", out, "--bank", bank, "--json"]);
    let (before, after) = (&case["volumes"][0], &back["cases"][0]["volumes"][0]);
    for field in [
        "size",
        "spacing_mm",
        "origin_lps_mm",
        "direction",
        "range",
        "unit",
        "frame_of_reference",
        "study_uid",
    ] {
        assert_eq!(before[field], after[field], "{field}");
    }
    assert_ne!(before["series_uid"], after["series_uid"]);
    let shown = answer(&["case", "search", "Li^Si", "--bank", bank, "--json"]);
    assert_eq!(shown["cases"].as_array().unwrap().len(), 2, "it belongs to the same patient");
}

#[test]
fn a_hostile_archive_is_refused_in_one_paragraph() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evil.zip");
    let mut zip = ZipWriter::new(std::fs::File::create(&path).unwrap());
    zip.start_file("../outside", SimpleFileOptions::default()).unwrap();
    zip.write_all(b"x").unwrap();
    zip.finish().unwrap();
    let bank = folder.path().join("bank");
    let arguments = ["import", path.to_str().unwrap(), "--bank", bank.to_str().unwrap()];
    for (language, said) in [("en", "names a file outside itself"), ("zh", "指向压缩包之外")] {
        let output = theatron(&[&arguments[..], &["--lang", language]].concat());
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{words}");
        assert!(words.contains(said), "{words}");
    }
    assert!(!folder.path().parent().unwrap().join("outside").exists());
}

#[test]
fn research_files_in_an_archive_are_read_and_a_bad_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (zip, bank) = (archive(folder.path()), folder.path().join("bank"));
    let (slices, bank) = (folder.path().join("slices"), bank.to_str().unwrap());
    let mut files = Vec::new();
    for name in ["ct.nii.gz", "ct.mhd"] {
        let out = folder.path().join(name);
        assert!(theatron(&["convert", slices.to_str().unwrap(), out.to_str().unwrap()]).status.success());
        files.push((name, std::fs::read(out).unwrap()));
    }
    files.push(("ct.zraw", std::fs::read(folder.path().join("ct.zraw")).unwrap()));
    files.push(("bad.nrrd", b"no header".to_vec()));
    let among = |base: Option<&str>| {
        let path = folder.path().join(format!("{}.zip", base.map_or("alone", |_| "among")));
        let mut out = match base {
            Some(zip) => {
                std::fs::copy(zip, &path).unwrap();
                let file = std::fs::File::options().read(true).write(true).open(&path).unwrap();
                ZipWriter::new_append(file).unwrap()
            }
            None => ZipWriter::new(std::fs::File::create(&path).unwrap()),
        };
        for (name, content) in &files {
            out.start_file(format!("research/{name}"), SimpleFileOptions::default()).unwrap();
            out.write_all(content).unwrap();
        }
        out.finish().unwrap();
        path.to_str().unwrap().to_owned()
    };
    for (path, cases, unread) in [(among(None), 2, 1), (among(Some(&zip)), 3, 3)] {
        let imported = answer(&["import", &path, "--modality", "CT", "--bank", bank, "--json"]);
        assert_eq!(imported["cases"].as_array().unwrap().len(), cases, "{imported}");
        let rejected = imported["cases"][0]["rejected"].as_array().unwrap();
        assert_eq!(rejected.len(), unread, "{rejected:?}");
        let bad = format!("{path}/research/bad.nrrd");
        let bad = rejected.iter().find(|file| file["path"] == bad.as_str()).unwrap();
        assert!(bad["reason"].as_str().unwrap().contains("NRRD"), "{bad}");
        // The last two cases are the two files, with the voxels of the slices.
        let ranges: Vec<&Value> =
            imported["cases"].as_array().unwrap().iter().map(|case| &case["volumes"][0]["range"]).collect();
        assert!(ranges.windows(2).all(|pair| pair[0] == pair[1]), "{ranges:?}");
    }
}
