//! The defined terms of (0008,0005), and the spellings that are met instead.

use encoding_rs::Encoding;

use super::problem::{TextProblem, printable};

/// A set of graphic characters that can be designated to G0 or G1 (PS3.3 tables C.12-2 to C.12-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Graphic {
    /// ISO 646, ISO-IR 6.
    Ascii,
    /// JIS X 0201 romaji, ISO-IR 14.
    Romaji,
    /// JIS X 0201 katakana, ISO-IR 13.
    Katakana,
    /// ISO 8859-1, ISO-IR 100.
    Latin1,
    /// One of the other parts of ISO 8859, or TIS 620; agrees with the encoding from A0H on.
    Part(&'static Encoding),
    /// JIS X 0208, ISO-IR 87.
    Jis0208,
    /// JIS X 0212, ISO-IR 159.
    Jis0212,
    /// KS X 1001, ISO-IR 149.
    KsX1001,
    /// GB 2312, ISO-IR 58.
    Gb2312,
}

impl Graphic {
    /// Whether a character takes two bytes.
    pub(super) const fn is_wide(self) -> bool {
        matches!(self, Self::Jis0208 | Self::Jis0212 | Self::KsX1001 | Self::Gb2312)
    }
}

/// One defined term, by its number in the register of ISO 2375.
pub(super) struct Term {
    number: u16,
    name: &'static str,
    g0: Option<Graphic>,
    g1: Option<Graphic>,
    /// Whether the term is defined with code extensions only.
    extension_only: bool,
}

const fn single(number: u16, name: &'static str, g1: Graphic) -> Term {
    Term { number, name, g0: Some(Graphic::Ascii), g1: Some(g1), extension_only: false }
}

const TERMS: [Term; 18] = [
    Term { number: 6, name: "ISO_IR 6", g0: Some(Graphic::Ascii), g1: None, extension_only: false },
    Term {
        number: 13,
        name: "ISO_IR 13",
        g0: Some(Graphic::Romaji),
        g1: Some(Graphic::Katakana),
        extension_only: false,
    },
    single(100, "ISO_IR 100", Graphic::Latin1),
    single(101, "ISO_IR 101", Graphic::Part(encoding_rs::ISO_8859_2)),
    single(109, "ISO_IR 109", Graphic::Part(encoding_rs::ISO_8859_3)),
    single(110, "ISO_IR 110", Graphic::Part(encoding_rs::ISO_8859_4)),
    single(126, "ISO_IR 126", Graphic::Part(encoding_rs::ISO_8859_7)),
    single(127, "ISO_IR 127", Graphic::Part(encoding_rs::ISO_8859_6)),
    single(138, "ISO_IR 138", Graphic::Part(encoding_rs::ISO_8859_8)),
    single(144, "ISO_IR 144", Graphic::Part(encoding_rs::ISO_8859_5)),
    single(148, "ISO_IR 148", Graphic::Part(encoding_rs::WINDOWS_1254)),
    single(166, "ISO_IR 166", Graphic::Part(encoding_rs::WINDOWS_874)),
    single(203, "ISO_IR 203", Graphic::Part(encoding_rs::ISO_8859_15)),
    Term { number: 58, name: "ISO 2022 IR 58", g0: None, g1: Some(Graphic::Gb2312), extension_only: true },
    Term { number: 87, name: "ISO 2022 IR 87", g0: Some(Graphic::Jis0208), g1: None, extension_only: true },
    Term { number: 149, name: "ISO 2022 IR 149", g0: None, g1: Some(Graphic::KsX1001), extension_only: true },
    Term { number: 159, name: "ISO 2022 IR 159", g0: Some(Graphic::Jis0212), g1: None, extension_only: true },
    // ISO-IR 14 has no term of its own; it comes with 13.
    Term { number: 14, name: "ISO_IR 13", g0: Some(Graphic::Romaji), g1: None, extension_only: true },
];

