//! The header of a brick stream, and a chunk of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use meshing_codec::{Decoder, Header, Limits};

fuzz_target!(|data: &[u8]| {
    let Ok(header) = Header::from_bytes(data) else { return };
    let limits = Limits { max_voxels: 1 << 22 };
    let Ok(mut decoder) = Decoder::with_limits(header, limits) else { return };
    let _ = decoder.add(0, 0, data);
});
