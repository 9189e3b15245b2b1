//! Twin of reform.wgsl.

use meshing_volume::Volume;

use crate::{RasterRow, Slab, SlabMode};

/// The values of a slab over rows of pixels, each with the share of its samples that lie inside the volume; `None`
/// where none does. Only samples inside count. Nothing for a slab that has no sampling.
pub fn reform(volume: &Volume, rows: &[RasterRow], columns: u32, slab: &Slab) -> Vec<Option<(f64, f64)>> {
    let Some(sampling) = slab.sampling(volume.grid()) else { return Vec::new() };
    let last = sampling.samples - 1;
    let pixel = |row: &RasterRow, column: u32| {
        let (mut most, mut least) = (f64::NEG_INFINITY, f64::INFINITY);
        let (mut sum, mut weights, mut inside) = (0.0, 0.0, 0.0);
        for sample in 0..=last {
            let at = row.lps(f64::from(column), sampling.depth_mm(sample));
            let Some(value) = volume.sample_lps(at) else { continue };
            let weight = if sample == 0 || sample == last { 0.5 } else { 1.0 };
            (most, least) = (most.max(value), least.min(value));
            sum += weight * value;
            weights += weight;
            inside += 1.0;
        }
        let value = match slab.mode {
            SlabMode::Maximum => most,
            SlabMode::Minimum => least,
            SlabMode::Mean => sum / weights,
        };
        (inside > 0.0).then(|| (value, inside / f64::from(sampling.samples)))
    };
    rows.iter().flat_map(|row| (0..columns).map(move |column| pixel(row, column))).collect()
}
