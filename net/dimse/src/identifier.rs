//! Identifiers: the small flat data sets of queries and answers (PS3.4 annex C).

use casebank_dicom::prescan;
use casebank_dicom::text::CharacterSets;

use crate::part10::{self, Meta};
use crate::text::{Written, kind};
use crate::uids;

/// A tag as group and element.
pub(crate) type Tag = (u16, u16);

pub(crate) mod tag {
    use super::Tag;

    pub(crate) const CHARACTER_SET: Tag = (0x0008, 0x0005);
    pub(crate) const CLASS: Tag = (0x0008, 0x0016);
    pub(crate) const INSTANCE: Tag = (0x0008, 0x0018);
    pub(crate) const STUDY_DATE: Tag = (0x0008, 0x0020);
    pub(crate) const STUDY_TIME: Tag = (0x0008, 0x0030);
    pub(crate) const ACCESSION: Tag = (0x0008, 0x0050);
    pub(crate) const LEVEL: Tag = (0x0008, 0x0052);
    pub(crate) const FAILED_LIST: Tag = (0x0008, 0x0058);
    pub(crate) const MODALITY: Tag = (0x0008, 0x0060);
    pub(crate) const MODALITIES: Tag = (0x0008, 0x0061);
    pub(crate) const STUDY_DESCRIPTION: Tag = (0x0008, 0x1030);
    pub(crate) const SERIES_DESCRIPTION: Tag = (0x0008, 0x103e);
    pub(crate) const PATIENT_NAME: Tag = (0x0010, 0x0010);
    pub(crate) const PATIENT_ID: Tag = (0x0010, 0x0020);
    pub(crate) const BIRTH_DATE: Tag = (0x0010, 0x0030);
    pub(crate) const SEX: Tag = (0x0010, 0x0040);
    pub(crate) const STUDY: Tag = (0x0020, 0x000d);
    pub(crate) const SERIES: Tag = (0x0020, 0x000e);
    pub(crate) const SERIES_NUMBER: Tag = (0x0020, 0x0011);
    pub(crate) const INSTANCE_NUMBER: Tag = (0x0020, 0x0013);
    pub(crate) const STUDY_SERIES_COUNT: Tag = (0x0020, 0x1206);
    pub(crate) const STUDY_INSTANCE_COUNT: Tag = (0x0020, 0x1208);
    pub(crate) const SERIES_INSTANCE_COUNT: Tag = (0x0020, 0x1209);
}

/// Elements to send, ascending by tag.
#[derive(Clone, Debug, Default)]
pub(crate) struct Elements(Vec<(Tag, [u8; 2], String)>);

impl Elements {
    pub(crate) fn put(&mut self, tag: Tag, vr: [u8; 2], value: &str) {
        let place = self.0.partition_point(|(other, _, _)| *other < tag);
        self.0.insert(place, (tag, vr, value.to_owned()));
    }

    /// Whether every value is the same in all character sets.
    pub(crate) fn is_ascii(&self) -> bool {
        self.0.iter().all(|(_, _, value)| value.is_ascii())
    }

    /// The bytes in explicit or implicit little endian, with text in UTF-8.
    pub(crate) fn encode(&self, syntax: &str) -> Vec<u8> {
        self.encode_in(syntax, Written::Utf8).unwrap_or_default()
    }

    /// The same with text in another set, which (0008,0005) then names if it is there; `None` where the set lacks a
    /// character.
    pub(crate) fn encode_in(&self, syntax: &str, set: Written) -> Option<Vec<u8>> {
        let explicit = syntax != uids::IMPLICIT_LE;
        let mut out = Vec::new();
        for ((group, element), vr, value) in &self.0 {
            let declares = (*group, *element) == tag::CHARACTER_SET;
            let value = set.encode(if declares { set.term() } else { value })?;
            let padded = value.len() + value.len() % 2;
            out.extend_from_slice(&group.to_le_bytes());
            out.extend_from_slice(&element.to_le_bytes());
            if explicit {
                out.extend_from_slice(vr);
                out.extend_from_slice(&(padded as u16).to_le_bytes());
            } else {
                out.extend_from_slice(&(padded as u32).to_le_bytes());
            }
            out.extend_from_slice(&value);
            out.resize(out.len() + padded - value.len(), if vr == b"UI" { 0 } else { b' ' });
        }
        Some(out)
    }
}

