//! Values and gradients between voxels.

use glam::Vec4;

use super::fixed::{HALF, ONE, Place, part_of};

/// A voxel as it lies in memory.
pub(super) trait Voxel: Copy + Send + Sync {
    fn four(row: [Self; 4]) -> Vec4;
}

impl Voxel for i16 {
    #[inline(always)]
    fn four([a, b, c, d]: [Self; 4]) -> Vec4 {
        Vec4::new(f32::from(a), f32::from(b), f32::from(c), f32::from(d))
    }
}

impl Voxel for f32 {
    #[inline(always)]
    fn four(row: [Self; 4]) -> Vec4 {
        Vec4::from_array(row)
    }
}

/// Voxels, i fastest, at least two along each axis.
pub(super) struct Samples<'a, T> {
    voxels: &'a [T],
    /// A hair less than the index of the last voxel along each axis.
    most: [i64; 3],
    row: usize,
    slice: usize,
}

#[inline(always)]
fn mix(a: f32, b: f32, t: f32) -> f32 {
    (b - a).mul_add(t, a)
}

#[inline(always)]
fn mix4(a: Vec4, b: Vec4, t: Vec4) -> Vec4 {
    (b - a) * t + a
}

impl<'a, T: Voxel> Samples<'a, T> {
    pub(super) fn new(size: [usize; 3], voxels: &'a [T]) -> Self {
        let most = size.map(|n| (n as i64 - 1) * ONE - 1);
        Self { voxels, most, row: size[0], slice: size[0] * size[1] }
    }

    pub(super) fn voxels(&self) -> &[T] {
        self.voxels
    }

    /// Where the lower neighbour of a place lies in memory, and how far beyond it the place is along each axis.
    #[inline(always)]
    fn place(&self, at: Place) -> (usize, [f32; 3]) {
        let x = (at[0] - HALF).max(0).min(self.most[0]);
        let y = (at[1] - HALF).max(0).min(self.most[1]);
        let z = (at[2] - HALF).max(0).min(self.most[2]);
        let [i, j, k] = [x, y, z].map(|c| (c >> 32) as usize);
        (k * self.slice + j * self.row + i, [part_of(x), part_of(y), part_of(z)])
    }

    /// A row from one voxel before to two beyond.
    #[inline(always)]
    fn row(&self, start: usize) -> Vec4 {
        let row = &self.voxels[start - 1..start + 3];
        T::four([row[0], row[1], row[2], row[3]])
    }

    /// Two neighbours of a row, and the two beyond them along j.
    #[inline(always)]
    fn square(&self, start: usize) -> Vec4 {
        let (first, second) =
            (&self.voxels[start..start + 2], &self.voxels[start + self.row..start + self.row + 2]);
        T::four([first[0], first[1], second[0], second[1]])
    }

    /// The value at a place by trilinear interpolation; the border voxels extend outwards.
    #[inline(always)]
    pub(super) fn value(&self, at: Place) -> f32 {
        let (start, [x, y, z]) = self.place(at);
        let square = mix4(self.square(start), self.square(start + self.slice), Vec4::splat(z));
        mix(mix(square.x, square.z, y), mix(square.y, square.w, y), x)
    }

    /// Central differences over one voxel each way, per voxel step.
    #[inline(always)]
    pub(super) fn gradient(&self, at: Place) -> [f32; 3] {
        let mut inner = true;
        for (at, most) in at.into_iter().zip(self.most) {
            inner &= at - HALF >= ONE && at - HALF < most - ONE;
        }
        if inner { self.inner_gradient(at) } else { self.border_gradient(at) }
    }

    #[cold]
    fn border_gradient(&self, at: Place) -> [f32; 3] {
        std::array::from_fn(|a| {
            let moved = |by: i64| {
                let mut at = at;
                at[a] += by;
                self.value(at)
            };
            (moved(ONE) - moved(-ONE)) * 0.5
        })
    }

    /// The trilinear mix of the central differences at the eight voxels around, from twelve rows.
    #[inline(always)]
    fn inner_gradient(&self, at: Place) -> [f32; 3] {
        let (start, [x, y, z]) = self.place(at);
        let (row, slice) = (self.row, self.slice);
        let (up, y4, z4) = (start + slice, Vec4::splat(y), Vec4::splat(z));
        let (v00, v10) = (self.row(start), self.row(start + row));
        let (v01, v11) = (self.row(up), self.row(up + row));
        let along_i = mix4(mix4(v00, v10, y4), mix4(v01, v11, y4), z4);
        let along_j = mix4(
            mix4(v10 - self.row(start - row), self.row(start + 2 * row) - v00, y4),
            mix4(v11 - self.row(up - row), self.row(up + 2 * row) - v01, y4),
            z4,
        );
        let along_k = mix4(
            mix4(v01 - self.row(start - slice), self.row(up + slice) - v00, z4),
            mix4(v11 - self.row(start + row - slice), self.row(up + row + slice) - v10, z4),
            y4,
        );
        let i = mix(along_i.z - along_i.x, along_i.w - along_i.y, x);
        [i * 0.5, mix(along_j.y, along_j.z, x) * 0.5, mix(along_k.y, along_k.z, x) * 0.5]
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixed::fixed;
    use super::*;

    #[test]
    fn values_and_gradients_are_those_of_the_mixed_voxels() {
        let size = [7, 6, 5];
        // of second degree, so that central differences are exact and a trilinear mix of them too
        let f = |i: f32, j: f32, k: f32| 3.0 * i - 2.0 * j * k + i * j * 0.5 + k * k;
        let voxels: Vec<f32> = (0..size[0] * size[1] * size[2])
            .map(|n| f((n % 7) as f32, (n / 7 % 6) as f32, (n / 42) as f32))
            .collect();
        let samples = Samples::new(size, &voxels);
        let at = |ijk: [f64; 3]| ijk.map(|c| fixed(c + 0.5));
        let near = |a: f32, b: f32| assert!((a - b).abs() < 1e-4, "{a} for {b}");
        near(samples.value(at([3.0, 2.0, 1.0])), f(3.0, 2.0, 1.0));
        near(samples.value(at([6.0, 5.0, 4.0])), f(6.0, 5.0, 4.0));
        near(samples.value(at([-9.0, 99.0, 2.0])), f(0.0, 5.0, 2.0));
        near(samples.value(at([2.5, 2.0, 3.0])), f32::midpoint(f(2.0, 2.0, 3.0), f(3.0, 2.0, 3.0)));
        for place in [[2.3, 2.7, 1.5], [1.0, 1.0, 1.0], [4.9, 3.9, 2.9], [0.2, 2.0, 3.8]] {
            let (fast, slow) = (samples.gradient(at(place)), samples.border_gradient(at(place)));
            for a in 0..3 {
                near(fast[a], slow[a]);
            }
        }
        let [di, dj, dk] = samples.gradient(at([2.0, 3.0, 2.0]));
        assert!((di - 4.5).abs() < 1e-4 && (dj + 3.0).abs() < 1e-4 && (dk + 2.0).abs() < 1e-4);
    }
}
