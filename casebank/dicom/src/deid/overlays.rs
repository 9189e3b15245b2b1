//! Overlay planes (60xx, PS3.3 section C.9.2): they go as a group, or stay as regions under Clean Graphics.

use std::collections::BTreeSet;

use dicom_core::Tag;

use super::tree::{DataSet, Element, trimmed};

/// Groups whose plane may stay: under Clean Graphics those of type R, a region of interest. A plane of type G is a drawing,
/// which may be text.
pub(super) fn kept(set: &DataSet<'_>, clean_graphics: bool) -> BTreeSet<u16> {
    let regions = set.iter().filter(|element| {
        is_overlay(element.tag) && element.tag.1 == 0x0040 && trimmed(element.bytes()) == b"R"
    });
    let groups: BTreeSet<u16> = regions.map(|element| element.tag.0).collect();
    if clean_graphics { groups } else { BTreeSet::new() }
}

/// An element of an overlay group: what a person wrote goes.
pub(super) fn element<'a>(element: Element<'a>, kept: &BTreeSet<u16>) -> Option<Element<'a>> {
    let written = matches!(element.tag.1, 0x0022 | 0x1500 | 0x4000);
    (kept.contains(&element.tag.0) && !written).then_some(element)
}

/// Whether an overlay lies in unused bits of the pixel values (retired), which stay as they are.
pub(super) fn bits_in_pixels(set: &DataSet<'_>) -> bool {
    let has = |group, element| set.iter().any(|e| e.tag == Tag(group, element) && !e.is_empty());
    set.iter().any(|element| {
        let tag = element.tag;
        is_overlay(tag) && tag.1 == 0x0102 && element.bytes().iter().any(|&b| b != 0) && !has(tag.0, 0x3000)
    })
}

fn is_overlay(tag: Tag) -> bool {
    (0x6000..=0x60FF).contains(&tag.0) && tag.0.is_multiple_of(2)
}
