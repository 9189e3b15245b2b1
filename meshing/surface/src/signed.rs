//! How deep inside or how far outside another surface each vertex lies: for colour maps of differences.

use meshing_volume::{Cancelled, Progress};
use rayon::prelude::*;

use crate::winding::Winding;
use crate::{DistanceTo, Mesh};

/// Vertices of a task, and tasks between two reports of progress.
const TASK: usize = 1 << 10;
const TASKS: usize = 64;

/// The distance of each vertex of `from` to the surface of `to`, mm: positive outside, negative inside.
///
/// Inside is where the generalised winding number (Jacobson et al. 2013) is at least one half, so that a small hole in `to`
/// changes nothing but near itself. Infinite where `to` has no triangles or a vertex is nowhere.
///
/// # Errors
/// [`Cancelled`] when `progress` says so.
///
/// # Panics
/// If a triangle of `to` names a vertex that does not exist.
pub fn signed_distances(from: &Mesh, to: &Mesh, progress: &dyn Progress) -> Result<Vec<f64>, Cancelled> {
    let (surface, winding) = (DistanceTo::new(to), Winding::new(to));
    let mut distances = vec![f64::INFINITY; from.positions.len()];
    let total = distances.len();
    for (n, (distances, positions)) in
        distances.chunks_mut(TASK * TASKS).zip(from.positions.chunks(TASK * TASKS)).enumerate()
    {
        progress.step(n * TASK * TASKS, total)?;
        distances.par_chunks_mut(TASK).zip(positions.par_chunks(TASK)).for_each(|(distances, positions)| {
            let mut near = 0;
            for (distance, &at) in distances.iter_mut().zip(positions).filter(|(_, at)| at.is_finite()) {
                let far = surface.distance_between(at, 0.0, f64::INFINITY, &mut near);
                let inside = far > 0.0 && far.is_finite() && winding.at(at) >= 0.5;
                *distance = if inside { -far } else { far };
            }
        });
    }
    progress.step(1, 1)?;
    Ok(distances)
}

#[cfg(test)]
mod tests {
    use meshing_space::{Point, Vector};
    use meshing_volume::{CancelFlag, Silent};

    use super::*;
    use crate::shapes::ball;

    #[test]
    fn a_moved_ball_lies_in_front_on_one_side_and_behind_on_the_other() {
        let still = ball(10.0, 5);
        let mut moved = still.clone();
        for p in &mut moved.positions {
            *p += Vector::new(1.0, 0.0, 0.0);
        }
        let got = signed_distances(&moved, &still, &Silent).expect("not cancelled");
        for (p, distance) in moved.positions.iter().zip(&got) {
            // A ball of facets lies up to 0.01 mm inside the round one.
            let expected = (*p - Point::origin()).length() - 10.0;
            assert!((distance - expected).abs() < 0.03, "{p:?} {distance} {expected}");
        }
        let least = got.iter().copied().fold(f64::INFINITY, f64::min);
        assert!(least < -0.97 && got.iter().copied().fold(0.0, f64::max) > 0.97);
        let torn = Mesh { triangles: still.triangles[3..].to_vec(), ..still.clone() };
        let near = signed_distances(&moved, &torn, &Silent).expect("not cancelled");
        assert!(got.iter().zip(&near).all(|(a, b)| (a - b).abs() < 0.5));
        assert!(
            signed_distances(&still, &still, &Silent).expect("not cancelled").iter().all(|d| d.abs() < 1e-9)
        );
    }

    #[test]
    fn what_is_nowhere_is_infinitely_far() {
        let ball = ball(5.0, 1);
        let mut astray = ball.clone();
        astray.positions[3] = Point::new(f64::NAN, 0.0, 0.0);
        let got = signed_distances(&astray, &ball, &Silent).expect("not cancelled");
        assert!(got[3].is_infinite() && got[2].abs() < 1e-9);
        let none = signed_distances(&ball, &Mesh::default(), &Silent).expect("not cancelled");
        assert!(none.iter().all(|d| *d == f64::INFINITY));
        let flag = CancelFlag::default();
        flag.cancel();
        assert_eq!(signed_distances(&ball, &ball, &flag), Err(Cancelled));
    }
}
