//! Which fragments make up which frame of encapsulated pixel data (PS3.5 section A.4).

use std::ops::Range;

use dicom_core::Tag;

use super::{PixelError, RLE};
use crate::prescan::{PixelBytes, Prescan};

const EXTENDED_OFFSET_TABLE: Tag = Tag(0x7FE0, 0x0001);
/// Bytes of the head of an item, from which offsets count.
const ITEM_HEAD: usize = 8;

/// The fragments of each frame, in order.
///
/// # Errors
/// [`PixelError::Frames`] where neither an offset table nor the fragments themselves tell where each frame starts: a frame
/// taken for another would be an image at the wrong place.
pub(super) fn of_frames(scan: &Prescan<'_>, frames: u32) -> Result<Vec<Vec<Range<usize>>>, PixelError> {
    let Some(PixelBytes::Fragments { offset_table, fragments }) = &scan.pixels else {
        return Err(PixelError::Missing);
    };
    let count = frames as usize;
    if count == 1 {
        return Ok(vec![fragments.clone()]);
    }
    if fragments.len() == count {
        return Ok(fragments.iter().map(|fragment| vec![fragment.clone()]).collect());
    }
    let unclear = || PixelError::Frames { frames, fragments: fragments.len() };
    if fragments.len() < count || scan.transfer_syntax() == RLE {
        return Err(unclear());
    }
    let first = fragments.first().map_or(0, |fragment| fragment.start);
    let starts = from_table(scan, offset_table, count).or_else(|| {
        let begins =
            |fragment: &&Range<usize>| begins_image(scan.data.get((*fragment).clone()).unwrap_or_default());
        let starts: Vec<usize> = fragments.iter().filter(begins).map(|f| f.start - first).collect();
        (starts.len() == count).then_some(starts)
    });
    let starts = starts.ok_or_else(unclear)?;
    let mut out: Vec<Vec<Range<usize>>> = Vec::new();
    for fragment in fragments {
        if starts.get(out.len()).is_some_and(|&start| start == fragment.start - first) {
            out.push(Vec::new());
        }
        out.last_mut().ok_or_else(unclear)?.push(fragment.clone());
    }
    if out.len() == count { Ok(out) } else { Err(unclear()) }
}

/// Offsets of the frames from the first fragment: the basic offset table (A.4) or the extended one (C.7.6.3.1.8).
fn from_table(scan: &Prescan<'_>, basic: &Range<usize>, count: usize) -> Option<Vec<usize>> {
    let table = scan.data.get(basic.clone())?.as_chunks::<4>().0;
    let starts: Vec<usize> = if table.is_empty() {
        let extended = scan.top.iter().find(|element| element.tag == EXTENDED_OFFSET_TABLE)?;
        let table = scan.data.get(extended.value.clone())?.as_chunks::<8>().0;
        table.iter().map(|raw| usize::try_from(u64::from_le_bytes(*raw)).ok()).collect::<Option<_>>()?
    } else {
        table.iter().map(|raw| usize::try_from(u32::from_le_bytes(*raw)).ok()).collect::<Option<_>>()?
    };
    let rising = starts.is_sorted_by(|a, b| a.checked_add(ITEM_HEAD).is_some_and(|end| end <= *b));
    (starts.len() == count && starts.first() == Some(&0) && rising).then_some(starts)
}

/// Whether a fragment starts an image of its own: JPEG and JPEG-LS start with SOI, JPEG 2000 with SOC or a JP2 box, JPEG
/// XL with its mark.
fn begins_image(fragment: &[u8]) -> bool {
    let starts: [&[u8]; 5] =
        [&[0xFF, 0xD8, 0xFF], &[0xFF, 0x4F, 0xFF, 0x51], b"\0\0\0\x0CjP  ", &[0xFF, 0x0A], b"\0\0\0\x0CJXL "];
    starts.iter().any(|start| fragment.starts_with(start))
}
