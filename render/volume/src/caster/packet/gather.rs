//! Loads from sixteen places at once.
//!
//! The only unsafe code here: the processor's instruction takes an address and trusts its indices. Each is brought
//! inside the slice first, so that a wrong one reads a wrong number and never foreign memory.

#![expect(unsafe_code, reason = "no safe crate offers gathers; every index is bounded before the load")]

use super::lanes::{F, I};

/// The 32 bits that begin at each place of a slice of 2-byte numbers.
#[inline(always)]
pub(super) fn pairs(from: &[i16], at: I) -> I {
    assert!(from.len() >= 2, "nothing to load");
    let last = I::splat(at.cpu, last(from.len() - 1));
    // SAFETY: at <= len - 2, so that two numbers from there on are inside; indices are scaled to 2 bytes.
    let v =
        unsafe { at.cpu.avx512f._mm512_i32gather_epi32::<2>(at.min_unsigned(last).v, from.as_ptr().cast()) };
    I { v, cpu: at.cpu }
}

/// The float at each place.
#[inline(always)]
pub(super) fn floats(from: &[f32], at: I) -> F {
    F::of_bits(four_bytes(from, at))
}

/// The word at each place.
#[inline(always)]
pub(super) fn words(from: &[u32], at: I) -> I {
    four_bytes(from, at)
}

#[inline(always)]
fn four_bytes<T: Copy>(from: &[T], at: I) -> I {
    const { assert!(size_of::<T>() == 4, "as wide as a lane") };
    assert!(!from.is_empty(), "nothing to load");
    let last = I::splat(at.cpu, last(from.len()));
    // SAFETY: at <= len - 1; indices are scaled to the 4 bytes of a T, which are floats or words.
    let v =
        unsafe { at.cpu.avx512f._mm512_i32gather_epi32::<4>(at.min_unsigned(last).v, from.as_ptr().cast()) };
    I { v, cpu: at.cpu }
}

/// The byte at each place; the last three bytes of the slice are not to be asked for.
#[inline(always)]
pub(super) fn bytes(from: &[u8], at: I) -> I {
    assert!(from.len() >= 4, "nothing to load");
    let last = I::splat(at.cpu, last(from.len() - 3));
    // SAFETY: at <= len - 4, so that four bytes from there on are inside.
    let v =
        unsafe { at.cpu.avx512f._mm512_i32gather_epi32::<1>(at.min_unsigned(last).v, from.as_ptr().cast()) };
    I { v, cpu: at.cpu } & I::splat(at.cpu, 0xff)
}

/// The largest index of so many, as far as an index of 32 bits with a sign goes.
fn last(count: usize) -> i32 {
    i32::try_from(count - 1).unwrap_or(i32::MAX)
}
