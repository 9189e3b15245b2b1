//! From the scan to a guide that fits the plan, and follows it when it changes.

use std::path::Path;

use serde_json::Value;

use crate::{admesh_problems, json, theatron};

/// The teaching torso in a bank, its bone segmented; gives the case's id.
pub(crate) fn torso(folder: &Path, bank: &str) -> String {
    let scan = folder.join("scan");
    app_engine::teaching::write(&scan).unwrap();
    let (code, imported) = json(&["import", scan.to_str().unwrap(), "--bank", bank]);
    assert_eq!(code, 0);
    let case = imported["cases"][0]["case"].as_str().unwrap().to_owned();
    let (code, _) = json(&["segment", &case, "--method", "bone", "--bank", bank]);
    assert_eq!(code, 0);
    case
}

/// A place on the front of the breastbone, and one behind it.
pub(crate) fn on_the_breastbone(case: &str, folder: &Path, bank: &str) -> [[f64; 3]; 2] {
    let file = folder.join("bone.stl");
    let (code, _) =
        json(&["mesh", case, "--segment", "bone", "--out", file.to_str().unwrap(), "--bank", bank]);
    assert_eq!(code, 0);
    let bone = meshing_surface::stl::read(&std::fs::read(file).unwrap()).unwrap();
    // The breastbone is the one flat piece in front; its middle lies 50 mm above the middle of the scan.
    let near = bone.positions.iter().filter(|p| (p.z() - 50.0).abs() < 4.0 && p.x().abs() < 4.0);
    let entry = near.min_by(|a, b| a.y().total_cmp(&b.y())).unwrap().to_array();
    [entry, [entry[0], entry[1] + 9.0, entry[2]]]
}

pub(crate) fn text([x, y, z]: [f64; 3]) -> String {
    format!("{x},{y},{z}")
}

fn failed(answer: &Value) -> Vec<&str> {
    let checks = answer["checks"].as_array().unwrap();
    checks.iter().filter(|c| c["pass"] == false).map(|c| c["code"].as_str().unwrap()).collect()
}

#[test]
fn a_guide_follows_its_plan_and_leaves_only_checked_or_signed_for() {
    let folder = tempfile::tempdir().unwrap();
    let bank = folder.path().join("bank");
    let bank = bank.to_str().unwrap();
    let case = torso(folder.path(), bank);
    let [entry, target] = on_the_breastbone(&case, folder.path(), bank);
    let put = |shift: f64| {
        let along = |[x, y, z]: [f64; 3]| text([x, y, z + shift]);
        let (from, to) = (along(entry), along(target));
        let call = [
            "plan",
            "put",
            &case,
            "screw",
            "--entry",
            &from,
            "--target",
            &to,
            "--diameter",
            "3.5",
            "--bank",
            bank,
        ];
        let (code, answer) = json(&call);
        assert_eq!(code, 0, "{answer}");
        answer
    };
    put(0.0);

    // A place off the scan and one in metres are refused.
    let far = json(&["plan", "put", &case, "far", "--point", "0,0,99999", "--bank", bank]);
    assert_eq!(far.0, 3);

    let print = folder.path().join("guide.stl");
    let guide = |out: &Path| {
        let out = out.to_str().unwrap();
        let call = [
            "guide",
            &case,
            "--recipe",
            "drill_guide",
            "--segment",
            "bone",
            "--param",
            "brush_mm=14",
            "--label",
            "T 1",
            "--out",
            out,
            "--bank",
            bank,
        ];
        json(&call)
    };
    let (code, made) = guide(&print);
    assert_eq!(made["parts"], 1, "{made}");
    assert_eq!((code == 0, print.exists()), (failed(&made).is_empty(), failed(&made).is_empty()), "{made}");
    let by_hand = folder.path().join("signed.stl");
    let sign = [
        "check",
        &case,
        "--solid",
        "drill_guide",
        "--sign",
        "Dr Lee",
        "--reason",
        "a test",
        "--out",
        by_hand.to_str().unwrap(),
        "--bank",
        bank,
    ];
    assert_eq!(json(&sign).0, 0);
    if let Some(problems) = admesh_problems(&by_hand) {
        assert!(problems.iter().all(|(_, count)| *count == 0), "{problems:?}");
    }

    // The plan moves: guide and checks are out of date, and nothing leaves before they are made again.
    let stale = put(2.0)["stale"].clone();
    assert_eq!(stale.as_array().map(Vec::len), Some(2), "{stale}");
    let old = folder.path().join("old.stl");
    let export = ["check", &case, "--solid", "drill_guide", "--sign", "x", "--reason", "y", "--out"];
    let mut call = export.to_vec();
    call.extend([old.to_str().unwrap(), "--bank", bank]);
    let (code, _) = json(&call);
    assert!(code == 3 && !old.exists(), "a stale guide stays inside");
    let (code, again) = json(&["recompute", &case, "--bank", bank]);
    assert_eq!((code, again["made"].as_array().map(Vec::len)), (0, Some(2)), "{again}");
    let (_, shown) = json(&["case", "show", &case, "--bank", bank]);
    let solid = &shown["solids"][0];
    let middle = |n: usize| {
        f64::midpoint(
            solid["bbox_lps_mm"][0][n].as_f64().unwrap(),
            solid["bbox_lps_mm"][1][n].as_f64().unwrap(),
        )
    };
    assert!((middle(2) - entry[2] - 2.0).abs() < 6.0, "the guide moved with the screw: {solid}");
    assert!(shown["checks"][0]["signature"].is_null(), "new checks come unsigned");

    // The journal holds it all, and is sound.
    assert!(theatron(&["case", "verify", "--bank", bank]).status.success());
}

