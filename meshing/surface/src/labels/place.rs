//! Where walls between labels lie: by smoothed shares of the labels, the same for both.

use meshing_space::{Ijk, Point};
use meshing_volume::LabelMap;

use crate::isosurface::{KEPT, crossing};

/// Smoothed labels of a map.
pub(super) struct Places<'a> {
    mask: &'a LabelMap,
    size: [usize; 3],
}

impl<'a> Places<'a> {
    pub(super) fn new(mask: &'a LabelMap) -> Self {
        Self { mask, size: mask.grid().size() }
    }

    /// The label at (i, j, k); background outside, and `usize::MAX` stands for −1.
    fn label(&self, at: [usize; 3]) -> u8 {
        if self.is_in(at) { self.mask.get(at[0], at[1], at[2]) } else { 0 }
    }

    fn is_in(&self, at: [usize; 3]) -> bool {
        (0..3).all(|n| at[n] < self.size[n])
    }

    /// How much more of label `a` than of `b` is around a voxel, −½ to ½: smoothed by a 3×3×3 binomial kernel, with the
    /// voxel kept on the side of its own label, which is one of both.
    pub(super) fn lead(&self, at: [usize; 3], a: u8, b: u8) -> f32 {
        let own = self.label(at);
        if !self.is_in(at) {
            return if own == a { 0.5 } else { -0.5 };
        }
        let [si, sj, sk] = self.size;
        let labels = self.mask.labels();
        let near = |n: usize, size: usize| [n.saturating_sub(1), n, (n + 1).min(size - 1)];
        let columns = near(at[0], si);
        let mut sum = 0_i32;
        for (k, by_k) in near(at[2], sk).into_iter().zip([1, 2, 1]) {
            for (j, by_j) in near(at[1], sj).into_iter().zip([1, 2, 1]) {
                let row = &labels[(k * sj + j) * si..(k * sj + j + 1) * si];
                let lead = |i: usize| i32::from(row[i] == a) - i32::from(row[i] == b);
                sum += by_k * by_j * (lead(columns[0]) + 2 * lead(columns[1]) + lead(columns[2]));
            }
        }
        let lead = sum as f32 / 128.0;
        if own == a { lead.max(KEPT) } else { lead.min(-KEPT) }
    }

    /// The vertex of cell (c, r, l) on the edge that ends in its last corner and runs along `axis`, LPS mm.
    pub(super) fn on_edge(&self, end: [usize; 3], axis: usize) -> [f64; 3] {
        let mut start = end;
        start[axis] = end[axis].wrapping_sub(1);
        let (a, b) = (self.label(start), self.label(end));
        let t = crossing(self.lead(start, a, b), self.lead(end, a, b));
        let mut ijk = end.map(|n| n as f64);
        ijk[axis] += t - 1.0;
        self.lps(ijk)
    }

    /// A number for the face between four voxels, never 0.
    pub(super) fn face_key(&self, voxels: &[[usize; 3]; 4]) -> u64 {
        // Padded by one voxel: the lowest and the highest corner tell face and direction.
        let padded = |axis: usize| voxels.iter().map(move |v| v[axis].wrapping_add(1));
        let low: [usize; 3] = core::array::from_fn(|axis| padded(axis).min().unwrap_or(0));
        let flat = (0..3).find(|&axis| padded(axis).all(|n| n == low[axis])).unwrap_or(0);
        let [wi, wj, _] = self.size.map(|n| n as u64 + 2);
        let index = (low[2] as u64 * wj + low[1] as u64) * wi + low[0] as u64;
        index * 3 + flat as u64 + 1
    }

    /// The middle of the vertices on the edges of a face whose corners are four voxels, in their order around it; LPS mm.
    pub(super) fn face_middle(&self, voxels: [[usize; 3]; 4]) -> [f64; 3] {
        let (mut sum, mut count) = ([0.0; 3], 0.0);
        for n in 0..4 {
            let (p, q) = (voxels[n], voxels[(n + 1) % 4]);
            if self.label(p) != self.label(q) {
                let axis = (0..3).find(|&axis| p[axis] != q[axis]).unwrap_or(0);
                let end = if p[axis].wrapping_add(1) == q[axis] { q } else { p };
                let at = self.on_edge(end, axis);
                for axis in 0..3 {
                    sum[axis] += at[axis];
                }
                count += 1.0;
            }
        }
        sum.map(|x| x / count)
    }

    /// LPS mm of voxel coordinates.
    pub(super) fn lps(&self, ijk: [f64; 3]) -> [f64; 3] {
        (self.mask.grid().lps_from_ijk() * Point::<Ijk>::from_array(ijk)).to_array()
    }

    /// The voxel at corner `m` of a cell.
    pub(super) fn corner([c, r, l]: [usize; 3], m: usize) -> [usize; 3] {
        [
            c.wrapping_sub(usize::from(m < 4)),
            r.wrapping_sub(usize::from(m & 1 == 0)),
            l.wrapping_sub(usize::from(m & 2 == 0)),
        ]
    }
}
