//! What segments change along a ray.

use glam::Vec4;

use super::fixed::{HALF, ONE, Place, part_of};
use crate::SegmentItem;

/// The labels of a volume and what each means.
pub(super) struct Labels<'a> {
    voxels: &'a [u8],
    size: [usize; 3],
    factor: [i64; 3],
    /// By label: colour times tint and tint; colour times solid extinction and that; opacity.
    terms: Vec<[Vec4; 3]>,
}

impl<'a> Labels<'a> {
    pub(super) fn new(item: &'a SegmentItem) -> Self {
        let labels = item.segments.labels();
        Self {
            voxels: labels.labels(),
            size: labels.grid().size(),
            factor: item.segments.factor().map(|f| f as i64),
            terms: (0..=u8::MAX).map(|l| item.look(l).terms().map(Vec4::from_array)).collect(),
        }
    }

    /// What a stretch shows once the eight labels around its middle have had their say.
    #[inline(always)]
    pub(super) fn segmented(&self, entry: Vec4, middle: Place) -> Vec4 {
        let [tint, solid, opacity] = self.mixed(middle);
        let through = entry.w * opacity.x;
        let extinction = through + solid.w;
        let colour = (entry * (1.0 - tint.w) + tint) * through + solid;
        (colour * (1.0 / extinction.max(1e-12))).with_w(extinction)
    }

    /// The colour and opacity of a surface once the eight labels around a place have had their say.
    #[inline(always)]
    pub(super) fn tinted(&self, base: Vec4, at: Place) -> Vec4 {
        let [tint, _, opacity] = self.mixed(at);
        (base * (1.0 - tint.w) + tint).with_w((base.w * opacity.x).min(1.0))
    }

    /// The terms of the eight labels around a place, mixed.
    #[inline(always)]
    fn mixed(&self, middle: Place) -> [Vec4; 3] {
        let [ni, nj, _] = self.size;
        let (mut base, mut next, mut part) = ([0_usize; 3], [0_usize; 3], [0.0_f32; 3]);
        for a in 0..3 {
            let last = self.size[a] as i64 - 1;
            let at = (middle[a] * self.factor[a] - HALF).clamp(0, last * ONE);
            base[a] = (at >> 32) as usize;
            next[a] = (base[a] + 1).min(last as usize);
            part[a] = part_of(at);
        }
        let mut found = [0_u8; 8];
        for (n, label) in found.iter_mut().enumerate() {
            let at = |a: usize| if n >> a & 1 == 1 { next[a] } else { base[a] };
            *label = self.voxels[(at(2) * nj + at(1)) * ni + at(0)];
        }
        if found.iter().all(|&l| l == found[0]) {
            self.terms[usize::from(found[0])]
        } else {
            let mut sum = [Vec4::ZERO; 3];
            for (n, label) in found.into_iter().enumerate() {
                let side = |a: usize| if n >> a & 1 == 1 { part[a] } else { 1.0 - part[a] };
                let weight = side(0) * side(1) * side(2);
                for (sum, term) in sum.iter_mut().zip(self.terms[usize::from(label)]) {
                    *sum += term * weight;
                }
            }
            sum
        }
    }
}
