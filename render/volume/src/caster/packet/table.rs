//! The pre-integrated transfer function of [`Integrals`], for sixteen stretches.

use pulp::x86::V4;

use super::gather::floats;
use super::lanes::{F, I, Mask, each};
use crate::integrals::Integrals;
use crate::look::TABLE;

pub(super) struct Table {
    cpu: V4,
    low: f32,
    per_value: f32,
    point: Vec<f32>,
    sum: Vec<f32>,
}

impl Table {
    pub(super) fn new(cpu: V4, integrals: &Integrals) -> Self {
        let (low, per_value) = integrals.scale();
        let [point, sum] = integrals.floats();
        Self { cpu, low, per_value, point, sum }
    }

    /// Four numbers of a table between its entries.
    #[inline(always)]
    fn mixed(&self, table: &[f32], x: F) -> [F; 4] {
        let whole = x.whole().min_unsigned(I::splat(self.cpu, TABLE as i32 - 2));
        let part = x - whole.float();
        let at = whole.shl::<2>();
        each!(c of 4: self.one(table, at, c).mix(self.one(table, at, c + 4), part))
    }

    #[inline(always)]
    fn one(&self, table: &[f32], at: I, by: usize) -> F {
        floats(table, at + I::splat(self.cpu, by as i32))
    }

    /// The sums up to a place, which go on evenly outside the table.
    #[inline(always)]
    fn up_to(&self, x: F, wanted: Mask) -> [F; 4] {
        let inside = self.inside(x);
        let sum = self.mixed(&self.sum, inside);
        let over = x - inside;
        let zero = F::splat(self.cpu, 0.0);
        let outside = wanted & (over.gt(zero) | over.lt(zero));
        if outside == 0 {
            return sum;
        }
        let end = self.mixed(&self.point, inside);
        let rate = [end[0] * end[3], end[1] * end[3], end[2] * end[3], end[3]];
        each!(c of 4: sum[c].or(outside, rate[c].mul_add(over, sum[c])))
    }

    #[inline(always)]
    fn inside(&self, x: F) -> F {
        x.max(F::splat(self.cpu, 0.0)).min(F::splat(self.cpu, (TABLE - 1) as f32))
    }

    /// Mean linear colour, weighted by extinction, and mean extinction per mm between two values, where wanted.
    #[inline(always)]
    pub(super) fn stretch(&self, first: F, second: F, wanted: Mask) -> [F; 4] {
        let (low, by) = (F::splat(self.cpu, self.low), F::splat(self.cpu, self.per_value));
        let (x, y) = ((first - low) * by, (second - low) * by);
        let one = F::splat(self.cpu, 1.0);
        let apart = y - x;
        // closer than an entry the sums' difference has no digits left
        let far = apart.gt(one) | apart.lt(F::splat(self.cpu, -1.0));
        let mut entry = [one; 4];
        if far & wanted != 0 {
            let (a, b) = (self.up_to(x, wanted & far), self.up_to(y, wanted & far));
            let sum = each!(c of 4: b[c] - a[c]);
            let zero = F::splat(self.cpu, 0.0);
            let some = sum[3].gt(zero) | sum[3].lt(zero);
            let by = one.or(some, one.over(sum[3]));
            entry = [sum[0] * by, sum[1] * by, sum[2] * by, sum[3].over(apart)];
        }
        if !far & wanted != 0 {
            let middle = (x + y) * F::splat(self.cpu, 0.5);
            let point = self.mixed(&self.point, self.inside(middle));
            entry = each!(c of 4: point[c].or(far, entry[c]));
        }
        entry
    }
}
