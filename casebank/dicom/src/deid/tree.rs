//! A data set as a tree whose values still lie in the file's bytes, and back to bytes.
//!
//! dicom-rs would decode and write every value anew; here what is kept is kept byte for byte, in the same transfer syntax,
//! character set and value representation. Only bytes that the guard has passed come here; depth and number of elements
//! are bounded again, because values of unknown representation are looked into that the guard skips.

use std::borrow::Cow;

use dicom_core::dictionary::{DataDictionary as _, DataDictionaryEntry as _};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;

use crate::prescan::walk::{
    Bytes, Head, ITEM, ITEM_END, PIXEL_DATA, SEQUENCE_END, UNDEFINED, fits, head, is_long, is_padding,
};
use crate::prescan::{Encoding, Limits, PrescanError};

const IMPLICIT: Encoding = Encoding { explicit: false, big_endian: false };

/// Elements in the order of the file.
pub(crate) type DataSet<'a> = Vec<Element<'a>>;

/// One element.
#[derive(Clone, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: Tag,
    /// As written, or that of the dictionary in implicit VR.
    pub(crate) vr: VR,
    pub(crate) value: Value<'a>,
}

/// What an element holds.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    Bytes(Cow<'a, [u8]>),
    Items(Vec<DataSet<'a>>),
    /// Encapsulated pixel data with their item heads and delimiter, as they stand in the file.
    Fragments(&'a [u8]),
}

impl<'a> Element<'a> {
    /// A text, padded to even length as its representation asks (PS3.5 section 6.2).
    pub(crate) fn text(tag: Tag, vr: VR, text: &str) -> Self {
        let mut bytes = text.as_bytes().to_vec();
        if bytes.len() % 2 == 1 {
            bytes.push(if vr == VR::UI { 0 } else { b' ' });
        }
        Self { tag, vr, value: Value::Bytes(Cow::Owned(bytes)) }
    }

    /// The bytes of a flat value; none of a sequence.
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.value {
            Value::Bytes(bytes) => bytes,
            Value::Items(_) | Value::Fragments(_) => &[],
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match &self.value {
            Value::Bytes(bytes) => bytes.is_empty(),
            Value::Items(items) => items.is_empty(),
            Value::Fragments(_) => false,
        }
    }

    pub(crate) fn items(tag: Tag, items: Vec<DataSet<'a>>) -> Self {
        Self { tag, vr: VR::SQ, value: Value::Items(items) }
    }
}

/// The value without padding.
pub(crate) fn trimmed(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|&b| b != b' ').unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|&b| b != b' ' && b != 0).map_or(start, |last| last + 1);
    bytes.get(start..end).unwrap_or_default()
}

/// The flat value of an attribute without padding; empty where there is none.
pub(crate) fn value_of<'s>(set: &'s [Element<'_>], tag: Tag) -> &'s [u8] {
    set.iter().find(|element| element.tag == tag).map(|element| trimmed(element.bytes())).unwrap_or_default()
}

/// The representation that the dictionary gives an attribute.
pub(crate) fn dictionary_vr(tag: Tag) -> Option<VR> {
    StandardDataDictionary.by_tag(tag).map(|entry| entry.vr().relaxed())
}

/// What parsing may still cost.
struct Budget {
    elements: u64,
    limits: Limits,
}

impl Budget {
    fn one(&mut self) -> Result<(), PrescanError> {
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(PrescanError::Elements { limit: self.limits.elements });
        }
        Ok(())
    }
}

/// The data set that starts at `start`.
pub(crate) fn parse<'a>(
    data: &'a [u8],
    start: usize,
    encoding: Encoding,
    limits: &Limits,
) -> Result<DataSet<'a>, PrescanError> {
    let mut budget = Budget { elements: 0, limits: *limits };
    let open = Open { end: data.len(), undefined: false, encoding, depth: 0 };
    Ok(elements(data, start, open, &mut budget)?.0)
}

