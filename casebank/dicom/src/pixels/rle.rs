//! RLE Lossless, PS3.5 annex G. Ours because the library's decoder allocates what the header claims.

use super::PixelError;
use crate::header::SampleFormat;

/// Memory that one frame leaves to the next: pages fresh from the system cost more than what is unpacked into them.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// The planes of bytes, one after the other.
    planes: Vec<u8>,
    /// The planes woven into samples.
    samples: Vec<u8>,
}

/// Decodes one frame to little endian bytes, the samples of a pixel together. They lie in the scratch.
pub(super) fn decode<'s>(
    fragment: &[u8],
    format: &SampleFormat,
    scratch: &'s mut Scratch,
) -> Result<&'s mut Vec<u8>, PixelError> {
    let damaged = |what: &str| PixelError::Codec(format!("RLE: {what}"));
    let word = |at: usize| -> Option<usize> {
        let raw = fragment.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(raw)).ok()
    };
    let width = usize::from(format.bits_allocated / 8);
    let planes = width * usize::from(format.samples);
    let pixels = usize::from(format.rows) * usize::from(format.columns);
    let count = word(0).ok_or_else(|| damaged("no header"))?;
    if count != planes {
        return Err(damaged("the number of segments does not fit samples and bits allocated"));
    }
    // Each plane in one run, so that runs and literals are block copies; woven into samples afterwards.
    let too_large = || damaged("the frame does not fit into memory");
    let unpacked = of_length(&mut scratch.planes, pixels * planes).ok_or_else(too_large)?;
    for (plane, out) in unpacked.chunks_exact_mut(pixels).enumerate() {
        let start = word(4 + 4 * plane).ok_or_else(|| damaged("the header is cut off"))?;
        let end = if plane + 1 < planes {
            word(8 + 4 * plane).ok_or_else(|| damaged("the header is cut off"))?
        } else {
            fragment.len()
        };
        let segment = fragment.get(start..end).ok_or_else(|| damaged("a segment lies outside the frame"))?;
        if unpack(segment, out) != pixels {
            return Err(damaged("a segment is shorter than the frame"));
        }
    }
    if planes == 1 {
        return Ok(unpacked);
    }
    let out = of_length(&mut scratch.samples, pixels * planes).ok_or_else(too_large)?;
    if let (2, Some((high, low))) = (planes, unpacked.split_at_checked(pixels)) {
        let words = out.as_chunks_mut::<2>().0.iter_mut();
        words.zip(low.iter().zip(high)).for_each(|(word, (&low, &high))| *word = [low, high]);
        return Ok(out);
    }
    for (plane, from) in unpacked.chunks_exact(pixels).enumerate() {
        // Sample by sample; the segments of a sample run from the most significant byte down.
        let first = plane / width * width + width - 1 - plane % width;
        let places = out.iter_mut().skip(first).step_by(planes);
        places.zip(from).for_each(|(place, &byte)| *place = byte);
    }
    Ok(out)
}

/// So many bytes of a buffer, whatever they held before: each of them is written, or the frame is refused.
fn of_length(buffer: &mut Vec<u8>, length: usize) -> Option<&mut Vec<u8>> {
    buffer.try_reserve_exact(length.saturating_sub(buffer.len())).ok()?;
    buffer.resize(length, 0);
    Some(buffer)
}

/// Unpacks PackBits; bytes past the plane are dropped. Returns how many were written.
fn unpack(mut segment: &[u8], mut out: &mut [u8]) -> usize {
    let length = out.len();
    while let Some((&control, rest)) = segment.split_first()
        && !out.is_empty()
    {
        segment = rest;
        if control < 128 {
            let take = (usize::from(control) + 1).min(segment.len());
            let (literal, rest) = segment.split_at(take);
            segment = rest;
            let (to, after) = out.split_at_mut(take.min(out.len()));
            to.copy_from_slice(literal.get(..to.len()).unwrap_or_default());
            out = after;
        } else if control > 128 {
            let Some((&byte, rest)) = segment.split_first() else { break };
            segment = rest;
            let (to, after) = out.split_at_mut((257 - usize::from(control)).min(out.len()));
            to.fill(byte);
            out = after;
        }
    }
    length - out.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format() -> SampleFormat {
        SampleFormat { rows: 2, columns: 3, samples: 1, bits_allocated: 16, ..SampleFormat::default() }
    }

    fn frame(high: &[u8], low: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for word in [2, 64, 64 + u32::try_from(high.len()).unwrap()] {
            out.extend(word.to_le_bytes());
        }
        out.resize(64, 0);
        out.extend(high);
        out.extend(low);
        out
    }

    fn decoded(fragment: &[u8]) -> Result<Vec<u8>, PixelError> {
        decode(fragment, &format(), &mut Scratch::default()).map(std::mem::take)
    }

    #[test]
    fn runs_and_literals_interleave() {
        // High bytes: six times 1; low bytes: 10 20 30, then three times 7.
        let out = decoded(&frame(&[251, 1], &[2, 10, 20, 30, 254, 7])).unwrap();
        assert_eq!(out, [10, 1, 20, 1, 30, 1, 7, 1, 7, 1, 7, 1]);
    }

    #[test]
    fn a_run_past_the_frame_is_cut_and_a_short_one_refused() {
        assert_eq!(decoded(&frame(&[129, 1], &[129, 2])).unwrap().len(), 12);
        assert!(decoded(&frame(&[254, 1], &[251, 2])).is_err());
    }

    #[test]
    fn nothing_of_an_earlier_frame_is_left() {
        let mut scratch = Scratch::default();
        let larger = SampleFormat { rows: 4, ..format() };
        assert!(decode(&frame(&[245, 9], &[245, 9]), &larger, &mut scratch).is_ok());
        assert!(decode(&frame(&[254, 1], &[251, 2]), &format(), &mut scratch).is_err());
        let now = decode(&frame(&[251, 1], &[251, 2]), &format(), &mut scratch).unwrap();
        assert_eq!(*now, [2, 1].repeat(6));
        let words = decode(&frame(&[245, 3], &[245, 4]), &larger, &mut scratch).unwrap();
        assert_eq!(*words, [4, 3].repeat(12));
    }

    #[test]
    fn absurd_headers_allocate_nothing() {
        assert!(decoded(&[255; 64]).is_err());
        assert!(decoded(&[]).is_err());
        let mut wild = frame(&[251, 1], &[251, 1]);
        wild[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(decoded(&wild).is_err());
    }
}
