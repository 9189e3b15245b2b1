//! The bank: cases, their objects, an index to find them, and an audit log of who touched them.
//!
//! A bank is a folder. The files are the truth: objects named by the BLAKE3 hash of their bytes, one journal a case, one
//! audit log. The SQLite index is only a way to find them; it is made anew from the files when it is lost or damaged.
//! What a function has answered `Ok` for survives a power cut: bytes first, then names, then the index.
//!
//! What this crate does not do: it knows no DICOM, no peers and no permissions; it stores what it is given. Its errors
//! and log lines name ids and hashes, never patients.
//!
//! ```
//! use casebank_case::{Actor, CaseId, Command, Journal, Phi};
//! use casebank_store::Bank;
//!
//! let folder = tempfile::tempdir().unwrap();
//! let bank = Bank::open(folder.path()).unwrap();
//! let me = Actor::new("dr.huber").unwrap();
//!
//! let scan = bank.put_object(b"bytes of a slice").unwrap();
//! let mut journal = Journal::new(CaseId::random());
//! let id = bank.create_case(&journal, &me).unwrap();
//! let title = Command::Rename { title: Phi::from("Left knee") };
//! journal.apply(title, &me, time::OffsetDateTime::now_utc()).unwrap();
//! bank.commit(&id, &journal, &me).unwrap();
//!
//! assert_eq!(bank.search("KNEE").unwrap()[0].id, id);
//! assert_eq!(bank.load(&id, &me).unwrap().case().title.expose(), "Left knee");
//! assert_eq!(bank.object(&scan).unwrap(), b"bytes of a slice");
//! ```

mod audit;
mod bank;
mod cases;
mod chinese;
mod error;
mod files;
mod index;
mod log;
mod objects;
mod search;
mod verify;

pub use audit::{AuditAction, AuditEvent, Outcome};
pub use bank::{BANK_VERSION, Bank, Recovery};
pub use cases::{CaseSummary, JOURNAL_MAX};
pub use error::BankError;
pub use verify::{Damage, VerifyReport};