/// What elements or items are read from.
#[derive(Clone, Copy)]
struct Open {
    end: usize,
    undefined: bool,
    encoding: Encoding,
    depth: usize,
}

/// The elements up to the end or the item delimiter, and where reading goes on.
fn elements<'a>(
    data: &'a [u8],
    mut at: usize,
    open: Open,
    budget: &mut Budget,
) -> Result<(DataSet<'a>, usize), PrescanError> {
    let bytes = Bytes { data, big: open.encoding.big_endian };
    let mut set = DataSet::new();
    loop {
        if at >= open.end {
            return if open.undefined { Err(PrescanError::Truncated { at }) } else { Ok((set, open.end)) };
        }
        if open.depth == 0 && set.last().is_some_and(|last| last.tag == PIXEL_DATA) && is_padding(data, at) {
            return Ok((set, open.end));
        }
        let Some(head) = head(bytes, at, open.encoding.explicit).filter(|head| head.value <= open.end) else {
            return Err(PrescanError::Truncated { at });
        };
        if head.tag == ITEM_END && open.undefined {
            return Ok((set, head.value));
        }
        if head.tag.0 == 0xFFFE {
            return Err(PrescanError::Damaged {
                at,
                what: ("an item or delimiter outside a sequence", "序列之外有条目或分隔符"),
            });
        }
        budget.one()?;
        let (element, next) = element(data, at, &head, open, budget)?;
        set.push(element);
        at = next;
    }
}

fn element<'a>(
    data: &'a [u8],
    at: usize,
    &Head { tag, vr, length, value }: &Head,
    open: Open,
    budget: &mut Budget,
) -> Result<(Element<'a>, usize), PrescanError> {
    let vr = match vr {
        Some(written) => VR::from_binary(written),
        None if open.encoding.explicit => None,
        None => Some(dictionary_vr(tag).unwrap_or(VR::UN)),
    };
    let Some(vr) = vr else {
        return Err(PrescanError::Damaged {
            at, what: ("an unknown value representation", "未知的值表示")
        });
    };
    if length == UNDEFINED {
        if tag == PIXEL_DATA {
            let end = fragments_end(data, value, open)?;
            return Ok((Element { tag, vr, value: Value::Fragments(&data[value..end]) }, end));
        }
        if !matches!(vr, VR::SQ | VR::UN) && open.encoding.explicit {
            return Err(PrescanError::Damaged {
                at,
                what: ("a flat value of undefined length", "长度未定义的普通值"),
            });
        }
        // PS3.5 section 6.2.2 note 2: implicit little endian inside.
        let hidden = open.encoding.explicit && vr == VR::UN;
        if hidden && open.encoding.big_endian {
            return Err(PrescanError::Damaged {
                at,
                what: ("a little endian sequence in a big endian data set", "大端数据集中有小端序列"),
            });
        }
        let encoding = if hidden { IMPLICIT } else { open.encoding };
        let inner = Open { end: open.end, undefined: true, encoding, depth: open.depth + 1 };
        let (items, next) = items(data, value, inner, budget)?;
        return Ok((Element::items(tag, items), next));
    }
    let end = fits(tag, at, length, value, open.end)?;
    let raw = &data[value..end];
    let sequence = match vr {
        VR::SQ => Some(open.encoding),
        // Numbers of a little endian sequence would have to be turned round in a big endian data set.
        VR::UN if dictionary_vr(tag) == Some(VR::SQ) && !open.encoding.big_endian => Some(IMPLICIT),
        _ => None,
    };
    if let Some(encoding) = sequence {
        let inner = Open { end, undefined: false, encoding, depth: open.depth + 1 };
        match items(data, value, inner, budget) {
            Ok((items, _)) => return Ok((Element::items(tag, items), end)),
            Err(error @ (PrescanError::Depth { .. } | PrescanError::Elements { .. })) => return Err(error),
            // What cannot be looked into stays opaque, and is removed by whoever asks for a sequence.
            Err(_) if vr == VR::UN => {}
            Err(error) => return Err(error),
        }
    }
    Ok((Element { tag, vr, value: Value::Bytes(Cow::Borrowed(raw)) }, end))
}

