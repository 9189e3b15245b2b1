//! What the panels read: plain data, filled by the host.

use crate::geometry::ViewFrame;
use crate::{Language, Theme};
use casebank_case::{Severity, Words};
use meshing_space::{Lps, Point, Vector};

/// Everything the window shows.
#[derive(Clone, Debug, Default)]
pub struct UiState {
    /// Language of every text.
    pub language: Language,
    /// Light or dark.
    pub theme: Theme,
    /// The bank's cases, newest first.
    pub cases: Vec<CaseRow>,
    /// Text field: what the list is filtered by.
    pub case_filter: String,
    /// Text field: the path to import.
    pub import_path: String,
    /// Text fields of the archive query.
    pub pacs: PacsForm,
    /// How the query stands.
    pub pacs_progress: PacsProgress,
    /// What the archive answered.
    pub pacs_rows: Vec<PacsRow>,
    /// The open case.
    pub case: Option<OpenCase>,
    /// The four views.
    pub views: Viewports,
    /// Looks to choose from.
    pub presets: Vec<PresetRow>,
    /// The look in use.
    pub preset: String,
    /// How it was changed.
    pub tune: LookTune,
    /// Segmentation methods that can be run: id and title.
    pub methods: Vec<(String, Words)>,
    /// The link to the edge renderer.
    pub link: LinkState,
    /// What the pictures on the screen are.
    pub fidelity: Fidelity,
    /// The adapter draws in software; its name.
    pub software_adapter: Option<String>,
    /// Work under way.
    pub jobs: Vec<JobRow>,
    /// What the person must know now.
    pub notices: Vec<Notice>,
    /// Text field: name of who accepts a finding.
    pub accept_by: String,
    /// Text field: reason for accepting a finding.
    pub accept_reason: String,
}

impl UiState {
    /// The text of a key in the window's language.
    #[must_use]
    pub fn t(&self, key: &'static str) -> &'static str {
        self.language.text(key)
    }
}

/// A line of the case list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseRow {
    /// The case's stable id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// One line of detail: modality, size, date.
    pub detail: String,
    /// Some volume has a severe finding nobody accepted.
    pub severe: bool,
}

/// Where the archive is and what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacsForm {
    /// Host name or address.
    pub host: String,
    /// Port, as typed.
    pub port: String,
    /// The archive's AE title.
    pub called_ae: String,
    /// Our AE title.
    pub calling_ae: String,
    /// Patient name, with `*`.
    pub patient_name: String,
    /// Patient id.
    pub patient_id: String,
    /// `YYYYMMDD`, or a range with `-`.
    pub study_date: String,
    /// Modality, such as `CT`.
    pub modality: String,
}

impl Default for PacsForm {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: "4242".to_owned(),
            called_ae: "ORTHANC".to_owned(),
            calling_ae: "THEATRON".to_owned(),
            patient_name: String::new(),
            patient_id: String::new(),
            study_date: String::new(),
            modality: String::new(),
        }
    }
}

/// How the archive query stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PacsProgress {
    /// Nothing asked yet.
    #[default]
    Idle,
    /// Waiting for the archive.
    Busy,
    /// The archive answered C-ECHO.
    Reached,
    /// The answers are in the list.
    Done,
}

/// A study the archive knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PacsRow {
    /// Study Instance UID.
    pub study_uid: String,
    /// Patient, as the archive writes it.
    pub patient: String,
    /// Study date.
    pub date: String,
    /// Modalities in the study.
    pub modality: String,
    /// Study description.
    pub description: String,
}

/// The case in the window.
#[derive(Clone, Debug, Default)]
pub struct OpenCase {
    /// The case's stable id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Its volumes.
    pub volumes: Vec<VolumeRow>,
    /// Id of the volume in the views.
    pub active_volume: String,
    /// What the readers found, of all volumes.
    pub findings: Vec<FindingRow>,
    /// Segments of the case.
    pub segments: Vec<SegmentRow>,
    /// Distances of the case.
    pub measurements: Vec<MeasurementRow>,
    /// The journal, oldest first.
    pub history: Vec<HistoryRow>,
    /// There is something to undo.
    pub can_undo: bool,
    /// There is something to redo.
    pub can_redo: bool,
    /// Middle of the active volume, from which sides are told.
    pub middle: Option<Point<Lps>>,
}

impl OpenCase {
    /// The first severe finding of the active volume that nobody has accepted: it refuses measuring and printing.
    #[must_use]
    pub fn refusal(&self) -> Option<&FindingRow> {
        self.findings.iter().find(|finding| finding.volume == self.active_volume && finding.refuses())
    }
}

/// A volume of the open case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumeRow {
    /// The volume's stable id.
    pub id: String,
    /// Series description, or what stands for it.
    pub title: String,
    /// Modality, size, spacing in one line.
    pub detail: String,
}

/// Something a reader noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRow {
    /// The volume it is about.
    pub volume: String,
    /// Stable code, such as `gantry_tilt`.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// The reader's sentence in every language, naming the slices.
    pub message: Words,
    /// Who accepted it, if anyone.
    pub accepted_by: Option<String>,
}

impl FindingRow {
    /// Measuring and printing wait for a person to accept this.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.severity == Severity::Severe && self.accepted_by.is_none()
    }
}

/// A segment of the open case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SegmentRow {
    /// Its name.
    pub name: String,
    /// Volume in millilitres.
    pub volume_ml: f64,
    /// Its inputs changed since: it must be made again.
    pub stale: bool,
    /// The print file made from it, if any.
    pub print_file: Option<String>,
}

/// A distance.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasurementRow {
    /// Stable id.
    pub id: String,
    /// First end.
    pub from: Point<Lps>,
    /// Second end.
    pub to: Point<Lps>,
}

