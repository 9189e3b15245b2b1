//! What a case is: its document, the commands that change it, and the journal that remembers them.
//!
//! Pure data. Nothing here reads a file, a clock or a socket: the time of an entry is an argument, `casebank_store`
//! keeps the bytes. The document changes only by a [`Command`]; a [`Journal`] applies it, can undo and redo it exactly,
//! and chains every entry to the one before by BLAKE3, so that a changed or missing line is found and named.
//!
//! Whatever identifies a patient sits in [`Phi`], which prints `‹redacted›`: it can be stored, never logged.
//!
//! ```
//! use casebank_case::{Actor, CaseId, Command, Journal, Phi};
//!
//! let at = time::macros::datetime!(2026-11-22 10:00 UTC);
//! let me = Actor::new("dr.huber").unwrap();
//! let mut journal = Journal::new(CaseId::random());
//! journal.apply(Command::Rename { title: Phi::new("Left knee".to_owned()) }, &me, at).unwrap();
//! assert_eq!(journal.case().title.expose(), "Left knee");
//! journal.undo(&me, at).unwrap();
//! assert_eq!(journal.case().title.expose(), "");
//! let text = journal.to_jsonl();
//! assert_eq!(Journal::from_jsonl(&text).unwrap().case(), journal.case());
//! ```

mod canonical;
mod case;
mod chain;
mod chinese;
mod command;
mod entry;
mod finding;
mod id;
mod journal;
mod name;
mod phi;
mod plan;
mod safety;
mod solid;
mod stale;

pub use meshing_volume::{Language, Told, Words};

pub use case::{Acceptance, Case, PatientInfo, StudyInfo, ViewState};
pub use chain::{LINE_MAX, SealError, Sealed, seal, unseal};
pub use command::{Command, CommandError, Inverse, TEXT_MAX};
pub use entry::{
    Measurement, MeasurementKind, SegmentEntry, SurfaceEntry, SurfaceSource, Suv, SuvReference, VolumeEntry,
};
pub use finding::{Finding, FindingCode, Severity, UnknownFindingCode};
pub use id::{Actor, ActorError, CaseId, HashError, IdError, MeasurementId, ObjectHash, VolumeId};
pub use journal::{
    Action, ENTRIES_MAX, Entry, Journal, JournalError, JournalFault, Proposal, READS_VERSIONS, VERSION,
};
pub use name::{NameGroup, PersonName};
pub use phi::Phi;
pub use plan::{PLAN_POINTS_MAX, PlanEntry, PlanShape, TrajectoryTool};
pub use safety::{Refusal, RefusalCode};
pub use solid::{CheckResult, ChecksEntry, Signature, SolidEntry};
pub use stale::{Algorithms, Stale, StaleReason};
