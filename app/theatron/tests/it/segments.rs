//! Segments that are made from segments, and what they measure.

use crate::guide::torso;
use crate::{json, theatron};

#[test]
fn a_segment_is_changed_compared_and_made_again_when_its_source_changes() {
    let folder = tempfile::tempdir().unwrap();
    let bank = folder.path().join("bank");
    let bank = bank.to_str().unwrap();
    let case = torso(folder.path(), bank);
    let call = |arguments: &[&str]| json(&[arguments, &["--bank", bank]].concat());
    let segment = |arguments: &[&str]| call(&[&["segment", &case], arguments].concat());
    let volume = |answer: &serde_json::Value| answer["volume_mm3"].as_f64().unwrap();

    let (code, around) =
        segment(&["--method", "margin", "--from", "bone", "--param", "mm=3", "--name", "around"]);
    assert_eq!((code, around["from"][0].as_str()), (0, Some("bone")));
    let (code, wall) =
        segment(&["--method", "subtract", "--from", "around", "--from", "bone", "--name", "wall"]);
    assert_eq!(code, 0, "{wall}");
    let (_, found) = call(&["statistics", &case, "--against", "bone"]);
    let of =
        |name: &str| found["segments"].as_array().unwrap().iter().find(|s| s["segment"] == name).unwrap();
    assert_eq!(found["segments"].as_array().unwrap().len(), 2, "all but the one that they are compared with");
    assert_eq!(of("wall")["agreement"]["dice"], 0.0);
    let (bone, wide) = (volume(&around) - volume(&wall), volume(&around));
    let dice = of("around")["agreement"]["dice"].as_f64().unwrap();
    assert!((dice - 2.0 * bone / (bone + wide)).abs() < 1e-9, "{dice}");
    let hd95 = of("around")["agreement"]["hd95_mm"].as_f64().unwrap();
    // 3 mm apart, more where the margin closes a gap between bones.
    assert!((2.5..7.0).contains(&hd95), "{hd95}");
    let (_, alone) = call(&["statistics", &case, "--segment", "bone"]);
    let figures = &alone["segments"][0];
    let [counted, weighted] = ["counted", "weighted"].map(|way| figures["volume_mm3"][way].as_f64().unwrap());
    assert!((counted - bone).abs() < 1e-6 && (weighted / counted - 1.0).abs() < 0.2, "{counted} {weighted}");
    assert!(figures["unit"] == "HU" && figures["values"]["mean"].as_f64().unwrap() > 200.0, "{figures}");

    // Two that touch in one file: a wall between them that both have, or a surface each.
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mesh = |names: [&str; 2], more: &[&str], out: &str| {
        let [a, b] = names;
        call(&[&["mesh", &case, "--segment", a, "--segment", b, "--out", out], more].concat())
    };
    for (out, shared) in [(file("both.3mf"), true), (file("both.glb"), true), (file("two.3mf"), false)] {
        let more = if shared { &["--shared-walls"][..] } else { &["--max-error-mm", "0"] };
        let (code, answer) = mesh(["bone", "wall"], more, &out);
        assert_eq!(code, 0, "{answer}");
        let found = answer["segments"].as_array().unwrap();
        let sum: f64 = found.iter().map(|part| part["volume_mm3"].as_f64().unwrap()).sum();
        assert!((sum / wide - 1.0).abs() < 0.1, "{sum} {wide}");
        assert_ne!(found[0]["colour"], found[1]["colour"]);
        let read = std::fs::read(&out).unwrap();
        let read = if out.ends_with("glb") {
            meshing_surface::glb::read(&read).unwrap()
        } else {
            meshing_surface::threemf::read(&read).unwrap()
        };
        assert!((meshing_surface::measure(&read).volume_mm3 / sum - 1.0).abs() < 1e-3);
    }
    assert_eq!(mesh(["around", "bone"], &["--shared-walls"], &file("x.3mf")).0, 3, "they overlap");
    assert_eq!(mesh(["bone", "wall"], &[], &file("x.stl")).0, 2, "an STL holds one solid");
    assert_eq!(mesh(["bone", "bone"], &[], &file("x.3mf")).0, 2, "the same place twice");

    // The source at another level: what was made from it follows, in its order.
    let (code, _) = segment(&["--method", "threshold", "--param", "lower=700", "--name", "bone"]);
    assert_eq!(code, 0);
    let (code, done) = call(&["recompute", &case]);
    let made = done["made"].as_array().unwrap();
    assert_eq!((code, made.len()), (0, 4), "{done}");
    assert_eq!([&made[0]["segment"]["name"], &made[1]["segment"]["name"]], ["around", "wall"]);
    assert_eq!([&made[2]["surface"]["segment"], &made[3]["surface"]["segment"]], ["bone", "wall"]);
    let (_, again) = call(&["statistics", &case, "--segment", "around"]);
    assert!(again["segments"][0]["volume_mm3"]["counted"].as_f64().unwrap() < wide);

    for (refused, code) in [
        (&["--method", "margin", "--from", "bone", "--name", "bone"][..], 2),
        (&["--method", "margin", "--from", "none"], 2),
        (&["--method", "margin"], 2),
        (&["--method", "union", "--from", "bone"], 2),
        (&["--method", "margin", "--from", "bone", "--param", "mm=500"], 2),
        (&["--method", "margin", "--from", "bone", "--param", "mm=-90"], 3),
        // What was made from it must not come before it.
        (&["--method", "margin", "--from", "wall", "--name", "around"], 3),
    ] {
        let (found, answer) = segment(refused);
        assert_eq!(found, code, "{refused:?}: {answer}");
        let said = answer["error"]["message_zh"].as_str().unwrap_or_default();
        assert!(said.chars().any(|c| c >= '\u{4E00}'), "{refused:?}: {answer}");
    }
    let lost = theatron(&["statistics", &case, "--segment", "none", "--bank", bank]);
    assert_eq!(lost.status.code(), Some(2));
}

#[test]
fn a_segment_of_one_voxel_and_one_of_none_are_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let [scan, bank, out] =
        ["speck.nrrd", "bank", "speck.3mf"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    let mut bytes = b"NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 9 9 9\n\
        space directions: (1,0,0) (0,1,0) (0,0,1)\nspace origin: (0,0,0)\nendian: little\nencoding: raw\n\n"
        .to_vec();
    bytes.extend((0..729).flat_map(|n| if n == 364 { 1000_i16 } else { -1000 }.to_le_bytes()));
    std::fs::write(&scan, bytes).unwrap();
    let (code, found) = json(&["import", &scan, "--modality", "CT", "--bank", &bank]);
    assert_eq!(code, 0, "{found}");
    let case = found["cases"][0]["case"].as_str().unwrap();
    let segment = |lower: &str, name: &str| {
        let lower = format!("lower={lower}");
        json(&["segment", case, "--method", "threshold", "--param", &lower, "--name", name, "--bank", &bank])
    };
    assert_eq!(segment("2000", "none").0, 3, "no voxel is that bright");
    let (code, speck) = segment("500", "speck");
    assert_eq!((code, speck["voxels"].as_u64()), (0, Some(1)), "{speck}");
    let arguments = ["mesh", case, "--segment", "speck", "--bank", &bank, "--out", &out];
    assert_eq!(theatron(&arguments).status.code(), Some(3));
    assert!(crate::chinese::chinese(&arguments).contains("体素") && !std::path::Path::new(&out).exists());
}
