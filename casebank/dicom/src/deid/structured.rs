//! Content items of structured reports, acquisition contexts and specimen preparations (PS3.15 section E.3.4).

use dicom_core::Tag;

use super::actions::emptied;
use super::engine::{Engine, Place, TextValue};
use super::table::{Basic, Decision, STRUCTURED};
use super::tree::{DataSet, Element, Value, value_of};

/// A sequence of content items, cleaned item by item; `None` where none is left.
pub(super) fn sequence<'a>(engine: &mut Engine<'_>, element: Element<'a>) -> Option<Element<'a>> {
    let Value::Items(items) = element.value else { return None };
    let items: Vec<DataSet<'a>> =
        items.into_iter().filter_map(|item| content_item(engine, item, element.tag)).collect();
    (!items.is_empty()).then(|| Element::items(element.tag, items))
}

/// One content item; `None` where table E.3.4-1 removes it.
fn content_item<'a>(engine: &mut Engine<'_>, item: DataSet<'a>, parent: Tag) -> Option<DataSet<'a>> {
    let inside = Place { parent: Some(parent), codes: true, text: TextValue::Words };
    let keep = |text| Place { text, ..inside };
    let decision = rule(&item).map(|rule| rule.decide(engine.options));
    match decision {
        Some(Decision::Basic(Basic::Remove)) => None,
        Some(Decision::Basic(_)) => {
            let item = engine.data_set(item, keep(TextValue::Replace));
            Some(item.into_iter().map(without_measure).collect())
        }
        Some(Decision::Keep(_)) => Some(engine.data_set(item, keep(TextValue::Keep))),
        Some(Decision::Clean(_)) | None => Some(engine.data_set(item, inside)),
    }
}

/// A measured value that is to be replaced is left empty (type 2).
fn without_measure(element: Element<'_>) -> Element<'_> {
    if element.tag == Tag(0x0040, 0xA300) { emptied(&element) } else { element }
}

/// The line of table E.3.4-1 for an item.
fn rule(item: &DataSet<'_>) -> Option<&'static super::table::Rule> {
    let text = |set: &DataSet<'_>, tag| String::from_utf8_lossy(value_of(set, tag)).into_owned();
    let kind = text(item, Tag(0x0040, 0xA040));
    let concept = item.iter().find(|element| element.tag == Tag(0x0040, 0xA043))?;
    let Value::Items(codes) = &concept.value else { return None };
    let code = codes.first()?;
    let (value, scheme) = (text(code, Tag(0x0008, 0x0100)), text(code, Tag(0x0008, 0x0102)));
    STRUCTURED.get(&format!("{scheme}\t{value}\t{kind}"))
}
