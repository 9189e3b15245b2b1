//! `theatron render --list-presets`.

use std::fmt::Write as _;
use std::path::PathBuf;

use app_engine::Fault;
use app_engine::pictures::Shelf;
use casebank_case::Words;
use serde_json::json;

use super::fits::usage;
use super::options::LookOptions;
use crate::answer::Answer;
use crate::terminal::{language, say};

impl LookOptions {
    /// The presets at hand: those that ship with the program and the person's own.
    pub(super) fn shelf(&self) -> Result<Shelf, Fault> {
        let usual = || {
            let config =
                std::env::var_os("XDG_CONFIG_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
            let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"));
            config.or_else(home).unwrap_or_else(|| PathBuf::from(".")).join("theatron").join("presets")
        };
        // the usual folder need not be there; one that was named and is not there was misspelt
        if let Some(folder) = self.presets.as_ref().filter(|folder| !folder.is_dir()) {
            let folder = folder.display();
            return Err(usage(
                (format!("There is no folder {folder}."), format!("没有文件夹 {folder}。")),
                ("Give --presets a folder of .toml files.", "请用 --presets 指定存放 .toml 文件的文件夹。"),
            ));
        }
        Shelf::open(&self.presets.clone().unwrap_or_else(usual))
    }
}

/// Every preset, by modality.
pub(super) fn list(shelf: &Shelf) -> Result<Answer, Fault> {
    let mut modalities: Vec<&str> = Vec::new();
    for (preset, _) in shelf.all() {
        if !modalities.contains(&preset.modality.as_str()) {
            modalities.push(&preset.modality);
        }
    }
    let wide = shelf.all().map(|(preset, _)| preset.id.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for modality in &modalities {
        writeln!(text, "{modality}").unwrap_or_default();
        for (preset, own) in shelf.all().filter(|(preset, _)| preset.modality == *modality) {
            let name = Words::new(&preset.name_en, &preset.name_zh);
            let own = if own { say((" (your own)", "（自定义）")) } else { String::new() };
            writeln!(text, "  {:<wide$}  {}{own}", preset.id, name.in_language(language()))
                .unwrap_or_default();
        }
    }
    for (file, why) in shelf.refused() {
        let file = file.display();
        let told = say((format!("Passed over: {file}: {}", why.en), format!("已略过：{file}：{}", why.zh)));
        writeln!(text, "{told}").unwrap_or_default();
    }
    let folder = shelf.folder.display();
    let where_to = say((
        format!(
            "CT presets name HU; the others shares of the scan's own range. Your own .toml files: {folder}"
        ),
        format!("CT 预设以 HU 为单位；其他预设为扫描自身范围的比例。您自己的 .toml 文件：{folder}"),
    ));
    writeln!(text, "{where_to}").unwrap_or_default();
    let presets: Vec<_> = shelf
        .all()
        .map(|(preset, own)| {
            json!({
                "id": preset.id,
                "name_en": preset.name_en,
                "name_zh": preset.name_zh,
                "modality": preset.modality,
                "relative": preset.relative,
                "own": own,
                "window": preset.look.window,
            })
        })
        .collect();
    let refused: Vec<_> = shelf
        .refused()
        .map(|(file, why)| json!({"file": file, "message": why.en, "message_zh": why.zh}))
        .collect();
    Answer::new(&json!({"presets": presets, "refused": refused, "folder": shelf.folder}), text)
}
