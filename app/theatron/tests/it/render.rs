//! Pictures from the command line.

use std::path::Path;

use casebank_case::StudyInfo;
use casebank_dicom::{SeriesInfo, write_series};
use image::RgbaImage;
use meshing_phantom::Phantom;
use meshing_space::{Lps, Transform};
use meshing_volume::{Volume, VolumeMeta};
use serde_json::Value;

use crate::guide::torso;
use crate::{json, theatron};

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
    let number = |pointer: &str| answer.pointer(pointer).and_then(Value::as_f64).unwrap();
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
        &["--mode", "mean", "--window", "-600,900"],
        &["--mode", "iso", "--iso", "250:#ffffff", "--stats"],
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
        (["--slab", "NaN"], "--slab"),
        (["--step", "1e-9"], "0.1 to 4 voxels"),
        (["--normal", "NaN,1,0"], "three numbers"),
        (["--pixels", "0"], "16..=16384"),
        (["--preset", "x-ray glasses"], "The presets are"),
        (["--presets", "/no/such/folder"], "There is no folder"),
        (["--opacity", "-1"], "--opacity"),
    ] {
        let all = [&["render", &case, "--bank", bank, "--out", out], &wrong[..]].concat();
        let output = theatron(&all);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(told), "{wrong:?}: {said}");
    }
    // a slice beside the scan would be a plausible black picture
    let beside = ["--mode", "mpr", "--at", "99999,0,0"];
    let output = theatron(&[&["render", &case, "--bank", bank, "--out", out], &beside[..]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("outside the scan"), "{said}");
}

/// A head as CT and, in the frame of reference `second`, as MR; gives the case's id.
fn two_scans(folder: &Path, bank: &str, second: &str) -> String {
    let phantom = Phantom::head();
    let grid = phantom.grid([6.0; 3], Transform::<Lps, Lps>::identity());
    for (modality, frame) in [("CT", "1.2.3.4"), ("MR", second)] {
        let (grid, voxels, _) = phantom.volume(&grid).into_parts();
        let frame_of_reference = frame.to_owned();
        let meta = VolumeMeta { modality: modality.into(), frame_of_reference, ..VolumeMeta::default() };
        let study = StudyInfo { uid: "1.2.3".into(), ..StudyInfo::default() };
        let info = SeriesInfo { seed: modality.into(), study, ..SeriesInfo::default() };
        let place = folder.join(modality);
        std::fs::create_dir_all(&place).unwrap();
        write_series(&Volume::new(grid, voxels, meta).unwrap(), &info, &place).unwrap();
    }
    let (code, imported) = json(&["import", folder.to_str().unwrap(), "--bank", bank]);
    assert!(
        code == 0 && imported["cases"][0]["volumes"].as_array().is_some_and(|v| v.len() == 2),
        "{imported}"
    );
    imported["cases"][0]["case"].as_str().unwrap().to_owned()
}

/// One picture of a case after another.
struct Draws<'a> {
    bank: &'a str,
    case: &'a str,
    out: String,
}

impl Draws<'_> {
    fn call<'b>(&'b self, arguments: &[&'b str]) -> Vec<&'b str> {
        [&["render", self.case, "--bank", self.bank, "--out", &self.out], arguments].concat()
    }

    fn draw(&self, arguments: &[&str]) -> (RgbaImage, Value) {
        let (code, answer) = json(&self.call(arguments));
        assert_eq!(code, 0, "{arguments:?}: {answer}");
        (image::open(&self.out).unwrap().to_rgba8(), answer)
    }

    /// What is said of a call that fails with an exit code.
    fn refused(&self, arguments: &[&str], code: i32) -> String {
        let output = theatron(&self.call(arguments));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        said
    }
}

