//! The cases of the bank.

use super::PanelCx;
use crate::UiAction;
use egui::{RichText, TextEdit, Ui};

/// The list, filtered by the text field; a click opens a case.
pub fn ui(cx: &mut PanelCx<'_>, ui: &mut Ui) {
    let hint = cx.t("cases.filter");
    ui.add(TextEdit::singleline(&mut cx.state.case_filter).hint_text(hint).desired_width(f32::INFINITY));
    let palette = cx.state.theme.palette();
    let filter = cx.state.case_filter.to_lowercase();
    let open = cx.state.case.as_ref().map(|case| case.id.clone());
    let mut shown = 0;
    for row in &cx.state.cases {
        if !filter.is_empty() && !format!("{} {}", row.title, row.detail).to_lowercase().contains(&filter) {
            continue;
        }
        shown += 1;
        let selected = open.as_deref() == Some(row.id.as_str());
        let title = if row.severe { format!("{}  ⚠", row.title) } else { row.title.clone() };
        let response = ui.selectable_label(selected, RichText::new(title).strong());
        let response = if row.severe {
            response.on_hover_text(cx.state.language.text("cases.severe"))
        } else {
            response
        };
        if response.clicked() {
            cx.actions.push(UiAction::OpenCase(row.id.clone()));
        }
        ui.label(RichText::new(&row.detail).small().color(palette.quiet));
    }
    if shown == 0 {
        let key = if cx.state.cases.is_empty() { "cases.none" } else { "cases.no_match" };
        ui.label(RichText::new(cx.t(key)).color(palette.quiet));
    }
    if ui.button(cx.t("cases.refresh")).clicked() {
        cx.ask(UiAction::RefreshCases);
    }
}
