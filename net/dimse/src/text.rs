//! Text of identifiers: which character set a query is sent in, and how an answer is read.

use casebank_dicom::text::{TextKind, gb18030};

use crate::identifier::{Tag, tag};

/// A character set that a query is sent in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Written {
    /// ISO_IR 192.
    #[default]
    Utf8,
    /// GB18030: archives that compare bytes hold what Chinese modalities sent in it.
    Gb18030,
}

impl Written {
    /// Every set that a query is asked in, in order. ASCII is the same in all of them.
    pub(crate) const fn sets_for(query_is_ascii: bool) -> &'static [Self] {
        if query_is_ascii { &[Self::Utf8] } else { &[Self::Utf8, Self::Gb18030] }
    }

    /// Its defined term (PS3.3 C.12.1.1.2).
    pub(crate) const fn term(self) -> &'static str {
        match self {
            Self::Utf8 => "ISO_IR 192",
            Self::Gb18030 => "GB18030",
        }
    }

    /// The bytes of a value; `None` for a character that the set does not have.
    pub(crate) fn encode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Utf8 => Some(text.as_bytes().to_vec()),
            Self::Gb18030 => gb18030(text),
        }
    }
}

/// How the text of an element is delimited. All that is not a name here is SH, LO, or plain ASCII.
pub(crate) fn kind(tag: Tag) -> TextKind {
    if tag == tag::PATIENT_NAME { TextKind::Name } else { TextKind::Line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_ascii_is_asked_twice() {
        assert_eq!(Written::sets_for(true), [Written::Utf8]);
        let bytes = |text| Written::sets_for(false).iter().map(|set| set.encode(text)).collect::<Vec<_>>();
        assert_eq!(bytes("王*"), [Some("王*".as_bytes().to_vec()), Some(b"\xcd\xf5*".to_vec())]);
        assert_eq!(bytes("\u{E5E5}")[1], None, "the one character without a code");
    }
}
