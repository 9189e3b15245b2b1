//! De-identification of one object: what is written passes the guard again.
#![no_main]

use casebank_dicom::deid::{DeidOptions, Deidentifier, Secret};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let secret = Secret::new(&[7; 32]).expect("32 bytes are enough");
    let options = DeidOptions::default();
    if let Ok(done) = Deidentifier::new(options, secret).apply(data) {
        casebank_dicom::prescan(&done.bytes).expect("what is written is DICOM");
    }
});
