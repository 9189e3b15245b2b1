//! What rays did, counted when somebody asks.

use std::ops::AddAssign;

use serde::Serialize;

use super::Job;

/// Counts what a ray does; `()` counts nothing and costs nothing.
pub(super) trait Tally: Default + Send {
    /// Whether nothing is counted, so that rays may go together.
    const FREE: bool = false;

    fn ray(&mut self);
    fn leap(&mut self, steps: i64);
    fn step(&mut self);
    fn shade(&mut self);
}

impl Tally for () {
    const FREE: bool = true;

    #[inline(always)]
    fn ray(&mut self) {}

    #[inline(always)]
    fn leap(&mut self, _steps: i64) {}

    #[inline(always)]
    fn step(&mut self) {}

    #[inline(always)]
    fn shade(&mut self) {}
}

/// Sums over the rays of a picture.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    rays: u64,
    leaps: u64,
    leapt: u64,
    steps: u64,
    shaded: u64,
}

impl Tally for Counts {
    fn ray(&mut self) {
        self.rays += 1;
    }

    fn leap(&mut self, steps: i64) {
        self.leaps += 1;
        self.leapt += steps.unsigned_abs();
    }

    fn step(&mut self) {
        self.steps += 1;
    }

    fn shade(&mut self) {
        self.shaded += 1;
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.rays += other.rays;
        self.leaps += other.leaps;
        self.leapt += other.leapt;
        self.steps += other.steps;
        self.shaded += other.shaded;
    }
}

/// What the rays through a volume did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MarchStatistics {
    /// Rays that came near something to see, of all pixels.
    pub rays: u64,
    /// All pixels.
    pub pixels: u64,
    /// Steps that were looked at, by ray.
    pub samples_a_ray: f64,
    /// Steps that were shaded, by ray.
    pub shaded_a_ray: f64,
    /// Leaps over what is empty, by ray.
    pub leaps_a_ray: f64,
    /// Share of the steps between a ray's first and last that were leapt over, beside those that no ray takes since
    /// nothing lies before or beyond.
    pub skipped_share: f64,
    /// Share of the volume's cells of 8³ voxels with something to see.
    pub visible_share: f64,
    /// Bytes of the voxels, and of the tables that leaps and colours need.
    pub bytes: u64,
}

impl Counts {
    pub(super) fn told(self, job: &Job<'_>) -> MarchStatistics {
        let by_ray = |count: u64| count as f64 / self.rays.max(1) as f64;
        let visible = job.visible.distance.iter().filter(|&&free| free == 0).count();
        let cells = job.visible.distance.len();
        let parts = job.cells.parts_size.iter().product::<usize>();
        let voxel = match job.volume.voxels() {
            meshing_volume::Voxels::I16(_) => 2,
            meshing_volume::Voxels::F32(_) => 4,
        };
        MarchStatistics {
            rays: self.rays,
            pixels: u64::from(job.size[0]) * u64::from(job.size[1]),
            samples_a_ray: by_ray(self.steps),
            shaded_a_ray: by_ray(self.shaded),
            leaps_a_ray: by_ray(self.leaps),
            skipped_share: self.leapt as f64 / (self.leapt + self.steps).max(1) as f64,
            visible_share: visible as f64 / cells.max(1) as f64,
            bytes: (job.volume.voxels().len() * voxel + cells * 10 + parts * 8) as u64,
        }
    }
}
