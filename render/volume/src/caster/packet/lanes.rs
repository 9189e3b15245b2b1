//! Sixteen numbers at once, one a ray.

use std::ops::{Add, BitAnd, BitOr, Mul, Sub};

use pulp::bytemuck::cast;
use pulp::x86::V4;
use std::arch::x86_64::{__m512, __m512i, _CMP_GT_OQ, _CMP_LT_OQ};

/// An array of three or four, written out: a closure would not always be inlined, and what is not inlined cannot use
/// the processor's instructions.
macro_rules! each {
    ($a:ident of 3: $value:expr) => {
        [
            {
                let $a = 0_usize;
                $value
            },
            {
                let $a = 1_usize;
                $value
            },
            {
                let $a = 2_usize;
                $value
            },
        ]
    };
    ($a:ident of 4: $value:expr) => {
        [
            {
                let $a = 0_usize;
                $value
            },
            {
                let $a = 1_usize;
                $value
            },
            {
                let $a = 2_usize;
                $value
            },
            {
                let $a = 3_usize;
                $value
            },
        ]
    };
}
pub(super) use each;

/// Rays that go together.
pub(super) const LANES: usize = 16;

/// One bit a ray.
pub(super) type Mask = u16;

/// A float for each ray.
#[derive(Clone, Copy)]
pub(in super::super) struct F {
    pub(super) v: __m512,
    cpu: V4,
}

/// A 32-bit integer for each ray.
#[derive(Clone, Copy)]
pub(in super::super) struct I {
    pub(super) v: __m512i,
    pub(super) cpu: V4,
}

/// As many of the lowest lanes of a mask as another has lanes.
#[inline(always)]
pub(super) fn lowest(of: Mask, as_many_as: Mask) -> Mask {
    let mut kept = of;
    for _ in as_many_as.count_ones()..of.count_ones() {
        kept &= !(0x8000 >> kept.leading_zeros());
    }
    kept
}

impl F {
    #[inline(always)]
    pub(super) fn splat(cpu: V4, value: f32) -> Self {
        Self { v: cpu.avx512f._mm512_set1_ps(value), cpu }
    }

    #[inline(always)]
    pub(super) fn from_array(cpu: V4, values: [f32; LANES]) -> Self {
        Self { v: cast(values), cpu }
    }

    #[inline(always)]
    pub(super) fn to_array(self) -> [f32; LANES] {
        cast(self.v)
    }

    /// The same bits, which are those of floats.
    #[inline(always)]
    pub(super) fn of_bits(bits: I) -> Self {
        Self { v: bits.cpu.avx512f._mm512_castsi512_ps(bits.v), cpu: bits.cpu }
    }

    /// `self * by + plus`, rounded once.
    #[inline(always)]
    pub(super) fn mul_add(self, by: Self, plus: Self) -> Self {
        Self { v: self.cpu.avx512f._mm512_fmadd_ps(self.v, by.v, plus.v), ..self }
    }

    /// Between `self` and `to`.
    #[inline(always)]
    pub(super) fn mix(self, to: Self, t: Self) -> Self {
        (to - self).mul_add(t, self)
    }

    #[inline(always)]
    pub(super) fn min(self, other: Self) -> Self {
        Self { v: self.cpu.avx512f._mm512_min_ps(self.v, other.v), ..self }
    }

    #[inline(always)]
    pub(super) fn max(self, other: Self) -> Self {
        Self { v: self.cpu.avx512f._mm512_max_ps(self.v, other.v), ..self }
    }

    #[inline(always)]
    pub(super) fn sqrt(self) -> Self {
        Self { v: self.cpu.avx512f._mm512_sqrt_ps(self.v), ..self }
    }

    #[inline(always)]
    pub(super) fn over(self, other: Self) -> Self {
        Self { v: self.cpu.avx512f._mm512_div_ps(self.v, other.v), ..self }
    }

    /// Towards minus infinity.
    #[inline(always)]
    pub(super) fn floor(self) -> Self {
        Self { v: self.cpu.avx512f._mm512_roundscale_ps::<1>(self.v), ..self }
    }

    /// Towards zero.
    #[inline(always)]
    pub(super) fn whole(self) -> I {
        I { v: self.cpu.avx512f._mm512_cvttps_epi32(self.v), cpu: self.cpu }
    }

    /// Two to this power, which is whole.
    #[inline(always)]
    pub(super) fn exp2_of_whole(self) -> Self {
        let one = Self::splat(self.cpu, 1.0);
        Self { v: self.cpu.avx512f._mm512_scalef_ps(one.v, self.v), ..self }
    }

