//! Splines onto a grid of another spacing along the same axes, as scipy.ndimage has them for edges that go on (`nearest`).
//!
//! Cubic splines are those of Unser (1991): a recursive filter gives the coefficients, four of which make a value. Along each
//! axis by itself, so that the three together are the same as the tensor product.

use rayon::prelude::*;

use super::card::Align;

/// From the voxels of one grid to those of another, along one axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    /// Voxels of the grid that values come from.
    pub from: usize,
    /// Voxels of the grid that they are wanted on.
    pub to: usize,
    /// Voxels of the first for one of the second.
    step: f64,
    align: Align,
}

impl Axis {
    /// From a number of voxels at one spacing to another spacing.
    pub(super) fn new(align: Align, from: usize, spacing_mm: f64, wanted_mm: f64) -> Self {
        let ratio = spacing_mm / wanted_mm;
        let to = match align {
            Align::Faces => (ratio * from as f64).round_ties_even(),
            Align::Centres => ((from as f64 - 1.0) * ratio + 1.0).round_ties_even(),
        };
        let to = (to as usize).max(1);
        let step = match align {
            Align::Faces => from as f64 / to as f64,
            Align::Centres => wanted_mm / spacing_mm,
        };
        Self { from, to, step, align }
    }

    /// The way back.
    pub(super) fn back(self) -> Self {
        let step = match self.align {
            Align::Faces => self.to as f64 / self.from as f64,
            Align::Centres => self.step.recip(),
        };
        Self { from: self.to, to: self.from, step, align: self.align }
    }

    /// Distance between voxels of the second grid, given that of the first.
    pub(super) fn step_mm(self, spacing_mm: f64) -> f64 {
        self.step * spacing_mm
    }

    /// Whether values stay where they are.
    pub(super) fn is_identity(self) -> bool {
        self.from == self.to && self.step == 1.0
    }

    /// Where a voxel of the second grid lies on the first.
    fn position(self, n: usize) -> f64 {
        match self.align {
            Align::Faces => (n as f64 + 0.5) * self.step - 0.5,
            // Beyond the last centre the edge goes on.
            Align::Centres => (n as f64 * self.step).min(self.from as f64 - 1.0),
        }
    }

    /// The voxel before a voxel of the second grid, the one after, and how far between them it lies; for order 0 the nearest.
    pub(super) fn between(self, n: usize, order: u8) -> (usize, usize, f32) {
        let last = self.from - 1;
        let at = self.position(n).clamp(0.0, last as f64);
        if order == 0 {
            let nearest = ((at + 0.5).floor() as usize).min(last);
            return (nearest, nearest, 0.0);
        }
        let before = at.floor() as usize;
        (before, (before + 1).min(last), (at - before as f64) as f32)
    }

    /// The first of the four coefficients (of which two come before the first voxel's) that make a value, and their weights.
    fn cubic(self, n: usize) -> (usize, [f32; 4]) {
        let at = self.position(n);
        let before = at.floor();
        let t = at - before;
        let u = 1.0 - t;
        let weights = [
            u * u * u / 6.0,
            (t * t * (t - 2.0) * 3.0 + 4.0) / 6.0,
            (u * u * (u - 2.0) * 3.0 + 4.0) / 6.0,
            t * t * t / 6.0,
        ];
        ((before as isize + PAD as isize - 1) as usize, weights.map(|w| w as f32))
    }
}

/// Orders along the three axes, and the axis that goes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Orders {
    pub along: [u8; 3],
    pub apart: Option<usize>,
}

impl Orders {
    /// nnU-Net's choice: an axis goes by itself where the spacing of the image, or else that of the model, is uneven by more
    /// than the threshold and only this axis is that wide.
    pub(super) fn new(
        spacing_mm: [f64; 3],
        wanted_mm: [f64; 3],
        threshold: f64,
        order: u8,
        order_z: u8,
    ) -> Self {
        let widest = |mm: [f64; 3]| mm.into_iter().fold(f64::MIN, f64::max);
        let uneven = |mm: [f64; 3]| widest(mm) / mm.into_iter().fold(f64::MAX, f64::min) > threshold;
        let apart = [spacing_mm, wanted_mm].into_iter().find(|mm| uneven(*mm)).and_then(|mm| {
            let mut wide = (0..3).filter(|&axis| mm[axis] == widest(mm));
            wide.next().filter(|_| wide.next().is_none())
        });
        let along = core::array::from_fn(|axis| if apart == Some(axis) { order_z } else { order });
        Self { along, apart }
    }
}

