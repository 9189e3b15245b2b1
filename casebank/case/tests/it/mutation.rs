//! Journals as found on a damaged or hostile disk.

use std::sync::LazyLock;

use casebank_case::{Command, ENTRIES_MAX, Journal, LINE_MAX, Phi, Severity};
use proptest::prelude::*;

use crate::samples::{AT, actor, case_id, volume};

fn journal() -> Journal {
    let mut journal = Journal::new(case_id());
    journal.apply(Command::ImportVolume(Box::new(volume(1, Severity::Severe))), &actor(), AT).unwrap();
    for n in 0..5 {
        journal.apply(Command::Rename { title: Phi::new(format!("title {n}")) }, &actor(), AT).unwrap();
    }
    journal.undo(&actor(), AT).unwrap();
    journal
}

static JOURNAL: LazyLock<Journal> = LazyLock::new(journal);

#[test]
fn the_first_broken_line_is_named() {
    let text = journal().to_jsonl();
    let lines: Vec<&str> = text.lines().collect();
    let read = |lines: &[&str]| Journal::from_jsonl(&lines.join("\n")).unwrap_err();
    let changed = lines[3].replace("title 1", "title 9");
    let mut with = lines.clone();
    with[3] = &changed;
    assert_eq!(read(&with).line, 4);
    assert!(read(&with).problem.contains("changed after it was written"));

    let mut removed = lines.clone();
    removed.remove(2);
    assert_eq!(read(&removed).line, 3);
    let mut swapped = lines.clone();
    swapped.swap(2, 3);
    assert_eq!(read(&swapped).line, 3);
    let mut doubled = lines.clone();
    doubled.insert(4, lines[3]);
    assert_eq!(read(&doubled).line, 5);
    let mut empty_line = lines.clone();
    empty_line.insert(2, "");
    assert_eq!(read(&empty_line).line, 3);

    // A line that was forged with a right hash of its own breaks the chain at the next one.
    let mut fields = casebank_case::unseal(lines[3]).unwrap().fields;
    fields["command"]["rename"]["title"] = "forged".into();
    let forged = casebank_case::seal(fields).unwrap().line;
    let mut with = lines.clone();
    with[3] = &forged;
    assert_eq!(read(&with).line, 5);

    // Another case's header breaks the chain at the first entry.
    let other = Journal::new(casebank_case::CaseId::random());
    let mut with = lines.clone();
    with[0] = other.header();
    assert_eq!(read(&with).line, 2);
}

#[test]
fn entries_that_do_not_fit_are_refused() {
    let start = journal();
    let sealed = |kind: &str, of: Option<u64>, command: Option<serde_json::Value>| {
        let mut fields = serde_json::json!({
            "seq": start.head() + 1, "at": "2026-11-22T10:00:00Z", "actor": "x", "kind": kind,
            "prev": start.head_hash(),
        });
        if let Some(of) = of {
            fields["of"] = of.into();
        }
        if let Some(command) = command {
            fields["command"] = command;
        }
        format!("{}{}\n", start.to_jsonl(), casebank_case::seal(fields).unwrap().line)
    };
    Journal::from_jsonl(&sealed("redo", Some(6), None)).unwrap();
    Journal::from_jsonl(&sealed("undo", Some(5), None)).unwrap();
    let rename = || Some(serde_json::json!({"rename": {"title": "x"}}));
    Journal::from_jsonl(&sealed("do", None, rename())).unwrap();
    for wrong in [
        sealed("redo", Some(5), None),
        sealed("redo", Some(0), None),
        sealed("redo", Some(u64::MAX), None),
        sealed("undo", Some(6), None),
        sealed("undo", None, None),
        sealed("do", None, None),
        sealed("do", Some(1), rename()),
        sealed("dance", None, rename()),
        sealed("do", None, Some(serde_json::json!({"unheard_of": {}}))),
        sealed("do", None, Some(serde_json::json!({"remove_segment": {"name": "none"}}))),
    ] {
        let fault = Journal::from_jsonl(&wrong).unwrap_err();
        assert_eq!(fault.line, 9, "{fault}");
    }
}

#[test]
fn bounds_hold() {
    let long = format!("{}\n{}\n", journal().header(), " ".repeat(LINE_MAX + 1));
    let fault = Journal::from_jsonl(&long).unwrap_err();
    assert!(fault.line == 2 && fault.problem.contains("bytes long"), "{fault}");
    let deep = format!("{}\n{}\n", journal().header(), "{\"a\":".repeat(200_000));
    assert_eq!(Journal::from_jsonl(&deep).unwrap_err().line, 2);
    assert_eq!(ENTRIES_MAX, 1_000_000);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_damage_is_either_found_or_only_a_shorter_journal(
        at in any::<prop::sample::Index>(), flip in 1..=255_u8, kind in 0..3_u8, more in any::<Vec<u8>>(),
    ) {
        let whole = &*JOURNAL;
        let mut bytes = whole.to_jsonl().into_bytes();
        let at = at.index(bytes.len());
        match kind {
            0 => bytes[at] ^= flip,
            1 => bytes.truncate(at),
            _ => drop(bytes.splice(at..at, more.iter().copied()).count()),
        }
        let Ok(text) = String::from_utf8(bytes) else { return Ok(()) };
        if let Ok(read) = Journal::from_jsonl(&text) {
            // White space between the fields of a line is no damage, nor is a missing tail; anything else must be found.
            prop_assert!(read.head() <= whole.head());
            let entries = read.entries().iter().zip(whole.entries());
            for (a, b) in entries {
                prop_assert_eq!(a.hash(), b.hash());
            }
        }
    }

    #[test]
    fn any_text_is_an_error_and_no_panic(text in any::<String>()) {
        let header = JOURNAL.header().to_owned();
        prop_assert!(Journal::from_jsonl(&text).is_err());
        let after_header = [header.as_str(), text.as_str()].join("
");
        prop_assert!(text.is_empty() || Journal::from_jsonl(&after_header).is_err());
    }
}
