//! One bit a voxel: which voxels are inside.

use super::machine::Machine;

/// Inside flags of a voxel grid, 64 voxels a word, rows padded to whole words with at least one zero bit at the end.
pub(super) struct Bits {
    words: Vec<u64>,
    /// Words of a row.
    pub(super) width: usize,
    size: [usize; 3],
    /// The rows around the grid.
    outside: Vec<u64>,
}

impl Bits {
    /// Fills plane by plane: `pack(k, words of a row, all words of plane k)`. Answers also what `pack` answered.
    pub(super) fn new<T: Send>(
        size: [usize; 3],
        pack: impl Fn(usize, usize, &mut [u64]) -> T + Sync,
    ) -> (Self, Vec<T>) {
        use rayon::prelude::*;

        let [si, sj, sk] = size;
        let width = si / 64 + 1;
        let mut words = vec![0_u64; width * sj * sk];
        let answers = words
            .par_chunks_exact_mut(width * sj)
            .enumerate()
            .with_min_len(4)
            .map(|(k, plane)| pack(k, width, plane))
            .collect();
        (Self { words, width, size, outside: vec![0; width] }, answers)
    }

    /// The row (j, k); empty where there is none. `usize::MAX` stands for −1.
    #[inline(always)]
    pub(super) fn row(&self, j: usize, k: usize) -> &[u64] {
        if j < self.size[1] && k < self.size[2] {
            let start = (k * self.size[1] + j) * self.width;
            &self.words[start..start + self.width]
        } else {
            &self.outside
        }
    }
}

/// Packs a row of values.
#[inline(always)]
pub(crate) fn pack_row<T: Copy>(
    values: &[T],
    words: &mut [u64],
    machine: impl Machine,
    inside: impl Fn(T) -> bool,
) {
    let (blocks, rest) = values.as_chunks::<64>();
    for (block, word) in blocks.iter().zip(&mut *words) {
        let mut flags = [0_u8; 64];
        for n in 0..64 {
            flags[n] = if inside(block[n]) { 255 } else { 0 };
        }
        *word = machine.gather(flags);
    }
    let mut last = 0;
    for (n, &value) in rest.iter().enumerate() {
        last |= u64::from(inside(value)) << n;
    }
    words[blocks.len()] = last;
}

/// The bits of the voxels one place before: bit `n` of the answer is voxel `n - 1`. `carry` keeps the last for the next word.
#[inline(always)]
pub(crate) const fn before(word: u64, carry: &mut u64) -> u64 {
    let shifted = word << 1 | *carry;
    *carry = word >> 63;
    shifted
}

/// The places of the set bits, lowest first.
#[inline(always)]
pub(crate) const fn set_bits(word: u64) -> SetBits {
    SetBits(word)
}

/// See [`set_bits`].
pub(crate) struct SetBits(u64);

impl Iterator for SetBits {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        let place = self.0.trailing_zeros() as usize;
        (self.0 != 0).then(|| {
            self.0 &= self.0 - 1;
            place
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::machine::Plain;
    use super::*;

    #[test]
    fn packed_rows_hold_one_bit_a_voxel() {
        for length in [1, 7, 63, 64, 65, 128, 200] {
            let values: Vec<i16> = (0..length).map(|n| (n * 37 % 11) as i16).collect();
            let mut words = vec![u64::MAX; values.len() / 64 + 1];
            pack_row(&values, &mut words, Plain, |v| v >= 5);
            for n in 0..words.len() * 64 {
                let expected = values.get(n).is_some_and(|&v| v >= 5);
                assert_eq!(words[n / 64] >> (n % 64) & 1 == 1, expected, "{length}: {n}");
            }
            #[cfg(target_arch = "x86_64")]
            if let Some(wide) = pulp::x86::V3::try_new() {
                let mut same = vec![u64::MAX; words.len()];
                pack_row(&values, &mut same, wide, |v| v >= 5);
                assert_eq!(words, same, "{length}");
            }
            let mut carry = 0;
            for (w, &word) in words.iter().enumerate() {
                let shifted = before(word, &mut carry);
                for n in set_bits(shifted) {
                    assert!(values[w * 64 + n - 1] >= 5);
                }
                let set = words[..=w].iter().map(|word| word.count_ones()).sum::<u32>();
                assert!(shifted.count_ones() <= set);
            }
        }
    }
}
