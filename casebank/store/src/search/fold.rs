//! The form in which texts are compared.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use hanconv::RawDictionary;
use unicode_normalization::UnicodeNormalization as _;

/// Traditional and Japanese forms of characters to simplified ones, by OpenCC's tables of single characters.
static SIMPLIFIED: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let single = |dictionary: RawDictionary| {
        dictionary.iter().filter_map(|(from, to)| {
            let mut from = from.chars();
            from.next().zip(to.chars().next()).filter(|_| from.next().is_none())
        })
    };
    let chinese: HashMap<char, char> = single(RawDictionary::TSCharacters).collect();
    let taken: HashSet<char> = chinese.values().copied().collect();
    let mut all = chinese;
    let new_first = single(RawDictionary::JPVariants).map(|(old, new)| (new, old));
    for (new, old) in new_first.chain(single(RawDictionary::JPShinjitaiCharacters)) {
        // 芸 is a short form of 藝 in Japan, but a character of its own in China.
        if !taken.contains(&new) {
            all.entry(new).or_insert(old);
        }
    }
    // 薴 to 苧 to 苎: the end of each chain, and no chain is longer.
    let follow = |from: char| (0..4).fold(from, |at, _| all.get(&at).copied().unwrap_or(at));
    all.keys().map(|from| (*from, follow(*from))).collect()
});

/// The simplified form of a character.
pub(super) fn simplified(letter: char) -> char {
    // Nothing below the radicals of CJK has another form.
    if letter < '\u{2E80}' { letter } else { SIMPLIFIED.get(&letter).copied().unwrap_or(letter) }
}

/// Lower case, usual width, Latin, Greek, Cyrillic, Hebrew and Arabic letters without their marks, katakana as hiragana,
/// simplified characters, the separators of DICOM names as spaces.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.chars().map(|letter| separator(letter.to_ascii_lowercase())).collect();
    }
    let plain = text.nfkd().filter(|letter| !is_mark(*letter)).nfc();
    let mut folded = String::with_capacity(text.len());
    for letter in plain.flat_map(char::to_lowercase) {
        match letter {
            // Letters that do not decompose.
            'ł' => folded.push('l'),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ħ' => folded.push('h'),
            'ı' => folded.push('i'),
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ς' => folded.push('σ'),
            'ァ'..='ヶ' => folded.push(char::from_u32(u32::from(letter) - 0x60).unwrap_or(letter)),
            '・' | '·' => folded.push(' '),
            other => folded.push(separator(simplified(other))),
        }
    }
    folded
}

fn separator(letter: char) -> char {
    if matches!(letter, '^' | '=' | '\\' | '\n' | '\r' | '\t') { ' ' } else { letter }
}

/// Marks that are left out; those that voice kana or are vowels of Indian and Thai letters stay.
const fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36F}' | '\u{591}'..='\u{5C7}' | '\u{64B}'..='\u{65F}' | '\u{670}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_names() {
        assert_eq!(fold("MÜLLER^Łucja"), "muller lucja");
        assert_eq!(fold("Mu\u{308}ller"), "muller");
        assert_eq!(fold("Weiß 張偉 ＡＢ"), "weiss 张伟 ab");
        assert_eq!(fold("ﾔﾏﾀﾞ=ヤマダ"), "やまだ やまだ");
        assert_eq!(fold("買買提·阿里"), "买买提 阿里");
    }

    #[test]
    fn folding_twice_is_folding_once() {
        for (from, _) in RawDictionary::TSCharacters.iter().chain(RawDictionary::JPVariants.iter()) {
            let once = fold(from);
            assert_eq!(fold(&once), once, "{from}");
        }
    }
}
