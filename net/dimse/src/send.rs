//! C-STORE: send objects to the PACS (PS3.4 annex B).

use std::io::{Cursor, Read};

use casebank_case::Phi;
use casebank_dicom::prescan;
use dicom_encoding::TransferSyntaxIndex as _;
use dicom_object::InMemDicomObject;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use meshing_volume::Progress;

use crate::association::{Association, Context, Proposal};
use crate::command::{
    self, AFFECTED_CLASS, AFFECTED_INSTANCE, Command, MESSAGE_ID, PRIORITY, RESPONDED_ID, STATUS, field,
};
use crate::error::AssociationError;
use crate::object::Outgoing;
use crate::part10::Meta;
use crate::settings::Settings;
use crate::{Peer, uids};

/// Kinds of objects in one association: each takes up to two of its 128 contexts.
const KINDS: usize = 60;
/// Largest object that is re-encoded for a peer, which needs it in memory.
const RECODED_BYTES: u64 = 512 * 1024 * 1024;

/// What became of the objects.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct SendReport {
    /// Objects that the peer acknowledged, those with a warning among them.
    pub stored: u32,
    /// Objects that the peer stored with a warning (it changed or left out something).
    pub warnings: u32,
    /// Bytes of the data sets sent.
    pub bytes: u64,
    /// Objects that are not there, by their place in the list.
    pub failed: Vec<SendFailure>,
}

/// An object that was not stored.
#[derive(Debug)]
#[non_exhaustive]
pub struct SendFailure {
    /// Its place in the list.
    pub index: usize,
    /// Why.
    pub reason: SendFailureReason,
}

/// Why an object was not stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendFailureReason {
    /// The file could not be read, or is no DICOM file.
    #[error("it cannot be read: {0}")]
    Unreadable(#[source] std::io::Error),
    /// The peer does not take this class of object.
    #[error(
        "the PACS does not take this kind of object (SOP class {class}): ask the PACS team to enable it, or keep the \
         object in the case"
    )]
    ClassNotTaken {
        /// SOP Class UID.
        class: String,
    },
    /// The peer takes the class, but not in an encoding that we can give.
    #[error(
        "the PACS does not take this encoding (transfer syntax {syntax}): convert the object with `dicom convert` first"
    )]
    SyntaxNotTaken {
        /// Transfer syntax of the object.
        syntax: String,
    },
    /// The peer answered with an error status.
    #[error("the PACS refused it (status {status:#06x}): {}", store_status_text(*.status))]
    Status {
        /// DIMSE status (PS3.4 table B.2-1).
        status: u16,
        /// The peer's comment, which may name a patient.
        comment: Option<Phi<String>>,
    },
}

/// Why sending stopped altogether.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The association failed; what was acknowledged before is in the report.
    #[error("{source} Of the objects, {} were stored before.", .report.stored)]
    Association {
        /// What was acknowledged before.
        report: SendReport,
        /// Why.
        #[source]
        source: AssociationError,
    },
}

const fn store_status_text(status: u16) -> &'static str {
    match status {
        0xa700..=0xa7ff => "it is out of resources; try again later",
        0xa900..=0xa9ff => "the data set does not match its class",
        0xc000..=0xcfff => "it cannot understand the object",
        0x0110 => "it failed inside; ask the PACS team to look at the server's log",
        0x0111 => "it has an object of this UID already",
        0x0122 => "it does not support this class",
        0x0124 => "our AE title may not store there",
        _ => "ask the PACS team to look at the server's log",
    }
}

