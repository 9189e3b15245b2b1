//! What is in an object, line by line, for people who look for a fault.
//!
//! The guard walks over the bytes and tells what it comes by; nothing is handed to another parser. Values are cut, control
//! characters are replaced (a value could steer the terminal it is printed on), a damaged object is shown up to the damage.
//! The lines say who the patient is: they are for a screen, never for a log.

use std::fmt::Write as _;

use casebank_case::Phi;
use dicom_core::Tag;
use dicom_core::dictionary::{DataDictionary as _, DataDictionaryEntry, VirtualVr};
use dicom_dictionary_std::StandardDataDictionary;
use dicom_encoding::text::{SpecificCharacterSet, TextCodec as _};

use crate::prescan::{Encoding, Limits, PrescanError, Seen, scan_heard};

/// How much of an object is told.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DumpLimits {
    /// Most lines (100,000).
    pub lines: usize,
    /// Longest value in characters (128).
    pub characters: usize,
}

impl Default for DumpLimits {
    fn default() -> Self {
        Self { lines: 100_000, characters: 128 }
    }
}

/// What is in an object.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Dump {
    /// Transfer Syntax UID (0002,0010), or the one that the data set is evidently written in.
    pub transfer_syntax: String,
    /// The lines in order.
    pub lines: Vec<DumpLine>,
    /// Lines beyond [`DumpLimits::lines`].
    pub left_out: u64,
    /// Where and why the walk stopped; `None` where the object is whole.
    pub damage: Option<PrescanError>,
}

/// One element, or the start of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DumpLine {
    /// Sequences around it.
    pub depth: usize,
    /// What it is.
    pub part: Part,
}

/// What a line is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// An element.
    Element {
        /// The tag.
        tag: Tag,
        /// Value representation: as written, or as the dictionary says in implicit VR; `UN` where neither knows.
        vr: String,
        /// Keyword of the dictionary; for private elements the creator in brackets where it says one.
        keyword: String,
        /// Bytes of the value; `None` where the length is undefined.
        bytes: Option<u32>,
        /// The value in words; empty for sequences.
        value: Phi<String>,
        /// Whether the value was cut.
        cut: bool,
    },
    /// The start of an item of a sequence.
    Item,
    /// A fragment of encapsulated pixel data, or the offset table before the first.
    Fragment {
        /// Its bytes.
        bytes: usize,
    },
}

/// Tells what is in an object.
///
/// # Errors
/// [`PrescanError`] where it is not DICOM at all, or too large. Damage further on is in [`Dump::damage`].
pub fn dump(bytes: &[u8], limits: &DumpLimits) -> Result<Dump, PrescanError> {
    let (mut seen, mut left_out, mut meta) = (Vec::new(), 0, 0);
    let (scan, outcome) = scan_heard(bytes, &Limits::default(), &mut |next| {
        meta += usize::from(matches!(next, Seen::Element { tag: Tag(2, _), .. }));
        if seen.len() < limits.lines {
            seen.push(next);
        } else {
            left_out += 1;
        }
    })?;
    let mut teller = Teller { codec: SpecificCharacterSet::default(), creators: Vec::new(), limits };
    let lines = seen.into_iter().enumerate().map(|(n, seen)| {
        // Ranges of the file meta information are of the file, also where the data set had to be inflated.
        teller.line(if n < meta { bytes } else { scan.data() }, seen)
    });
    Ok(Dump {
        lines: lines.collect(),
        transfer_syntax: scan.transfer_syntax.clone(),
        left_out,
        damage: outcome.err().or_else(|| scan.ambiguous.clone()),
    })
}

struct Teller<'a> {
    codec: SpecificCharacterSet,
    /// Private creators by depth, group and block, as long as their data set is open.
    creators: Vec<(usize, u16, u16, String)>,
    limits: &'a DumpLimits,
}

/// Most private creators that are remembered at a time.
const CREATORS: usize = 1000;

