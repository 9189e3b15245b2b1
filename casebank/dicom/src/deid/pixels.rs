//! The pixels of an object on their way: decoded one frame after the other, changed by whoever has to, and written native.
//!
//! [`edit`] is for everything that changes samples: burned-in text that is blanked, faces that are removed. An object in which
//! nothing changes keeps its pixel data byte for byte. One that changes holds native samples afterwards: a compressed one in
//! Explicit VR Little Endian, a native one in the transfer syntax it came in.

use std::borrow::Cow;

use dicom_core::{Tag, VR};

use super::ObjectError;
use super::tree::{DataSet, Element, Value, value_of};
use crate::header::{Header, SampleFormat};
use crate::picture::Colour;
use crate::pixels::{PixelError, frames, is_lossy, samples};
use crate::prescan::{PixelBytes, Prescan};
use crate::stored::StoredFrame;

const EXPLICIT_LITTLE: &str = "1.2.840.10008.1.2.1";
const PIXEL_DATA: Tag = Tag(0x7FE0, 0x0010);
const LOSSY: Tag = Tag(0x0028, 0x2110);

/// Most bytes of native pixels that a changed object may come to.
const MOST_BYTES: usize = 2 << 30;

/// What changes the samples of a frame, counted from 0: whether it changed any.
pub type FrameEdit<'e> = dyn FnMut(usize, &mut FrameSamples<'_>) -> Result<bool, ObjectError> + 'e;

/// The stored samples of one frame.
#[derive(Debug)]
pub struct FrameSamples<'f> {
    format: &'f SampleFormat,
    colour: &'f Colour,
    stored: &'f StoredFrame,
    planar: bool,
    samples: Vec<u8>,
}

impl FrameSamples<'_> {
    /// Columns and rows.
    #[must_use]
    pub fn size(&self) -> [usize; 2] {
        [usize::from(self.format.columns), usize::from(self.format.rows)]
    }

    /// Samples Per Pixel (0028,0002).
    #[must_use]
    pub fn channels(&self) -> usize {
        usize::from(self.format.samples)
    }

    /// The least and the greatest value that a sample holds.
    #[must_use]
    pub fn range(&self) -> [i64; 2] {
        let all = 1_i64 << self.format.bits_stored;
        if self.format.signed { [-all / 2, all / 2 - 1] } else { [0, all - 1] }
    }

    /// Whether low values are bright (MONOCHROME1).
    #[must_use]
    pub fn is_inverted(&self) -> bool {
        self.format.photometric == "MONOCHROME1"
    }

    /// Three bytes a pixel where it is in colour, by table or by samples.
    #[must_use]
    pub fn rgb(&self) -> Option<Vec<u8>> {
        self.colour.rgb(self.stored, self.format, &self.samples)
    }

    /// The stored values, before rescale and window: pixel by pixel, or plane by plane where the object is so.
    #[must_use]
    pub fn values(&self) -> Vec<i64> {
        let mut values = Vec::with_capacity(self.samples.len() / self.width());
        self.format.each_sample(&self.samples, self.big_endian(), |_, value| values.push(value));
        values
    }

    /// Replaces the stored value of sample `channel` of a pixel, counted row by row; other bits of its word become zero. A
    /// value that the stored bits do not hold is cut to them, a place outside is nothing.
    pub fn put(&mut self, pixel: usize, channel: usize, value: i64) {
        let (width, channels) = (self.width(), usize::from(self.format.samples));
        let [columns, rows] = self.size();
        let at = if self.planar { channel * columns * rows + pixel } else { pixel * channels + channel };
        let mask = u64::MAX >> (64 - u32::from(self.format.bits_stored));
        let raw = (value.cast_unsigned() & mask) << (self.format.high_bit + 1 - self.format.bits_stored);
        let mut bytes = raw.to_le_bytes();
        let big = self.big_endian();
        let word = bytes.get_mut(..width).unwrap_or_default();
        if big {
            word.reverse();
        }
        if let Some(place) = self.samples.get_mut(at * width..(at + 1) * width) {
            place.copy_from_slice(word);
        }
    }

    /// Replaces all stored values of a frame of one sample a pixel.
    ///
    /// # Errors
    /// [`ObjectError::Pixels`] where there is not one value for each pixel.
    pub fn replace(&mut self, values: &[i64]) -> Result<(), ObjectError> {
        let [columns, rows] = self.size();
        if self.format.samples != 1 || values.len() != columns * rows {
            let (rows, columns) = (self.format.rows, self.format.columns);
            let (needed, there) = (self.format.frame_bytes(), values.len() * self.width());
            return Err(PixelError::Length { rows, columns, needed, there }.into());
        }
        values.iter().enumerate().for_each(|(pixel, &value)| self.put(pixel, 0, value));
        Ok(())
    }

    /// The samples that show a pixel black: the darkest value of the frame, the darkest entry of its table.
    #[must_use]
    pub fn black(&self) -> Vec<i64> {
        match self.colour {
            Colour::Grey => {
                let values = self.values();
                let darkest = if self.is_inverted() { values.iter().max() } else { values.iter().min() };
                vec![darkest.copied().unwrap_or_default()]
            }
            _ => self.colour.black(),
        }
    }

    fn width(&self) -> usize {
        usize::from(self.format.bits_allocated / 8)
    }

    fn big_endian(&self) -> bool {
        self.stored.native && self.stored.big_endian
    }
}

