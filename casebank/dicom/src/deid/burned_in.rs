//! Clean Pixel Data (PS3.15 section E.3.1): text in the pixels is found and blanked.

use std::collections::BTreeMap;
use std::ops::Range;

use dicom_core::{Tag, VR};
use dicom_dictionary_std::uids;
use meshing_segment::{NetworkError, Readiness, TextBox, burned_in_text};

use super::ObjectError;
use super::facts::{BurnedIn, PixelText};
use super::pixels::{FrameEdit, FrameSamples, NewPixels, edit, put};
use super::tree::{DataSet, Element};
use crate::prescan::{PixelBytes, Prescan};

/// Objects whose pixels are computed and hold no picture: nobody writes into them, and blanking would change what they say.
const COMPUTED: [&str; 4] = [
    uids::SEGMENTATION_STORAGE,
    uids::LABEL_MAP_SEGMENTATION_STORAGE,
    uids::PARAMETRIC_MAP_STORAGE,
    uids::RT_DOSE_STORAGE,
];

/// A colour this far from the luminance is looked at on its own.
const COLOURED: i32 = 24;

/// Finds text in every frame, and blanks it together with what `also` changes. Text that stands at one place in many frames is
/// blanked there in all of them.
///
/// # Errors
/// [`ObjectError::Pixels`], [`ObjectError::NoTextSearch`]: pixels that cannot be decoded or searched were not looked at.
pub(super) fn clean(
    scan: &Prescan<'_>,
    class: &str,
    risk: BurnedIn,
    also: Option<&mut FrameEdit<'_>>,
) -> Result<(Option<NewPixels>, PixelText), ObjectError> {
    let asks = |change: Option<&mut FrameEdit<'_>>| change.map_or(Ok(None), |change| edit(scan, change));
    if COMPUTED.contains(&class) || scan.float_pixels {
        return Ok((asks(also)?, PixelText::NotLooked));
    }
    if !matches!(&scan.pixels, Some(PixelBytes::Native(_) | PixelBytes::Fragments { .. })) {
        return Ok((None, PixelText::NoPixels));
    }
    let readiness =
        if matches!(risk, BurnedIn::Said | BurnedIn::Likely) { Readiness::Quick } else { Readiness::Slow };
    let mut found = Found::default();
    edit(scan, &mut |_, frame| {
        found.add(frame.size(), boxes(frame, readiness)?);
        Ok(false)
    })?;
    let Some(blanks) = found.blanks() else { return Ok((asks(also)?, PixelText::NothingFound)) };
    let (mut also, mut frames, mut pixels, mut total) = (also, 0, 0, 0);
    let new = edit(scan, &mut |n, frame| {
        let mut changed = match &mut also {
            Some(also) => also(n, frame)?,
            None => false,
        };
        let blank = blanks.of(n);
        let count = blank.iter().filter(|&&hidden| hidden).count() as u64;
        total += blank.len() as u64;
        if count > 0 {
            let black = frame.black();
            for (pixel, _) in blank.iter().enumerate().filter(|(_, hidden)| **hidden) {
                black.iter().enumerate().for_each(|(channel, &value)| frame.put(pixel, channel, value));
            }
            frames += 1;
            pixels += count;
            changed = true;
        }
        Ok(changed)
    })?;
    Ok((new, PixelText::Blanked { boxes: blanks.boxes, frames, pixels, total }))
}

/// Says that no text is burned in any more (0028,0301).
pub(super) fn mark(set: &mut DataSet<'_>) {
    put(set, Element::text(Tag(0x0028, 0x0301), VR::CS, "NO"));
}

