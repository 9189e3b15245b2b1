//! Which way the axes of a volume run in the model's image.

use meshing_space::{Lps, Vector};
use meshing_volume::Grid;

use super::card::Input;

/// The voxels of a volume in the order of the network's axes: depth, rows, columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    /// Voxels along each axis.
    pub shape: [usize; 3],
    /// Distance between them, in mm.
    pub spacing_mm: [f64; 3],
    /// Axis of the volume's grid (0 = i) along each axis, and whether it runs the other way.
    pub axes: [(usize, bool); 3],
    /// Place of the first voxel in the volume's memory.
    offset: isize,
    /// Steps in the volume's memory along each axis.
    stride: [isize; 3],
}

/// The sides towards which three axes grow, from letters such as `RAS`; none unless the letters name three different axes.
pub(super) fn sides(letters: &str) -> Option<[Vector<Lps>; 3]> {
    let side = |letter: char| match letter {
        'L' => Some((0, 1.0)),
        'R' => Some((0, -1.0)),
        'P' => Some((1, 1.0)),
        'A' => Some((1, -1.0)),
        'S' => Some((2, 1.0)),
        'I' => Some((2, -1.0)),
        _ => None,
    };
    let found: Vec<(usize, f64)> = letters.chars().map(side).collect::<Option<_>>()?;
    let found: [(usize, f64); 3] = found.try_into().ok()?;
    let distinct = (0..3).all(|axis| found.iter().any(|side| side.0 == axis));
    distinct.then(|| {
        found.map(|(axis, sign)| {
            let mut xyz = [0.0; 3];
            xyz[axis] = sign;
            Vector::from_array(xyz)
        })
    })
}

/// Which of the axes x, y, z (0 to 2) come first, second, third, from letters such as `zyx`.
pub(super) fn order(letters: &str) -> Option<[usize; 3]> {
    let found: Vec<usize> = letters.chars().map(|c| "xyz".find(c)).collect::<Option<_>>()?;
    let found: [usize; 3] = found.try_into().ok()?;
    (0..3).all(|axis| found.contains(&axis)).then_some(found)
}

const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

impl Frame {
    /// The axes of the grid that lie nearest to those of the model; `None` for letters that a checked card cannot have.
    pub(super) fn new(grid: &Grid, input: &Input) -> Option<Self> {
        let (sides, order) = (sides(&input.orientation)?, order(&input.axis_order)?);
        let wanted = order.map(|axis| sides[axis]);
        let along = grid.direction();
        let fit = |axes: &[usize; 3]| (0..3).map(|n| along[axes[n]].dot(wanted[n]).abs()).sum::<f64>();
        // The first of equals, so that an axis at 45° always goes the same way.
        let axes = ORDERS.into_iter().reduce(|a, b| if fit(&b) > fit(&a) { b } else { a })?;
        let (size, spacing) = (grid.size(), grid.spacing_mm());
        let step = [1, size[0] as isize, (size[0] * size[1]) as isize];
        let mut offset = 0;
        let mut stride = [0; 3];
        let mut runs = [(0, false); 3];
        for n in 0..3 {
            let axis = axes[n];
            let back = along[axis].dot(wanted[n]) < 0.0;
            runs[n] = (axis, back);
            stride[n] = if back { -step[axis] } else { step[axis] };
            offset += if back { step[axis] * (size[axis] as isize - 1) } else { 0 };
        }
        let (shape, spacing_mm) = (axes.map(|axis| size[axis]), axes.map(|axis| spacing[axis]));
        Some(Self { shape, spacing_mm, axes: runs, offset, stride })
    }

    /// Place of a voxel in the volume's memory.
    pub(super) const fn place(&self, [d, h, w]: [usize; 3]) -> usize {
        (self.offset
            + d as isize * self.stride[0]
            + h as isize * self.stride[1]
            + w as isize * self.stride[2]) as usize
    }

    /// Three numbers in the order of x, y, z of the card in the order of the network's axes.
    pub(super) fn from_xyz(input: &Input, xyz: [f64; 3]) -> Option<[f64; 3]> {
        order(&input.axis_order).map(|order| order.map(|axis| xyz[axis]))
    }
}
