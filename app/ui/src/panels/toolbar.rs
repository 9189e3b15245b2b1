//! The line under the banner: the case's name, undo and redo, tools, language, light or dark.

use super::PanelCx;
use crate::state::Tool;
use crate::{Language, Theme, UiAction};
use egui::{Align, Key, KeyboardShortcut, Layout, Modifiers, RichText, Ui};

/// Buttons, and the shortcuts Ctrl+Z, Ctrl+Shift+Z and Esc.
pub fn ui(cx: &mut PanelCx<'_>, ui: &mut Ui) {
    let language = cx.state.language;
    let (undo, redo) = cx.state.case.as_ref().map_or((false, false), |case| (case.can_undo, case.can_redo));
    let refused = cx.state.case.as_ref().is_none_or(|case| case.refusal().is_some() || case.middle.is_none());
    shortcuts(cx, ui);
    ui.horizontal(|ui| {
        if ui.add_enabled(undo, egui::Button::new(format!("⟲ {}", language.text("history.undo")))).clicked()
        {
            cx.ask(UiAction::Undo);
        }
        if ui.add_enabled(redo, egui::Button::new(format!("⟳ {}", language.text("history.redo")))).clicked()
        {
            cx.ask(UiAction::Redo);
        }
        ui.separator();
        let tool = cx.state.views.tool;
        if ui.selectable_label(tool == Tool::Crosshair, language.text("tool.crosshair")).clicked() {
            cx.ask(UiAction::SetTool(Tool::Crosshair));
        }
        let distance = egui::Button::selectable(tool == Tool::Distance, language.text("tool.distance"));
        let distance = ui.add_enabled(!refused, distance);
        if distance.on_disabled_hover_text(language.text("tool.distance_refused")).clicked() {
            cx.ask(UiAction::SetTool(Tool::Distance));
        }
        ui.separator();
        let title =
            cx.state.case.as_ref().map_or(language.text("case.none"), |case| case.title.as_str()).to_owned();
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            for other in Language::ALL.into_iter().rev() {
                if ui.selectable_label(other == language, other.own_name()).clicked() {
                    cx.ask(UiAction::SetLanguage(other));
                }
            }
            ui.separator();
            let (theme, key) = match cx.state.theme {
                Theme::Dark => (Theme::Light, "toolbar.light"),
                Theme::Light => (Theme::Dark, "toolbar.dark"),
            };
            if ui.button(language.text(key)).clicked() {
                cx.ask(UiAction::SetTheme(theme));
            }
            ui.separator();
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(egui::Label::new(RichText::new(title).heading().strong()).truncate());
            });
        });
    });
}

fn shortcuts(cx: &mut PanelCx<'_>, ui: &Ui) {
    let (undo, redo) = cx.state.case.as_ref().map_or((false, false), |case| (case.can_undo, case.can_redo));
    let redo_keys = KeyboardShortcut::new(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    let undo_keys = KeyboardShortcut::new(Modifiers::COMMAND, Key::Z);
    if ui.input_mut(|input| input.consume_shortcut(&redo_keys)) && redo {
        cx.ask(UiAction::Redo);
    } else if ui.input_mut(|input| input.consume_shortcut(&undo_keys)) && undo {
        cx.ask(UiAction::Undo);
    }
    if ui.input(|input| input.key_pressed(Key::Escape)) {
        if cx.state.views.pending.is_some() {
            cx.ask(UiAction::CancelDistance);
        } else if cx.state.views.tool != Tool::Crosshair {
            cx.ask(UiAction::SetTool(Tool::Crosshair));
        }
    }
}
