//! From the case document to what the panels show.

use app_ui::{
    CaseRow, FindingRow, HistoryRow, Language, MeasurementRow, OpenCase, SegmentRow, VolumeRow, fill,
};
use casebank_case::{Action, Case, Command, Journal, Stale, VolumeEntry, VolumeId, Words};
use casebank_store::CaseSummary;
use net_protocol::messages::VolumeInfo;

/// A line of the case list.
pub(crate) fn row(summary: &CaseSummary, language: Language) -> CaseRow {
    let (day, hour, minute) = (summary.changed.date(), summary.changed.hour(), summary.changed.minute());
    let count = fill(language.text("cases.volumes"), &[("count", &summary.volumes.to_string())]);
    CaseRow {
        id: summary.id.to_string(),
        title: summary.title.expose().clone(),
        detail: format!("{}  {count}  {day} {hour:02}:{minute:02}", summary.modalities.join(", ")),
        severe: summary.severe > 0,
    }
}

/// Cases of an edge, from its list of volumes.
pub(crate) fn rows_of_edge(volumes: &[VolumeInfo]) -> Vec<CaseRow> {
    let mut rows: Vec<CaseRow> = Vec::new();
    for volume in volumes {
        let detail = volume_detail(&volume.modality, volume.size.map(|n| n as usize), None);
        if rows.iter().all(|row| row.id != volume.case) {
            rows.push(CaseRow {
                id: volume.case.clone(),
                title: volume.title.clone(),
                detail,
                severe: false,
            });
        }
    }
    rows
}

/// A case that only the edge holds: its volumes. Without its findings nothing can be measured or printed on it.
pub(crate) fn of_edge(id: &str, volumes: &[VolumeInfo]) -> Option<OpenCase> {
    let mine: Vec<_> = volumes.iter().filter(|volume| volume.case == id).collect();
    let first = mine.first()?;
    Some(OpenCase {
        id: id.to_owned(),
        title: first.title.clone(),
        active_volume: first.volume.clone(),
        volumes: mine
            .iter()
            .map(|volume| VolumeRow {
                id: volume.volume.clone(),
                title: volume.title.clone(),
                detail: volume_detail(&volume.modality, volume.size.map(|n| n as usize), None),
            })
            .collect(),
        ..OpenCase::default()
    })
}

fn volume_detail(modality: &str, size: [usize; 3], spacing_mm: Option<[f64; 3]>) -> String {
    let size = format!("{modality}  {} × {} × {}", size[0], size[1], size[2]);
    spacing_mm.map_or_else(
        || size.clone(),
        |spacing| format!("{size}  {:.2} × {:.2} × {:.2} mm", spacing[0], spacing[1], spacing[2]),
    )
}

/// The open case as the panels show it.
pub(crate) fn open(
    journal: &Journal,
    active: VolumeId,
    print_files: &[(String, String)],
    language: Language,
) -> OpenCase {
    let case = journal.case();
    let history = history(journal, language);
    OpenCase {
        id: case.id.to_string(),
        title: case.title.expose().clone(),
        volumes: case.volumes.iter().map(volume).collect(),
        active_volume: active.to_string(),
        findings: findings(case),
        segments: segments(case, print_files),
        measurements: case
            .measurements
            .iter()
            .filter(|measurement| measurement.volume == active)
            .filter_map(|measurement| match measurement.points_lps_mm.as_slice() {
                [from, to] => Some(MeasurementRow { id: measurement.id.to_string(), from: *from, to: *to }),
                _ => None,
            })
            .collect(),
        history: history.rows,
        can_undo: history.can_undo,
        can_redo: history.can_redo,
        middle: None,
    }
}

fn volume(entry: &VolumeEntry) -> VolumeRow {
    let description = entry.description.expose().trim();
    let title = if description.is_empty() { entry.modality.as_str() } else { description };
    VolumeRow {
        id: entry.id.to_string(),
        title: title.to_owned(),
        detail: volume_detail(&entry.modality, entry.size, Some(entry.spacing_mm)),
    }
}

fn findings(case: &Case) -> Vec<FindingRow> {
    let row = |entry: &VolumeEntry, finding: &casebank_case::Finding| FindingRow {
        volume: entry.id.to_string(),
        code: finding.code.as_str().to_owned(),
        severity: finding.severity,
        message: Words::new(&finding.message, finding.in_language(casebank_case::Language::Chinese)),
        accepted_by: case.acceptance(entry.id, finding.code).map(|acceptance| acceptance.by.clone()),
    };
    case.volumes
        .iter()
        .flat_map(|entry| entry.findings.iter().map(move |finding| row(entry, finding)))
        .collect()
}

fn segments(case: &Case, print_files: &[(String, String)]) -> Vec<SegmentRow> {
    let stale = case.stale();
    let is_stale = |wanted: &str| {
        stale.iter().any(|thing| matches!(thing, Stale::Segment { name, .. } if name.as_str() == wanted))
    };
    case.segments
        .iter()
        .map(|segment| SegmentRow {
            name: segment.name.clone(),
            volume_ml: segment.volume_mm3 / 1000.0,
            stale: is_stale(&segment.name),
            print_file: print_files
                .iter()
                .rev()
                .find(|(name, _)| *name == segment.name)
                .map(|(_, file)| file.clone()),
        })
        .collect()
}

struct History {
    rows: Vec<HistoryRow>,
    can_undo: bool,
    can_redo: bool,
}

/// What a person did, in order. What an import wrote is not offered for undoing: it is the ground the rest stands on.
fn history(journal: &Journal, language: Language) -> History {
    let mut rows: Vec<(u64, HistoryRow, bool)> = Vec::new();
    let mut undone: Vec<u64> = Vec::new();
    for entry in journal.entries() {
        match entry.action() {
            Action::Do(command) => {
                undone.clear();
                let by_import = matches!(
                    command,
                    Command::ImportVolume(_) | Command::SetPatient { .. } | Command::PutStudy { .. }
                ) || (matches!(command, Command::Rename { .. }) && entry.seq() == 1);
                let row = HistoryRow { what: what(command, language).to_owned(), undone: false };
                rows.push((entry.seq(), row, by_import));
            }
            Action::Undo { of } => {
                undone.push(*of);
                mark(&mut rows, *of, true);
            }
            Action::Redo { of } => {
                undone.pop();
                mark(&mut rows, *of, false);
            }
            _ => {}
        }
    }
    let can_undo =
        rows.iter().rev().find(|(_, row, _)| !row.undone).is_some_and(|(_, _, by_import)| !by_import);
    History {
        can_undo,
        can_redo: !undone.is_empty(),
        rows: rows.into_iter().map(|(_, row, _)| row).collect(),
    }
}

fn mark(rows: &mut [(u64, HistoryRow, bool)], seq: u64, undone: bool) {
    if let Some((_, row, _)) = rows.iter_mut().find(|(number, _, _)| *number == seq) {
        row.undone = undone;
    }
}

fn what(command: &Command, language: Language) -> &'static str {
    let key = format!("history.{}", command.name());
    language.find(&key).unwrap_or_else(|| language.text("history.other"))
}
