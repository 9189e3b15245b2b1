//! A mesh in levels of detail, for a renderer that shows far things with few triangles.

use meshing_volume::{Cancelled, Part, Progress, Told};

use crate::{Mesh, MeshProblems, simplify_with};

/// A level must have at most this part of the triangles of the one before; less is not worth its memory.
const WORTH: f64 = 0.75;

/// One level of detail.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// A closed, oriented 2-manifold, LPS mm.
    pub mesh: Mesh,
    /// The two-sided distance to the mesh as given, mm, measured with [`crate::hausdorff`]: vertices and insides of both. 0 for
    /// the first level, which is the mesh as given.
    pub hausdorff_mm: f64,
}

/// Why there are no levels.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LevelsError {
    /// The mesh is no closed, oriented 2-manifold.
    #[error("the mesh is not a closed surface; repair it first")]
    NotClosed(Box<MeshProblems>),
    /// A target is no length, or not larger than the one before.
    #[error("{0} mm is no distance for a level: they rise from above 0")]
    BadTarget(f64),
    /// Somebody asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Told for LevelsError {
    fn chinese(&self) -> String {
        match self {
            Self::NotClosed(_) => "网格不是封闭曲面；请先修复".to_owned(),
            Self::BadTarget(mm) => format!("{mm} mm 不能作为细节层次的距离：各距离须大于 0 并递增"),
            Self::Cancelled(cancelled) => cancelled.chinese(),
        }
    }
}

/// The mesh as given, and for each of the rising `targets_mm` a level that lies no farther from it.
///
/// Each level is made of the mesh as given ([`crate::simplify`]); made of the level before, errors would add up. Every level is
/// checked to be a closed, oriented 2-manifold. A target that leaves more than three quarters of the triangles of the level
/// before gives none.
///
/// # Errors
/// [`LevelsError`]: the mesh is not clean, targets do not rise, cancelled.
pub fn levels(mesh: &Mesh, targets_mm: &[f64], progress: &dyn Progress) -> Result<Vec<Level>, LevelsError> {
    let mut least = 0.0;
    for &target in targets_mm {
        // Written so that NaN is refused too.
        if !(target > least && target.is_finite()) {
            return Err(LevelsError::BadTarget(target));
        }
        least = target;
    }
    let problems = mesh.check();
    if !problems.is_clean() || mesh.triangles.is_empty() {
        return Err(LevelsError::NotClosed(Box::new(problems)));
    }
    let mut levels = vec![Level { mesh: mesh.clone(), hausdorff_mm: 0.0 }];
    let steps = targets_mm.len().max(1) as f32;
    for (n, &target) in targets_mm.iter().enumerate() {
        let part = Part::new(progress, n as f32 / steps, (n + 1) as f32 / steps);
        let made = simplify_with(mesh, target, &Part::new(&part, 0.0, 0.9))?;
        let before = levels[levels.len() - 1].mesh.triangles.len();
        if made.mesh.triangles.len() as f64 <= WORTH * before as f64 && made.mesh.check().is_clean() {
            levels.push(Level { mesh: made.mesh, hausdorff_mm: made.hausdorff_mm });
        }
        part.step(1, 1)?;
    }
    Ok(levels)
}

/// The level with fewest triangles that lies no farther than `mm` from the mesh as given; the first if none does.
///
/// For a view: `mm` is what a pixel covers at the distance of the mesh.
///
/// # Panics
/// If there are no levels.
pub fn level_within(levels: &[Level], mm: f64) -> &Level {
    let fits = levels.iter().filter(|level| level.hausdorff_mm <= mm);
    fits.min_by_key(|level| level.mesh.triangles.len()).unwrap_or(&levels[0])
}

#[cfg(test)]
mod tests {
    use meshing_volume::{CancelFlag, Silent};

    use super::*;
    use crate::DistanceTo;
    use crate::shapes::{ball, ring};

    /// The largest distance from points of a level (corners, and 64 inside each triangle) to a mesh.
    fn farthest(mesh: &Mesh, level: &Mesh) -> f64 {
        let surface = DistanceTo::new(mesh);
        let mut most = 0.0_f64;
        for t in 0..level.triangles.len() {
            let [a, b, c] = level.corners(t);
            for n in 0..64 {
                let (u, v) = (f64::from(n % 8) / 7.0, f64::from(n / 8) / 7.0);
                most = most.max(surface.distance_mm(a + (b - a) * (u * (1.0 - v)) + (c - a) * v));
            }
        }
        most
    }

    #[test]
    fn every_level_is_closed_and_lies_as_near_as_it_says() {
        for mesh in [ball(20.0, 5), ring(20.0, 6.0, 120, 60)] {
            let targets = [0.05, 0.2, 0.8, 2.0];
            let levels = levels(&mesh, &targets, &Silent).expect("clean");
            assert!(levels.len() >= 4, "{}", levels.len());
            assert_eq!((&levels[0].mesh, levels[0].hausdorff_mm), (&mesh, 0.0));
            for pair in levels.windows(2) {
                assert!(pair[1].mesh.triangles.len() * 4 <= pair[0].mesh.triangles.len() * 3);
                assert!(pair[1].hausdorff_mm > pair[0].hausdorff_mm);
            }
            for level in &levels[1..] {
                assert!(level.mesh.check().is_clean() && level.mesh.parts() == 1);
                // Many more points than were measured: none much farther than is stated.
                let fine = farthest(&mesh, &level.mesh);
                assert!(fine <= level.hausdorff_mm * 1.15 + 1e-9, "{fine} {}", level.hausdorff_mm);
                // Of the targets there is one that it was made for.
                assert!(
                    targets.iter().any(|t| (0.3 * t..=*t).contains(&level.hausdorff_mm)),
                    "{}",
                    level.hausdorff_mm
                );
            }
            assert_eq!(level_within(&levels, 0.0).mesh, mesh);
            assert_eq!(level_within(&levels, 1e9), levels.last().expect("a level"));
            let near = level_within(&levels, 0.4);
            assert!(near.hausdorff_mm <= 0.4 && near.hausdorff_mm > 0.0);
        }
    }

    #[test]
    fn what_makes_no_levels_is_refused() {
        let ball = ball(5.0, 2);
        for targets in [&[0.0][..], &[0.1, 0.1], &[f64::NAN], &[1.0, f64::INFINITY]] {
            assert!(matches!(levels(&ball, targets, &Silent), Err(LevelsError::BadTarget(_))));
        }
        let mut open = ball.clone();
        open.triangles.pop();
        let refused = levels(&open, &[0.1], &Silent).expect_err("open");
        assert!(matches!(&refused, LevelsError::NotClosed(p) if p.open_edges == 3));
        assert!(!refused.chinese().is_empty());
        assert!(matches!(levels(&Mesh::default(), &[0.1], &Silent), Err(LevelsError::NotClosed(_))));
        let flag = CancelFlag::default();
        flag.cancel();
        assert_eq!(levels(&ball, &[0.5], &flag), Err(LevelsError::Cancelled(Cancelled)));
        assert_eq!(levels(&ball, &[], &Silent).expect("clean").len(), 1);
    }
}
