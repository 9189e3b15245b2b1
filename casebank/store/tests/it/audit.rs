//! The audit log: everything that touches a case is in it, and no line of it can be changed.

use std::fs;

use casebank_case::{Acceptance, Command, FindingCode};
use casebank_store::{AuditAction, Bank, BankError, Outcome};

use crate::samples::{AT, actor, journal};

#[test]
fn touching_a_case_leaves_a_trace() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::open(folder.path()).unwrap();
    let mut journal = journal(&bank, "knee", "Muster^Anna");
    let id = bank.create_case(&journal, &actor()).unwrap();
    bank.load(&id, &actor()).unwrap();
    let acceptance = Acceptance {
        volume: journal.case().volumes[0].id,
        code: FindingCode::MissingSlice,
        by: "Dr. Huber".to_owned(),
        reason: "Outside the region.".to_owned(),
        time: AT,
    };
    journal.apply(Command::AcceptFinding(acceptance), &actor(), AT).unwrap();
    bank.commit(&id, &journal, &actor()).unwrap();
    bank.audit(&actor(), AuditAction::Export, Some(id), Outcome::Refused, Some("stale")).unwrap();
    bank.delete(&id, &actor()).unwrap();
    bank.load(&id, &actor()).unwrap_err();
    let events = bank.audit_events().unwrap();
    let seen: Vec<_> =
        events.iter().map(|event| (event.action, event.outcome, event.detail.as_deref())).collect();
    assert_eq!(
        seen,
        [
            (AuditAction::Create, Outcome::Granted, None),
            (AuditAction::Open, Outcome::Granted, None),
            (AuditAction::Accept, Outcome::Granted, Some("missing_slice")),
            (AuditAction::Export, Outcome::Refused, Some("stale")),
            (AuditAction::Delete, Outcome::Granted, None),
            (AuditAction::Open, Outcome::Granted, None),
            (AuditAction::Open, Outcome::Failed, None),
        ]
    );
    assert!(events.iter().all(|event| event.case == Some(id) && event.actor == actor()));
    assert_eq!(bank.verify_audit().unwrap(), 7);
}

#[test]
fn every_changed_byte_and_every_missing_line_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::open(folder.path()).unwrap();
    for detail in ["a", "b", "c", "d"] {
        bank.audit(&actor(), AuditAction::Export, None, Outcome::Granted, Some(detail)).unwrap();
    }
    let path = folder.path().join("audit.jsonl");
    let good = fs::read(&path).unwrap();
    assert!(good.len() > 1000, "at least a thousand damaged logs are tried: {}", good.len());
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 + (at % 255) as u8;
        fs::write(&path, &bad).unwrap();
        let line = good[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        let error = bank.verify_audit().unwrap_err();
        assert!(
            matches!(error, BankError::Audit { line: found, .. } if found <= line + 1),
            "byte {at}: {error}"
        );
    }
    let lines: Vec<&[u8]> = good.split_inclusive(|byte| *byte == b'\n').collect();
    for (wrong, at) in [
        ([lines[1], lines[2], lines[3]].concat(), 1),
        ([lines[0], lines[2], lines[3]].concat(), 2),
        ([lines[0], lines[2], lines[1], lines[3]].concat(), 2),
        ([lines[0], lines[0], lines[1], lines[2]].concat(), 2),
    ] {
        fs::write(&path, wrong).unwrap();
        let error = bank.verify_audit().unwrap_err();
        assert!(matches!(error, BankError::Audit { line, .. } if line == at), "{error}");
    }
    fs::write(&path, &good).unwrap();
    assert_eq!(bank.verify_audit().unwrap(), 4);
}

#[test]
fn a_torn_line_is_dropped_and_the_chain_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::open(folder.path()).unwrap();
    bank.audit(&actor(), AuditAction::Export, None, Outcome::Granted, None).unwrap();
    bank.audit(&actor(), AuditAction::Export, None, Outcome::Granted, None).unwrap();
    let path = folder.path().join("audit.jsonl");
    let good = fs::read(&path).unwrap();
    fs::write(&path, &good[..good.len() - 7]).unwrap();
    bank.audit(&actor(), AuditAction::Export, None, Outcome::Granted, Some("after")).unwrap();
    let events = bank.audit_events().unwrap();
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(events[1].detail.as_deref(), Some("after"));
}
