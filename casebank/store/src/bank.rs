//! Opening a bank, its folders and its lock.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use casebank_case::{Actor, CaseId, JournalFault};
use rusqlite::Connection;

use crate::{AuditAction, BankError, Outcome, files, index, log};

/// Version of the folder's layout.
pub const BANK_VERSION: u64 = 1;

/// How long another program's writing is waited for, unless said otherwise.
const WAIT: Duration = Duration::from_secs(10);

/// Something that was put right, or could not be, when the bank was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recovery {
    /// The last line of a journal had been cut off while it was written. It was never acknowledged, and is dropped.
    TornEntry {
        /// The case.
        case: CaseId,
        /// Bytes dropped.
        bytes: u64,
    },
    /// The same of the audit log.
    TornAudit {
        /// Bytes dropped.
        bytes: u64,
    },
    /// The index was missing or damaged and was made anew from the files.
    IndexRebuilt {
        /// Whether there had been one, which was damaged.
        damaged: bool,
    },
    /// The index did not know all of a case yet.
    Reindexed {
        /// The case.
        case: CaseId,
    },
    /// Entries that were acknowledged are no longer in the journal: somebody or something shortened it.
    EntriesLost {
        /// The case.
        case: CaseId,
        /// Entries there were.
        had: u64,
        /// Entries there are; 0 if the journal is gone.
        has: u64,
    },
    /// The journal is damaged; the case cannot be loaded.
    Unreadable {
        /// The case.
        case: CaseId,
        /// Where and how.
        fault: JournalFault,
    },
}

/// A bank: a folder of cases. Can be used from several threads, and several programs can have it open at once: each write
/// takes a lock for as long as it lasts.
#[derive(Debug)]
pub struct Bank {
    folder: PathBuf,
    index: Mutex<Connection>,
    recoveries: Vec<Recovery>,
    wait: Duration,
    // Held shared as long as the bank is open, so that nobody clears temporary files that are in use.
    _in_use: File,
}

/// The bank's write lock; given back when dropped.
#[derive(Debug)]
pub(crate) struct Exclusive {
    _file: File,
}

impl Bank {
    /// Opens the bank in `folder`, or makes one there. What was cut off by a crash is put right, and said in
    /// [`Bank::recoveries`].
    ///
    /// # Errors
    /// The folder cannot be made, read or written, belongs to a newer program, or another program holds its lock too long.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, BankError> {
        Self::open_waiting(folder, WAIT)
    }

    /// As [`Bank::open`], but other programs' writing is waited for as long as `wait`, now and later.
    ///
    /// # Errors
    /// As [`Bank::open`].
    pub fn open_waiting(folder: impl AsRef<Path>, wait: Duration) -> Result<Self, BankError> {
        let doing = "opening it";
        let folder = folder.as_ref().to_path_buf();
        let io = || BankError::io(doing);
        if let Some(parent) = folder.parent() {
            std::fs::create_dir_all(parent).map_err(io())?;
        }
        for part in ["", "objects", "cases", "tmp"] {
            files::make_folder(&folder.join(part)).map_err(io())?;
        }
        let _lock = lock(&folder, wait, doing)?;
        check_version(&folder)?;
        let in_use = clear_temporary(&folder).map_err(io())?;
        let mut recoveries = Vec::new();
        let index = index::open(&folder, wait, &mut recoveries)?;
        let bank = Self { folder, index: Mutex::new(index), recoveries: Vec::new(), wait, _in_use: in_use };
        bank.mend_audit(&mut recoveries)?;
        bank.mend_cases(&mut recoveries)?;
        for recovery in &recoveries {
            let (case, detail) = recovery.summary();
            tracing::warn!(?recovery, "the bank was put right while it was opened");
            let who = Actor::new("bank").expect("a name of four letters is a name");
            bank.audit_locked(&who, AuditAction::Recover, case, Outcome::Granted, Some(detail))?;
        }
        Ok(Self { recoveries, ..bank })
    }

    /// What was put right, or could not be, when the bank was opened.
    #[must_use]
    pub fn recoveries(&self) -> &[Recovery] {
        &self.recoveries
    }

    /// The bank's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn exclusive(&self, doing: &'static str) -> Result<Exclusive, BankError> {
        lock(&self.folder, self.wait, doing)
    }

    pub(crate) fn index(&self) -> MutexGuard<'_, Connection> {
        // A panic elsewhere cannot leave the connection half-way: every change is one transaction.
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mend_audit(&self, recoveries: &mut Vec<Recovery>) -> Result<(), BankError> {
        let io = || BankError::io("mending the audit log");
        match files::private().read(true).write(true).open(self.path("audit.jsonl")) {
            Ok(mut file) => {
                let tail = log::tail(&mut file).map_err(io())?;
                log::drop_torn(&file, &tail).map_err(io())?;
                if tail.torn > 0 {
                    recoveries.push(Recovery::TornAudit { bytes: tail.torn });
                }
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(io()(error)),
        }
    }
}

impl Recovery {
    fn summary(&self) -> (Option<CaseId>, &'static str) {
        match self {
            Self::TornEntry { case, .. } => (Some(*case), "torn_entry"),
            Self::TornAudit { .. } => (None, "torn_audit"),
            Self::IndexRebuilt { .. } => (None, "index_rebuilt"),
            Self::Reindexed { case } => (Some(*case), "reindexed"),
            Self::EntriesLost { case, .. } => (Some(*case), "entries_lost"),
            Self::Unreadable { case, .. } => (Some(*case), "unreadable"),
        }
    }
}

/// Takes the bank's write lock, waiting for a while.
fn lock(folder: &Path, wait: Duration, doing: &'static str) -> Result<Exclusive, BankError> {
    let path = folder.join("lock");
    let file =
        files::private().write(true).create(true).truncate(false).open(path).map_err(BankError::io(doing))?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Exclusive { _file: file }),
            Err(TryLockError::Error(error)) => return Err(BankError::io(doing)(error)),
            Err(TryLockError::WouldBlock) if start.elapsed() >= wait => {
                return Err(BankError::Busy { doing });
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

fn check_version(folder: &Path) -> Result<(), BankError> {
    match std::fs::read(folder.join("bank.json")) {
        Ok(bytes) => {
            let value: serde_json::Value =
                serde_json::from_slice(&bytes).map_err(|_error| BankError::VersionFile)?;
            match value.get("theatron_bank").and_then(serde_json::Value::as_u64) {
                Some(BANK_VERSION) => Ok(()),
                Some(version) => Err(BankError::TooNew { version }),
                None => Err(BankError::VersionFile),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let text = format!("{{\"theatron_bank\":{BANK_VERSION}}}\n");
            files::write_whole(folder, "bank.json", text.as_bytes()).map_err(BankError::io("making it"))
        }
        Err(error) => Err(BankError::io("opening it")(error)),
    }
}

/// Removes what a crash left in `tmp`, unless another program is using it; the answer is a lock that says it is in use.
fn clear_temporary(folder: &Path) -> io::Result<File> {
    let file = files::private().write(true).create(true).truncate(false).open(folder.join("in-use"))?;
    if file.try_lock().is_ok() {
        for entry in std::fs::read_dir(folder.join("tmp"))? {
            let path = entry?.path();
            let removed =
                if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
            if let Err(error) = removed {
                tracing::warn!(%error, "a temporary file of the bank could not be removed");
            }
        }
        file.unlock()?;
    }
    file.lock_shared()?;
    Ok(file)
}
