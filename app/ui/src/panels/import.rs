//! Files and folders into the bank.

use super::PanelCx;
use crate::UiAction;
use egui::{RichText, TextEdit, Ui};
use std::path::PathBuf;

/// A path and a button; files dropped on the window come the same way.
pub fn ui(cx: &mut PanelCx<'_>, ui: &mut Ui) {
    let quiet = cx.state.theme.palette().quiet;
    ui.label(RichText::new(cx.t("import.hint")).small().color(quiet));
    let hint = cx.t("import.path");
    let field =
        ui.add(TextEdit::singleline(&mut cx.state.import_path).hint_text(hint).desired_width(f32::INFINITY));
    let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    let ready = !cx.state.import_path.trim().is_empty();
    let clicked = ui.add_enabled(ready, egui::Button::new(cx.t("import.run"))).clicked();
    if ready && (clicked || entered) {
        let path = PathBuf::from(cx.state.import_path.trim());
        cx.ask(UiAction::Import(path));
    }
    for file in ui.input(|input| input.raw.dropped_files.clone()) {
        if let Some(path) = file.path {
            cx.ask(UiAction::Import(path));
        }
    }
}
