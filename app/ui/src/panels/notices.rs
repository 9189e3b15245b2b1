//! What the person must know now: what happened, what follows, what to do.

use super::PanelCx;
use crate::UiAction;
use egui::{Frame, Margin, RichText, Stroke, Ui};

/// Each notice as a card above the views, until it is put away. Only the newest three, so that the views stay.
pub fn ui(cx: &mut PanelCx<'_>, ui: &mut Ui) {
    let language = cx.state.language;
    let palette = cx.state.theme.palette();
    let first = cx.state.notices.len().saturating_sub(3);
    for (index, notice) in cx.state.notices.iter().enumerate().skip(first) {
        let colour = if notice.failure { palette.bad } else { palette.warning };
        Frame::new()
            .fill(ui.visuals().panel_fill)
            .stroke(Stroke::new(1.5, colour))
            .corner_radius(4.0)
            .inner_margin(Margin::symmetric(10, 6))
            .outer_margin(Margin::same(3))
            .show(ui, |ui| {
                ui.horizontal(|ui| {
                    ui.vertical(|ui| {
                        ui.set_width((ui.available_width() - 80.0).max(120.0));
                        ui.label(RichText::new(&notice.what).strong().color(colour));
                        ui.label(&notice.consequence);
                        ui.label(RichText::new(format!("→ {}", notice.next_step)).strong());
                    });
                    if ui.button(language.text("notices.dismiss")).clicked() {
                        cx.actions.push(UiAction::DismissNotice(index));
                    }
                });
            });
    }
}
