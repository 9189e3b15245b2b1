//! Import, segment, mesh, render and accept through the bank.

use crate::json;

#[test]
fn a_scan_goes_through_the_bank_step_by_step() {
    let folder = tempfile::tempdir().unwrap();
    let (scan, bank, out) =
        (folder.path().join("scan"), folder.path().join("bank"), folder.path().join("out"));
    app_engine::teaching::write(&scan).unwrap();
    let bank = bank.to_str().unwrap();
    let (code, imported) = json(&["import", scan.to_str().unwrap(), "--bank", bank]);
    assert_eq!(code, 0);
    let case = imported["cases"][0]["case"].as_str().unwrap().to_owned();
    let volume = &imported["cases"][0]["volumes"][0];
    for field in [
        "volume",
        "modality",
        "size",
        "spacing_mm",
        "origin_lps_mm",
        "direction",
        "range",
        "unit",
        "findings",
    ] {
        assert!(!volume[field].is_null(), "{field}");
    }

    let (code, segmented) = json(&[
        "segment",
        &case,
        "--method",
        "threshold",
        "--param",
        "lower=300",
        "--name",
        "hard",
        "--bank",
        bank,
    ]);
    assert_eq!((code, segmented["segment"].as_str()), (0, Some("hard")));
    assert_eq!(segmented["params"]["lower"], 300.0);

    let file = out.join("hard.3mf");
    let (code, mesh) =
        json(&["mesh", &case, "--segment", "hard", "--out", file.to_str().unwrap(), "--bank", bank]);
    assert_eq!((code, mesh["source"].as_str(), mesh["closed"].as_bool()), (0, Some("grey"), Some(true)));
    let bytes = std::fs::read(&file).unwrap();
    let read = meshing_surface::measure(&meshing_surface::threemf::read(&bytes).unwrap());
    let claimed = mesh["volume_mm3"].as_f64().unwrap();
    assert!((read.volume_mm3 - claimed).abs() < claimed * 1e-5, "{} against {claimed}", read.volume_mm3);

    let exports = || {
        let events = casebank_store::Bank::open(bank).unwrap().audit_events().unwrap();
        events.iter().filter(|event| event.action == casebank_store::AuditAction::Export).count()
    };
    assert_eq!(exports(), 1, "a print file leaves a trace");

    let picture = out.join("slice.png");
    let (code, drawn) = json(&[
        "render",
        &case,
        "--mode",
        "mpr",
        "--camera",
        "coronal",
        "--out",
        picture.to_str().unwrap(),
        "--bank",
        bank,
    ]);
    assert_eq!(code, 0);
    assert_eq!(image::open(&picture).unwrap().width(), drawn["width"].as_u64().unwrap() as u32);

    let (code, shown) = json(&["case", "show", &case, "--bank", bank]);
    assert_eq!(
        (code, shown["segments"].as_array().unwrap().len(), shown["surfaces"].as_array().unwrap().len()),
        (0, 1, 1)
    );
    let (code, verified) = json(&["case", "verify", "--bank", bank]);
    assert_eq!((code, &verified["damages"]), (0, &serde_json::json!([])));
    let (code, found) = json(&["case", "search", "teaching", "--bank", bank]);
    assert_eq!((code, found["cases"].as_array().unwrap().len()), (0, 1));
}

/// A severe finding refuses the print until somebody accepts it by name and reason.
#[test]
fn a_missing_slice_is_refused_until_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let (scan, bank) = (folder.path().join("scan"), folder.path().join("bank"));
    let slices = app_engine::teaching::write(&scan).unwrap();
    std::fs::remove_file(&slices[slices.len() / 2]).unwrap();
    let bank = bank.to_str().unwrap();
    let (_, imported) = json(&["import", scan.to_str().unwrap(), "--bank", bank]);
    let case = imported["cases"][0]["case"].as_str().unwrap().to_owned();
    json(&["segment", &case, "--method", "bone", "--bank", bank]);
    let file = folder.path().join("bone.stl");
    let mesh = ["mesh", &case, "--segment", "bone", "--out", file.to_str().unwrap(), "--bank", bank];
    let (code, refused) = json(&mesh);
    assert_eq!(code, 3, "{refused}");
    assert!(refused["error"]["what"].as_str().unwrap().contains("missing"), "{refused}");
    assert!(!file.exists());
    let (code, _) = json(&[
        "case",
        "accept",
        &case,
        "--finding",
        "missing_slice",
        "--by",
        "Dr Lee",
        "--reason",
        "outside the plan",
        "--bank",
        bank,
    ]);
    assert_eq!(code, 0);
    let (code, written) = json(&mesh);
    assert_eq!((code, written["closed"].as_bool()), (0, Some(true)));
    let (_, shown) = json(&["case", "show", &case, "--bank", bank]);
    assert_eq!(shown["acceptances"][0]["by"], "Dr Lee");
}
