//! The panels, driven as a person would drive them; pictures are drawn by the machine's adapter, in software if need be.

mod panels;
mod sources;
mod views;

use app_ui::{
    CaseRow, Fidelity, FindingRow, HistoryRow, JobRow, Language, LinkState, MeasurementRow, MprView,
    OpenCase, PacsRow, PresetRow, SegmentRow, Theme, ThreeDView, UiAction, UiState, ViewFrame, Viewports,
    VolumeRow, WindowLevel,
};
use casebank_case::{Severity, Words};
use egui_kittest::Harness;
use meshing_space::{Point, Vector};

/// State and what was asked for since the start.
pub(crate) struct Stage {
    pub(crate) state: UiState,
    pub(crate) asked: Vec<UiAction>,
    styled: Option<Theme>,
}

/// The whole window over a state, as the client shows it.
pub(crate) fn window(state: UiState, size: [f32; 2]) -> Harness<'static, Stage> {
    let stage = Stage { state, asked: Vec::new(), styled: None };
    Harness::builder().with_size(size).with_max_steps(30).build_ui_state(
        |ui, stage: &mut Stage| {
            if stage.styled.is_none() {
                app_ui::install_fonts(ui.ctx());
            }
            if stage.styled != Some(stage.state.theme) {
                app_ui::apply_style(ui.ctx(), stage.state.theme);
                stage.styled = Some(stage.state.theme);
            }
            let asked = app_ui::show(ui, &mut stage.state);
            stage.asked.extend(asked);
        },
        stage,
    )
}

fn frame(right: Vector<meshing_space::Lps>, down: Vector<meshing_space::Lps>) -> ViewFrame {
    ViewFrame { centre: Point::new(0.0, 0.0, 0.0), right, down, width_mm: 300.0, height_mm: 300.0 }
}

fn finding(code: &str, severity: Severity) -> FindingRow {
    FindingRow {
        volume: "volume".to_owned(),
        code: code.to_owned(),
        severity,
        message: Words::new("slices 12 and 13", "切片 12 和 13"),
        accepted_by: None,
    }
}

/// An open chest CT with a bit of everything and nothing severe.
pub(crate) fn sample(language: Language) -> UiState {
    let (x, y, z) = (Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, 1.0));
    let mpr = [frame(x, y), frame(x, z * -1.0), frame(y, z * -1.0)].map(|frame| MprView {
        texture: None,
        frame: Some(frame),
        slice: Some((31, 60)),
    });
    UiState {
        language,
        cases: vec![
            CaseRow {
                id: "one".into(),
                title: "Chest".into(),
                detail: "CT 512 x 512 x 60".into(),
                severe: false,
            },
            CaseRow {
                id: "two".into(),
                title: "Head, tilted".into(),
                detail: "CT 512 x 512 x 28".into(),
                severe: true,
            },
        ],
        pacs_rows: vec![PacsRow {
            study_uid: "1.2.3".into(),
            patient: "PHANTOM^A".into(),
            date: "20260102".into(),
            modality: "CT".into(),
            description: "Chest".into(),
        }],
        case: Some(OpenCase {
            id: "one".into(),
            title: "Chest".into(),
            volumes: vec![VolumeRow {
                id: "volume".into(),
                title: "Axial 2 mm".into(),
                detail: "512 x 512 x 60".into(),
            }],
            active_volume: "volume".into(),
            findings: vec![finding("overlapping_slices", Severity::Info)],
            segments: vec![SegmentRow {
                name: "bone".into(),
                volume_ml: 812.5,
                stale: false,
                print_file: None,
            }],
            measurements: vec![MeasurementRow {
                id: "m1".into(),
                from: Point::new(10.0, 0.0, 0.0),
                to: Point::new(40.0, 40.0, 0.0),
            }],
            history: vec![HistoryRow { what: "Volume imported".into(), undone: false }],
            can_undo: true,
            can_redo: false,
            middle: Some(Point::origin()),
        }),
        views: Viewports {
            mpr,
            three_d: ThreeDView { right: Some(x), down: Some(z * -1.0), ..ThreeDView::default() },
            crosshair: Some(Point::origin()),
            window: WindowLevel { level: 40.0, width: 400.0 },
            unit: "HU".into(),
            ..Viewports::default()
        },
        presets: [("bone", "CT"), ("skin", "CT"), ("lung", "CT"), ("mr", "MR")]
            .map(|(id, modality)| PresetRow { id: id.into(), modality: modality.into() })
            .to_vec(),
        preset: "bone".into(),
        methods: vec![("bone".into(), "Bone".into())],
        link: LinkState::Connected { edge: "edge.ward:4433".into(), rtt_ms: 12.3 },
        fidelity: Fidelity::Exact,
        jobs: vec![JobRow { id: 7, title: "Segmenting".into(), fraction: 0.4 }],
        ..UiState::default()
    }
}

/// The same with a severe finding that nobody has accepted.
pub(crate) fn severe(language: Language) -> UiState {
    let mut state = sample(language);
    if let Some(case) = &mut state.case {
        case.findings.push(finding("gantry_tilt", Severity::Severe));
    }
    state
}
