//! `--lang zh`: no sentence of English in what a person reads, and the same numbers as in English.

use std::path::{Path, PathBuf};
use std::process::Output;

use casebank_case::{PatientInfo, Phi};
use casebank_dicom::{SeriesInfo, write_series};
use meshing_phantom::Phantom;
use meshing_space::{Lps, Transform};
use tools_peers::data;

use crate::{json, theatron};

/// Runs of three lower-case words of Latin letters: a sentence, or a part of one. Commands in backticks and on lines of their
/// own are none; what dciodvfy finds stays in its own words, and options and endings of files are no words.
fn english(said: &str) -> Vec<String> {
    let ours: Vec<&str> = said
        .lines()
        .filter(|line| !line.starts_with("dciodvfy: Error") && !line.trim_start().starts_with("theatron "))
        .collect();
    let plain: String = ours.join("\n").split('`').step_by(2).collect::<Vec<_>>().join(" ");
    let lower = |word: &&str| {
        let word = word.trim_start_matches(['(', '"']).trim_end_matches(['.', ',', ';', ':', ')', '"']);
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase())
    };
    let words: Vec<&str> = plain.split([' ', '\n']).collect();
    words.windows(3).filter(|run| run.iter().all(lower)).map(|run| run.join(" ")).collect()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap() + &String::from_utf8_lossy(&output.stderr)
}

/// What is said in Chinese: some of it is, and no sentence is English.
pub(crate) fn chinese(arguments: &[&str]) -> String {
    let said = text(&theatron(&[arguments, &["--lang", "zh"]].concat()));
    assert!(english(&said).is_empty(), "{arguments:?} says {:?} in:\n{said}", english(&said));
    assert!(said.chars().any(|c| c >= '\u{4E00}'), "{arguments:?}: {said}");
    said
}

/// The numbers of a text in order of size: sentences turn round between the languages.
fn numbers(said: &str) -> Vec<String> {
    let parts = said.split(|c: char| !c.is_ascii_digit() && c != '.');
    let mut numbers: Vec<String> =
        parts.map(|part| part.trim_matches('.').to_owned()).filter(|part| !part.is_empty()).collect();
    numbers.sort_unstable();
    numbers
}

/// Both languages of a command that gives the same answer twice.
fn in_both(arguments: &[&str]) -> String {
    let zh = chinese(arguments);
    assert_eq!(numbers(&text(&theatron(arguments))), numbers(&zh), "{arguments:?}: {zh}");
    zh
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The arguments with the bank that they are about.
fn with<'a>(bank: &'a str, arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &["--bank", bank]].concat()
}

/// A small head without one slice, and beside it what else lies in folders.
fn scan(folder: &Path) -> Vec<PathBuf> {
    let phantom = Phantom::head();
    let volume = phantom.volume(&phantom.grid([8.0; 3], Transform::<Lps, Lps>::identity()));
    let patient = PatientInfo { name: "王^小東".into(), id: "T-1".into(), ..PatientInfo::default() };
    let info = SeriesInfo {
        seed: "zh".into(),
        patient: Phi::new(patient),
        body_part: "HEAD".into(),
        ..SeriesInfo::default()
    };
    let mut slices = write_series(&volume, &info, folder).unwrap();
    std::fs::remove_file(slices.remove(slices.len() / 2)).unwrap();
    let bytes = std::fs::read(&slices[1]).unwrap();
    std::fs::write(folder.join("cut.dcm"), &bytes[..bytes.len() / 2]).unwrap();
    std::fs::write(folder.join("note.txt"), "no scan here").unwrap();
    slices
}

#[test]
fn help_of_methods_and_recipes_is_chinese() {
    for command in ["segment", "guide", "measure"] {
        let said = chinese(&[command, "--help"]);
        assert!(said.contains("默认"), "{said}");
    }
}

#[test]
fn english_is_noticed() {
    assert_eq!(english("文件 it is not read: 否"), ["it is not", "is not read:"]);
    assert!(english("请用 `theatron case show` 查看 CT 和 dciodvfy").is_empty());
}

