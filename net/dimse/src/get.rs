//! C-GET: fetch objects over the association that asks for them (PS3.4 §C.4.3, study root).

use std::error::Error;

use casebank_case::Phi;
use meshing_volume::Progress;

use crate::association::{Association, Context, Proposal};
use crate::command::{
    self, AFFECTED_CLASS, AFFECTED_INSTANCE, COMPLETED, Command, FAILED, MESSAGE_ID, PRIORITY, REMAINING,
    RESPONDED_ID, STATUS, WARNING, field,
};
use crate::error::AssociationError;
use crate::find::{Level, cancel, status_text};
use crate::identifier::{Elements, Identifier, tag};
use crate::object::{ReceivedObject, Spool};
use crate::part10::Meta;
use crate::settings::Settings;
use crate::{Peer, uids};

/// Status for an object that we could not keep: out of resources (PS3.4 table B.2-1).
const CANNOT_KEEP: u16 = 0xa700;
/// Status for an object whose UIDs are none (PS3.7 §C.5).
const INVALID_INSTANCE: u16 = 0x0117;
/// Pending answers in a row, without an object between them.
const IDLE_ANSWERS: u32 = 10_000;

/// What to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Study Instance UID.
    pub study_uid: String,
    /// Only this series of it.
    pub series_uid: Option<String>,
}

/// What came of a retrieval, as the peer and we counted it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetReport {
    /// Objects that the sink kept.
    pub completed: u32,
    /// Objects that the peer could not send, by its own count, or sent without usable UIDs.
    pub failed: u32,
    /// Objects that the peer counted as stored with a warning.
    pub warnings: u32,
    /// Bytes of the data sets received.
    pub bytes: u64,
    /// SOP Instance UIDs of what failed, as far as the peer names them.
    pub failed_uids: Vec<String>,
}

/// Why the receiver of the objects could not keep one.
pub type SinkError = Box<dyn Error + Send + Sync>;

/// Takes each object; `Ok` means that it is durable, and only then is it acknowledged.
pub type Sink<'a> = dyn FnMut(ReceivedObject) -> Result<(), SinkError> + 'a;

/// Why a retrieval failed. Objects that were kept before stay kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GetError {
    /// The association failed.
    #[error(transparent)]
    Association(#[from] AssociationError),
    /// A UID is none.
    #[error(
        "The {what} to fetch is not a UID (digits and dots, at most 64). Copy it from the answer of `pacs find`."
    )]
    Uid {
        /// `study UID` or `series UID`.
        what: &'static str,
    },
    /// The peer moves, but does not let fetch.
    #[error(
        "{at} offers only C-MOVE{}: it sends objects to nodes that it knows, over connections of its own, and does not \
         let us fetch them over ours (C-GET). Next step: ask the PACS team to allow C-GET to our AE title {calling}; if \
         they cannot, have them send the study to a folder or to a node that offers C-GET (a small Orthanc does), and \
         import from there.", if *.refused { " to us" } else { "" }
    )]
    OnlyMove {
        /// `host:port`.
        at: String,
        /// The AE title under which we called.
        calling: String,
        /// It negotiated C-GET and then refused it to us.
        refused: bool,
    },
    /// The peer offers neither C-GET nor C-MOVE.
    #[error(
        "{at} accepted our call but offers no retrieval at all (neither C-GET nor C-MOVE, study root). It may be a node \
         that only stores. Ask the PACS team which AE title and port let us fetch."
    )]
    NoRetrieval {
        /// `host:port`.
        at: String,
    },
    /// C-GET without any storage class the other way round.
    #[error(
        "{at} offers C-GET but does not agree to send us objects over it (no storage role was accepted). Ask the PACS \
         team to let our AE title {calling} be a storage provider in C-GET, or import from a folder."
    )]
    NoStorage {
        /// `host:port`.
        at: String,
        /// The AE title under which we called.
        calling: String,
    },
    /// The peer refused or failed.
    #[error(
        "{at} could not send the objects (status {status:#06x}, {} of them arrived): {}", .report.completed,
        status_text(*.status)
    )]
    Status {
        /// `host:port`.
        at: String,
        /// DIMSE status (PS3.4 table C.4-3).
        status: u16,
        /// What arrived before.
        report: GetReport,
        /// The peer's comment, which may name a patient.
        comment: Option<Phi<String>>,
    },
    /// The receiver could not keep an object; the peer was told to stop.
    #[error(
        "An object from {at} could not be kept ({source}). {} objects before it are kept. Make room or mend the cause, \
         and fetch again: what is already there is not stored twice.", .report.completed
    )]
    Sink {
        /// `host:port`.
        at: String,
        /// What was kept before.
        report: GetReport,
        /// What the receiver said.
        #[source]
        source: SinkError,
    },
}

