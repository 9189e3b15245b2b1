//! The lamps: link, fidelity, software drawing.

use super::PanelCx;
use crate::fill;
use crate::state::{Fidelity, LinkState};
use egui::{Color32, RichText, Sense, Ui};

/// One line that is always there.
pub fn ui(cx: &mut PanelCx<'_>, ui: &mut Ui) {
    let palette = cx.state.theme.palette();
    let (link, link_colour) = link_text(cx);
    let (fidelity, fidelity_colour) = fidelity_text(cx);
    ui.horizontal_wrapped(|ui| {
        lamp(ui, link_colour);
        ui.label(RichText::new(link).color(link_colour));
        ui.separator();
        lamp(ui, fidelity_colour);
        ui.label(RichText::new(fidelity).color(fidelity_colour).strong());
        if let Some(adapter) = &cx.state.software_adapter {
            ui.separator();
            lamp(ui, palette.warning);
            ui.label(RichText::new(cx.t("status.software")).color(palette.warning)).on_hover_text(adapter);
        }
    });
}

fn lamp(ui: &mut Ui, colour: Color32) {
    let (rect, _) = ui.allocate_exact_size(egui::vec2(12.0, 12.0), Sense::hover());
    ui.painter().circle_filled(rect.center(), 5.0, colour);
}

fn link_text(cx: &PanelCx<'_>) -> (String, Color32) {
    let palette = cx.state.theme.palette();
    match &cx.state.link {
        LinkState::Local => (cx.t("status.local").to_owned(), palette.quiet),
        LinkState::Connecting { edge } => {
            (fill(cx.t("status.connecting"), &[("edge", edge)]), palette.warning)
        }
        LinkState::Connected { edge, rtt_ms } => (
            fill(cx.t("status.connected"), &[("edge", edge), ("rtt", &format!("{rtt_ms:.1}"))]),
            palette.good,
        ),
        LinkState::Lost(lost) => (
            fill(cx.t("status.lost"), &[("edge", &lost.edge), ("seconds", &format!("{:.0}", lost.seconds))]),
            palette.bad,
        ),
        LinkState::Reconnecting(lost) => (
            fill(
                cx.t("status.reconnecting"),
                &[("edge", &lost.edge), ("seconds", &format!("{:.0}", lost.seconds))],
            ),
            palette.bad,
        ),
    }
}

fn fidelity_text(cx: &PanelCx<'_>) -> (String, Color32) {
    let palette = cx.state.theme.palette();
    match &cx.state.fidelity {
        Fidelity::Nothing => (cx.t("status.nothing").to_owned(), palette.quiet),
        Fidelity::Exact => (cx.t("status.exact").to_owned(), palette.good),
        Fidelity::Lossy { reason } => (fill(cx.t("status.lossy"), &[("reason", reason)]), palette.warning),
        Fidelity::Loading { level, fraction } => {
            let percent = format!("{:.0}", (fraction.clamp(0.0, 1.0) * 100.0).floor());
            let text = match level {
                None => fill(cx.t("status.waiting"), &[("percent", &percent)]),
                Some(level) => {
                    let part = format!("1/{}", 1_u32 << u32::from(*level).min(16));
                    fill(cx.t("status.loading"), &[("part", &part), ("percent", &percent)])
                }
            };
            (text, palette.warning)
        }
    }
}
