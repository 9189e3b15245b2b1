//! Frequencies of tokens by context.

use crate::numbers::{ESCAPE, TOKENS};

/// Frequencies of a context add up to `1 << PRECISION`.
pub(crate) const PRECISION: u32 = 12;
const TOTAL: u32 = 1 << PRECISION;
/// Number of contexts.
pub(crate) const CONTEXTS: usize = 24;
/// Numbers in one [`Frequencies`].
pub(crate) const ENTRIES: usize = CONTEXTS * TOKENS;

/// How often each token was seen in each context.
pub(crate) type Counts = Vec<[u32; TOKENS]>;

/// The context of a coefficient whose neighbours' magnitudes have the weighted sum `sum`: half-octave steps.
pub(crate) const fn context_of(sum: u32) -> usize {
    let context = if sum < 2 {
        sum as usize
    } else {
        let top = sum.ilog2();
        (2 * top + (sum >> (top - 1) & 1)) as usize
    };
    if context < CONTEXTS { context } else { CONTEXTS - 1 }
}

/// Scales counts to frequencies: every token up to the largest seen, and the escape, can be coded.
pub(crate) fn frequencies(counts: &Counts) -> Vec<u16> {
    let mut all = Vec::with_capacity(ENTRIES);
    for counts in counts {
        let mut wanted = *counts;
        let last = counts.iter().rposition(|&n| n > 0).unwrap_or(0);
        for (token, count) in wanted.iter_mut().enumerate() {
            if token <= last || token == ESCAPE {
                *count = (*count).max(1);
            }
        }
        let sum: u64 = wanted.iter().map(|&n| u64::from(n)).sum();
        let mut scaled = wanted.map(|n| (u64::from(n) * u64::from(TOTAL) / sum).max(u64::from(n > 0)) as u32);
        // Rounding leaves a rest or a debt: the most frequent tokens take it.
        while scaled.iter().sum::<u32>() != TOTAL {
            let given: u32 = scaled.iter().sum();
            let largest = (0..TOKENS).max_by_key(|&token| (scaled[token], TOKENS - token)).unwrap_or(0);
            if given < TOTAL {
                scaled[largest] += TOTAL - given;
            } else {
                scaled[largest] -= (given - TOTAL).min(scaled[largest] / 2);
            }
        }
        all.extend(scaled.map(|n| n as u16));
    }
    all
}

/// Whether frequencies from outside can be used.
pub(crate) fn valid(frequencies: &[u16]) -> bool {
    frequencies.len() == ENTRIES
        && frequencies.chunks_exact(TOKENS).all(|one| one.iter().map(|&n| u32::from(n)).sum::<u32>() == TOTAL)
}

/// For the encoder: frequency and start of each token.
pub(crate) struct EncodeTable(Vec<[(u16, u16); TOKENS]>);

impl EncodeTable {
    /// From frequencies that are [`valid`].
    pub(crate) fn new(frequencies: &[u16]) -> Self {
        Self(
            frequencies
                .chunks_exact(TOKENS)
                .map(|one| {
                    let mut start = 0;
                    core::array::from_fn(|token| {
                        let entry = (one[token], start);
                        start += one[token];
                        entry
                    })
                })
                .collect(),
        )
    }

    pub(crate) fn frequency_and_start(&self, context: usize, token: usize) -> (u32, u32) {
        let (frequency, start) = self.0[context][token];
        (u32::from(frequency), u32::from(start))
    }
}

/// For the decoder: what each slot of each context means, packed as token (7 bits), frequency (13), offset (12).
#[derive(Debug)]
pub(crate) struct DecodeTable(Vec<u32>);

impl DecodeTable {
    /// From frequencies that are [`valid`].
    pub(crate) fn new(frequencies: &[u16]) -> Self {
        let mut slots = Vec::with_capacity(CONTEXTS << PRECISION);
        for one in frequencies.chunks_exact(TOKENS) {
            for (token, &frequency) in one.iter().enumerate() {
                slots.extend(
                    (0..u32::from(frequency))
                        .map(|offset| (token as u32) << 25 | u32::from(frequency) << PRECISION | offset),
                );
            }
        }
        Self(slots)
    }

    /// The slots of one context.
    pub(crate) fn context(&self, context: u8) -> &[u32; 1 << PRECISION] {
        let start = usize::from(context) << PRECISION;
        self.0[start..start + (1 << PRECISION)].try_into().expect("each context has as many slots")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_counts_give_valid_frequencies() {
        let mut counts = vec![[0_u32; TOKENS]; CONTEXTS];
        counts[1] = [1; TOKENS];
        counts[2][5] = u32::MAX;
        counts[3][3] = 1;
        counts[3][60] = 4_000_000;
        counts[4] = core::array::from_fn(|token| (token * token) as u32);
        let frequencies = frequencies(&counts);
        assert!(valid(&frequencies));
        for (context, counts) in counts.iter().enumerate() {
            for (token, &count) in counts.iter().enumerate() {
                let frequency = frequencies[context * TOKENS + token];
                assert!(count == 0 || frequency > 0, "token {token} of context {context}");
            }
            assert!(frequencies[context * TOKENS + ESCAPE] > 0);
        }
        assert!(!valid(&frequencies[1..]));
    }

    #[test]
    fn contexts_grow_with_the_sum() {
        let contexts: Vec<usize> = (0..100_000).map(context_of).collect();
        assert!(contexts.windows(2).all(|pair| pair[0] <= pair[1] && pair[1] - pair[0] <= 1));
        assert_eq!((contexts[0], contexts[99_999]), (0, CONTEXTS - 1));
    }
}
