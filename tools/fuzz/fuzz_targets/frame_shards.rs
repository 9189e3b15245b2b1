//! Shards of frames of a peer: each record of the input is a length (u8) and a datagram of that length.
#![no_main]

use libfuzzer_sys::fuzz_target;
use net_protocol::fec::Reassembler;

fuzz_target!(|data: &[u8]| {
    let mut reassembler = Reassembler::new();
    let mut rest = data;
    while let Some((len, tail)) = rest.split_first() {
        let (datagram, tail) = tail.split_at(tail.len().min(usize::from(*len)));
        if let Ok(Some(slice)) = reassembler.push(&datagram.to_vec().into()) {
            assert_eq!(slice.bytes.len(), slice.header.len as usize);
        }
        rest = tail;
    }
});
