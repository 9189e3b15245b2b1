//! Values of one chunk to bytes and back: contexts from coded neighbours, four interleaved rANS states (Duda 2009;
//! Giesen 2014), raw bits apart.

use crate::numbers::{ESCAPE, TOKENS, fold, raw_bits, token, unfold, untoken};
use crate::table::{CONTEXTS, Counts, DecodeTable, EncodeTable, PRECISION, context_of};

/// States stay in `LOW..LOW << 16`.
const LOW: u32 = 1 << 16;
/// Magnitudes above this do not change a context.
const CAP: u16 = 4095;
/// First byte of a chunk: all values are zero, or coded.
const ZERO: u8 = 0;
const CODED: u8 = 1;
/// Bytes before the raw bits of a coded chunk: kind, number of raw bytes, four states.
const HEAD: usize = 1 + 4 + 16;

/// A chunk that cannot be what the encoder wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken(pub(crate) &'static str);

/// The most bytes that a chunk of `values` values can have.
pub(crate) const fn max_len(values: usize) -> usize {
    HEAD + 6 * values + 1
}

static CONTEXT: [u8; CAP as usize + 1] = {
    let mut table = [0; CAP as usize + 1];
    let mut sum = 0;
    while sum < table.len() {
        table[sum] = context_of(sum as u32) as u8;
        sum += 1;
    }
    table
};

/// Magnitudes of one band as far as it is coded; rows have a copy of their first and last value at their ends.
#[derive(Default)]
pub(crate) struct Neighbours {
    rows: Vec<u16>,
    contexts: Vec<u8>,
}

impl Neighbours {
    fn start(&mut self, size: [usize; 3]) {
        self.rows.clear();
        self.rows.resize((size[0] + 2) * size[1] * size[2], 0);
        self.contexts.clear();
        self.contexts.resize(size[0], 0);
    }

    /// The contexts of row (j, k), from the row above and the row behind: weight 2 for the nearest value of each, 1
    /// for its neighbours left and right. Where one row is missing the other counts twice; context 0 where both are.
    fn contexts(&mut self, size: [usize; 3], j: usize, k: usize) -> &[u8] {
        let stride = size[0] + 2;
        let row = (k * size[1] + j) * stride;
        let (above, behind) = (j > 0).then(|| row - stride).map_or_else(
            || (k > 0).then(|| row - stride * size[1]).map(|behind| (behind, behind)).unzip(),
            |above| (Some(above), Some(if k > 0 { row - stride * size[1] } else { above })),
        );
        if let (Some(above), Some(behind)) = (above, behind) {
            let (above, behind) = (&self.rows[above..above + stride], &self.rows[behind..behind + stride]);
            for ((context, a), b) in self.contexts.iter_mut().zip(above.windows(3)).zip(behind.windows(3)) {
                // Eight magnitudes of at most 4095 each fit into 16 bits.
                let sum = 2 * (a[1] + b[1]) + (a[0] + a[2]) + (b[0] + b[2]);
                *context = CONTEXT[usize::from(sum.min(CAP))];
            }
        } else {
            self.contexts.fill(0);
        }
        &self.contexts
    }

    /// The place for the magnitudes of row (j, k).
    fn row(&mut self, size: [usize; 3], j: usize, k: usize) -> &mut [u16] {
        let stride = size[0] + 2;
        let row = (k * size[1] + j) * stride;
        &mut self.rows[row..row + stride]
    }
}

fn magnitude(folded: u32) -> u16 {
    folded.min(u32::from(CAP)) as u16
}

fn repeat_ends(row: &mut [u16]) {
    let n = row.len();
    row[0] = row[1];
    row[n - 1] = row[n - 2];
}

/// Calls `visit` with context, folded value and place in the row of each value, in coding order.
fn visit(
    values: &[i32],
    bands: &[[usize; 3]],
    neighbours: &mut Neighbours,
    mut visit: impl FnMut(u8, u32, usize),
) {
    let mut rest = values;
    for &size in bands {
        if size.contains(&0) {
            continue;
        }
        neighbours.start(size);
        for k in 0..size[2] {
            for j in 0..size[1] {
                let (row, after) = rest.split_at(size[0]);
                rest = after;
                for (i, (&context, &value)) in neighbours.contexts(size, j, k).iter().zip(row).enumerate() {
                    visit(context, fold(value), i);
                }
                let magnitudes = neighbours.row(size, j, k);
                for (to, &value) in magnitudes[1..].iter_mut().zip(row) {
                    *to = magnitude(fold(value));
                }
                repeat_ends(magnitudes);
            }
        }
    }
}

