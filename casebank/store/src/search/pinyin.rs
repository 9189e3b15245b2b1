//! Readings of Chinese characters, and what a person types of them.
//!
//! A run of characters is kept as one line: places separated by spaces, the readings of a place by commas, such as
//! `wang,yu xiao dong`.

use pinyin::ToPinyinMulti as _;

use super::fold::{fold, simplified};

/// Longest run that is kept; a name has four characters, a description forty.
const RUN: usize = 64;

/// Adds a line for every run of Chinese characters in `text`; spaces and `^` do not end a run.
pub(super) fn readings_of_han(text: &str, out: &mut String) {
    let mut run: Vec<String> = Vec::new();
    for letter in text.chars().chain(['\n']) {
        let readings = readings(letter);
        if readings.is_empty() {
            if !(letter == ' ' || letter == '^' || letter == '\u{3000}') {
                push_run(&mut run, out);
            }
        } else if run.len() < RUN {
            run.push(readings.join(","));
        }
    }
}

/// Adds a line for a name in Latin letters: its words, and what begins with a capital inside a word.
pub(super) fn readings_of_latin(parts: &[&str], out: &mut String) {
    let mut words: Vec<String> = Vec::new();
    for part in parts {
        let mut word = String::new();
        for letter in part.chars() {
            let begins = letter.is_uppercase() && word.chars().next_back().is_some_and(char::is_lowercase);
            if begins || !letter.is_alphabetic() {
                words.push(std::mem::take(&mut word));
            }
            word.push(letter);
        }
        words.push(word);
    }
    let mut run: Vec<String> = words
        .iter()
        .map(|word| fold(word).chars().filter(char::is_ascii_lowercase).collect::<String>())
        .filter(|word| !word.is_empty())
        .take(RUN)
        .collect();
    push_run(&mut run, out);
}

fn push_run(run: &mut Vec<String>, out: &mut String) {
    if !run.is_empty() {
        out.push_str(&run.join(" "));
        out.push('\n');
        run.clear();
    }
}

/// All readings of a character without tones, of its simplified form too.
fn readings(letter: char) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut add = |reading: String| {
        if !all.contains(&reading) {
            all.push(reading);
        }
    };
    for form in [letter, simplified(letter)] {
        for reading in form.to_pinyin_multi().into_iter().flatten() {
            let plain = reading.plain();
            if plain.contains('ü') {
                // Keyboards write ü as v, people as u, passports as yu.
                for u in ["v", "u", "yu"] {
                    add(plain.replace('ü', u));
                }
            } else {
                add(plain.to_owned());
            }
        }
    }
    all.retain(|reading| reading.bytes().all(|byte| byte.is_ascii_lowercase()));
    all
}

/// A word of letters, as somebody types pinyin.
#[derive(Debug)]
pub(super) struct Typed(Vec<u8>);

impl Typed {
    /// `None` for a folded word that cannot be pinyin. Tone numbers behind letters are passed over, as tone marks are.
    pub(super) fn new(word: &str) -> Option<Self> {
        let mut letters = Vec::new();
        for byte in word.bytes() {
            match byte {
                b'a'..=b'z' => letters.push(byte),
                b'0'..=b'5' if !letters.is_empty() => {}
                b'\'' | b'-' => {}
                _ => return None,
            }
        }
        // One bit a letter in `reads`.
        (1..64).contains(&letters.len()).then_some(Self(letters))
    }

    /// Whether some places in a row of `run` can be typed so: each by a whole reading or its first letters, the last by
    /// any beginning.
    pub(super) fn reads(&self, run: &str) -> bool {
        let word = self.0.as_slice();
        // Bit n: the first n letters are used up before this place.
        let mut reached = 0_u64;
        for place in run.split(' ') {
            reached |= 1;
            let mut next = 0_u64;
            for reading in place.split(',').map(str::as_bytes) {
                let initial = match reading {
                    [b'z' | b'c' | b's', b'h', ..] => 2,
                    _ => 1,
                };
                for used in (0..word.len()).filter(|used| reached >> used & 1 == 1) {
                    let Some(rest) = word.get(used..) else { continue };
                    if reading.starts_with(rest) {
                        return true;
                    }
                    for typed in [1, initial, reading.len()] {
                        if reading.get(..typed).is_some_and(|begin| rest.starts_with(begin)) {
                            next |= 1 << (used + typed);
                        }
                    }
                }
            }
            reached = next;
        }
        false
    }
}
