//! What is written in the sources against what the locales and the font hold.

use app_ui::{CHINESE_FONT, Language, keys};
use skrifa::MetadataProvider as _;
use std::collections::BTreeSet;
use std::path::Path;

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn sources(folder: &Path, all: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            *all += &std::fs::read_to_string(path).unwrap();
        }
    }
}

#[test]
fn every_key_in_the_sources_exists() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = String::new();
    sources(&here.join("src"), &mut all);
    sources(&here.join("../client/src"), &mut all);
    let known: BTreeSet<_> = keys(Language::English).into_iter().collect();
    let areas: BTreeSet<_> = known.iter().filter_map(|key| key.split('.').next()).collect();
    let mut used = BTreeSet::new();
    for literal in all.split('"').filter(|text| text.len() < 60) {
        let Some((area, rest)) = literal.split_once('.') else { continue };
        let plain = |text: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        if areas.contains(area) && plain(rest) {
            used.insert(literal);
        }
    }
    let missing: Vec<_> = used.iter().filter(|key| !known.contains(**key)).collect();
    assert!(missing.is_empty(), "not in the locales: {missing:?}");
    assert!(used.len() > 80, "the search finds the keys: {}", used.len());
}

#[test]
fn every_finding_code_has_a_name() {
    for code in casebank_case::FindingCode::ALL {
        let key = format!("finding.{}", code.as_str());
        for language in Language::ALL {
            assert!(language.find(&key).is_some(), "{key} in {language:?}");
        }
    }
}

/// Chinese characters in the sources of the crates whose sentences the window shows, tests left out.
fn sentences_of_the_readers() -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = String::new();
    for folder in [
        "../../casebank/case/src",
        "../../casebank/dicom/src",
        "../../meshing/segment/src",
        "../../meshing/solid/src",
        "../../app/engine/src",
    ] {
        files(&here.join(folder), &mut all);
    }
    let is_chinese =
        |c: &char| ('\u{3000}'..='\u{9FFF}').contains(c) || ('\u{FF00}'..='\u{FFEF}').contains(c);
    all.chars().filter(is_chinese).collect()
}

/// The lines of code of all files below a folder, without comments and tests.
#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn files(folder: &Path, all: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            let text = std::fs::read_to_string(path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            code.lines().filter(|line| !line.trim_start().starts_with("//")).for_each(|line| *all += line);
        }
    }
}

#[test]
fn the_font_holds_every_chinese_character_we_write() {
    // egui's own question counts a font as empty once it also holds the sign for what is missing.
    let font = skrifa::FontRef::new(CHINESE_FONT).expect("our font");
    let mut written: String =
        keys(Language::Chinese).into_iter().filter_map(|key| Language::Chinese.find(key)).collect();
    written += &sentences_of_the_readers();
    assert!(
        written.contains("缺少像素间距") && written.contains("实例号与切片法线方向相反"),
        "the search finds them"
    );
    let missing: BTreeSet<char> =
        written.chars().filter(|c| *c as u32 > 0x7E && font.charmap().map(*c).is_none()).collect();
    assert!(missing.is_empty(), "run assets/fonts/subset.sh: {missing:?}");
}