/// Fetches `wanted` from `peer` and hands each object to `sink`.
///
/// An object is acknowledged to the peer only after `sink` returned `Ok` for it. If `sink` fails, or `progress` is
/// cancelled, the peer gets C-CANCEL and what arrived before stays. Objects come in whatever transfer syntax the peer
/// keeps them in, where it says so; nothing is re-encoded.
pub fn get(
    peer: &Peer,
    wanted: &Wanted,
    sink: &mut Sink<'_>,
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<GetReport, GetError> {
    let keys = keys(wanted)?;
    let mut association = Association::open(peer, &proposals(), settings)?;
    let (at, calling) = (peer.address(), peer.ae_calling.to_string());
    let moves = association.context(uids::STUDY_MOVE).is_some();
    let Some(context) = association.context(uids::STUDY_GET) else {
        association.release();
        return Err(if moves {
            GetError::OnlyMove { at, calling, refused: false }
        } else {
            GetError::NoRetrieval { at }
        });
    };
    if !association.contexts.iter().any(|context| context.as_scp) {
        association.release();
        return Err(GetError::NoStorage { at, calling });
    }
    association.step("fetching objects");
    let id = association.message_id();
    let request = Command::new(field::GET_RQ, true)
        .number(MESSAGE_ID, id)
        .uid(AFFECTED_CLASS, uids::STUDY_GET)
        .number(PRIORITY, 0);
    association.send_command(context.id, &request)?;
    association.send_data(context.id, &mut keys.encode(&context.syntax).as_slice())?;
    let mut retrieval = Retrieval {
        association,
        context,
        id,
        settings,
        progress,
        report: GetReport::default(),
        seen: 0,
        spoke: false,
        stopped: None,
    };
    match retrieval.run(sink) {
        Ok(()) => {
            let Retrieval { association, report, stopped, .. } = retrieval;
            association.release();
            match stopped {
                None => Ok(report),
                Some(Stop::Asked) => Err(AssociationError::Cancelled { at }.into()),
                Some(Stop::Sink(source)) => Err(GetError::Sink { at, report, source }),
            }
        }
        // a server that negotiates C-GET with everybody and breaks off when it is used has refused it to us
        Err(GetError::Association(AssociationError::Aborted { .. } | AssociationError::Closed { .. }))
            if moves && !retrieval.spoke =>
        {
            Err(GetError::OnlyMove { at, calling, refused: true })
        }
        Err(GetError::Status { status: 0x0122 | 0x0124 | 0x0211, .. }) if moves && retrieval.seen == 0 => {
            Err(GetError::OnlyMove { at, calling, refused: true })
        }
        Err(error) => Err(error),
    }
}

/// Why we told the peer to stop.
enum Stop {
    Asked,
    Sink(SinkError),
}

struct Retrieval<'a> {
    association: Association,
    context: Context,
    id: u16,
    settings: &'a Settings,
    progress: &'a dyn Progress,
    report: GetReport,
    /// Objects received, kept or not.
    seen: u32,
    /// The peer has answered anything at all.
    spoke: bool,
    stopped: Option<Stop>,
}

