//! Answers in Chinese: by `--lang` and by the locale.

use std::process::{Command, Output};

use casebank_case::{PatientInfo, Phi};
use casebank_dicom::{SeriesInfo, write_series};
use meshing_phantom::Phantom;
use meshing_space::{Lps, Transform};

use crate::json;

fn in_locale(locale: &[(&str, &str)], arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_theatron"))
        .args(arguments)
        .env_remove("LC_ALL")
        .env_remove("LC_MESSAGES")
        .env_remove("LANG")
        .envs(locale.iter().copied())
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_missing_slice_is_told_in_chinese() {
    let folder = tempfile::tempdir().unwrap();
    let (scan, bank) = (folder.path().join("scan"), folder.path().join("bank"));
    let phantom = Phantom::head();
    let volume = phantom.volume(&phantom.grid([8.0; 3], Transform::<Lps, Lps>::identity()));
    let patient = PatientInfo { name: "王^小東".into(), id: "T-1".into(), ..PatientInfo::default() };
    let series = SeriesInfo { seed: "language".into(), patient: Phi::new(patient), ..SeriesInfo::default() };
    let slices = write_series(&volume, &series, &scan).unwrap();
    std::fs::remove_file(&slices[slices.len() / 2]).unwrap();
    let (scan, bank) = (scan.to_str().unwrap(), bank.to_str().unwrap());

    let import = ["import", scan, "--bank", bank];
    let english = text(&in_locale(&[("LANG", "en_US.UTF-8")], &import));
    assert!(english.contains("severe missing_slice: slices are missing between instance"), "{english}");
    for (locale, extra) in [
        ([("LANG", "zh_CN.UTF-8")].as_slice(), [].as_slice()),
        (&[("LANG", "C"), ("LC_ALL", "zh_CN.UTF-8")], &[]),
        (&[("LANG", "C")], &["--lang", "zh"]),
        (&[("LANG", "en_GB.UTF-8")], &["--lang", "zh-CN"]),
    ] {
        let said = text(&in_locale(locale, &[import.as_slice(), extra].concat()));
        assert!(said.contains("严重 missing_slice: 缺少切片：实例"), "{locale:?} {extra:?}: {said}");
    }
    let (_, imported) = json(&import);
    let finding = &imported["cases"][0]["volumes"][0]["findings"][0];
    assert_eq!(finding["code"], "missing_slice");
    assert!(finding["message"].as_str().unwrap().starts_with("slices are missing between instance"));
    assert!(finding["message_zh"].as_str().unwrap().starts_with("缺少切片：实例"));

    let case = imported["cases"][0]["case"].as_str().unwrap();
    let shown = text(&in_locale(&[], &["case", "show", case, "--bank", bank, "--lang", "zh"]));
    assert!(
        shown.contains("病例") && shown.contains("患者 王^小東") && shown.contains("缺少切片：实例"),
        "{shown}"
    );
    let (code, found) = json(&["case", "search", "wxd", "--bank", bank]);
    assert_eq!((code, found["cases"].as_array().unwrap().len()), (0, 6));
}

#[test]
fn refusals_are_told_in_chinese() {
    let folder = tempfile::tempdir().unwrap();
    let (scan, bank) = (folder.path().join("scan"), folder.path().join("bank"));
    std::fs::create_dir(&scan).unwrap();
    std::fs::write(scan.join("readme.txt"), "no scan here").unwrap();
    let import = ["import", scan.to_str().unwrap(), "--bank", bank.to_str().unwrap(), "--lang", "zh"];
    let output = in_locale(&[], &import);
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output);
    assert!(said.contains("1 个文件中没有 DICOM") && said.contains("不是 DICOM：没有 DICM 标记"), "{said}");
    assert_eq!(in_locale(&[], &["case", "list", "--lang", "fr"]).status.code(), Some(2));
}
