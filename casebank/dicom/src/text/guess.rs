//! What bytes most likely are that the declared character set does not have. A guess always comes with a finding.

use super::charset::{Graphic, Mode};

/// The text, and what the bytes were taken for; `None` where nothing is likely.
pub(super) fn guess(bytes: &[u8], mode: &Mode) -> Option<(String, &'static str)> {
    if bytes.contains(&0x1B) {
        return None;
    }
    if let Ok(text) = str::from_utf8(bytes) {
        return Some((text.to_owned(), "UTF-8"));
    }
    let undeclared = matches!(mode, Mode::Elements { g0: Graphic::Ascii, g1: None, .. });
    let utf8 = matches!(mode, Mode::Whole(encoding) if *encoding == encoding_rs::UTF_8);
    if matches!(mode, Mode::Elements { g0: Graphic::Romaji, .. }) {
        let text = encoding_rs::SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes)?;
        return Some((text.into_owned(), "Shift_JIS"));
    }
    if (undeclared || utf8) && looks_like_gb2312(bytes) {
        let text = encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(bytes)?;
        return Some((text.into_owned(), "GB18030"));
    }
    // What most devices without a declaration are set to.
    undeclared
        .then(|| (encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(), "ISO_IR 100"))
}

/// Whether all bytes of the upper half come in pairs that are characters of GB 2312, at least half of them of its first
/// level, the 3,755 most used. Two neighbouring accented letters of a European name are seldom such a pair.
fn looks_like_gb2312(bytes: &[u8]) -> bool {
    let (mut pairs, mut common) = (0_usize, 0_usize);
    let mut at = 0;
    while let Some(&lead) = bytes.get(at) {
        if lead < 0x80 {
            at += 1;
            continue;
        }
        let Some(&trail) = bytes.get(at + 1) else { return false };
        if !(0xB0..=0xF7).contains(&lead) || !(0xA1..=0xFE).contains(&trail) {
            return false;
        }
        pairs += 1;
        common += usize::from(lead <= 0xD7);
        at += 2;
    }
    pairs > 0 && common * 2 >= pairs
}
