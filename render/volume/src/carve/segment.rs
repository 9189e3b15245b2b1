//! Carving by a segment and a margin around it.

use glam::{DMat3, DVec3};
use meshing_volume::LabelMap;
use rayon::prelude::*;

use super::tool::{Cover, byte};
use super::{BRICK, CarveMask};

/// A segment's voxels and what lies near them. Distances run from voxel to voxel in mm, whatever the angles of the
/// grid, and the margin begins half a border beyond the last voxel.
pub(super) struct Near<'a> {
    mask: &'a CarveMask,
    labels: &'a LabelMap,
    label: u8,
    spare: &'a [u8],
    /// Voxels around one within reach, and how deep the margin covers them.
    around: Vec<([i32; 3], f64)>,
    reach: [usize; 3],
    border_mm: f64,
    /// Whether each brick holds the label.
    holds: Vec<bool>,
}

impl<'a> Near<'a> {
    pub(super) fn new(
        mask: &'a CarveMask,
        labels: &'a LabelMap,
        label: u8,
        margin_mm: f64,
        spare: &'a [u8],
        border_mm: f64,
    ) -> Self {
        let grid = labels.grid();
        let m: DMat3 = grid.lps_from_ijk().affine().matrix3;
        let most = margin_mm + border_mm;
        // a skewed grid's neighbours lie closer than its spacing says: as far as its planes are apart
        let inverse = m.inverse().transpose();
        let apart = [inverse.x_axis, inverse.y_axis, inverse.z_axis].map(|row| 1.0 / row.length());
        let reach = apart.map(|mm| (most / mm).ceil() as usize);
        let mut around = Vec::new();
        if margin_mm > 0.0 {
            let [ri, rj, rk] = reach.map(|r| r as i32);
            for (k, j) in (-rk..=rk).flat_map(|k| (-rj..=rj).map(move |j| (k, j))) {
                for i in -ri..=ri {
                    let mm = (m * DVec3::new(f64::from(i), f64::from(j), f64::from(k))).length();
                    let depth = margin_mm + border_mm / 2.0 - mm;
                    if depth > -border_mm / 2.0 {
                        around.push(([i, j, k], depth));
                    }
                }
            }
        }
        let holds = (0..mask.bricks.len()).into_par_iter().map(|n| {
            let mut found = false;
            mask.each_voxel(n, |_, [i, j, k]| found |= labels.get(i, j, k) == label);
            found
        });
        let holds = holds.collect();
        Self { mask, labels, label, spare, around, reach, border_mm, holds }
    }

    /// The bricks that hold the label or lie within reach of one.
    pub(super) fn bricks(&self) -> impl Iterator<Item = usize> + '_ {
        let counts = self.mask.counts();
        let reach = self.reach.map(|r| r.div_ceil(BRICK));
        (0..self.holds.len()).filter(move |&n| {
            let place = self.mask.place(n);
            let range =
                |a: usize| place[a].saturating_sub(reach[a])..(place[a] + reach[a] + 1).min(counts[a]);
            range(2)
                .any(|k| range(1).any(|j| range(0).any(|i| self.holds[(k * counts[1] + j) * counts[0] + i])))
        })
    }

    pub(super) fn cover(&self, n: usize) -> Cover {
        let (place, size) = (self.mask.place(n), self.labels.grid().size());
        let mut depth = vec![f64::NEG_INFINITY; BRICK * BRICK * BRICK];
        self.mask.each_voxel(n, |at, [i, j, k]| {
            if self.labels.get(i, j, k) == self.label {
                depth[at] = self.border_mm;
            }
        });
        if !self.around.is_empty() {
            let low: [usize; 3] = std::array::from_fn(|a| place[a] * BRICK);
            let range = |a: usize| {
                low[a].saturating_sub(self.reach[a])..(low[a] + BRICK + self.reach[a]).min(size[a])
            };
            for (k, j) in range(2).flat_map(|k| range(1).map(move |j| (k, j))) {
                for i in range(0).filter(|&i| self.at_border([i, j, k])) {
                    let at = [i, j, k].map(|c| c as i32);
                    for (offset, deep) in &self.around {
                        let to: [i32; 3] = std::array::from_fn(|a| at[a] + offset[a] - low[a] as i32);
                        if to.iter().all(|c| (0..BRICK as i32).contains(c)) {
                            let to = to.map(|c| c as usize);
                            let slot = &mut depth[(to[2] * BRICK + to[1]) * BRICK + to[0]];
                            *slot = slot.max(*deep);
                        }
                    }
                }
            }
        }
        let mut bytes = Box::new([0; BRICK * BRICK * BRICK]);
        self.mask.each_voxel(n, |at, [i, j, k]| {
            if !self.spare.contains(&self.labels.get(i, j, k)) {
                bytes[at] = byte(depth[at], self.border_mm);
            }
        });
        Cover::Bytes(bytes)
    }

    /// Whether a voxel of the segment has a neighbour that is none.
    fn at_border(&self, at: [usize; 3]) -> bool {
        let size = self.labels.grid().size();
        let is = |[i, j, k]: [usize; 3]| self.labels.get(i, j, k) == self.label;
        let beside = |a: usize, up: bool| {
            let mut to = at;
            if up {
                to[a] += 1;
                return to[a] < size[a] && !is(to);
            }
            to[a] > 0 && {
                to[a] -= 1;
                !is(to)
            }
        };
        is(at) && (0..3).any(|a| beside(a, true) || beside(a, false))
    }
}
