//! Private attributes under Retain Safe Private (PS3.15 section E.3.10).

use std::collections::{BTreeMap, BTreeSet};

use dicom_core::{Tag, VR};

use super::table::safe_private;
use super::tree::{Element, Value, trimmed};

/// The private elements of one data set that may stay: those of the standard's list whose value is what the list says, and
/// the creators of their blocks.
pub(super) fn safe(set: &[Element<'_>]) -> BTreeSet<Tag> {
    let mut creators: BTreeMap<(u16, u8), &str> = BTreeMap::new();
    for element in set.iter().filter(|e| e.tag.0 % 2 == 1 && (0x10..=0xFF).contains(&e.tag.1)) {
        if let Ok(name) = std::str::from_utf8(trimmed(element.bytes())) {
            creators.insert((element.tag.0, (element.tag.1 & 0xFF) as u8), name);
        }
    }
    let mut safe = BTreeSet::new();
    for element in set.iter().filter(|e| e.tag.0 % 2 == 1 && e.tag.1 > 0xFF) {
        let [block, low] = element.tag.1.to_be_bytes();
        let Some(creator) = creators.get(&(element.tag.0, block)) else { continue };
        if safe_private(creator, element.tag.0, low).is_some_and(|vr| is_as_listed(element, vr)) {
            safe.insert(element.tag);
            safe.insert(Tag(element.tag.0, u16::from(block)));
        }
    }
    safe
}

/// Whether a value is of the listed representation, as far as its bytes can tell.
fn is_as_listed(element: &Element<'_>, vr: VR) -> bool {
    let Value::Bytes(bytes) = &element.value else { return false };
    if element.vr != vr && element.vr != VR::UN {
        return false;
    }
    let plain = |allowed: fn(u8) -> bool| bytes.len() <= 128 && bytes.iter().all(|&b| allowed(b));
    match vr {
        VR::DS | VR::IS => plain(|b| b.is_ascii_digit() || b" +-.eE\\\0".contains(&b)),
        VR::CS => plain(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b" _\\\0".contains(&b)),
        VR::SH | VR::LO => bytes.len() <= 64 && bytes.is_ascii(),
        VR::US | VR::SS => bytes.len() <= 16 && bytes.len() % 2 == 0,
        VR::FL | VR::SL | VR::UL => bytes.len() <= 64 && bytes.len() % 4 == 0,
        VR::FD => bytes.len() <= 128 && bytes.len() % 8 == 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_values_and_their_creator_stay() {
        let text = |element, vr, value: &str| Element::text(Tag(0x0019, element), vr, value);
        let set = [
            text(0x0010, VR::LO, "SIEMENS MR HEADER"),
            text(0x0011, VR::LO, "SOMEBODY ELSE"),
            text(0x100C, VR::IS, "1000"),
            text(0x100D, VR::CS, "Zhang^San"),
            text(0x1010, VR::LO, "secret"),
            text(0x110C, VR::IS, "1000"),
            text(0x1227, VR::FD, "12345678"),
        ];
        let kept: Vec<Tag> = safe(&set).into_iter().collect();
        assert_eq!(kept, [Tag(0x0019, 0x0010), Tag(0x0019, 0x100C)]);
        assert!(safe(&[text(0x0010, VR::LO, "SIEMENS MR HEADER"), text(0x100C, VR::LO, "1000")]).is_empty());
    }
}