#[test]
fn import_speaks_chinese() {
    let place = tempfile::tempdir().unwrap();
    let [folder, bank, empty] = ["scan", "bank", "empty"].map(|name| place.path().join(name));
    scan(&folder);
    std::fs::create_dir(&empty).unwrap();
    let bank = path(&bank);
    let said = chinese(&["import", path(&folder), "--bank", bank]);
    assert!(
        said.contains("缺少切片") && said.contains("不是 DICOM") && said.contains("文件不完整"),
        "{said}"
    );
    in_both(&["import", path(&empty), "--bank", bank]);
    in_both(&["import", path(&place.path().join("nowhere")), "--bank", bank]);
    std::fs::write(empty.join("bad.nii"), "no header").unwrap();
    in_both(&["import", path(&empty.join("bad.nii")), "--bank", bank]);
    std::fs::write(empty.join("bad.zip"), "PK\x03\x04 and nothing").unwrap();
    in_both(&["import", path(&empty.join("bad.zip")), "--bank", bank]);
    for name in [
        "dicom_oddities",
        "ct_headphantom_multiseries",
        "ct_head_tilt_varspacing_ge",
        "sts_ct_mr_pet_rtstruct",
    ] {
        let Some(real) = data::archive(name) else { continue };
        chinese(&["import", path(&real), "--bank", bank]);
    }
    if let Some(real) = data::archive("totalsegmentator_ct_labels") {
        let said =
            chinese(&["import", path(&real.join("example_seg.nii.gz")), "--modality", "CT", "--bank", bank]);
        assert!(said.contains("没有患者和检查信息"), "{said}");
    }
}

#[test]
fn dump_and_validate_speak_chinese() {
    let place = tempfile::tempdir().unwrap();
    let slices = scan(place.path());
    let whole = path(&slices[0]);
    in_both(&["dicom", "validate", whole]);
    for wrong in ["cut.dcm", "note.txt", "nowhere"] {
        in_both(&["dicom", "dump", path(&place.path().join(wrong))]);
        in_both(&["dicom", "validate", path(&place.path().join(wrong))]);
    }
    let Some(real) = data::archive("dicom_oddities") else { return };
    for name in ["reportsi.dcm", "test-SR.dcm", "rtplan.dcm", "MR_small.dcm", "liver.dcm", "rtstruct.dcm"] {
        let file = find(&real, name);
        in_both(&["dicom", "validate", path(&file)]);
        // Values are of the file, in whatever language.
        let dump = text(&theatron(&["dicom", "dump", path(&file), "--lang", "zh"]));
        let heads: Vec<&str> = dump.lines().filter_map(|line| line.split(']').next()).collect();
        assert!(english(&heads.join("\n")).is_empty(), "{name}: {:?}", english(&heads.join("\n")));
    }
}

/// A file of that name anywhere in a folder.
fn find(folder: &Path, name: &str) -> PathBuf {
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap().flatten().map(|entry| entry.path()) {
            if entry.is_dir() {
                open.push(entry);
            } else if entry.file_name().is_some_and(|found| found == name) {
                return entry;
            }
        }
    }
    panic!("{name} is not in {}", folder.display());
}

#[test]
fn convert_speaks_chinese() {
    let place = tempfile::tempdir().unwrap();
    let [folder, nifti, other] = ["scan", "ct.nii.gz", "ct.png"].map(|name| place.path().join(name));
    scan(&folder);
    let (folder, nifti) = (path(&folder), path(&nifti));
    assert!(in_both(&["convert", folder, nifti]).contains("严重问题 truncated"));
    in_both(&["convert", folder, nifti, "--accept", "missing_slice", "--accept", "truncated"]);
    in_both(&["convert", folder, nifti, "--accept", "missing"]);
    in_both(&["convert", folder, path(&other)]);
    in_both(&["convert", folder, folder]);
    in_both(&["convert", nifti, nifti, "--modality", "ct"]);
    in_both(&["convert", nifti, path(&place.path().join("series"))]);
    in_both(&["convert", nifti, nifti, "--number", "3"]);
    in_both(&["convert", folder, nifti, "--labels"]);
    let Some(real) = data::archive("totalsegmentator_ct_labels") else { return };
    let [scan, labels] = ["example_ct_sm.nii.gz", "example_seg.nii.gz"].map(|name| real.join(name));
    in_both(&["convert", path(&scan), path(&place.path().join("real.nrrd")), "--modality", "CT"]);
    in_both(&["convert", path(&labels), path(&place.path().join("labels.mha")), "--labels"]);
}

