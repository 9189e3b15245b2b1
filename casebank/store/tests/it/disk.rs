//! A full disk, a limit on file sizes, a disk that may not be written.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use casebank_case::{CaseId, Journal};
use casebank_store::{Bank, BankError};

use crate::child;
use crate::samples::{AT, actor, journal, rename};

/// A small disk of its own; unmounted when dropped.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// `None`, with a message, where mounting is not allowed.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let options = ["-t", "tmpfs", "-o", "size=3m", "tmpfs"];
        let mounted = Process::new("mount").args(options).arg(folder.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self { folder });
        }
        eprintln!("SKIPPED: a full and a read-only disk need a small tmpfs, and this user may not mount one");
        None
    }

    fn bank(&self) -> PathBuf {
        self.folder.path().join("bank")
    }

    fn remount(&self, option: &str) {
        let status =
            Process::new("mount").args(["-o", &format!("remount,{option}")]).arg(self.folder.path()).status();
        assert!(status.unwrap().success(), "remount,{option}");
    }

    /// Takes all the room that is left.
    fn fill(&self) -> PathBuf {
        let path = self.folder.path().join("filler");
        let mut size = 1 << 20;
        let mut bytes = Vec::new();
        while size > 0 {
            bytes.resize(bytes.len() + size, 0);
            if fs::write(&path, &bytes).is_err() {
                bytes.truncate(bytes.len() - size);
                size /= 2;
            }
        }
        // The failed write has left as much as fits.
        drop(fs::write(&path, vec![0; 4 << 20]));
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Best effort: the folder's own removal complains if it is still mounted.
        drop(Process::new("umount").arg(self.folder.path()).status());
    }
}

fn full(error: &BankError) -> bool {
    let text = error.to_string();
    matches!(error, BankError::DiskFull { .. })
        && text.contains("Free some space")
        && text.contains("Nothing was changed")
}

fn empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn a_full_disk_is_named_and_nothing_is_half_there() {
    let Some(disk) = SmallDisk::mount() else { return };
    let bank = Bank::open(disk.bank()).unwrap();
    let mut journal = journal(&bank, "knee", "Muster^Anna");
    let id = bank.create_case(&journal, &actor()).unwrap();
    let before = journal.to_jsonl();

    // Objects until no more fits.
    let mut stored = Vec::new();
    let error = loop {
        match bank.put_object(&vec![stored.len() as u8; 400_000]) {
            Ok(hash) => stored.push(hash),
            Err(error) => break error,
        }
    };
    assert!(full(&error), "{error}");
    assert!(empty(&disk.bank().join("tmp")), "nothing half-written lies around");
    let filler = disk.fill();

    let error = bank.put_object(b"even the smallest").unwrap_err();
    assert!(full(&error), "{error}");
    let error = bank.create_case(&Journal::new(CaseId::random()), &actor()).unwrap_err();
    assert!(full(&error), "{error}");
    journal.apply(rename("x".repeat(4000)), &actor(), AT).unwrap();
    for n in 0..10 {
        journal.apply(rename(format!("{n}{}", "y".repeat(4000))), &actor(), AT).unwrap();
    }
    let error = bank.commit(&id, &journal, &actor()).unwrap_err();
    assert!(full(&error), "{error}");
    assert_eq!(fs::read_to_string(crate::samples::journal_file(&disk.bank(), &id)).unwrap(), before);

    assert_eq!(bank.list().unwrap().len(), 1);
    let report = bank.verify().unwrap();
    assert_eq!((report.objects, report.cases, report.damages), (stored.len() as u64 + 1, 1, Vec::new()));

    // With room again everything goes on, in the open bank and in a new one.
    fs::remove_file(filler).unwrap();
    bank.put_object(b"even the smallest").unwrap();
    assert_eq!(bank.commit(&id, &journal, &actor()).unwrap(), 11);
    drop(bank);
    let bank = Bank::open(disk.bank()).unwrap();
    assert_eq!(bank.recoveries(), []);
    assert_eq!(bank.load(&id, &actor()).unwrap().to_jsonl(), journal.to_jsonl());
    assert_eq!(bank.verify().unwrap().damages, []);
}

#[test]
fn a_disk_that_may_not_be_written_is_named() {
    let Some(disk) = SmallDisk::mount() else { return };
    let bank = Bank::open(disk.bank()).unwrap();
    let mut journal = journal(&bank, "knee", "Muster^Anna");
    let id = bank.create_case(&journal, &actor()).unwrap();
    drop(bank);
    disk.remount("ro");
    let error = Bank::open(disk.bank()).unwrap_err();
    assert!(matches!(error, BankError::Denied { .. }), "{error}");
    assert!(error.to_string().contains("mounted read-only"), "{error}");
    disk.remount("rw");
    let bank = Bank::open(disk.bank()).unwrap();
    journal.apply(rename("x"), &actor(), AT).unwrap();
    assert_eq!(bank.commit(&id, &journal, &actor()).unwrap(), 1);
}

#[test]
fn a_limit_on_file_size_reads_as_a_full_disk() {
    let folder = tempfile::tempdir().unwrap();
    // The signal is ignored so that the write fails instead; the limit is 4096 blocks of 512 or 1024 bytes.
    let wrapper = ["sh", "-c", "trap '' XFSZ; ulimit -f 4096; exec \"$0\" \"$@\""];
    let output = child::process(&wrapper, "limit", folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("ACK limit"), "{said}");
}

#[test]
fn a_file_in_the_place_of_the_folder_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "x").unwrap();
    let error = Bank::open(&path).unwrap_err();
    assert!(matches!(error, BankError::Io { .. }), "{error}");
}
