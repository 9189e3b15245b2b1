//! How the anatomy looks: volume, preset, mode, grey window.

use super::PanelCx;
use crate::UiAction;
use crate::state::{LookTune, RenderMode, ViewDirection, WindowLevel};
use egui::{CollapsingHeader, DragValue, Grid, RichText, Slider, Ui};

/// Volume of the case, transfer function and its changes, 3D mode and side, window and level.
pub fn ui(cx: &mut PanelCx<'_>, ui: &mut Ui) {
    let language = cx.state.language;
    let quiet = cx.state.theme.palette().quiet;
    if let Some(case) = &cx.state.case {
        for volume in &case.volumes {
            let selected = volume.id == case.active_volume;
            if ui.selectable_label(selected, &volume.title).clicked() && !selected {
                cx.actions.push(UiAction::SelectVolume(volume.id.clone()));
            }
            ui.label(RichText::new(&volume.detail).small().color(quiet));
        }
    }
    by_modality(cx, ui);
    tune(cx, ui);
    ui.horizontal_wrapped(|ui| {
        for (mode, key) in [(RenderMode::Shaded, "presets.shaded"), (RenderMode::Mip, "presets.mip")] {
            if ui.selectable_label(cx.state.views.three_d.mode == mode, language.text(key)).clicked() {
                cx.actions.push(UiAction::SetRenderMode(mode));
            }
        }
    });
    ui.label(RichText::new(language.text("presets.look_from")).small().color(quiet));
    ui.horizontal_wrapped(|ui| {
        for (direction, key) in [
            (ViewDirection::Anterior, "presets.anterior"),
            (ViewDirection::Posterior, "presets.posterior"),
            (ViewDirection::Left, "presets.left"),
            (ViewDirection::Right, "presets.right"),
            (ViewDirection::Superior, "presets.superior"),
            (ViewDirection::Inferior, "presets.inferior"),
        ] {
            if ui.small_button(language.text(key)).clicked() {
                cx.actions.push(UiAction::SetDirection(direction));
            }
        }
    });
    window_level(cx, ui);
}

/// The presets, those of the modality in use unfolded: what is made for another one misleads.
fn by_modality(cx: &mut PanelCx<'_>, ui: &mut Ui) {
    let (language, state) = (cx.state.language, &cx.state);
    let mut modalities: Vec<&str> = Vec::new();
    for preset in &state.presets {
        if !modalities.contains(&preset.modality.as_str()) {
            modalities.push(&preset.modality);
        }
    }
    let in_use = state.presets.iter().find(|preset| preset.id == state.preset).map(|p| p.modality.as_str());
    let mut chosen = None;
    for modality in modalities {
        let open = in_use.is_none_or(|in_use| in_use == modality);
        let heading = CollapsingHeader::new(modality).id_salt(("presets", modality, open)).default_open(open);
        heading.show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                for preset in state.presets.iter().filter(|preset| preset.modality == modality) {
                    let name = language.find(&format!("preset.{}", preset.id)).unwrap_or(&preset.id);
                    if ui.selectable_label(state.preset == preset.id, name).clicked() {
                        chosen = Some(preset.id.clone());
                    }
                }
            });
        });
    }
    cx.actions.extend(chosen.map(UiAction::SetPreset));
}

/// Denser or thinner, and moved to other values.
fn tune(cx: &mut PanelCx<'_>, ui: &mut Ui) {
    let language = cx.state.language;
    let old = cx.state.tune;
    let mut tune = old;
    let suffix = unit_suffix(cx);
    Grid::new("tune").num_columns(2).show(ui, |ui| {
        let label = ui.label(language.text("presets.opacity"));
        ui.add(Slider::new(&mut tune.opacity, 0.1..=10.0).logarithmic(true).max_decimals(2).suffix("×"))
            .labelled_by(label.id);
        ui.end_row();
        let label = ui.label(language.text("presets.shift"));
        ui.add(DragValue::new(&mut tune.shift).speed(2.0).range(-1e4..=1e4).max_decimals(0).suffix(&suffix))
            .labelled_by(label.id);
        ui.end_row();
    });
    let changed = tune != LookTune::default();
    if ui.add_enabled(changed, egui::Button::new(language.text("presets.untuned")).small()).clicked() {
        tune = LookTune::default();
    }
    if tune != old {
        cx.ask(UiAction::TuneLook(tune));
    }
}

/// The unit of the volume's values after a number.
fn unit_suffix(cx: &PanelCx<'_>) -> String {
    match cx.state.views.unit.as_str() {
        "" => String::new(),
        unit => format!(" {unit}"),
    }
}

fn window_level(cx: &mut PanelCx<'_>, ui: &mut Ui) {
    let language = cx.state.language;
    let old = cx.state.views.window;
    let mut window = old;
    let suffix = unit_suffix(cx);
    Grid::new("window_level").num_columns(2).show(ui, |ui| {
        let label = ui.label(language.text("presets.level"));
        ui.add(
            DragValue::new(&mut window.level).speed(2.0).range(-1e5..=1e5).max_decimals(0).suffix(&suffix),
        )
        .labelled_by(label.id);
        ui.end_row();
        let label = ui.label(language.text("presets.width"));
        ui.add(DragValue::new(&mut window.width).speed(4.0).range(1.0..=2e5).max_decimals(0).suffix(&suffix))
            .labelled_by(label.id);
        ui.end_row();
    });
    ui.horizontal_wrapped(|ui| {
        for (key, level, width) in [
            ("presets.window_soft", 40.0, 400.0),
            ("presets.window_bone", 500.0, 2000.0),
            ("presets.window_lung", -600.0, 1500.0),
            ("presets.window_brain", 40.0, 80.0),
        ] {
            if ui.small_button(language.text(key)).clicked() {
                window = WindowLevel { level, width };
            }
        }
    });
    if window != old {
        cx.ask(UiAction::SetWindow(window));
    }
}
