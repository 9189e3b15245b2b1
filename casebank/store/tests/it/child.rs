//! A second process: this test program again, told by its environment what to do.

use std::path::Path;
use std::process::Command as Process;

use casebank_case::{CaseId, Journal};
use casebank_store::{Bank, BankError};

use crate::samples::{AT, actor, rename};

const JOB: &str = "THEATRON_STORE_TEST_JOB";
const FOLDER: &str = "THEATRON_STORE_TEST_FOLDER";

/// The command line that runs `job` on the bank in `folder`, by way of `wrapper` if that is not empty.
pub(crate) fn process(wrapper: &[&str], job: &str, folder: &Path) -> Process {
    let program = std::env::current_exe().unwrap();
    let mut process = match wrapper {
        [] => Process::new(program),
        [first, rest @ ..] => {
            let mut process = Process::new(first);
            process.args(rest).arg(program);
            process
        }
    };
    process.args(["--exact", "child::works_when_told", "--nocapture"]).env(JOB, job).env(FOLDER, folder);
    process
}

/// Bytes that depend on `seed`, up to 300 kB.
fn bytes(seed: &str) -> Vec<u8> {
    let mut reader = blake3::Hasher::new().update(seed.as_bytes()).finalize_xof();
    let mut length = [0; 4];
    reader.fill(&mut length);
    let mut bytes = vec![0; u32::from_le_bytes(length) as usize % 300_000];
    reader.fill(&mut bytes);
    bytes
}

/// The entry point of the second process. Without the environment it has nothing to do.
#[test]
fn works_when_told() {
    let (Ok(job), Some(folder)) = (std::env::var(JOB), std::env::var_os(FOLDER)) else { return };
    let folder = Path::new(&folder);
    match job.split_once(' ') {
        Some(("work", seed)) => work(folder, seed),
        _ if job == "limit" => limit(folder),
        _ => panic!("no such job"),
    }
}

/// Stores objects and commits entries without end, and says what was acknowledged.
fn work(folder: &Path, seed: &str) {
    let bank = Bank::open(folder).unwrap();
    let mut journal = Journal::new(CaseId::random());
    for n in 0_u64.. {
        let hash = bank.put_object(&bytes(&format!("{seed} {n}"))).unwrap();
        println!("ACK object {hash}");
        let id = journal.case().id;
        journal.apply(rename(format!("title {n}")), &actor(), AT).unwrap();
        if n % 5 == 0 {
            journal = Journal::new(CaseId::random());
            let id = bank.create_case(&journal, &actor()).unwrap();
            println!("ACK entry {id} 0 {}", journal.head_hash());
        } else {
            bank.commit(&id, &journal, &actor()).unwrap();
            println!("ACK entry {id} {} {}", journal.head(), journal.head_hash());
        }
    }
}

/// Runs into a limit on the size of files and goes on.
fn limit(folder: &Path) {
    let bank = Bank::open(folder).unwrap();
    let small = bank.put_object(b"small").unwrap();
    let error = bank.put_object(&vec![7; 16 << 20]).unwrap_err();
    assert!(matches!(error, BankError::DiskFull { .. }), "{error}");
    assert_eq!(std::fs::read_dir(folder.join("tmp")).unwrap().count(), 0);
    bank.put_object(b"small too").unwrap();
    assert_eq!(bank.object(&small).unwrap(), b"small");
    assert_eq!(bank.verify().unwrap().objects, 2);
    println!("ACK limit");
}
