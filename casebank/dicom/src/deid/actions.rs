//! The actions of table E.1-1 on one element: dummies, new UIDs, moved dates.

use std::borrow::Cow;

use dicom_core::{Tag, VR};

use super::dates;
use super::secret::{Secret, Shift};
use super::text;
use super::tree::{DataSet, Element, Value, dictionary_vr, trimmed, value_of};

/// What stands where something was.
pub(super) const REMOVED: &str = "REMOVED";

const CONTENT_SEQUENCE: Tag = Tag(0x0040, 0xA730);
const GRAPHIC_ANNOTATION: Tag = Tag(0x0070, 0x0001);
const REFERENCED_SOP: Tag = Tag(0x0008, 0x1199);

/// The representation to think of an element with: that of the dictionary, whatever the file says.
pub(super) fn known_vr(element: &Element<'_>) -> VR {
    dictionary_vr(element.tag).unwrap_or(element.vr)
}

/// Z: the element without its value.
pub(super) fn emptied<'a>(element: &Element<'a>) -> Element<'a> {
    let vr = known_vr(element);
    let value = if vr == VR::SQ { Value::Items(Vec::new()) } else { Value::Bytes(Cow::Borrowed(&[])) };
    Element { tag: element.tag, vr, value }
}

/// D: a dummy of the element's representation. UIDs inside are replaced, not invented, so that references still meet.
pub(super) fn dummy<'a>(element: &Element<'a>, secret: &Secret) -> Element<'a> {
    let (tag, vr) = (element.tag, known_vr(element));
    match (tag, &element.value) {
        (CONTENT_SEQUENCE, Value::Items(items)) => return dummy_content(items, secret),
        (GRAPHIC_ANNOTATION, _) => return dummy_annotation(),
        (_, Value::Items(items)) => {
            let first = items.first().map(|item| dummy_item(item, secret)).unwrap_or_default();
            return Element::items(tag, vec![first]);
        }
        _ => {}
    }
    let text = match vr {
        VR::AS => "000Y",
        VR::DA => "19000101",
        VR::DT => "19000101000000",
        VR::TM => "000000",
        VR::DS | VR::IS => "0",
        VR::UR => "urn:removed",
        VR::UI => return new_uids(element, secret),
        VR::SQ => return Element::items(tag, vec![DataSet::new()]),
        VR::AE | VR::CS | VR::LO | VR::LT | VR::PN | VR::SH | VR::ST | VR::UC | VR::UT => REMOVED,
        _ => {
            let zeros: &[u8] = match vr {
                VR::FD | VR::SV | VR::UV | VR::OD | VR::OV => &[0; 8],
                VR::AT | VR::FL | VR::SL | VR::UL | VR::OF | VR::OL => &[0; 4],
                _ => &[0; 2],
            };
            return Element { tag, vr, value: Value::Bytes(Cow::Borrowed(zeros)) };
        }
    };
    Element::text(tag, vr, text)
}

/// An item in which each value is a dummy; what the standard does not know is left out.
fn dummy_item<'a>(item: &DataSet<'a>, secret: &Secret) -> DataSet<'a> {
    let known =
        item.iter().filter(|element| element.tag.0.is_multiple_of(2) && dictionary_vr(element.tag).is_some());
    known.filter(|element| element.tag.0 > 0x0006 && element.tag.1 != 0).map(|e| dummy(e, secret)).collect()
}

/// A content sequence that says nothing: the references to other objects, replaced, or else one line of text.
fn dummy_content<'a>(items: &[DataSet<'a>], secret: &Secret) -> Element<'a> {
    let references: Vec<DataSet<'a>> =
        items.iter().filter_map(|item| dummy_reference(item, secret)).collect();
    if !references.is_empty() {
        return Element::items(CONTENT_SEQUENCE, references);
    }
    let comment = vec![
        Element::text(Tag(0x0008, 0x0100), VR::SH, "121106"),
        Element::text(Tag(0x0008, 0x0102), VR::SH, "DCM"),
        Element::text(Tag(0x0008, 0x0104), VR::LO, "Comment"),
    ];
    let line = vec![
        Element::text(Tag(0x0040, 0xA010), VR::CS, "CONTAINS"),
        Element::text(Tag(0x0040, 0xA040), VR::CS, "TEXT"),
        Element::items(Tag(0x0040, 0xA043), vec![comment]),
        Element::text(Tag(0x0040, 0xA160), VR::UT, REMOVED),
    ];
    Element::items(CONTENT_SEQUENCE, vec![line])
}

