//! Twin of reform.wgsl for a thin slice in a plane.

use meshing_volume::Volume;

use crate::SlicePlane;

/// The values at a plane's pixel centres, row by row; `None` outside the outermost voxel centres.
pub fn mpr(volume: &Volume, plane: &SlicePlane) -> Vec<Option<f64>> {
    let [width, height] = plane.size;
    let pixels = (0..height).flat_map(|row| (0..width).map(move |column| (column, row)));
    pixels.map(|(c, r)| volume.sample_lps(plane.lps(f64::from(c), f64::from(r)))).collect()
}
