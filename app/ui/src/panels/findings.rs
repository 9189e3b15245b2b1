//! What the readers found in the open case.

use super::PanelCx;
use crate::UiAction;
use casebank_case::Severity;
use egui::{RichText, TextEdit, Ui};

/// Findings of the active volume, worst first. A severe one refuses measuring and printing until a person accepts it
/// with a name and a reason.
pub fn ui(cx: &mut PanelCx<'_>, ui: &mut Ui) {
    let palette = cx.state.theme.palette();
    let language = cx.state.language;
    let Some(case) = &cx.state.case else {
        ui.label(RichText::new(language.text("case.none")).color(palette.quiet));
        return;
    };
    let mut rows: Vec<_> =
        case.findings.iter().filter(|row| row.volume == case.active_volume).cloned().collect();
    rows.sort_by_key(|row| match (row.severity, row.accepted_by.is_some()) {
        (Severity::Severe, false) => 0,
        (Severity::Severe, true) => 1,
        (Severity::Warning, _) => 2,
        _ => 3,
    });
    if rows.is_empty() {
        ui.label(RichText::new(language.text("findings.none")).color(palette.good));
        return;
    }
    let first = rows.iter().position(crate::FindingRow::refuses);
    for (index, row) in rows.into_iter().enumerate() {
        let (key, colour) = match row.severity {
            Severity::Severe => ("findings.severe", palette.bad),
            Severity::Warning => ("findings.warning", palette.warning),
            Severity::Info => ("findings.info", palette.quiet),
        };
        let name =
            language.find(&format!("finding.{}", row.code)).map_or_else(|| row.code.clone(), str::to_owned);
        ui.label(RichText::new(format!("{}: {name}", language.text(key))).strong().color(colour));
        ui.label(RichText::new(row.message.in_language(language.of_words())).small());
        if let Some(by) = &row.accepted_by {
            let text = crate::fill(language.text("findings.accepted"), &[("name", by)]);
            ui.label(RichText::new(text).small().color(palette.quiet));
        }
        // one form at a time: each finding is accepted on its own, with its own reason
        if first == Some(index) {
            accept(cx, ui, &row.volume, &row.code);
        }
        ui.separator();
    }
}

fn accept(cx: &mut PanelCx<'_>, ui: &mut Ui, volume: &str, code: &str) {
    let language = cx.state.language;
    ui.label(RichText::new(language.text("findings.refuses")).color(cx.state.theme.palette().bad));
    let by = ui.label(language.text("findings.by"));
    ui.add(TextEdit::singleline(&mut cx.state.accept_by).desired_width(f32::INFINITY)).labelled_by(by.id);
    let reason = ui.label(language.text("findings.reason"));
    ui.add(TextEdit::singleline(&mut cx.state.accept_reason).desired_width(f32::INFINITY))
        .labelled_by(reason.id);
    let (by, reason) = (cx.state.accept_by.trim().to_owned(), cx.state.accept_reason.trim().to_owned());
    let ready = !by.is_empty() && !reason.is_empty();
    let button = egui::Button::new(language.text("findings.accept"));
    if ui.add_enabled(ready, button).on_disabled_hover_text(language.text("findings.needs")).clicked() {
        cx.state.accept_reason.clear();
        cx.ask(UiAction::AcceptFinding { volume: volume.to_owned(), code: code.to_owned(), by, reason });
    }
}
