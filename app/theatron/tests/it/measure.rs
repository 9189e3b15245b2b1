//! What meshes measure: blocks, of which everything is known.

use std::fmt::Write as _;
use std::path::Path;

use crate::chinese::chinese;
use crate::{json, theatron};

/// A block of 40 × 30 × 20 mm from the origin, moved along L; without its top if it is open.
fn block(folder: &Path, name: &str, moved: f64, open: bool) -> String {
    let mut text = String::new();
    for n in 0..8_u8 {
        let [x, y, z] = [n & 1, n >> 1 & 1, n >> 2 & 1].map(f64::from);
        writeln!(text, "v {} {} {}", 40.0 * x + moved, 30.0 * y, 20.0 * z).unwrap();
    }
    for face in ["1 3 4 2", "1 2 6 5", "2 4 8 6", "4 3 7 8", "3 1 5 7", "5 6 8 7"] {
        if !(open && face == "5 6 8 7") {
            writeln!(text, "f {face}").unwrap();
        }
    }
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_block_measures_what_its_sides_say() {
    let folder = tempfile::tempdir().unwrap();
    let still = block(folder.path(), "still.obj", 0.0, false);
    let moved = block(folder.path(), "moved.obj", 0.5, false);
    let [map, drawn] =
        ["far.ply", "far.png"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    let cut = ["--section", "0,0,5:0,0,-2", "--section", "-9,0,0:1,0,0"];
    let more = ["--curvature", "--against", &moved, "--map", &map, "--preview", &drawn];
    let (code, found) = json(&[&["measure", &still, "--unit", "mm"], &cut[..], &more].concat());
    assert_eq!(code, 0, "{found}");
    let number = |pointer: &str| found.pointer(pointer).and_then(serde_json::Value::as_f64).unwrap();
    for (pointer, expected) in [
        ("/volume_mm3", 24000.0),
        ("/area_mm2", 5200.0),
        ("/centroid_lps_mm/0", 20.0),
        ("/axes/0/length_mm", 40.0),
        ("/axes/1/length_mm", 30.0),
        ("/axes/2/length_mm", 20.0),
        ("/axes/0/direction_lps/0", 1.0),
        ("/axes/0/moment_mm5", 24000.0 * 1300.0 / 12.0),
        ("/sections/0/area_mm2", 1200.0),
        ("/sections/0/perimeter_mm", 140.0),
        ("/sections/0/normal_lps/2", -1.0),
        ("/sections/1/area_mm2", 0.0),
        ("/distance/hausdorff_mm", 0.5),
        ("/distance/from_other_mm", 0.5),
        ("/distance/signed_mm/p5", 0.0),
        ("/distance/signed_mm/p95", 0.5),
    ] {
        assert!((number(pointer) - expected).abs() < 1e-6 * expected.abs().max(1.0), "{pointer}: {found}");
    }
    assert_eq!(found["sections"][0]["curves"].as_array().unwrap().len(), 1);
    assert!(number("/curvature/mean_per_mm/median") > 0.0);
    let map = std::fs::read(map).unwrap();
    assert!(String::from_utf8_lossy(&map[..400]).contains("property float quality"));
    assert_eq!(meshing_surface::ply::read(&map, 1.0).unwrap().triangles.len(), 12);
    let drawn = image::open(drawn).unwrap();
    assert!(drawn.width() > drawn.height(), "the scale of the colours stands beside");
}

#[test]
fn what_cannot_be_measured_is_told_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let open = block(folder.path(), "open.obj", 0.0, true);
    let (code, found) = json(&["measure", &open, "--unit", "mm", "--section", "0,0,5:0,0,1"]);
    assert_eq!((code, found["closed"].as_bool()), (0, Some(false)), "{found}");
    assert!(found["volume_mm3"].is_null() && found["axes"].as_array().unwrap().is_empty(), "{found}");
    for (arguments, code) in [
        (vec!["measure", &open], 2),
        (vec!["measure", "6864665e-0f40-4197-9798-608c57834b89"], 2),
        (vec!["measure", &open, "--unit", "mm", "--section", "0,0,5:0,0,0"], 2),
        (vec!["measure", &open, "--unit", "mm", "--map", "far.ply"], 2),
        (vec!["measure", &open, "--unit", "mm", "--curvature", "--map", "far.stl"], 2),
        (vec!["measure", &open, "--unit", "m"], 3),
    ] {
        assert_eq!(theatron(&arguments).status.code(), Some(code), "{arguments:?}");
        chinese(&arguments);
    }
    chinese(&[
        "measure",
        &open,
        "--unit",
        "mm",
        "--section",
        "0,0,5:0,0,1",
        "--curvature",
        "--against",
        &open,
    ]);
}
