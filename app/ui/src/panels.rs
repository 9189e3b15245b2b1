//! The panels: one file each, one line each in [`PANELS`].

pub mod case_list;
pub mod findings;
pub mod history;
pub mod import;
pub mod jobs;
pub mod measurements;
pub mod notices;
pub mod pacs;
pub mod presets;
pub mod segments;
pub mod status;
pub mod toolbar;
pub mod viewports;

use crate::UiAction;
use crate::state::UiState;

/// What a panel works with: the state (it changes its own text fields only) and the list it adds wishes to.
#[derive(Debug)]
pub struct PanelCx<'a> {
    /// What is shown.
    pub state: &'a mut UiState,
    /// What the person asks for.
    pub actions: &'a mut Vec<UiAction>,
}

impl PanelCx<'_> {
    /// The text of a key in the window's language.
    #[must_use]
    pub fn t(&self, key: &'static str) -> &'static str {
        self.state.language.text(key)
    }

    /// Asks for something.
    pub fn ask(&mut self, action: UiAction) {
        self.actions.push(action);
    }
}

/// Where a panel sits in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Left column: where cases come from.
    Left,
    /// Right column: the open case.
    Right,
}

/// A panel of a column.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    /// Stable id.
    pub id: &'static str,
    /// Key of the title.
    pub title: &'static str,
    /// Column.
    pub place: Place,
    /// Open when the window opens.
    pub open: bool,
    /// Draws it.
    pub ui: fn(&mut PanelCx<'_>, &mut egui::Ui),
}

const fn panel(
    id: &'static str,
    title: &'static str,
    place: Place,
    open: bool,
    ui: fn(&mut PanelCx<'_>, &mut egui::Ui),
) -> Panel {
    Panel { id, title, place, open, ui }
}

/// Every panel of the two columns, from top to bottom. A new panel is one file and one line here.
pub const PANELS: &[Panel] = &[
    panel("case_list", "cases.title", Place::Left, true, case_list::ui),
    panel("import", "import.title", Place::Left, true, import::ui),
    panel("pacs", "pacs.title", Place::Left, false, pacs::ui),
    panel("findings", "findings.title", Place::Right, true, findings::ui),
    panel("presets", "presets.title", Place::Right, true, presets::ui),
    panel("measurements", "measurements.title", Place::Right, true, measurements::ui),
    panel("segments", "segments.title", Place::Right, true, segments::ui),
    panel("history", "history.title", Place::Right, false, history::ui),
    panel("jobs", "jobs.title", Place::Right, true, jobs::ui),
];
