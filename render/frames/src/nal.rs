//! What must hold of an H.264 stream before a decoder of another language sees it (ITU-T H.264, 7.3 and annex B).

/// Network abstraction layer units of an access unit at most; an encoder of ours writes three.
const MAX_UNITS: usize = 32;

/// Why a stream is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) &'static str);

/// Kinds of units, by their number in table 7-1.
const SLICE: u8 = 1;
const KEY_SLICE: u8 = 5;
const SEQUENCE: u8 = 7;
const PICTURE: u8 = 8;

/// Checks that bytes are one picture of a baseline stream of `macroblocks` across and down, a key frame with its
/// parameter sets or slices that lean on the frame before, and nothing else.
pub(crate) fn check(bytes: &[u8], is_key: bool, macroblocks: [u32; 2]) -> Result<(), Refused> {
    let mut count = [0_usize; 32];
    for unit in units(bytes)? {
        let [first, body @ ..] = unit else { return Err(Refused("an empty unit")) };
        if first & 0x80 != 0 {
            return Err(Refused("a forbidden bit is set"));
        }
        let kind = first & 31;
        count[usize::from(kind)] += 1;
        match (kind, is_key) {
            (SLICE, false) | (KEY_SLICE | PICTURE, true) => {}
            (SEQUENCE, true) => check_sequence(body, macroblocks)?,
            _ => return Err(Refused("a unit of a kind that does not belong here")),
        }
    }
    let [slices, keys, sequences, pictures] =
        [SLICE, KEY_SLICE, SEQUENCE, PICTURE].map(|k| count[usize::from(k)]);
    match is_key {
        true if sequences == 1 && pictures == 1 && keys > 0 => Ok(()),
        false if slices > 0 => Ok(()),
        _ => Err(Refused("parameter sets or slices are missing, or there are too many")),
    }
}

/// The units between start codes; at least one and no byte before the first.
fn units(bytes: &[u8]) -> Result<Vec<&[u8]>, Refused> {
    let mut starts = Vec::new();
    let mut n = 0;
    while n + 3 <= bytes.len() {
        if bytes[n..n + 3] == [0, 0, 1] {
            if starts.len() == MAX_UNITS {
                return Err(Refused("too many units"));
            }
            starts.push(n);
            n += 3;
        } else {
            n += 1;
        }
    }
    match starts.first() {
        Some(&first) if bytes[..first].iter().all(|b| *b == 0) && first <= 1 => {}
        _ => return Err(Refused("no start code")),
    }
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    Ok(starts.iter().zip(ends).map(|(start, end)| &bytes[start + 3..end]).collect())
}

/// A sequence parameter set of the size that was announced, of a profile without optional parts.
fn check_sequence(body: &[u8], [across, down]: [u32; 2]) -> Result<(), Refused> {
    const BASELINE: u8 = 66;
    let unescaped = unescape(body);
    let [profile, _constraints, _level, rest @ ..] = &unescaped[..] else {
        return Err(Refused("a short parameter set"));
    };
    if *profile != BASELINE {
        return Err(Refused("a profile other than baseline"));
    }
    let mut bits = Bits { bytes: rest, at: 0 };
    let id = bits.number()?;
    let frame_bits = bits.number()?;
    let order = bits.number()?;
    match order {
        0 => {
            bits.number()?;
        }
        2 => {}
        _ => return Err(Refused("pictures in an order of their own")),
    }
    let references = bits.number()?;
    let _gaps = bits.bit()?;
    let size = [bits.number()?.saturating_add(1), bits.number()?.saturating_add(1)];
    if bits.bit()? != 1 {
        return Err(Refused("interlaced pictures"));
    }
    if id > 31 || frame_bits > 12 || references > 4 {
        return Err(Refused("a parameter set out of bounds"));
    }
    if size != [across, down] {
        return Err(Refused("another size than was announced"));
    }
    Ok(())
}

/// Without the bytes that keep start codes out of a unit (7.4.1); the first 64 are enough for what is read.
fn unescape(body: &[u8]) -> Vec<u8> {
    let mut plain: Vec<u8> = Vec::with_capacity(64);
    let mut zeros = 0;
    for &byte in body.iter().take(64) {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        plain.push(byte);
    }
    plain
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Result<u32, Refused> {
        let byte = self.bytes.get(self.at / 8).ok_or(Refused("a short parameter set"))?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Ok(u32::from(bit))
    }

    /// An Exp-Golomb code (9.1) of at most 16 leading zeros: nothing that is read here is larger.
    fn number(&mut self) -> Result<u32, Refused> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 16 {
                return Err(Refused("a number out of bounds"));
            }
        }
        let mut rest = 0;
        for _ in 0..zeros {
            rest = rest << 1 | self.bit()?;
        }
        Ok((1 << zeros) - 1 + rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits as text, spaces left out, padded with zeros.
    fn bits(text: &str) -> Vec<u8> {
        let bits: Vec<u8> = text.bytes().filter(|b| *b != b' ').map(|b| b - b'0').collect();
        bits.chunks(8).map(|c| c.iter().enumerate().fold(0, |byte, (n, bit)| byte | bit << (7 - n))).collect()
    }

    /// A baseline parameter set of 20 × 15 macroblocks: id 0, frame number of 4 bits, order 2, one reference, no gaps, size,
    /// whole frames.
    fn sequence() -> Vec<u8> {
        let mut unit = vec![0, 0, 0, 1, 0x67, 66, 0xc0, 30];
        unit.extend(bits("1 1 011 010 0 000010100 0001111 1 1 0 0 1"));
        unit
    }

    fn key(sequence: &[u8]) -> Vec<u8> {
        [sequence, &[0, 0, 1, 0x68, 0xce, 0x38, 0x80], &[0, 0, 1, 0x65, 0x88, 0x84]].concat()
    }

    #[test]
    fn a_key_frame_of_the_announced_size_passes() {
        assert_eq!(check(&key(&sequence()), true, [20, 15]), Ok(()));
        assert_eq!(check(&[0, 0, 0, 1, 0x41, 0x9a], false, [20, 15]), Ok(()));
    }

    #[test]
    fn what_does_not_belong_is_refused() {
        let whole = key(&sequence());
        assert_eq!(check(&whole, true, [20, 16]), Err(Refused("another size than was announced")));
        assert!(check(&whole, false, [20, 15]).is_err(), "parameter sets only before key frames");
        assert!(check(&whole[..whole.len() - 6], true, [20, 15]).is_err(), "no slice");
        assert!(check(&[0, 0, 0, 1, 0x41, 0x9a], true, [20, 15]).is_err(), "no parameter sets");
        assert!(check(&[7, 0, 0, 1, 0x41], false, [20, 15]).is_err(), "bytes before the first start code");
        assert!(check(&[0, 0, 1, 0x06, 1], false, [20, 15]).is_err(), "supplemental information");
        assert!(check(&[0, 0, 1, 0xc1, 1], false, [20, 15]).is_err(), "the forbidden bit");
        assert!(check(&[0, 0, 1].repeat(40), false, [20, 15]).is_err());
        assert!(check(&[], false, [20, 15]).is_err());
        let mut high = sequence();
        high[5] = 100;
        assert_eq!(check(&key(&high), true, [20, 15]), Err(Refused("a profile other than baseline")));
        let huge = [&sequence()[..8], &bits("1 1 011 010 0 00000000 00000000 00000000")].concat();
        assert_eq!(check(&key(&huge), true, [20, 15]), Err(Refused("a number out of bounds")));
    }
}
