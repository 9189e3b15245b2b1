//! The walk itself: one loop, an explicit stack.

use std::ops::Range;

use dicom_core::dictionary::{DataDictionary as _, DataDictionaryEntry as _, VirtualVr};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;

use super::{Encoding, Limits, PixelBytes, Prescan, PrescanError, TopElement};

pub(crate) const PIXEL_DATA: Tag = Tag(0x7FE0, 0x0010);
pub(crate) const ITEM: Tag = Tag(0xFFFE, 0xE000);
pub(crate) const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
pub(crate) const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);
pub(crate) const UNDEFINED: u32 = 0xFFFF_FFFF;
/// Bytes of the longest head of an element.
const LONGEST_HEAD: usize = 12;
/// End of a top-level element that is not known before the next one begins.
const OPEN: usize = usize::MAX;
/// Top-level elements that are remembered; a data set has about 150.
const TOP_ELEMENTS_KEPT: usize = 20_000;

/// What the walk comes by, in order. Ranges are of [`Prescan::data`], in the file meta information of the file.
#[derive(Clone, Debug)]
pub(crate) enum Seen {
    /// An element, with its value; that of a sequence or of fragments of undefined length follows.
    Element {
        tag: Tag,
        /// Value representation as written; `None` in implicit VR.
        vr: Option<[u8; 2]>,
        /// The value; empty where its length is undefined.
        value: Range<usize>,
        /// `None` where it is undefined.
        length: Option<u32>,
        /// Sequences around it.
        depth: usize,
        encoding: Encoding,
    },
    /// The start of an item.
    Item { depth: usize },
    /// A fragment of encapsulated pixel data, or the offset table.
    Fragment { value: Range<usize>, depth: usize },
}

/// Hears what is seen.
pub(crate) type Listener<'a> = &'a mut dyn FnMut(Seen);

/// What the file meta information says.
pub(super) struct Meta {
    pub(super) present: bool,
    pub(super) transfer_syntax: String,
    pub(super) media_class: String,
    /// Where the data set starts.
    pub(super) dataset: usize,
}

/// Numbers of either endianness out of bounds-checked bytes.
#[derive(Clone, Copy)]
pub(crate) struct Bytes<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) big: bool,
}

impl Bytes<'_> {
    fn u16(self, at: usize) -> Option<u16> {
        let raw = self.data.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.big { u16::from_be_bytes(raw) } else { u16::from_le_bytes(raw) })
    }
    fn u32(self, at: usize) -> Option<u32> {
        let raw = self.data.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.big { u32::from_be_bytes(raw) } else { u32::from_le_bytes(raw) })
    }
    fn tag(self, at: usize) -> Option<Tag> {
        Some(Tag(self.u16(at)?, self.u16(at + 2)?))
    }
}

/// The head of one element.
pub(crate) struct Head {
    pub(crate) tag: Tag,
    pub(crate) vr: Option<[u8; 2]>,
    pub(crate) length: u32,
    /// Where the value starts.
    pub(crate) value: usize,
}

pub(crate) fn head(bytes: Bytes<'_>, at: usize, explicit: bool) -> Option<Head> {
    let tag = bytes.tag(at)?;
    if !explicit || tag.0 == 0xFFFE {
        return Some(Head { tag, vr: None, length: bytes.u32(at + 4)?, value: at + 8 });
    }
    let vr = [*bytes.data.get(at + 4)?, *bytes.data.get(at + 5)?];
    if is_long(vr) {
        return Some(Head { tag, vr: Some(vr), length: bytes.u32(at + 8)?, value: at + 12 });
    }
    if !vr.iter().all(u8::is_ascii_uppercase) {
        // Not a value representation: some writers fall back to implicit for single elements.
        return Some(Head { tag, vr: None, length: bytes.u32(at + 4)?, value: at + 8 });
    }
    Some(Head { tag, vr: Some(vr), length: u32::from(bytes.u16(at + 6)?), value: at + 8 })
}

/// Value representations with a 32-bit length (PS3.5 table 7.1-1).
pub(crate) const fn is_long(vr: [u8; 2]) -> bool {
    matches!(
        &vr,
        b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UN" | b"UR" | b"UT" | b"UV"
    )
}