/// What an escape sequence designates: the bytes after ESC, whether to G1, the set, and the number of its term. Beside
/// those of PS3.3 tables C.12-3 and C.12-4, the older and the G0 forms that are met.
const ESCAPES: [(&[u8], bool, Graphic, u16); 26] = [
    (b"(B", false, Graphic::Ascii, 6),
    (b"(J", false, Graphic::Romaji, 13),
    (b")I", true, Graphic::Katakana, 13),
    (b"-A", true, Graphic::Latin1, 100),
    (b"-B", true, Graphic::Part(encoding_rs::ISO_8859_2), 101),
    (b"-C", true, Graphic::Part(encoding_rs::ISO_8859_3), 109),
    (b"-D", true, Graphic::Part(encoding_rs::ISO_8859_4), 110),
    (b"-F", true, Graphic::Part(encoding_rs::ISO_8859_7), 126),
    (b"-G", true, Graphic::Part(encoding_rs::ISO_8859_6), 127),
    (b"-H", true, Graphic::Part(encoding_rs::ISO_8859_8), 138),
    (b"-L", true, Graphic::Part(encoding_rs::ISO_8859_5), 144),
    (b"-M", true, Graphic::Part(encoding_rs::WINDOWS_1254), 148),
    (b"-T", true, Graphic::Part(encoding_rs::WINDOWS_874), 166),
    (b"-b", true, Graphic::Part(encoding_rs::ISO_8859_15), 203),
    (b"$B", false, Graphic::Jis0208, 87),
    (b"$@", false, Graphic::Jis0208, 87),
    (b"$(B", false, Graphic::Jis0208, 87),
    (b"$(D", false, Graphic::Jis0212, 159),
    (b"$)B", true, Graphic::Jis0208, 87),
    (b"$)D", true, Graphic::Jis0212, 159),
    (b"$)C", true, Graphic::KsX1001, 149),
    (b"$(C", false, Graphic::KsX1001, 149),
    (b"$)A", true, Graphic::Gb2312, 58),
    (b"$(A", false, Graphic::Gb2312, 58),
    (b"$A", false, Graphic::Gb2312, 58),
    (b"(I", false, Graphic::Katakana, 13),
];

/// A designation by an escape sequence.
pub(super) struct Designation {
    /// Bytes after ESC.
    pub(super) length: usize,
    pub(super) to_g1: bool,
    pub(super) graphic: Graphic,
    pub(super) number: u16,
}

/// The designation that the bytes after ESC make.
pub(super) fn designation(after_escape: &[u8]) -> Option<Designation> {
    let (mark, to_g1, graphic, number) =
        ESCAPES.into_iter().find(|(mark, ..)| after_escape.starts_with(mark))?;
    Some(Designation { length: mark.len(), to_g1, graphic, number })
}

/// The name of the term with this number.
pub(super) fn name_of(number: u16) -> &'static str {
    TERMS.iter().find(|term| term.number == number).map_or("ISO_IR 6", |term| term.name)
}

