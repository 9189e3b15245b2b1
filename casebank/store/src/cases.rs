//! Cases: making, changing, loading, finding, deleting.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::PathBuf;

use casebank_case::{
    Action, Actor, CaseId, Command, Journal, JournalFault, ObjectHash, PatientInfo, Phi, unseal,
};
use rusqlite::{OptionalExtension as _, Row};
use serde::Serialize;
use time::OffsetDateTime;

use crate::search::Needle;
use crate::{AuditAction, Bank, BankError, Outcome, Recovery, files, index, log};

/// Largest journal, bytes.
pub const JOURNAL_MAX: u64 = 1 << 30;

/// What the index says of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseSummary {
    /// The case.
    #[serde(rename = "case")]
    pub id: CaseId,
    /// Its title.
    pub title: Phi<String>,
    /// The patient.
    pub patient: Phi<PatientInfo>,
    /// Modalities of its volumes, sorted, each once.
    pub modalities: Vec<String>,
    /// How many volumes it has.
    pub volumes: u64,
    /// How many segments it has.
    pub segments: u64,
    /// How many severe findings nobody has accepted.
    pub severe: u64,
    /// Time of its first entry.
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    /// Time of its newest entry.
    #[serde(with = "time::serde::rfc3339")]
    pub changed: OffsetDateTime,
    /// Sequence number of its newest entry.
    pub head: u64,
}

impl Bank {
    fn case_folder(&self, id: &CaseId) -> PathBuf {
        self.folder().join("cases").join(id.to_string())
    }

    fn journal_path(&self, id: &CaseId) -> PathBuf {
        self.case_folder(id).join("journal.jsonl")
    }

    fn ensure_alive(&self, id: &CaseId) -> Result<(), BankError> {
        let folder = self.case_folder(id);
        if folder.join("tombstone.json").exists() {
            return Err(BankError::Deleted { case: *id });
        }
        if folder.is_dir() { Ok(()) } else { Err(BankError::NoSuchCase { case: *id }) }
    }

    /// Puts a new case into the bank, with all entries of its journal; on the disk when it returns.
    ///
    /// # Errors
    /// There is a case with this id, or the disk is full, may not be written, or fails; nothing is half there then.
    pub fn create_case(&self, journal: &Journal, actor: &Actor) -> Result<CaseId, BankError> {
        let doing = "making a case";
        let io = || BankError::io(doing);
        let id = journal.case().id;
        let text = journal.to_jsonl();
        if text.len() as u64 > JOURNAL_MAX {
            return Err(BankError::JournalTooLarge { case: id });
        }
        let _lock = self.exclusive(doing)?;
        let folder = self.case_folder(&id);
        if folder.exists() {
            return Err(BankError::CaseExists { case: id });
        }
        self.audit_locked(actor, AuditAction::Create, Some(id), Outcome::Granted, None)?;
        self.audit_accepted(&id, journal, 0, actor)?;
        let new = files::temporary_folder(&self.path("tmp"), "case-").map_err(io())?;
        files::write_whole(new.path(), "journal.jsonl", text.as_bytes()).map_err(io())?;
        fs::rename(new.path(), &folder).map_err(io())?;
        drop(new.keep());
        files::sync_folder(&self.path("cases")).map_err(io())?;
        index::note_case(&self.index(), journal, text.len() as u64, false)
            .map_err(BankError::index(doing))?;
        Ok(id)
    }

