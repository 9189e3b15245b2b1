//! Surfaces against analytic truth, in every axis order, on noise, and as files.

mod damage;
mod faithful;
mod files;
mod labels;
mod manifold;
mod repaired;
mod simplified;
mod smoothed;

use meshing_space::{Point, Vector};
use meshing_volume::{Grid, Volume, VolumeMeta, Voxels};

/// A volume from a function of LPS mm on an axis-aligned grid centred near the origin.
pub(crate) fn volume_of(size: [usize; 3], spacing_mm: [f64; 3], value: impl Fn([f64; 3]) -> f64) -> Volume {
    let origin = core::array::from_fn(|n| -(size[n] as f64 - 1.0) / 2.0 * spacing_mm[n]);
    let grid = Grid::axis_aligned(size, Point::from_array(origin), spacing_mm).expect("grid");
    let values = (0..grid.len()).map(|n| {
        let ijk = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
        value(core::array::from_fn(|x| origin[x] + ijk[x] as f64 * spacing_mm[x])) as f32
    });
    Volume::new(grid, Voxels::F32(values.collect()), VolumeMeta::default()).expect("volume")
}

/// The same patient stored with other axes: new axis `n` runs along old axis `order[n]`, backwards where `flip[n]`.
pub(crate) fn reordered(volume: &Volume, order: [usize; 3], flip: [bool; 3]) -> Volume {
    let old = volume.grid();
    let size: [usize; 3] = order.map(|axis| old.size()[axis]);
    let mut first = [0.0; 3];
    for n in 0..3 {
        first[order[n]] = if flip[n] { size[n] as f64 - 1.0 } else { 0.0 };
    }
    let sign = |n: usize| if flip[n] { -1.0 } else { 1.0 };
    let direction: [Vector<_>; 3] = core::array::from_fn(|n| old.direction()[order[n]] * sign(n));
    let origin = old.lps_from_ijk() * Point::from_array(first);
    let spacing_mm = order.map(|axis| old.spacing_mm()[axis]);
    let grid = Grid::new(size, origin, direction, spacing_mm).expect("grid");
    let values = (0..grid.len()).map(|v| {
        let at = [v % size[0], v / size[0] % size[1], v / (size[0] * size[1])];
        let mut from = [0; 3];
        for n in 0..3 {
            from[order[n]] = if flip[n] { size[n] - 1 - at[n] } else { at[n] };
        }
        volume.value(from[0], from[1], from[2])
    });
    Volume::new(grid, Voxels::F32(values.collect()), volume.meta().clone()).expect("volume")
}

/// All 48 axis orders and flips.
pub(crate) fn axis_orders() -> impl Iterator<Item = ([usize; 3], [bool; 3])> {
    [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
        .into_iter()
        .flat_map(|order| (0..8).map(move |bits| (order, [bits & 1 == 1, bits & 2 == 2, bits & 4 == 4])))
}