#[test]
fn a_guide_off_the_bone_and_a_plan_without_a_bore_are_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let bank = folder.path().join("bank");
    let bank = bank.to_str().unwrap();
    let case = torso(folder.path(), bank);
    let [entry, target] = on_the_breastbone(&case, folder.path(), bank);
    let aside = |[x, y, z]: [f64; 3]| text([x, y - 60.0, z]);
    let (from, to) = (aside(entry), aside(target));
    let call =
        ["plan", "put", &case, "air", "--entry", &from, "--target", &to, "--diameter", "3.5", "--bank", bank];
    assert_eq!(json(&call).0, 0);
    let guide = |plan: &str, recipe: &str| {
        json(&["guide", &case, "--recipe", recipe, "--segment", "bone", "--plan", plan, "--bank", bank])
    };
    let (code, told) = guide("air", "drill_guide");
    assert_eq!(code, 3, "{told}");
    assert!(told["error"]["message_zh"].as_str().is_some(), "{told}");
    assert_eq!(guide("none", "drill_guide").0, 2);
    assert_eq!(guide("air", "crown").0, 2);
    let region = text(entry);
    let call = ["plan", "put", &case, "spot", "--region", &region, "--radius", "15", "--bank", bank];
    assert_eq!(json(&call).0, 0);
    assert_eq!(guide("spot", "drill_guide").0, 3, "a drill guide needs a bore");

    // What no recipe takes, and parameters that nobody knows, are not passed over in silence.
    let call = ["plan", "put", &case, "mark", "--point", &region, "--bank", bank];
    assert_eq!(json(&call).0, 0);
    assert_eq!(guide("mark", "drill_guide").0, 3, "a point says nothing to a recipe");
    for (param, code) in
        [("insertion_lps=1", 2), ("label=3", 2), ("brush_mm=-5", 2), ("slot_mm=9000", 2), ("wall=99", 3)]
    {
        let call = [
            "guide",
            &case,
            "--recipe",
            "drill_guide",
            "--segment",
            "bone",
            "--plan",
            "air",
            "--param",
            param,
            "--bank",
            bank,
        ];
        assert_eq!(json(&call).0, code, "{param}");
    }
}

#[test]
fn what_can_no_longer_be_made_is_told_and_the_rest_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let bank = folder.path().join("bank");
    let bank = bank.to_str().unwrap();
    let case = torso(folder.path(), bank);
    let [entry, target] = on_the_breastbone(&case, folder.path(), bank);
    let put = |name: &str, [y, z]: [f64; 2]| {
        let moved = |p: [f64; 3]| text([p[0], p[1] + y, p[2] + z]);
        let (from, to) = (moved(entry), moved(target));
        let call = [
            "plan",
            "put",
            &case,
            name,
            "--entry",
            &from,
            "--target",
            &to,
            "--diameter",
            "3.5",
            "--bank",
            bank,
        ];
        assert_eq!(json(&call).0, 0);
    };
    put("a", [0.0, 0.0]);
    put("b", [0.0, -20.0]);
    for name in ["a", "b"] {
        let call = [
            "guide",
            &case,
            "--recipe",
            "drill_guide",
            "--segment",
            "bone",
            "--plan",
            name,
            "--name",
            name,
            "--param",
            "brush_mm=14",
            "--label",
            "T 1",
            "--bank",
            bank,
        ];
        let (_, made) = json(&call);
        assert_eq!(made["solid"], name, "{made}");
    }
    put("a", [-60.0, 0.0]);
    put("b", [0.0, -21.0]);
    let (code, again) = json(&["recompute", &case, "--bank", bank]);
    let named = |list: &str, kind: &str| -> Vec<String> {
        let of = |one: &Value| one[kind]["name"].as_str().or(one[kind]["solid"].as_str()).map(str::to_owned);
        again[list].as_array().unwrap().iter().filter_map(of).collect()
    };
    assert_eq!((code, named("refused", "solid")), (3, vec!["a".to_owned()]), "{again}");
    assert_eq!(named("made", "solid"), ["b"], "{again}");
    assert_eq!(named("made", "checks"), ["b"], "{again}");
    assert_eq!(named("left", "checks"), ["a"], "checks of a guide that was not made: {again}");
}

#[test]
fn a_mesh_file_is_converted_and_checked_with_its_unit() {
    let folder = tempfile::tempdir().unwrap();
    let bank = folder.path().join("bank");
    let bank = bank.to_str().unwrap();
    let case = torso(folder.path(), bank);
    on_the_breastbone(&case, folder.path(), bank);
    let stl = folder.path().join("bone.stl");
    let (stl, glb) = (stl.to_str().unwrap(), folder.path().join("bone.glb"));
    let glb = glb.to_str().unwrap();
    assert_eq!(json(&["convert", stl, glb]).0, 2, "an STL states no unit");
    assert_eq!(json(&["convert", stl, glb, "--unit", "m"]).0, 3, "no torso is that large");
    let (code, mm) = json(&["convert", stl, glb, "--unit", "mm"]);
    assert_eq!(code, 0, "{mm}");
    let (code, back) = json(&["convert", glb, folder.path().join("back.3mf").to_str().unwrap()]);
    let volume = |answer: &Value| answer["volume_mm3"].as_f64().unwrap();
    assert_eq!(code, 0);
    assert!((volume(&mm) - volume(&back)).abs() < 1e-4 * volume(&mm));
    let (_, checked) = json(&["check", stl, "--unit", "mm"]);
    assert!(
        checked["checks"].as_array().unwrap().iter().any(|c| c["code"] == "watertight" && c["pass"] == true)
    );
    assert_eq!(json(&["check", stl]).0, 2);
}