/// How the bytes of a data set are read.
#[derive(Clone, Debug)]
pub(super) enum Mode {
    /// Sets in G0 and G1, changed by escape sequences.
    Elements { g0: Graphic, g1: Option<Graphic>, numbers: Vec<u16> },
    /// One encoding for everything, without escape sequences.
    Whole(&'static Encoding),
}

/// The character sets of one data set: the values of (0008,0005).
#[derive(Clone, Debug)]
pub struct CharacterSets {
    pub(super) mode: Mode,
    /// For messages.
    pub(super) declared: String,
    pub(super) problem: Option<TextProblem>,
}

impl Default for CharacterSets {
    fn default() -> Self {
        Self::new("")
    }
}

/// What one value of (0008,0005) means.
enum Meaning {
    Term(&'static Term),
    Whole(&'static Encoding),
}

impl CharacterSets {
    /// From the value of (0008,0005), values separated by backslashes. Empty is the default repertoire.
    #[must_use]
    pub fn new(declared: &str) -> Self {
        let mut problem = None;
        let mut complain = |new: TextProblem| {
            problem.get_or_insert(new);
        };
        let mut terms: Vec<Option<&'static Term>> = Vec::new();
        let mut whole: Option<(usize, &'static Encoding)> = None;
        // PS3.3 knows 18 terms; more values than that repeat themselves.
        for (place, value) in declared.split('\\').take(32).enumerate() {
            let value = value.trim_matches([' ', '\0']);
            match meaning(value) {
                None if value.is_empty() => terms.push(None),
                None => {
                    complain(TextProblem::Unknown { name: printable(value) });
                    terms.push(None);
                }
                Some((Meaning::Term(term), exact)) => {
                    if !exact {
                        complain(TextProblem::Misspelled { name: printable(value), read_as: term.name });
                    }
                    terms.push(Some(term));
                }
                Some((Meaning::Whole(encoding), exact)) => {
                    if !exact || place > 0 {
                        let read_as = label(encoding);
                        complain(TextProblem::Misspelled { name: printable(value), read_as });
                    }
                    whole.get_or_insert((place, encoding));
                    terms.push(None);
                }
            }
        }
        let first = terms.first().copied().flatten();
        let mode = match whole {
            // Behind a set of its own, UTF-8 or GB18030 cannot be meant.
            Some((place, encoding)) if place == 0 || first.is_none_or(|term| term.number == 6) => {
                Mode::Whole(encoding)
            }
            _ => Mode::Elements {
                g0: first.and_then(|term| term.g0).filter(|g0| !g0.is_wide()).unwrap_or(Graphic::Ascii),
                g1: first.and_then(|term| term.g1),
                numbers: terms.iter().flatten().map(|term| term.number).collect(),
            },
        };
        let declared = printable(declared.trim_matches([' ', '\0']));
        Self { mode, declared: if declared.is_empty() { "none".to_owned() } else { declared }, problem }
    }

    /// What is odd about the declaration itself.
    #[must_use]
    pub const fn problem(&self) -> Option<&TextProblem> {
        self.problem.as_ref()
    }

    /// The set for bytes of the upper half where the first value has none and an escape sequence is missing.
    pub(super) fn only_g1(&self) -> Option<Graphic> {
        let Mode::Elements { numbers, .. } = &self.mode else { return None };
        let mut upper = TERMS.iter().filter(|term| numbers.contains(&term.number)).filter_map(|term| term.g1);
        upper.next().filter(|_| upper.next().is_none())
    }
}

/// What a value means, and whether it is written as PS3.3 defines it.
fn meaning(value: &str) -> Option<(Meaning, bool)> {
    let squashed: String =
        value.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    match squashed.as_str() {
        "ISOIR192" | "ISO2022IR192" | "UTF8" => {
            return Some((Meaning::Whole(encoding_rs::UTF_8), value == "ISO_IR 192"));
        }
        "GB18030" => return Some((Meaning::Whole(encoding_rs::GB18030), value == "GB18030")),
        "GBK" => return Some((Meaning::Whole(encoding_rs::GBK), value == "GBK")),
        "EUCJP" => return Some((Meaning::Whole(encoding_rs::EUC_JP), false)),
        "SHIFTJIS" | "SJIS" | "CP932" | "WINDOWS31J" => {
            return Some((Meaning::Whole(encoding_rs::SHIFT_JIS), false));
        }
        "EUCKR" | "CP949" => return Some((Meaning::Whole(encoding_rs::EUC_KR), false)),
        "ASCII" | "ISO646" => return Some((Meaning::Term(&TERMS[0]), false)),
        _ => {}
    }
    let number = ["ISO2022IR", "ISOIR", "IR"].iter().find_map(|head| squashed.strip_prefix(head));
    let number = number.and_then(|number| number.parse::<u16>().ok());
    if let Some(term) = TERMS.iter().find(|term| Some(term.number) == number) {
        let extension = value.strip_prefix("ISO 2022 IR ").and_then(|n| n.parse().ok());
        let plain = value.strip_prefix("ISO_IR ").and_then(|n| n.parse().ok());
        let exact = extension == number || (plain == number && !term.extension_only);
        return Some((Meaning::Term(term), exact && term.number != 14));
    }
    let part = squashed.strip_prefix("ISO8859").or_else(|| squashed.strip_prefix("8859"));
    let number = match (part, squashed.as_str()) {
        (Some("1"), _) | (None, "LATIN1") => 100,
        (Some("2"), _) | (None, "LATIN2") => 101,
        (Some("3"), _) => 109,
        (Some("4"), _) => 110,
        (Some("5"), _) => 144,
        (Some("6"), _) => 127,
        (Some("7"), _) => 126,
        (Some("8"), _) => 138,
        (Some("9"), _) => 148,
        (Some("11"), _) => 166,
        (Some("15"), _) => 203,
        _ => {
            let encoding = Encoding::for_label(value.as_bytes())?;
            return Some((Meaning::Whole(encoding), false));
        }
    };
    TERMS.iter().find(|term| term.number == number).map(|term| (Meaning::Term(term), false))
}

/// How messages name an encoding.
pub(super) fn label(encoding: &'static Encoding) -> &'static str {
    if encoding == encoding_rs::GB18030 { "GB18030" } else { encoding.name() }
}
