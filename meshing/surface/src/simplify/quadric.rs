//! Quadric error metric.

use core::ops::AddAssign;

/// The squared distances from a point to a set of planes, weighted by area (Garland & Heckbert 1997).
///
/// Kept about the vertex that it belongs to, not about the origin: the planes pass near the vertex, so that 32-bit
/// floats lose nothing that matters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Quadric {
    /// Upper triangle of the 3×3 matrix: xx, xy, xz, yy, yz, zz.
    squares: [f32; 6],
    linear: [f32; 3],
    constant: f32,
    weight: f32,
}

impl Quadric {
    /// The plane through the vertex itself with the given normal, twice the area long.
    pub(super) fn plane(normal: [f32; 3]) -> Self {
        let weight = dot(normal, normal).sqrt();
        let [x, y, z] = normal;
        let per = if weight > 0.0 { 1.0 / weight } else { 0.0 };
        let squares = [x * x, x * y, x * z, y * y, y * z, z * z].map(|s| s * per);
        Self { squares, weight, ..Self::default() }
    }

    /// The mean squared distance of a point to the planes; `offset` leads there from the vertex.
    pub(super) fn mean(&self, offset: [f32; 3]) -> f32 {
        (self.at(offset) / self.weight.max(f32::MIN_POSITIVE)).max(0.0)
    }

    /// The same planes about another vertex; `offset` leads there.
    pub(super) fn moved(&self, offset: [f32; 3]) -> Self {
        let turned = self.turned(offset);
        let linear = core::array::from_fn(|n| self.linear[n] + turned[n]);
        Self { linear, constant: self.at(offset).max(0.0), ..*self }
    }

    fn at(&self, offset: [f32; 3]) -> f32 {
        dot(self.turned(offset), offset) + 2.0 * dot(self.linear, offset) + self.constant
    }

    fn turned(&self, [x, y, z]: [f32; 3]) -> [f32; 3] {
        let [xx, xy, xz, yy, yz, zz] = self.squares;
        [xx * x + xy * y + xz * z, xy * x + yy * y + yz * z, xz * x + yz * y + zz * z]
    }
}

impl AddAssign for Quadric {
    fn add_assign(&mut self, other: Self) {
        for n in 0..6 {
            self.squares[n] += other.squares[n];
        }
        for n in 0..3 {
            self.linear[n] += other.linear[n];
        }
        self.constant += other.constant;
        self.weight += other.weight;
    }
}

#[inline]
pub(super) fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[inline]
pub(super) fn minus(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

#[inline]
pub(super) fn cross(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quadric_tells_the_distance_to_its_planes_wherever_it_is_kept() {
        let mut about_origin = Quadric::plane([0.0, 0.0, 2.0]);
        about_origin += Quadric::plane([2.0, 0.0, 0.0]);
        assert!((about_origin.mean([3.0, 9.0, 4.0]) - 12.5).abs() < 1e-5);
        let moved = about_origin.moved([1.0, -5.0, 1.0]);
        assert!((moved.mean([2.0, 0.0, 3.0]) - 12.5).abs() < 1e-5);
        assert!(Quadric::default().mean([1.0, 1.0, 1.0]).abs() < 1e-12);
    }
}