fn dummy_reference<'a>(item: &DataSet<'a>, secret: &Secret) -> Option<DataSet<'a>> {
    let kind = value_of(item, Tag(0x0040, 0xA040));
    let kind = ["IMAGE", "COMPOSITE", "WAVEFORM"].into_iter().find(|name| name.as_bytes() == kind)?;
    let referenced = item.iter().find(|element| element.tag == REFERENCED_SOP)?;
    let Value::Items(items) = &referenced.value else { return None };
    let first = items.first()?;
    let class = first.iter().find(|e| e.tag == Tag(0x0008, 0x1150)).filter(|e| is_standard_uid(e.bytes()))?;
    let instance = first.iter().find(|e| e.tag == Tag(0x0008, 0x1155))?;
    let reference = vec![class.clone(), new_uids(instance, secret)];
    Some(vec![
        Element::items(REFERENCED_SOP, vec![reference]),
        Element::text(Tag(0x0040, 0xA010), VR::CS, "CONTAINS"),
        Element::text(Tag(0x0040, 0xA040), VR::CS, kind),
    ])
}

/// One empty annotation, in a layer of its own.
fn dummy_annotation<'a>() -> Element<'a> {
    let number = |tag, values: [f32; 2]| {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Element { tag, vr: VR::FL, value: Value::Bytes(Cow::Owned(bytes)) }
    };
    let text = vec![
        Element::text(Tag(0x0070, 0x0004), VR::CS, "PIXEL"),
        Element::text(Tag(0x0070, 0x0006), VR::ST, REMOVED),
        // Zeros are the same in either byte order.
        number(Tag(0x0070, 0x0014), [0.0, 0.0]),
        Element::text(Tag(0x0070, 0x0015), VR::CS, "N"),
    ];
    let item = vec![
        Element::text(Tag(0x0070, 0x0002), VR::CS, REMOVED),
        Element::items(Tag(0x0070, 0x0008), vec![text]),
    ];
    Element::items(GRAPHIC_ANNOTATION, vec![item])
}

/// Whether a UID is one that the standard gives out itself.
pub(super) fn is_standard_uid(value: &[u8]) -> bool {
    let value = trimmed(value);
    value.starts_with(b"1.2.840.10008.")
        && value.len() <= 40
        && value.iter().all(|b| b.is_ascii_digit() || *b == b'.')
}

/// Whether a UID names a well-known instance of the standard (PS3.6 annex A): frames of reference of atlases, palettes.
fn is_well_known(value: &[u8]) -> bool {
    const ARCS: [&[u8]; 4] =
        [b"1.2.840.10008.1.4.", b"1.2.840.10008.1.5.", b"1.2.840.10008.1.20.", b"1.2.840.10008.1.40."];
    value.len() <= 26 && is_standard_uid(value) && ARCS.iter().any(|arc| value.starts_with(arc))
}

/// U: each UID replaced by the one that stands for it.
pub(super) fn new_uids<'a>(element: &Element<'a>, secret: &Secret) -> Element<'a> {
    let values = element.bytes().split(|&b| b == b'\\').map(trimmed).map(|uid| {
        if uid.is_empty() || is_well_known(uid) {
            String::from_utf8_lossy(uid).into_owned()
        } else {
            secret.uid(uid)
        }
    });
    Element::text(element.tag, VR::UI, &values.collect::<Vec<_>>().join("\\"))
}

/// C of dates and times: each value moved; `None` where one is no date. `time` is the TM that belongs to a DA.
pub(super) fn moved<'a>(element: &Element<'a>, time: Option<&str>, shift: Shift) -> Option<Element<'a>> {
    let vr = known_vr(element);
    let values = element.bytes().split(|&b| b == b'\\').map(|value| {
        let value = std::str::from_utf8(trimmed(value)).ok()?;
        match vr {
            _ if value.is_empty() => Some(String::new()),
            VR::DA => time
                .map_or_else(|| dates::shift_da(value, shift), |time| dates::shift_da_of(value, time, shift)),
            VR::TM => dates::shift_tm(value, shift),
            VR::DT => dates::shift_dt(value, shift),
            _ => None,
        }
    });
    Some(Element::text(element.tag, vr, &values.collect::<Option<Vec<_>>>()?.join("\\")))
}

/// Replaces the code of a coding scheme that is not public (PS3.15 section E.1.1 note 7).
pub(super) fn clean_code(set: &mut DataSet<'_>) {
    let scheme = value_of(set, Tag(0x0008, 0x0102)).to_vec();
    let is_code = set.iter().any(|element| element.tag == Tag(0x0008, 0x0104));
    if !is_code || text::is_public_scheme(&scheme) {
        return;
    }
    set.retain(|element| {
        !matches!(element.tag, Tag(0x0008, 0x0103 | 0x010C | 0x010B | 0x0106 | 0x0107 | 0x010D))
    });
    for element in set.iter_mut() {
        let vr = known_vr(element);
        match element.tag {
            Tag(0x0008, 0x0100 | 0x0102 | 0x0119) => *element = Element::text(element.tag, vr, REMOVED),
            Tag(0x0008, 0x0120) => *element = Element::text(element.tag, vr, "urn:removed"),
            Tag(0x0008, 0x0104) => {
                let words = text::known_words(element.bytes());
                let words: String = words.chars().take(64).collect();
                *element = Element::text(element.tag, vr, if words.is_empty() { REMOVED } else { &words });
            }
            _ => {}
        }
    }
}
