//! Grids that share their voxel centres, whatever the order and direction of their axes.

use meshing_space::Point;
use meshing_volume::Grid;

/// Largest distance between voxel centres that count as one, in voxels: six digits of a direction cosine over a
/// thousand voxels are half of it.
const SAME_VOXEL: f64 = 0.05;

/// Where the voxels of one grid lie in another: `to[axis[a]] = sign[a] · from[a] + offset[axis[a]]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lattice {
    axis: [usize; 3],
    sign: [isize; 3],
    offset: [isize; 3],
    size: [usize; 3],
}

/// A run along the first axis of `from` that lies inside `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// First and one past the last `i` of `from` that lies inside.
    pub(crate) from: usize,
    pub(crate) to: usize,
    start: isize,
    step: isize,
}

impl Run {
    /// Place in memory of `i`, which lies in `from..to`.
    pub(crate) fn index(&self, i: usize) -> usize {
        (self.start + self.step * i.cast_signed()).cast_unsigned()
    }
}

impl Lattice {
    /// `None` where the centres of `from` are not those of `to`, continued in all directions.
    pub(crate) fn between(from: &Grid, to: &Grid) -> Option<Self> {
        Self::within(from, to, SAME_VOXEL)
    }

    /// [`Lattice::between`] with another tolerance, in voxels of `to`.
    pub(crate) fn within(from: &Grid, to: &Grid, tolerance: f64) -> Option<Self> {
        let at = |ijk: [f64; 3]| to.ijk_from_lps() * (from.lps_from_ijk() * Point::from_array(ijk));
        let origin = at([0.0; 3]);
        let steps: [[f64; 3]; 3] = std::array::from_fn(|a| {
            let mut one = [0.0; 3];
            one[a] = 1.0;
            (at(one) - origin).to_array()
        });
        // Long axes choose first; one of a single voxel, whose step says nothing, takes what is left.
        let mut order = [0, 1, 2];
        order.sort_by_key(|&a| std::cmp::Reverse(from.size()[a].min(2)));
        let (mut axis, mut taken) = ([0; 3], [false; 3]);
        for a in order {
            let best = (0..3)
                .filter(|&b| !taken[b])
                .max_by(|&b, &c| steps[a][b].abs().total_cmp(&steps[a][c].abs()))?;
            (axis[a], taken[best]) = (best, true);
        }
        let sign: [isize; 3] = std::array::from_fn(|a| if steps[a][axis[a]] < 0.0 { -1 } else { 1 });
        let start = origin.to_array();
        if !start.iter().all(|v| v.abs() < 1e9) {
            return None;
        }
        let offset = start.map(|v| {
            #[expect(clippy::cast_possible_truncation, reason = "below 1e9")]
            let whole = v.round() as isize;
            whole
        });
        let lattice = Self { axis, sign, offset, size: to.size() };
        let last = from.size().map(|n| n - 1);
        let agrees = (0..8).all(|corner| {
            let ijk: [usize; 3] = std::array::from_fn(|a| if corner >> a & 1 == 1 { last[a] } else { 0 });
            let exact = at(ijk.map(|n| n as f64)).to_array();
            let whole = lattice.place(ijk.map(usize::cast_signed));
            (0..3).all(|b| (exact[b] - whole[b] as f64).abs() <= tolerance)
        });
        agrees.then_some(lattice)
    }

    fn place(&self, from: [isize; 3]) -> [isize; 3] {
        let mut to = self.offset;
        for (a, &n) in from.iter().enumerate() {
            to[self.axis[a]] += self.sign[a] * n;
        }
        to
    }

    /// Place in memory of voxel (i, j, k) of `from`; `None` outside `to`.
    pub(crate) fn index(&self, i: usize, j: usize, k: usize) -> Option<usize> {
        let at = self.place([i, j, k].map(usize::cast_signed));
        let inside = at.iter().zip(self.size).all(|(&n, size)| n >= 0 && n < size.cast_signed());
        let [a, b, c] = at.map(isize::cast_unsigned);
        inside.then(|| (c * self.size[1] + b) * self.size[0] + a)
    }

