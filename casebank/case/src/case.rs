//! The case document.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    CaseId, ChecksEntry, FindingCode, Measurement, MeasurementId, PersonName, Phi, PlanEntry, SegmentEntry,
    SolidEntry, SurfaceEntry, VolumeEntry, VolumeId,
};

/// Who the patient is. `Debug` shows nothing of it.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct PatientInfo {
    /// Patient's Name (0010,0010) in DICOM form with all its groups, `Family^Given=family^given`.
    pub name: String,
    /// Patient ID (0010,0020).
    pub id: String,
    /// Patient's Birth Date (0010,0030), `YYYYMMDD`; empty if unknown.
    pub birth_date: String,
    /// Patient's Sex (0010,0040): `M`, `F`, `O` or empty.
    pub sex: String,
}

impl PatientInfo {
    /// The name with its groups and components taken apart.
    #[must_use]
    pub fn person_name(&self) -> PersonName {
        PersonName::parse(&self.name)
    }
}

impl fmt::Debug for PatientInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientInfo(‹redacted›)")
    }
}

/// A study that volumes of the case belong to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct StudyInfo {
    /// Study Instance UID (0020,000D).
    pub uid: String,
    /// Study Date (0008,0020), `YYYYMMDD`; empty if unknown.
    pub date: Phi<String>,
    /// Study Description (0008,1030).
    pub description: Phi<String>,
    /// Accession Number (0008,0050).
    pub accession: Phi<String>,
}

/// A person's acceptance of a finding: with it, the finding no longer refuses measuring, printing and navigating.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Acceptance {
    /// The volume concerned.
    pub volume: VolumeId,
    /// The finding that is accepted.
    pub code: FindingCode,
    /// Who accepts: a person by name.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub time: OffsetDateTime,
}

/// How a volume is looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ViewState {
    /// Centre of the grey window, in the volume's unit.
    pub window_centre: f64,
    /// Width of the grey window, in the volume's unit; greater than 0.
    pub window_width: f64,
    /// Name of the transfer function; empty for none.
    pub preset: String,
}

/// The case document. Fields can be read by all; only a [`crate::Command`] changes the document of a journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// Its title; people put names into titles.
    pub title: Phi<String>,
    /// The patient.
    pub patient: Phi<PatientInfo>,
    /// Studies, by UID.
    pub studies: BTreeMap<String, StudyInfo>,
    /// Volumes, in the order they were imported.
    pub volumes: Vec<VolumeEntry>,
    /// Segments, in the order they were made.
    pub segments: Vec<SegmentEntry>,
    /// Surfaces, in the order they were made.
    pub surfaces: Vec<SurfaceEntry>,
    /// Plan objects, in the order they were made.
    #[serde(default)]
    pub plan: Vec<PlanEntry>,
    /// Solids to be printed, in the order they were made.
    #[serde(default)]
    pub solids: Vec<SolidEntry>,
    /// The checks of solids, in the order they were made.
    #[serde(default)]
    pub checks: Vec<ChecksEntry>,
    /// Measurements, in the order they were made.
    pub measurements: Vec<Measurement>,
    /// Accepted findings, in the order they were accepted.
    pub acceptances: Vec<Acceptance>,
    /// How each volume is looked at.
    pub views: BTreeMap<VolumeId, ViewState>,
}

impl Case {
    /// An empty case.
    #[must_use]
    pub fn empty(id: CaseId) -> Self {
        Self {
            id,
            title: Phi::default(),
            patient: Phi::default(),
            studies: BTreeMap::new(),
            volumes: Vec::new(),
            segments: Vec::new(),
            surfaces: Vec::new(),
            plan: Vec::new(),
            solids: Vec::new(),
            checks: Vec::new(),
            measurements: Vec::new(),
            acceptances: Vec::new(),
            views: BTreeMap::new(),
        }
    }

    /// The volume with this id.
    #[must_use]
    pub fn volume(&self, id: VolumeId) -> Option<&VolumeEntry> {
        self.volumes.iter().find(|volume| volume.id == id)
    }

    /// The segment with this name.
    #[must_use]
    pub fn segment(&self, name: &str) -> Option<&SegmentEntry> {
        self.segments.iter().find(|segment| segment.name == name)
    }

    /// The surface of this segment.
    #[must_use]
    pub fn surface(&self, segment: &str) -> Option<&SurfaceEntry> {
        self.surfaces.iter().find(|surface| surface.segment == segment)
    }

    /// The plan object with this name.
    #[must_use]
    pub fn plan_object(&self, name: &str) -> Option<&PlanEntry> {
        self.plan.iter().find(|object| object.name == name)
    }

    /// The solid with this name.
    #[must_use]
    pub fn solid(&self, name: &str) -> Option<&SolidEntry> {
        self.solids.iter().find(|solid| solid.name == name)
    }

    /// The checks of this solid.
    #[must_use]
    pub fn checks_of(&self, solid: &str) -> Option<&ChecksEntry> {
        self.checks.iter().find(|checks| checks.solid == solid)
    }

    /// The segments that a segment was made from; `None` if one is not in the case.
    #[must_use]
    pub fn sources(&self, segment: &SegmentEntry) -> Option<Vec<&SegmentEntry>> {
        segment.from.iter().map(|name| self.segment(name)).collect()
    }

    /// All that a segment was made from, however far back, each once and what it was made from before it.
    pub(crate) fn ancestors(&self, segment: &SegmentEntry) -> Vec<&SegmentEntry> {
        let mut found: Vec<&SegmentEntry> = Vec::new();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        // The second time that a segment is met, its own sources are done.
        let mut open: Vec<(&SegmentEntry, bool)> = self.direct(segment).map(|one| (one, false)).collect();
        while let Some((one, done)) = open.pop() {
            if done {
                found.push(one);
            } else if seen.insert(&one.name) {
                open.push((one, true));
                open.extend(self.direct(one).map(|one| (one, false)));
            }
        }
        found
    }

    fn direct<'a>(&'a self, segment: &SegmentEntry) -> impl Iterator<Item = &'a SegmentEntry> {
        segment.from.iter().filter_map(|name| self.segment(name)).collect::<Vec<_>>().into_iter()
    }

    /// Whether positions on one volume are positions on the other: the same volume, or one Frame of Reference UID.
    #[must_use]
    pub fn share_space(&self, one: VolumeId, other: VolumeId) -> bool {
        let frame = |id| self.volume(id).map(|volume| volume.frame_of_reference.as_str());
        one == other || frame(one).is_some_and(|uid| !uid.is_empty() && frame(other) == Some(uid))
    }

    /// The measurement with this id.
    #[must_use]
    pub fn measurement(&self, id: MeasurementId) -> Option<&Measurement> {
        self.measurements.iter().find(|measurement| measurement.id == id)
    }

    /// The acceptance of this finding on this volume.
    #[must_use]
    pub fn acceptance(&self, volume: VolumeId, code: FindingCode) -> Option<&Acceptance> {
        self.acceptances.iter().find(|acceptance| (acceptance.volume, acceptance.code) == (volume, code))
    }
}
