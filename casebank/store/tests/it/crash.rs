//! Killed in the middle, again and again: what was acknowledged is there.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use casebank_case::{CaseId, ObjectHash};
use casebank_store::Bank;

use crate::child;
use crate::samples::actor;

#[derive(Default)]
struct Acknowledged {
    objects: Vec<ObjectHash>,
    entries: Vec<(CaseId, u64, ObjectHash)>,
}

impl Acknowledged {
    fn note(&mut self, line: &str) -> bool {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["ACK", "object", hash] => self.objects.push(hash.parse().unwrap()),
            ["ACK", "entry", case, seq, hash] => {
                self.entries.push((case.parse().unwrap(), seq.parse().unwrap(), hash.parse().unwrap()));
            }
            _ => return false,
        }
        true
    }

    fn check(&self, folder: &Path) {
        let bank = Bank::open(folder).unwrap();
        for hash in &self.objects {
            bank.object(hash).unwrap();
        }
        let mut journals = BTreeMap::new();
        for (case, seq, hash) in &self.entries {
            let journal = journals.entry(*case).or_insert_with(|| bank.load(case, &actor()).unwrap());
            assert_eq!(journal.hash_at(*seq), Some(*hash), "entry {seq} of {case}");
        }
        let listed = bank.list().unwrap();
        assert!(
            journals.keys().all(|case| listed.iter().any(|summary| summary.id == *case)),
            "all are listed"
        );
        assert_eq!(bank.verify().unwrap().damages, []);
    }
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = Acknowledged::default();
    for run in 0..20_usize {
        let mut process = child::process(&[], &format!("work {run}"), folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        // Killed right after an acknowledgement, at a different one each time: somewhere in the next write.
        let mut left = 1 + run * 7 % 24;
        while left > 0 {
            left -= usize::from(all.note(&lines.next().unwrap().unwrap()));
        }
        process.kill().unwrap();
        // What it said before it died counts as well, whole lines only.
        for line in lines.map_while(Result::ok) {
            all.note(&line);
        }
        assert!(!process.wait().unwrap().success(), "it was killed");
        // Opened after each run on every second one, so that damage could also pile up.
        if run % 2 == 1 {
            all.check(folder.path());
        }
    }
    all.check(folder.path());
    assert!(
        all.objects.len() >= 100 && all.entries.len() >= 80,
        "{} {}",
        all.objects.len(),
        all.entries.len()
    );
}
