//! What segments change along a ray.

use glam::Vec4;

use super::fixed::{HALF, ONE, Place, part_of};
use crate::integrals::Integrals;
use crate::{SegmentItem, TransferFunction};

/// The labels of a volume and what each means.
pub(super) struct Labels<'a> {
    voxels: &'a [u8],
    size: [usize; 3],
    factor: [i64; 3],
    /// By label: colour times tint and tint; colour times solid extinction and that; opacity.
    terms: Vec<[Vec4; 3]>,
    /// Which transfer function, by label.
    functions: Vec<usize>,
}

impl<'a> Labels<'a> {
    pub(super) fn new(item: &'a SegmentItem, own: &TransferFunction) -> Self {
        let labels = item.segments.labels();
        Self {
            voxels: labels.labels(),
            size: labels.grid().size(),
            factor: item.segments.factor().map(|f| f as i64),
            terms: (0..=u8::MAX).map(|l| item.look(l).terms().map(Vec4::from_array)).collect(),
            functions: item.functions(own).by_label,
        }
    }

    /// What a stretch between two values shows once the eight labels around its middle have had their say; `entry` is
    /// what the volume's function makes of it, of whose extinction the gradient lets stand a share.
    #[inline(always)]
    pub(super) fn shown(
        &self,
        entry: Vec4,
        functions: &[Integrals],
        ends: [f32; 2],
        middle: Place,
        share: f32,
    ) -> Vec4 {
        if functions.len() > 1 {
            self.several(functions, ends, middle, share)
        } else {
            self.segmented(entry, middle)
        }
    }

    #[inline(always)]
    fn segmented(&self, entry: Vec4, middle: Place) -> Vec4 {
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
    fn mixed(&self, at: Place) -> [Vec4; 3] {
        let (found, part) = self.around(at);
        if found.iter().all(|&l| l == found[0]) {
            return self.terms[usize::from(found[0])];
        }
        let mut sum = [Vec4::ZERO; 3];
        for (n, label) in found.into_iter().enumerate() {
            let weight = weight(part, n);
            for (sum, term) in sum.iter_mut().zip(self.terms[usize::from(label)]) {
                *sum += term * weight;
            }
        }
        sum
    }

    /// The eight labels around a place, and how far beyond the first it is along each axis.
    #[inline(always)]
    fn around(&self, middle: Place) -> ([u8; 8], [f32; 3]) {
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
        (found, part)
    }

    /// What each label around a place shows of the stretch between two values by its own function, mixed.
    #[inline(never)]
    fn several(&self, functions: &[Integrals], ends: [f32; 2], middle: Place, share: f32) -> Vec4 {
        let (found, part) = self.around(middle);
        let (mut tint, mut solid, mut through) = (Vec4::ZERO, Vec4::ZERO, Vec4::ZERO);
        // neighbours mostly share a function
        let mut known = (self.functions[usize::from(found[0])], None);
        for (n, label) in found.into_iter().enumerate() {
            let weight = weight(part, n);
            let [of_tint, of_solid, opacity] = self.terms[usize::from(label)];
            tint += of_tint * weight;
            solid += of_solid * weight;
            let function = self.functions[usize::from(label)];
            let entry = match known {
                (same, Some(entry)) if same == function => entry,
                _ => functions[function].between(ends),
            };
            known = (function, Some(entry));
            through += entry.with_w(1.0) * (entry.w * share * opacity.x * weight);
        }
        let extinction = through.w + solid.w;
        let colour = through * (1.0 - tint.w) + tint * through.w + solid;
        (colour * (1.0 / extinction.max(1e-12))).with_w(extinction)
    }
}

/// The share of one of the eight places around another.
#[inline(always)]
fn weight(part: [f32; 3], n: usize) -> f32 {
    let side = |a: usize| if n >> a & 1 == 1 { part[a] } else { 1.0 - part[a] };
    side(0) * side(1) * side(2)
}
