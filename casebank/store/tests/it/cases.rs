//! Cases: saved, found, deleted, shared by two writers.

use std::thread;
use std::time::Duration;

use casebank_case::{CaseId, Journal};
use casebank_store::{Bank, BankError};

use crate::samples::{AT, actor, journal, rename, walk};

#[test]
fn a_case_comes_back_with_its_history() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::open(folder.path()).unwrap();
    let mut journal = journal(&bank, "knee", "Muster^Anna");
    let id = bank.create_case(&journal, &actor()).unwrap();
    journal.apply(rename("left knee"), &actor(), AT).unwrap();
    journal.undo(&actor(), AT).unwrap();
    assert_eq!(bank.commit(&id, &journal, &actor()).unwrap(), 2);
    assert_eq!(bank.commit(&id, &journal, &actor()).unwrap(), 0, "again is harmless");
    drop(bank);
    let bank = Bank::open(folder.path()).unwrap();
    assert_eq!(bank.recoveries(), []);
    let mut back = bank.load(&id, &actor()).unwrap();
    assert_eq!(back.to_jsonl(), journal.to_jsonl());
    assert_eq!(back.case(), journal.case());
    back.redo(&actor(), AT).unwrap();
    assert_eq!(bank.commit(&id, &back, &actor()).unwrap(), 1);
    let summary = bank.summary(&id).unwrap().unwrap();
    assert_eq!(summary.title.expose(), "left knee");
    assert_eq!((summary.volumes, summary.severe, summary.head), (1, 1, 6));
    assert_eq!(summary.modalities, ["CT"]);
    assert_eq!(summary.changed, AT);
    assert!(matches!(bank.create_case(&back, &actor()).unwrap_err(), BankError::CaseExists { .. }));
}

#[test]
fn two_writers_cannot_overwrite_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::open(folder.path()).unwrap();
    let id = bank.create_case(&journal(&bank, "knee", "Muster^Anna"), &actor()).unwrap();
    let mut one = bank.load(&id, &actor()).unwrap();
    let mut two = one.clone();
    one.apply(rename("by one"), &actor(), AT).unwrap();
    two.apply(rename("by two"), &actor(), AT).unwrap();
    bank.commit(&id, &one, &actor()).unwrap();
    let refused = bank.commit(&id, &two, &actor()).unwrap_err();
    assert!(matches!(refused, BankError::StaleWriter { stored: 4, .. }), "{refused}");
    assert!(refused.to_string().contains("Load it again"), "{refused}");
    // Neither does one who has seen less.
    let early = Journal::from_jsonl(&one.to_jsonl().lines().take(2).collect::<Vec<_>>().join("\n")).unwrap();
    assert!(matches!(bank.commit(&id, &early, &actor()).unwrap_err(), BankError::StaleWriter { .. }));
    assert_eq!(bank.load(&id, &actor()).unwrap().case().title.expose(), "by one");
    let other = Journal::new(CaseId::random());
    assert!(matches!(bank.commit(&id, &other, &actor()).unwrap_err(), BankError::WrongCase { .. }));
    let unknown = other.case().id;
    assert!(matches!(bank.commit(&unknown, &other, &actor()).unwrap_err(), BankError::NoSuchCase { .. }));
    assert!(matches!(bank.load(&unknown, &actor()).unwrap_err(), BankError::NoSuchCase { .. }));
}

#[test]
fn several_open_banks_write_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::open(folder.path()).unwrap();
    let shared = bank.create_case(&Journal::new(CaseId::random()), &actor()).unwrap();
    thread::scope(|scope| {
        for writer in 0..4 {
            let folder = folder.path();
            scope.spawn(move || {
                let bank = Bank::open(folder).unwrap();
                for n in 0..5 {
                    bank.put_object(format!("{writer} {n}").as_bytes()).unwrap();
                    bank.create_case(&journal(&bank, &format!("case {writer} {n}"), "x"), &actor()).unwrap();
                    // All want to change the shared case: read, change, save, and again when somebody was faster.
                    loop {
                        let mut journal = bank.load(&shared, &actor()).unwrap();
                        journal.apply(rename(format!("{writer} {n}")), &actor(), AT).unwrap();
                        match bank.commit(&shared, &journal, &actor()) {
                            Ok(added) => break assert_eq!(added, 1),
                            Err(BankError::StaleWriter { .. }) => {}
                            Err(error) => panic!("{error}"),
                        }
                    }
                }
            });
        }
    });
    assert_eq!(bank.list().unwrap().len(), 21);
    assert_eq!(bank.load(&shared, &actor()).unwrap().head(), 20);
    assert_eq!(bank.verify().unwrap().damages, []);
}

