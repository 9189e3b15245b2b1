//! Who touched which case: an append-only log with a hash chain. An audit event is not a log line.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use casebank_case::{Actor, CaseId, ObjectHash, seal, unseal};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{Bank, BankError, files, log};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuditAction {
    /// A case was made.
    Create,
    /// A case was opened: its patient data was read.
    Open,
    /// A finding was accepted or an acceptance revoked.
    Accept,
    /// Something left the bank: a file, a message, a picture with the patient's name.
    Export,
    /// A case was deleted.
    Delete,
    /// The bank repaired itself when it was opened.
    Recover,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// Allowed. Written before it is done, so that nothing is done without a trace.
    Granted,
    /// Refused for safety or for lack of rights.
    Refused,
    /// It was allowed, but did not work.
    Failed,
}

/// One event of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// Sequence number, from 1.
    pub seq: u64,
    /// When, by the clock of the machine that holds the bank.
    #[serde(with = "time::serde::rfc3339")]
    pub time: OffsetDateTime,
    /// Who.
    pub actor: Actor,
    /// What.
    pub action: AuditAction,
    /// Which case, if it was about one.
    pub case: Option<CaseId>,
    /// How it went.
    pub outcome: Outcome,
    /// A code that says more, for example the finding that was accepted. Never patient data.
    pub detail: Option<String>,
    /// Hash of the event before; of nothing (all zero) for the first.
    pub prev: ObjectHash,
}

impl Bank {
    fn audit_path(&self) -> PathBuf {
        self.path("audit.jsonl")
    }

    /// Writes an event down; on the disk when it returns. Opening, creating, accepting and deleting through the bank are
    /// written by the bank itself; exports are for their programs to state, before they happen.
    ///
    /// # Errors
    /// The log cannot be written, or its end is damaged. Do not do then what was to be audited.
    pub fn audit(
        &self,
        actor: &Actor,
        action: AuditAction,
        case: Option<CaseId>,
        outcome: Outcome,
        detail: Option<&str>,
    ) -> Result<(), BankError> {
        let _lock = self.exclusive("writing the audit log")?;
        self.audit_locked(actor, action, case, outcome, detail)
    }

    pub(crate) fn audit_locked(
        &self,
        actor: &Actor,
        action: AuditAction,
        case: Option<CaseId>,
        outcome: Outcome,
        detail: Option<&str>,
    ) -> Result<(), BankError> {
        let io = || BankError::io("writing the audit log");
        let path = self.audit_path();
        let new = !path.exists();
        let mut file =
            files::private().read(true).write(true).create(true).truncate(false).open(&path).map_err(io())?;
        let tail = log::tail(&mut file).map_err(io())?;
        log::drop_torn(&file, &tail).map_err(io())?;
        let (seq, prev) = match &tail.last {
            Some(line) => {
                let (event, hash) = parse(line).map_err(|problem| BankError::Audit { line: 0, problem })?;
                (event.seq + 1, hash)
            }
            None if tail.len == 0 => (1, ObjectHash([0; 32])),
            None => {
                return Err(BankError::Audit { line: 0, problem: "the last line is too long".to_owned() });
            }
        };
        let event = AuditEvent {
            seq,
            time: OffsetDateTime::now_utc(),
            actor: actor.clone(),
            action,
            case,
            outcome,
            detail: detail.map(str::to_owned),
            prev,
        };
        let fields = serde_json::to_value(&event).map_err(|error| io()(error.into()))?;
        let line =
            seal(fields).map_err(|error| BankError::Audit { line: 0, problem: error.to_string() })?.line;
        log::append(&mut file, tail.len, format!("{line}\n").as_bytes()).map_err(io())?;
        if new {
            files::sync_folder(self.folder()).map_err(io())?;
        }
        Ok(())
    }

    /// Every event, oldest first, after checking the chain.
    ///
    /// # Errors
    /// The log cannot be read, or is not as it was written: the first wrong line is named.
    pub fn audit_events(&self) -> Result<Vec<AuditEvent>, BankError> {
        let mut events = Vec::new();
        self.each_event(|event| events.push(event))?;
        Ok(events)
    }

    /// Checks the hash chain of the audit log. The answer is the number of events. What was cut off at its *end* leaves
    /// no trace in a chain: keep the number, or a copy of the last hash, elsewhere.
    ///
    /// # Errors
    /// The log cannot be read, or is not as it was written: the first wrong line is named.
    pub fn verify_audit(&self) -> Result<u64, BankError> {
        let mut count = 0;
        self.each_event(|_| count += 1)?;
        Ok(count)
    }

    fn each_event(&self, mut then: impl FnMut(AuditEvent)) -> Result<(), BankError> {
        let _lock = self.exclusive("reading the audit log")?;
        let mut file = match File::open(self.audit_path()) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(BankError::io("reading the audit log")(error)),
        };
        let mut expected = (1, ObjectHash([0; 32]));
        log::each_line(&mut file, |line, bytes| {
            let wrong = |problem: String| ReadError(BankError::Audit { line, problem });
            let (event, hash) = parse(bytes).map_err(wrong)?;
            if (event.seq, event.prev) != expected {
                return Err(wrong("lines were removed, put in or moved before this one".to_owned()));
            }
            expected = (event.seq + 1, hash);
            then(event);
            Ok(())
        })
        .map_err(|ReadError(error)| error)
    }
}

struct ReadError(BankError);

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self(BankError::io("reading the audit log")(error))
    }
}

fn parse(line: &[u8]) -> Result<(AuditEvent, ObjectHash), String> {
    let line = str::from_utf8(line).ok().ok_or("is not UTF-8")?;
    let sealed = unseal(line).map_err(|error| error.to_string())?;
    let event =
        serde_json::from_value(sealed.fields).ok().ok_or("does not have the form of an audit event")?;
    Ok((event, sealed.hash))
}
