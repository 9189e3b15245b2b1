//! Looking through everything that is stored.

use std::collections::BTreeSet;

use casebank_case::{CaseId, JournalFault, ObjectHash};

use crate::objects::{each_object, hash_of_file};
use crate::{Bank, BankError};

/// Something that is not as it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// The bytes of an object do not have its hash.
    ObjectDamaged {
        /// The object.
        hash: ObjectHash,
    },
    /// An object that was acknowledged is gone.
    ObjectMissing {
        /// The object.
        hash: ObjectHash,
        /// A case that needs it, if one does.
        case: Option<CaseId>,
    },
    /// A journal is damaged.
    Journal {
        /// The case.
        case: CaseId,
        /// Where and how.
        fault: JournalFault,
    },
    /// A case folder without a journal, or with that of another case.
    CaseFolder {
        /// The case that the folder is named after.
        case: CaseId,
    },
    /// Fewer or other entries than the bank has acknowledged.
    EntriesLost {
        /// The case.
        case: CaseId,
    },
    /// The audit log is not as it was written.
    Audit {
        /// The first wrong line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ObjectDamaged { hash } => write!(f, "object {hash} is not what was stored"),
            Self::ObjectMissing { hash, case: Some(case) } => {
                write!(f, "object {hash} is gone; case {case} needs it")
            }
            Self::ObjectMissing { hash, case: None } => write!(f, "object {hash} is gone"),
            Self::Journal { case, fault } => write!(f, "the journal of case {case} is damaged: {fault}"),
            Self::CaseFolder { case } => write!(f, "the folder of case {case} does not hold its journal"),
            Self::EntriesLost { case } => write!(f, "entries of case {case} that were acknowledged are gone"),
            Self::Audit { line, problem } => {
                write!(f, "the audit log is not as it was written, from line {line}: {problem}")
            }
        }
    }
}

/// What [`Bank::verify`] looked at and found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Objects whose hash was computed again.
    pub objects: u64,
    /// Bytes of these objects.
    pub bytes: u64,
    /// Cases whose journal was read, deleted ones included.
    pub cases: u64,
    /// Audit events whose chain was checked.
    pub events: u64,
    /// What is wrong; empty is good.
    pub damages: Vec<Damage>,
}

impl Bank {
    /// Reads everything and computes every hash again: objects, journals, audit log; and whether every object that a case
    /// needs is there. Takes as long as reading the whole bank from the disk.
    ///
    /// # Errors
    /// The disk or the index fails. Damage is no error: it is in the report.
    pub fn verify(&self) -> Result<VerifyReport, BankError> {
        let mut report = VerifyReport::default();
        let mut present = BTreeSet::new();
        // Listed first, so that what is stored meanwhile is not taken for missing.
        let acknowledged = self.acknowledged()?;
        each_object(&self.path("objects"), |hash, path| {
            report.objects += 1;
            report.bytes += std::fs::metadata(path).map_err(BankError::io("verifying an object"))?.len();
            // A file that cannot be read is damaged as well.
            if hash_of_file(path).map_or(true, |found| found != hash) {
                report.damages.push(Damage::ObjectDamaged { hash });
            }
            present.insert(hash);
            Ok(())
        })?;
        let mut missing: BTreeSet<ObjectHash> = acknowledged.difference(&present).copied().collect();
        for id in self.case_ids()? {
            self.verify_case(id, &present, &mut missing, &mut report)?;
        }
        report.damages.extend(missing.into_iter().map(|hash| Damage::ObjectMissing { hash, case: None }));
        match self.verify_audit() {
            Ok(events) => report.events = events,
            Err(BankError::Audit { line, problem }) => report.damages.push(Damage::Audit { line, problem }),
            Err(error) => return Err(error),
        }
        Ok(report)
    }

    fn verify_case(
        &self,
        id: CaseId,
        present: &BTreeSet<ObjectHash>,
        missing: &mut BTreeSet<ObjectHash>,
        report: &mut VerifyReport,
    ) -> Result<(), BankError> {
        let lock = self.exclusive("verifying a case")?;
        let known =
            crate::index::known(&self.index(), &id.to_string()).map_err(BankError::index("verifying"))?;
        let read = self.read_journal(&id);
        drop(lock);
        report.cases += 1;
        let journal = match read {
            Ok((journal, _)) => journal,
            Err(BankError::Journal { case, fault }) => {
                report.damages.push(Damage::Journal { case, fault });
                return Ok(());
            }
            Err(BankError::NoSuchCase { .. } | BankError::WrongCase { .. }) => {
                report.damages.push(Damage::CaseFolder { case: id });
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let stored =
            known.and_then(|known| Some((known.head_hash, journal.hash_at(known.head)?.to_string())));
        if stored.is_none_or(|(noted, found)| noted != found) {
            report.damages.push(Damage::EntriesLost { case: id });
        }
        let case = journal.case();
        let sources = case.volumes.iter().flat_map(|volume| volume.objects.iter().copied());
        let masks = case.segments.iter().map(|segment| segment.mask);
        let meshes = case.surfaces.iter().map(|surface| surface.object);
        for hash in sources.chain(masks).chain(meshes) {
            // Stored since the objects were listed is there, too.
            if !present.contains(&hash) && !self.has_object(&hash) {
                missing.remove(&hash);
                report.damages.push(Damage::ObjectMissing { hash, case: Some(id) });
            }
        }
        Ok(())
    }

    fn acknowledged(&self) -> Result<BTreeSet<ObjectHash>, BankError> {
        let doing = "listing its objects";
        let index = self.index();
        let mut query = index.prepare("SELECT hash FROM objects").map_err(BankError::index(doing))?;
        let hashes = query
            .query_map([], |row| row.get::<_, String>(0))
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(BankError::index(doing))?;
        Ok(hashes.iter().filter_map(|hash| hash.parse().ok()).collect())
    }
}
