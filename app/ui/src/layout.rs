//! How the panels share the window.

use crate::UiAction;
use crate::panels::{PANELS, PanelCx, Place, notices, status, toolbar, viewports};
use crate::state::UiState;
use egui::{CollapsingHeader, Color32, Frame, Margin, Panel, RichText, ScrollArea, Ui};

/// Draws the whole window and returns what the person asked for. The host calls it once a frame.
pub fn show(ui: &mut Ui, state: &mut UiState) -> Vec<UiAction> {
    let mut actions = Vec::new();
    let mut cx = PanelCx { state, actions: &mut actions };
    banner(&cx, ui);
    Panel::top("toolbar").show(ui, |ui| toolbar::ui(&mut cx, ui));
    Panel::bottom("status").show(ui, |ui| status::ui(&mut cx, ui));
    column(&mut cx, ui, Place::Left, Panel::left("left").default_size(250.0).size_range(200.0..=420.0));
    column(&mut cx, ui, Place::Right, Panel::right("right").default_size(280.0).size_range(220.0..=460.0));
    egui::CentralPanel::default()
        .frame(Frame::new().fill(Color32::from_gray(24)).inner_margin(Margin::same(2)))
        .show(ui, |ui| {
            notices::ui(&mut cx, ui);
            viewports::ui(&mut cx, ui);
        });
    actions
}

/// The permanent banner: always in both languages, whatever the window speaks.
fn banner(cx: &PanelCx<'_>, ui: &mut Ui) {
    Panel::top("banner")
        .frame(Frame::new().fill(Color32::from_rgb(0x8a, 0x1c, 0x1c)).inner_margin(Margin::symmetric(8, 3)))
        .show(ui, |ui| {
            ui.vertical_centered(|ui| {
                ui.label(RichText::new(cx.t("banner.text")).color(Color32::WHITE).strong().size(14.0));
            });
        });
}

fn column(cx: &mut PanelCx<'_>, ui: &mut Ui, place: Place, side: Panel) {
    side.resizable(true).show(ui, |ui| {
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            for panel in PANELS.iter().filter(|panel| panel.place == place) {
                let title = RichText::new(cx.t(panel.title)).strong();
                CollapsingHeader::new(title)
                    .id_salt(panel.id)
                    .default_open(panel.open)
                    .show_unindented(ui, |ui| (panel.ui)(cx, ui));
                ui.add_space(4.0);
            }
        });
    });
}