/// The items of a sequence.
fn items<'a>(
    data: &'a [u8],
    mut at: usize,
    open: Open,
    budget: &mut Budget,
) -> Result<(Vec<DataSet<'a>>, usize), PrescanError> {
    if open.depth > budget.limits.depth {
        return Err(PrescanError::Depth { limit: budget.limits.depth });
    }
    let bytes = Bytes { data, big: open.encoding.big_endian };
    let mut items = Vec::new();
    loop {
        if at >= open.end {
            return if open.undefined { Err(PrescanError::Truncated { at }) } else { Ok((items, open.end)) };
        }
        let Some(head) = head(bytes, at, false).filter(|head| head.value <= open.end) else {
            return Err(PrescanError::Truncated { at });
        };
        budget.one()?;
        match head.tag {
            SEQUENCE_END if open.undefined => return Ok((items, head.value)),
            ITEM => {
                let undefined = head.length == UNDEFINED;
                let end =
                    if undefined { open.end } else { fits(head.tag, at, head.length, head.value, open.end)? };
                let (set, next) = elements(data, head.value, Open { end, undefined, ..open }, budget)?;
                items.push(set);
                at = next;
            }
            _ => {
                return Err(PrescanError::Damaged {
                    at,
                    what: ("a sequence holds something other than items", "序列中有条目以外的内容"),
                });
            }
        }
    }
}

/// Where encapsulated pixel data end, delimiter included.
fn fragments_end(data: &[u8], mut at: usize, open: Open) -> Result<usize, PrescanError> {
    let bytes = Bytes { data, big: open.encoding.big_endian };
    loop {
        let Some(head) = head(bytes, at, false).filter(|head| head.value <= open.end) else {
            return Err(PrescanError::Truncated { at });
        };
        match head.tag {
            SEQUENCE_END => return Ok(head.value),
            ITEM => at = fits(head.tag, at, head.length, head.value, open.end)?,
            _ => {
                let what = (
                    "encapsulated pixel data hold something other than items",
                    "封装的像素数据中有条目以外的内容",
                );
                return Err(PrescanError::Damaged { at, what });
            }
        }
    }
}

