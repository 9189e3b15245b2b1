//! The journal of a case: every change in order, chained by hashes, only ever appended to.

use core::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::canonical::canonical;
use crate::chain::{LINE_MAX, SealError, bounded_object, seal, unseal};
use crate::{Actor, Case, CaseId, Command, CommandError, Inverse, ObjectHash, Phi};

/// The version that this program writes.
pub const VERSION: u32 = 1;
/// The versions that this program reads.
pub const READS_VERSIONS: core::ops::RangeInclusive<u32> = 1..=1;
/// Most entries of a journal.
pub const ENTRIES_MAX: usize = 1_000_000;

/// What an entry did.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// A command was applied.
    Do(Command),
    /// The entry `of` was taken back.
    Undo {
        /// Sequence number of the entry that was taken back.
        of: u64,
    },
    /// The entry `of` was applied again.
    Redo {
        /// Sequence number of the entry that was applied again.
        of: u64,
    },
}

/// One line of the journal.
#[derive(Clone, Debug)]
pub struct Entry {
    seq: u64,
    at: OffsetDateTime,
    actor: Actor,
    action: Action,
    prev: ObjectHash,
    hash: ObjectHash,
    line: Phi<Box<str>>,
}

impl Entry {
    /// Sequence number, from 1.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// When, as the caller stated it.
    #[must_use]
    pub const fn at(&self) -> OffsetDateTime {
        self.at
    }

    /// Who.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// What.
    #[must_use]
    pub const fn action(&self) -> &Action {
        &self.action
    }

    /// Hash of the entry before; of the header line for the first.
    #[must_use]
    pub const fn prev(&self) -> ObjectHash {
        self.prev
    }

    /// Hash of this entry: BLAKE3 of its canonical JSON without the field `hash`.
    #[must_use]
    pub const fn hash(&self) -> ObjectHash {
        self.hash
    }

    /// The entry's line in the file, without the newline. It holds patient data: store it, never log it.
    #[must_use]
    pub const fn line(&self) -> &str {
        self.line.expose()
    }
}

/// A command on its way to the journal, together with what its sender had seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// The command.
    pub command: Command,
    /// Sequence number of the last entry the sender knew; the command is refused if there are newer ones. `None`: the
    /// command is meant whatever happened in between.
    #[serde(default)]
    pub base_seq: Option<u64>,
}

/// Why the journal did not take an entry. The case is unchanged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The command does not fit the case.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// Somebody else wrote in between.
    #[error(
        "the case has changed since entry {base}: it is at entry {head} now; read it again and repeat the change"
    )]
    StaleWriter {
        /// What the writer had seen.
        base: u64,
        /// Where the journal is.
        head: u64,
    },
    /// Every entry is taken back already.
    #[error("there is nothing to undo")]
    NothingToUndo,
    /// Nothing was taken back since the last change.
    #[error("there is nothing to redo")]
    NothingToRedo,
    /// The entry would not fit a line.
    #[error("the command is too large for the journal ({bytes} bytes, at most {LINE_MAX})")]
    TooLarge {
        /// Size of the line.
        bytes: usize,
    },
    /// The journal is full.
    #[error("the journal holds {ENTRIES_MAX} entries and takes no more; start a new case from this one")]
    Full,
    /// The time is outside what RFC 3339 can say.
    #[error("the time is outside the years 0 to 9999")]
    Time,
    /// A value would not come back from the file as it went in.
    #[error("the command holds a value that cannot be stored exactly")]
    Unstorable,
}

/// What is wrong with a journal that was read, and where. Names no content: the line holds patient data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("journal line {line}: {problem}")]
pub struct JournalFault {
    /// Line number from 1 (the header); entry `seq` is on line `seq + 1`.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

#[derive(Serialize, Deserialize)]
struct Header {
    theatron_journal: u32,
    case: CaseId,
}

#[derive(Deserialize)]
struct Wire {
    seq: u64,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    actor: Actor,
    kind: Kind,
    command: Option<Command>,
    of: Option<u64>,
    prev: ObjectHash,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Do,
    Undo,
    Redo,
}

/// A case and how it came about. The document is always the result of the entries.
#[derive(Clone, Debug)]
pub struct Journal {
    header: Box<str>,
    entries: Vec<Entry>,
    case: Case,
    done: Vec<(u64, Inverse)>,
    undone: Vec<u64>,
}

impl Journal {
    /// The journal of a new, empty case.
    #[must_use]
    pub fn new(id: CaseId) -> Self {
        let header = json!({ "theatron_journal": VERSION, "case": id });
        Self::with_header(canonical(&header), id)
    }

    fn with_header(header: String, id: CaseId) -> Self {
        Self {
            header: header.into(),
            entries: Vec::new(),
            case: Case::empty(id),
            done: Vec::new(),
            undone: Vec::new(),
        }
    }

    /// The case as it is now.
    #[must_use]
    pub const fn case(&self) -> &Case {
        &self.case
    }

