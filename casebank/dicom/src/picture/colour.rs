//! Colour to RGB (PS3.3 C.7.6.3.1.2 and C.7.9).

use casebank_case::Words;
use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::segments;
use crate::dataset::text;
use crate::header::SampleFormat;
use crate::multiframe::elements;
use crate::pixels::{self, PixelError};
use crate::prescan::Prescan;
use crate::stored::StoredFrame;

/// How samples become colours.
#[derive(Clone, Debug)]
pub(crate) enum Colour {
    /// They do not: one grey value a pixel.
    Grey,
    /// Red, green and blue, or luminance and chrominance, all of one kind together where `planar`.
    Samples { planar: bool, kind: Kind },
    /// Indices into a table of colours whose first entry stands for `first`.
    Palette { first: i64, table: Vec<[u8; 3]> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Rgb,
    Ybr,
}

/// Syntaxes whose decoder gives red, green and blue whatever the data set calls the colours: JPEG with its own colour
/// transform, JPEG 2000 with its component transform.
const DECODED_TO_RGB: [&str; 9] = ["50", "51", "90", "91", "92", "93", "201", "202", "203"];

impl Colour {
    pub(crate) fn of(scan: &Prescan<'_>, format: &SampleFormat) -> Result<Self, PixelError> {
        let unread = || {
            let clean = format.photometric.chars().filter(char::is_ascii_graphic).take(24).collect();
            PixelError::Photometric {
                photometric: clean,
                samples: format.samples,
                bits: format.bits_allocated,
            }
        };
        let kind = match (format.photometric.as_str(), format.samples) {
            ("MONOCHROME1" | "MONOCHROME2" | "", 1) => return Ok(Self::Grey),
            ("PALETTE COLOR", 1) => return palette(scan).ok_or_else(unread),
            ("RGB" | "YBR_RCT" | "YBR_ICT", 3) => Kind::Rgb,
            ("YBR_FULL", 3) => Kind::Ybr,
            // Half the chrominance samples are left out, unless a compression did that by itself.
            ("YBR_FULL_422", 3) if !matches!(scan.pixels(), Some(crate::PixelBytes::Native(_))) => Kind::Ybr,
            _ => return Err(unread()),
        };
        if format.bits_allocated != 8 || format.bits_stored != 8 {
            return Err(unread());
        }
        let compressed = scan.transfer_syntax().strip_prefix("1.2.840.10008.1.2.4.");
        if matches!(compressed, Some("50" | "51")) && kind == Kind::Rgb && !pixels::jpeg_says_rgb(scan) {
            return Err(PixelError::Contradiction(Words::new(
                "luminance and chrominance, not RGB",
                "亮度和色度，而不是 RGB",
            )));
        }
        if compressed.is_some_and(|syntax| DECODED_TO_RGB.contains(&syntax)) {
            return Ok(Self::Samples { planar: false, kind: Kind::Rgb });
        }
        let object = elements(scan, &[tags::PLANAR_CONFIGURATION]).map_err(|_damaged| unread())?;
        let native = matches!(scan.pixels(), Some(crate::PixelBytes::Native(_)));
        let planar = native && text(&object, tags::PLANAR_CONFIGURATION) == "1";
        Ok(Self::Samples { planar, kind })
    }

    /// Three bytes a pixel, or `None` where the picture is grey.
    pub(crate) fn rgb(&self, stored: &StoredFrame, format: &SampleFormat, samples: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Grey => None,
            Self::Samples { planar, kind } => {
                let plane = samples.len() / 3;
                let mut rgb: Vec<u8> = if *planar {
                    (0..samples.len()).map(|n| samples[n % 3 * plane + n / 3]).collect()
                } else {
                    samples.to_vec()
                };
                if *kind == Kind::Ybr {
                    rgb.as_chunks_mut::<3>().0.iter_mut().for_each(|pixel| *pixel = rgb_from_ybr(*pixel));
                }
                Some(rgb)
            }
            Self::Palette { first, table } => {
                let mut rgb = vec![0; usize::from(format.rows) * usize::from(format.columns) * 3];
                let places = rgb.as_chunks_mut::<3>().0;
                let last = table.len().saturating_sub(1);
                format.each_sample(samples, stored.native && stored.big_endian, |at, sample| {
                    // Values before the first entry take its colour, those after the last the last one's.
                    let entry = usize::try_from(sample - first).unwrap_or(0).min(last);
                    if let (Some(place), Some(colour)) = (places.get_mut(at), table.get(entry)) {
                        *place = *colour;
                    }
                });
                Some(rgb)
            }
        }
    }
}

