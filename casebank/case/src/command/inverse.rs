//! Taking a command back exactly, order of lists included.

use crate::case::{Acceptance, PatientInfo, StudyInfo, ViewState};
use crate::{
    Case, ChecksEntry, FindingCode, Measurement, MeasurementId, Phi, PlanEntry, SegmentEntry, SolidEntry,
    SurfaceEntry, VolumeEntry, VolumeId,
};

/// Takes one applied command back. Valid only for the case as the command left it.
#[derive(Clone, Debug, PartialEq)]
pub struct Inverse(pub(super) Vec<Slot>);

/// Where something lay in a list and what it was; `None`: it was not there.
type Was<T> = Option<(usize, T)>;

/// One place of the document and what it held before.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Slot {
    Title(Phi<String>),
    Patient(Phi<PatientInfo>),
    Study(String, Option<StudyInfo>),
    Volume(VolumeId, Box<Was<VolumeEntry>>),
    Acceptance(VolumeId, FindingCode, Was<Acceptance>),
    Segment(String, Was<SegmentEntry>),
    Surface(String, Was<SurfaceEntry>),
    Plan(String, Was<PlanEntry>),
    Solid(String, Was<SolidEntry>),
    Checks(String, Was<ChecksEntry>),
    Measurement(MeasurementId, Was<Measurement>),
    View(VolumeId, Option<ViewState>),
}

impl Inverse {
    /// Puts back what the command changed.
    pub fn apply(self, case: &mut Case) {
        for slot in self.0.into_iter().rev() {
            match slot {
                Slot::Title(was) => case.title = was,
                Slot::Patient(was) => case.patient = was,
                Slot::Study(uid, None) => drop(case.studies.remove(&uid)),
                Slot::Study(uid, Some(was)) => drop(case.studies.insert(uid, was)),
                Slot::Volume(id, was) => restore(&mut case.volumes, *was, |v| v.id == id),
                Slot::Acceptance(volume, code, was) => {
                    restore(&mut case.acceptances, was, |a| (a.volume, a.code) == (volume, code));
                }
                Slot::Segment(name, was) => restore(&mut case.segments, was, |s| s.name == name),
                Slot::Surface(name, was) => restore(&mut case.surfaces, was, |s| s.segment == name),
                Slot::Plan(name, was) => restore(&mut case.plan, was, |p| p.name == name),
                Slot::Solid(name, was) => restore(&mut case.solids, was, |s| s.name == name),
                Slot::Checks(solid, was) => restore(&mut case.checks, was, |c| c.solid == solid),
                Slot::Measurement(id, was) => restore(&mut case.measurements, was, |m| m.id == id),
                Slot::View(volume, None) => drop(case.views.remove(&volume)),
                Slot::View(volume, Some(was)) => drop(case.views.insert(volume, was)),
            }
        }
    }
}

pub(super) fn position<T>(list: &[T], is: impl Fn(&T) -> bool) -> Option<usize> {
    list.iter().position(is)
}

/// Takes the thing out of the list and says where it lay.
pub(super) fn take<T>(list: &mut Vec<T>, is: impl Fn(&T) -> bool) -> Was<T> {
    position(list, is).map(|at| (at, list.remove(at)))
}

/// Puts the thing in the place of the one it replaces, or at the end.
pub(super) fn put<T>(list: &mut Vec<T>, new: T, is: impl Fn(&T) -> bool) -> Was<T> {
    if let Some(at) = position(list, is) {
        Some((at, core::mem::replace(&mut list[at], new)))
    } else {
        list.push(new);
        None
    }
}

fn restore<T>(list: &mut Vec<T>, was: Was<T>, is: impl Fn(&T) -> bool) {
    take(list, is);
    if let Some((at, thing)) = was {
        list.insert(at.min(list.len()), thing);
    }
}
