//! Cards of networks, which a site gets from elsewhere.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = str::from_utf8(data) {
        let _ = meshing_segment::models::Card::read(text);
    }
});
