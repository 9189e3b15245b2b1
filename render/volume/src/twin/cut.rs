//! Twin of shared/carve.wgsl and shared/cuts.wgsl.

use super::Ray;
use crate::cuts::share;
use crate::{CarveMask, ClipPlanes};

/// What is taken away of a volume.
#[derive(Clone, Copy, Debug)]
pub struct Cut<'a> {
    /// By planes and shapes.
    pub clip: &'a ClipPlanes,
    /// By hand.
    pub carve: Option<&'a CarveMask>,
}

impl<'a> Cut<'a> {
    /// By planes and shapes alone.
    pub const fn by(clip: &'a ClipPlanes) -> Self {
        Self { clip, carve: None }
    }

    /// The share that is left of a stretch of a ray; planes have shortened the ray before.
    pub(super) fn left(&self, ray: &Ray, begin_mm: f64, length_mm: f64) -> f64 {
        let [begin, end] = [begin_mm, begin_mm + length_mm].map(|mm| self.clip.shape_height(ray.at(mm)));
        share(begin, end) * (1.0 - self.taken(ray, begin_mm + length_mm / 2.0))
    }

    /// Whether a place of a ray is left.
    pub(super) fn shows(&self, ray: &Ray, mm: f64) -> bool {
        self.clip.shape_height(ray.at(mm)) >= 0.0 && self.uncarved(ray, mm)
    }

    /// Whether carving leaves a place.
    pub(super) fn uncarved(&self, ray: &Ray, mm: f64) -> bool {
        self.taken(ray, mm) < 0.5
    }

    fn taken(&self, ray: &Ray, mm: f64) -> f64 {
        self.carve.map_or(0.0, |mask| mask.taken_at(ray.at(mm)))
    }
}