impl Retrieval<'_> {
    fn run(&mut self, sink: &mut Sink<'_>) -> Result<(), GetError> {
        let mut idle = 0;
        loop {
            let stopped = self.stopped.is_some();
            let progress = self.progress;
            let (used, message) = match self.association.receive_command(&|| !stopped && progress.cancelled())
            {
                Err(AssociationError::Cancelled { .. }) => {
                    self.stop(Stop::Asked)?;
                    continue;
                }
                other => other?,
            };
            self.spoke = true;
            match message.field() {
                field::STORE_RQ => {
                    idle = 0;
                    self.store(used, &message, sink)?;
                }
                field::GET_RSP if used == self.context.id && message.u16(RESPONDED_ID) == Some(self.id) => {
                    idle += 1;
                    if idle > IDLE_ANSWERS {
                        return Err(self
                            .association
                            .violation("answers without end and without objects")
                            .into());
                    }
                    if self.answer(&message)? {
                        return Ok(());
                    }
                }
                _ => {
                    return Err(self
                        .association
                        .violation("another message than an object or an answer")
                        .into());
                }
            }
        }
    }

    /// Tells the peer to stop; its final answer is still awaited.
    fn stop(&mut self, why: Stop) -> Result<(), GetError> {
        if self.stopped.is_none() {
            self.stopped = Some(why);
            self.association.send_command(self.context.id, &cancel(self.id))?;
        }
        Ok(())
    }

    /// One storage sub-operation (PS3.4 annex B).
    fn store(&mut self, used: u8, request: &Command, sink: &mut Sink<'_>) -> Result<(), GetError> {
        let Some(context) =
            self.association.contexts.iter().find(|context| context.id == used && context.as_scp).cloned()
        else {
            return Err(self.association.violation("an object in a context without the storage role").into());
        };
        let (class, instance) = (request.text(AFFECTED_CLASS), request.text(AFFECTED_INSTANCE));
        let (Some(class), Some(instance), Some(id), true) =
            (class, instance, request.u16(MESSAGE_ID), request.has_data())
        else {
            return Err(self
                .association
                .violation("a storage request without UIDs, message id or data")
                .into());
        };
        self.seen += 1;
        if self.seen > self.settings.limits.objects {
            return Err(self.association.violation("more objects than are allowed").into());
        }
        let limits = &self.settings.limits;
        let mut spool = Spool::new(limits.object_in_memory_bytes);
        let (bytes, kept) =
            self.association.receive_data(used, limits.object_bytes, &mut |piece| spool.push(piece))?;
        self.report.bytes += bytes;
        let status = if self.stopped.is_some() {
            CANNOT_KEEP
        } else if class != context.class || !uids::is_uid(&instance) {
            self.report.failed += 1;
            INVALID_INSTANCE
        } else {
            let meta = Meta { class: class.clone(), instance: instance.clone(), syntax: context.syntax };
            let result = kept.map_err(SinkError::from).and_then(|()| sink(ReceivedObject::new(meta, spool)));
            match result {
                Ok(()) => {
                    self.report.completed += 1;
                    0
                }
                Err(error) => {
                    self.stop(Stop::Sink(error))?;
                    CANNOT_KEEP
                }
            }
        };
        let mut answer =
            Command::new(field::STORE_RSP, false).number(RESPONDED_ID, id).number(STATUS, status);
        if uids::is_uid(&class) && uids::is_uid(&instance) {
            answer = answer.uid(AFFECTED_CLASS, &class).uid(AFFECTED_INSTANCE, &instance);
        }
        self.association.send_command(used, &answer)?;
        Ok(())
    }

    /// An answer to our request; true if it was the last.
    fn answer(&mut self, message: &Command) -> Result<bool, GetError> {
        let Some(status) = message.u16(STATUS) else {
            return Err(self.association.violation("an answer without a status").into());
        };
        let data = if message.has_data() {
            self.association.receive_identifier(self.context.id)?
        } else {
            Vec::new()
        };
        let count = |element| message.u16(element).map_or(0, u32::from);
        if status == 0xff00 {
            let done = (count(COMPLETED) + count(FAILED) + count(WARNING)) as usize;
            // the counters are optional in a pending answer
            if self.progress.step(done, done + count(REMAINING) as usize).is_err() {
                self.stop(Stop::Asked)?;
            }
            return Ok(false);
        }
        self.report.failed = self.report.failed.max(count(FAILED));
        self.report.warnings = count(WARNING);
        if !data.is_empty() {
            let identifier = Identifier::decode(&data, &self.context.syntax)
                .map_err(|what| self.association.violation(what))?;
            if let Some(list) = identifier.text(tag::FAILED_LIST) {
                self.report.failed_uids =
                    list.split('\\').map(|uid| uid.trim_matches(['\0', ' ']).to_owned()).collect();
            }
        }
        match status {
            // B000: complete, with failures that the report names
            0 | 0xb000 => Ok(true),
            _ if self.stopped.is_some() => Ok(true),
            status => {
                let comment = message.text(command::COMMENT).filter(|text| !text.is_empty()).map(Phi::new);
                let at = self.association.place.at.clone();
                Err(GetError::Status { at, status, report: self.report.clone(), comment })
            }
        }
    }
}

fn keys(wanted: &Wanted) -> Result<Elements, GetError> {
    if !uids::is_uid(&wanted.study_uid) {
        return Err(GetError::Uid { what: "study UID" });
    }
    let mut keys = Elements::default();
    keys.put(tag::STUDY, *b"UI", &wanted.study_uid);
    let level = if let Some(series) = &wanted.series_uid {
        if !uids::is_uid(series) {
            return Err(GetError::Uid { what: "series UID" });
        }
        keys.put(tag::SERIES, *b"UI", series);
        Level::Series
    } else {
        Level::Study
    };
    keys.put(tag::LEVEL, *b"CS", level.name());
    Ok(keys)
}

/// C-GET, C-MOVE only to see whether it is offered, and the storage classes with us as their provider.
fn proposals() -> Vec<Proposal> {
    let mut all =
        vec![Proposal::new(uids::STUDY_GET, &uids::PLAIN), Proposal::new(uids::STUDY_MOVE, &uids::PLAIN)];
    let storage =
        |class: &str, syntaxes: &[&str]| Proposal { as_scp: true, ..Proposal::new(class, syntaxes) };
    for class in uids::VOLUMES {
        all.push(storage(class, &uids::PLAIN));
        all.extend(uids::COMPRESSED.iter().map(|syntax| storage(class, &[syntax])));
    }
    all.extend(uids::OTHERS.iter().map(|class| storage(class, &uids::PLAIN)));
    all
}
