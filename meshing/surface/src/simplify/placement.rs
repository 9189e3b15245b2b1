//! Quadric error with the best place for a joined vertex.

use core::ops::AddAssign;

/// How much a joined vertex is held to the middle of its edge, as a part of the quadric's trace: keeps it there where
/// the surface is flat and any place along it would do.
const HOLD: f64 = 1e-4;
/// Cost of an edge for its length alone, as a part of trace times squared length: evens out what is flat.
const LENGTH_COST: f64 = 2e-6;
/// A joined vertex lies no farther from the middle of its edge than this times the edge (squared).
const REACH: f64 = 2.0;

/// The sum of squared distances to planes, weighted by area (Garland & Heckbert 1997), about the middle of the mesh.
///
/// In 64 bits, because far from the middle the distances are small differences of large numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Planes {
    /// Upper triangle of the 3×3 matrix: xx, xy, xz, yy, yz, zz.
    squares: [f64; 6],
    linear: [f64; 3],
    constant: f64,
}

impl Planes {
    /// The plane of a triangle, weighted with twice its area.
    #[inline]
    pub(super) fn of([a, b, c]: [[f32; 3]; 3]) -> Self {
        let [a, b, c] = [a, b, c].map(|p| p.map(f64::from));
        let [x, y, z] = cross(minus(b, a), minus(c, a));
        let weight = (x * x + y * y + z * z).sqrt();
        if weight <= 0.0 {
            return Self::default();
        }
        let distance = -(x * a[0] + y * a[1] + z * a[2]);
        let per = 1.0 / weight;
        Self {
            squares: [x * x, x * y, x * z, y * y, y * z, z * z].map(|s| s * per),
            linear: [x, y, z].map(|n| n * distance * per),
            constant: distance * distance * per,
        }
    }

    /// The place for a vertex that joins the ends of an edge, and what that costs.
    #[inline]
    pub(super) fn best(&self, from: [f32; 3], to: [f32; 3]) -> ([f32; 3], f32) {
        let [xx, xy, xz, yy, yz, zz] = self.squares;
        let m: [f64; 3] = core::array::from_fn(|n| (f64::from(from[n]) + f64::from(to[n])) * 0.5);
        let edge: [f64; 3] = core::array::from_fn(|n| f64::from(to[n]) - f64::from(from[n]));
        let length = dot(edge, edge);
        // Half the gradient at the middle, and the error there.
        let g = [
            xx * m[0] + xy * m[1] + xz * m[2] + self.linear[0],
            xy * m[0] + yy * m[1] + yz * m[2] + self.linear[1],
            xz * m[0] + yz * m[1] + zz * m[2] + self.linear[2],
        ];
        let at_middle = dot(m, g) + dot(self.linear, m) + self.constant;
        let trace = xx + yy + zz;
        let hold = HOLD * trace;
        let (a, d, f) = (xx + hold, yy + hold, zz + hold);
        let cofactors = [d * f - yz * yz, xz * yz - xy * f, xy * yz - xz * d];
        let determinant = a * cofactors[0] + xy * cofactors[1] + xz * cofactors[2];
        let per = -1.0 / determinant.max(f64::MIN_POSITIVE);
        let (c11, c12, c22) = (a * f - xz * xz, xy * xz - a * yz, a * d - xy * xy);
        let mut step = [
            (cofactors[0] * g[0] + cofactors[1] * g[1] + cofactors[2] * g[2]) * per,
            (cofactors[1] * g[0] + c11 * g[1] + c12 * g[2]) * per,
            (cofactors[2] * g[0] + c12 * g[1] + c22 * g[2]) * per,
        ];
        let moved = dot(step, step);
        let mut error = at_middle + dot(g, step) - hold * moved;
        // Also where the determinant is nothing.
        if moved.is_nan() || moved > REACH * length {
            (step, error) = ([0.0; 3], at_middle);
        }
        let place = core::array::from_fn(|n| (m[n] + step[n]) as f32);
        (place, (error.max(0.0) + LENGTH_COST * trace * length) as f32)
    }
}

impl AddAssign<&Self> for Planes {
    #[inline]
    fn add_assign(&mut self, other: &Self) {
        for n in 0..6 {
            self.squares[n] += other.squares[n];
        }
        for n in 0..3 {
            self.linear[n] += other.linear[n];
        }
        self.constant += other.constant;
    }
}

#[inline]
fn minus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

#[inline]
fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[inline]
fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_place_is_where_three_planes_meet_and_the_middle_of_what_is_flat() {
        let corner = [1.0_f32, 2.0, 3.0];
        let at = |n: usize, by: f32| {
            let mut p = corner;
            p[n] += by;
            p
        };
        let mut planes = Planes::default();
        for [a, b] in [[0, 1], [1, 2], [2, 0]] {
            planes += &Planes::of([corner, at(a, 1.0), at(b, 1.0)]);
        }
        let (place, cost) = planes.best(at(0, 0.4), at(1, 0.4));
        assert!((0..3).all(|n| (place[n] - corner[n]).abs() < 2e-3), "{place:?}");
        assert!(cost < 1e-4);
        let flat = Planes::of([corner, at(0, 1.0), at(1, 1.0)]);
        let (place, cost) = flat.best(at(0, 0.4), at(1, 0.4));
        assert!((place[0] - 1.2).abs() < 1e-5 && (place[1] - 2.2).abs() < 1e-5 && cost < 1e-5);
        let (place, _) = Planes::default().best(at(0, 1.0), corner);
        assert_eq!(place, [1.5, 2.0, 3.0]);
    }
}
