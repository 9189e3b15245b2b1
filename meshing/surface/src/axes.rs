//! How the material of a solid is spread: principal axes and moments of inertia.

use meshing_space::{Lps, Point, Vector};
use serde::{Deserialize, Serialize};

use crate::{Mesh, measure};

/// The principal axes of a solid of density 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrincipalAxes {
    /// Centre of the volume, LPS mm.
    pub centroid_lps_mm: Point<Lps>,
    /// Unit vectors in LPS, right-handed: the first along the solid (least moment), the last across it.
    ///
    /// The largest component of the first two is positive, so that the same solid has the same axes.
    pub axes: [Vector<Lps>; 3],
    /// Moments of inertia about these axes, rising, mm⁵.
    pub moments_mm5: [f64; 3],
}

/// Rounds of the Jacobi method; it squares the error, so that six do for three by three.
const ROUNDS: usize = 16;

/// The principal axes of what a mesh encloses, from sums over the tetrahedra between its triangles and its middle (Tonon
/// 2004); `None` unless it is closed and encloses a volume.
///
/// Where moments are equal (a ball, a cube) any axes would do; some are given, the same each time.
///
/// # Panics
/// If a triangle names a vertex that does not exist ([`Mesh::check`] finds those).
pub fn principal_axes(mesh: &Mesh) -> Option<PrincipalAxes> {
    let measures = measure(mesh);
    let centre = measures.centroid_lps_mm;
    if !measures.closed || measures.volume_mm3 <= 0.0 || !measures.volume_mm3.is_finite() {
        return None;
    }
    // The integral of x y over a tetrahedron with one corner at the centre.
    let mut spread = [[0.0; 3]; 3];
    for t in 0..mesh.triangles.len() {
        let corners = mesh.corners(t).map(|p| p - centre);
        let part = corners[0].dot(corners[1].cross(corners[2])) / 120.0;
        let corners = corners.map(Vector::to_array);
        let sum: [f64; 3] = core::array::from_fn(|axis| corners.iter().map(|c| c[axis]).sum());
        for a in 0..3 {
            for b in 0..3 {
                let products: f64 = corners.iter().map(|c| c[a] * c[b]).sum();
                spread[a][b] += part * (products + sum[a] * sum[b]);
            }
        }
    }
    let (along, vectors) = jacobi(spread);
    // The wider the spread along an axis, the smaller the moment about it.
    let mut order = [0, 1, 2];
    order.sort_by(|&a, &b| along[b].total_cmp(&along[a]));
    let total: f64 = along.iter().sum();
    let [first, second] = [0, 1].map(|n| upright(vectors[order[n]]));
    Some(PrincipalAxes {
        centroid_lps_mm: centre,
        axes: [first, second, first.cross(second)],
        moments_mm5: order.map(|n| total - along[n]),
    })
}

/// A vector or its opposite: the one whose largest component is positive.
fn upright(v: Vector<Lps>) -> Vector<Lps> {
    let largest =
        v.to_array().into_iter().fold(0.0_f64, |most, x| if x.abs() > most.abs() { x } else { most });
    if largest < 0.0 { -v } else { v }
}

/// Eigenvalues and unit eigenvectors of a symmetric matrix (Jacobi 1846; Golub & Van Loan 2013, §8.5).
fn jacobi(mut m: [[f64; 3]; 3]) -> ([f64; 3], [Vector<Lps>; 3]) {
    let mut v = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    for _ in 0..ROUNDS {
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            if m[p][q] == 0.0 {
                continue;
            }
            let theta = (m[q][q] - m[p][p]) / (2.0 * m[p][q]);
            let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
            let c = 1.0 / t.hypot(1.0);
            let s = t * c;
            for row in &mut m {
                (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
            }
            for n in 0..3 {
                (m[p][n], m[q][n]) = (c * m[p][n] - s * m[q][n], s * m[p][n] + c * m[q][n]);
                (v[p][n], v[q][n]) = (c * v[p][n] - s * v[q][n], s * v[p][n] + c * v[q][n]);
            }
        }
    }
    ([m[0][0], m[1][1], m[2][2]], v.map(Vector::from_array))
}

#[cfg(test)]
mod tests {
    use meshing_space::Transform;

    use super::*;
    use crate::shapes::{ball, block, ring};

    #[test]
    fn a_block_has_its_textbook_moments_however_it_lies() {
        let [x, y, z]: [f64; 3] = [4.0, 30.0, 12.0];
        let volume = x * y * z;
        let moment = |a: f64, b: f64| volume * (a * a + b * b) / 12.0;
        let expected = [moment(x, z), moment(x, y), moment(y, z)];
        for turn in 0..20 {
            let axis = Vector::new(0.3, 1.0, -0.2 * f64::from(turn));
            let turned = Transform::<Lps, Lps>::rotation(axis, 0.4 * f64::from(turn)).expect("an axis");
            let place = |p: Point<Lps>| turned * p + Vector::new(100.0, -50.0, 900.0);
            let mut mesh = block([x, y, z]);
            let middle = place(Point::new(x / 2.0, y / 2.0, z / 2.0));
            for p in &mut mesh.positions {
                *p = place(*p);
            }
            let got = principal_axes(&mesh).expect("a solid");
            assert!(got.centroid_lps_mm.distance(middle) < 1e-9);
            // Moments about y, z, x: from the longest side to the shortest.
            let sides =
                [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]].map(|v| turned * Vector::from_array(v));
            let mut moments = [moment(x, z), moment(x, y), moment(y, z)];
            moments.sort_by(f64::total_cmp);
            for n in 0..3 {
                assert!((got.moments_mm5[n] / moments[n] - 1.0).abs() < 1e-9, "{got:?} {expected:?}");
                assert!((got.axes[n].dot(sides[n]).abs() - 1.0).abs() < 1e-9, "{turn} {n}: {got:?}");
            }
            let [a, b, c] = got.axes;
            assert!((a.cross(b).dot(c) - 1.0).abs() < 1e-12);
            assert_eq!([a, b].map(upright), [a, b]);
        }
    }

    #[test]
    fn round_bodies_have_equal_moments_and_open_ones_none() {
        let got = principal_axes(&ball(10.0, 4)).expect("a solid");
        let expected = 8.0 / 15.0 * core::f64::consts::PI * 1e5;
        assert!(got.moments_mm5.iter().all(|m| (m / expected - 1.0).abs() < 0.02), "{got:?}");
        let ring = principal_axes(&ring(20.0, 5.0, 100, 60)).expect("a solid");
        assert!((ring.axes[2].dot(Vector::new(0.0, 0.0, 1.0)).abs() - 1.0).abs() < 1e-9);
        let mut open = ball(10.0, 1);
        open.triangles.pop();
        assert_eq!(principal_axes(&open), None);
        assert_eq!(principal_axes(&Mesh::default()), None);
        let mut inside_out = ball(10.0, 1);
        inside_out.triangles.iter_mut().for_each(|t| t.swap(0, 1));
        assert_eq!(principal_axes(&inside_out), None);
    }
}