/// A received identifier: its top-level elements that are no sequences.
#[derive(Clone, Debug)]
pub(crate) struct Identifier {
    bytes: Vec<u8>,
    values: Vec<(Tag, std::ops::Range<usize>)>,
    sets: CharacterSets,
}

impl Identifier {
    /// Reads a data set in explicit or implicit little endian. It passes casebank's guard first, so that nesting and
    /// lengths are known to be sound. The error is a sentence part.
    pub(crate) fn decode(data: &[u8], syntax: &str) -> Result<Self, String> {
        if data.is_empty() {
            return Ok(Self { bytes: Vec::new(), values: Vec::new(), sets: CharacterSets::default() });
        }
        let meta = Meta { class: uids::STUDY_FIND.into(), instance: "2.25.0".into(), syntax: syntax.into() };
        let mut file = part10::head(&meta);
        file.extend_from_slice(data);
        let checked =
            prescan(&file).map_err(|error| format!("an identifier that cannot be read: {error}"))?;
        drop(checked);
        let explicit = syntax != uids::IMPLICIT_LE;
        let bytes = data.to_vec();
        let mut values = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let (tag, vr, range, next) =
                element(&bytes, at, explicit).ok_or("an identifier that is cut off")?;
            // a sequence of undefined length: nothing we ask for lies in or behind its items at a higher level
            let next = match next {
                Some(next) => next,
                None => skip_undefined(&bytes, range.start, explicit)
                    .ok_or("an identifier with an endless sequence")?,
            };
            if vr != *b"SQ" {
                values.push((tag, range));
            }
            at = next;
        }
        let mut this = Self { bytes, values, sets: CharacterSets::default() };
        if let Some(sets) = this.text(tag::CHARACTER_SET) {
            this.sets = CharacterSets::new(&sets);
        }
        Ok(this)
    }

    /// The text of an element; empty is `None`.
    pub(crate) fn text(&self, tag: Tag) -> Option<String> {
        let (_, range) = self.values.iter().find(|(other, _)| *other == tag)?;
        let read = self.sets.decode(&self.bytes[range.clone()], kind(tag));
        if let Some(problem) = read.problem.as_ref().or(self.sets.problem()) {
            tracing::debug!(%problem, "text of an answer");
        }
        Some(read.text).filter(|text| !text.is_empty())
    }
}

type Element = (Tag, [u8; 2], std::ops::Range<usize>, Option<usize>);

/// The element at `at`: tag, VR, its value, and where the next one starts (`None` for an undefined length).
fn element(bytes: &[u8], at: usize, explicit: bool) -> Option<Element> {
    let head = bytes.get(at..)?.first_chunk::<8>()?;
    let tag = (u16::from_le_bytes([head[0], head[1]]), u16::from_le_bytes([head[2], head[3]]));
    let vr = [head[4], head[5]];
    let long = matches!(
        &vr,
        b"OB" | b"OW" | b"OD" | b"OF" | b"OL" | b"OV" | b"SQ" | b"SV" | b"UC" | b"UN" | b"UR" | b"UT" | b"UV"
    );
    // items and delimiters have no VR in any transfer syntax
    let (length, start) = if !explicit || tag.0 == 0xfffe {
        (u32::from_le_bytes([head[4], head[5], head[6], head[7]]), at + 8)
    } else if long {
        (u32::from_le_bytes(*bytes.get(at + 8..)?.first_chunk::<4>()?), at + 12)
    } else {
        (u32::from(u16::from_le_bytes([head[6], head[7]])), at + 8)
    };
    if length == u32::MAX {
        return Some((tag, *b"SQ", start..start, None));
    }
    let end = start.checked_add(length as usize).filter(|end| *end <= bytes.len())?;
    Some((tag, if explicit { vr } else { *b"UN" }, start..end, Some(end)))
}

