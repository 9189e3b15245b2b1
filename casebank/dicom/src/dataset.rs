//! Building and reading data sets: what all written objects share.

use dicom_core::value::{DataSetSequence, PrimitiveValue};
use dicom_core::{DataElement, Length, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use dicom_object::meta::FileMetaTableBuilder;

use crate::uid::{IMPLEMENTATION_CLASS, IMPLEMENTATION_NAME};
use crate::write::WriteError;

/// Sets an element.
pub(crate) fn put(object: &mut InMemDicomObject, tag: Tag, vr: VR, value: PrimitiveValue) {
    object.put(DataElement::new(tag, vr, value));
}

/// Sets a text element; an empty text is an empty value.
pub(crate) fn put_text(object: &mut InMemDicomObject, tag: Tag, vr: VR, text: &str) {
    let value = if text.is_empty() { PrimitiveValue::Empty } else { PrimitiveValue::from(text) };
    put(object, tag, vr, value);
}

/// Decimal strings of at most 16 characters each (PS3.5 table 6.2-1), separated by backslashes.
pub(crate) fn decimals(values: &[f64]) -> String {
    values.iter().map(|v| decimal(*v)).collect::<Vec<_>>().join("\\")
}

fn decimal(value: f64) -> String {
    let plain = format!("{value}");
    if plain.len() <= 16 {
        return plain;
    }
    let fixed = (0..=14).rev().map(|digits| format!("{value:.digits$}")).find(|text| text.len() <= 16);
    match fixed {
        // Rounded to nothing: no length or cosine that matters is this small.
        Some(text) if text.trim_start_matches('-').bytes().all(|b| b == b'0' || b == b'.') => "0".to_owned(),
        Some(text) => text,
        None => format!("{value:.8e}"),
    }
}

/// An item of the Code Sequence macro (PS3.3 table 8.8-1).
pub(crate) fn code(value: &str, scheme: &str, meaning: &str) -> InMemDicomObject {
    let mut item = InMemDicomObject::new_empty();
    put_text(&mut item, tags::CODE_VALUE, VR::SH, value);
    put_text(&mut item, tags::CODING_SCHEME_DESIGNATOR, VR::SH, scheme);
    put_text(&mut item, tags::CODE_MEANING, VR::LO, meaning);
    item
}

/// Sets a sequence.
pub(crate) fn sequence(object: &mut InMemDicomObject, tag: Tag, items: Vec<InMemDicomObject>) {
    object.put(DataElement::new(tag, VR::SQ, DataSetSequence::new(items, Length::UNDEFINED)));
}

/// The value as text without padding, empty where there is none.
pub(crate) fn text(object: &InMemDicomObject, tag: Tag) -> String {
    let value = object.get(tag).and_then(|element| element.to_str().ok());
    value.map(|v| v.trim_matches(['\0', ' ']).to_owned()).unwrap_or_default()
}

/// Exactly `N` finite numbers of a text or binary element.
pub(crate) fn floats<const N: usize>(object: &InMemDicomObject, tag: Tag) -> Option<[f64; N]> {
    let values = object.get(tag)?.to_multi_float64().ok()?;
    <[f64; N]>::try_from(values).ok().filter(|values| values.iter().all(|value| value.is_finite()))
}

/// The bytes of a file with file meta information (PS3.10 section 7).
pub(crate) fn to_file(object: InMemDicomObject) -> Result<Vec<u8>, WriteError> {
    encode(object, uids::EXPLICIT_VR_LITTLE_ENDIAN)
}

/// As [`to_file`] without value representations, for texts longer than 65,534 bytes.
pub(crate) fn to_implicit_file(object: InMemDicomObject) -> Result<Vec<u8>, WriteError> {
    encode(object, uids::IMPLICIT_VR_LITTLE_ENDIAN)
}

fn encode(object: InMemDicomObject, transfer_syntax: &str) -> Result<Vec<u8>, WriteError> {
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(transfer_syntax)
        .implementation_class_uid(IMPLEMENTATION_CLASS)
        .implementation_version_name(IMPLEMENTATION_NAME);
    let file = object.with_meta(meta).map_err(|error| WriteError::Encode(error.to_string()))?;
    let mut bytes = Vec::new();
    file.write_all(&mut bytes).map_err(|error| WriteError::Encode(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_strings_fit_and_keep_their_value() {
        for value in [
            0.0,
            -1.0,
            0.451171875,
            -0.948_323_646_598_104_6,
            1e-17,
            -160.060_358_702_44,
            123456.789_012_345_67,
        ] {
            let text = decimal(value);
            assert!(text.len() <= 16, "{text}");
            assert!((text.parse::<f64>().unwrap() - value).abs() <= 1e-9, "{value} as {text}");
        }
    }
}