#[test]
fn deid_speaks_chinese() {
    let place = tempfile::tempdir().unwrap();
    let [folder, out, secret] = ["scan", "out", "secret"].map(|name| place.path().join(name));
    scan(&folder);
    let (folder, out, secret) = (path(&folder), path(&out), path(&secret));
    let call = ["dicom", "deid", folder, out, "--secret-file", secret];
    // A slice without its neighbours and a part of a slice: what stays a face, and what is no object at all.
    let faces = chinese(&[call.as_slice(), &["--options", "clean-recognizable-visual-features"]].concat());
    assert!(faces.contains("面部"), "{faces}");
    let sheet = chinese(&[call.as_slice(), &["--options", "retain-uids,clean-pixel-data"]].concat());
    assert!(sheet.contains("去标识") && sheet.contains("拒绝了 1 个对象"), "{sheet}");
    chinese(&[call.as_slice(), &["--options", "retain-all"]].concat());
    chinese(&[call.as_slice(), &["--options", "retain-full-dates,retain-modified-dates"]].concat());
    chinese(&["dicom", "deid", folder, path(&place.path().join("scan/out")), "--secret-file", secret]);
    chinese(&["dicom", "deid", folder, out, "--secret-file", path(&place.path().join("out/secret"))]);
    chinese(&["dicom", "deid", folder, out, "--secret-file", path(&place.path().join("scan/note.txt"))]);
    for name in ["dicom_oddities", "ct_headphantom_multiseries"] {
        let Some(real) = data::archive(name) else { continue };
        let out = place.path().join(name);
        let options = ["--options", "clean-pixel-data,clean-recognizable-visual-features"];
        chinese(
            &[["dicom", "deid", path(&real), path(&out), "--secret-file", secret].as_slice(), &options]
                .concat(),
        );
    }
}

#[test]
fn dicom_convert_speaks_chinese() {
    let place = tempfile::tempdir().unwrap();
    let [folder, out] = ["scan", "out"].map(|name| place.path().join(name));
    scan(&folder);
    let call = ["dicom", "convert", path(&folder), path(&out)];
    // The slice and its partial copy; then the slice again, which is there by now.
    let first = chinese(&call);
    assert!(first.contains("对象来自") && first.contains("拒绝"), "{first}");
    chinese(&call);
    chinese(&["dicom", "convert", path(&folder), path(&folder.join("out"))]);
    let note = place.path().join("note.txt");
    std::fs::write(&note, "no object").unwrap();
    let call = ["dicom", "convert", path(&note), path(&out)];
    let nothing = theatron(&call);
    assert_eq!(nothing.status.code(), Some(3), "success would claim that something was written");
    assert!(chinese(&call).contains("没有 DICOM 对象"), "{nothing:?}");
}

