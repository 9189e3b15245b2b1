//! Pixel data: checks before anything is allocated, where each frame lies, decoding, and the way from stored samples to
//! values.

mod declared;
mod fragments;
mod jpeg12;
mod rle;

use casebank_case::Words;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use dicom_encoding::{Codec, TransferSyntaxIndex as _};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use crate::codecs;
use crate::header::SampleFormat;
use crate::prescan::{PixelBytes, Prescan};
use crate::stored::{Place, StoredFrame};

pub(crate) use rle::Scratch;

/// No codec shrinks a real image more than this; beyond [`RATIO_FREE_BYTES`] it counts as an attack.
const RATIO: usize = 1000;
/// Up to this size a frame may be as compressible as it likes.
const RATIO_FREE_BYTES: usize = 64 << 20;

/// Frames of one object; what is kept of each is far more than its smallest picture. A functional MR has 20,000.
const MOST_FRAMES: u32 = 1 << 16;

/// Bytes that may be inflated for all frames of one object together, some ten seconds' work.
const MOST_INFLATED_BYTES: usize = 8 << 30;

const RLE: &str = "1.2.840.10008.1.2.5";
const JPEG_EXTENDED: &str = "1.2.840.10008.1.2.4.51";

/// Why the pixels of a slice cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PixelError {
    #[error("no pixel data")]
    Missing,
    #[error(
        "the transfer syntax is {0}, which no decoder here takes; ask the sender for uncompressed or JPEG 2000 images"
    )]
    Syntax(Words),
    #[error("the transfer syntax \"{0}\" is not known")]
    UnknownSyntax(String),
    #[error("{stored} bits stored up to bit {high} do not fit {allocated} bits allocated")]
    Bits { allocated: u16, stored: u16, high: u16 },
    #[error("{rows} rows by {columns} columns is no image")]
    Size { rows: u16, columns: u16 },
    #[error("{rows} rows by {columns} columns need {needed} bytes of pixel data, but there are {there}")]
    Length { rows: u16, columns: u16, needed: usize, there: usize },
    #[error("the compressed image says {0}, which contradicts the data set")]
    Contradiction(Words),
    #[error("the compressed image is damaged: {0}")]
    Codec(String),
    /// The process that decodes failed; see [`codecs::WorkerError`].
    #[error(transparent)]
    Worker(#[from] codecs::WorkerError),
    #[error("pixels of kind \"{photometric}\" with {samples} samples of {bits} bits are not shown")]
    Photometric { photometric: String, samples: u16, bits: u16 },
    #[error("8-bit samples in big endian words are not read")]
    BigEndianBytes,
    #[error(
        "{frames} frames are declared, but where each of them starts cannot be told from {fragments} fragments"
    )]
    Frames { frames: u32, fragments: usize },
    #[error(
        "{frames} frames in a data set that is deflated as a whole are not read; ask the sender for uncompressed images"
    )]
    Deflated { frames: u32 },
    #[error("{frames} frames are more than the {limit} that one object may have here")]
    TooManyFrames { frames: u32, limit: u32 },
}

/// Checks an image without decoding it (format, real length, and what each compressed stream itself declares) and tells
/// where its frames lie.
pub(crate) fn frames(scan: &Prescan<'_>, format: &SampleFormat) -> Result<Vec<StoredFrame>, PixelError> {
    let (rows, columns) = (format.rows, format.columns);
    if rows == 0 || columns == 0 {
        return Err(PixelError::Size { rows, columns });
    }
    let (allocated, stored, high) = (format.bits_allocated, format.bits_stored, format.high_bit);
    if ![8, 16, 32].contains(&allocated)
        || stored == 0
        || stored > allocated
        || high >= allocated
        || high + 1 < stored
    {
        return Err(PixelError::Bits { allocated, stored, high });
    }
    if scan.encoding.big_endian && allocated == 8 {
        return Err(PixelError::BigEndianBytes);
    }
    if format.frames > MOST_FRAMES {
        return Err(PixelError::TooManyFrames { frames: format.frames, limit: MOST_FRAMES });
    }
    let (frame, count) = (format.frame_bytes(), format.frames as usize);
    let needed = frame.saturating_mul(count);
    let too_short = |there| PixelError::Length { rows, columns, needed, there };
    let parts: Vec<Vec<Range<usize>>> = match scan.pixels.as_ref().ok_or(PixelError::Missing)? {
        PixelBytes::Native(range) if range.len() < needed => return Err(too_short(range.len())),
        PixelBytes::Native(range) => {
            let start = |n: usize| range.start + n * frame;
            (0..count).map(|n| std::iter::once(start(n)..start(n + 1)).collect()).collect()
        }
        PixelBytes::Fragments { fragments, .. } => {
            let there = fragments.iter().map(ExactSizeIterator::len).sum();
            if there == 0 || (needed > RATIO_FREE_BYTES && needed / RATIO > there) {
                return Err(too_short(there));
            }
            decodable(scan.transfer_syntax())?;
            let parts = fragments::of_frames(scan, format.frames)?;
            for part in &parts {
                declared::check(scan.transfer_syntax(), &joined(scan, part), format)?;
            }
            parts
        }
    };
    let transfer_syntax: Arc<str> = scan.transfer_syntax().into();
    let place = match &scan.data {
        Cow::Borrowed(_) => Place::File,
        // Inflated again for each frame: holding it would let a folder of small files fill the memory.
        Cow::Owned(data) if data.len().saturating_mul(count) > MOST_INFLATED_BYTES => {
            return Err(PixelError::Deflated { frames: format.frames });
        }
        Cow::Owned(_) => Place::Deflated,
    };
    let frame = |parts: Vec<Range<usize>>| StoredFrame {
        transfer_syntax: Arc::clone(&transfer_syntax),
        native: matches!(scan.pixels, Some(PixelBytes::Native(_))),
        big_endian: scan.encoding.big_endian,
        parts: parts.into_iter().map(|part| part.start as u64..part.end as u64).collect(),
        place,
    };
    Ok(parts.into_iter().map(frame).collect())
}