/// Adds the tokens of a chunk to the counts.
pub(crate) fn survey(values: &[i32], bands: &[[usize; 3]], neighbours: &mut Neighbours, counts: &mut Counts) {
    counts.resize(CONTEXTS, [0; TOKENS]);
    visit(values, bands, neighbours, |context, folded, _| {
        counts[usize::from(context)][token(folded).0] += 1;
    });
}

/// Codes the values of a chunk (all bands one after the other).
pub(crate) fn encode(
    values: &[i32],
    bands: &[[usize; 3]],
    table: &EncodeTable,
    neighbours: &mut Neighbours,
) -> Vec<u8> {
    if values.iter().all(|&v| v == 0) {
        return vec![ZERO];
    }
    let mut symbols: Vec<(u32, u32)> = Vec::with_capacity(values.len());
    let mut raw = Vec::new();
    let (mut pending, mut pending_bits) = (0_u64, 0_u32);
    visit(values, bands, neighbours, |context, folded, i| {
        let (mut token, mut bits) = token(folded);
        let (mut frequency, mut start) = table.frequency_and_start(usize::from(context), token);
        if frequency == 0 {
            (token, bits) = (ESCAPE, 32);
            (frequency, start) = table.frequency_and_start(usize::from(context), token);
        }
        symbols.push((frequency, start << 2 | (i & 3) as u32));
        pending |= (u64::from(folded) & ((1_u64 << bits) - 1)) << pending_bits;
        pending_bits += bits;
        if pending_bits >= 32 {
            raw.extend_from_slice(&(pending as u32).to_le_bytes());
            pending >>= 32;
            pending_bits -= 32;
        }
    });
    let tail = pending.to_le_bytes();
    raw.extend_from_slice(&tail[..pending_bits.div_ceil(8) as usize]);

    let mut states = [LOW; 4];
    let mut words: Vec<u16> = Vec::with_capacity(symbols.len() / 2);
    for &(frequency, packed) in symbols.iter().rev() {
        let (state, start) = (&mut states[(packed & 3) as usize], packed >> 2);
        if u64::from(*state) >= u64::from(frequency) << (32 - PRECISION) {
            words.push(*state as u16);
            *state >>= 16;
        }
        *state = ((*state / frequency) << PRECISION) + *state % frequency + start;
    }
    let mut bytes = Vec::with_capacity(HEAD + raw.len() + 2 * words.len());
    bytes.push(CODED);
    bytes.extend_from_slice(&(raw.len() as u32).to_le_bytes());
    for state in states {
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.extend_from_slice(&raw);
    for word in words.iter().rev() {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    bytes
}

/// The states, words and raw bits of a chunk that is being decoded. Reading past an end gives zeros and is noticed
/// at the end.
struct Reader<'a> {
    states: [u32; 4],
    words: &'a [u8],
    word: usize,
    raw: Vec<u8>,
    bit: usize,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, Broken> {
        let short = Broken("shorter than its head");
        let (head, body) = bytes.split_at_checked(HEAD).ok_or(short)?;
        let number = |at: usize| {
            head[at..at + 4].iter().rev().fold(0_u32, |number, &byte| number << 8 | u32::from(byte))
        };
        let (raw, words) =
            body.split_at_checked(number(1) as usize).ok_or(Broken("more raw bits than bytes"))?;
        let states = [number(5), number(9), number(13), number(17)];
        if states.iter().any(|&state| state < LOW) {
            return Err(Broken("a state out of range"));
        }
        // Eight zeros, so that the last raw bits can be read like all others.
        let mut padded = Vec::with_capacity(raw.len() + 8);
        padded.extend_from_slice(raw);
        padded.extend_from_slice(&[0; 8]);
        Ok(Self { states, words, word: 0, raw: padded, bit: 0 })
    }

    #[inline]
    fn folded(&mut self, lane: usize, context: u8, table: &DecodeTable) -> u32 {
        let state = self.states[lane];
        let slot = table.context(context)[(state & ((1 << PRECISION) - 1)) as usize];
        let token = (slot >> 25) as usize;
        // frequency ≤ 2^12 and state >> 12 < 2^20: no overflow.
        let mut next = (slot >> PRECISION & 0x1FFF) * (state >> PRECISION) + (slot & 0xFFF);
        if next < LOW {
            let word = self
                .words
                .get(self.word..self.word + 2)
                .map_or(0, |w| u32::from(w[0]) | u32::from(w[1]) << 8);
            self.word += 2;
            next = next << 16 | word;
        }
        self.states[lane] = next;
        let bits = raw_bits(token);
        if bits == 0 {
            return token as u32;
        }
        let byte = self.bit >> 3;
        let window = self
            .raw
            .get(byte..byte + 8)
            .map_or(0, |w| u64::from_le_bytes([w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]]));
        let raw = (window >> (self.bit & 7)) & ((1_u64 << bits) - 1);
        self.bit += bits as usize;
        untoken(token, raw as u32)
    }

    fn finish(&self) -> Result<(), Broken> {
        let padding = self.raw.get(self.bit >> 3).map_or(0, |byte| byte >> (self.bit & 7));
        let whole = self.states == [LOW; 4]
            && self.word == self.words.len()
            && self.bit.div_ceil(8) + 8 == self.raw.len()
            && padding == 0;
        if whole { Ok(()) } else { Err(Broken("its values end elsewhere than its bytes")) }
    }
}

