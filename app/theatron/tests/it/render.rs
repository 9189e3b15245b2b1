//! Pictures from the command line.

use image::RgbaImage;

use crate::guide::torso;
use crate::json;

/// How much of a picture's middle is brighter than its background.
fn bright(picture: &RgbaImage) -> f64 {
    let (w, h) = picture.dimensions();
    let middle = picture
        .enumerate_pixels()
        .filter(|(x, y, _)| (w / 4..w * 3 / 4).contains(x) && (h / 4..h * 3 / 4).contains(y));
    let seen = middle.filter(|(_, _, p)| p.0[0] > 60).count();
    seen as f64 / f64::from(w * h / 4)
}

#[test]
fn every_mode_draws_and_segments_are_shown_hidden_and_cut_by() {
    let folder = tempfile::tempdir().unwrap();
    let bank = folder.path().join("bank");
    let bank = bank.to_str().unwrap();
    let case = torso(folder.path(), bank);
    // the edge of a bone is no bone to a threshold, but is seen: what is to vanish takes a margin along
    let margin = ["--method", "margin", "--from", "bone", "--param", "mm=3", "--name", "around"];
    assert_eq!(json(&[&["segment", &case, "--bank", bank][..], &margin].concat()).0, 0);
    let out = folder.path().join("drawn.png");
    let out = out.to_str().unwrap();
    let draw = |arguments: &[&str]| {
        let all = [&["render", &case, "--bank", bank, "--pixels", "256", "--out", out], arguments].concat();
        let (code, answer) = json(&all);
        assert_eq!(code, 0, "{arguments:?}: {answer}");
        (image::open(out).unwrap().to_rgba8(), answer)
    };
    let (bone, answer) = draw(&["--mode", "dvr", "--preset", "bone", "--stats"]);
    assert!(bright(&bone) > 0.05, "bone is seen");
    let number = |pointer: &str| answer.pointer(pointer).and_then(serde_json::Value::as_f64).unwrap();
    assert!(number("/stages_ms/draw") > 0.0 && number("/march/bytes") > 0.0);
    assert!(number("/march/rays") > 0.0 && number("/march/rays") <= 256.0 * 256.0);
    assert!(number("/march/samples_a_ray") >= number("/march/shaded_a_ray"));
    assert!((0.0..1.0).contains(&number("/march/skipped_share")));

    let (hidden, _) = draw(&["--mode", "dvr", "--preset", "bone", "--hide", "around", "--hide", "bone"]);
    assert!(bright(&hidden) < bright(&bone) * 0.5, "{} of {}", bright(&hidden), bright(&bone));
    let (alone, _) = draw(&["--mode", "dvr", "--preset", "skin", "--only", "around"]);
    let (skin, _) = draw(&["--mode", "dvr", "--preset", "skin"]);
    assert!(bright(&alone) < bright(&skin), "what belongs to no segment is cut away");
    for arguments in [
        &["--mode", "mip", "--window", "300,1500"][..],
        &["--mode", "path", "--samples", "2"],
        &["--mode", "mpr", "--camera", "coronal", "--slab", "12", "--projection", "maximum", "--segments"],
        &["--mode", "mpr", "--normal", "0.2,0.9,0.3", "--palette", "hot_iron", "--window", "40,400"],
    ] {
        assert!(bright(&draw(arguments).0) > 0.02, "{arguments:?} is dark");
    }
    let thin = draw(&["--mode", "mpr", "--camera", "axial"]).0;
    let thick = draw(&["--mode", "mpr", "--camera", "axial", "--slab", "30", "--projection", "maximum"]).0;
    assert!(bright(&thick) >= bright(&thin) && thick != thin, "a thick maximum shows more than a thin slice");

    for (wrong, told) in [
        (["--hide", "liver"], "no segment"),
        (["--palette", "neon"], "hot_iron"),
        (["--window", "40,0"], "width of 1 or more"),
        (["--window", "40,inf"], "width of 1 or more"),
        (["--slab", "NaN"], "0 to 1000 mm"),
        (["--step", "1e-9"], "0.1 to 4 voxels"),
        (["--normal", "NaN,1,0"], "three numbers"),
        (["--pixels", "0"], "16..=16384"),
        (["--preset", "x-ray glasses"], "The presets are"),
    ] {
        let all = [&["render", &case, "--bank", bank, "--out", out], &wrong[..]].concat();
        let output = crate::theatron(&all);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(told), "{wrong:?}: {said}");
    }
    // a slice beside the scan would be a plausible black picture
    let beside = ["--mode", "mpr", "--at", "99999,0,0"];
    let output = crate::theatron(&[&["render", &case, "--bank", bank, "--out", out], &beside[..]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("outside the scan"), "{said}");
}