#[test]
fn a_second_scan_is_laid_over_where_both_lie_in_one_space_and_refused_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let bank = folder.path().join("bank");
    let bank = bank.to_str().unwrap();
    let case = two_scans(&folder.path().join("one"), bank, "1.2.3.4");
    let out = folder.path().join("drawn.png").display().to_string();
    let draws = Draws { bank, case: &case, out: out.clone() };
    let alone = draws.draw(&["--mode", "mpr", "--pixels", "200"]).0;
    let coloured = |p: &RgbaImage| p.pixels().filter(|p| p.0[0].abs_diff(p.0[2]) > 40).count();
    let (fused, answer) =
        draws.draw(&["--mode", "mpr", "--pixels", "200", "--fuse", "MR:hot_iron:0.6", "--stats"]);
    assert!(coloured(&fused) > 10 * coloured(&alone), "{} {}", coloured(&fused), coloured(&alone));
    assert_eq!(fused.dimensions().0.max(fused.dimensions().1), 200);
    assert_eq!(answer["slice"]["layers"], 2);
    let none = draws.draw(&["--mode", "mpr", "--pixels", "200", "--fuse", "MR:hot_iron:0"]).0;
    let words = |p: &RgbaImage| image::imageops::crop_imm(p, 0, 40, 200, 100).to_image();
    assert!(words(&none) == words(&alone), "at no opacity nothing changes");
    let (_, volumes) = draws.draw(&["--pixels", "96", "--fuse", "MR", "--stats"]);
    assert_eq!(volumes["march_of_volumes"].as_array().map(Vec::len), Some(2));

    // the MR alone, in colours that stand for HU
    let (_, warned) = draws.draw(&["--pixels", "64", "--volume", "MR", "--preset", "bone"]);
    assert!(warned["warnings"][0]["message"].as_str().is_some_and(|w| w.contains("HU")), "{warned}");
    assert!(warned["warnings"][0]["message_zh"].as_str().is_some_and(|w| !w.is_ascii()));
    assert!(draws.refused(&["--mode", "mpr", "--fuse", "CT"], 2).contains("over itself"));
    assert!(draws.refused(&["--mode", "mpr", "--fuse", "PT"], 2).contains("(MR)"));
    assert!(draws.refused(&["--mode", "mip", "--fuse", "MR"], 2).contains("dvr, mpr, curved"));
    assert!(draws.refused(&["--fuse", "MR:neon"], 2).contains("hot_iron"));

    let apart = two_scans(&folder.path().join("two"), &format!("{bank}2"), "9.9.9");
    let draws = Draws { bank: &format!("{bank}2"), case: &apart, out };
    assert!(draws.refused(&["--mode", "mpr", "--fuse", "MR"], 3).contains("frames of reference"));
}

fn number(answer: &Value, pointer: &str) -> f64 {
    answer.pointer(pointer).and_then(Value::as_f64).unwrap()
}

