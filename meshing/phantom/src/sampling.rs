//! Voxels from solids: whole blocks are settled at once where no boundary is near.

use glam::DVec3;
use meshing_volume::Grid;

use crate::scene::{Phantom, Solid};

/// Voxels along the edge of a block.
pub(crate) const BLOCK: usize = 8;

/// How a scene is sampled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Sub-samples along each axis of a voxel that a boundary crosses (1 = no partial volume).
    pub per_axis: u32,
    /// Standard deviation of white noise, in HU.
    pub noise_hu: f64,
    /// Which noise.
    pub seed: u64,
}

impl Default for Sampling {
    /// Partial volume by 4×4×4 sub-samples, no noise.
    fn default() -> Self {
        Self { per_axis: 4, noise_hu: 0.0, seed: 0 }
    }
}

/// The solids that matter in one block of voxels, and its geometry.
pub(crate) struct Block<'a> {
    /// In the order of the scene; the first may fill the whole block.
    active: Vec<&'a Solid>,
    background_hu: f64,
    start: [usize; 3],
    size: [usize; 3],
    /// Centre of the first voxel, and the steps to its neighbours along i, j, k.
    origin: DVec3,
    steps: [DVec3; 3],
    /// Farthest corner of a voxel from its centre, mm.
    reach: f64,
}

impl<'a> Block<'a> {
    pub(crate) fn new(scene: &'a Phantom, grid: &Grid, start: [usize; 3], size: [usize; 3]) -> Self {
        let spacing = grid.spacing_mm();
        let direction = grid.direction();
        let steps: [DVec3; 3] = core::array::from_fn(|axis| (direction[axis] * spacing[axis]).as_dvec3());
        let at = |voxel: [f64; 3]| {
            grid.origin().as_dvec3() + steps[0] * voxel[0] + steps[1] * voxel[1] + steps[2] * voxel[2]
        };
        let middle = at(core::array::from_fn(|axis| start[axis] as f64 + (size[axis] as f64 - 1.0) / 2.0));
        let radius = farthest_corner(core::array::from_fn(|axis| steps[axis] * size[axis] as f64));
        let mut active = Vec::new();
        for solid in &scene.solids {
            if solid.box_distance(middle) > radius {
                continue;
            }
            let distance = solid.shape.distance(middle);
            if distance < -radius {
                active.clear();
            }
            if distance <= radius {
                active.push(solid);
            }
        }
        Self {
            active,
            background_hu: scene.truth.background_hu,
            start,
            size,
            origin: at(start.map(|n| n as f64)),
            steps,
            reach: farthest_corner(steps),
        }
    }

    /// Calls `visit` with the index in the grid and the centre of each voxel of the block.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(usize, usize, usize, DVec3)) {
        for k in 0..self.size[2] {
            for j in 0..self.size[1] {
                let row = self.origin + self.steps[2] * k as f64 + self.steps[1] * j as f64;
                for i in 0..self.size[0] {
                    let centre = row + self.steps[0] * i as f64;
                    visit(self.start[0] + i, self.start[1] + j, self.start[2] + k, centre);
                }
            }
        }
    }

    /// The part at a point; 0 for the background.
    pub(crate) fn part(&self, p: DVec3) -> u8 {
        let hit = self.active.iter().rev().find(|solid| solid.shape.distance(p) < 0.0);
        hit.map_or(0, |solid| solid.part)
    }

    /// Mean value over the voxel about `centre`.
    pub(crate) fn mean(&self, centre: DVec3, per_axis: u32) -> f64 {
        // From the top: solids that a boundary of leads through the voxel, down to the first that fills it.
        let mut crossing = [0_usize; 32];
        let mut count = 0;
        let mut base = self.background_hu;
        for (at, solid) in self.active.iter().enumerate().rev() {
            let distance = solid.shape.distance(centre);
            if distance < -self.reach {
                base = solid.hu;
                break;
            }
            if distance < self.reach && count < crossing.len() {
                crossing[count] = at;
                count += 1;
            }
        }
        if count == 0 {
            return base;
        }
        let crossing = &crossing[..count];
        let per = f64::from(per_axis.max(1));
        let offset = |step: u32| (f64::from(step) + 0.5) / per - 0.5;
        let mut sum = 0.0;
        for c in 0..per_axis.max(1) {
            for b in 0..per_axis.max(1) {
                let row = centre + self.steps[2] * offset(c) + self.steps[1] * offset(b);
                for a in 0..per_axis.max(1) {
                    let p = row + self.steps[0] * offset(a);
                    let hit = crossing.iter().find(|&&at| self.active[at].shape.distance(p) < 0.0);
                    sum += hit.map_or(base, |&at| self.active[at].hu);
                }
            }
        }
        sum / per.powi(3)
    }
}

/// Half of the longest diagonal of the parallelepiped with these edges.
fn farthest_corner(edges: [DVec3; 3]) -> f64 {
    let [a, b, c] = edges;
    let diagonals = [a + b + c, a + b - c, a - b + c, b + c - a];
    diagonals.iter().map(|d| d.length()).fold(0.0, f64::max) / 2.0
}
