//! The panels of the window and of the headset's slate: plain state in, [`UiAction`]s out.
//!
//! A panel reads [`UiState`] and pushes actions; it never touches a case, a file, a socket or a GPU. Whoever
//! hosts the panels (`theatron-client`) owns the state, carries the actions out and draws the pictures whose
//! texture ids the state names. There is no Bevy here.
//!
//! ```
//! use app_ui::{show, Language, UiState};
//!
//! let mut state = UiState { language: Language::Chinese, ..UiState::default() };
//! let context = egui::Context::default();
//! let mut actions = Vec::new();
//! let _frame = context.run_ui(egui::RawInput::default(), |ui| actions = show(ui, &mut state));
//! assert!(actions.iter().all(|action| !matches!(action, app_ui::UiAction::Undo)));
//! ```

mod action;
mod fonts;
mod geometry;
mod layout;
mod locale;
pub mod panels;
mod state;
mod style;

pub use action::UiAction;
pub use fonts::{CHINESE_FONT, install_fonts};
pub use geometry::{Side, ViewFrame, direction_letters, scale_bar_mm, side_of};
pub use layout::show;
pub use locale::{Language, fill, keys};
pub use state::{
    CaseRow, Fidelity, FindingRow, HistoryRow, JobRow, LinkState, LookTune, Lost, MeasurementRow, MprView,
    Notice, OpenCase, PacsForm, PacsProgress, PacsRow, PresetRow, RenderMode, SegmentRow, ThreeDView, Tool,
    UiState, ViewDirection, ViewId, Viewports, VolumeRow, WindowLevel,
};
pub use style::{Theme, apply_style};
