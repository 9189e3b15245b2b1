//! The only way a case changes.

use serde::{Deserialize, Serialize};

use crate::case::{Acceptance, PatientInfo, StudyInfo, ViewState};
use crate::{
    Case, ChecksEntry, FindingCode, Measurement, MeasurementId, Phi, PlanEntry, Refusal, SegmentEntry,
    Signature, SolidEntry, SurfaceEntry, VolumeEntry, VolumeId,
};

mod check;
mod inverse;

pub use inverse::Inverse;
use inverse::{Slot, position};

/// Longest text that a command may carry, bytes.
pub const TEXT_MAX: usize = 4096;

/// A change of a case. In JSON an object with one key, the name of the command in snake case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Command {
    /// Gives the case a title.
    Rename {
        /// The new title.
        title: Phi<String>,
    },
    /// States who the patient is.
    SetPatient {
        /// The patient.
        patient: Phi<PatientInfo>,
    },
    /// Adds a study or replaces the one with the same UID.
    PutStudy {
        /// The study.
        study: StudyInfo,
    },
    /// Adds a volume.
    ImportVolume(Box<VolumeEntry>),
    /// Removes a volume with its acceptances and view. Refused while segments or measurements refer to it.
    RemoveVolume {
        /// The volume.
        volume: VolumeId,
    },
    /// A person accepts a finding.
    AcceptFinding(Acceptance),
    /// Takes an acceptance back.
    RevokeAcceptance {
        /// The volume.
        volume: VolumeId,
        /// The finding.
        code: FindingCode,
    },
    /// Adds a segment or replaces the one with the same name.
    PutSegment(Box<SegmentEntry>),
    /// Removes a segment and its surface.
    RemoveSegment {
        /// Its name.
        name: String,
    },
    /// Adds a surface or replaces the one of the same segment.
    PutSurface(Box<SurfaceEntry>),
    /// Removes the surface of a segment.
    RemoveSurface {
        /// The segment's name.
        segment: String,
    },
    /// Adds a plan object or replaces the one with the same name. Refused on a volume with severe findings that nobody has
    /// accepted.
    PutPlan(Box<PlanEntry>),
    /// Removes a plan object; what was made from it is stale from then on.
    RemovePlan {
        /// Its name.
        name: String,
    },
    /// Adds a solid or replaces the one with the same name.
    PutSolid(Box<SolidEntry>),
    /// Removes a solid and its checks.
    RemoveSolid {
        /// Its name.
        name: String,
    },
    /// Adds the checks of a solid or replaces them. They come unsigned.
    PutChecks(Box<ChecksEntry>),
    /// A person lets a solid leave although a check failed.
    SignChecks {
        /// The solid.
        solid: String,
        /// Who and why.
        signature: Signature,
    },
    /// Adds a measurement. Refused on a volume with severe findings that nobody has accepted.
    AddMeasurement(Measurement),
    /// Removes a measurement.
    RemoveMeasurement {
        /// The measurement.
        id: MeasurementId,
    },
    /// Says how a volume is looked at.
    SetView {
        /// The volume.
        volume: VolumeId,
        /// Window, level, preset.
        view: ViewState,
    },
}

