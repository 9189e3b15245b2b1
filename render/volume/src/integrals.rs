//! Pre-integrated transfer function: what a stretch of a ray between two values emits and stops.
//!
//! Engel, Kraus and Ertl 2001 ("High-quality pre-integrated volume rendering"), section 4.2: with running sums of
//! extinction and of extinction times colour over the value, a stretch costs two look-ups, and no peak of the
//! transfer function falls between two samples.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the kind of processor at hand"
)]

use glam::Vec4;

use crate::TransferFunction;
use crate::look::TABLE;

/// Point values and running sums of a transfer function by table index.
#[derive(Clone, Debug)]
pub(crate) struct Integrals {
    low: f32,
    per_value: f32,
    /// Linear red, green, blue and extinction per mm.
    point: Vec<Vec4>,
    /// The sums up to each entry of extinction times colour, and of extinction, one unit an entry.
    sum: Vec<Vec4>,
}

/// Index of the last entry.
const LAST: f32 = (TABLE - 1) as f32;

impl Integrals {
    pub(crate) fn of(transfer: &TransferFunction) -> Self {
        let (low, high) = transfer.span();
        let point: Vec<Vec4> = transfer.table().into_iter().map(Vec4::from_array).collect();
        let weighted = |e: Vec4| (e * e.w).with_w(e.w).to_array().map(f64::from);
        let mut running = [0.0_f64; 4];
        let mut sum = vec![Vec4::ZERO];
        for pair in point.windows(2) {
            let (a, b) = (weighted(pair[0]), weighted(pair[1]));
            running = std::array::from_fn(|c| running[c] + f64::midpoint(a[c], b[c]));
            sum.push(Vec4::from_array(running.map(|v| v as f32)));
        }
        Self { low, per_value: LAST / (high - low), point, sum }
    }

    /// Both tables as the shader reads them: a row of points, then a row of sums.
    pub(crate) fn rows(&self) -> Vec<[f32; 4]> {
        self.point.iter().chain(&self.sum).map(Vec4::to_array).collect()
    }

    /// The value at the first entry, and entries a unit of value.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn scale(&self) -> (f32, f32) {
        (self.low, self.per_value)
    }

    /// Points and sums, four numbers an entry.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn floats(&self) -> [Vec<f32>; 2] {
        [&self.point, &self.sum].map(|table| table.iter().flat_map(Vec4::to_array).collect())
    }

    /// The place of a value in the tables, which may lie outside.
    #[inline(always)]
    pub(crate) fn index(&self, value: f32) -> f32 {
        (value - self.low) * self.per_value
    }

    /// The sums up to a place, which go on evenly outside the table.
    #[inline(always)]
    pub(crate) fn up_to(&self, x: f32) -> Vec4 {
        let inside = x.clamp(0.0, LAST);
        let sum = mixed(&self.sum, inside);
        if inside == x {
            return sum;
        }
        let end = self.point[if x < 0.0 { 0 } else { TABLE - 1 }];
        sum + (end * end.w).with_w(end.w) * (x - inside)
    }

    /// Mean linear colour, weighted by extinction, and mean extinction per mm of a stretch along which the value
    /// goes evenly from the one to the other of two places with their sums.
    #[inline(always)]
    pub(crate) fn stretch(&self, (x, below_x): (f32, Vec4), (y, below_y): (f32, Vec4)) -> Vec4 {
        let apart = y - x;
        // closer than an entry the sums' difference has no digits left
        if apart.abs() < 1.0 {
            return mixed(&self.point, (f32::midpoint(x, y)).clamp(0.0, LAST));
        }
        let sum = below_y - below_x;
        let colour = sum / if sum.w == 0.0 { 1.0 } else { sum.w };
        colour.with_w(sum.w / apart)
    }
}

impl Integrals {
    /// Extinction per mm at a value.
    pub(crate) fn extinction(&self, value: f32) -> f32 {
        mixed(&self.point, self.index(value).clamp(0.0, LAST)).w
    }

    /// The stretch between two values.
    pub(crate) fn between(&self, [a, b]: [f32; 2]) -> Vec4 {
        let [first, last] = [a, b].map(|value| (self.index(value), self.up_to(self.index(value))));
        self.stretch(first, last)
    }
}

/// A table between its entries.
#[inline(always)]
fn mixed(table: &[Vec4], x: f32) -> Vec4 {
    let i = (x as i32 as usize).min(TABLE - 2);
    let pair = &table[i..i + 2];
    (pair[1] - pair[0]) * (x - i as f32) + pair[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TransferPoint;

    fn between(integrals: &Integrals, a: f32, b: f32) -> [f32; 4] {
        integrals.between([a, b]).to_array()
    }

    fn peak() -> TransferFunction {
        let point =
            |value, red, opacity_per_mm| TransferPoint { value, colour: [red, 0.5, 0.2], opacity_per_mm };
        TransferFunction::new(vec![
            point(-1000.0, 0.0, 0.0),
            point(100.0, 0.2, 0.0),
            point(110.0, 1.0, 0.6),
            point(120.0, 0.4, 0.0),
            point(2000.0, 0.9, 0.0),
        ])
        .unwrap()
    }

    #[test]
    fn a_peak_between_two_samples_is_not_missed() {
        let transfer = peak();
        let integrals = Integrals::of(&transfer);
        let [.., extinction] = between(&integrals, 0.0, 220.0);
        // a triangle of base 20 and height -ln 0.4 over 220
        let truth = -(0.4_f32.ln()) * 20.0 / 2.0 / 220.0;
        assert!((extinction - truth).abs() < 0.01 * truth, "{extinction} for {truth}");
        assert_eq!(transfer.at(0.0)[3] + transfer.at(220.0)[3], 0.0, "point samples see nothing");
    }

    #[test]
    fn stretches_are_the_means_of_many_points() {
        let transfer = peak();
        let integrals = Integrals::of(&transfer);
        for (a, b) in [(90.0, 130.0), (130.0, 90.0), (104.0, 104.2), (-3000.0, 115.0), (105.0, 5000.0)] {
            let n = 20_000;
            let mut sums = [0.0_f64; 4];
            for i in 0..n {
                let [r, g, bl, t] = transfer.at(a + (b - a) * ((i as f32 + 0.5) / n as f32)).map(f64::from);
                sums = [sums[0] + r * t, sums[1] + g * t, sums[2] + bl * t, sums[3] + t];
            }
            let truth = [sums[0] / sums[3], sums[1] / sums[3], sums[2] / sums[3], sums[3] / f64::from(n)];
            let got = between(&integrals, a, b);
            for c in 0..4 {
                let off = (f64::from(got[c]) - truth[c]).abs();
                assert!(off < 0.02 * truth[c].max(0.01), "{a} to {b}: {got:?} for {truth:?}");
            }
        }
    }
}