    #[inline(always)]
    pub(super) fn gt(self, other: Self) -> Mask {
        self.cpu.avx512f._mm512_cmp_ps_mask::<_CMP_GT_OQ>(self.v, other.v)
    }

    #[inline(always)]
    pub(super) fn lt(self, other: Self) -> Mask {
        self.cpu.avx512f._mm512_cmp_ps_mask::<_CMP_LT_OQ>(self.v, other.v)
    }

    /// `other` where the mask is set.
    #[inline(always)]
    pub(super) fn or(self, mask: Mask, other: Self) -> Self {
        Self { v: self.cpu.avx512f._mm512_mask_blend_ps(mask, self.v, other.v), ..self }
    }

    /// The lanes `own` of these, and in the others, from the lowest on, the lanes `its` of `other`.
    #[inline(always)]
    pub(super) fn join(self, own: Mask, other: Self, its: Mask) -> Self {
        let packed = self.cpu.avx512f._mm512_maskz_compress_ps(its, other.v);
        Self { v: self.cpu.avx512f._mm512_mask_expand_ps(self.v, !own, packed), ..self }
    }

    /// What [`F::join`] put beside the lanes `own`, back in the lanes `its`.
    #[inline(always)]
    pub(super) fn part(self, own: Mask, its: Mask) -> Self {
        let packed = self.cpu.avx512f._mm512_maskz_compress_ps(!own, self.v);
        Self { v: self.cpu.avx512f._mm512_mask_expand_ps(packed, its, packed), ..self }
    }

    /// With the sign of `other`.
    #[inline(always)]
    pub(super) fn copysign(self, other: Self) -> Self {
        let (sign, rest) = (I::splat(self.cpu, i32::MIN), I::splat(self.cpu, i32::MAX));
        Self::of_bits((self.bits() & rest) | (other.bits() & sign))
    }

    #[inline(always)]
    fn bits(self) -> I {
        I { v: self.cpu.avx512f._mm512_castps_si512(self.v), cpu: self.cpu }
    }
}

impl I {
    #[inline(always)]
    pub(super) fn splat(cpu: V4, value: i32) -> Self {
        Self { v: cpu.avx512f._mm512_set1_epi32(value), cpu }
    }

    #[inline(always)]
    pub(super) fn from_array(cpu: V4, values: [i32; LANES]) -> Self {
        Self { v: cast(values), cpu }
    }

    #[inline(always)]
    pub(super) fn to_array(self) -> [i32; LANES] {
        cast(self.v)
    }

    /// As [`F::join`].
    #[inline(always)]
    pub(super) fn join(self, own: Mask, other: Self, its: Mask) -> Self {
        F::of_bits(self).join(own, F::of_bits(other), its).bits()
    }

    #[inline(always)]
    pub(super) fn float(self) -> F {
        F { v: self.cpu.avx512f._mm512_cvtepi32_ps(self.v), cpu: self.cpu }
    }

    #[inline(always)]
    pub(super) fn shl<const BY: u32>(self) -> Self {
        Self { v: self.cpu.avx512f._mm512_slli_epi32::<BY>(self.v), ..self }
    }

    /// With copies of the sign.
    #[inline(always)]
    pub(super) fn shr<const BY: u32>(self) -> Self {
        Self { v: self.cpu.avx512f._mm512_srai_epi32::<BY>(self.v), ..self }
    }

    /// One shifted left by each number.
    #[inline(always)]
    pub(super) fn bit(self) -> Self {
        let one = Self::splat(self.cpu, 1);
        Self { v: self.cpu.avx512f._mm512_sllv_epi32(one.v, self.v), ..self }
    }

    /// The smaller one; negative numbers are large.
    #[inline(always)]
    pub(super) fn min_unsigned(self, other: Self) -> Self {
        Self { v: self.cpu.avx512f._mm512_min_epu32(self.v, other.v), ..self }
    }

    /// Where the two have a bit in common.
    #[inline(always)]
    pub(super) fn meets(self, other: Self) -> Mask {
        self.cpu.avx512f._mm512_test_epi32_mask(self.v, other.v)
    }
}

macro_rules! operators {
    ($($for:ident: $operator:ident $method:ident $by:ident;)*) => {$(
        impl $operator for $for {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self { v: self.cpu.avx512f.$by(self.v, other.v), ..self }
            }
        }
    )*};
}

operators! {
    F: Add add _mm512_add_ps;
    F: Sub sub _mm512_sub_ps;
    F: Mul mul _mm512_mul_ps;
    I: Add add _mm512_add_epi32;
    I: Mul mul _mm512_mullo_epi32;
    I: BitAnd bitand _mm512_and_si512;
    I: BitOr bitor _mm512_or_si512;
}
