//! Asking the archive.

use super::PanelCx;
use crate::UiAction;
use crate::state::{PacsForm, PacsProgress};
use egui::{Grid, RichText, TextEdit, Ui};

/// Address, criteria, answers; a study is pulled by its button.
pub fn ui(cx: &mut PanelCx<'_>, ui: &mut Ui) {
    form(cx, ui);
    let busy = cx.state.pacs_progress == PacsProgress::Busy;
    let usable = !busy && usable(&cx.state.pacs);
    ui.horizontal_wrapped(|ui| {
        if ui.add_enabled(usable, egui::Button::new(cx.t("pacs.echo"))).clicked() {
            let form = cx.state.pacs.clone();
            cx.ask(UiAction::PacsEcho(form));
        }
        if ui.add_enabled(usable, egui::Button::new(cx.t("pacs.find"))).clicked() {
            let form = cx.state.pacs.clone();
            cx.ask(UiAction::PacsFind(form));
        }
        if busy {
            ui.spinner();
        }
    });
    let palette = cx.state.theme.palette();
    if cx.state.pacs_progress == PacsProgress::Reached {
        ui.label(RichText::new(cx.t("pacs.reached")).color(palette.good));
    } else if cx.state.pacs_progress == PacsProgress::Done && cx.state.pacs_rows.is_empty() {
        ui.label(RichText::new(cx.t("pacs.none")).color(palette.quiet));
    }
    for row in &cx.state.pacs_rows {
        ui.separator();
        ui.label(RichText::new(&row.patient).strong());
        ui.label(RichText::new(format!("{}  {}  {}", row.date, row.modality, row.description)).small());
        if ui.add_enabled(!busy, egui::Button::new(cx.state.language.text("pacs.pull"))).clicked() {
            cx.actions
                .push(UiAction::PacsPull { form: cx.state.pacs.clone(), study_uid: row.study_uid.clone() });
        }
    }
}

/// The form can be sent: a host, a port number and both AE titles (1 to 16 characters, DICOM PS3.5 §6.2).
fn usable(form: &PacsForm) -> bool {
    let title = |ae: &str| (1..=16).contains(&ae.trim().len());
    !form.host.trim().is_empty()
        && form.port.trim().parse::<u16>().is_ok_and(|port| port > 0)
        && title(&form.called_ae)
        && title(&form.calling_ae)
}

fn form(cx: &mut PanelCx<'_>, ui: &mut Ui) {
    let language = cx.state.language;
    let form = &mut cx.state.pacs;
    Grid::new("pacs_form").num_columns(2).show(ui, |ui| {
        for (key, field) in [
            ("pacs.host", &mut form.host),
            ("pacs.port", &mut form.port),
            ("pacs.called", &mut form.called_ae),
            ("pacs.calling", &mut form.calling_ae),
            ("pacs.patient", &mut form.patient_name),
            ("pacs.patient_id", &mut form.patient_id),
            ("pacs.date", &mut form.study_date),
            ("pacs.modality", &mut form.modality),
        ] {
            let label = ui.label(language.text(key));
            ui.add(TextEdit::singleline(field).desired_width(120.0)).labelled_by(label.id);
            ui.end_row();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_complete_address_is_sent() {
        assert!(usable(&PacsForm::default()));
        assert!(!usable(&PacsForm { port: "70000".to_owned(), ..PacsForm::default() }));
        assert!(!usable(&PacsForm { host: " ".to_owned(), ..PacsForm::default() }));
        assert!(!usable(&PacsForm { called_ae: "A".repeat(17), ..PacsForm::default() }));
    }
}
