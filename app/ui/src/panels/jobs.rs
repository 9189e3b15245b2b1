//! Work under way.

use super::PanelCx;
use crate::UiAction;
use egui::{ProgressBar, RichText, Ui};

/// Each job with its progress and a way to stop it.
pub fn ui(cx: &mut PanelCx<'_>, ui: &mut Ui) {
    let language = cx.state.language;
    if cx.state.jobs.is_empty() {
        ui.label(RichText::new(language.text("jobs.none")).color(cx.state.theme.palette().quiet));
    }
    for job in &cx.state.jobs {
        ui.label(&job.title);
        ui.horizontal(|ui| {
            let width = (ui.available_width() - 70.0).max(60.0);
            ui.add(ProgressBar::new(job.fraction.clamp(0.0, 1.0)).show_percentage().desired_width(width));
            if ui.button(language.text("jobs.cancel")).clicked() {
                cx.actions.push(UiAction::CancelJob(job.id));
            }
        });
    }
}