/// A command that does not fit the case it was given to. The case is unchanged.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// Refused for safety.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It names something that the case does not have.
    #[error("the case has no such {what}: {name}")]
    Missing {
        /// What kind of thing.
        what: &'static str,
        /// Its id or name.
        name: String,
    },
    /// It adds something that is there already.
    #[error("the case already has this {what}: {name}")]
    AlreadyThere {
        /// What kind of thing.
        what: &'static str,
        /// Its id or name.
        name: String,
    },
    /// It removes something that other things are made from.
    #[error("the {what} is still used by {by}; remove that first: {name}")]
    InUse {
        /// What kind of thing.
        what: &'static str,
        /// What uses it.
        by: &'static str,
        /// Its id or name.
        name: String,
    },
    /// A field has a value that makes no sense.
    #[error("`{field}` {problem}")]
    Invalid {
        /// The field's name.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl Command {
    /// The name of the command in journals and audit logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Rename { .. } => "rename",
            Self::SetPatient { .. } => "set_patient",
            Self::PutStudy { .. } => "put_study",
            Self::ImportVolume(_) => "import_volume",
            Self::RemoveVolume { .. } => "remove_volume",
            Self::AcceptFinding(_) => "accept_finding",
            Self::RevokeAcceptance { .. } => "revoke_acceptance",
            Self::PutSegment(_) => "put_segment",
            Self::RemoveSegment { .. } => "remove_segment",
            Self::PutSurface(_) => "put_surface",
            Self::RemoveSurface { .. } => "remove_surface",
            Self::PutPlan(_) => "put_plan",
            Self::RemovePlan { .. } => "remove_plan",
            Self::PutSolid(_) => "put_solid",
            Self::RemoveSolid { .. } => "remove_solid",
            Self::PutChecks(_) => "put_checks",
            Self::SignChecks { .. } => "sign_checks",
            Self::AddMeasurement(_) => "add_measurement",
            Self::RemoveMeasurement { .. } => "remove_measurement",
            Self::SetView { .. } => "set_view",
        }
    }

    /// Checks the command against the case and changes it; all of it or nothing. The answer takes it back exactly.
    ///
    /// # Errors
    /// The command does not fit the case, which is then unchanged.
    pub fn apply(&self, case: &mut Case) -> Result<Inverse, CommandError> {
        self.check(case)?;
        let slots = match self {
            Self::Rename { title } => vec![Slot::Title(core::mem::replace(&mut case.title, title.clone()))],
            Self::SetPatient { patient } => {
                vec![Slot::Patient(core::mem::replace(&mut case.patient, patient.clone()))]
            }
            Self::PutStudy { study } => {
                let was = case.studies.insert(study.uid.clone(), study.clone());
                vec![Slot::Study(study.uid.clone(), was)]
            }
            Self::ImportVolume(volume) => {
                case.volumes.push(volume.as_ref().clone());
                vec![Slot::Volume(volume.id, Box::new(None))]
            }
            Self::RemoveVolume { volume } => remove_volume(case, *volume),
            Self::AcceptFinding(acceptance) => {
                case.acceptances.push(acceptance.clone());
                vec![Slot::Acceptance(acceptance.volume, acceptance.code, None)]
            }
            Self::RevokeAcceptance { volume, code } => {
                let was = inverse::take(&mut case.acceptances, |a| (a.volume, a.code) == (*volume, *code));
                vec![Slot::Acceptance(*volume, *code, was)]
            }
            Self::PutSegment(segment) => {
                let was =
                    inverse::put(&mut case.segments, segment.as_ref().clone(), |s| s.name == segment.name);
                vec![Slot::Segment(segment.name.clone(), was)]
            }
            Self::RemoveSegment { name } => vec![
                Slot::Surface(name.clone(), inverse::take(&mut case.surfaces, |s| s.segment == *name)),
                Slot::Segment(name.clone(), inverse::take(&mut case.segments, |s| s.name == *name)),
            ],
            Self::PutSurface(surface) => {
                let is = |s: &SurfaceEntry| s.segment == surface.segment;
                let was = inverse::put(&mut case.surfaces, surface.as_ref().clone(), is);
                vec![Slot::Surface(surface.segment.clone(), was)]
            }
            Self::RemoveSurface { segment } => {
                let was = inverse::take(&mut case.surfaces, |s| s.segment == *segment);
                vec![Slot::Surface(segment.clone(), was)]
            }
            Self::PutPlan(object) => {
                let was = inverse::put(&mut case.plan, object.as_ref().clone(), |p| p.name == object.name);
                vec![Slot::Plan(object.name.clone(), was)]
            }
            Self::RemovePlan { name } => {
                vec![Slot::Plan(name.clone(), inverse::take(&mut case.plan, |p| p.name == *name))]
            }
            Self::PutSolid(solid) => {
                let was = inverse::put(&mut case.solids, solid.as_ref().clone(), |s| s.name == solid.name);
                vec![Slot::Solid(solid.name.clone(), was)]
            }
            Self::RemoveSolid { name } => vec![
                Slot::Checks(name.clone(), inverse::take(&mut case.checks, |c| c.solid == *name)),
                Slot::Solid(name.clone(), inverse::take(&mut case.solids, |s| s.name == *name)),
            ],
            Self::PutChecks(checks) => vec![put_checks(case, checks.as_ref().clone())],
            Self::SignChecks { solid, signature } => {
                let signed = case
                    .checks_of(solid)
                    .map(|checks| ChecksEntry { signature: Some(signature.clone()), ..checks.clone() });
                signed.into_iter().map(|signed| put_checks(case, signed)).collect()
            }
            Self::AddMeasurement(measurement) => {
                case.measurements.push(measurement.clone());
                vec![Slot::Measurement(measurement.id, None)]
            }
            Self::RemoveMeasurement { id } => {
                let was = inverse::take(&mut case.measurements, |m| m.id == *id);
                vec![Slot::Measurement(*id, was)]
            }
            Self::SetView { volume, view } => {
                vec![Slot::View(*volume, case.views.insert(*volume, view.clone()))]
            }
        };
        Ok(Inverse(slots))
    }
}

fn put_checks(case: &mut Case, checks: ChecksEntry) -> Slot {
    let solid = checks.solid.clone();
    let was = inverse::put(&mut case.checks, checks, |c| c.solid == solid);
    Slot::Checks(solid, was)
}

fn remove_volume(case: &mut Case, volume: VolumeId) -> Vec<Slot> {
    let mut slots = vec![Slot::View(volume, case.views.remove(&volume))];
    while let Some(at) = position(&case.acceptances, |a| a.volume == volume) {
        let acceptance = case.acceptances.remove(at);
        slots.push(Slot::Acceptance(volume, acceptance.code, Some((at, acceptance))));
    }
    let was = inverse::take(&mut case.volumes, |v| v.id == volume);
    slots.push(Slot::Volume(volume, Box::new(was)));
    slots
}
