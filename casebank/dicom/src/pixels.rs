//! Pixel data of one slice: checks before anything is allocated, decoding, and the way from stored samples to values.

mod declared;
mod rle;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dicom_core::value::C;
use dicom_encoding::adapters::{PixelDataObject, RawPixelData};
use dicom_encoding::{Codec, TransferSyntaxIndex as _};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use crate::header::SampleFormat;
use crate::prescan::{PixelBytes, Prescan};

/// No codec shrinks a real image more than this; beyond [`RATIO_FREE_BYTES`] it counts as an attack.
const RATIO: usize = 1000;
/// Up to this size a frame may be as compressible as it likes.
const RATIO_FREE_BYTES: usize = 64 << 20;

const RLE: &str = "1.2.840.10008.1.2.5";

/// Why the pixels of a slice cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PixelError {
    #[error("no pixel data")]
    Missing,
    #[error(
        "the transfer syntax is {0}, which no decoder here takes; ask the sender for uncompressed or JPEG 2000 images"
    )]
    Syntax(String),
    #[error("the transfer syntax \"{0}\" is not known")]
    UnknownSyntax(String),
    #[error("{stored} bits stored up to bit {high} do not fit {allocated} bits allocated")]
    Bits { allocated: u16, stored: u16, high: u16 },
    #[error("{rows} rows by {columns} columns is no image")]
    Size { rows: u16, columns: u16 },
    #[error("{rows} rows by {columns} columns need {needed} bytes of pixel data, but there are {there}")]
    Length { rows: u16, columns: u16, needed: usize, there: usize },
    #[error("the compressed image says {0}, which contradicts the data set")]
    Contradiction(String),
    #[error("the compressed image is damaged: {0}")]
    Codec(String),
    #[error("8-bit samples in big endian words are not read")]
    BigEndianBytes,
}

/// Checks a slice without decoding it: format, real length, and what the compressed stream itself declares.
pub(crate) fn check(scan: &Prescan<'_>, format: &SampleFormat) -> Result<(), PixelError> {
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
    let needed = format.frame_bytes();
    match scan.pixels.as_ref().ok_or(PixelError::Missing)? {
        PixelBytes::Native(range) if range.len() < needed => {
            Err(PixelError::Length { rows, columns, needed, there: range.len() })
        }
        PixelBytes::Native(_) => Ok(()),
        PixelBytes::Fragments { fragments, .. } => {
            let there = fragments.iter().map(ExactSizeIterator::len).sum();
            if there == 0 || (needed > RATIO_FREE_BYTES && needed / RATIO > there) {
                return Err(PixelError::Length { rows, columns, needed, there });
            }
            decodable(scan.transfer_syntax())?;
            declared::check(scan.transfer_syntax(), &joined(scan), format)
        }
    }
}

/// Whether a decoder for encapsulated pixels of this transfer syntax is here.
fn decodable(uid: &str) -> Result<(), PixelError> {
    if uid == RLE {
        return Ok(());
    }
    if let Some(name) = retired(uid) {
        return Err(PixelError::Syntax(format!("{name} ({uid}), retired from the standard")));
    }
    let clean = || uid.chars().filter(char::is_ascii_graphic).collect();
    let syntax = TransferSyntaxRegistry.get(uid).ok_or_else(|| PixelError::UnknownSyntax(clean()))?;
    match syntax.codec() {
        Codec::EncapsulatedPixelData(Some(_), _) => Ok(()),
        _ => Err(PixelError::Syntax(format!("{} ({uid})", syntax.name()))),
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
            declared::is_irreversible(&joined(scan))
        }
        _ => false,
    }
}

/// The compressed frame as one run.
fn joined<'a>(scan: &'a Prescan<'_>) -> Cow<'a, [u8]> {
    match &scan.pixels {
        Some(PixelBytes::Fragments { fragments, .. }) => match fragments.as_slice() {
            [one] => Cow::Borrowed(scan.data.get(one.clone()).unwrap_or_default()),
            many => {
                Cow::Owned(many.iter().filter_map(|r| scan.data.get(r.clone())).flatten().copied().collect())
            }
        },
        _ => Cow::Borrowed(&[]),
    }
}