/// New native pixel data.
pub(crate) struct NewPixels {
    bytes: Vec<u8>,
    /// The samples of compressed pixels have a new form.
    photometric: Option<&'static str>,
    was_compressed: bool,
    was_lossy: bool,
    words: bool,
}

/// Hands every frame of an object to `edit`. `None` where it changed none; one frame is in memory at a time, and beside it
/// what is written if something changed.
///
/// # Errors
/// [`ObjectError::Pixels`]: pixels that cannot be decoded, so that nobody looked at them.
pub(crate) fn edit(scan: &Prescan<'_>, edit: &mut FrameEdit<'_>) -> Result<Option<NewPixels>, ObjectError> {
    let format = Header::of(scan).format;
    let colour = Colour::of(scan, &format)?;
    let stored = frames(scan, &format)?;
    let total = format.frame_bytes().saturating_mul(stored.len());
    let native = match &scan.pixels {
        Some(PixelBytes::Native(range)) => Some(range.len()),
        _ => None,
    };
    let frame = |n: usize| -> Result<FrameSamples<'_>, PixelError> {
        let stored = stored.get(n).ok_or(PixelError::Missing)?;
        let bytes = stored.bytes(&scan.data)?;
        let samples = samples(stored, &bytes, &format)?.into_owned();
        Ok(FrameSamples { format: &format, colour: &colour, stored, planar: colour.is_planar(), samples })
    };
    let room = || {
        let (rows, columns) = (format.rows, format.columns);
        let too_much = PixelError::Length { rows, columns, needed: total, there: MOST_BYTES };
        let mut bytes = Vec::new();
        if total > MOST_BYTES || bytes.try_reserve_exact(total + 1).is_err() {
            return Err(too_much);
        }
        Ok(bytes)
    };
    // What lies behind the last frame is shown by nobody and seen by nobody: it goes.
    let hidden = native.is_some_and(|length| length > total + 1);
    let mut out: Option<Vec<u8>> = if hidden { Some(room()?) } else { None };
    for n in 0..stored.len() {
        let mut now = frame(n)?;
        let changed = edit(n, &mut now)?;
        if changed && out.is_none() {
            let mut bytes = room()?;
            for earlier in 0..n {
                bytes.extend(frame(earlier)?.samples);
            }
            out = Some(bytes);
        }
        if let Some(bytes) = &mut out {
            bytes.extend(now.samples);
        }
    }
    let Some(mut bytes) = out else { return Ok(None) };
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    Ok(Some(NewPixels {
        bytes,
        photometric: if native.is_none() { colour.decoded_name() } else { None },
        was_compressed: native.is_none(),
        was_lossy: is_lossy(scan),
        words: format.bits_allocated > 8,
    }))
}

impl NewPixels {
    /// Puts the pixels into the data set they came from, and tells the transfer syntax if it is another now. The history of
    /// lossy compression stays and is noted where only the transfer syntax told it (PS3.3 section C.7.6.1.1.5).
    pub(crate) fn put_into(self, set: &mut DataSet<'_>) -> Option<&'static str> {
        // Offsets of fragments; the least and greatest value, which the change may have removed.
        set.retain(|element| {
            !matches!(element.tag, Tag(0x7FE0, 0x0001..=0x0003) | Tag(0x0028, 0x0106..=0x0111))
        });
        if let Some(pixels) = set.iter_mut().find(|element| element.tag == PIXEL_DATA) {
            if self.was_compressed {
                pixels.vr = if self.words { VR::OW } else { VR::OB };
            }
            pixels.value = Value::Bytes(Cow::Owned(self.bytes));
        }
        if self.was_lossy && value_of(set, LOSSY).is_empty() {
            put(set, Element::text(LOSSY, VR::CS, "01"));
        }
        if let Some(name) = self.photometric {
            put(set, Element::text(Tag(0x0028, 0x0004), VR::CS, name));
            let together =
                Element { tag: Tag(0x0028, 0x0006), vr: VR::US, value: Value::Bytes(Cow::Borrowed(&[0, 0])) };
            put(set, together);
        }
        self.was_compressed.then_some(EXPLICIT_LITTLE)
    }
}

impl From<PixelError> for ObjectError {
    fn from(error: PixelError) -> Self {
        Self::Pixels { what: casebank_case::Told::words(&error) }
    }
}

/// Puts an element in its place, instead of the one that is there.
pub(crate) fn put<'a>(set: &mut DataSet<'a>, element: Element<'a>) {
    set.retain(|other| other.tag != element.tag);
    let at = set.iter().position(|other| other.tag > element.tag).unwrap_or(set.len());
    set.insert(at, element);
}
