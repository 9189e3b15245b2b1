//! A journal from disk: one that is read verifies.
#![no_main]

use casebank_case::Journal;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(journal) = Journal::from_jsonl(text) {
        journal.verify().expect("a journal that was read verifies");
    }
});
