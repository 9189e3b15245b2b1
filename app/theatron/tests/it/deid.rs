//! `theatron dicom deid` on a generated series: sheet, secret, refusals.

use std::path::Path;

use casebank_case::{PatientInfo, Phi};
use casebank_dicom::{SeriesInfo, write_series};
use meshing_phantom::Phantom;
use meshing_space::{Lps, Transform};

use crate::{json, theatron};

fn head(folder: &Path) {
    let phantom = Phantom::head();
    let volume = phantom.volume(&phantom.grid([8.0; 3], Transform::<Lps, Lps>::identity()));
    let patient = PatientInfo { name: "Canary^Head".into(), id: "CANARY-7".into(), ..PatientInfo::default() };
    let info = SeriesInfo {
        seed: "deid".into(),
        patient: Phi::new(patient),
        body_part: "HEAD".into(),
        ..SeriesInfo::default()
    };
    write_series(&volume, &info, folder).unwrap();
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_folder_is_deidentified_and_the_sheet_names_the_faces() {
    let dir = tempfile::tempdir().unwrap();
    let [input, out, secret] = ["in", "out", "secret"].map(|name| dir.path().join(name));
    head(&input);
    std::fs::write(input.join("note.txt"), "no scan").unwrap();
    let arguments = ["dicom", "deid", text(&input), text(&out), "--secret-file", text(&secret)];
    let (code, answer) = json(&arguments);
    assert_eq!(code, 0, "{answer}");
    let written = answer["written"].as_array().unwrap();
    assert!(written.len() > 5 && answer["patients"] == 1, "{answer}");
    assert_eq!(answer["faces"], written.len(), "{answer}");
    assert_eq!(answer["skipped"].as_array().unwrap().len(), 1);
    for object in written {
        let bytes = std::fs::read(out.join(object["file"].as_str().unwrap())).unwrap();
        assert!(!bytes.windows(6).any(|w| w.eq_ignore_ascii_case(b"canary")));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Again: the same secret gives the same objects, and none is written twice.
    let said = theatron(&arguments);
    let sheet = String::from_utf8(said.stdout).unwrap();
    assert!(said.status.success() && sheet.contains("0 objects of 1 patients"), "{sheet}");
    assert!(sheet.contains("the face"), "{sheet}");
}

#[test]
fn an_output_among_the_originals_and_options_that_contradict_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let [input, out, secret] = ["in", "in/out", "secret"].map(|name| dir.path().join(name));
    head(&input);
    let (code, answer) = json(&["dicom", "deid", text(&input), text(&out), "--secret-file", text(&secret)]);
    assert_eq!(code, 2);
    assert!(answer["error"]["what"].as_str().unwrap().contains("inside the input"), "{answer}");
    assert!(!out.exists() && !secret.exists(), "nothing was made");
    let elsewhere = dir.path().join("elsewhere");
    let both = "retain-full-dates,retain-modified-dates";
    let arguments =
        ["dicom", "deid", text(&input), text(&elsewhere), "--secret-file", text(&secret), "--options", both];
    assert_eq!(json(&arguments).0, 2);
    let inside = elsewhere.join("secret");
    let (code, answer) =
        json(&["dicom", "deid", text(&input), text(&elsewhere), "--secret-file", text(&inside)]);
    assert_eq!(code, 2, "{answer}");
    assert!(!inside.exists());
}
