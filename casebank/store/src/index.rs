//! The index: what can be found without reading every file. SQLite, made anew from the files when in doubt.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use casebank_case::{Journal, PatientInfo};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::search::Haystack;
use crate::{BankError, Recovery, files};

const SCHEMA: i64 = 2;

const TABLES: &str = "
CREATE TABLE cases (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, patient TEXT NOT NULL, modalities TEXT NOT NULL,
    volumes INTEGER NOT NULL, segments INTEGER NOT NULL, severe INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    head INTEGER NOT NULL, head_hash TEXT NOT NULL, bytes INTEGER NOT NULL, deleted INTEGER NOT NULL,
    folded TEXT NOT NULL, readings TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE objects (hash TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT;
";

/// Opens the index of a bank whose lock is held.
pub(crate) fn open(
    folder: &Path,
    wait: Duration,
    recoveries: &mut Vec<Recovery>,
) -> Result<Connection, BankError> {
    let doing = "opening its index";
    let path = folder.join("index.sqlite");
    let there = path.exists();
    if there {
        match connect(&path, wait).and_then(|mut index| ready(&mut index).map(|good| (index, good))) {
            Ok((index, true)) => return Ok(index),
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) => {
                return Err(BankError::index(doing)(error));
            }
            Err(error) if is_busy_or_denied(&error) => return Err(BankError::index(doing)(error)),
            Ok((_, false)) | Err(_) => {}
        }
        for name in ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
            match fs::remove_file(folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(BankError::io(doing)(error));
                }
                Ok(()) | Err(_) => {}
            }
        }
    }
    // Made by us first, because SQLite would make it readable for everybody.
    files::private().write(true).create(true).truncate(false).open(&path).map_err(BankError::io(doing))?;
    let mut index = connect(&path, wait).map_err(BankError::index(doing))?;
    rebuild(&mut index, &folder.join("objects"))?;
    let had_cases = fs::read_dir(folder.join("cases")).map_err(BankError::io(doing))?.next().is_some();
    if there || had_cases {
        recoveries.push(Recovery::IndexRebuilt { damaged: there });
    }
    Ok(index)
}

fn is_busy_or_denied(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode as Code;
    matches!(
        error.sqlite_error_code(),
        Some(
            Code::DatabaseBusy
                | Code::DatabaseLocked
                | Code::ReadOnly
                | Code::CannotOpen
                | Code::PermissionDenied
        )
    )
}

fn connect(path: &Path, wait: Duration) -> rusqlite::Result<Connection> {
    let index = Connection::open(path)?;
    index.busy_timeout(wait)?;
    index.pragma_update(None, "journal_mode", "WAL")?;
    index.pragma_update(None, "synchronous", "FULL")?;
    index.pragma_update(None, "trusted_schema", false)?;
    Ok(index)
}

/// Whether the index is whole and of this version, or of an older one and could be brought up to date.
fn ready(index: &mut Connection) -> rusqlite::Result<bool> {
    let version: i64 = index.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let check: String = index.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if check != "ok" {
        return Ok(false);
    }
    if version == 1 {
        migrate_1(index)?;
        return Ok(true);
    }
    Ok(version == SCHEMA)
}

/// Version 1 had no readings. One transaction, from what the index itself holds: what it knows of each journal stays, so
/// that entries lost before or after are still noticed, and cases whose journal is damaged stay found.
fn migrate_1(index: &mut Connection) -> rusqlite::Result<()> {
    let transaction = index.transaction()?;
    transaction.execute_batch("ALTER TABLE cases ADD COLUMN readings TEXT NOT NULL DEFAULT ''")?;
    let rows = transaction
        .prepare("SELECT id, title, patient, folded FROM cases")?
        .query_map([], |row| Ok([row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))?
        .collect::<Result<Vec<_>, _>>()?;
    for [id, title, patient, folded] in rows {
        let patient: PatientInfo = serde_json::from_str(&patient).unwrap_or_default();
        // The old text had every searched text in a line, folded; folding it again loses nothing.
        let texts = std::iter::once(title.as_str()).chain(folded.lines());
        let Haystack { folded, readings } = Haystack::new(&patient, texts);
        transaction
            .prepare_cached("UPDATE cases SET folded = ?2, readings = ?3 WHERE id = ?1")?
            .execute([id, folded, readings])?;
    }
    transaction.pragma_update(None, "user_version", SCHEMA)?;
    transaction.commit()
}

/// Makes the tables and fills in the objects; the cases follow when the journals are looked through.
fn rebuild(index: &mut Connection, objects: &Path) -> Result<(), BankError> {
    let doing = "making its index anew";
    let transaction = index.transaction().map_err(BankError::index(doing))?;
    transaction.execute_batch(TABLES).map_err(BankError::index(doing))?;
    transaction.pragma_update(None, "user_version", SCHEMA).map_err(BankError::index(doing))?;
    crate::objects::each_object(objects, |hash, path| {
        let bytes = fs::metadata(path).map_err(BankError::io(doing))?.len();
        note_object(&transaction, &hash.to_string(), bytes).map_err(BankError::index(doing))
    })?;
    transaction.commit().map_err(BankError::index(doing))
}

pub(crate) fn note_object(index: &Connection, hash: &str, bytes: u64) -> rusqlite::Result<()> {
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    index
        .prepare_cached("INSERT INTO objects VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![hash, bytes])
        .map(drop)
}

/// What the index knows of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) head: u64,
    pub(crate) head_hash: String,
    pub(crate) bytes: u64,
    pub(crate) deleted: bool,
}

pub(crate) fn known(index: &Connection, case: &str) -> rusqlite::Result<Option<Known>> {
    index
        .prepare_cached("SELECT head, head_hash, bytes, deleted FROM cases WHERE id = ?1")?
        .query_row([case], |row| {
            Ok(Known {
                head: row.get::<_, i64>(0)?.unsigned_abs(),
                head_hash: row.get(1)?,
                bytes: row.get::<_, i64>(2)?.unsigned_abs(),
                deleted: row.get(3)?,
            })
        })
        .optional()
}

/// Writes what can be found about a case.
pub(crate) fn note_case(
    index: &Connection,
    journal: &Journal,
    bytes: u64,
    deleted: bool,
) -> rusqlite::Result<()> {
    let case = journal.case();
    let patient = case.patient.expose();
    let mut modalities: Vec<&str> = case.volumes.iter().map(|volume| volume.modality.as_str()).collect();
    modalities.sort_unstable();
    modalities.dedup();
    let severe = case.volumes.iter().flat_map(|volume| case.refusals(volume.id)).count();
    let texts = std::iter::once(case.title.expose());
    let texts =
        texts.chain(case.studies.values().flat_map(|s| [s.description.expose(), s.accession.expose()]));
    let texts = texts.chain(case.volumes.iter().map(|volume| volume.description.expose()));
    let Haystack { folded, readings } = Haystack::new(patient, texts.map(String::as_str));
    let at = |entry: Option<&casebank_case::Entry>| {
        entry.map_or(0, |entry| (entry.at().unix_timestamp_nanos() / 1_000_000) as i64)
    };
    index
        .prepare_cached(
            "INSERT OR REPLACE INTO cases VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?
        .execute(params![
            case.id.to_string(),
            case.title.expose(),
            serde_json::to_string(patient).unwrap_or_default(),
            modalities.join(" "),
            case.volumes.len() as i64,
            case.segments.len() as i64,
            severe as i64,
            at(journal.entries().first()),
            at(journal.entries().last()),
            journal.head() as i64,
            journal.head_hash().to_string(),
            bytes as i64,
            deleted,
            folded,
            readings,
        ])
        .map(drop)
}