/// The boxes of one frame: in its brightness, and in each colour that differs from it.
fn boxes(frame: &FrameSamples<'_>, readiness: Readiness) -> Result<Vec<TextBox>, NetworkError> {
    let size = frame.size();
    let Some(rgb) = frame.rgb() else {
        return burned_in_text(&sixteen(&frame.values()), size, readiness);
    };
    let pixels = rgb.as_chunks::<3>().0;
    let grey = |[r, g, b]: [u8; 3]| (i32::from(r) * 299 + i32::from(g) * 587 + i32::from(b) * 114) / 1000;
    let luminance: Vec<u16> = pixels.iter().map(|&pixel| u16::try_from(grey(pixel)).unwrap_or(255)).collect();
    let mut found = burned_in_text(&luminance, size, readiness)?;
    for channel in 0..3 {
        let coloured = pixels.iter().filter(|&&p| (i32::from(p[channel]) - grey(p)).abs() > COLOURED).count();
        if coloured > 20 {
            let values: Vec<u16> = pixels.iter().map(|pixel| u16::from(pixel[channel])).collect();
            found.extend(burned_in_text(&values, size, readiness)?);
        }
    }
    Ok(found)
}

/// Values as 16 bits from the least one up; finer steps of wider values go.
fn sixteen(values: &[i64]) -> Vec<u16> {
    let low = values.iter().min().copied().unwrap_or(0);
    let span = values.iter().max().map_or(0, |high| high - low);
    let shift = (64 - span.leading_zeros()).saturating_sub(16);
    values.iter().map(|value| u16::try_from((value - low) >> shift).unwrap_or(u16::MAX)).collect()
}

/// What was found in the frames so far.
#[derive(Default)]
struct Found {
    size: [usize; 2],
    frames: usize,
    /// Boxes of the frames that have any.
    boxes: BTreeMap<usize, Vec<TextBox>>,
}

/// What is to be blanked.
struct Blanks {
    size: [usize; 2],
    /// In every frame.
    always: Vec<bool>,
    boxes: u64,
    found: BTreeMap<usize, Vec<TextBox>>,
}

impl Found {
    fn add(&mut self, size: [usize; 2], boxes: Vec<TextBox>) {
        self.size = size;
        if !boxes.is_empty() {
            self.boxes.insert(self.frames, boxes);
        }
        self.frames += 1;
    }

    /// `None` where there is no text at all.
    fn blanks(self) -> Option<Blanks> {
        if self.boxes.is_empty() {
            return None;
        }
        let mut counts = vec![0_u32; self.size[0] * self.size[1]];
        for boxes in self.boxes.values() {
            let mask = mask(self.size, boxes);
            counts.iter_mut().zip(mask).for_each(|(count, hidden)| *count += u32::from(hidden));
        }
        let often = u32::try_from(self.frames / 20).unwrap_or(u32::MAX).max(2);
        let always = counts.iter().map(|&count| count >= often).collect();
        let boxes = self.boxes.values().map(|boxes| apart(boxes)).sum();
        Some(Blanks { size: self.size, always, boxes, found: self.boxes })
    }
}

impl Blanks {
    fn of(&self, frame: usize) -> Vec<bool> {
        let mut blank = self.always.clone();
        if let Some(boxes) = self.found.get(&frame) {
            blank.iter_mut().zip(mask(self.size, boxes)).for_each(|(blank, hidden)| *blank |= hidden);
        }
        blank
    }
}

fn mask([columns, rows]: [usize; 2], boxes: &[TextBox]) -> Vec<bool> {
    let mut mask = vec![false; columns * rows];
    for TextBox { columns: across, rows: down } in boxes {
        for row in down.clone() {
            if let Some(part) = mask.get_mut(row * columns + across.start..row * columns + across.end) {
                part.fill(true);
            }
        }
    }
    mask
}

/// Boxes that do not overlap, each standing for those that do.
fn apart(boxes: &[TextBox]) -> u64 {
    let meet = |a: &Range<usize>, b: &Range<usize>| a.start < b.end && b.start < a.end;
    let mut kept: Vec<&TextBox> = Vec::new();
    for text in boxes {
        if !kept.iter().any(|other| meet(&text.columns, &other.columns) && meet(&text.rows, &other.rows)) {
            kept.push(text);
        }
    }
    kept.len() as u64
}