    /// Writes the entries of `journal` that the bank does not have yet; on the disk when it returns. The answer is their
    /// number. Doing it again writes nothing.
    ///
    /// # Errors
    /// Somebody else has written other entries in between ([`BankError::StaleWriter`]), there is no such case, or the disk
    /// is full, may not be written, or fails. The bank has the entries either all or not at all; only after
    /// [`BankError::SavedNotIndexed`] has it all of them, and opening it again brings the index up to date.
    pub fn commit(&self, id: &CaseId, journal: &Journal, actor: &Actor) -> Result<u64, BankError> {
        let doing = "saving a case";
        let io = || BankError::io(doing);
        if journal.case().id != *id {
            return Err(BankError::WrongCase { case: *id, journal: journal.case().id });
        }
        let _lock = self.exclusive(doing)?;
        self.ensure_alive(id)?;
        let mut file = files::private().read(true).write(true).open(self.journal_path(id)).map_err(io())?;
        let tail = log::tail(&mut file).map_err(io())?;
        let (stored, hash) = match head_of(&tail) {
            Ok(head) => head,
            // Reading all of it names the first line that is wrong.
            Err(problem) => {
                self.read_journal(id)?;
                let fault = JournalFault { line: 1, problem: problem.to_owned() };
                return Err(BankError::Journal { case: *id, fault });
            }
        };
        let at = usize::try_from(stored).ok().filter(|at| *at <= journal.entries().len());
        let (Some(at), true) = (at, journal.hash_at(stored) == Some(hash)) else {
            return Err(BankError::StaleWriter { case: *id, stored });
        };
        let new = &journal.entries()[at..];
        let mut text = String::new();
        for entry in new {
            text.push_str(entry.line());
            text.push('\n');
        }
        let bytes = tail.len + text.len() as u64;
        if bytes > JOURNAL_MAX {
            return Err(BankError::JournalTooLarge { case: *id });
        }
        if !new.is_empty() {
            self.audit_accepted(id, journal, at, actor)?;
            log::drop_torn(&file, &tail).map_err(io())?;
            log::append(&mut file, tail.len, text.as_bytes()).map_err(io())?;
        }
        let noted = index::note_case(&self.index(), journal, bytes, false);
        noted.map_err(|error| saved(*id, BankError::index(doing)(error)))?;
        Ok(new.len() as u64)
    }

    /// Audits every acceptance among the entries from `at` on.
    fn audit_accepted(
        &self,
        id: &CaseId,
        journal: &Journal,
        at: usize,
        actor: &Actor,
    ) -> Result<(), BankError> {
        for entry in &journal.entries()[at..] {
            let detail = match entry.action() {
                Action::Do(Command::AcceptFinding(acceptance)) => acceptance.code.to_string(),
                Action::Do(Command::RevokeAcceptance { code, .. }) => format!("revoked {code}"),
                _ => continue,
            };
            self.audit_locked(actor, AuditAction::Accept, Some(*id), Outcome::Granted, Some(&detail))?;
        }
        Ok(())
    }

    /// Opens a case: reads its journal and checks all of it. Audited first: what cannot be audited is not opened.
    ///
    /// # Errors
    /// There is no such case, it was deleted, or its journal is damaged or cannot be read.
    pub fn load(&self, id: &CaseId, actor: &Actor) -> Result<Journal, BankError> {
        let _lock = self.exclusive("opening a case")?;
        self.audit_locked(actor, AuditAction::Open, Some(*id), Outcome::Granted, None)?;
        let read = self.ensure_alive(id).and_then(|()| self.read_journal(id));
        match read {
            Ok((journal, _)) => Ok(journal),
            Err(error) => {
                self.audit_locked(actor, AuditAction::Open, Some(*id), Outcome::Failed, None)?;
                Err(error)
            }
        }
    }