/// Bytes of one number of a value representation, 1 for text and bytes. The parser takes whole numbers only: of a value
/// that ends within one it would read the rest as the next element.
pub(crate) const fn number_bytes(vr: [u8; 2]) -> u32 {
    match &vr {
        b"OW" | b"SS" | b"US" => 2,
        b"AT" | b"FL" | b"OF" | b"OL" | b"SL" | b"UL" => 4,
        b"FD" | b"OD" | b"OV" | b"SV" | b"UV" => 8,
        _ => 1,
    }
}

/// The value representation that the dictionary knows, or `US` where it offers several.
pub(crate) fn dictionary_vr(tag: Tag) -> Option<[u8; 2]> {
    Some(match StandardDataDictionary.by_tag(tag)?.vr() {
        VirtualVr::Exact(vr) => vr.to_bytes(),
        _ => *b"US",
    })
}

fn text(data: &[u8], range: Range<usize>) -> String {
    let raw = data.get(range).unwrap_or_default();
    String::from_utf8_lossy(raw).trim_matches(['\0', ' ']).chars().take(64).collect()
}

/// Reads preamble and file meta information (PS3.10 section 7.1). The group length (0002,0000) is not believed: the
/// group ends where another group starts.
pub(super) fn meta(data: &[u8], heard: Listener<'_>) -> Result<Meta, PrescanError> {
    let bytes = Bytes { data, big: false };
    let start = if data.get(128..132) == Some(b"DICM") {
        132
    } else if bytes.u16(0) == Some(2)
        && data.get(4..6).is_some_and(|vr| vr.iter().all(u8::is_ascii_uppercase))
    {
        0
    } else {
        return Ok(Meta {
            present: false,
            transfer_syntax: String::new(),
            media_class: String::new(),
            dataset: 0,
        });
    };
    let (mut transfer_syntax, mut media_class) = (String::new(), String::new());
    let mut at = start;
    while bytes.u16(at) == Some(2) {
        let Some(Head { tag, vr, length, value }) = head(bytes, at, true) else {
            return Err(PrescanError::Truncated { at });
        };
        let end = value.checked_add(length as usize).filter(|&end| end <= data.len());
        let Some(end) = end else {
            let remaining = data.len().saturating_sub(value) as u64;
            return Err(PrescanError::Length { tag, at, declared: u64::from(length), remaining });
        };
        let encoding = Encoding { explicit: true, big_endian: false };
        heard(Seen::Element { tag, vr, value: value..end, length: Some(length), depth: 0, encoding });
        match tag {
            Tag(2, 0x0010) => transfer_syntax = text(data, value..end),
            Tag(2, 0x0002) => media_class = text(data, value..end),
            _ => {}
        }
        at = end;
    }
    if at >= data.len() {
        return Err(PrescanError::Truncated { at });
    }
    Ok(Meta { present: true, transfer_syntax, media_class, dataset: at })
}

/// How a data set without file meta information is evidently written: its first element is in group 0008 (PS3.5
/// section 7.1 orders by tag).
pub(super) fn guess_encoding(data: &[u8]) -> Result<Encoding, PrescanError> {
    let explicit = data.get(4..6).is_some_and(|vr| vr.iter().all(u8::is_ascii_uppercase));
    let plausible = |big| {
        let bytes = Bytes { data, big };
        let group = bytes.u16(0);
        (group == Some(8) || (group == Some(0) && bytes.u16(2) == Some(0)))
            && head(bytes, 0, explicit).is_some_and(|h| {
                h.length == UNDEFINED || (h.length as usize) <= data.len().saturating_sub(h.value)
            })
    };
    if plausible(false) {
        Ok(Encoding { explicit, big_endian: false })
    } else if explicit && plausible(true) {
        Ok(Encoding { explicit, big_endian: true })
    } else {
        Err(PrescanError::NotDicom)
    }
}

/// An open item or sequence.
struct Open {
    /// Where it ends, or where what encloses it ends if its own length is undefined.
    end: usize,
    undefined: bool,
    sequence: bool,
    encoding: Encoding,
}

