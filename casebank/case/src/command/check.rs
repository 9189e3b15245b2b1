//! Whether a command fits a case.

use super::{Command, CommandError, TEXT_MAX};
use crate::case::Acceptance;
use crate::{Case, Measurement, SegmentEntry, SurfaceEntry, VolumeEntry, VolumeId};

const NAME_MAX: usize = 256;

impl Command {
    /// Whether this command could be applied now.
    ///
    /// # Errors
    /// The first reason against it.
    pub fn check(&self, case: &Case) -> Result<(), CommandError> {
        match self {
            Self::Rename { title } => text("title", title.expose()),
            Self::SetPatient { patient } => {
                let patient = patient.expose();
                text("name", &patient.name)?;
                text("id", &patient.id)?;
                text("birth_date", &patient.birth_date)?;
                text("sex", &patient.sex)
            }
            Self::PutStudy { study } => {
                name("uid", &study.uid)?;
                text("date", study.date.expose())?;
                text("description", study.description.expose())?;
                text("accession", study.accession.expose())
            }
            Self::ImportVolume(volume) => import(case, volume),
            Self::RemoveVolume { volume } => remove_volume(case, *volume),
            Self::AcceptFinding(acceptance) => accept(case, acceptance),
            Self::RevokeAcceptance { volume, code } => {
                let found = case.acceptance(*volume, *code).is_some();
                there(found, "acceptance", || format!("{code} of {volume}"))
            }
            Self::PutSegment(segment) => put_segment(case, segment),
            Self::RemoveSegment { name } => there(case.segment(name).is_some(), "segment", || name.clone()),
            Self::PutSurface(surface) => put_surface(case, surface),
            Self::RemoveSurface { segment } => {
                there(case.surface(segment).is_some(), "surface", || segment.clone())
            }
            Self::AddMeasurement(measurement) => add_measurement(case, measurement),
            Self::RemoveMeasurement { id } => {
                there(case.measurement(*id).is_some(), "measurement", || id.to_string())
            }
            Self::SetView { volume, view } => {
                volume_there(case, *volume)?;
                finite("window_centre", &[view.window_centre])?;
                positive("window_width", &[view.window_width])?;
                text("preset", &view.preset)
            }
        }
    }
}

fn invalid(field: &'static str, problem: &'static str) -> CommandError {
    CommandError::Invalid { field, problem }
}

fn ensure(good: bool, field: &'static str, problem: &'static str) -> Result<(), CommandError> {
    if good { Ok(()) } else { Err(invalid(field, problem)) }
}

fn text(field: &'static str, value: &str) -> Result<(), CommandError> {
    ensure(value.len() <= TEXT_MAX, field, "is longer than 4096 bytes")
}

fn name(field: &'static str, value: &str) -> Result<(), CommandError> {
    ensure(!value.trim().is_empty(), field, "is empty")?;
    ensure(value.len() <= NAME_MAX, field, "is longer than 256 bytes")?;
    ensure(!value.chars().any(char::is_control), field, "has control characters")
}

fn finite(field: &'static str, values: &[f64]) -> Result<(), CommandError> {
    ensure(values.iter().all(|value| value.is_finite()), field, "is not finite")
}

fn positive(field: &'static str, values: &[f64]) -> Result<(), CommandError> {
    finite(field, values)?;
    ensure(values.iter().all(|value| *value > 0.0), field, "is not greater than 0")
}

fn at_least_zero(field: &'static str, values: &[f64]) -> Result<(), CommandError> {
    finite(field, values)?;
    ensure(values.iter().all(|value| *value >= 0.0), field, "is less than 0")
}

fn there(found: bool, what: &'static str, name: impl FnOnce() -> String) -> Result<(), CommandError> {
    if found { Ok(()) } else { Err(CommandError::Missing { what, name: name() }) }
}

