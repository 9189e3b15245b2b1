//! The body and its skin.

use meshing_volume::Progress;

use super::work::Work;
use super::{FaceError, FaceKind};
use crate::{Components, Connectivity};

/// Between air and fat in CT, HU.
const CT_LEVEL_HU: f32 = -300.0;
/// Gaps narrower than twice this belong to the hull: nostrils, the cleft of the lips, the ear's folds. mm.
const CLOSING_MM: f32 = 7.0;
/// Skin lies at most this deep under the hull, mm.
const FOLDS_MM: f32 = 12.0;

/// The body in the field of view.
pub(super) struct Body {
    /// Values from here up are body.
    pub(super) level: f32,
    /// The largest connected part above the level.
    pub(super) tissue: Vec<bool>,
    /// Distance from the tissue and from where nothing is known, mm.
    pub(super) from_tissue: Vec<f32>,
    /// Air around the body, none of its cavities.
    pub(super) outside: Vec<bool>,
    /// Distance from the air around, mm: how deep under the hull.
    pub(super) depth: Vec<f32>,
    /// The air around with what it fills of folds; not the dark bone under a skin.
    pub(super) folds: Vec<bool>,
}

impl Body {
    pub(super) fn find(work: &Work, kind: FaceKind, progress: &dyn Progress) -> Result<Self, FaceError> {
        let level = match kind {
            FaceKind::Ct => CT_LEVEL_HU,
            FaceKind::Mr => mr_level(work).ok_or(FaceError::Flat)?,
        };
        let tissue = work.large_parts(1.0, |n| work.values[n] > level);
        progress.step(1, 4)?;
        // Where nothing is known the body may go on: it is no way for air into a cavity that the field of view cuts.
        let near = work.distances(|n| tissue[n] || work.values[n].is_nan());
        progress.step(2, 4)?;
        let far = work.distances(|n| near[n] > CLOSING_MM);
        progress.step(3, 4)?;
        let open = |n: usize| far[n] <= CLOSING_MM && !tissue[n] && !work.values[n].is_nan();
        let outside = around(work, open);
        drop(far);
        let depth = work.distances(|n| outside[n]);
        let dark = |n: usize| !tissue[n] && depth[n] <= FOLDS_MM && !work.values[n].is_nan();
        let folds = work.parts_with(dark, |n| outside[n]);
        Ok(Self { level, tissue, from_tissue: near, outside, depth, folds })
    }

    /// Whether a voxel is skin: body beside air, not deep in a cavity.
    pub(super) fn is_skin(&self, work: &Work, n: usize) -> bool {
        self.tissue[n] && self.depth[n] <= FOLDS_MM && work.neighbours(n).any(|m| self.folds[m])
    }
}

/// The air around, from where the picture ends; in two parts where the head touches both sides of it. A sinus that the
/// picture cuts is far smaller, and what is dark within the head has no way out.
pub(super) fn around(work: &Work, open: impl Fn(usize) -> bool + Sync) -> Vec<bool> {
    let parts = Components::find(work.size, Connectivity::Faces, open);
    let mut at_end = vec![false; parts.count()];
    parts.mark(|n, part| {
        if let Some(at_end) = at_end.get_mut(part)
            && !*at_end
        {
            *at_end = work.neighbours(n).any(|m| work.values[m].is_nan());
        }
    });
    let sizes: Vec<usize> =
        parts.voxels().iter().zip(&at_end).map(|(&n, &end)| if end { n } else { 0 }).collect();
    let largest = sizes.iter().copied().max().unwrap_or(0);
    let mut labels = vec![0_u8; work.len()];
    parts.paint(&mut labels, 1, |part| sizes.get(part).is_some_and(|&n| n > 0 && n * 5 >= largest));
    labels.into_iter().map(|label| label == 1).collect()
}

/// Halfway between the mean of the air and Otsu's level, as the method `skin` takes it; air that is exactly 0 (a mask laid
/// over the picture) does not count.
fn mr_level(work: &Work) -> Option<f32> {
    let mut known: Vec<f32> =
        work.values.iter().copied().filter(|v| v.is_finite() && *v > 0.0).step_by(7).collect();
    known.sort_by(f32::total_cmp);
    let high = *known.get(known.len() * 998 / 1000)?;
    if high <= 0.0 {
        return None;
    }
    const BINS: usize = 512;
    let mut counts = [0_u64; BINS];
    for value in &known {
        counts[((value / high * BINS as f32) as usize).min(BINS - 1)] += 1;
    }
    let split = crate::histogram::split(&counts)?;
    let level = high * (split + 1) as f32 / BINS as f32;
    let below = known.partition_point(|v| *v < level);
    let air = known.get(..below)?.iter().map(|v| f64::from(*v)).sum::<f64>() / below.max(1) as f64;
    Some(f64::midpoint(air, f64::from(level)) as f32)
}