impl MeasurementRow {
    /// Length, mm.
    #[must_use]
    pub fn length_mm(&self) -> f64 {
        self.from.distance(self.to)
    }
}

/// A line of the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryRow {
    /// What was done.
    pub what: String,
    /// It is undone at present.
    pub undone: bool,
}

/// Which view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ViewId {
    /// From the feet, patient's right on the picture's left.
    Axial,
    /// From the front.
    Coronal,
    /// From the patient's left.
    Sagittal,
    /// The volume and the surfaces.
    ThreeD,
}

impl ViewId {
    /// The three slice views.
    pub const SLICES: [Self; 3] = [Self::Axial, Self::Coronal, Self::Sagittal];
    /// All views.
    pub const ALL: [Self; 4] = [Self::Axial, Self::Coronal, Self::Sagittal, Self::ThreeD];
}

/// The four views and what they share.
#[derive(Clone, Debug, Default)]
pub struct Viewports {
    /// Axial, coronal, sagittal, in the order of [`ViewId::SLICES`].
    pub mpr: [MprView; 3],
    /// The 3D view.
    pub three_d: ThreeDView,
    /// Where the three slices meet.
    pub crosshair: Option<Point<Lps>>,
    /// Grey window of the slices.
    pub window: WindowLevel,
    /// Unit of the grey values (`HU`, or empty).
    pub unit: String,
    /// What a click does.
    pub tool: Tool,
    /// First end of the distance being drawn.
    pub pending: Option<Point<Lps>>,
    /// The view over the whole middle, if one is.
    pub maximised: Option<ViewId>,
}

/// A slice view.
#[derive(Clone, Debug, Default)]
pub struct MprView {
    /// The picture, if there is one.
    pub texture: Option<egui::TextureId>,
    /// Where the picture lies.
    pub frame: Option<ViewFrame>,
    /// Slice number and count along the view's normal, from 1.
    pub slice: Option<(usize, usize)>,
}

/// The 3D view.
#[derive(Clone, Debug, Default)]
pub struct ThreeDView {
    /// The picture, if there is one.
    pub texture: Option<egui::TextureId>,
    /// Patient direction to the right of the picture.
    pub right: Option<Vector<Lps>>,
    /// Patient direction to the bottom of the picture.
    pub down: Option<Vector<Lps>>,
    /// How the volume is drawn.
    pub mode: RenderMode,
}

/// How the volume is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RenderMode {
    /// Shaded through the preset's transfer function.
    #[default]
    Shaded,
    /// Maximum intensity projection.
    Mip,
}

/// A named side to look from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewDirection {
    /// From the front.
    Anterior,
    /// From the back.
    Posterior,
    /// From the patient's left.
    Left,
    /// From the patient's right.
    Right,
    /// From above.
    Superior,
    /// From below.
    Inferior,
}

/// What a click in a slice does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tool {
    /// Moves the crosshair.
    #[default]
    Crosshair,
    /// Sets the ends of a distance.
    Distance,
}

/// A grey window: values from `level - width / 2` (black) to `level + width / 2` (white), in the volume's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowLevel {
    /// Middle.
    pub level: f64,
    /// Width, above zero.
    pub width: f64,
}

impl Default for WindowLevel {
    fn default() -> Self {
        Self { level: 40.0, width: 400.0 }
    }
}

/// A look to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PresetRow {
    /// Stable id (`bone`, `skin`…); its title is the text `preset.ID` where the languages have one.
    pub id: String,
    /// The modality it is for, such as `CT`.
    pub modality: String,
}

/// A preset made denser or thinner, or moved to other values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LookTune {
    /// Every opacity is multiplied by this; 1 leaves it.
    pub opacity: f32,
    /// Every value is moved by this, in the volume's unit: above zero shows less of what is soft.
    pub shift: f64,
}

impl Default for LookTune {
    /// As the preset is.
    fn default() -> Self {
        Self { opacity: 1.0, shift: 0.0 }
    }
}

/// The link to the edge renderer.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum LinkState {
    /// No edge: everything is on this machine.
    #[default]
    Local,
    /// Asking the edge for the first time.
    Connecting {
        /// The edge's address.
        edge: String,
    },
    /// The edge answers.
    Connected {
        /// The edge's address.
        edge: String,
        /// Round trip, ms.
        rtt_ms: f64,
    },
    /// The edge does not answer.
    Lost(Lost),
    /// Trying again.
    Reconnecting(Lost),
}

/// Since when the edge is silent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lost {
    /// The edge's address.
    pub edge: String,
    /// Seconds since the last sign of life.
    pub seconds: f64,
}

/// What the pictures are (DESIGN §3: every picture carries what it is).
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Fidelity {
    /// Nothing is shown.
    #[default]
    Nothing,
    /// The voxels of these views were verified at full resolution by their hash.
    Exact,
    /// Something is less than exact.
    Lossy {
        /// Why, in the window's language.
        reason: String,
    },
    /// A coarser level of detail is shown while finer bricks arrive.
    Loading {
        /// The level on the screen: 0 is full resolution, n is 1/2ⁿ each way; none yet when absent.
        level: Option<u8>,
        /// Part of the voxel data that is here, 0 to 1.
        fraction: f32,
    },
}

/// Work under way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobRow {
    /// Number of the job.
    pub id: u64,
    /// What it does, in the window's language.
    pub title: String,
    /// 0 to 1.
    pub fraction: f32,
}

/// What a person must know: what happened, what follows, what to do next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notice {
    /// What happened.
    pub what: String,
    /// What it means for the work.
    pub consequence: String,
    /// What to do.
    pub next_step: String,
    /// It is a failure, not news.
    pub failure: bool,
}
