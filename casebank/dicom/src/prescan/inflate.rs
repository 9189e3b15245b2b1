//! Inflating with a cap.

use std::io::Read as _;

use flate2::read::DeflateDecoder;

use super::PrescanError;

/// Beyond this size a ratio that no image reaches counts as a bomb.
const SUSPICIOUS_BYTES: usize = 32 << 20;
/// No image of that size deflates better than this (constant data reach about 1000).
const IMAGE_RATIO: usize = 50;

/// Inflates a raw deflate stream (RFC 1951), never holding more than `cap` bytes.
pub(super) fn bounded(deflated: &[u8], cap: u64) -> Result<Vec<u8>, PrescanError> {
    let mut decoder = DeflateDecoder::new(deflated);
    let mut out = Vec::new();
    loop {
        let before = out.len();
        let step =
            decoder.by_ref().take(1 << 20).read_to_end(&mut out).map_err(|_damaged| PrescanError::Deflate)?;
        if out.len() as u64 > cap
            || (out.len() > SUSPICIOUS_BYTES && out.len() / IMAGE_RATIO > deflated.len())
        {
            return Err(PrescanError::Bomb { limit: out.len() as u64 });
        }
        if step == 0 || out.len() == before {
            return Ok(out);
        }
    }
}