#[test]
fn a_curved_slice_is_as_long_and_as_wide_as_its_scale_says() {
    let folder = tempfile::tempdir().unwrap();
    let bank = folder.path().join("bank").display().to_string();
    let case = two_scans(&folder.path().join("scans"), &bank, "1.2.3.4");
    let draws =
        Draws { bank: &bank, case: &case, out: folder.path().join("drawn.png").display().to_string() };
    let (_, answer) = draws.draw(&["--pixels", "32"]);
    let middle = [0, 1, 2].map(|n| number(&answer, &format!("/camera/target/{n}")));
    let points = [[0.0, 0.0, 60.0], [5.0, 20.0, 0.0], [0.0, 10.0, -60.0]];
    let points = points.map(|p: [f64; 3]| [0, 1, 2].map(|n| p[n] + middle[n]));
    let along = points.map(crate::guide::text).join("; ");
    let (curved, answer) = draws.draw(&["--mode", "curved", "--along", &along, "--width", "90", "--stats"]);
    let (pixel, long) = (number(&answer, "/slice/pixel_mm"), number(&answer, "/slice/curve_mm"));
    assert!((123.0..128.0).contains(&long), "{long} mm");
    let [wide, high] = [curved.width(), curved.height()].map(|n| f64::from(n) * pixel);
    assert!((wide - 90.0).abs() < 2.0 * pixel && (high - long).abs() < 2.0 * pixel, "{wide} x {high} mm");
    assert!(bright(&curved) > 0.02, "the head is seen");
    let file = folder.path().join("points.json").display().to_string();
    std::fs::write(&file, serde_json::to_string(&points).unwrap()).unwrap();
    let same = draws.draw(&["--mode", "curved", "--along", &file, "--width", "90"]).0;
    assert!(same == curved, "points of a file are those of the line");
    let planned = ["plan", "put", &case, "way", "--curve", &along, "--bank", &bank];
    assert_eq!(json(&planned).0, 0);
    assert!(draws.draw(&["--mode", "curved", "--along", "way", "--width", "90"]).0 == curved);
    let thick = [
        "--mode",
        "curved",
        "--along",
        "way",
        "--stretch",
        "1,0,0",
        "--slab",
        "20",
        "--projection",
        "maximum",
    ];
    let (stretched, _) = draws.draw(&[&thick[..], &["--pixels", "300"]].concat());
    assert_eq!(stretched.width().max(stretched.height()), 300);
    assert!(
        draws.refused(&["--mode", "curved", "--along", "0,0,0; 0,0,9000"], 2).contains("outside the scan")
    );
    assert!(draws.refused(&["--mode", "curved", "--along", "nowhere"], 2).contains("way"));
    assert!(
        draws.refused(&["--mode", "curved", "--along", "way", "--stretch", "0,0,0"], 2).contains("direction")
    );
    assert!(draws.refused(&["--mode", "curved"], 2).contains("--along"));
    assert!(draws.refused(&["--mode", "mpr", "--projection", "maximum"], 2).contains("--slab"));
}

#[test]
fn eyes_and_cameras_see_what_they_should_and_nonsense_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bank = folder.path().join("bank").display().to_string();
    let case = two_scans(&folder.path().join("scans"), &bank, "1.2.3.4");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let draws = Draws { bank: &bank, case: &case, out: file("drawn.png") };

    // two eyes: each is a view, and they differ
    let (pair, answer) = draws.draw(&["--stereo", "--pixels", "96", "--ipd", "60"]);
    assert!(pair.dimensions() == (192, 96) && answer["stereo"]["ipd_mm"] == 60.0);
    let eye = |x| image::imageops::crop_imm(&pair, x, 0, 96, 96).to_image();
    assert!(eye(0) != eye(96), "no depth between the eyes");
    assert!(draws.refused(&["--stereo", "--orthographic"], 2).contains("parallel"));
    assert!(draws.refused(&["--mode", "mpr", "--stereo"], 2).contains("dvr, mip, minip"));

    // the camera of an answer gives the same picture; distances and tiles lie beside it
    let free = ["--camera-at", "400,-500,60", "--look-at", "0,0,0", "--fov", "25", "--size", "128x96"];
    let more = ["--depths", &file("far.nrrd"), "--tiles", &file("tiles.json")];
    let (first, answer) = draws.draw(&[&free[..], &more].concat());
    std::fs::write(file("camera.json"), answer.to_string()).unwrap();
    let again = ["--from-camera", &file("camera.json"), "--size", "128x96", "--depths", &file("far.png")];
    let (second, scaled) = draws.draw(&again);
    assert!(
        first == second && scaled["depths"]["written"]["mm_per_step"].as_f64().is_some_and(|mm| mm > 0.0)
    );
    let far = image::open(file("far.png")).unwrap().to_luma16();
    let nearest = far.pixels().map(|p| p.0[0]).filter(|&v| v > 0).min().map(f64::from).unwrap();
    let nearest = nearest * number(&scaled, "/depths/written/mm_per_step");
    assert!((nearest - number(&answer, "/depths/written/nearest_mm")).abs() < 0.1, "{nearest}");
    let tiles: Value = serde_json::from_slice(&std::fs::read(file("tiles.json")).unwrap()).unwrap();
    let tile = |t: &Value| {
        let n = |key: &str| u32::try_from(t[key].as_u64().unwrap()).unwrap();
        let text = t["hash"].as_str().unwrap();
        let byte = |i: usize| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap();
        let hash = std::array::from_fn(byte);
        render_volume::Tile { x: n("x"), y: n("y"), width: n("width"), height: n("height"), hash }
    };
    let made: Vec<_> = tiles["tiles"].as_array().unwrap().iter().map(tile).collect();
    render_volume::verify(&first, &made).unwrap();
    let mut changed = first.clone();
    changed.get_pixel_mut(100, 50).0[1] ^= 1;
    assert!(render_volume::verify(&changed, &made).is_err(), "a changed pixel is noticed");
    assert!(draws.refused(&["--camera-at", "0,0,0", "--look-at", "0,0,0"], 2).contains("different places"));
    assert!(draws.refused(&["--camera-at", "9,9,9", "--up", "0,0,0"], 2).contains("--up"));
    assert!(draws.refused(&["--depths", "far.txt"], 2).contains(".nrrd or .png"));

    // a turn around the patient, on white
    let frames = file("frames");
    let turn = ["--turntable", "3", "--pixels", "64", "--background", "white"];
    let (code, answer) = json(&[&["render", &case, "--bank", &bank, "--out", &frames], &turn[..]].concat());
    assert!(code == 0 && answer["files"].as_array().is_some_and(|files| files.len() == 3), "{answer}");
    let frame =
        |n: u32| image::open(folder.path().join(format!("frames/frame-00{n}.png"))).unwrap().to_rgba8();
    assert!(frame(0) != frame(1) && frame(0).get_pixel(2, 12).0 == [255; 4]);
    assert!(draws.refused(&["--turntable", "1"], 2).contains("2..=3600"));
    assert!(draws.refused(&["--background", "pink"], 2).contains("#RRGGBB"));
    assert!(draws.refused(&["--size", "9x9"], 2).contains("1024x768"));
}

