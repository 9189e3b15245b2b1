//! Bytes to text.

use encoding_rs::Encoding;

use super::charset::{CharacterSets, Graphic, Mode, designation, name_of};
use super::guess::guess;
use super::problem::TextProblem;

/// Which characters end a value or a part of it, and with it what an escape sequence has designated (PS3.5 section
/// 6.1.2.5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// PN: backslash between values, `=` between groups, `^` between components.
    Name,
    /// SH, LO, UC: backslash between values.
    Line,
    /// ST, LT, UT: one value, a backslash is a character.
    Block,
}

impl TextKind {
    const fn ends_at(self, byte: u8) -> bool {
        match self {
            Self::Name => matches!(byte, b'\\' | b'^' | b'='),
            Self::Line => byte == b'\\',
            Self::Block => false,
        }
    }
}

/// Decoded text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Without padding; several values are separated by a backslash.
    pub text: String,
    /// What was guessed or could not be read.
    pub problem: Option<TextProblem>,
}

/// What decoding by the declaration gave.
#[derive(Default)]
struct Reading {
    text: String,
    /// Bytes or characters that could not be read.
    lost: usize,
    /// The term of the first escape sequence, or of upper bytes without one, that was not declared.
    undeclared: Option<u16>,
}

impl Reading {
    fn lose(&mut self) {
        self.lost += 1;
        self.text.push(char::REPLACEMENT_CHARACTER);
    }
}

impl CharacterSets {
    /// Decodes one value field. Never fails: what cannot be read becomes U+FFFD. What is odd about the declaration itself
    /// is not repeated here.
    #[must_use]
    pub fn decode(&self, bytes: &[u8], kind: TextKind) -> Decoded {
        let bytes = trimmed(bytes);
        if bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) && !self.has_romaji() {
            return Decoded { text: String::from_utf8_lossy(bytes).into_owned(), problem: None };
        }
        let reading = match &self.mode {
            Mode::Whole(encoding) => whole(encoding, bytes),
            Mode::Elements { g0, g1, numbers } => self.elements(bytes, kind, (*g0, *g1), numbers),
        };
        if reading.lost > 0
            && let Some((text, read_as)) = guess(bytes, &self.mode)
        {
            let problem = TextProblem::Undeclared { declared: self.declared.clone(), read_as };
            return Decoded { text: text.trim_matches([' ', '\0']).to_owned(), problem: Some(problem) };
        }
        let declared = || self.declared.clone();
        let problem = match (reading.lost, reading.undeclared) {
            (0, None) => None,
            (0, Some(number)) => {
                Some(TextProblem::Undeclared { declared: declared(), read_as: name_of(number) })
            }
            _ => Some(TextProblem::Undecodable { declared: declared() }),
        };
        Decoded { text: reading.text.trim_matches([' ', '\0']).to_owned(), problem }
    }

    const fn has_romaji(&self) -> bool {
        matches!(self.mode, Mode::Elements { g0: Graphic::Romaji, .. })
    }

    fn elements(
        &self,
        bytes: &[u8],
        kind: TextKind,
        start: (Graphic, Option<Graphic>),
        numbers: &[u16],
    ) -> Reading {
        let mut out = Reading::default();
        let (mut g0, mut g1) = start;
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let next = bytes.get(at + 1).copied();
            match byte {
                0x1B => match designation(bytes.get(at + 1..).unwrap_or_default()) {
                    Some(made) => {
                        if made.to_g1 {
                            g1 = Some(made.graphic);
                        } else {
                            g0 = made.graphic;
                        }
                        // Back to ASCII needs no declaration.
                        if made.number != 6 && !numbers.contains(&made.number) {
                            out.undeclared.get_or_insert(made.number);
                        }
                        at += made.length;
                    }
                    None => out.lose(),
                },
                0x00..=0x1F => {
                    (g0, g1) = start;
                    out.text.push(char::from(byte));
                }
                0x20 | 0x7F => out.text.push(char::from(byte)),
                0x21..=0x7E if g0.is_wide() => match next.filter(|n| (0x21..=0x7E).contains(n)) {
                    Some(trail) => {
                        pair(g0, byte, trail, &mut out);
                        at += 1;
                    }
                    // The writer forgot to go back before a delimiter.
                    None if kind.ends_at(byte) => {
                        (g0, g1) = start;
                        out.text.push(char::from(byte));
                    }
                    None => out.lose(),
                },
                0x21..=0x7E if kind.ends_at(byte) => {
                    (g0, g1) = start;
                    out.text.push(char::from(byte));
                }
                0x21..=0x7E => out.text.push(lower(g0, byte)),
                0x80..=0x9F => out.lose(),
                0xA0..=0xFF => {
                    let upper = g1.or_else(|| {
                        let only = self.only_g1()?;
                        out.undeclared.get_or_insert(number_of(only));
                        Some(only)
                    });
                    match (upper, next.filter(|n| *n >= 0xA1)) {
                        (Some(wide), Some(trail)) if wide.is_wide() && byte >= 0xA1 => {
                            pair(wide, byte, trail, &mut out);
                            at += 1;
                        }
                        (Some(wide), _) if wide.is_wide() => out.lose(),
                        (Some(narrow), _) => match upper_half(narrow, byte) {
                            Some(letter) => out.text.push(letter),
                            None => out.lose(),
                        },
                        (None, _) => out.lose(),
                    }
                }
            }
            at += 1;
        }
        out
    }
}