#[test]
fn case_speaks_chinese() {
    let place = tempfile::tempdir().unwrap();
    let [folder, bank] = ["scan", "bank"].map(|name| place.path().join(name));
    scan(&folder);
    let bank = path(&bank);
    chinese(&with(bank, &["case", "list"]));
    let (_, imported) = json(&with(bank, &["import", path(&folder)]));
    let case = imported["cases"][0]["case"].as_str().unwrap();
    in_both(&with(bank, &["case", "show", case]));
    in_both(&with(bank, &["case", "show", "no-case"]));
    in_both(&with(bank, &["case", "show", "6f2c0f5e-7c4b-4b53-9a0e-0d6a3c1b2f44"]));
    chinese(&with(bank, &["case", "search", "nobody"]));
    let out = place.path().join("out.nii.gz");
    in_both(&with(bank, &["case", "export", case, "--out", path(&out)]));
    in_both(&with(bank, &["case", "accept", case, "--finding", "gantry", "--by", "李", "--reason", "教学"]));
    in_both(&with(
        bank,
        &["case", "accept", case, "--finding", "gantry_tilt", "--by", "李", "--reason", "教学"],
    ));
    in_both(&with(
        bank,
        &["case", "accept", case, "--finding", "missing_slice", "--by", "", "--reason", "教学"],
    ));
    let accepted = chinese(&with(
        bank,
        &["case", "accept", case, "--finding", "missing_slice", "--by", "李", "--reason", "教学"],
    ));
    assert!(accepted.contains("已由 李 接受：教学"), "{accepted}");
    in_both(&with(bank, &["case", "show", case]));
    theatron(&with(bank, &["segment", case, "--method", "bone"]));
    for arguments in [
        ["--out", path(&out)].as_slice(),
        &["--segment", "bone", "--out", path(&place.path().join("bone.dcm"))],
        &["--segment", "bone", "--contours", "--out", path(&place.path().join("contours.dcm"))],
        &["--segment", "liver", "--out", path(&place.path().join("liver.dcm"))],
        &["--segment", "bone", "--segment", "skin", "--out", path(&out)],
        &["--volume", "none", "--out", path(&out)],
        &["--out", path(&place.path().join("out.png"))],
        &["--out", path(&folder)],
    ] {
        in_both(&with(bank, &[["case", "export", case].as_slice(), arguments].concat()));
    }
    in_both(&with(bank, &["case", "verify"]));
}

#[test]
fn help_and_errors_of_usage_speak_chinese() {
    for command in [
        [].as_slice(),
        &["import"],
        &["convert"],
        &["dicom"],
        &["dicom", "dump"],
        &["dicom", "validate"],
        &["dicom", "deid"],
        &["case"],
        &["case", "list"],
        &["case", "show"],
        &["case", "search"],
        &["case", "export"],
        &["case", "verify"],
        &["case", "accept"],
    ] {
        let help = chinese(&[command, &["--help"]].concat());
        assert!(
            help.contains("用法：theatron") && help.contains("选项") && !help.contains("Options"),
            "{help}"
        );
    }
    for wrong in
        [["import"].as_slice(), &["nonsense"], &["case", "show", "a", "b"], &["case", "list", "--oops"]]
    {
        let output = theatron(&[wrong, &["--lang", "zh"]].concat());
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        chinese(wrong);
    }
}

