//! Coded concepts.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::dataset::{code, text};

/// A coded concept (PS3.3 table 8.8-1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// Code Value (0008,0100).
    pub value: String,
    /// Coding Scheme Designator (0008,0102), for example `SCT`.
    pub scheme: String,
    /// Code Meaning (0008,0104).
    pub meaning: String,
}

impl Code {
    /// A concept of any scheme.
    #[must_use]
    pub fn new(value: &str, scheme: &str, meaning: &str) -> Self {
        Self { value: value.to_owned(), scheme: scheme.to_owned(), meaning: meaning.to_owned() }
    }
    /// A concept of SNOMED CT.
    #[must_use]
    pub fn sct(value: &str, meaning: &str) -> Self {
        Self::new(value, "SCT", meaning)
    }
    /// A concept of DICOM (PS3.16 annex D).
    #[must_use]
    pub fn dcm(value: &str, meaning: &str) -> Self {
        Self::new(value, "DCM", meaning)
    }
    /// A unit of UCUM; the code is its own meaning.
    #[must_use]
    pub fn ucum(unit: &str) -> Self {
        Self::new(unit, "UCUM", unit)
    }

    /// Whether it is the same concept: value and scheme count, the meaning is for people.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.value == other.value && self.scheme == other.scheme
    }

    pub(crate) fn item(&self) -> InMemDicomObject {
        code(&self.value, &self.scheme, &self.meaning)
    }

    /// The first item of a code sequence; long codes and URNs (0008,0119/0120) stand in for the short value.
    pub(crate) fn of(object: &InMemDicomObject, tag: Tag) -> Option<Self> {
        let item = object.get(tag)?.items()?.first()?;
        let value = [tags::CODE_VALUE, tags::LONG_CODE_VALUE, tags::URN_CODE_VALUE]
            .into_iter()
            .map(|tag| text(item, tag))
            .find(|value| !value.is_empty())?;
        Some(Self {
            value,
            scheme: text(item, tags::CODING_SCHEME_DESIGNATOR),
            meaning: text(item, tags::CODE_MEANING),
        })
    }

    /// Whether it can be written: nothing empty, value and scheme of at most 16 characters, meaning of at most 64,
    /// no backslash.
    pub(crate) fn is_writable(&self) -> bool {
        let fits = |text: &str, most: usize| {
            !text.trim().is_empty()
                && text.chars().count() <= most
                && !text.chars().any(|c| c.is_control() || c == '\\')
        };
        fits(&self.value, 16) && fits(&self.scheme, 16) && fits(&self.meaning, 64)
    }
}