#[test]
fn cuts_and_surfaces_of_the_case_are_drawn_and_nonsense_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bank = folder.path().join("bank").display().to_string();
    let case = torso(folder.path(), &bank);
    let mesh = folder.path().join("bone.stl").display().to_string();
    let made = ["mesh", &case, "--segment", "bone", "--max-error-mm", "1", "--out", &mesh, "--bank", &bank];
    assert_eq!(json(&made).0, 0);
    let draws =
        Draws { bank: &bank, case: &case, out: folder.path().join("drawn.png").display().to_string() };

    // a cut takes half away, a seventh is refused, as is one that leaves nothing
    let bone = draws.draw(&["--pixels", "128", "--preset", "bone"]).0;
    let cut = draws.draw(&["--pixels", "128", "--preset", "bone", "--cut", "0,0,0;0,0,1"]).0;
    assert!(bright(&cut) < bright(&bone) * 0.8, "{} of {}", bright(&cut), bright(&bone));
    // the smallest value along each line is that of air, if air lies there
    let least = draws.draw(&["--mode", "minip", "--pixels", "96", "--window", "-600,400"]).0;
    let most = draws.draw(&["--mode", "mip", "--pixels", "96", "--window", "-600,400"]).0;
    assert!(bright(&least) < bright(&most) * 0.5, "{} of {}", bright(&least), bright(&most));
    assert!(draws.refused(&["--mode", "iso", "--preset", "bone"], 2).contains("--iso 250"));
    assert!(draws.refused(&["--mode", "iso", "--iso", "250:red"], 2).contains("VALUE[:COLOUR[:OPACITY]]"));
    assert!(draws.refused(&["--iso", "250"], 2).contains("--mode iso"));
    // thinner, or moved beyond what bone reaches, less of it is seen
    let thin = draws.draw(&["--pixels", "128", "--preset", "bone", "--opacity", "0.05"]).0;
    let moved = draws.draw(&["--pixels", "128", "--preset", "bone", "--shift", "900"]).0;
    assert!(bright(&thin) < bright(&bone) && bright(&moved) < bright(&bone) * 0.5);
    assert!(draws.refused(&["--mode", "mip", "--opacity", "2"], 2).contains("dvr, iso, path"));
    let seven = ["--cut", "0,0,0;0,0,1"].repeat(7);
    assert!(draws.refused(&seven, 2).contains("at most 6"));
    assert!(draws.refused(&["--cut", "0,0,9000;0,0,1"], 2).contains("leaves nothing"));

    // a surface in the volume, with a line around it, and coloured by distance
    let red = |p: &RgbaImage| p.pixels().filter(|p| p.0[0] > 120 && p.0[1] < 90).count();
    let shown =
        draws.draw(&["--pixels", "128", "--preset", "skin", "--surface", "bone:#ff0000:0.5", "--outline"]).0;
    let skin = draws.draw(&["--pixels", "128", "--preset", "skin"]).0;
    assert!(red(&shown) > red(&skin) + 50, "{} {}", red(&shown), red(&skin));
    let (near, stats) = draws.draw(&[
        "--mode",
        "surface",
        "--surface",
        "bone",
        "--distance-to",
        "bone",
        "--pixels",
        "360",
        "--stats",
    ]);
    assert!(near.pixels().any(|p| p.0[..3] == [180, 4, 38]), "the legend's highest colour");
    assert!(stats["quality"]["level"] == "full" && stats["memory"]["volume_bytes"].as_f64().is_some());
    assert!(draws.refused(&["--surface", "liver"], 2).contains("It has: bone"));
    assert!(draws.refused(&["--outline"], 2).contains("--surface"));
}