/// Brings values (last axis fastest) onto another grid.
///
/// As in scikit-image's `resize`, cubic splines do not leave the range of the values: those of the slice where one axis goes by
/// itself, otherwise those of all.
pub(super) fn resample(mut values: Vec<f32>, axes: [Axis; 3], orders: Orders) -> Vec<f32> {
    let mut shape = axes.map(|axis| axis.from);
    if axes.iter().all(|axis| axis.is_identity()) {
        return values;
    }
    let ranges = ranges(&values, shape, orders.apart);
    for axis in sequence(axes, orders) {
        if orders.apart == Some(axis) && orders.along.contains(&3) {
            clip(&mut values, shape, orders.apart, &ranges);
        }
        values = pass(values, &mut shape, axis, axes[axis], orders.along[axis]);
    }
    if orders.apart.is_none() && orders.along.contains(&3) {
        clip(&mut values, shape, None, &ranges);
    }
    values
}

/// The order of the axes: the one that shrinks most goes first (the least memory, and the least work for the others), the
/// one that goes by itself last.
fn sequence(axes: [Axis; 3], orders: Orders) -> [usize; 3] {
    let growth = |axis: usize| axes[axis].to as f64 / axes[axis].from as f64;
    let mut sequence = [0, 1, 2];
    sequence.sort_by(|&a, &b| {
        let last = |axis| orders.apart == Some(axis);
        last(a).cmp(&last(b)).then(growth(a).total_cmp(&growth(b)))
    });
    sequence
}

/// The most numbers that [`resample`] holds at once: before or after an axis, together with its coefficients or its result.
pub(super) fn most_held(axes: [Axis; 3], orders: Orders) -> u64 {
    let product = |shape: [usize; 3]| shape.iter().fold(1_u64, |all, &n| all.saturating_mul(n as u64));
    let mut shape = axes.map(|axis| axis.from);
    let mut most = product(shape);
    for axis in sequence(axes, orders).into_iter().filter(|&axis| !axes[axis].is_identity()) {
        let before = product(shape);
        let mut padded = shape;
        padded[axis] += 2 * PAD;
        shape[axis] = axes[axis].to;
        let after = product(shape);
        most = most.max(if orders.along[axis] == 3 {
            product(padded).saturating_add(before.max(after))
        } else {
            before.saturating_add(after)
        });
    }
    most
}

/// Least and greatest value of each slice across an axis, or of all.
fn ranges(values: &[f32], shape: [usize; 3], axis: Option<usize>) -> Vec<(f32, f32)> {
    let join = |a: (f32, f32), b: (f32, f32)| (a.0.min(b.0), a.1.max(b.1));
    let none = (f32::INFINITY, f32::NEG_INFINITY);
    let count = axis.map_or(1, |axis| shape[axis]);
    values
        .par_chunks(shape[1] * shape[2])
        .enumerate()
        .map(|(d, plane)| {
            let mut found = vec![none; count];
            for (h, line) in plane.chunks_exact(shape[2]).enumerate() {
                if axis == Some(2) {
                    found.iter_mut().zip(line).for_each(|(range, &v)| *range = join(*range, (v, v)));
                } else {
                    let slice = &mut found[axis.map_or(0, |axis| [d, h][axis])];
                    *slice = line.iter().fold(*slice, |range, &value| join(range, (value, value)));
                }
            }
            found
        })
        .reduce(|| vec![none; count], |a, b| a.into_iter().zip(b).map(|(a, b)| join(a, b)).collect())
}

