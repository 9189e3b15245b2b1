//! Small linear algebra.

use glam::{DMat3, DVec3};

/// Eigenvectors of a symmetric matrix as columns of a rotation, by Jacobi's method.
pub(crate) fn eigenvectors(symmetric: DMat3) -> DMat3 {
    let (mut a, mut vectors) = (symmetric, DMat3::IDENTITY);
    for _ in 0..24 {
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            let off = a.col(q)[p];
            if off == 0.0 {
                continue;
            }
            let theta = (a.col(q)[q] - a.col(p)[p]) / (2.0 * off);
            let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
            let c = 1.0 / t.hypot(1.0);
            let s = t * c;
            let mut turn = DMat3::IDENTITY;
            turn.col_mut(p)[p] = c;
            turn.col_mut(q)[q] = c;
            turn.col_mut(q)[p] = s;
            turn.col_mut(p)[q] = -s;
            a = turn.transpose() * a * turn;
            vectors *= turn;
        }
    }
    vectors
}

/// Eigenvalues of a symmetric matrix, from the least.
pub(crate) fn eigenvalues(symmetric: DMat3) -> [f64; 3] {
    let vectors = eigenvectors(symmetric);
    let turned = vectors.transpose() * symmetric * vectors;
    let mut values = [turned.x_axis.x, turned.y_axis.y, turned.z_axis.z];
    values.sort_by(f64::total_cmp);
    values
}

/// Two unit vectors that make a right-handed frame with a unit vector, the same for the same input.
pub(crate) fn across(axis: DVec3) -> [DVec3; 2] {
    let u = axis.any_orthonormal_vector();
    [u, axis.cross(u)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenvectors_turn_a_symmetric_matrix_diagonal() {
        let turn = DMat3::from_euler(glam::EulerRot::XYZ, 0.3, 1.1, -0.7);
        let a = turn * DMat3::from_diagonal(DVec3::new(5.0, 2.0, 0.5)) * turn.transpose();
        let v = eigenvectors(a);
        assert!((v.determinant() - 1.0).abs() < 1e-12);
        let d = v.transpose() * a * v;
        assert!(d.x_axis.y.abs() + d.x_axis.z.abs() + d.y_axis.z.abs() < 1e-12);
        for (got, expected) in eigenvalues(a).into_iter().zip([0.5, 2.0, 5.0]) {
            assert!((got - expected).abs() < 1e-12);
        }
    }
}
