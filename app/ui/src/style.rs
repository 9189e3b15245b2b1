//! Light and dark, sizes, and the colours that mean something.

use egui::{Color32, CornerRadius, FontId, Stroke, TextStyle, Visuals};
use serde::{Deserialize, Serialize};

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// For a dim reading room.
    #[default]
    Dark,
    /// For a bright ward.
    Light,
}

/// Colours by meaning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Palette {
    pub(crate) good: Color32,
    pub(crate) warning: Color32,
    pub(crate) bad: Color32,
    pub(crate) quiet: Color32,
}

impl Theme {
    pub(crate) fn palette(self) -> Palette {
        match self {
            Self::Dark => Palette {
                good: Color32::from_rgb(0x4c, 0xc3, 0x8a),
                warning: Color32::from_rgb(0xf2, 0xb1, 0x3c),
                bad: Color32::from_rgb(0xff, 0x6b, 0x66),
                quiet: Color32::from_rgb(0x9a, 0xa7, 0xb4),
            },
            Self::Light => Palette {
                good: Color32::from_rgb(0x0b, 0x74, 0x45),
                warning: Color32::from_rgb(0x8f, 0x56, 0x00),
                bad: Color32::from_rgb(0xb4, 0x1f, 0x1a),
                quiet: Color32::from_rgb(0x55, 0x60, 0x6b),
            },
        }
    }
}

/// Puts the look of the house on the context.
pub fn apply_style(context: &egui::Context, theme: Theme) {
    let (egui_theme, mut visuals) = match theme {
        Theme::Dark => (egui::Theme::Dark, Visuals::dark()),
        Theme::Light => (egui::Theme::Light, Visuals::light()),
    };
    match theme {
        Theme::Dark => {
            visuals.panel_fill = Color32::from_rgb(0x15, 0x1b, 0x22);
            visuals.window_fill = Color32::from_rgb(0x1b, 0x22, 0x2b);
            visuals.extreme_bg_color = Color32::from_rgb(0x0c, 0x10, 0x15);
            visuals.faint_bg_color = Color32::from_rgb(0x1d, 0x25, 0x2e);
            visuals.override_text_color = Some(Color32::from_rgb(0xe6, 0xeb, 0xf0));
            visuals.selection.bg_fill = Color32::from_rgb(0x1f, 0x5f, 0x8b);
            visuals.widgets.noninteractive.bg_stroke = Stroke::new(1.0, Color32::from_rgb(0x2c, 0x36, 0x41));
        }
        Theme::Light => {
            visuals.panel_fill = Color32::from_rgb(0xf4, 0xf6, 0xf8);
            visuals.extreme_bg_color = Color32::WHITE;
            visuals.override_text_color = Some(Color32::from_rgb(0x16, 0x1d, 0x24));
            visuals.selection.bg_fill = Color32::from_rgb(0xa9, 0xd2, 0xf0);
        }
    }
    for widget in [
        &mut visuals.widgets.noninteractive,
        &mut visuals.widgets.inactive,
        &mut visuals.widgets.hovered,
        &mut visuals.widgets.active,
        &mut visuals.widgets.open,
    ] {
        widget.corner_radius = CornerRadius::same(4);
    }
    context.set_theme(egui_theme);
    context.set_visuals_of(egui_theme, visuals);
    context.style_mut_of(egui_theme, |style| {
        style.spacing.item_spacing = egui::vec2(6.0, 6.0);
        style.spacing.button_padding = egui::vec2(8.0, 4.0);
        style.spacing.interact_size.y = 24.0;
        for (kind, size) in [
            (TextStyle::Small, 12.0),
            (TextStyle::Body, 14.0),
            (TextStyle::Button, 14.0),
            (TextStyle::Heading, 16.0),
        ] {
            style.text_styles.insert(kind, FontId::proportional(size));
        }
    });
}
