//! Text of a foreign data set to Rust strings (PS3.5 §6.1).

use dicom_encoding::text::{SpecificCharacterSet, TextCodec as _};

/// What an escape sequence switches to (PS3.3 table C.12-3 and C.12-4).
const ESCAPES: [(&[u8], &str); 16] = [
    (b"$)A", "ISO 2022 IR 58"),
    (b"$)C", "ISO 2022 IR 149"),
    (b"$B", "ISO 2022 IR 87"),
    (b"$@", "ISO 2022 IR 87"),
    (b"(B", "ISO 2022 IR 6"),
    (b"(J", "ISO 2022 IR 13"),
    (b")I", "ISO 2022 IR 13"),
    (b"-A", "ISO 2022 IR 100"),
    (b"-B", "ISO 2022 IR 101"),
    (b"-C", "ISO 2022 IR 109"),
    (b"-D", "ISO 2022 IR 110"),
    (b"-F", "ISO 2022 IR 126"),
    (b"-G", "ISO 2022 IR 127"),
    (b"-H", "ISO 2022 IR 138"),
    (b"-L", "ISO 2022 IR 144"),
    (b"-T", "ISO 2022 IR 166"),
];

/// Decodes text of one data set.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    first: SpecificCharacterSet,
}

impl Decoder {
    /// For the value of (0008,0005); text in a character set that nobody defined is read as ASCII.
    pub(crate) fn new(character_sets: &str) -> Self {
        let first = character_sets.split('\\').next().unwrap_or_default().trim();
        let first = if first.is_empty() { "ISO_IR 6" } else { first };
        Self { first: SpecificCharacterSet::from_code(first).unwrap_or(SpecificCharacterSet::ISO_IR_6) }
    }

    /// The text without padding. Bytes that the character set does not have become U+FFFD.
    pub(crate) fn decode(&self, bytes: &[u8]) -> String {
        let mut out = String::new();
        // each run between escape sequences has its own character set; GB18030 and UTF-8 never contain the escape byte
        for (place, run) in bytes.split(|byte| *byte == 0x1b).enumerate() {
            let escape = ESCAPES.iter().find(|(mark, _)| place > 0 && run.starts_with(mark));
            match escape {
                Some((mark, code)) => {
                    let set = SpecificCharacterSet::from_code(code).unwrap_or(SpecificCharacterSet::ISO_IR_6);
                    let run = &run[mark.len()..];
                    if *code == "ISO 2022 IR 87" {
                        // this codec wants to see the escape sequence itself
                        out.push_str(&decode(&set, &[&[0x1b][..], mark, run].concat()));
                    } else {
                        out.push_str(&decode(&set, run));
                    }
                }
                None => out.push_str(&decode(&self.first, run)),
            }
        }
        out.trim_matches(['\0', ' ']).to_owned()
    }
}

fn decode(set: &SpecificCharacterSet, bytes: &[u8]) -> String {
    // ASCII says the same in every set used here, and the default codec refuses anything else
    if bytes.is_ascii() && !bytes.contains(&0x1b) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    set.decode(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_s_names_come_out() {
        // PS3.5 annexes H, I, J and K: the examples of the standard
        let cases: [(&str, &[u8], &str); 5] = [
            ("ISO_IR 192", "Wang^XiaoDong=王^小東=".as_bytes(), "Wang^XiaoDong=王^小東="),
            ("GB18030", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=", "Wang^XiaoDong=王^小东="),
            (
                "\\ISO 2022 IR 58",
                b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
                "Zhang^XiaoDong=张^小东=",
            ),
            (
                "\\ISO 2022 IR 149",
                b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=",
                "Hong^Gildong=洪^吉洞=",
            ),
            (
                "\\ISO 2022 IR 87",
                b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=",
                "Yamada^Tarou=山田^太郎=",
            ),
        ];
        for (set, bytes, text) in cases {
            assert_eq!(Decoder::new(set).decode(bytes), text, "{set}");
        }
    }

    #[test]
    fn any_bytes_decode_to_something() {
        for set in ["", "ISO_IR 192", "GB18030", "nonsense", "\\ISO 2022 IR 87"] {
            let decoder = Decoder::new(set);
            for first in 0..=255_u8 {
                let _text: String =
                    decoder.decode(&[first, 0x1b, b'$', b'B', first, 0x1b, 0x5c, 0xff, first]);
            }
        }
    }
}
