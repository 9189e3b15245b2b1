//! Segmented Palette Color Lookup Tables (PS3.3 C.7.9.2): tables written as runs and slopes.

/// Most entries of a table.
const ENTRIES: usize = 1 << 16;

/// Words of segmented data, and how many bytes each of them takes in the file: offsets are counted in those.
struct Words<'a> {
    words: &'a [u16],
    width: usize,
}

/// One segment (tables C.7.9.2.1 to C.7.9.2.3).
enum Segment<'a> {
    Discrete(&'a [u16]),
    /// Entries, and the last of them.
    Linear(usize, u16),
    /// Segments to be used again, and the place of the first of them in words.
    Indirect(usize, usize),
}

/// The `entries` values that segmented data stand for; `None` where they stand for more or fewer, or make no sense. `width`
/// is 1 where words were single bytes. Each step gives at least one entry, so hostile data end.
pub(super) fn expand(words: &[u16], width: usize, entries: usize) -> Option<Vec<u16>> {
    let entries = entries.min(ENTRIES);
    let data = Words { words, width };
    let mut out = Vec::new();
    let mut at = 0;
    while out.len() < entries {
        let (segment, next) = data.segment(at)?;
        at = next;
        match segment {
            Segment::Indirect(count, mut from) => {
                for _ in 0..count {
                    let (segment, next) = data.segment(from)?;
                    from = next;
                    // An indirect segment must not point at another one.
                    add(&segment, entries, &mut out)?;
                }
            }
            direct => add(&direct, entries, &mut out)?,
        }
    }
    // What may follow is the padding to an even length.
    (data.words.len() <= at + 1).then_some(out)
}

impl<'a> Words<'a> {
    /// The segment at a place, and where the next one begins.
    fn segment(&self, at: usize) -> Option<(Segment<'a>, usize)> {
        let (kind, count) = (*self.words.get(at)?, usize::from(*self.words.get(at + 1)?));
        if count == 0 {
            return None;
        }
        match kind {
            0 => Some((Segment::Discrete(self.words.get(at + 2..at + 2 + count)?), at + 2 + count)),
            1 => Some((Segment::Linear(count, *self.words.get(at + 2)?), at + 3)),
            2 => {
                // 32 bits, the least significant word first.
                let parts = self.words.get(at + 2..at + 2 + 4 / self.width)?;
                let bits = 8 * self.width;
                let offset = parts.iter().rev().fold(0_usize, |sum, &part| sum << bits | usize::from(part));
                let from = offset.is_multiple_of(self.width).then_some(offset / self.width)?;
                Some((Segment::Indirect(count, from), at + 2 + 4 / self.width))
            }
            _ => None,
        }
    }
}

/// Appends what a direct segment stands for.
fn add(segment: &Segment<'_>, entries: usize, out: &mut Vec<u16>) -> Option<()> {
    match *segment {
        Segment::Discrete(values) if values.len() <= entries - out.len() => out.extend(values),
        Segment::Linear(count, to) if count <= entries - out.len() => {
            let from = f64::from(*out.last()?);
            let step = (f64::from(to) - from) / count as f64;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between two 16-bit values"
            )]
            out.extend((1..=count).map(|n| (from + step * n as f64).round_ties_even() as u16));
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_slopes_and_repeats_are_laid_out() {
        // Two values, a slope of four to 90, and both again from the start, behind the last value.
        let words = [0, 2, 10, 50, 1, 4, 90, 2, 2, 0, 0];
        let first = [10, 50, 60, 70, 80, 90];
        assert_eq!(expand(&words, 2, 12), Some([first, first].concat()));
        let bytes = [0, 2, 10, 50, 1, 4, 90, 2, 2, 0, 0, 0, 0, 0];
        assert_eq!(expand(&bytes, 1, 12), Some([first, first].concat()), "a padding byte may follow");
        // A slope alone used again goes on from what stands before it: byte 8 is word 4.
        let words = [0, 2, 10, 50, 1, 4, 90, 0, 1, 50, 2, 1, 8, 0];
        assert_eq!(expand(&words, 2, 11).unwrap()[7..], [60, 70, 80, 90]);
        assert_eq!(expand(&[0, 1, 100, 1, 3, 0], 2, 4), Some(vec![100, 67, 33, 0]), "slopes fall too");
    }

    #[test]
    fn hostile_segments_are_refused() {
        let cases: [&[u16]; 12] = [
            &[],
            &[0],
            &[0, 0],
            &[0, 5, 1, 2],
            &[1, 4, 90],
            &[2, 1, 0, 0],
            &[3, 1, 0],
            &[0, 1, 7, 2, 1, 6, 0],
            &[0, 1, 7, 2, 1, 1, 0],
            &[0, 1, 7, 2, 65535, 65535, 65535],
            &[0, 1, 7, 1, 65535, 9],
            &[0, 4, 1, 2, 3, 4, 0, 1, 9, 9],
        ];
        for words in cases {
            assert_eq!(expand(words, 2, 4), None, "{words:?}");
        }
        assert_eq!(expand(&[0, 1, 7, 2, 1, 6, 0], 2, 2), None, "a repeat that points at itself");
        let mut dice = 1_u32;
        let mut roll = || {
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (dice >> 16) as u16
        };
        for _ in 0..1000 {
            let mut words = vec![0, 2, 10, 50, 1, 4, 90, 2, 2, 0, 0];
            for _ in 0..3 {
                let place = usize::from(roll()) % words.len();
                words[place] = roll() % 16;
            }
            assert!(expand(&words, 2, 12).is_none_or(|values| values.len() == 12));
        }
    }
}
