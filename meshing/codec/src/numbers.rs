//! Values as integers, and integers as tokens.

/// Folds the sign in: 0, −1, 1, −2 … become 0, 1, 2, 3 ….
pub(crate) const fn fold(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)) as u32
}

/// Undoes [`fold`].
pub(crate) const fn unfold(folded: u32) -> i32 {
    (folded >> 1) as i32 ^ -((folded & 1) as i32)
}

/// The bits of a float as an integer that grows with the float (NaNs beyond the infinities); one to one.
pub(crate) const fn ordered(value: f32) -> i32 {
    let bits = value.to_bits() as i32;
    bits ^ ((bits >> 31) as u32 >> 1) as i32
}

/// Undoes [`ordered`].
pub(crate) const fn float(ordered: i32) -> f32 {
    f32::from_bits((ordered ^ ((ordered >> 31) as u32 >> 1) as i32) as u32)
}

/// Values below this are tokens themselves.
const EXACT: u32 = 16;
/// The token that is followed by all 32 bits of the value.
pub(crate) const ESCAPE: usize = 72;
/// Number of tokens.
pub(crate) const TOKENS: usize = 73;

/// The token of a folded value: exact below 16, else its bit length and second-highest bit; and the number of raw
/// bits that follow.
pub(crate) const fn token(folded: u32) -> (usize, u32) {
    if folded < EXACT {
        return (folded as usize, 0);
    }
    let top = folded.ilog2();
    let second = folded >> (top - 1) & 1;
    (EXACT as usize + ((top - 4) * 2 + second) as usize, top - 1)
}

/// Number of raw bits that follow a token.
pub(crate) const fn raw_bits(token: usize) -> u32 {
    if token == ESCAPE {
        32
    } else if token < EXACT as usize {
        0
    } else {
        (token as u32 - EXACT) / 2 + 3
    }
}

/// The folded value of a token and its raw bits.
pub(crate) const fn untoken(token: usize, raw: u32) -> u32 {
    if token == ESCAPE {
        raw
    } else if token < EXACT as usize {
        token as u32
    } else {
        (2 | (token as u32 & 1)) << raw_bits(token) | raw
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_survives_its_token() {
        for shift in 0..32 {
            for near in 0..40_u32 {
                let folded = (1_u32 << shift).wrapping_add(near).wrapping_sub(20);
                let (token, bits) = token(folded);
                assert!(token < ESCAPE && bits == raw_bits(token), "{folded}");
                let raw = (u64::from(folded) & ((1_u64 << bits) - 1)) as u32;
                assert_eq!(untoken(token, raw), folded);
                assert_eq!(untoken(ESCAPE, folded), folded);
                assert_eq!(fold(unfold(folded)), folded);
            }
        }
    }

    #[test]
    fn floats_keep_their_bits_and_their_order() {
        let values = [f32::NEG_INFINITY, -2.5, -1e-40, -0.0, 0.0, 1e-40, 1.0, 3.0, f32::INFINITY];
        for pair in values.windows(2) {
            assert!(ordered(pair[0]) < ordered(pair[1]), "{pair:?}");
        }
        for bits in [0, 1, 0x8000_0000, 0x7FC0_0001, 0xFFFF_FFFF, 0x7F80_0000, 0x1234_5678] {
            assert_eq!(float(ordered(f32::from_bits(bits))).to_bits(), bits);
        }
    }
}