/// Where the data go on after a sequence or item of undefined length whose content starts at `at`.
fn skip_undefined(bytes: &[u8], mut at: usize, explicit: bool) -> Option<usize> {
    let mut depth = 1_u32;
    while depth > 0 {
        let (tag, _, range, next) = element(bytes, at, explicit)?;
        match (tag, next) {
            ((0xfffe, 0xe00d | 0xe0dd), _) => {
                depth -= 1;
                at = range.start;
            }
            (_, None) => {
                depth += 1;
                at = range.start;
            }
            (_, Some(next)) => at = next,
        }
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Elements {
        let mut elements = Elements::default();
        elements.put(tag::PATIENT_NAME, *b"PN", "Wang^XiaoDong=王^小東");
        elements.put(tag::CHARACTER_SET, *b"CS", "ISO_IR 192");
        elements.put(tag::STUDY, *b"UI", "1.2.3");
        elements
    }

    #[test]
    fn what_is_sent_is_read() {
        for syntax in uids::PLAIN {
            let read = Identifier::decode(&sample().encode(syntax), syntax).unwrap();
            assert_eq!(read.text(tag::PATIENT_NAME).unwrap(), "Wang^XiaoDong=王^小東");
            assert_eq!(read.text(tag::STUDY).unwrap(), "1.2.3");
            assert_eq!(read.text(tag::SERIES), None);
        }
    }

    #[test]
    fn answers_in_other_sets_are_read() {
        let bytes = sample().encode_in(uids::EXPLICIT_LE, Written::Gb18030).unwrap();
        assert!(bytes.windows(7).any(|w| w == b"GB18030"));
        let read = Identifier::decode(&bytes, uids::EXPLICIT_LE).unwrap();
        assert_eq!(read.text(tag::PATIENT_NAME).unwrap(), "Wang^XiaoDong=王^小東");
        // PS3.5 annex K, as an archive sends it
        let name: &[u8] = b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=";
        let length = (name.len() as u16).to_le_bytes();
        let mut bytes = b"\x08\x00\x05\x00CS\x10\x00\\ISO 2022 IR 58 \x10\x00\x10\x00PN".to_vec();
        bytes.extend_from_slice(&length);
        bytes.extend_from_slice(name);
        let read = Identifier::decode(&bytes, uids::EXPLICIT_LE).unwrap();
        assert_eq!(read.text(tag::PATIENT_NAME).unwrap(), "Zhang^XiaoDong=张^小东=");
    }

    #[test]
    fn sequences_are_passed_over() {
        // (0008,1140) SQ of undefined length with an item of undefined length that holds a UID
        let mut bytes = vec![8, 0, 0x40, 0x11, b'S', b'Q', 0, 0, 255, 255, 255, 255];
        bytes.extend_from_slice(&[0xfe, 0xff, 0, 0xe0, 255, 255, 255, 255]);
        bytes.extend_from_slice(&[0x20, 0, 0x0d, 0, b'U', b'I', 2, 0, b'9', 0]);
        bytes.extend_from_slice(&[0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0]);
        bytes.extend_from_slice(&[0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
        let mut study = Elements::default();
        study.put(tag::STUDY, *b"UI", "1.2.3");
        bytes.extend_from_slice(&study.encode(uids::EXPLICIT_LE));
        let read = Identifier::decode(&bytes, uids::EXPLICIT_LE).unwrap();
        assert_eq!(read.text(tag::STUDY).unwrap(), "1.2.3");
    }

    #[test]
    fn mutated_identifiers_never_panic() {
        for syntax in uids::PLAIN {
            let good = sample().encode(syntax);
            let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
            for _ in 0..2000 {
                let mut bytes = good.clone();
                for _ in 0..3 {
                    seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                    let place = (seed >> 33) as usize % bytes.len();
                    bytes[place] = (seed >> 20) as u8;
                }
                bytes.truncate((seed >> 12) as usize % (good.len() + 1));
                if let Ok(read) = Identifier::decode(&bytes, syntax) {
                    let _name = read.text(tag::PATIENT_NAME);
                }
            }
        }
    }
}