#[test]
fn a_held_lock_is_waited_for_and_then_named() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::open_waiting(folder.path(), Duration::from_millis(50)).unwrap();
    let id = bank.create_case(&Journal::new(CaseId::random()), &actor()).unwrap();
    let held = std::fs::File::open(folder.path().join("lock")).unwrap();
    held.lock().unwrap();
    let error = bank.load(&id, &actor()).unwrap_err();
    assert!(matches!(error, BankError::Busy { .. }), "{error}");
    let error = Bank::open_waiting(folder.path(), Duration::ZERO).unwrap_err();
    assert!(error.to_string().contains("close the other program"), "{error}");
    held.unlock().unwrap();
    bank.load(&id, &actor()).unwrap();
}

#[test]
fn search_finds_words_in_any_order_case_and_accent() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::open(folder.path()).unwrap();
    let knee = bank.create_case(&journal(&bank, "Left Knee", "Müller^Änne"), &actor()).unwrap();
    let head = bank.create_case(&journal(&bank, "颅骨 100% _x_", "张^伟"), &actor()).unwrap();
    let find = |text: &str| {
        let mut ids: Vec<CaseId> = bank.search(text).unwrap().iter().map(|case| case.id).collect();
        ids.sort_unstable();
        ids
    };
    let both = {
        let mut both = vec![knee, head];
        both.sort_unstable();
        both
    };
    assert_eq!(find("KNEE left"), [knee]);
    assert_eq!(find("anne MULLER"), [knee]);
    assert_eq!(find("Mu\u{308}ller^anne"), [knee]);
    assert_eq!(find("id-9"), [knee]);
    assert_eq!(find("颅骨"), [head]);
    assert_eq!(find("伟"), [head]);
    assert_eq!(find("0% _X"), [head]);
    assert_eq!(find("%"), [head], "no wildcard");
    assert_eq!(find("thorax"), both);
    assert_eq!(find(""), both);
    assert_eq!(find("knee 伟"), []);
    assert_eq!(find("' OR 1=1 --"), []);
}

#[test]
fn a_deleted_case_is_gone_for_users_and_kept_for_the_record() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::open(folder.path()).unwrap();
    let mut journal = journal(&bank, "knee", "Muster^Anna");
    let id = bank.create_case(&journal, &actor()).unwrap();
    bank.delete(&id, &actor()).unwrap();
    journal.apply(rename("x"), &actor(), AT).unwrap();
    for bank in [bank, Bank::open(folder.path()).unwrap()] {
        assert_eq!(bank.list().unwrap(), []);
        assert_eq!(bank.summary(&id).unwrap(), None);
        assert!(matches!(bank.load(&id, &actor()).unwrap_err(), BankError::Deleted { .. }));
        assert!(matches!(bank.commit(&id, &journal, &actor()).unwrap_err(), BankError::Deleted { .. }));
        assert!(matches!(bank.delete(&id, &actor()).unwrap_err(), BankError::Deleted { .. }));
        assert!(matches!(bank.create_case(&journal, &actor()).unwrap_err(), BankError::CaseExists { .. }));
        assert_eq!(bank.verify().unwrap().damages, []);
    }
    // Also when the index has to be made anew.
    std::fs::remove_file(folder.path().join("index.sqlite")).unwrap();
    assert_eq!(Bank::open(folder.path()).unwrap().list().unwrap(), []);
}

#[test]
fn no_name_of_a_patient_outside_journal_and_index() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::open(folder.path()).unwrap();
    let journal = journal(&bank, "Canary tumour", "Canary^Anna");
    let id = bank.create_case(&journal, &actor()).unwrap();
    let mut shown = format!("{bank:?} {:?} {:?}", bank.list().unwrap(), bank.load(&id, &actor()).unwrap());
    shown += &bank.put_file(&folder.path().join("Canary^Anna.dcm")).unwrap_err().to_string();
    bank.delete(&id, &actor()).unwrap();
    shown += &std::fs::read_to_string(folder.path().join("audit.jsonl")).unwrap();
    for path in walk(folder.path()) {
        shown += &path.display().to_string();
    }
    assert!(!shown.to_lowercase().contains("canary"), "{shown}");
}