    /// The part of row (j, k) of `from`, `length` voxels long, that lies inside `to`.
    pub(crate) fn run(&self, j: usize, k: usize, length: usize) -> Option<Run> {
        let first = self.place([0, j.cast_signed(), k.cast_signed()]);
        let along = self.axis[0];
        let inside = |b: usize| (0..self.size[b].cast_signed()).contains(&first[b]);
        if !(0..3).all(|b| b == along || inside(b)) {
            return None;
        }
        let (length, size, at) = (length.cast_signed(), self.size[along].cast_signed(), first[along]);
        let (from, to) = if self.sign[0] > 0 { (-at, size - at) } else { (at - size + 1, at + 1) };
        let (from, to) = (from.clamp(0, length), to.clamp(0, length));
        let strides = [1, self.size[0].cast_signed(), (self.size[0] * self.size[1]).cast_signed()];
        (from < to).then(|| Run {
            from: from.cast_unsigned(),
            to: to.cast_unsigned(),
            start: (0..3).map(|b| first[b] * strides[b]).sum(),
            step: self.sign[0] * strides[along],
        })
    }
}

#[cfg(test)]
mod tests {
    use meshing_space::{Lps, Vector};

    use super::*;

    /// `grid` with its axes in the order `order` and those of `flips` (bits) turned round.
    fn turned(grid: &Grid, order: [usize; 3], flips: usize) -> Grid {
        let mut first = [0.0; 3];
        let direction: [Vector<Lps>; 3] = std::array::from_fn(|a| {
            let flip = flips >> a & 1 == 1;
            if flip {
                first[order[a]] = (grid.size()[order[a]] - 1) as f64;
            }
            grid.direction()[order[a]] * if flip { -1.0 } else { 1.0 }
        });
        let origin = grid.lps_from_ijk() * Point::from_array(first);
        Grid::new(order.map(|a| grid.size()[a]), origin, direction, order.map(|a| grid.spacing_mm()[a]))
            .expect("grid")
    }

    #[test]
    fn every_order_and_flip_is_found_and_nothing_else() {
        let (sin, cos) = 0.3_f64.sin_cos();
        let axes = [Vector::new(cos, sin, 0.0), Vector::new(-sin, cos, 0.0), Vector::new(0.0, 0.0, 1.0)];
        let grid = Grid::new([4, 5, 6], Point::new(1.0, -2.0, 3.0), axes, [0.5, 0.75, 2.0]).expect("grid");
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            for flips in 0..8 {
                let other = turned(&grid, order, flips);
                let lattice = Lattice::between(&grid, &other).expect("the same voxels");
                for n in 0..grid.len() {
                    let (i, j, k) = (n % 4, n / 4 % 5, n / 20);
                    let run = lattice.run(j, k, 4).expect("inside");
                    assert_eq!((run.from, run.to), (0, 4));
                    let at = other.ijk_from_lps()
                        * (grid.lps_from_ijk() * Point::new(i as f64, j as f64, k as f64));
                    let index = run.index(i);
                    assert_eq!(lattice.index(i, j, k), Some(index));
                    let [ni, nj, _] = other.size();
                    let there = [index % ni, index / ni % nj, index / (ni * nj)].map(|n| n as f64);
                    assert!(at.distance(Point::from_array(there)) < 1e-9, "{order:?} {flips}");
                }
            }
        }
        let shifted = Grid::new([4, 5, 6], Point::new(1.1, -2.0, 3.0), axes, [0.5, 0.75, 2.0]).expect("grid");
        assert_eq!(Lattice::between(&grid, &shifted), None);
        let wider = Grid::new([4, 5, 6], Point::new(1.0, -2.0, 3.0), axes, [0.5, 0.75, 2.1]).expect("grid");
        assert_eq!(Lattice::between(&grid, &wider), None);
    }

    #[test]
    fn a_part_of_a_grid_is_clipped_to_what_both_hold() {
        let grid = Grid::axis_aligned([4, 4, 4], Point::origin(), [1.0; 3]).expect("grid");
        let part = Grid::axis_aligned([4, 4, 4], Point::new(2.0, -1.0, 0.0), [1.0; 3]).expect("grid");
        let lattice = Lattice::between(&part, &grid).expect("one lattice");
        assert_eq!(lattice.run(0, 0, 4), None, "one row above");
        let run = lattice.run(1, 0, 4).expect("partly inside");
        assert_eq!((run.from, run.to, run.index(0), run.index(1)), (0, 2, 2, 3));
    }
}
