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

/// Eigenvalues of a symmetric 6×6 matrix, from the least, by Jacobi's method.
pub(crate) fn eigenvalues_6(mut a: [[f64; 6]; 6]) -> [f64; 6] {
    for _ in 0..40 {
        for p in 0..5 {
            for q in p + 1..6 {
                if a[p][q] == 0.0 {
                    continue;
                }
                let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
                let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let c = 1.0 / t.hypot(1.0);
                let s = t * c;
                for row in &mut a {
                    (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
                }
                let (before_p, before_q) = (a[p], a[q]);
                a[p] = core::array::from_fn(|n| c * before_p[n] - s * before_q[n]);
                a[q] = core::array::from_fn(|n| s * before_p[n] + c * before_q[n]);
            }
        }
    }
    let mut values: [f64; 6] = core::array::from_fn(|n| a[n][n]);
    values.sort_by(f64::total_cmp);
    values
}

/// The solution of `a x = b` by elimination with pivots; `None` for a singular matrix.
pub(crate) fn solve<const N: usize>(mut a: [[f64; N]; N], mut b: [f64; N]) -> Option<[f64; N]> {
    for n in 0..N {
        let pivot = (n..N).max_by(|&x, &y| a[x][n].abs().total_cmp(&a[y][n].abs()))?;
        if a[pivot][n].abs() < 1e-12 {
            return None;
        }
        a.swap(n, pivot);
        b.swap(n, pivot);
        for row in n + 1..N {
            let factor = a[row][n] / a[n][n];
            let pivot = a[n];
            for (value, above) in a[row].iter_mut().zip(pivot).skip(n) {
                *value -= factor * above;
            }
            b[row] -= factor * b[n];
        }
    }
    for n in (0..N).rev() {
        for column in n + 1..N {
            b[n] -= a[n][column] * b[column];
        }
        b[n] /= a[n][n];
    }
    Some(b)
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
        let mut diagonal = [v.transpose() * a * v].map(|d| [d.x_axis.x, d.y_axis.y, d.z_axis.z])[0];
        diagonal.sort_by(f64::total_cmp);
        for (got, expected) in diagonal.into_iter().zip([0.5, 2.0, 5.0]) {
            assert!((got - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn six_eigenvalues_and_a_solution_of_a_known_matrix() {
        // Second differences: eigenvalues 2 - 2 cos(kπ/7).
        let a: [[f64; 6]; 6] = core::array::from_fn(|r| {
            core::array::from_fn(|c| {
                if r == c {
                    2.0
                } else if r.abs_diff(c) == 1 {
                    -1.0
                } else {
                    0.0
                }
            })
        });
        for (n, got) in eigenvalues_6(a).into_iter().enumerate() {
            let expected = 2.0 - 2.0 * (core::f64::consts::PI * (n + 1) as f64 / 7.0).cos();
            assert!((got - expected).abs() < 1e-12);
        }
        let x = solve(a, [1.0; 6]).expect("regular");
        for (got, expected) in x.into_iter().zip([3.0, 5.0, 6.0, 6.0, 5.0, 3.0]) {
            assert!((got - expected).abs() < 1e-12);
        }
        assert!(solve([[1.0, 2.0], [2.0, 4.0]], [1.0, 1.0]).is_none());
    }
}