/// Sends `objects` to `peer` in order, over one association (more for very mixed lists).
///
/// Each object goes in its own transfer syntax where the peer takes that, byte for byte; else an uncompressed object is
/// re-encoded between implicit and explicit little endian. One object's failure does not stop the others.
pub fn send(
    peer: &Peer,
    objects: &[Outgoing],
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<SendReport, SendError> {
    let mut report = SendReport::default();
    let mut readable = Vec::with_capacity(objects.len());
    for (index, object) in objects.iter().enumerate() {
        match object.open() {
            Ok((meta, _)) => readable.push((index, (meta.class, meta.syntax))),
            Err(error) => report.fail(index, SendFailureReason::Unreadable(error)),
        }
    }
    let mut rest = readable.as_slice();
    while !rest.is_empty() {
        let mut kinds: Vec<&(String, String)> = Vec::new();
        let mut count = 0;
        for (_, kind) in rest {
            if !kinds.contains(&kind) {
                if kinds.len() == KINDS {
                    break;
                }
                kinds.push(kind);
            }
            count += 1;
        }
        let (batch, after) = rest.split_at(count);
        if let Err(source) = send_batch(peer, objects, (batch, &kinds), settings, progress, &mut report) {
            return Err(SendError::Association { report, source });
        }
        rest = after;
    }
    Ok(report)
}

impl SendReport {
    fn fail(&mut self, index: usize, reason: SendFailureReason) {
        self.failed.push(SendFailure { index, reason });
    }
}

type Kind = (String, String);

fn send_batch(
    peer: &Peer,
    objects: &[Outgoing],
    (batch, kinds): (&[(usize, Kind)], &[&Kind]),
    settings: &Settings,
    progress: &dyn Progress,
    report: &mut SendReport,
) -> Result<(), AssociationError> {
    let mut association = Association::open(peer, &proposals(kinds), settings)?;
    association.step("sending objects");
    for (index, _) in batch {
        if progress.step(*index, objects.len()).is_err() {
            association.release();
            return Err(AssociationError::Cancelled { at: peer.address() });
        }
        // opened again: a list of files may be long, and a file may have gone
        match objects[*index].open() {
            Ok((meta, source)) => match send_one(&mut association, &meta, source)? {
                Ok((bytes, warning)) => {
                    report.stored += 1;
                    report.warnings += u32::from(warning);
                    report.bytes += bytes;
                }
                Err(reason) => report.fail(*index, reason),
            },
            Err(error) => report.fail(*index, SendFailureReason::Unreadable(error)),
        }
    }
    progress.report(1.0);
    association.release();
    Ok(())
}

/// Each kind as it is, and each class uncompressed.
fn proposals(kinds: &[&Kind]) -> Vec<Proposal> {
    let mut all: Vec<Proposal> = Vec::new();
    for (class, syntax) in kinds {
        for proposal in [Proposal::new(class, &[syntax]), Proposal::new(class, &uids::PLAIN)] {
            if !all.contains(&proposal) {
                all.push(proposal);
            }
        }
    }
    all
}

/// Sends one object. The outer error ends the association, the inner one only this object.
fn send_one(
    association: &mut Association,
    meta: &Meta,
    mut source: Box<dyn Read + '_>,
) -> Result<Result<(u64, bool), SendFailureReason>, AssociationError> {
    let of_class: Vec<Context> =
        association.contexts.iter().filter(|context| context.class == meta.class).cloned().collect();
    let Some(first) = of_class.first() else {
        return Ok(Err(SendFailureReason::ClassNotTaken { class: meta.class.clone() }));
    };
    let (context, mut source) = match of_class.iter().find(|context| context.syntax == meta.syntax) {
        Some(context) => (context, source),
        None => match recoded(meta, &mut source, &first.syntax) {
            Ok(bytes) => (first, Box::new(Cursor::new(bytes)) as Box<dyn Read>),
            Err(reason) => return Ok(Err(reason)),
        },
    };
    let id = association.message_id();
    let request = Command::new(field::STORE_RQ, true)
        .number(MESSAGE_ID, id)
        .number(PRIORITY, 0)
        .uid(AFFECTED_CLASS, &meta.class)
        .uid(AFFECTED_INSTANCE, &meta.instance);
    association.send_command(context.id, &request)?;
    let bytes = association.send_data(context.id, &mut source)?;
    let (used, answer) = association.receive_command(&|| false)?;
    let fits = used == context.id
        && answer.field() == field::STORE_RSP
        && answer.u16(RESPONDED_ID) == Some(id)
        && !answer.has_data();
    let Some(status) = answer.u16(STATUS).filter(|_| fits) else {
        return Err(association.violation("another message than the answer to the object that we sent"));
    };
    Ok(match status {
        0 => Ok((bytes, false)),
        // 0107, 0116 and Bxxx are warnings: stored, but something was changed (PS3.7 annex C)
        0x0001 | 0x0107 | 0x0116 | 0xb000..=0xbfff => Ok((bytes, true)),
        status => {
            let comment = answer.text(command::COMMENT).filter(|text| !text.is_empty()).map(Phi::new);
            Err(SendFailureReason::Status { status, comment })
        }
    })
}

/// The data set in another uncompressed transfer syntax.
fn recoded(meta: &Meta, source: &mut dyn Read, into: &str) -> Result<Vec<u8>, SendFailureReason> {
    let not_taken = || SendFailureReason::SyntaxNotTaken { syntax: meta.syntax.clone() };
    if !uids::PLAIN.contains(&meta.syntax.as_str()) || !uids::PLAIN.contains(&into) {
        return Err(not_taken());
    }
    let bad = |what: String| {
        SendFailureReason::Unreadable(std::io::Error::new(std::io::ErrorKind::InvalidData, what))
    };
    let mut file = crate::part10::head(meta);
    let start = file.len();
    source.take(RECODED_BYTES + 1).read_to_end(&mut file).map_err(SendFailureReason::Unreadable)?;
    if (file.len() - start) as u64 > RECODED_BYTES {
        return Err(not_taken());
    }
    drop(prescan(&file).map_err(|error| bad(error.to_string()))?);
    let (Some(from), Some(to)) = (TransferSyntaxRegistry.get(&meta.syntax), TransferSyntaxRegistry.get(into))
    else {
        return Err(not_taken());
    };
    let object = InMemDicomObject::read_dataset_with_ts(&file[start..], from)
        .map_err(|error| bad(error.to_string()))?;
    let mut out = Vec::with_capacity(file.len());
    object.write_dataset_with_ts(&mut out, to).map_err(|error| bad(error.to_string()))?;
    Ok(out)
}
