//! The fonts: egui's own for Latin, a subset of Noto Sans CJK for Chinese.

use egui::{FontData, FontDefinitions, FontFamily};
use std::sync::Arc;

/// A subset of Noto Sans CJK SC Regular (SIL Open Font Licence 1.1; `assets/fonts/README.md` says how it was made).
pub const CHINESE_FONT: &[u8] = include_bytes!("../../../assets/fonts/NotoSansSC-Theatron.otf");

/// Gives the context the Chinese font, behind egui's own: Latin text keeps its look, and no character is a box.
pub fn install_fonts(context: &egui::Context) {
    let mut fonts = FontDefinitions::default();
    fonts.font_data.insert("chinese".to_owned(), Arc::new(FontData::from_static(CHINESE_FONT)));
    for family in [FontFamily::Proportional, FontFamily::Monospace] {
        fonts.families.entry(family).or_default().push("chinese".to_owned());
    }
    context.set_fonts(fonts);
}