/// Appends a data set. Sequences and items are written with undefined length.
pub(crate) fn write(out: &mut Vec<u8>, set: &[Element<'_>], encoding: Encoding) -> Result<(), PrescanError> {
    for element in set {
        match &element.value {
            Value::Bytes(bytes) => {
                let too_long = PrescanError::TooLarge { limit: u64::from(u32::MAX - 1) };
                let length = u32::try_from(bytes.len()).ok().filter(|&n| n != UNDEFINED).ok_or(too_long)?;
                write_head(out, element.tag, element.vr, length, encoding);
                out.extend_from_slice(bytes);
            }
            Value::Fragments(raw) => {
                write_head(out, element.tag, element.vr, UNDEFINED, encoding);
                out.extend_from_slice(raw);
            }
            Value::Items(items) => {
                write_head(out, element.tag, VR::SQ, UNDEFINED, encoding);
                for item in items {
                    write_mark(out, ITEM, UNDEFINED, encoding);
                    write(out, item, encoding)?;
                    write_mark(out, ITEM_END, 0, encoding);
                }
                write_mark(out, SEQUENCE_END, 0, encoding);
            }
        }
    }
    Ok(())
}

fn short(out: &mut Vec<u8>, value: u16, encoding: Encoding) {
    out.extend(if encoding.big_endian { value.to_be_bytes() } else { value.to_le_bytes() });
}

fn word(out: &mut Vec<u8>, value: u32, encoding: Encoding) {
    out.extend(if encoding.big_endian { value.to_be_bytes() } else { value.to_le_bytes() });
}

fn write_mark(out: &mut Vec<u8>, tag: Tag, length: u32, encoding: Encoding) {
    short(out, tag.0, encoding);
    short(out, tag.1, encoding);
    word(out, length, encoding);
}

fn write_head(out: &mut Vec<u8>, tag: Tag, vr: VR, length: u32, encoding: Encoding) {
    if !encoding.explicit {
        return write_mark(out, tag, length, encoding);
    }
    short(out, tag.0, encoding);
    short(out, tag.1, encoding);
    match u16::try_from(length) {
        Ok(length) if !is_long(vr.to_bytes()) => {
            out.extend(vr.to_bytes());
            short(out, length, encoding);
        }
        // A value from an implicit sequence may be longer than its representation can say (PS3.5 section 6.2.2 note 4).
        _ => {
            out.extend(if is_long(vr.to_bytes()) { vr.to_bytes() } else { VR::UN.to_bytes() });
            out.extend([0, 0]);
            word(out, length, encoding);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPLICIT: Encoding = Encoding { explicit: true, big_endian: false };

    fn written(set: &[Element<'_>], encoding: Encoding) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out, set, encoding).unwrap();
        out
    }

    #[test]
    fn what_is_read_is_written_again() {
        let inner =
            vec![Element::text(Tag(8, 0x1155), VR::UI, "1.2.3"), Element::text(Tag(8, 0x0060), VR::CS, "CT")];
        let set = vec![
            Element::items(Tag(8, 0x1140), vec![inner.clone(), Vec::new(), inner]),
            Element::text(Tag(0x10, 0x10), VR::PN, "A^B"),
        ];
        for encoding in [EXPLICIT, IMPLICIT, Encoding { explicit: true, big_endian: true }] {
            let once = written(&set, encoding);
            let read = parse(&once, 0, encoding, &Limits::default()).unwrap();
            assert_eq!(written(&read, encoding), once);
            assert_eq!(value_of(&read, Tag(0x10, 0x10)), b"A^B");
        }
    }

    #[test]
    fn a_sequence_of_unknown_representation_is_looked_into() {
        let mut inner = Vec::new();
        write_mark(&mut inner, ITEM, UNDEFINED, IMPLICIT);
        write(&mut inner, &[Element::text(Tag(0x10, 0x20), VR::LO, "ID")], IMPLICIT).unwrap();
        write_mark(&mut inner, ITEM_END, 0, IMPLICIT);
        let unknown = |bytes: Vec<u8>| Element {
            tag: Tag(8, 0x1140),
            vr: VR::UN,
            value: Value::Bytes(Cow::Owned(bytes)),
        };
        let bytes = written(&[unknown(inner)], EXPLICIT);
        let read = parse(&bytes, 0, EXPLICIT, &Limits::default()).unwrap();
        let Value::Items(items) = &read[0].value else { panic!("a sequence") };
        assert_eq!((value_of(&items[0], Tag(0x10, 0x20)), items[0][0].vr), (b"ID".as_slice(), VR::LO));
        let bytes = written(&[unknown(b"no items".to_vec())], EXPLICIT);
        let read = parse(&bytes, 0, EXPLICIT, &Limits::default()).unwrap();
        assert!(matches!(read[0].value, Value::Bytes(_)));
    }

    #[test]
    fn hidden_depth_is_bounded() {
        let mut value = Vec::new();
        for _ in 0..70 {
            let mut outer = Vec::new();
            write_mark(&mut outer, ITEM, u32::try_from(value.len() + 8).unwrap(), IMPLICIT);
            write_mark(&mut outer, Tag(8, 0x1140), u32::try_from(value.len()).unwrap(), IMPLICIT);
            outer.extend(value);
            value = outer;
        }
        let hidden = Element { tag: Tag(8, 0x1140), vr: VR::UN, value: Value::Bytes(Cow::Owned(value)) };
        let bytes = written(&[hidden], EXPLICIT);
        let error = parse(&bytes, 0, EXPLICIT, &Limits::default()).unwrap_err();
        assert_eq!(error, PrescanError::Depth { limit: 64 });
    }
}