/// Walks over `range`, of which `data` may hold only the start; fills counts, top-level elements and pixel ranges of
/// `scan`.
pub(super) fn dataset(
    data: &[u8],
    range: Range<usize>,
    limits: &Limits,
    scan: &mut Prescan<'_>,
    heard: Listener<'_>,
) -> Result<(), PrescanError> {
    let root = Open { end: range.end, undefined: false, sequence: false, encoding: scan.encoding };
    let mut stack = vec![root];
    let mut at = range.start;
    while let Some(open) = stack.last() {
        let top_level = stack.len() == 1;
        if top_level && let Some(last) = scan.top.last_mut().filter(|last| last.whole.end == OPEN) {
            last.whole.end = at;
        }
        if at >= open.end {
            if open.undefined {
                return Err(PrescanError::Truncated { at });
            }
            stack.pop();
            continue;
        }
        if at + LONGEST_HEAD > data.len() && data.len() < range.end {
            return Err(PrescanError::Truncated { at });
        }
        if top_level && scan.pixels.is_some() && is_padding(data, at) {
            return Ok(());
        }
        let depth = stack.iter().filter(|open| open.sequence).count();
        let step = if open.sequence {
            item(data, at, open, depth, heard)
        } else {
            element(data, at, open, depth, scan, heard)
        };
        scan.elements += 1;
        if scan.elements > limits.elements {
            return Err(PrescanError::Elements { limit: limits.elements });
        }
        match step {
            Ok(Step::Skip(next)) => at = next,
            Ok(Step::Close(next)) => {
                stack.pop();
                at = next;
            }
            Ok(Step::Enter(next, inner)) => {
                at = next;
                stack.push(inner);
                let depth = stack.iter().filter(|open| open.sequence).count();
                scan.depth = scan.depth.max(depth);
                if depth > limits.depth {
                    return Err(PrescanError::Depth { limit: limits.depth });
                }
            }
            // What follows complete pixel data cannot change the image.
            Err(trailing) if top_level && scan.pixels.is_some() => {
                scan.ambiguous.get_or_insert(trailing);
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether only a few bytes or zeros are left.
pub(crate) fn is_padding(data: &[u8], at: usize) -> bool {
    let rest = data.get(at..).unwrap_or_default();
    rest.len() < 8 || rest.iter().all(|&byte| byte == 0)
}

enum Step {
    Skip(usize),
    Close(usize),
    Enter(usize, Open),
}

/// The next item of a sequence.
fn item(
    data: &[u8],
    at: usize,
    open: &Open,
    depth: usize,
    heard: Listener<'_>,
) -> Result<Step, PrescanError> {
    let bytes = Bytes { data, big: open.encoding.big_endian };
    let Some(Head { tag, length, value, .. }) = head(bytes, at, false).filter(|h| h.value <= open.end) else {
        return Err(PrescanError::Truncated { at });
    };
    match tag {
        SEQUENCE_END if open.undefined => Ok(Step::Close(value)),
        ITEM => {
            let undefined = length == UNDEFINED;
            let end = if undefined { open.end } else { fits(tag, at, length, value, open.end)? };
            heard(Seen::Item { depth });
            Ok(Step::Enter(value, Open { end, undefined, sequence: false, encoding: open.encoding }))
        }
        _ => Err(PrescanError::Damaged {
            at,
            what: ("a sequence holds something other than items", "序列中有条目以外的内容"),
        }),
    }
}

/// The next element of a data set or item.
fn element(
    data: &[u8],
    at: usize,
    open: &Open,
    depth: usize,
    scan: &mut Prescan<'_>,
    heard: Listener<'_>,
) -> Result<Step, PrescanError> {
    let bytes = Bytes { data, big: open.encoding.big_endian };
    let Some(Head { tag, vr, length, value }) =
        head(bytes, at, open.encoding.explicit).filter(|h| h.value <= open.end)
    else {
        return Err(PrescanError::Truncated { at });
    };
    if tag.0 == 0xFFFE {
        return match tag {
            ITEM_END if open.undefined => Ok(Step::Close(value)),
            _ => Err(PrescanError::Damaged {
                at,
                what: ("an item or delimiter outside a sequence", "序列之外有条目或分隔符"),
            }),
        };
    }
    if open.encoding.explicit && vr.is_none_or(|vr| VR::from_binary(vr).is_none()) {
        let error =
            PrescanError::Damaged { at, what: ("an unknown value representation", "未知的值表示") };
        scan.ambiguous.get_or_insert(error);
    }
    if length == UNDEFINED {
        if depth == 0 && tag != PIXEL_DATA {
            note(scan, TopElement { tag, vr, value: value..value, whole: at..OPEN });
        }
        heard(Seen::Element { tag, vr, value: value..value, length: None, depth, encoding: open.encoding });
        return undefined_length(data, open, Head { tag, vr, length, value }, depth, scan, heard);
    }
    let end = fits(tag, at, length, value, open.end)?;
    let vr_or_dictionary = vr.or_else(|| dictionary_vr(tag));
    if vr_or_dictionary.is_some_and(|vr| length % number_bytes(vr) != 0) {
        let what = ("a length that its value representation cannot have", "长度与其值表示不符");
        scan.ambiguous.get_or_insert(PrescanError::Damaged { at, what });
    }
    heard(Seen::Element { tag, vr, value: value..end, length: Some(length), depth, encoding: open.encoding });
    if depth == 0 {
        note(scan, TopElement { tag, vr, value: value..end, whole: at..end });
    }
    let sequence = match vr {
        Some(vr) => &vr == b"SQ",
        None => vr_or_dictionary == Some(*b"SQ"),
    };
    if sequence {
        let inner = Open { end, undefined: false, sequence: true, encoding: open.encoding };
        return Ok(Step::Enter(value, inner));
    }
    Ok(Step::Skip(end))
}

/// An element whose length is not written: encapsulated pixel data or a sequence.
fn undefined_length(
    data: &[u8],
    open: &Open,
    Head { tag, vr, value, .. }: Head,
    depth: usize,
    scan: &mut Prescan<'_>,
    heard: Listener<'_>,
) -> Result<Step, PrescanError> {
    if matches!(vr.as_ref(), Some(b"OB" | b"OW")) || (tag == PIXEL_DATA && vr.is_none()) {
        if tag != PIXEL_DATA {
            let what = ("bytes of undefined length outside the pixel data", "像素数据之外有长度未定义的字节");
            scan.ambiguous.get_or_insert(PrescanError::Damaged { at: value, what });
        }
        let (next, mut parts) = fragments(data, value, open)?;
        scan.elements += parts.len() as u64;
        parts.iter().cloned().for_each(|value| heard(Seen::Fragment { value, depth }));
        if depth == 0 && tag == PIXEL_DATA {
            let offset_table = if parts.is_empty() { value..value } else { parts.remove(0) };
            scan.pixels = Some(PixelBytes::Fragments { offset_table, fragments: parts });
        }
        return Ok(Step::Skip(next));
    }
    // A sequence of unknown representation is implicit little endian inside (PS3.5 section 6.2.2 note 2).
    let unknown = vr.as_ref() == Some(b"UN");
    if unknown && open.encoding.explicit {
        let what =
            ("a sequence of unknown representation and undefined length", "表示未知且长度未定义的序列");
        scan.ambiguous.get_or_insert(PrescanError::Damaged { at: value, what });
    }
    let encoding = if unknown { Encoding { explicit: false, big_endian: false } } else { open.encoding };
    Ok(Step::Enter(value, Open { end: open.end, undefined: true, sequence: true, encoding }))
}

/// The items of encapsulated pixel data up to the delimiter.
fn fragments(data: &[u8], start: usize, open: &Open) -> Result<(usize, Vec<Range<usize>>), PrescanError> {
    let bytes = Bytes { data, big: open.encoding.big_endian };
    let mut parts = Vec::new();
    let mut at = start;
    loop {
        let Some(Head { tag, length, value, .. }) = head(bytes, at, false).filter(|h| h.value <= open.end)
        else {
            return Err(PrescanError::Truncated { at });
        };
        match tag {
            SEQUENCE_END => return Ok((value, parts)),
            ITEM => {
                at = fits(tag, at, length, value, open.end)?;
                parts.push(value..at);
            }
            _ => {
                return Err(PrescanError::Damaged {
                    at,
                    what: (
                        "encapsulated pixel data hold something other than items",
                        "封装的像素数据中有条目以外的内容",
                    ),
                });
            }
        }
    }
}

/// End of a value, if it lies inside what encloses it.
pub(crate) fn fits(
    tag: Tag,
    at: usize,
    length: u32,
    value: usize,
    limit: usize,
) -> Result<usize, PrescanError> {
    let remaining = limit.saturating_sub(value);
    if length as usize > remaining {
        return Err(PrescanError::Length {
            tag,
            at,
            declared: u64::from(length),
            remaining: remaining as u64,
        });
    }
    Ok(value + length as usize)
}

fn note(scan: &mut Prescan<'_>, element: TopElement) {
    match element.tag {
        PIXEL_DATA => scan.pixels = Some(PixelBytes::Native(element.value)),
        Tag(0x7FE0, 0x0008 | 0x0009) => scan.float_pixels = true,
        _ if scan.top.len() < TOP_ELEMENTS_KEPT => scan.top.push(element),
        _ => {}
    }
}
