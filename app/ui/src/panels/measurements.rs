//! Distances.

use super::PanelCx;
use crate::geometry::{Side, side_of};
use crate::state::Tool;
use crate::{UiAction, fill};
use egui::{RichText, Ui};

/// The tool and the list: millimetres with one decimal and the patient's side. Refused while a severe finding of the
/// volume is not accepted.
pub fn ui(cx: &mut PanelCx<'_>, ui: &mut Ui) {
    let language = cx.state.language;
    let palette = cx.state.theme.palette();
    let Some(case) = &cx.state.case else {
        ui.label(RichText::new(language.text("case.none")).color(palette.quiet));
        return;
    };
    if let Some(refusal) = case.refusal() {
        let name = language.find(&format!("finding.{}", refusal.code)).unwrap_or(&refusal.code);
        let text = fill(language.text("measurements.refused"), &[("finding", name)]);
        ui.label(RichText::new(text).color(palette.bad));
    }
    let allowed = case.refusal().is_none() && case.middle.is_some();
    let drawing = cx.state.views.tool == Tool::Distance;
    let button = egui::Button::selectable(drawing, language.text("measurements.distance"));
    if ui.add_enabled(allowed, button).clicked() {
        cx.actions.push(UiAction::SetTool(if drawing { Tool::Crosshair } else { Tool::Distance }));
    }
    if drawing {
        let key = if cx.state.views.pending.is_some() { "measurements.second" } else { "measurements.first" };
        ui.label(RichText::new(language.text(key)).small().color(palette.quiet));
    }
    for (index, row) in case.measurements.iter().enumerate() {
        ui.horizontal(|ui| {
            let side = case.middle.map(|middle| match side_of(row.from, row.to, middle) {
                Side::Left => language.text("measurements.left"),
                Side::Right => language.text("measurements.right"),
                Side::Across => language.text("measurements.across"),
            });
            let text = format!("{}  {:.1} mm  {}", index + 1, row.length_mm(), side.unwrap_or_default());
            ui.label(RichText::new(text).strong());
            if ui.small_button("✖").on_hover_text(language.text("measurements.remove")).clicked() {
                cx.actions.push(UiAction::RemoveMeasurement(row.id.clone()));
            }
        });
    }
}
