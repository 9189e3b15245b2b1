//! A mesh in levels of detail, for a renderer that shows far things with few triangles.

use meshing_volume::{Cancelled, Part, Progress, Told};

use crate::distance::{DistanceTo, sample_spacing};
use crate::simplify::{measured, simplify_with};
use crate::{Mesh, MeshProblems};

/// A level must have at most this part of the triangles of the one before; less is not worth its memory.
const WORTH: f64 = 0.75;

/// One level of detail.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// A closed, oriented 2-manifold, LPS mm.
    pub mesh: Mesh,
    /// The measured two-sided distance (sampled Hausdorff distance, see [`crate::hausdorff`]) to the mesh as given, mm; 0 for
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
    /// A bound is no length, or not larger than the one before.
    #[error("{0} mm is no bound of a level: they rise from above 0")]
    BadBound(f64),
    /// Somebody asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Told for LevelsError {
    fn chinese(&self) -> String {
        match self {
            Self::NotClosed(_) => "网格不是封闭曲面；请先修复".to_owned(),
            Self::BadBound(mm) => format!("{mm} mm 不能作为细节层次的误差上限：各上限须大于 0 并递增"),
            Self::Cancelled(cancelled) => cancelled.chinese(),
        }
    }
}

/// The mesh as given, and for each of the rising `bounds_mm` a level that lies no farther from it, measured.
///
/// Each level is made of the one before ([`crate::simplify`]), allowed what is left of its bound; its distance is measured
/// from the mesh as given. Every level is checked to be a closed, oriented 2-manifold. A bound that brings no fewer than
/// three quarters of the triangles before gives no level; its allowance goes to the next.
///
/// # Errors
/// [`LevelsError`]: the mesh is not clean, bounds do not rise, cancelled.
pub fn levels(mesh: &Mesh, bounds_mm: &[f64], progress: &dyn Progress) -> Result<Vec<Level>, LevelsError> {
    let mut least = 0.0;
    for &bound in bounds_mm {
        // Written so that NaN is refused too.
        if !(bound > least && bound.is_finite()) {
            return Err(LevelsError::BadBound(bound));
        }
        least = bound;
    }
    let problems = mesh.check();
    if !problems.is_clean() || mesh.triangles.is_empty() {
        return Err(LevelsError::NotClosed(Box::new(problems)));
    }
    let mut levels = vec![Level { mesh: mesh.clone(), hausdorff_mm: 0.0 }];
    let original = DistanceTo::new(mesh);
    let spacing = sample_spacing(mesh, mesh);
    let steps = bounds_mm.len().max(1) as f32;
    for (n, &bound) in bounds_mm.iter().enumerate() {
        let part = Part::new(progress, n as f32 / steps, (n + 1) as f32 / steps);
        let before = &levels[levels.len() - 1];
        let made = simplify_with(&before.mesh, bound - before.hausdorff_mm, &part)?.mesh;
        if made.triangles.len() as f64 > WORTH * before.mesh.triangles.len() as f64 {
            continue;
        }
        part.step(9, 10)?;
        let hausdorff_mm = measured(mesh, &original, &made, spacing, 1, 0.0);
        // Distances add up to no more than the bound, but samples of the parts are not samples of the whole.
        if hausdorff_mm <= bound && made.check().is_clean() {
            levels.push(Level { mesh: made, hausdorff_mm });
        }
    }
    progress.step(1, 1)?;
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
    use crate::hausdorff;
    use crate::shapes::{ball, ring};

    #[test]
    fn every_level_is_closed_and_lies_as_near_as_it_says() {
        for mesh in [ball(20.0, 5), ring(20.0, 6.0, 120, 60)] {
            let bounds = [0.05, 0.2, 0.8, 2.0];
            let levels = levels(&mesh, &bounds, &Silent).expect("clean");
            assert!(levels.len() >= 4, "{}", levels.len());
            assert_eq!((&levels[0].mesh, levels[0].hausdorff_mm), (&mesh, 0.0));
            for pair in levels.windows(2) {
                assert!(pair[1].mesh.triangles.len() * 4 <= pair[0].mesh.triangles.len() * 3);
            }
            for level in &levels[1..] {
                assert!(level.mesh.check().is_clean() && level.mesh.parts() == 1);
                let again = hausdorff(&mesh, &level.mesh).max_mm;
                assert!(
                    (again - level.hausdorff_mm).abs() < 0.02 * again + 1e-9,
                    "{again} {}",
                    level.hausdorff_mm
                );
                assert!(level.hausdorff_mm <= bounds[bounds.len() - 1]);
            }
            assert_eq!(level_within(&levels, 0.0).mesh, mesh);
            assert_eq!(level_within(&levels, 1e9), levels.last().expect("a level"));
            let near = level_within(&levels, 0.3);
            assert!(near.hausdorff_mm <= 0.3 && near.hausdorff_mm > 0.0);
        }
    }

    #[test]
    fn what_makes_no_levels_is_refused() {
        let ball = ball(5.0, 2);
        for bounds in [&[0.0][..], &[0.1, 0.1], &[f64::NAN], &[1.0, f64::INFINITY]] {
            assert!(matches!(levels(&ball, bounds, &Silent), Err(LevelsError::BadBound(_))));
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