impl Colour {
    /// Whether all samples of one kind lie together.
    pub(crate) const fn is_planar(&self) -> bool {
        matches!(self, Self::Samples { planar: true, .. })
    }

    /// Photometric Interpretation (0028,0004) of decoded samples in colour.
    pub(crate) const fn decoded_name(&self) -> Option<&'static str> {
        match self {
            Self::Samples { kind: Kind::Rgb, .. } => Some("RGB"),
            Self::Samples { kind: Kind::Ybr, .. } => Some("YBR_FULL"),
            Self::Grey | Self::Palette { .. } => None,
        }
    }

    /// The samples of a black pixel; none where that depends on the picture.
    pub(crate) fn black(&self) -> Vec<i64> {
        match self {
            Self::Grey => Vec::new(),
            Self::Samples { kind: Kind::Rgb, .. } => vec![0, 0, 0],
            Self::Samples { kind: Kind::Ybr, .. } => vec![0, 128, 128],
            Self::Palette { first, table } => {
                let sum = |entry: &[u8; 3]| entry.iter().map(|&v| u32::from(v)).sum::<u32>();
                let darkest = table.iter().enumerate().min_by_key(|(_, entry)| sum(entry));
                vec![first + darkest.map_or(0, |(at, _)| i64::try_from(at).unwrap_or_default())]
            }
        }
    }
}

/// ITU-R BT.601 with full range, as PS3.3 C.7.6.3.1.2 gives it.
fn rgb_from_ybr([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (f64::from(y), f64::from(cb) - 128.0, f64::from(cr) - 128.0);
    let byte = |value: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
        let byte = value.round().clamp(0.0, 255.0) as u8;
        byte
    };
    [byte(y + 1.402 * cr), byte(y - 0.344_136_286 * cb - 0.714_136_286 * cr), byte(y + 1.772 * cb)]
}

/// The three Palette Color Lookup Tables (C.7.6.3.1.5, C.7.6.3.1.6), whole or segmented (C.7.9.2).
fn palette(scan: &Prescan<'_>) -> Option<Colour> {
    const DESCRIPTORS: [Tag; 3] = [
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
    ];
    const DATA: [Tag; 3] = [
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ];
    const SEGMENTED: [Tag; 3] = [
        tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ];
    let object = elements(scan, &DESCRIPTORS).ok()?;
    let value = |tag: Tag| {
        let element = scan.top.iter().find(|element| element.tag == tag)?;
        scan.data.get(element.value.clone())
    };
    let mut channels: [Vec<u8>; 3] = Default::default();
    let mut first = 0;
    for (number, (channel, descriptor)) in channels.iter_mut().zip(DESCRIPTORS).enumerate() {
        let [entries, start, bits] = object.get(descriptor)?.to_multi_int::<i64>().ok()?.try_into().ok()?;
        // A count of 65,536 does not fit its field and is written as zero.
        let entries = if entries == 0 { 65_536 } else { usize::try_from(entries & 0xFFFF).ok()? };
        first = start;
        let words = |raw: &[u8]| -> Vec<u16> {
            let word = if scan.encoding.big_endian { u16::from_be_bytes } else { u16::from_le_bytes };
            raw.as_chunks::<2>().0.iter().map(|&pair| word(pair)).collect()
        };
        let values = match (value(DATA[number]), value(SEGMENTED[number]), bits) {
            (Some(raw), _, 8) if raw.len() < 2 * entries => raw.iter().map(|&byte| u16::from(byte)).collect(),
            // Also entries of 8 bits, each in a word of its own.
            (Some(raw), _, 8 | 16) => words(raw),
            (None, Some(raw), 8) => {
                let bytes: Vec<u16> = raw.iter().map(|&byte| u16::from(byte)).collect();
                segments::expand(&bytes, 1, entries)?
            }
            (None, Some(raw), 16) => segments::expand(&words(raw), 2, entries)?,
            _ => return None,
        };
        let byte = |value: &u16| {
            let [low, high] = value.to_le_bytes();
            if bits == 8 { low } else { high }
        };
        *channel = values.get(..entries)?.iter().map(byte).collect();
    }
    let [red, green, blue] = channels;
    let table = red.iter().zip(&green).zip(&blue).map(|((r, g), b)| [*r, *g, *b]).collect();
    Some(Colour::Palette { first, table })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_stays_grey_and_primaries_come_back() {
        assert_eq!(rgb_from_ybr([77, 128, 128]), [77, 77, 77]);
        assert_eq!(rgb_from_ybr([76, 85, 255]), [254, 0, 0]);
        assert_eq!(rgb_from_ybr([255, 128, 128]), [255, 255, 255]);
        assert_eq!(rgb_from_ybr([29, 255, 107]), [0, 0, 254]);
    }
}