    /// Reads the whole lines of a journal; the second part of the answer is their length.
    pub(crate) fn read_journal(&self, id: &CaseId) -> Result<(Journal, u64), BankError> {
        let io = || BankError::io("reading a case");
        let mut file = File::open(self.journal_path(id)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => BankError::NoSuchCase { case: *id },
            _ => io()(error),
        })?;
        let tail = log::tail(&mut file).map_err(io())?;
        if tail.len > JOURNAL_MAX {
            return Err(BankError::JournalTooLarge { case: *id });
        }
        io::Seek::rewind(&mut file).map_err(io())?;
        let mut bytes = Vec::new();
        file.take(tail.len).read_to_end(&mut bytes).map_err(io())?;
        let damaged = |fault| BankError::Journal { case: *id, fault };
        let text = str::from_utf8(&bytes).map_err(|error| {
            let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
            damaged(JournalFault { line, problem: "is not UTF-8".to_owned() })
        })?;
        let journal = Journal::from_jsonl(text).map_err(damaged)?;
        if journal.case().id != *id {
            return Err(BankError::WrongCase { case: *id, journal: journal.case().id });
        }
        Ok((journal, tail.len))
    }

    /// Marks a case as deleted: it is no longer listed, found or loaded. Its journal and objects stay in the folder, for
    /// whoever has to prove later what was there.
    ///
    /// # Errors
    /// There is no such case, it was deleted before, or the disk does not take it.
    pub fn delete(&self, id: &CaseId, actor: &Actor) -> Result<(), BankError> {
        let doing = "deleting a case";
        let _lock = self.exclusive(doing)?;
        self.ensure_alive(id)?;
        self.audit_locked(actor, AuditAction::Delete, Some(*id), Outcome::Granted, None)?;
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let text = serde_json::json!({ "deleted_by": actor, "unix_time_s": now }).to_string();
        files::write_whole(&self.case_folder(id), "tombstone.json", text.as_bytes())
            .map_err(BankError::io(doing))?;
        let noted = self.index().execute("UPDATE cases SET deleted = 1 WHERE id = ?1", [id.to_string()]);
        noted.map(drop).map_err(|error| saved(*id, BankError::index(doing)(error)))
    }

    /// Every case that was not deleted, the one that changed last first.
    ///
    /// # Errors
    /// The index fails.
    pub fn list(&self) -> Result<Vec<CaseSummary>, BankError> {
        self.search("")
    }

    /// The cases whose title, patient name or id, study or series descriptions contain every word of `text`. Case, width,
    /// accents, traditional or simplified characters and the two kinds of kana make no difference; Chinese characters are
    /// also found by pinyin, whole or by initials, with or without tones. The one that changed last comes first.
    ///
    /// # Errors
    /// The index fails.
    pub fn search(&self, text: &str) -> Result<Vec<CaseSummary>, BankError> {
        let doing = "searching";
        let needle = Needle::new(text);
        let index = self.index();
        let mut query = index
            .prepare_cached("SELECT * FROM cases WHERE deleted = 0 ORDER BY changed_ms DESC, id")
            .map_err(BankError::index(doing))?;
        let (folded, readings) = (query.column_index("folded"), query.column_index("readings"));
        let folded = folded.map_err(BankError::index(doing))?;
        let readings = readings.map_err(BankError::index(doing))?;
        let mut rows = query.query([]).map_err(BankError::index(doing))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(BankError::index(doing))? {
            let text = |column| row.get_ref(column).and_then(|value| Ok(value.as_str()?));
            let folded = text(folded).map_err(BankError::index(doing))?;
            let readings = text(readings).map_err(BankError::index(doing))?;
            if needle.is_in(folded, readings) {
                found.extend(summary(row).map_err(BankError::index(doing))?);
            }
        }
        Ok(found)
    }

    /// The summary of one case, if it was not deleted.
    ///
    /// # Errors
    /// The index fails.
    pub fn summary(&self, id: &CaseId) -> Result<Option<CaseSummary>, BankError> {
        self.index()
            .query_row("SELECT * FROM cases WHERE deleted = 0 AND id = ?1", [id.to_string()], summary)
            .optional()
            .map(Option::flatten)
            .map_err(BankError::index("searching"))
    }

    /// Every case folder, deleted or not.
    pub(crate) fn case_ids(&self) -> Result<Vec<CaseId>, BankError> {
        let io = || BankError::io("listing its cases");
        let mut ids = Vec::new();
        for entry in fs::read_dir(self.path("cases")).map_err(io())? {
            let name = entry.map_err(io())?.file_name();
            ids.extend(name.to_str().and_then(|name| name.parse::<CaseId>().ok()));
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// Drops torn lines and brings the index up to date with the journals.
    pub(crate) fn mend_cases(&self, recoveries: &mut Vec<Recovery>) -> Result<(), BankError> {
        let rebuilt = recoveries.iter().any(|recovery| matches!(recovery, Recovery::IndexRebuilt { .. }));
        let ids = self.case_ids()?;
        for id in &ids {
            self.mend_case(id, rebuilt, recoveries)?;
        }
        let doing = "mending its index";
        let index = self.index();
        let mut query = index.prepare("SELECT id, head FROM cases").map_err(BankError::index(doing))?;
        let rows = query
            .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?.unsigned_abs())))
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(BankError::index(doing))?;
        for (name, had) in rows {
            let Ok(case) = name.parse::<CaseId>() else { continue };
            if ids.binary_search(&case).is_err() {
                recoveries.push(Recovery::EntriesLost { case, had, has: 0 });
                index.execute("DELETE FROM cases WHERE id = ?1", [name]).map_err(BankError::index(doing))?;
            }
        }
        Ok(())
    }

    fn mend_case(&self, id: &CaseId, rebuilt: bool, recoveries: &mut Vec<Recovery>) -> Result<(), BankError> {
        let doing = "mending a case";
        let io = || BankError::io(doing);
        let known = index::known(&self.index(), &id.to_string()).map_err(BankError::index(doing))?;
        let mut file = match files::private().read(true).write(true).open(self.journal_path(id)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let had = known.map_or(0, |known| known.head);
                recoveries.push(Recovery::EntriesLost { case: *id, had, has: 0 });
                return Ok(());
            }
            Err(error) => return Err(io()(error)),
        };
        let tail = log::tail(&mut file).map_err(io())?;
        if tail.torn > 0 && tail.len > 0 {
            log::drop_torn(&file, &tail).map_err(io())?;
            recoveries.push(Recovery::TornEntry { case: *id, bytes: tail.torn });
        }
        let deleted = self.case_folder(id).join("tombstone.json").exists();
        if known.as_ref().is_some_and(|known| (known.bytes, known.deleted) == (tail.len, deleted)) {
            return Ok(());
        }
        match self.read_journal(id) {
            Ok((journal, bytes)) => {
                let lost = known.as_ref().filter(|known| {
                    journal.hash_at(known.head).map(|hash| hash.to_string()).as_ref()
                        != Some(&known.head_hash)
                });
                if let Some(known) = lost {
                    let has = journal.head();
                    recoveries.push(Recovery::EntriesLost { case: *id, had: known.head, has });
                } else if !rebuilt {
                    recoveries.push(Recovery::Reindexed { case: *id });
                }
                index::note_case(&self.index(), &journal, bytes, deleted).map_err(BankError::index(doing))
            }
            Err(BankError::Journal { case, fault }) => {
                recoveries.push(Recovery::Unreadable { case, fault });
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

/// The error for a change that is on the disk while the index is behind. If the index only lacks room, opening the
/// bank again brings it up to date.
fn saved(case: CaseId, cause: BankError) -> BankError {
    tracing::error!(%case, "the index is behind the files");
    BankError::SavedNotIndexed { case, cause: Box::new(cause) }
}

/// Sequence number and hash of the last whole line.
fn head_of(tail: &log::Tail) -> Result<(u64, ObjectHash), &'static str> {
    let line = tail.last.as_deref().ok_or("has no readable last line")?;
    let text = str::from_utf8(line).ok().ok_or("is not UTF-8")?;
    if line.len() as u64 + 1 == tail.len {
        return Ok((0, ObjectHash::of(line)));
    }
    let sealed = unseal(text).ok().ok_or("was changed after it was written")?;
    let seq = sealed.fields.get("seq").and_then(serde_json::Value::as_u64).ok_or("has no number")?;
    Ok((seq, sealed.hash))
}

/// `None` if the id is not one, which only a damaged index has.
fn summary(row: &Row<'_>) -> rusqlite::Result<Option<CaseSummary>> {
    let count = |name| row.get::<_, i64>(name).map(i64::unsigned_abs);
    let time = |name| {
        let ms: i64 = row.get(name)?;
        let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000);
        Ok::<_, rusqlite::Error>(time.unwrap_or(OffsetDateTime::UNIX_EPOCH))
    };
    let Ok(id) = row.get::<_, String>("id")?.parse() else {
        return Ok(None);
    };
    let patient: String = row.get("patient")?;
    let modalities: String = row.get("modalities")?;
    Ok(Some(CaseSummary {
        id,
        title: Phi::new(row.get("title")?),
        patient: serde_json::from_str(&patient).unwrap_or_default(),
        modalities: modalities.split(' ').filter(|m| !m.is_empty()).map(str::to_owned).collect(),
        volumes: count("volumes")?,
        segments: count("segments")?,
        severe: count("severe")?,
        created: time("created_ms")?,
        changed: time("changed_ms")?,
        head: count("head")?,
    }))
}