    /// Every entry, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Sequence number of the newest entry; 0 for none.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Hash of the newest entry; of the header line for none.
    #[must_use]
    pub fn head_hash(&self) -> ObjectHash {
        self.entries.last().map_or_else(|| ObjectHash::of(self.header.as_bytes()), |entry| entry.hash)
    }

    /// Hash of the entry `seq`, of the header line for 0; `None` if there is no such entry.
    #[must_use]
    pub fn hash_at(&self, seq: u64) -> Option<ObjectHash> {
        match usize::try_from(seq).ok()?.checked_sub(1) {
            None => Some(ObjectHash::of(self.header.as_bytes())),
            Some(at) => self.entries.get(at).map(Entry::hash),
        }
    }

    /// The header line, without its newline.
    #[must_use]
    pub const fn header(&self) -> &str {
        &self.header
    }

    /// Whether there is something to undo.
    #[must_use]
    pub const fn can_undo(&self) -> bool {
        !self.done.is_empty()
    }

    /// Whether there is something to redo.
    #[must_use]
    pub const fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }

    /// Applies a command and writes it down. What was undone can no longer be redone.
    ///
    /// # Errors
    /// The command does not fit the case or the journal; nothing has changed then.
    pub fn apply(
        &mut self,
        command: Command,
        actor: &Actor,
        at: OffsetDateTime,
    ) -> Result<&Entry, JournalError> {
        let entry = self.prepare(&Action::Do(command), actor, at)?;
        self.take(entry)
    }

    /// As [`Journal::apply`], for a writer who may have seen an older state.
    ///
    /// # Errors
    /// As [`Journal::apply`], and [`JournalError::StaleWriter`].
    pub fn propose(
        &mut self,
        proposal: Proposal,
        actor: &Actor,
        at: OffsetDateTime,
    ) -> Result<&Entry, JournalError> {
        if let Some(base) = proposal.base_seq.filter(|base| *base != self.head()) {
            return Err(JournalError::StaleWriter { base, head: self.head() });
        }
        self.apply(proposal.command, actor, at)
    }

    /// Takes the newest change back that is not taken back yet, and writes that down.
    ///
    /// # Errors
    /// There is none, or the journal is full.
    pub fn undo(&mut self, actor: &Actor, at: OffsetDateTime) -> Result<&Entry, JournalError> {
        let of = self.done.last().ok_or(JournalError::NothingToUndo)?.0;
        let entry = self.prepare(&Action::Undo { of }, actor, at)?;
        self.take(entry)
    }

    /// Applies again what was taken back last, and writes that down.
    ///
    /// # Errors
    /// There is nothing, or the journal is full.
    pub fn redo(&mut self, actor: &Actor, at: OffsetDateTime) -> Result<&Entry, JournalError> {
        let of = *self.undone.last().ok_or(JournalError::NothingToRedo)?;
        let entry = self.prepare(&Action::Redo { of }, actor, at)?;
        self.take(entry)
    }

    /// Makes the entry that would come next, proven to be readable again.
    fn prepare(&self, action: &Action, actor: &Actor, at: OffsetDateTime) -> Result<Entry, JournalError> {
        let at = at.to_offset(time::UtcOffset::UTC);
        let stamp = at.format(&Rfc3339).ok().ok_or(JournalError::Time)?;
        let mut body = json!({
            "seq": self.head() + 1,
            "at": stamp,
            "actor": actor,
            "prev": self.head_hash(),
        });
        match action {
            Action::Do(command) => {
                body["kind"] = json!("do");
                body["command"] = serde_json::to_value(command).ok().ok_or(JournalError::Unstorable)?;
            }
            Action::Undo { of } => {
                body["kind"] = json!("undo");
                body["of"] = json!(of);
            }
            Action::Redo { of } => {
                body["kind"] = json!("redo");
                body["of"] = json!(of);
            }
        }
        let line = match seal(body) {
            Ok(sealed) => sealed.line,
            Err(SealError::TooLong { bytes }) => return Err(JournalError::TooLarge { bytes }),
            Err(_) => return Err(JournalError::Unstorable),
        };
        let entry = parse_entry(&line).ok().ok_or(JournalError::Unstorable)?;
        if entry.action == *action { Ok(entry) } else { Err(JournalError::Unstorable) }
    }

    /// Appends an entry whose form is right, if its action fits.
    fn take(&mut self, entry: Entry) -> Result<&Entry, JournalError> {
        if self.entries.len() >= ENTRIES_MAX {
            return Err(JournalError::Full);
        }
        match &entry.action {
            Action::Do(command) => {
                let inverse = command.apply(&mut self.case)?;
                self.done.push((entry.seq, inverse));
                self.undone.clear();
            }
            Action::Undo { of } => {
                let (seq, inverse) =
                    self.done.pop_if(|(seq, _)| seq == of).ok_or(JournalError::NothingToUndo)?;
                inverse.apply(&mut self.case);
                self.undone.push(seq);
            }
            Action::Redo { of } => {
                let fits = self.undone.last() == Some(of);
                let again = of.checked_sub(1).and_then(|at| self.entries.get(usize::try_from(at).ok()?));
                let (true, Some(Action::Do(command))) = (fits, again.map(Entry::action)) else {
                    return Err(JournalError::NothingToRedo);
                };
                let inverse = command.apply(&mut self.case)?;
                self.undone.pop();
                self.done.push((*of, inverse));
            }
        }
        let at = self.entries.len();
        self.entries.push(entry);
        Ok(&self.entries[at])
    }

