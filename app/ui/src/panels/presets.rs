//! How the anatomy looks: volume, preset, mode, grey window.

use super::PanelCx;
use crate::UiAction;
use crate::state::{RenderMode, ViewDirection, WindowLevel};
use egui::{DragValue, Grid, RichText, Ui};

/// Volume of the case, transfer function, 3D mode and side, window and level.
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
    ui.horizontal_wrapped(|ui| {
        for preset in &cx.state.presets {
            let name = language.find(&format!("preset.{}", preset.id)).unwrap_or(&preset.id);
            if ui.selectable_label(cx.state.preset == preset.id, name).clicked() {
                cx.actions.push(UiAction::SetPreset(preset.id.clone()));
            }
        }
    });
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

fn window_level(cx: &mut PanelCx<'_>, ui: &mut Ui) {
    let language = cx.state.language;
    let old = cx.state.views.window;
    let mut window = old;
    let suffix = match cx.state.views.unit.as_str() {
        "" => String::new(),
        unit => format!(" {unit}"),
    };
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
