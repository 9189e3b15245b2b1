//! The body of a stream of bricks: records and their fragments, one after the other.

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::messages::{BrickRecord, MAX_BATCH_LEN, StreamKind};
use crate::wire::WireError;

/// A batch as it goes onto its stream, kind byte first. `fragment` gives the bytes of a record; a
/// record whose bytes are gone (the volume was closed) is left out.
pub fn encode_batch(
    records: &[BrickRecord],
    mut fragment: impl FnMut(&BrickRecord) -> Option<Bytes>,
) -> Bytes {
    let len: usize = records.iter().map(|record| BrickRecord::LEN + record.len as usize).sum();
    let mut bytes = BytesMut::with_capacity(1 + len.min(MAX_BATCH_LEN));
    bytes.put_u8(StreamKind::Bricks as u8);
    for record in records {
        if let Some(fragment) = fragment(record).filter(|fragment| fragment.len() == record.len as usize) {
            bytes.put_slice(&record.encode());
            bytes.put_slice(&fragment);
        }
    }
    bytes.freeze()
}

/// Cuts the body of a stream of bricks (without its kind byte) into fragments.
pub fn decode_batch(mut body: Bytes) -> Result<Vec<(BrickRecord, Bytes)>, WireError> {
    let mut fragments = Vec::new();
    while !body.is_empty() {
        let record = BrickRecord::decode(&body)?;
        let end = BrickRecord::LEN + record.len as usize;
        if body.len() < end {
            return Err(WireError::TooShort { what: "fragment", len: body.len() - BrickRecord::LEN });
        }
        let fragment = body.split_to(end).split_off(BrickRecord::LEN);
        fragments.push((record, fragment));
    }
    Ok(fragments)
}