#[test]
fn plan_check_and_recompute_speak_chinese() {
    let place = tempfile::tempdir().unwrap();
    let bank = place.path().join("bank");
    let bank = path(&bank);
    let case = crate::guide::torso(place.path(), bank);
    let [entry, target] = crate::guide::on_the_breastbone(&case, place.path(), bank).map(crate::guide::text);
    let plan = |arguments: &[&str]| in_both(&with(bank, &[&["plan"], arguments].concat()));
    plan(&["list", &case]);
    plan(&["put", &case, "screw", "--entry", &entry, "--target", &target, "--diameter", "3.5"]);
    plan(&["put", &case, "screw", "--entry", &entry, "--target", &target, "--diameter", "350"]);
    plan(&["put", &case, "short", "--entry", &entry, "--target", &entry, "--diameter", "3.5"]);
    plan(&["put", &case, "far", "--point", "0,0,99999"]);
    plan(&["put", &case, "flat", "--plane", &entry, "--normal", "0,0,0"]);
    plan(&["put", &case, "rim", "--curve", "0,0,0;1,1,1", "--closed"]);
    plan(&["put", &case, "spot", "--region", &entry, "--radius", "-1"]);
    plan(&["put", &case, " ", "--point", &entry]);
    plan(&["put", &case, "x", "--point", &entry, "--volume", "none"]);
    plan(&["remove", &case, "none"]);
    plan(&["list", &case]);

    let check = |arguments: &[&str]| in_both(&with(bank, &[&["check"], arguments].concat()));
    check(&[&case, "--solid", "guide"]);
    let call =
        ["guide", &case, "--recipe", "drill_guide", "--segment", "bone", "--name", "guide", "--label", "T1"];
    assert_eq!(json(&with(bank, &call)).1["solid"], "guide");
    check(&[&case, "--solid", "guide"]);
    check(&[&case, "--solid", "guide", "--printer", "fff-250", "--material", "pla"]);
    check(&[&case, "--solid", "guide", "--printer", "none"]);
    check(&[&case, "--solid", "guide", "--material", "none"]);
    check(&[&case, "--solid", "guide", "--sign", "李", "--reason", " "]);
    let own = place.path().join("own.toml");
    std::fs::write(&own, "kind = \"printer\"\ncolour = 3\n").unwrap();
    check(&[&case, "--solid", "guide", "--printer", path(&own)]);
    let guide = |arguments: &[&str]| chinese(&with(bank, &[&["guide", &case], arguments].concat()));
    guide(&["--recipe", "drill_guide", "--segment", "bone", "--name", "other", "--label", "T1"]);
    guide(&["--recipe", "drill_guide", "--segment", "bone", "--name", "x", "--label", "标签"]);
    guide(&["--recipe", "drill_guide", "--segment", "bone", "--name", "x", "--insertion", "0,0,0"]);
    guide(&["--recipe", "drill_guide", "--segment", "bone", "--name", "x", "--param", "nonsense=1"]);
    guide(&["--recipe", "drill_guide", "--segment", "bone", "--name", "x", "--param", "thickness=900"]);
    guide(&["--recipe", "cutting_guide", "--segment", "bone", "--name", "x"]);
    guide(&["--recipe", "none", "--segment", "bone"]);
    guide(&["--recipe", "drill_guide", "--segment", "none"]);
    guide(&["--recipe", "drill_guide", "--segment", "bone", "--plan", "none"]);
    in_both(&with(bank, &["case", "show", &case]));
    in_both(&with(bank, &["recompute", &case]));
    in_both(&with(bank, &["statistics", &case]));
    in_both(&with(bank, &["statistics", &case, "--segment", "none"]));
    in_both(&with(bank, &["mesh", &case, "--segment", "bone", "--out", path(&place.path().join("b.3mf"))]));
    in_both(&with(bank, &["mesh", &case, "--segment", "none", "--out", path(&place.path().join("b.3mf"))]));
    let segment = |arguments: &[&str]| chinese(&with(bank, &[&["segment", &case], arguments].concat()));
    segment(&["--method", "margin", "--from", "bone", "--param", "mm=2"]);
    let (both, one) = (place.path().join("both.3mf"), place.path().join("x.stl"));
    for out in [path(&both), path(&one)] {
        in_both(&with(bank, &["mesh", &case, "--segment", "bone", "--segment", "margin", "--out", out]));
    }
    let twice =
        ["mesh", &case, "--segment", "bone", "--segment", "margin", "--shared-walls", "--out", path(&both)];
    in_both(&with(bank, &twice));
    segment(&["--method", "margin"]);
    segment(&["--method", "margin", "--from", "bone", "--param", "mm=-90"]);
    segment(&["--method", "margin", "--from", "bone", "--name", "bone"]);
    segment(&["--method", "none"]);
    segment(&["--method", "threshold", "--param", "lower=1e9"]);
    segment(&["--method", "threshold", "--param", "lower=x"]);
    segment(&["--method", "grow", "--seed", "0,0,99999"]);
    segment(&["--method", "bone", "--param", "nonsense=1"]);

    let stl = place.path().join("bone.stl");
    check(&[path(&stl)]);
    chinese(&["check", path(&stl), "--unit", "mm"]);
    for call in [vec!["--unit", "m"], vec!["--unit", "ell"], vec![]] {
        in_both(&[&["convert", path(&stl), path(&place.path().join("a.glb"))], call.as_slice()].concat());
    }
    std::fs::write(&stl, "solid\nnothing").unwrap();
    chinese(&["convert", path(&stl), path(&place.path().join("a.glb")), "--unit", "mm"]);
}