/// Whether a decoder for encapsulated pixels of this transfer syntax is here.
fn decodable(uid: &str) -> Result<(), PixelError> {
    if uid == RLE {
        return Ok(());
    }
    if let Some(name) = retired(uid) {
        return Err(PixelError::Syntax(Words::new(
            format!("{name} ({uid}), retired from the standard"),
            format!("{name} ({uid})，标准已废止"),
        )));
    }
    let clean = || uid.chars().filter(char::is_ascii_graphic).collect();
    let syntax = TransferSyntaxRegistry.get(uid).ok_or_else(|| PixelError::UnknownSyntax(clean()))?;
    match syntax.codec() {
        Codec::EncapsulatedPixelData(Some(_), _) => Ok(()),
        _ => Err(PixelError::Syntax(format!("{} ({uid})", syntax.name()).into())),
    }
}

/// Names of JPEG processes that were taken out of the standard (PS3.6 table A-1) and that few decoders ever knew.
fn retired(uid: &str) -> Option<&'static str> {
    let process: u32 = uid.strip_prefix("1.2.840.10008.1.2.4.")?.parse().ok()?;
    Some(match process {
        52 => "JPEG Extended (Process 3 & 5)",
        53 => "JPEG Spectral Selection, Non-Hierarchical (Process 6 & 8)",
        54 => "JPEG Spectral Selection, Non-Hierarchical (Process 7 & 9)",
        55 => "JPEG Full Progression, Non-Hierarchical (Process 10 & 12)",
        56 => "JPEG Full Progression, Non-Hierarchical (Process 11 & 13)",
        58 => "JPEG Lossless, Non-Hierarchical (Process 15)",
        59..=66 => "JPEG, Hierarchical",
        _ => return None,
    })
}

/// Whether the pixels went through a compression that loses information: JPEG baseline and extended, JPEG-LS
/// near-lossless, or a JPEG 2000 stream with the irreversible wavelet.
pub(crate) fn is_lossy(scan: &Prescan<'_>) -> bool {
    match scan.transfer_syntax() {
        "1.2.840.10008.1.2.4.50" | "1.2.840.10008.1.2.4.51" | "1.2.840.10008.1.2.4.81" => true,
        "1.2.840.10008.1.2.4.91" | "1.2.840.10008.1.2.4.93" | "1.2.840.10008.1.2.4.203" => {
            declared::is_irreversible(&joined(scan, first_fragment(scan)))
        }
        _ => false,
    }
}

/// Whether a JPEG image with loss, which the data set calls RGB, does so itself; see [`declared::jpeg_says_rgb`].
pub(crate) fn jpeg_says_rgb(scan: &Prescan<'_>) -> bool {
    declared::jpeg_says_rgb(&joined(scan, first_fragment(scan)))
}

fn first_fragment<'a>(scan: &'a Prescan<'_>) -> &'a [Range<usize>] {
    match &scan.pixels {
        Some(PixelBytes::Fragments { fragments, .. }) => fragments.get(..1).unwrap_or_default(),
        _ => &[],
    }
}

/// A compressed frame as one run.
fn joined<'a>(scan: &'a Prescan<'_>, parts: &[Range<usize>]) -> Cow<'a, [u8]> {
    match parts {
        [one] => Cow::Borrowed(scan.data.get(one.clone()).unwrap_or_default()),
        many => Cow::Owned(many.iter().filter_map(|r| scan.data.get(r.clone())).flatten().copied().collect()),
    }
}

