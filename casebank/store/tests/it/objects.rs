//! Objects: stored once, read checked, private.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use casebank_case::ObjectHash;
use casebank_store::{Bank, BankError, Damage};

use crate::samples::{actor, journal, walk};

#[test]
fn bytes_come_back_and_are_stored_once() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::open(folder.path().join("bank")).unwrap();
    let large: Vec<u8> = (0..700_001_u32).map(|n| (n.wrapping_mul(n) >> 3) as u8).collect();
    let hash = bank.put_object(&large).unwrap();
    assert_eq!(hash, ObjectHash::of(&large));
    assert_eq!(bank.object(&hash).unwrap(), large);
    let empty = bank.put_object(b"").unwrap();
    assert_eq!(bank.object(&empty).unwrap(), b"");
    let file = folder.path().join("source");
    fs::write(&file, &large).unwrap();
    assert_eq!(bank.put_file(&file).unwrap(), hash);
    assert_eq!(walk(&bank.folder().join("objects")).iter().filter(|path| path.is_file()).count(), 2);
    assert_eq!(fs::read_dir(bank.folder().join("tmp")).unwrap().count(), 0);
    let other = ObjectHash::of(b"never stored");
    assert!(!bank.has_object(&other));
    assert!(matches!(bank.object(&other).unwrap_err(), BankError::ObjectMissing { .. }));
    let report = bank.verify().unwrap();
    assert_eq!((report.objects, report.bytes, report.damages), (2, large.len() as u64, Vec::new()));
}

#[test]
fn a_changed_byte_is_never_handed_out_and_storing_again_repairs() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::open(folder.path()).unwrap();
    let hash = bank.put_object(b"slice of a scan").unwrap();
    let name = hash.to_string();
    let path = folder.path().join("objects").join(&name[..2]).join(&name[2..4]).join(&name);
    fs::write(&path, b"slice of a scam").unwrap();
    assert!(matches!(bank.object(&hash).unwrap_err(), BankError::ObjectDamaged { .. }));
    assert_eq!(bank.verify().unwrap().damages, [Damage::ObjectDamaged { hash }]);
    bank.put_object(b"slice of a scan").unwrap();
    assert_eq!(bank.object(&hash).unwrap(), b"slice of a scan");
    fs::remove_file(&path).unwrap();
    assert_eq!(bank.verify().unwrap().damages, [Damage::ObjectMissing { hash, case: None }]);
}

#[test]
fn what_a_case_needs_is_missed_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::open(folder.path()).unwrap();
    let journal = journal(&bank, "knee", "Muster^Anna");
    let id = bank.create_case(&journal, &actor()).unwrap();
    assert_eq!(bank.verify().unwrap().damages, []);
    let hash = journal.case().volumes[0].objects[0];
    let path = walk(folder.path()).into_iter().find(|path| path.ends_with(hash.to_string())).unwrap();
    fs::remove_file(path).unwrap();
    assert_eq!(bank.verify().unwrap().damages, [Damage::ObjectMissing { hash, case: Some(id) }]);
}

#[test]
fn only_the_owner_may_read() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::open(folder.path().join("bank")).unwrap();
    let id = bank.create_case(&journal(&bank, "knee", "Muster^Anna"), &actor()).unwrap();
    bank.load(&id, &actor()).unwrap();
    bank.delete(&id, &actor()).unwrap();
    let found = walk(bank.folder());
    assert!(found.iter().any(|path| path.ends_with("index.sqlite-wal")), "the write-ahead log is among them");
    for path in found.into_iter().chain([bank.folder().to_path_buf()]) {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, expected, "{}", path.strip_prefix(bank.folder()).unwrap().display());
    }
}
