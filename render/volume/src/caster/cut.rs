//! What shapes and carving take away along a ray.

use glam::{DAffine3, DVec3, Vec3};

use super::Job;
use super::fixed::{HALF, ONE, Place, part_of};
use crate::carve::BRICK;
use crate::cuts::Quick;
use crate::{CarveMask, Carved};

/// Shapes as seen from places in the volume, and what is carved.
pub(super) struct Cuts<'a> {
    shapes: Vec<Quick<'a>>,
    mask: Option<&'a CarveMask>,
    factor: [i64; 3],
}

/// What a ray meets next, told at the middle of a step.
pub(super) enum Ahead {
    /// So many steps, this one included, of which nothing is kept.
    Gone(i64),
    /// So many steps, this one included, that no shape touches; 0 where one may.
    Clear(i64),
}

impl<'a> Cuts<'a> {
    /// `None` where planes alone cut.
    pub(super) fn new(job: &Job<'a>) -> Option<Self> {
        if job.clip.shapes().is_empty() && job.carve.is_none() {
            return None;
        }
        let lps_from_place =
            job.volume.grid().lps_from_ijk().affine() * DAffine3::from_translation(DVec3::splat(-0.5));
        Some(Self {
            shapes: Quick::all(job.clip, lps_from_place),
            mask: job.carve.map(Carved::mask),
            factor: job.carve.map_or([1; 3], |c| c.factor().map(|f| f as i64)),
        })
    }

    /// How far the shapes let a ray run, or keep it from being seen. A height changes no faster than the way, so that
    /// far from every surface many steps are alike.
    pub(super) fn ahead(&self, middle: Place, step_mm: f32) -> Ahead {
        let at = voxels(middle);
        let (mut gone, mut clear) = (0.0_f32, f32::INFINITY);
        for shape in &self.shapes {
            let steps = shape.height(at) / (step_mm * shape.steepness());
            gone = gone.max(-steps);
            clear = clear.min(steps);
        }
        // both ends of the last step lie half a step further; a hair is left for rounding
        if gone > 0.51 {
            Ahead::Gone((gone + 0.49) as i64)
        } else {
            Ahead::Clear((clear + 0.49).clamp(0.0, 1e9) as i64)
        }
    }

    /// The share that is left of a stretch between two places, where shapes may touch it.
    pub(super) fn left(&self, begin: Place, end: Place) -> f32 {
        let (a, b) = (self.height(begin), self.height(end));
        if a.min(b) >= 0.0 { 1.0 } else { a.max(b).max(0.0) / (a - b).abs().max(1e-12) }
    }

    /// Whether a place is left.
    pub(super) fn shows(&self, at: Place) -> bool {
        self.height(at) >= 0.0 && self.taken(at) < 0.5
    }

    fn height(&self, at: Place) -> f32 {
        let at = voxels(at);
        self.shapes.iter().map(|s| s.height(at)).fold(f32::INFINITY, f32::min)
    }

    /// The share that is carved away, mixed between voxels.
    pub(super) fn taken(&self, at: Place) -> f32 {
        let Some(mask) = self.mask else { return 0.0 };
        let size = mask.grid().size();
        let (mut base, mut next, mut part) = ([0_usize; 3], [0_usize; 3], [0.0_f32; 3]);
        for a in 0..3 {
            let last = size[a] as i64 - 1;
            let at = (at[a] * self.factor[a] - HALF).clamp(0, last * ONE);
            base[a] = (at >> 32) as usize;
            next[a] = (base[a] + 1).min(last as usize);
            part[a] = part_of(at);
        }
        let bricks = [base, next].map(|c| c.map(|c| c / BRICK));
        if bricks[0] == bricks[1] && mask.brick_of(bricks[0]).is_none() {
            return 0.0;
        }
        let corner = |n: usize, a: usize| if n >> a & 1 == 1 { next[a] } else { base[a] };
        let found: [u8; 8] = std::array::from_fn(|n| mask.get(corner(n, 0), corner(n, 1), corner(n, 2)));
        if found.iter().all(|&b| b == found[0]) {
            return f32::from(found[0]) / 255.0;
        }
        let weight = |n: usize| -> f32 {
            (0..3).map(|a| if n >> a & 1 == 1 { part[a] } else { 1.0 - part[a] }).product()
        };
        found.iter().enumerate().map(|(n, &b)| f32::from(b) * weight(n)).sum::<f32>() / 255.0
    }
}

fn voxels(at: Place) -> Vec3 {
    Vec3::from_array(at.map(|c| c as f32 * (1.0 / ONE as f32)))
}