impl Teller<'_> {
    fn line(&mut self, data: &[u8], seen: Seen) -> DumpLine {
        match seen {
            Seen::Item { depth } => {
                self.creators.retain(|(of, ..)| *of < depth);
                DumpLine { depth, part: Part::Item }
            }
            Seen::Fragment { value, depth } => {
                DumpLine { depth, part: Part::Fragment { bytes: value.len() } }
            }
            Seen::Element { tag, vr, value, length, depth, encoding } => {
                self.creators.retain(|(of, ..)| *of <= depth);
                let value = data.get(value).unwrap_or_default();
                let vr = vr.filter(|vr| vr.iter().all(u8::is_ascii_uppercase)).unwrap_or_else(|| known(tag));
                let keyword = self.keyword(tag, value, depth);
                if tag == Tag(0x0008, 0x0005) {
                    let code = String::from_utf8_lossy(value);
                    let first = code.split('\\').map(str::trim).find(|code| !code.is_empty()).unwrap_or("");
                    self.codec =
                        SpecificCharacterSet::from_code(first.trim_end_matches('\0')).unwrap_or_default();
                }
                let (text, cut) = self.value(vr, value, encoding);
                let vr = String::from_utf8_lossy(&vr).into_owned();
                let value = Phi::new(text);
                DumpLine { depth, part: Part::Element { tag, vr, keyword, bytes: length, value, cut } }
            }
        }
    }

    /// The dictionary's keyword, or whose private element it is.
    fn keyword(&mut self, tag: Tag, value: &[u8], depth: usize) -> String {
        let Tag(group, element) = tag;
        if group % 2 == 0 {
            let entry = StandardDataDictionary.by_tag(tag);
            return entry.map_or_else(String::new, |entry| entry.alias().to_owned());
        }
        if (0x10..=0xFF).contains(&element) {
            let name = clean(&String::from_utf8_lossy(value), 64).0;
            if self.creators.len() < CREATORS {
                self.creators.push((depth, group, element, name));
            }
            return "PrivateCreator".to_owned();
        }
        let owner = self
            .creators
            .iter()
            .rev()
            .find(|(of, g, block, _)| *of == depth && *g == group && *block == element >> 8);
        owner.map_or_else(|| "[private]".to_owned(), |(.., name)| format!("[{name}]"))
    }

    /// The value in words, and whether it was cut.
    fn value(&self, vr: [u8; 2], value: &[u8], encoding: Encoding) -> (String, bool) {
        let most = self.limits.characters;
        let big = encoding.big_endian;
        match &vr {
            b"SQ" => (String::new(), false),
            b"US" => {
                numbers::<2, _>(
                    value,
                    most,
                    |v| if big { u16::from_be_bytes(v) } else { u16::from_le_bytes(v) },
                )
            }
            b"SS" => {
                numbers::<2, _>(
                    value,
                    most,
                    |v| if big { i16::from_be_bytes(v) } else { i16::from_le_bytes(v) },
                )
            }
            b"UL" => {
                numbers::<4, _>(
                    value,
                    most,
                    |v| if big { u32::from_be_bytes(v) } else { u32::from_le_bytes(v) },
                )
            }
            b"SL" => {
                numbers::<4, _>(
                    value,
                    most,
                    |v| if big { i32::from_be_bytes(v) } else { i32::from_le_bytes(v) },
                )
            }
            b"UV" => {
                numbers::<8, _>(
                    value,
                    most,
                    |v| if big { u64::from_be_bytes(v) } else { u64::from_le_bytes(v) },
                )
            }
            b"SV" => {
                numbers::<8, _>(
                    value,
                    most,
                    |v| if big { i64::from_be_bytes(v) } else { i64::from_le_bytes(v) },
                )
            }
            b"FL" => {
                numbers::<4, _>(
                    value,
                    most,
                    |v| if big { f32::from_be_bytes(v) } else { f32::from_le_bytes(v) },
                )
            }
            b"FD" => {
                numbers::<8, _>(
                    value,
                    most,
                    |v| if big { f64::from_be_bytes(v) } else { f64::from_le_bytes(v) },
                )
            }
            b"AT" => numbers::<4, _>(value, most, |[a, b, c, d]| {
                let (group, element) = if big { ([a, b], [c, d]) } else { ([b, a], [d, c]) };
                Tag(u16::from_be_bytes(group), u16::from_be_bytes(element))
            }),
            b"OB" | b"OW" | b"OF" | b"OD" | b"OL" | b"OV" | b"UN" => hex(value, most),
            _ => {
                // Four bytes a character at most, and a little more, so that the cut shows.
                let part = value.get(..(most + 1) * 4).unwrap_or(value);
                let text = self.codec.decode(part);
                let text = text.unwrap_or_else(|_| String::from_utf8_lossy(part).into_owned());
                let (text, cut) = clean(text.trim_end_matches(['\0', ' ']), most);
                (text, cut || part.len() < value.len())
            }
        }
    }
}

/// What the dictionary says of an element without a written representation; `US` where it leaves a choice.
fn known(tag: Tag) -> [u8; 2] {
    match StandardDataDictionary.by_tag(tag).map(DataDictionaryEntry::vr) {
        Some(VirtualVr::Exact(vr)) => vr.to_bytes(),
        Some(VirtualVr::Xs | VirtualVr::Lt) => *b"US",
        Some(VirtualVr::Ox | VirtualVr::Px) => *b"OW",
        _ if tag.1 == 0 => *b"UL",
        _ if tag.0 % 2 == 1 && (0x10..=0xFF).contains(&tag.1) => *b"LO",
        _ => *b"UN",
    }
}

/// The text without anything that a terminal would obey: control characters and marks of writing direction.
fn clean(text: &str, most: usize) -> (String, bool) {
    let obeyed = |c: char| c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let mut characters = text.chars();
    let kept = characters.by_ref().take(most).map(|c| if obeyed(c) { '·' } else { c }).collect();
    (kept, characters.next().is_some())
}

fn numbers<const N: usize, T: std::fmt::Display>(
    value: &[u8],
    most: usize,
    number: impl Fn([u8; N]) -> T,
) -> (String, bool) {
    let mut text = String::new();
    for chunk in value.chunks_exact(N).filter_map(|chunk| chunk.try_into().ok()) {
        if text.len() > most {
            return (text, true);
        }
        let between = if text.is_empty() { "" } else { "\\" };
        write!(text, "{between}{}", number(chunk)).unwrap_or_default();
    }
    (text, false)
}

fn hex(value: &[u8], most: usize) -> (String, bool) {
    let mut text = String::new();
    for byte in value.iter().take(most / 3) {
        let between = if text.is_empty() { "" } else { " " };
        write!(text, "{between}{byte:02x}").unwrap_or_default();
    }
    (text, value.len() > most / 3)
}