fn clip(values: &mut [f32], shape: [usize; 3], axis: Option<usize>, ranges: &[(f32, f32)]) {
    values.par_chunks_mut(shape[1] * shape[2]).enumerate().for_each(|(d, plane)| {
        for (h, line) in plane.chunks_exact_mut(shape[2]).enumerate() {
            for (w, value) in line.iter_mut().enumerate() {
                let (low, high) = ranges[axis.map_or(0, |axis| [d, h, w][axis])];
                *value = value.clamp(low, high);
            }
        }
    });
}

/// One axis.
fn pass(values: Vec<f32>, shape: &mut [usize; 3], axis: usize, map: Axis, order: u8) -> Vec<f32> {
    if map.is_identity() {
        return values;
    }
    // Each slab is `from` planes of `inner` values.
    let inner: usize = shape[axis + 1..].iter().product();
    let outer: usize = shape[..axis].iter().product();
    let mut made = vec![0.0_f32; outer * map.to * inner];
    if order == 3 {
        let taps: Vec<(usize, [f32; 4])> = (0..map.to).map(|n| map.cubic(n)).collect();
        let coefficients = coefficients(&values, outer, map.from, inner);
        drop(values);
        let length = (map.from + 2 * PAD) * inner;
        made.par_chunks_mut(inner * if inner == 1 { map.to } else { 1 }).enumerate().for_each(|(n, part)| {
            if inner == 1 {
                let line = &coefficients[n * length..][..length];
                for (value, (first, weights)) in part.iter_mut().zip(&taps) {
                    *value = (0..4).map(|t| line[first + t] * weights[t]).sum();
                }
            } else {
                let (first, [a, b, c, d]) = taps[n % map.to];
                let plane =
                    |t: usize| coefficients[n / map.to * length + (first + t) * inner..][..inner].iter();
                for ((((value, p), q), r), s) in
                    part.iter_mut().zip(plane(0)).zip(plane(1)).zip(plane(2)).zip(plane(3))
                {
                    *value = p * a + q * b + r * c + s * d;
                }
            }
        });
    } else {
        let taps: Vec<(usize, usize, f32)> = (0..map.to).map(|n| map.between(n, order)).collect();
        let length = map.from * inner;
        made.par_chunks_mut(inner * if inner == 1 { map.to } else { 1 }).enumerate().for_each(|(n, part)| {
            if inner == 1 {
                let line = &values[n * length..][..length];
                for (value, &(before, after, t)) in part.iter_mut().zip(&taps) {
                    *value = line[before] * (1.0 - t) + line[after] * t;
                }
            } else {
                let (before, after, t) = taps[n % map.to];
                let plane = |m: usize| values[n / map.to * length + m * inner..][..inner].iter();
                for ((value, a), b) in part.iter_mut().zip(plane(before)).zip(plane(after)) {
                    *value = a * (1.0 - t) + b * t;
                }
            }
        });
    }
    shape[axis] = map.to;
    made
}

/// Coefficients kept on each side beyond the values.
const PAD: usize = 2;

/// The pole of the cubic spline's filter, √3 − 2.
const POLE: f32 = -0.267_949_2;

/// Coefficients of the cubic spline through values that go on beyond their ends as they are there, with [`PAD`] more on each
/// side; `outer` slabs of `count` planes of `inner` values.
fn coefficients(values: &[f32], outer: usize, count: usize, inner: usize) -> Vec<f32> {
    let length = (count + 2 * PAD) * inner;
    let mut made = vec![0.0_f32; outer * length];
    made.par_chunks_mut(length).zip(values.par_chunks(count * inner)).for_each(|(made, values)| {
        // Lines in strips that stay in the cache.
        const STRIP: usize = 256;
        let strips = inner.div_ceil(STRIP);
        if outer == 1 && strips > 1 {
            // One slab: the planes one after the other, each in parallel.
            for n in 0..count {
                causal(made, values, n, inner, true);
            }
            for n in (0..count).rev() {
                anticausal(made, values, n, count, inner, true);
            }
        } else {
            for n in 0..count {
                causal(made, values, n, inner, false);
            }
            for n in (0..count).rev() {
                anticausal(made, values, n, count, inner, false);
            }
        }
        beyond(made, values, count, inner);
    });
    made
}