fn volume_there(case: &Case, volume: VolumeId) -> Result<(), CommandError> {
    there(case.volume(volume).is_some(), "volume", || volume.to_string())
}

fn import(case: &Case, volume: &VolumeEntry) -> Result<(), CommandError> {
    if case.volume(volume.id).is_some() {
        return Err(CommandError::AlreadyThere { what: "volume", name: volume.id.to_string() });
    }
    ensure(volume.size.iter().all(|n| (1..=1 << 20).contains(n)), "size", "is 0 or more than 1048576")?;
    positive("spacing_mm", &volume.spacing_mm)?;
    finite("origin_lps_mm", &volume.origin_lps_mm)?;
    finite("direction", &volume.direction)?;
    finite("range", &volume.range)?;
    ensure(volume.range[0] <= volume.range[1], "range", "runs downwards")?;
    text("modality", &volume.modality)?;
    text("unit", &volume.unit)?;
    text("series_uid", &volume.series_uid)?;
    text("study_uid", &volume.study_uid)?;
    text("frame_of_reference", &volume.frame_of_reference)?;
    text("description", volume.description.expose())
}

fn remove_volume(case: &Case, volume: VolumeId) -> Result<(), CommandError> {
    volume_there(case, volume)?;
    let in_use = |by| CommandError::InUse { what: "volume", by, name: volume.to_string() };
    if case.segments.iter().any(|segment| segment.volume == volume) {
        return Err(in_use("a segment"));
    }
    if case.measurements.iter().any(|measurement| measurement.volume == volume) {
        return Err(in_use("a measurement"));
    }
    Ok(())
}

fn accept(case: &Case, acceptance: &Acceptance) -> Result<(), CommandError> {
    let Acceptance { volume, code, by, reason, time } = acceptance;
    let entry = case
        .volume(*volume)
        .ok_or_else(|| CommandError::Missing { what: "volume", name: volume.to_string() })?;
    let found = entry.findings.iter().any(|finding| finding.code == *code);
    there(found, "finding", || code.to_string())?;
    if case.acceptance(*volume, *code).is_some() {
        return Err(CommandError::AlreadyThere { what: "acceptance", name: code.to_string() });
    }
    name("by", by)?;
    ensure(!reason.trim().is_empty(), "reason", "is empty")?;
    ensure((0..=9999).contains(&time.year()), "time", "is outside the years 0 to 9999")?;
    text("reason", reason)
}

fn put_segment(case: &Case, segment: &SegmentEntry) -> Result<(), CommandError> {
    name("name", &segment.name)?;
    name("method", &segment.method)?;
    volume_there(case, segment.volume)?;
    finite("level", segment.level.as_slice())?;
    at_least_zero("volume_mm3", &[segment.volume_mm3])
}

fn put_surface(case: &Case, surface: &SurfaceEntry) -> Result<(), CommandError> {
    there(case.segment(&surface.segment).is_some(), "segment", || surface.segment.clone())?;
    at_least_zero("max_error_mm", &[surface.max_error_mm])?;
    at_least_zero("hausdorff_mm", &[surface.hausdorff_mm])?;
    at_least_zero("area_mm2", &[surface.area_mm2])?;
    finite("volume_mm3", &[surface.volume_mm3])?;
    finite("bbox_lps_mm", surface.bbox_lps_mm.as_flattened())
}

fn add_measurement(case: &Case, measurement: &Measurement) -> Result<(), CommandError> {
    if case.measurement(measurement.id).is_some() {
        return Err(CommandError::AlreadyThere { what: "measurement", name: measurement.id.to_string() });
    }
    case.may_measure(measurement.volume)?;
    let count = measurement.points_lps_mm.len();
    ensure(
        count == measurement.kind.points(),
        "points_lps_mm",
        "has the wrong number of points for its kind",
    )?;
    for point in &measurement.points_lps_mm {
        finite("points_lps_mm", &point.to_array())?;
    }
    text("label", measurement.label.expose())
}
