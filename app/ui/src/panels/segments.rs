//! Segments, their surfaces and print files.

use super::PanelCx;
use crate::{UiAction, fill};
use egui::{RichText, Ui};

/// Methods to run, segments there are, and the print file of each.
pub fn ui(cx: &mut PanelCx<'_>, ui: &mut Ui) {
    let language = cx.state.language;
    let palette = cx.state.theme.palette();
    let Some(case) = &cx.state.case else {
        ui.label(RichText::new(language.text("case.none")).color(palette.quiet));
        return;
    };
    ui.horizontal_wrapped(|ui| {
        for (id, title) in &cx.state.methods {
            let title = title.in_language(language.of_words());
            let name = language.find(&format!("method.{id}")).unwrap_or(title);
            if ui.button(name).clicked() {
                cx.actions.push(UiAction::Segment(id.clone()));
            }
        }
    });
    let refusal = case.refusal();
    for segment in &case.segments {
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(&segment.name).strong());
            ui.label(format!("{:.1} ml", segment.volume_ml));
            if segment.stale {
                ui.label(RichText::new(language.text("segments.stale")).color(palette.warning));
            }
            let allowed = refusal.is_none() && !segment.stale;
            let button = ui.add_enabled(allowed, egui::Button::new(language.text("segments.print")));
            if button.on_disabled_hover_text(language.text("segments.refused")).clicked() {
                cx.actions.push(UiAction::Print(segment.name.clone()));
            }
        });
        if let Some(file) = &segment.print_file {
            let text = fill(language.text("segments.file"), &[("file", file)]);
            ui.label(RichText::new(text).small().color(palette.quiet));
        }
    }
    if let Some(refusal) = refusal {
        let name = language.find(&format!("finding.{}", refusal.code)).unwrap_or(&refusal.code);
        let text = fill(language.text("segments.refused_by"), &[("finding", name)]);
        ui.label(RichText::new(text).color(palette.bad));
    }
}
