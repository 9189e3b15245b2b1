//! Whether a command fits a case.

use super::{Command, CommandError, TEXT_MAX};
use crate::case::Acceptance;
use crate::{
    Case, ChecksEntry, Measurement, PLAN_POINTS_MAX, PlanEntry, PlanShape, SegmentEntry, Signature,
    SolidEntry, SurfaceEntry, VolumeEntry, VolumeId,
};

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
            Self::PutPlan(object) => put_plan(case, object),
            Self::RemovePlan { name } => {
                there(case.plan_object(name).is_some(), "plan object", || name.clone())
            }
            Self::PutSolid(solid) => put_solid(case, solid),
            Self::RemoveSolid { name } => there(case.solid(name).is_some(), "solid", || name.clone()),
            Self::PutChecks(checks) => put_checks(case, checks),
            Self::SignChecks { solid, signature } => sign(case, solid, signature),
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
    if case.plan.iter().any(|object| object.volume == volume) {
        return Err(in_use("a plan object"));
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
    for name in &segment.from {
        let source = case.segment(name);
        there(source.is_some(), "segment", || name.clone())?;
        let of_itself = |one: &SegmentEntry| one.name == segment.name;
        let round =
            source.is_some_and(|one| of_itself(one) || case.ancestors(one).into_iter().any(of_itself));
        ensure(!round, "from", "leads back to the segment itself")?;
        let alike = source.is_some_and(|one| one.volume == segment.volume);
        ensure(alike, "from", "lies on another volume than the segment")?;
    }
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

fn put_plan(case: &Case, object: &PlanEntry) -> Result<(), CommandError> {
    name("name", &object.name)?;
    text("label", object.label.expose())?;
    case.may_measure(object.volume)?;
    let points = |field, points: &[meshing_space::Point<meshing_space::Lps>], least: usize| {
        ensure(points.len() >= least, field, "has too few points")?;
        ensure(points.len() <= PLAN_POINTS_MAX, field, "has more than 10000 points")?;
        points.iter().try_for_each(|point| finite(field, &point.to_array()))
    };
    match &object.shape {
        PlanShape::Point { at_lps_mm } => points("at_lps_mm", &[*at_lps_mm], 1),
        PlanShape::Plane { at_lps_mm, normal_lps } => {
            points("at_lps_mm", &[*at_lps_mm], 1)?;
            finite("normal_lps", &normal_lps.to_array())?;
            ensure((normal_lps.length() - 1.0).abs() < 1e-6, "normal_lps", "does not have the length 1")
        }
        PlanShape::Curve { points_lps_mm, closed } => {
            points("points_lps_mm", points_lps_mm, if *closed { 3 } else { 2 })
        }
        PlanShape::Region { points_lps_mm, radius_mm } => {
            points("points_lps_mm", points_lps_mm, 1)?;
            positive("radius_mm", &[*radius_mm])
        }
        PlanShape::Trajectory { entry_lps_mm, target_lps_mm, diameter_mm, .. } => {
            points("entry_lps_mm", &[*entry_lps_mm], 1)?;
            points("target_lps_mm", &[*target_lps_mm], 1)?;
            positive("diameter_mm", &[*diameter_mm])?;
            ensure(entry_lps_mm.distance(*target_lps_mm) > 1e-3, "target_lps_mm", "is the same as the entry")
        }
    }
}

fn put_solid(case: &Case, solid: &SolidEntry) -> Result<(), CommandError> {
    name("name", &solid.name)?;
    name("recipe", &solid.recipe)?;
    for segment in &solid.segments {
        there(case.surface(segment).is_some(), "surface", || segment.clone())?;
    }
    let scans: Vec<VolumeId> =
        solid.segments.iter().filter_map(|name| case.segment(name)).map(|segment| segment.volume).collect();
    for name in &solid.plan {
        let object = case.plan_object(name);
        there(object.is_some(), "plan object", || name.clone())?;
        let planned = object.map(|object| object.volume);
        let shared = planned.is_some_and(|plan| scans.iter().all(|scan| case.share_space(plan, *scan)));
        ensure(shared, "plan", "lies on a scan in another space than the segment")?;
    }
    positive("volume_mm3", &[solid.volume_mm3])?;
    finite("bbox_lps_mm", solid.bbox_lps_mm.as_flattened())
}

fn put_checks(case: &Case, checks: &ChecksEntry) -> Result<(), CommandError> {
    there(case.solid(&checks.solid).is_some(), "solid", || checks.solid.clone())?;
    ensure(checks.signature.is_none(), "signature", "comes before the checks")?;
    ensure(!checks.results.is_empty(), "results", "has no check")?;
    for result in &checks.results {
        name("code", &result.code)?;
        text("message", &result.message)?;
        text("message_zh", &result.message_zh)?;
        text("unit", &result.unit)?;
        finite("value", &[result.value, result.limit])?;
    }
    Ok(())
}

fn sign(case: &Case, solid: &str, signature: &Signature) -> Result<(), CommandError> {
    there(case.checks_of(solid).is_some(), "check report", || solid.to_owned())?;
    name("by", &signature.by)?;
    ensure(!signature.reason.trim().is_empty(), "reason", "is empty")?;
    ensure((0..=9999).contains(&signature.time.year()), "time", "is outside the years 0 to 9999")?;
    text("reason", &signature.reason)
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