/// Decodes a chunk of `bands`; the inverse of [`encode`].
pub(crate) fn decode(
    bytes: &[u8],
    bands: &[[usize; 3]],
    table: &DecodeTable,
    neighbours: &mut Neighbours,
) -> Result<Vec<i32>, Broken> {
    let total = bands.iter().map(|&size| crate::layout::count(size)).sum();
    let mut values = vec![0_i32; total];
    match bytes {
        [ZERO] => return Ok(values),
        [CODED, ..] => {}
        _ => return Err(Broken("of an unknown kind")),
    }
    let mut reader = Reader::new(bytes)?;
    let mut rest = &mut values[..];
    for &size in bands {
        if size.contains(&0) {
            continue;
        }
        neighbours.start(size);
        let mut row_contexts = vec![0_u8; size[0]];
        for k in 0..size[2] {
            for j in 0..size[1] {
                let (row, after) = rest.split_at_mut(size[0]);
                rest = after;
                row_contexts.copy_from_slice(neighbours.contexts(size, j, k));
                let magnitudes = neighbours.row(size, j, k);
                decode_row(&mut reader, &row_contexts, table, row, &mut magnitudes[1..]);
                repeat_ends(magnitudes);
            }
        }
    }
    reader.finish()?;
    Ok(values)
}

#[inline]
fn decode_row(
    reader: &mut Reader<'_>,
    contexts: &[u8],
    table: &DecodeTable,
    row: &mut [i32],
    magnitudes: &mut [u16],
) {
    for (i, ((value, &context), magnitude_out)) in row.iter_mut().zip(contexts).zip(magnitudes).enumerate() {
        let folded = reader.folded(i & 3, context, table);
        *magnitude_out = magnitude(folded);
        *value = unfold(folded);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::frequencies;

    fn values(n: usize) -> Vec<i32> {
        (0..n as i32).map(|i| (i.wrapping_mul(7919) % 97 - 48) / (1 + i % 23)).collect()
    }

    fn tables(values: &[i32], bands: &[[usize; 3]]) -> (EncodeTable, DecodeTable) {
        let mut counts = Counts::new();
        survey(values, bands, &mut Neighbours::default(), &mut counts);
        let frequencies = frequencies(&counts);
        (EncodeTable::new(&frequencies), DecodeTable::new(&frequencies))
    }

    #[test]
    fn values_survive_also_those_that_the_survey_never_saw() {
        let bands = [[7, 5, 3], [0, 4, 4], [1, 1, 1], [9, 2, 2]];
        let total = 105 + 1 + 36;
        let seen = values(total);
        let (encoder, decoder) = tables(&seen, &bands);
        let mut wild = seen.clone();
        wild[3] = i32::MIN;
        wild[60] = i32::MAX;
        wild[total - 1] = -70_000;
        for values in [seen, wild, vec![0; total]] {
            let bytes = encode(&values, &bands, &encoder, &mut Neighbours::default());
            assert!(bytes.len() <= max_len(total));
            assert_eq!(decode(&bytes, &bands, &decoder, &mut Neighbours::default()), Ok(values));
        }
    }

    #[test]
    fn damaged_chunks_are_errors_or_other_values_but_never_panics() {
        let bands = [[8, 8, 8]];
        let original = values(512);
        let (encoder, decoder) = tables(&original, &bands);
        let bytes = encode(&original, &bands, &encoder, &mut Neighbours::default());
        let mut noticed = 0;
        for n in 0..4_000_usize {
            let mut damaged = bytes.clone();
            let at = n.wrapping_mul(31) % damaged.len();
            damaged[at] ^= (n / 7) as u8 | 1;
            damaged.truncate(bytes.len() - n % 3);
            noticed += usize::from(
                decode(&damaged, &bands, &decoder, &mut Neighbours::default()) != Ok(original.clone()),
            );
        }
        assert_eq!(noticed, 4_000, "each changes a value or is refused");
    }
}
