//! Twin of labels.wgsl.

use meshing_volume::LabelMap;

use crate::RasterRow;

/// The label of the voxel in which each pixel's centre lies, 0 outside.
pub fn labels(map: &LabelMap, rows: &[RasterRow], columns: u32) -> Vec<u8> {
    let grid = map.grid();
    let pixel = |row: &RasterRow, column: u32| {
        let at = (grid.ijk_from_lps() * row.lps(f64::from(column), 0.0)).to_array();
        let nearest = at.map(|p| (p + 0.5).floor());
        let inside = nearest.iter().zip(grid.size()).all(|(&p, n)| p >= 0.0 && p < n as f64);
        if inside { map.get(nearest[0] as usize, nearest[1] as usize, nearest[2] as usize) } else { 0 }
    };
    rows.iter().flat_map(|row| (0..columns).map(move |column| pixel(row, column))).collect()
}