/// The stored samples of a checked single-frame slice: bytes in the data set's order for native pixels, little endian
/// after decoding; exactly one frame.
pub(crate) fn samples<'a>(scan: &'a Prescan<'_>, format: &SampleFormat) -> Result<Cow<'a, [u8]>, PixelError> {
    let needed = format.frame_bytes();
    let decoded = match scan.pixels.as_ref().ok_or(PixelError::Missing)? {
        PixelBytes::Native(range) => {
            let bytes = scan.data.get(range.clone()).and_then(|b| b.get(..needed));
            return bytes.map(Cow::Borrowed).ok_or(PixelError::Missing);
        }
        PixelBytes::Fragments { .. } if scan.transfer_syntax() == RLE => rle::decode(&joined(scan), format)?,
        PixelBytes::Fragments { .. } => {
            let frame = Frame { syntax: scan.transfer_syntax(), data: joined(scan), format };
            // A panic of a codec must not take the reading of the other slices along.
            catch_unwind(AssertUnwindSafe(|| frame.decode()))
                .unwrap_or_else(|_panic| Err(PixelError::Codec("the decoder gave up".to_owned())))?
        }
    };
    if decoded.len() == needed {
        return Ok(Cow::Owned(decoded));
    }
    let (rows, columns) = (format.rows, format.columns);
    Err(PixelError::Length { rows, columns, needed, there: decoded.len() })
}

impl SampleFormat {
    /// Bytes of one native frame.
    pub(crate) fn frame_bytes(&self) -> usize {
        usize::from(self.rows) * usize::from(self.columns) * usize::from(self.bits_allocated / 8)
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

    /// The sample that turns black into white and back.
    pub(crate) fn inverted(&self, sample: i64) -> i64 {
        if self.signed { -1 - sample } else { (1_i64 << self.bits_stored) - 1 - sample }
    }
}

/// One compressed frame, as the codecs want to see it.
struct Frame<'a> {
    syntax: &'a str,
    data: Cow<'a, [u8]>,
    format: &'a SampleFormat,
}

impl Frame<'_> {
    fn decode(&self) -> Result<Vec<u8>, PixelError> {
        let syntax = TransferSyntaxRegistry.get(self.syntax);
        let Some(Codec::EncapsulatedPixelData(Some(reader), _)) =
            syntax.map(dicom_encoding::TransferSyntax::codec)
        else {
            return Err(PixelError::Syntax(self.syntax.to_owned()));
        };
        let mut out = Vec::new();
        match reader.decode_frame(self, 0, &mut out) {
            Ok(()) => Ok(out),
            Err(error) => Err(PixelError::Codec(in_full(&error))),
        }
    }
}

/// An error with what lies behind it, within reason.
fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source.filter(|_| text.len() < 160) {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text.chars().filter(|c| !c.is_control()).take(240).collect()
}

impl PixelDataObject for Frame<'_> {
    fn transfer_syntax_uid(&self) -> &str {
        self.syntax
    }
    fn rows(&self) -> Option<u16> {
        Some(self.format.rows)
    }
    fn cols(&self) -> Option<u16> {
        Some(self.format.columns)
    }
    fn samples_per_pixel(&self) -> Option<u16> {
        Some(1)
    }
    fn bits_allocated(&self) -> Option<u16> {
        Some(self.format.bits_allocated)
    }
    fn bits_stored(&self) -> Option<u16> {
        Some(self.format.bits_stored)
    }
    fn photometric_interpretation(&self) -> Option<&str> {
        Some("MONOCHROME2")
    }
    fn number_of_frames(&self) -> Option<u32> {
        Some(1)
    }
    fn number_of_fragments(&self) -> Option<u32> {
        Some(1)
    }
    fn fragment(&self, fragment: usize) -> Option<Cow<'_, [u8]>> {
        (fragment == 0).then_some(Cow::Borrowed(&self.data))
    }
    fn offset_table(&self) -> Option<Cow<'_, [u32]>> {
        Some(Cow::Borrowed(&[]))
    }
    fn raw_pixel_data(&self) -> Option<RawPixelData> {
        Some(RawPixelData { fragments: C::from_iter([self.data.to_vec()]), offset_table: C::new() })
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
    fn inverting_twice_is_nothing() {
        for f in [format(16, 12, 11, false), format(16, 16, 15, true)] {
            assert_eq!(f.inverted(f.inverted(17)), 17);
        }
        assert_eq!(format(16, 12, 11, false).inverted(0), 4095);
        assert_eq!(format(16, 16, 15, true).inverted(-32768), 32767);
    }
}
