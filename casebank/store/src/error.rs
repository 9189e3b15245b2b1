//! What can go wrong with a bank, each with the next step.

use std::io;

use casebank_case::{CaseId, JournalFault, ObjectHash};

/// Why the bank did not do it. Unless said otherwise, nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BankError {
    /// No space left, or a limit on file size or quota.
    #[error(
        "the disk is full (while {doing}). Nothing was changed. Free some space on the disk of the bank, then repeat."
    )]
    DiskFull {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The folder or the disk may not be written.
    #[error(
        "the bank may not be read or written (while {doing}). Check the owner and permissions of its folder, and whether \
         its disk is mounted read-only, then repeat."
    )]
    Denied {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Any other trouble with the disk.
    #[error("the disk of the bank failed (while {doing}): {source}. Check the disk before you go on.")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Another program holds the bank.
    #[error(
        "another program is still writing to the bank (while {doing}). Try again, or close the other program."
    )]
    Busy {
        /// What was being done.
        doing: &'static str,
    },
    /// The index does not answer. The files of the bank are not concerned: opening the bank again makes the index anew.
    #[error(
        "the index of the bank failed (while {doing}): {source}. Open the bank again: it makes the index anew."
    )]
    Index {
        /// What was being done.
        doing: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The change is on the disk, but the index does not show it yet. Not to be repeated.
    #[error(
        "the change is saved, but the index of the bank does not show it yet: {cause} Then open the bank again: {case}"
    )]
    SavedNotIndexed {
        /// The case.
        case: CaseId,
        /// Why.
        cause: Box<Self>,
    },
    /// The folder was made by a newer program.
    #[error(
        "the bank has version {version}, this program knows version {}. Update Theatron.",
        crate::BANK_VERSION
    )]
    TooNew {
        /// The version of the folder.
        version: u64,
    },
    /// The version file cannot be read.
    #[error(
        "`bank.json` in the folder of the bank is damaged. Restore it from a backup: {{\"theatron_bank\":1}}"
    )]
    VersionFile,
    /// There is no case with this id.
    #[error("the bank has no case {case}. `theatron case list` shows what it has.")]
    NoSuchCase {
        /// The id.
        case: CaseId,
    },
    /// The case was deleted.
    #[error("the case was deleted: {case}")]
    Deleted {
        /// The id.
        case: CaseId,
    },
    /// There is a case with this id already.
    #[error("the bank has this case already: {case}")]
    CaseExists {
        /// The id.
        case: CaseId,
    },
    /// The journal belongs to another case.
    #[error("the journal is of case {journal}, not of case {case}")]
    WrongCase {
        /// The case that was named.
        case: CaseId,
        /// The case of the journal.
        journal: CaseId,
    },
    /// Somebody else has written to the case.
    #[error(
        "somebody else has changed the case (the bank is at entry {stored}). Load it again and repeat the change: {case}"
    )]
    StaleWriter {
        /// The case.
        case: CaseId,
        /// Newest entry in the bank.
        stored: u64,
    },
    /// The stored journal is damaged.
    #[error("the stored journal is damaged: {fault}. Restore the case from a backup: {case}")]
    Journal {
        /// The case.
        case: CaseId,
        /// Where and how.
        fault: JournalFault,
    },
    /// The journal has grown too long.
    #[error(
        "the journal is larger than {} bytes. Start a new case from this one: {case}",
        crate::JOURNAL_MAX
    )]
    JournalTooLarge {
        /// The case.
        case: CaseId,
    },
    /// There is no object with this hash.
    #[error("the bank has no object {hash}. Import its source again.")]
    ObjectMissing {
        /// The hash.
        hash: ObjectHash,
    },
    /// The bytes of the object are not the ones that were stored.
    #[error(
        "the stored object is damaged: {hash}. Import its source again; storing the same bytes repairs it."
    )]
    ObjectDamaged {
        /// The hash.
        hash: ObjectHash,
    },
    /// The audit log was changed or is damaged.
    #[error("the audit log is not as it was written, line {line}: {problem}")]
    Audit {
        /// Line number from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}

impl BankError {
    /// An adapter for `map_err`: what was being done, in words that fit after "while".
    pub(crate) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        use io::ErrorKind as Kind;
        move |source| match source.kind() {
            Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge => Self::DiskFull { doing, source },
            Kind::PermissionDenied | Kind::ReadOnlyFilesystem => Self::Denied { doing, source },
            _ => Self::Io { doing, source },
        }
    }

    /// The same for the index.
    pub(crate) fn index(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        move |source| match source.sqlite_error_code() {
            Some(Code::DiskFull) => {
                Self::DiskFull { doing, source: io::Error::new(io::ErrorKind::StorageFull, source) }
            }
            Some(Code::ReadOnly | Code::CannotOpen | Code::PermissionDenied) => {
                Self::Denied { doing, source: io::Error::new(io::ErrorKind::PermissionDenied, source) }
            }
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Busy { doing },
            _ => Self::Index { doing, source },
        }
    }
}