/// The stored samples of a checked frame from its stored bytes: in the data set's order for native pixels, little endian
/// after decoding.
pub(crate) fn samples<'a>(
    frame: &StoredFrame,
    bytes: &'a [u8],
    format: &SampleFormat,
) -> Result<Cow<'a, [u8]>, PixelError> {
    let needed = format.frame_bytes();
    let decoded = if frame.native {
        Cow::Borrowed(bytes)
    } else if &*frame.transfer_syntax == RLE {
        Cow::Owned(std::mem::take(rle::decode(bytes, format, &mut Scratch::default())?))
    } else if &*frame.transfer_syntax == JPEG_EXTENDED && format.is_words() {
        let decoded = jpeg12::decode(bytes, format.rows, format.columns);
        Cow::Owned(decoded.map_err(|refused| PixelError::Codec(refused.to_owned()))?)
    } else {
        Cow::Owned(codecs::decode(&frame.transfer_syntax, bytes, format)?)
    };
    if decoded.len() == needed {
        return Ok(decoded);
    }
    let (rows, columns) = (format.rows, format.columns);
    Err(PixelError::Length { rows, columns, needed, there: decoded.len() })
}

/// As [`samples`], for one frame after the other: what needs memory of ours finds it in the scratch.
pub(crate) fn samples_in<'a>(
    frame: &StoredFrame,
    bytes: &'a [u8],
    format: &SampleFormat,
    scratch: &'a mut Scratch,
) -> Result<Cow<'a, [u8]>, PixelError> {
    if !frame.native && &*frame.transfer_syntax == RLE {
        return Ok(Cow::Borrowed(rle::decode(bytes, format, scratch)?));
    }
    samples(frame, bytes, format)
}

impl SampleFormat {
    /// Bytes of one native frame.
    pub(crate) fn frame_bytes(&self) -> usize {
        let pixels = usize::from(self.rows) * usize::from(self.columns);
        pixels * usize::from(self.samples) * usize::from(self.bits_allocated / 8)
    }

    /// Calls `take` with every stored sample, masked and sign-extended (PS3.5 section 8.1.1).
    pub(crate) fn each_sample(&self, bytes: &[u8], big_endian: bool, mut take: impl FnMut(usize, i64)) {
        let stored = u32::from(self.bits_stored);
        let shift = u32::from(self.high_bit) + 1 - stored;
        let up = 64 - stored;
        let signed = self.signed;
        let clean = |raw: u32| {
            let left = (u64::from(raw) >> shift) << up;
            if signed { left.cast_signed() >> up } else { (left >> up).cast_signed() }
        };
        match (self.bits_allocated, big_endian) {
            (8, _) => bytes.iter().enumerate().for_each(|(at, &b)| take(at, clean(u32::from(b)))),
            (16, false) => {
                let pairs = bytes.as_chunks::<2>().0;
                pairs
                    .iter()
                    .enumerate()
                    .for_each(|(at, &b)| take(at, clean(u32::from(u16::from_le_bytes(b)))));
            }
            (16, true) => {
                let pairs = bytes.as_chunks::<2>().0;
                pairs
                    .iter()
                    .enumerate()
                    .for_each(|(at, &b)| take(at, clean(u32::from(u16::from_be_bytes(b)))));
            }
            (_, big) => {
                let quads = bytes.as_chunks::<4>().0;
                for (at, &b) in quads.iter().enumerate() {
                    take(at, clean(if big { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) }));
                }
            }
        }
    }

    /// Whether samples are stored in 16 bits each.
    pub(crate) const fn is_words(&self) -> bool {
        self.bits_allocated == 16
    }

    /// The usual case of [`Self::each_sample`], so written that the compiler makes vector code of it: 16-bit words
    /// ([`Self::is_words`]), little endian, to which a whole number is added. `None` where a value does not fit.
    pub(crate) fn shifted(
        &self,
        bytes: &[u8],
        intercept: i32,
        padding: Option<i64>,
        out: &mut [i16],
    ) -> Option<Seen<i16>> {
        let pairs = bytes.as_chunks::<2>().0;
        let down = u32::from(self.high_bit + 1 - self.bits_stored);
        let up = u32::from(16 - self.bits_stored);
        let left = |pair: &[u8; 2]| u16::from_le_bytes(*pair).wrapping_shr(down).wrapping_shl(up);
        // Several plain passes over a slice that stays in the cache: each of them becomes vector code, one of all would not.
        // Samples of 16 bits without sign wrap around here; adding half their range brings them into order.
        let wraps = !self.signed && self.bits_stored == 16;
        if self.signed {
            out.iter_mut()
                .zip(pairs)
                .for_each(|(out, pair)| *out = left(pair).cast_signed().wrapping_shr(up));
        } else {
            let half = if wraps { i16::MIN } else { 0 };
            let sample = |pair| left(pair).wrapping_shr(up).cast_signed().wrapping_add(half);
            out.iter_mut().zip(pairs).for_each(|(out, pair)| *out = sample(pair));
        }
        let half = if wraps { 1 << 15 } else { 0 };
        let padding = padding.and_then(|value| i16::try_from(value - half).ok());
        let padded = padding.map_or(0, |padding| out.iter().filter(|&&sample| sample == padding).count());
        let (low, high) = out.iter().fold((i16::MAX, i16::MIN), |(low, high), &v| (low.min(v), high.max(v)));
        let shift = i64::from(intercept) + half;
        let fit = |sample: i16| i16::try_from(i64::from(sample) + shift).ok();
        if low > high {
            return None;
        }
        let seen = Seen { low: fit(low)?, high: fit(high)?, padded };
        if shift != 0 {
            // Modulo 65,536 this is the same, and the result fits.
            #[expect(clippy::cast_possible_truncation, reason = "modulo 65,536, see above")]
            let shift = shift as i16;
            for value in out {
                *value = value.wrapping_add(shift);
            }
        }
        Some(seen)
    }

    /// The sample that turns black into white and back.
    pub(crate) fn inverted(&self, sample: i64) -> i64 {
        if self.signed { -1 - sample } else { (1_i64 << self.bits_stored) - 1 - sample }
    }
}

