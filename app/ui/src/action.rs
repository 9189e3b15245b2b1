//! What the panels ask for.

use crate::state::{LookTune, PacsForm, RenderMode, Tool, ViewDirection, ViewId, WindowLevel};
use crate::{Language, Theme};
use meshing_space::{Lps, Point, Vector};
use std::path::PathBuf;

/// One wish of the person at the window. The host carries it out; panels change nothing themselves but their own
/// text fields. Positions are in patient space (LPS, millimetres).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum UiAction {
    /// Show the window in another language.
    SetLanguage(Language),
    /// Light or dark.
    SetTheme(Theme),
    /// Read the list of cases again.
    RefreshCases,
    /// Open the case with this id.
    OpenCase(String),
    /// Import a file or a folder of DICOM.
    Import(PathBuf),
    /// C-ECHO to the archive of the form.
    PacsEcho(PacsForm),
    /// C-FIND with the form's criteria.
    PacsFind(PacsForm),
    /// C-GET of one study, into a new case.
    PacsPull {
        /// Where the archive is.
        form: PacsForm,
        /// Study Instance UID.
        study_uid: String,
    },
    /// Show another volume of the open case.
    SelectVolume(String),
    /// A person takes responsibility for a severe finding.
    AcceptFinding {
        /// The volume's id.
        volume: String,
        /// The finding's stable code, such as `gantry_tilt`.
        code: String,
        /// Who accepts.
        by: String,
        /// Why it is acceptable.
        reason: String,
    },
    /// Look of the volume by preset id (`bone`, `skin`…).
    SetPreset(String),
    /// Make the look denser or thinner, or move it to other values.
    TuneLook(LookTune),
    /// Grey window of the slices.
    SetWindow(WindowLevel),
    /// Shaded or maximum intensity.
    SetRenderMode(RenderMode),
    /// What a click in a slice does.
    SetTool(Tool),
    /// Move the crosshair: all slices follow.
    SetCrosshair(Point<Lps>),
    /// Walk through the slices of one view; positive is along the view's normal, away from the eye.
    Scroll {
        /// The view.
        view: ViewId,
        /// Whole slices.
        steps: i32,
    },
    /// Magnify a view (factor above 1 shows less, larger).
    Zoom {
        /// The view.
        view: ViewId,
        /// Magnification relative to now.
        factor: f64,
    },
    /// Shift what a view shows, in the view's own plane.
    Pan {
        /// The view.
        view: ViewId,
        /// Displacement of the content.
        by_mm: Vector<Lps>,
    },
    /// Turn the 3D view about what it looks at.
    Orbit {
        /// To the right, degrees.
        yaw_deg: f64,
        /// Upward, degrees.
        pitch_deg: f64,
    },
    /// Look from a named side.
    SetDirection(ViewDirection),
    /// The space for a view's picture changed (pixels of the screen).
    Resize {
        /// The view.
        view: ViewId,
        /// Width and height in physical pixels.
        size_px: [u32; 2],
    },
    /// One view over the whole middle, or all four again.
    Maximise(Option<ViewId>),
    /// First end of a distance.
    BeginDistance(Point<Lps>),
    /// A finished distance.
    AddDistance {
        /// First end.
        from: Point<Lps>,
        /// Second end.
        to: Point<Lps>,
    },
    /// Forget the first end.
    CancelDistance,
    /// Remove a measurement by id.
    RemoveMeasurement(String),
    /// Run a segmentation method by id.
    Segment(String),
    /// Make the surface and the print file of a segment.
    Print(String),
    /// Undo the last command of the case.
    Undo,
    /// Redo what was undone.
    Redo,
    /// Stop a job.
    CancelJob(u64),
    /// Hide the notice at this place of the list.
    DismissNotice(usize),
}
