//! Bad input, bad settings: one paragraph with the next step, and the right exit code.

use std::path::Path;
use std::process::Command;

use casebank_dicom::{SeriesInfo, write_series};
use meshing_phantom::Phantom;
use meshing_space::{Lps, Transform};

use crate::{demo, theatron};

/// Writes a small phantom head as CT slices.
fn head(folder: &Path, spacing_mm: f64, seed: &str) -> Vec<std::path::PathBuf> {
    let phantom = Phantom::head();
    let volume = phantom.volume(&phantom.grid([spacing_mm; 3], Transform::<Lps, Lps>::identity()));
    write_series(&volume, &SeriesInfo { seed: seed.into(), ..SeriesInfo::default() }, folder).unwrap()
}

/// One paragraph: it begins with the program's name, has several sentences, and does not spill over lines.
fn is_a_paragraph(said: &str) {
    let line =
        said.lines().rev().find(|line| line.starts_with("theatron: ")).unwrap_or_else(|| panic!("{said}"));
    assert!(line.matches(". ").count() >= 1 && line.len() > 60, "{line}");
}

#[test]
fn a_folder_without_dicom_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("readme.txt"), "no scan here").unwrap();
    let out = tempfile::tempdir().unwrap();
    let (code, said, report) = demo(&[folder.path().to_str().unwrap()], out.path());
    assert_eq!((code, report), (3, serde_json::Value::Null), "{said}");
    is_a_paragraph(&said);
    assert!(said.contains("DICOM"));
}

#[test]
fn a_path_that_is_not_there_is_refused() {
    let out = tempfile::tempdir().unwrap();
    let (code, said, _) = demo(&[out.path().join("nowhere").to_str().unwrap()], out.path());
    assert_eq!(code, 3, "{said}");
    is_a_paragraph(&said);
}

#[test]
fn a_truncated_slice_stops_the_print_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let slices = head(folder.path(), 4.0, "truncated");
    let middle = &slices[slices.len() / 2];
    let bytes = std::fs::read(middle).unwrap();
    std::fs::write(middle, &bytes[..bytes.len() / 2]).unwrap();
    let out = tempfile::tempdir().unwrap();
    let (code, said, report) = demo(&[folder.path().to_str().unwrap()], out.path());
    assert_eq!(code, 3, "{said}");
    is_a_paragraph(&said);
    let codes: Vec<&str> = report["volumes"][0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["code"].as_str().unwrap())
        .collect();
    assert!(codes.contains(&"missing_slice") || codes.contains(&"truncated"), "{codes:?}");
    assert!(report["pictures"].as_array().unwrap().len() >= 6);
}

#[test]
fn two_series_mixed_under_one_uid_are_not_printed() {
    let folder = tempfile::tempdir().unwrap();
    head(&folder.path().join("a"), 4.0, "mixed");
    head(&folder.path().join("b"), 5.0, "mixed");
    let out = tempfile::tempdir().unwrap();
    let (code, said, _) = demo(&[folder.path().to_str().unwrap()], out.path());
    assert_eq!(code, 3, "{said}");
    is_a_paragraph(&said);
    assert!(!out.path().join("bone.stl").exists());
}

#[test]
fn usage_errors_end_with_two() {
    assert_eq!(theatron(&["nonsense"]).status.code(), Some(2));
    let bank = tempfile::tempdir().unwrap();
    let bank = bank.path().to_str().unwrap();
    let output = theatron(&["segment", "not-a-case", "--method", "bone", "--bank", bank]);
    assert_eq!(output.status.code(), Some(2));
    is_a_paragraph(&String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_command_explains_itself_with_an_example() {
    for command in [
        "demo", "import", "case", "convert", "segment", "mesh", "render", "edge", "view", "pacs", "pki",
        "doctor",
    ] {
        let output = theatron(&[command, "--help"]);
        let help = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success() && help.contains("Example") && help.contains("--json"),
            "{command}: {help}"
        );
    }
}

/// A disk that is full: a real one, 6 MiB in memory. Needs a mount, so a user and mount namespace.
#[test]
fn a_full_disk_is_one_paragraph_and_exit_five() {
    let place = tempfile::tempdir().unwrap();
    let script = format!(
        "mount -t tmpfs -o size=6m none '{0}' && exec '{1}' demo --headless --out '{0}/out'",
        place.path().display(),
        env!("CARGO_BIN_EXE_theatron")
    );
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if said.contains("unshare") || said.contains("mount:") {
        eprintln!(
            "SKIPPED a_full_disk_is_one_paragraph_and_exit_five: a namespace with a mount is not permitted here: {said}"
        );
        return;
    }
    assert_eq!(output.status.code(), Some(5), "{said}");
    is_a_paragraph(&said);
    assert!(said.contains("full") || said.contains("space"), "{said}");
}