#[test]
fn presets_are_listed_own_ones_are_found_and_other_programs_files_are_used() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    let bone = render_volume::presets::named("bone").unwrap();
    render_volume::presets::Preset { id: "mine".into(), ..bone.clone() }.save(&own).unwrap();
    std::fs::write(own.join("bad.toml"), "nothing").unwrap();
    let own = own.to_str().unwrap();
    let (code, listed) = json(&["render", "--list-presets", "--presets", own]);
    let ids: Vec<_> =
        listed["presets"].as_array().unwrap().iter().map(|p| p["id"].as_str().unwrap()).collect();
    assert!(code == 0 && ids.contains(&"bone") && ids.contains(&"mine"), "{listed}");
    assert_eq!(listed["refused"].as_array().map(Vec::len), Some(1));
    let said = crate::chinese::chinese(&["render", "--list-presets", "--presets", own]);
    assert!(said.contains("骨骼") && said.contains("自定义") && said.contains("bad.toml"), "{said}");

    let bank = folder.path().join("bank");
    let case = two_scans(&folder.path().join("scan"), bank.to_str().unwrap(), "1.2.3.4");
    let out = folder.path().join("drawn.png").display().to_string();
    let draws = Draws { bank: bank.to_str().unwrap(), case: &case, out };
    let mine = draws.draw(&["--pixels", "64", "--preset", "mine", "--presets", own]).0;
    assert!(mine == draws.draw(&["--pixels", "64", "--preset", "bone"]).0);
    let slicer = folder.path().join("slicer.vp");
    std::fs::write(
        &slicer,
        "0\n1\n0.9\n0.1\n0.2\n10\n4 100 0 400 0.8\n4 0 1 255 0.5\n8 100 0.6 0.1 0 400 1 1 0.9\n",
    )
    .unwrap();
    let (picture, answer) =
        draws.draw(&["--pixels", "64", "--preset", slicer.to_str().unwrap(), "--background", "#000000"]);
    assert!(bright(&picture) > 0.02 && answer["preset"]["left_out"][0]["message_zh"].is_string(), "{answer}");
    let said = crate::chinese::chinese(&draws.call(&[
        "--pixels",
        "64",
        "--preset",
        slicer.to_str().unwrap(),
        "--stats",
    ]));
    assert!(said.contains("完整质量") && said.contains("采样"), "{said}");
    assert!(draws.refused(&["--preset", "nowhere.vp"], 2).contains("no file"));
    std::fs::write(folder.path().join("wrong.1dt"), "no table").unwrap();
    assert!(
        draws.refused(&["--preset", folder.path().join("wrong.1dt").to_str().unwrap()], 3).contains("look")
    );
}
