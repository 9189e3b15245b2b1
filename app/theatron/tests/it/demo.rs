//! The main job on the teaching case and on the shared scans.

use std::path::Path;

use crate::{admesh_problems, demo};

/// Pictures are drawn, the print files are whole, the volume arrived exactly.
fn complete(out: &Path, report: &serde_json::Value, segment: &str) {
    assert_eq!(report["transport"]["exact"], true);
    assert!(report["transport"]["first_full_extent_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(report["segments"][0]["segment"], segment);
    for picture in report["pictures"].as_array().unwrap() {
        let picture = image::open(picture.as_str().unwrap()).unwrap().to_rgba8();
        let lit = picture.pixels().filter(|p| p.0[0] > 40).count();
        assert!(lit * 200 > picture.pixels().len(), "a picture is all but black");
    }
    for mesh in report["meshes"].as_array().unwrap() {
        assert_eq!(mesh["closed"], true);
        assert!(mesh["volume_mm3"].as_f64().unwrap() > 1000.0);
        assert!(Path::new(mesh["file"].as_str().unwrap()).is_file());
    }
    let stl = out.join(format!("{segment}.stl"));
    if let Some(problems) = admesh_problems(&stl) {
        assert_eq!(problems, []);
    }
}

#[test]
fn the_teaching_case_goes_the_whole_way() {
    let out = tempfile::tempdir().unwrap();
    let (code, said, report) = demo(&[], out.path());
    assert_eq!(code, 0, "{said}");
    complete(out.path(), &report, "bone");
    assert_eq!(report["volumes"][0]["modality"], "CT");
    assert_eq!(report["volumes"][0]["findings"], serde_json::json!([]));
}

#[test]
fn the_chest_ct_goes_the_whole_way() {
    let Some(folder) = tools_peers::data::archive("ct_chest_lidc0314") else { return };
    let out = tempfile::tempdir().unwrap();
    let (code, said, report) = demo(&[folder.to_str().unwrap()], out.path());
    assert_eq!(code, 0, "{said}");
    complete(out.path(), &report, "bone");
    assert_eq!(report["volumes"][0]["size"], serde_json::json!([512, 512, 275]));
}

#[test]
fn the_synthetic_phantom_goes_the_whole_way() {
    let Some(folder) = tools_peers::data::archive("synth_phantom_a") else { return };
    let out = tempfile::tempdir().unwrap();
    let (code, said, report) = demo(&[folder.to_str().unwrap()], out.path());
    assert_eq!(code, 0, "{said}");
    complete(out.path(), &report, "bone");
}

#[test]
fn the_plastic_head_goes_the_whole_way_and_its_companions_are_named() {
    let Some(folder) = tools_peers::data::archive("ct_headphantom_multiseries") else { return };
    let out = tempfile::tempdir().unwrap();
    let (code, said, report) = demo(&[folder.to_str().unwrap()], out.path());
    assert_eq!(code, 0, "{said}");
    complete(out.path(), &report, "bone");
    let codes: Vec<&str> =
        report["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"localizer") && codes.contains(&"secondary_capture"), "{codes:?}");
}

#[test]
fn the_thigh_cts_give_bone() {
    let Some(folder) = tools_peers::data::archive("sts_ct_mr_pet_rtstruct") else { return };
    for patient in ["STS_001", "STS_028"] {
        let out = tempfile::tempdir().unwrap();
        let (code, said, report) =
            demo(&[folder.join(patient).join("dicom/CT").to_str().unwrap()], out.path());
        assert_eq!(code, 0, "{said}");
        complete(out.path(), &report, "bone");
    }
}

#[test]
fn the_mr_head_gives_skin() {
    let Some(folder) = tools_peers::data::archive("mr_head_t1") else { return };
    let out = tempfile::tempdir().unwrap();
    let (code, said, report) = demo(&[folder.to_str().unwrap()], out.path());
    assert_eq!(code, 0, "{said}");
    complete(out.path(), &report, "skin");
}

/// Gantry tilt and variable spacing: pictures yes, print file no, and the slices are named.
#[test]
fn a_tilted_head_is_drawn_but_not_printed() {
    let Some(folder) = tools_peers::data::archive("ct_head_tilt_varspacing_ge") else { return };
    let out = tempfile::tempdir().unwrap();
    let (code, said, report) = demo(&[folder.to_str().unwrap()], out.path());
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("tilt") && said.contains("slice"), "{said}");
    assert!(report["refused"]["what"].as_str().unwrap().len() > 20);
    assert!(report["pictures"].as_array().unwrap().len() >= 6);
    assert_eq!(report["meshes"], serde_json::json!([]));
    assert!(!out.path().join("bone.stl").exists() && !out.path().join("bone.3mf").exists());
}
