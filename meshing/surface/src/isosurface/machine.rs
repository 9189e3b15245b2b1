//! What one machine does in an instruction or two and another in many; the answers are the same.

/// Steps of the extraction that loops over lanes do not say well.
///
/// Call them from functions and closures that are always inlined, never from one given to `map` of an array: what the compiler
/// leaves as a function of its own is compiled for any machine, and then each step is a call.
pub(crate) trait Machine: Copy {
    /// Brings the bits of 64 flags (0 or 255) together.
    fn gather(self, flags: [u8; 64]) -> u64;

    /// Bit `n` of each of eight words, the first word's lowest.
    fn column(self, words: &[u64; 8], n: usize) -> u8;

    /// Of eight values those at `places` (0 to 7).
    fn pick(self, values: &[f32; 8], places: [u8; 8]) -> [f32; 8];

    /// Sums, differences, products and quotients of eight values each, all eight at once.
    fn add(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8];
    fn sub(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8];
    fn mul(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8];
    fn div(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8];

    /// Has the memory around a place brought near, without waiting for it.
    fn fetch<T>(self, place: &T);
}

/// Any machine.
#[derive(Clone, Copy)]
pub(crate) struct Plain;

impl Machine for Plain {
    #[inline(always)]
    fn gather(self, flags: [u8; 64]) -> u64 {
        /// Brings the lowest bits of eight bytes together in the highest byte.
        const TOGETHER: u64 = 0x0102_0408_1020_4080;
        flags.as_chunks::<8>().0.iter().rev().fold(0, |word, &eight| {
            word << 8 | (u64::from_le_bytes(eight) & 0x0101_0101_0101_0101).wrapping_mul(TOGETHER) >> 56
        })
    }

    #[inline(always)]
    fn column(self, words: &[u64; 8], n: usize) -> u8 {
        let mut column = 0;
        for m in 0..8 {
            column |= (words[m] >> n & 1) << m;
        }
        column as u8
    }

    #[inline(always)]
    fn pick(self, values: &[f32; 8], places: [u8; 8]) -> [f32; 8] {
        let mut picked = [0.0; 8];
        for n in 0..8 {
            picked[n] = values[usize::from(places[n] & 7)];
        }
        picked
    }

    #[inline(always)]
    fn add(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        core::array::from_fn(|n| a[n] + b[n])
    }

    #[inline(always)]
    fn sub(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        core::array::from_fn(|n| a[n] - b[n])
    }

    #[inline(always)]
    fn mul(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        core::array::from_fn(|n| a[n] * b[n])
    }

    #[inline(always)]
    fn div(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        core::array::from_fn(|n| a[n] / b[n])
    }

    #[inline(always)]
    fn fetch<T>(self, _place: &T) {}
}

#[cfg(target_arch = "x86_64")]
impl Machine for pulp::x86::V3 {
    #[inline(always)]
    fn gather(self, flags: [u8; 64]) -> u64 {
        let [low, high]: [[u8; 32]; 2] = bytemuck::cast(flags);
        let low = self.avx2._mm256_movemask_epi8(bytemuck::cast(low)) as u32;
        let high = self.avx2._mm256_movemask_epi8(bytemuck::cast(high)) as u32;
        u64::from(high) << 32 | u64::from(low)
    }

    #[inline(always)]
    fn column(self, words: &[u64; 8], n: usize) -> u8 {
        // The bit becomes the sign.
        let by = bytemuck::cast([63 - n as u64, 0]);
        let [low, high]: [[u64; 4]; 2] = bytemuck::cast(*words);
        let low = self.avx2._mm256_sll_epi64(bytemuck::cast(low), by);
        let high = self.avx2._mm256_sll_epi64(bytemuck::cast(high), by);
        let low = self.avx._mm256_movemask_pd(bytemuck::cast(low));
        (low | self.avx._mm256_movemask_pd(bytemuck::cast(high)) << 4) as u8
    }

    #[inline(always)]
    fn pick(self, values: &[f32; 8], places: [u8; 8]) -> [f32; 8] {
        let places = bytemuck::cast([u64::from_le_bytes(places), 0]);
        let places = self.avx2._mm256_cvtepu8_epi32(places);
        bytemuck::cast(self.avx2._mm256_permutevar8x32_ps(bytemuck::cast(*values), places))
    }

    #[inline(always)]
    fn add(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        bytemuck::cast(self.avx._mm256_add_ps(bytemuck::cast(a), bytemuck::cast(b)))
    }

    #[inline(always)]
    fn sub(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        bytemuck::cast(self.avx._mm256_sub_ps(bytemuck::cast(a), bytemuck::cast(b)))
    }

    #[inline(always)]
    fn mul(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        bytemuck::cast(self.avx._mm256_mul_ps(bytemuck::cast(a), bytemuck::cast(b)))
    }

    #[inline(always)]
    fn div(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        bytemuck::cast(self.avx._mm256_div_ps(bytemuck::cast(a), bytemuck::cast(b)))
    }

    #[inline(always)]
    fn fetch<T>(self, place: &T) {
        self.sse._mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(core::ptr::from_ref(place).cast());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn every_machine_gives_the_same_answers() {
        let Some(wide) = pulp::x86::V3::try_new() else { return };
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state ^ state >> 29
        };
        for n in 0..64 {
            let words: [u64; 8] = core::array::from_fn(|_| next());
            assert_eq!(wide.column(&words, n), Plain.column(&words, n));
            let flags = core::array::from_fn(|_| if next() & 1 == 1 { 255 } else { 0 });
            assert_eq!(wide.gather(flags), Plain.gather(flags));
            let values = core::array::from_fn(|_| next() as f32);
            let places = core::array::from_fn(|_| (next() >> 13 & 7) as u8);
            assert_eq!(wide.pick(&values, places), Plain.pick(&values, places));
            let others = core::array::from_fn(|_| next() as f32);
            assert_eq!(wide.add(values, others), Plain.add(values, others));
            assert_eq!(wide.sub(values, others), Plain.sub(values, others));
            assert_eq!(wide.mul(values, others), Plain.mul(values, others));
            assert_eq!(wide.div(values, others), Plain.div(values, others));
        }
    }
}