    /// The journal as text: the header line, then a line an entry, each ended by a newline.
    #[must_use]
    pub fn to_jsonl(&self) -> String {
        let mut text = String::new();
        for line in core::iter::once(self.header()).chain(self.entries.iter().map(Entry::line)) {
            writeln!(text, "{line}").expect("a String takes every text");
        }
        text
    }

    /// Reads a journal and checks all of it: form, bounds, order, hash chain, and that every command fits.
    ///
    /// # Errors
    /// The first line that is wrong, and how. The text of the error repeats nothing of the line.
    pub fn from_jsonl(text: &str) -> Result<Self, JournalFault> {
        let mut lines = text.split_terminator('\n').enumerate().map(|(n, line)| (n + 1, line));
        let (_, header) = lines.next().ok_or_else(|| fault(1, "the journal is empty"))?;
        let mut journal = Self::read_header(header)?;
        for (number, line) in lines {
            if journal.entries.len() >= ENTRIES_MAX {
                return Err(fault(number, format!("more than {ENTRIES_MAX} entries")));
            }
            journal.read_line(number, line)?;
        }
        Ok(journal)
    }

    fn read_header(line: &str) -> Result<Self, JournalFault> {
        let value = bounded_object(line).map_err(|error| fault(1, error.to_string()))?;
        let version = value.get("theatron_journal").and_then(Value::as_u64);
        let Some(version) = version else {
            return Err(fault(1, "this is no journal of Theatron (the header names no version)"));
        };
        if !u32::try_from(version).is_ok_and(|version| READS_VERSIONS.contains(&version)) {
            let problem = format!(
                "version {version} of the journal; this program reads versions {} to {}. Update Theatron.",
                READS_VERSIONS.start(),
                READS_VERSIONS.end()
            );
            return Err(fault(1, problem));
        }
        let header: Header = serde_json::from_str(line).map_err(|error| fault(1, misfit(&error)))?;
        Ok(Self::with_header(canonical(&value), header.case))
    }

    fn read_line(&mut self, number: usize, line: &str) -> Result<(), JournalFault> {
        let entry = parse_entry(line).map_err(|problem| fault(number, problem))?;
        let expected = self.head() + 1;
        if entry.seq != expected {
            let problem = format!(
                "entry {} where entry {expected} belongs: lines are missing, repeated or moved",
                entry.seq
            );
            return Err(fault(number, problem));
        }
        if entry.prev != self.head_hash() {
            return Err(fault(
                number,
                "does not continue the entry before: a line was changed, removed or put in",
            ));
        }
        self.take(entry).map(drop).map_err(|error| fault(number, format!("cannot be applied: {error}")))
    }

    /// Reads every line again, checks the chain, and that the entries lead to the document.
    ///
    /// # Errors
    /// The first entry that is wrong.
    pub fn verify(&self) -> Result<(), JournalFault> {
        let again = Self::from_jsonl(&self.to_jsonl())?;
        if again.case == self.case {
            Ok(())
        } else {
            Err(fault(self.entries.len() + 1, "the entries do not lead to this document"))
        }
    }
}

fn fault(line: usize, problem: impl Into<String>) -> JournalFault {
    JournalFault { line, problem: problem.into() }
}

/// What a parser error says without its text, which may quote patient data.
fn misfit(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let column = error.column();
    match error.classify() {
        Category::Eof => "ends too early".to_owned(),
        Category::Data => format!(
            "does not have the form of version {VERSION} (near column {column}); a newer program may have written it"
        ),
        Category::Syntax | Category::Io => format!("is not JSON (near column {column})"),
    }
}

/// Reads one line and checks its own hash.
fn parse_entry(line: &str) -> Result<Entry, String> {
    let sealed = unseal(line).map_err(|error| error.to_string())?;
    let wire: Wire = serde_json::from_str(line).map_err(|error| misfit(&error))?;
    let action = match (wire.kind, wire.command, wire.of) {
        (Kind::Do, Some(command), None) => Action::Do(command),
        (Kind::Undo, None, Some(of)) => Action::Undo { of },
        (Kind::Redo, None, Some(of)) => Action::Redo { of },
        _ => return Err("`kind`, `command` and `of` do not fit together".to_owned()),
    };
    let Wire { seq, at, actor, prev, .. } = wire;
    Ok(Entry { seq, at, actor, action, prev, hash: sealed.hash, line: Phi::new(sealed.line.into()) })
}
