//! The journal of the open case.

use super::PanelCx;
use crate::UiAction;
use egui::{RichText, Ui};

/// Undo, redo, and what was done, newest first.
pub fn ui(cx: &mut PanelCx<'_>, ui: &mut Ui) {
    let language = cx.state.language;
    let quiet = cx.state.theme.palette().quiet;
    let Some(case) = &cx.state.case else {
        ui.label(RichText::new(language.text("case.none")).color(quiet));
        return;
    };
    ui.horizontal(|ui| {
        if ui.add_enabled(case.can_undo, egui::Button::new(language.text("history.undo"))).clicked() {
            cx.actions.push(UiAction::Undo);
        }
        if ui.add_enabled(case.can_redo, egui::Button::new(language.text("history.redo"))).clicked() {
            cx.actions.push(UiAction::Redo);
        }
    });
    if case.history.is_empty() {
        ui.label(RichText::new(language.text("history.none")).color(quiet));
    }
    for row in case.history.iter().rev() {
        let text = RichText::new(&row.what);
        ui.label(if row.undone { text.strikethrough().color(quiet) } else { text });
    }
}