/// What the values of a slice are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<T> {
    /// Lowest value, in the unit of the volume.
    pub(crate) low: T,
    /// Highest value.
    pub(crate) high: T,
    /// Voxels that hold the padding value.
    pub(crate) padded: usize,
}

impl<T: PartialOrd> Seen<T> {
    /// This and another slice; a value that is no number does not count.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            low: if other.low < self.low { other.low } else { self.low },
            high: if other.high > self.high { other.high } else { self.high },
            padded: self.padded + other.padded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(allocated: u16, stored: u16, high: u16, signed: bool) -> SampleFormat {
        SampleFormat {
            rows: 1,
            columns: 2,
            frames: 1,
            samples: 1,
            bits_allocated: allocated,
            bits_stored: stored,
            high_bit: high,
            signed,
            photometric: "MONOCHROME2".to_owned(),
        }
    }

    fn all(format: &SampleFormat, bytes: &[u8], big: bool) -> Vec<i64> {
        let mut out = Vec::new();
        format.each_sample(bytes, big, |_, v| out.push(v));
        out
    }

    #[test]
    fn samples_are_masked_shifted_and_sign_extended() {
        assert_eq!(all(&format(16, 12, 11, false), &[0x23, 0xF1, 0xFF, 0x0F], false), [0x123, 0xFFF]);
        assert_eq!(all(&format(16, 12, 11, true), &[0xFF, 0x0F, 0xFF, 0x07], false), [-1, 2047]);
        assert_eq!(all(&format(16, 12, 15, true), &[0x80, 0x10, 0xFF, 0xF0], true), [-2047, -1]);
        assert_eq!(all(&format(16, 16, 15, true), &[0x00, 0x80, 0xFF, 0x7F], false), [-32768, 32767]);
        assert_eq!(all(&format(8, 8, 7, false), &[0, 255], false), [0, 255]);
        assert_eq!(all(&format(32, 32, 31, false), &[255; 4], false), [4294967295]);
    }

    #[test]
    fn the_usual_case_agrees_with_the_general_one() {
        let bytes: Vec<u8> = (0..512_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for (stored, high, signed) in
            [(16, 15, false), (16, 15, true), (12, 11, false), (12, 15, true), (1, 3, true)]
        {
            let format = format(16, stored, high, signed);
            let samples = all(&format, &bytes, false);
            let padding = samples[7];
            let mut out = vec![0; samples.len()];
            let outcome = format.shifted(&bytes, -1024, Some(padding), &mut out);
            if samples.iter().all(|&v| i16::try_from(v - 1024).is_ok()) {
                let seen = outcome.map(|seen| (i64::from(seen.low), i64::from(seen.high), seen.padded));
                let (low, high) =
                    (samples.iter().min().unwrap() - 1024, samples.iter().max().unwrap() - 1024);
                let padded = samples.iter().filter(|&&v| v == padding).count();
                assert_eq!(seen, Some((low, high, padded)), "{stored} {high}");
                assert!(out.iter().zip(&samples).all(|(&a, &b)| i64::from(a) == b - 1024), "{stored} {high}");
            } else {
                assert!(outcome.is_none(), "{stored} {high}");
            }
        }
    }

    #[test]
    fn inverting_twice_is_nothing() {
        for f in [format(16, 12, 11, false), format(16, 16, 15, true)] {
            assert_eq!(f.inverted(f.inverted(17)), 17);
        }
        assert_eq!(format(16, 12, 11, false).inverted(0), 4095);
        assert_eq!(format(16, 16, 15, true).inverted(-32768), 32767);
    }
}