/// The number of the term whose escape sequence was left out.
const fn number_of(graphic: Graphic) -> u16 {
    match graphic {
        Graphic::Gb2312 => 58,
        Graphic::KsX1001 => 149,
        Graphic::Katakana => 13,
        _ => 100,
    }
}

/// Without padding, which is a space or, wrongly, a NUL.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| !matches!(byte, b' ' | 0)).map_or(0, |last| last + 1);
    let start = bytes.iter().position(|byte| !matches!(byte, b' ' | 0)).unwrap_or(end);
    bytes.get(start..end).unwrap_or_default()
}

fn whole(encoding: &'static Encoding, bytes: &[u8]) -> Reading {
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    let lost = text.matches(char::REPLACEMENT_CHARACTER).count();
    Reading { text: text.into_owned(), lost, undeclared: None }
}

/// A character of G0 of one byte.
fn lower(graphic: Graphic, byte: u8) -> char {
    match (graphic, byte) {
        (Graphic::Romaji, b'\\') => '¥',
        (Graphic::Romaji, b'~') => '‾',
        (Graphic::Katakana, 0x21..=0x5F) => katakana(byte | 0x80).unwrap_or(char::REPLACEMENT_CHARACTER),
        _ => char::from(byte),
    }
}

/// A character of G1 of one byte.
fn upper_half(graphic: Graphic, byte: u8) -> Option<char> {
    match graphic {
        Graphic::Latin1 => Some(char::from(byte)),
        Graphic::Katakana => katakana(byte),
        Graphic::Part(encoding) => one(encoding, &[byte]),
        _ => None,
    }
}

fn katakana(byte: u8) -> Option<char> {
    let place = byte.checked_sub(0xA1).filter(|place| *place <= 0x3E)?;
    char::from_u32(0xFF61 + u32::from(place))
}

/// A character of two bytes, in either half.
fn pair(graphic: Graphic, lead: u8, trail: u8, out: &mut Reading) {
    let (lead, trail) = (lead | 0x80, trail | 0x80);
    let letter = match graphic {
        Graphic::Jis0208 => one(encoding_rs::EUC_JP, &[lead, trail]).map(jis_not_windows),
        Graphic::Jis0212 => {
            one(encoding_rs::EUC_JP, &[0x8F, lead, trail]).map(|c| if c == '～' { '~' } else { c })
        }
        Graphic::KsX1001 => one(encoding_rs::EUC_KR, &[lead, trail]),
        Graphic::Gb2312 => one(encoding_rs::GBK, &[lead, trail]),
        _ => None,
    };
    match letter {
        Some(letter) => out.text.push(letter),
        None => out.lose(),
    }
}

/// The six characters of JIS X 0208 that the web, following Windows, gives full-width forms.
const fn jis_not_windows(letter: char) -> char {
    match letter {
        '\u{FF5E}' => '\u{301C}',
        '\u{2225}' => '\u{2016}',
        '\u{FF0D}' => '\u{2212}',
        '\u{FFE0}' => '\u{A2}',
        '\u{FFE1}' => '\u{A3}',
        '\u{FFE2}' => '\u{AC}',
        other => other,
    }
}

fn one(encoding: &'static Encoding, bytes: &[u8]) -> Option<char> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    let mut letters = text.chars();
    letters.next().filter(|_| letters.next().is_none())
}

/// Text in GB18030, which has every character of Unicode except one for private use; `None` for that one.
#[must_use]
pub fn gb18030(text: &str) -> Option<Vec<u8>> {
    let (bytes, _, lossy) = encoding_rs::GB18030.encode(text);
    (!lossy).then(|| bytes.into_owned())
}
