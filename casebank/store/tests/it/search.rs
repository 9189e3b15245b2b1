//! Finding cases by names, and bringing the index of an older program up to date.

use std::fs;

use casebank_case::CaseId;
use casebank_store::{Bank, Recovery};
use rusqlite::Connection;

use crate::samples::{actor, journal, journal_file};

fn found(bank: &Bank, text: &str) -> Vec<CaseId> {
    bank.search(text).unwrap().into_iter().map(|case| case.id).collect()
}

#[test]
fn a_case_is_found_however_its_name_is_typed() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::open(folder.path()).unwrap();
    let mut ids = Vec::new();
    for (title, name) in [
        ("膝关节", "Wang^XiaoDong=王^小東"),
        ("Left knee", "单^雄信"),
        ("", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
    ] {
        ids.push(bank.create_case(&journal(&bank, title, name), &actor()).unwrap());
    }
    for typed in [
        "wang",
        "WangXiaoDong",
        "wxd",
        "王",
        "小东",
        "小東",
        "Wáng xiǎo dōng",
        "xigj",
        "膝關節",
        "wxd xiguanjie",
    ] {
        assert_eq!(found(&bank, typed), [ids[0]], "{typed}");
    }
    assert_eq!(found(&bank, "shanxiong"), [ids[1]]);
    assert_eq!(found(&bank, "ヤマダ"), [ids[2]]);
    assert_eq!(found(&bank, "wangming"), []);
    assert_eq!(found(&bank, "").len(), 3, "no words find everything");
}

/// What version 1 of the index wrote: no readings, and lower case with separators as spaces.
fn make_old(folder: &std::path::Path) {
    let index = Connection::open(folder.join("index.sqlite")).unwrap();
    index
        .execute_batch(
            "ALTER TABLE cases DROP COLUMN readings;
             UPDATE cases SET folded = 'knee' || char(10) || 'wang xiaodong 王 小東' || char(10) || 'id-4' || char(10) || 'thorax nativ';
             PRAGMA user_version = 1;",
        )
        .unwrap();
}

#[test]
fn an_older_index_is_brought_up_to_date_and_still_knows_what_was_lost() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::open(folder.path()).unwrap();
    let ids: Vec<CaseId> = (0..3)
        .map(|_| bank.create_case(&journal(&bank, "Knee", "Wang^XiaoDong=王^小東"), &actor()).unwrap())
        .collect();
    drop(bank);
    make_old(folder.path());
    // one journal loses its last entry, one is damaged, while the old index knew them whole
    let short = journal_file(folder.path(), &ids[1]);
    let text = fs::read_to_string(&short).unwrap();
    let kept: Vec<&str> = text.lines().collect();
    fs::write(&short, kept[..kept.len() - 1].join("\n") + "\n").unwrap();
    let torn = journal_file(folder.path(), &ids[2]);
    let text = fs::read_to_string(&torn).unwrap();
    fs::write(&torn, text.replacen("Knee", "Neck and more", 1)).unwrap();

    let bank = Bank::open(folder.path()).unwrap();
    let told = bank.recoveries();
    assert!(told.contains(&Recovery::EntriesLost { case: ids[1], had: 3, has: 2 }), "{told:?}");
    assert!(
        told.iter().any(|r| matches!(r, Recovery::Unreadable { case, .. } if *case == ids[2])),
        "{told:?}"
    );
    assert!(!told.iter().any(|r| matches!(r, Recovery::IndexRebuilt { .. })), "{told:?}");
    for typed in ["wxd", "xiaodong", "小东", "thorax"] {
        let found = found(&bank, typed);
        // the shortened journal no longer has the volume with its description
        assert!(found.contains(&ids[0]) && found.contains(&ids[2]), "{typed} {found:?}");
    }
    assert!(found(&bank, "wxd").contains(&ids[1]));
    drop(bank);
    let again = Bank::open(folder.path()).unwrap();
    let told = again.recoveries();
    assert!(!told.iter().any(|r| matches!(r, Recovery::EntriesLost { .. })), "told once: {told:?}");
    assert_eq!(found(&again, "wxd").len(), 3);
}