/// Plane `n` of the filter that runs forward.
fn causal(made: &mut [f32], values: &[f32], n: usize, inner: usize, spread: bool) {
    let (before, after) = made.split_at_mut((n + PAD) * inner);
    let (plane, value) = (&mut after[..inner], &values[n * inner..][..inner]);
    if n == 0 {
        plane.iter_mut().zip(value).for_each(|(c, v)| *c = v * (6.0 / (1.0 - POLE)));
        return;
    }
    let before = &before[before.len() - inner..];
    let step = |plane: &mut [f32], value: &[f32], before: &[f32]| {
        for ((c, v), b) in plane.iter_mut().zip(value).zip(before) {
            *c = v * 6.0 + b * POLE;
        }
    };
    if spread {
        const PART: usize = 1 << 14;
        let parts = plane.par_chunks_mut(PART).zip(value.par_chunks(PART)).zip(before.par_chunks(PART));
        parts.for_each(|((plane, value), before)| step(plane, value, before));
    } else {
        step(plane, value, before);
    }
}

/// Plane `n` of the filter that runs back.
fn anticausal(made: &mut [f32], values: &[f32], n: usize, count: usize, inner: usize, spread: bool) {
    let (before, after) = made.split_at_mut((n + PAD + 1) * inner);
    let from = before.len() - inner;
    let plane = &mut before[from..];
    if n + 1 == count {
        let value = &values[n * inner..][..inner];
        for (c, v) in plane.iter_mut().zip(value) {
            // What comes after the end is the same value for ever.
            let steady = v * (6.0 / (1.0 - POLE));
            *c = -POLE * (steady / (1.0 - POLE) + (*c - steady) / (1.0 - POLE * POLE));
        }
        return;
    }
    let after = &after[..inner];
    let step = |plane: &mut [f32], after: &[f32]| {
        plane.iter_mut().zip(after).for_each(|(c, a)| *c = (a - *c) * POLE);
    };
    if spread {
        const PART: usize = 1 << 14;
        plane.par_chunks_mut(PART).zip(after.par_chunks(PART)).for_each(|(plane, after)| step(plane, after));
    } else {
        step(plane, after);
    }
}

