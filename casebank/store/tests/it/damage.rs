//! What a crash or a bad disk leaves behind.

use std::fs;

use casebank_store::{Bank, BankError, Damage, Recovery};

use crate::samples::{AT, actor, journal, journal_file, rename};

#[test]
fn a_line_cut_off_anywhere_is_dropped_and_the_case_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::open(folder.path()).unwrap();
    let mut journal = journal(&bank, "knee", "Muster^Anna");
    let id = bank.create_case(&journal, &actor()).unwrap();
    let whole = journal.to_jsonl();
    journal.apply(rename("left knee"), &actor(), AT).unwrap();
    let more = journal.to_jsonl();
    drop(bank);
    let path = journal_file(folder.path(), &id);
    for cut in (whole.len() + 1..more.len()).step_by(37) {
        fs::write(&path, &more[..cut]).unwrap();
        let bank = Bank::open(folder.path()).unwrap();
        let bytes = (cut - whole.len()) as u64;
        assert_eq!(bank.recoveries(), [Recovery::TornEntry { case: id, bytes }]);
        assert_eq!(bank.load(&id, &actor()).unwrap().to_jsonl(), whole);
    }
    // A bank that is already open copes as well.
    let bank = Bank::open(folder.path()).unwrap();
    fs::write(&path, &more[..more.len() - 3]).unwrap();
    assert_eq!(bank.load(&id, &actor()).unwrap().head(), 3);
    assert_eq!(bank.commit(&id, &journal, &actor()).unwrap(), 1);
    assert_eq!(fs::read_to_string(&path).unwrap(), more);
    assert_eq!(bank.verify().unwrap().damages, []);
}

#[test]
fn an_entry_that_only_the_journal_has_is_indexed_on_opening() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::open(folder.path()).unwrap();
    let mut journal = journal(&bank, "knee", "Muster^Anna");
    let id = bank.create_case(&journal, &actor()).unwrap();
    drop(bank);
    journal.apply(rename("left knee"), &actor(), AT).unwrap();
    fs::write(journal_file(folder.path(), &id), journal.to_jsonl()).unwrap();
    let bank = Bank::open(folder.path()).unwrap();
    assert_eq!(bank.recoveries(), [Recovery::Reindexed { case: id }]);
    assert_eq!(bank.search("left").unwrap().len(), 1);
}

#[test]
fn a_lost_or_damaged_index_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::open(folder.path()).unwrap();
    for n in 0..20 {
        bank.create_case(&journal(&bank, &format!("knee {n}"), "Muster^Anna"), &actor()).unwrap();
    }
    let cases = bank.list().unwrap();
    drop(bank);
    let path = folder.path().join("index.sqlite");
    let good = fs::read(&path).unwrap();
    let mut hole = good.clone();
    hole[4096..12288].fill(0xa5);
    let damaged: [Option<Vec<u8>>; 5] = [
        None,
        Some(Vec::new()),
        Some(b"not a database at all".to_vec()),
        Some(hole),
        Some(good[..5000].to_vec()),
    ];
    for bytes in damaged {
        let there = bytes.is_some();
        match bytes {
            None => fs::remove_file(&path).unwrap(),
            Some(bytes) => fs::write(&path, bytes).unwrap(),
        }
        let bank = Bank::open(folder.path()).unwrap();
        assert_eq!(bank.recoveries(), [Recovery::IndexRebuilt { damaged: there }]);
        assert_eq!(bank.list().unwrap(), cases);
        let report = bank.verify().unwrap();
        assert_eq!((report.objects, report.cases, report.damages), (20, 20, Vec::new()));
    }
}

#[test]
fn a_shortened_or_changed_or_lost_journal_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::open(folder.path()).unwrap();
    let journal = journal(&bank, "knee", "Muster^Anna");
    let id = bank.create_case(&journal, &actor()).unwrap();
    let path = journal_file(folder.path(), &id);
    let whole = journal.to_jsonl();

    // Changed in the middle.
    fs::write(&path, whole.replace("knee", "hand")).unwrap();
    let error = bank.load(&id, &actor()).unwrap_err();
    assert!(matches!(&error, BankError::Journal { fault, .. } if fault.line == 2), "{error}");
    assert!(matches!(&bank.verify().unwrap().damages[..], [Damage::Journal { case, .. }] if *case == id));
    assert_eq!(Bank::open(folder.path()).unwrap().recoveries(), []);

    // The last entry cut off at the line's end.
    let short: String = whole.split_inclusive('\n').take(3).collect();
    fs::write(&path, short).unwrap();
    assert_eq!(bank.verify().unwrap().damages, [Damage::EntriesLost { case: id }]);
    let again = Bank::open(folder.path()).unwrap();
    assert_eq!(again.recoveries(), [Recovery::EntriesLost { case: id, had: 3, has: 2 }]);

    // Gone.
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
    let again = Bank::open(folder.path()).unwrap();
    assert_eq!(again.recoveries(), [Recovery::EntriesLost { case: id, had: 2, has: 0 }]);
    assert_eq!(again.list().unwrap(), []);
}

#[test]
fn a_newer_or_damaged_bank_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(Bank::open(folder.path()).unwrap());
    fs::write(folder.path().join("bank.json"), "{\"theatron_bank\":2}").unwrap();
    let error = Bank::open(folder.path()).unwrap_err();
    assert!(matches!(error, BankError::TooNew { version: 2 }), "{error}");
    assert!(error.to_string().contains("Update Theatron"), "{error}");
    for bad in ["", "{}", "[", "{\"theatron_bank\":\"1\"}"] {
        fs::write(folder.path().join("bank.json"), bad).unwrap();
        assert!(matches!(Bank::open(folder.path()).unwrap_err(), BankError::VersionFile), "{bad}");
    }
}