/// The coefficients beyond the ends, where they go over into the values.
fn beyond(made: &mut [f32], values: &[f32], count: usize, inner: usize) {
    for n in 0..inner {
        let (first, last) = (values[n], values[(count - 1) * inner + n]);
        let (c, d) = (made[PAD * inner + n], made[(PAD + count - 1) * inner + n]);
        let (mut a, mut b) = (c - first, d - last);
        for away in 1..=PAD {
            a *= POLE;
            b *= POLE;
            made[(PAD - away) * inner + n] = first + a;
            made[(PAD + count - 1 + away) * inner + n] = last + b;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Vec<f32> {
        (0..210).map(|n| ((n * 7919 + 13) % 97) as f32 - 40.0).collect()
    }

    fn faces(from: [usize; 3], to: [usize; 3]) -> [Axis; 3] {
        core::array::from_fn(|n| Axis::new(Align::Faces, from[n], 1.0, from[n] as f64 / to[n] as f64))
    }

    fn near(values: &[f32], at: [usize; 10], wanted: [f32; 10]) {
        for (n, wanted) in at.into_iter().zip(wanted) {
            assert!((values[n] - wanted).abs() < 2e-4, "voxel {n}: {} and not {wanted}", values[n]);
        }
    }

    #[test]
    fn splines_are_those_of_nnunet() {
        // skimage.transform.resize(…, order, mode="edge", anti_aliasing=False), 0.26, of a 5 × 6 × 7 image.
        let axes = faces([5, 6, 7], [7, 4, 10]);
        let at = [0, 1, 9, 10, 39, 40, 137, 140, 279, 200];
        let orders = |order| Orders { along: [order; 3], apart: None };
        let cubic = [
            -20.092_728,
            3.948_924,
            43.129_646,
            -33.698_803,
            6.411_715,
            19.771_574,
            43.410_095,
            -13.832_335,
            17.279_963,
            17.575_474,
        ];
        near(&resample(image(), axes, orders(3)), at, cubic);
        let linear = [-15.5, 5.2625, 41.25, -19.25, 5.75, 17.5, 33.0625, -4.5, 18.5, 16.214_285];
        near(&resample(image(), axes, orders(1)), at, linear);
    }

    #[test]
    fn an_uneven_axis_goes_by_itself() {
        // Slices by resize of order 3, between them map_coordinates(order=0, mode="nearest"), as nnU-Net does.
        let axes = faces([5, 6, 7], [8, 4, 10]);
        let made = resample(image(), axes, Orders { along: [0, 3, 3], apart: Some(0) });
        let wanted = [
            -15.785_716,
            5.0192,
            42.375_85,
            -28.313_911,
            6.122_093,
            -15.785_716,
            43.410_095,
            -13.832_335,
            19.434_254,
            19.434_254,
        ];
        near(&made, [0, 1, 9, 10, 39, 40, 137, 140, 279, 319], wanted);
        let orders = |mm, wanted| Orders::new(mm, wanted, 3.0, 3, 0);
        let even = Orders { along: [3; 3], apart: None };
        assert_eq!(orders([5.0, 0.8, 0.8], [1.5; 3]), Orders { along: [0, 3, 3], apart: Some(0) });
        assert_eq!(orders([1.0; 3], [1.0, 1.0, 4.0]), Orders { along: [3, 3, 0], apart: Some(2) });
        assert_eq!(orders([2.4, 0.8, 0.8], [1.5; 3]), even);
        assert_eq!(orders([4.0, 0.8, 4.0], [1.5; 3]), even, "two wide axes");
    }

    #[test]
    fn grids_have_the_size_of_nnunet_and_monai() {
        let size = |align, from, mm, wanted| Axis::new(align, from, mm, wanted).to;
        assert_eq!(size(Align::Faces, 111, 0.75, 1.5), 56, "55.5 goes to the even number");
        assert_eq!(size(Align::Faces, 1, 0.1, 5.0), 1);
        assert_eq!(size(Align::Centres, 100, 0.75, 1.5), 50);
        assert_eq!(size(Align::Centres, 512, 0.8, 1.5), 274);
        let axis = Axis::new(Align::Centres, 100, 0.75, 1.5);
        assert_eq!(axis.between(3, 1), (6, 7, 0.0));
        assert_eq!(axis.back().between(7, 1), (3, 4, 0.5));
        assert_eq!(axis.back().between(99, 1), (49, 49, 0.0));
        // Faces: voxel 0 of two lies in the middle of voxels 0 and 1 of four.
        let axis = Axis::new(Align::Faces, 4, 1.0, 2.0);
        assert_eq!((axis.between(0, 1), axis.between(1, 0)), ((0, 1, 0.5), (3, 3, 0.0)));
    }

    #[test]
    fn cubic_splines_go_through_the_values_and_keep_what_is_constant() {
        for axis in 0..3 {
            let mut from = [4, 5, 6];
            let mut to = from;
            to[axis] = from[axis] * 3;
            let axes = faces(from, to);
            let values: Vec<f32> = image().into_iter().take(120).collect();
            let fine = pass(values.clone(), &mut from, axis, axes[axis], 3);
            // The middle of three fine voxels lies on a coarse one.
            let inner: usize = [4, 5, 6][axis + 1..].iter().product();
            for (n, value) in values.iter().enumerate() {
                let at = (n / inner * 3 + 1) * inner + n % inner;
                assert!((fine[at] - value).abs() < 1e-4, "axis {axis} voxel {n}: {} {value}", fine[at]);
            }
            let flat = resample(vec![7.25; 120], axes, Orders { along: [3; 3], apart: None });
            assert!(flat.iter().all(|v| (v - 7.25).abs() < 1e-5));
        }
    }
}
