//! Plain slices: thin, flat and exact.

use image::GrayImage;
use render_gpu::Gpu;

use crate::{MprError, Slab, SlicePlane, VolumeTexture, Window, reform};

/// The values of a slice, row by row from the top.
#[derive(Clone, Debug, PartialEq)]
pub struct MprValues {
    /// Pixels across and down.
    pub size: [u32; 2],
    /// The value at each pixel's centre in the volume's unit; `None` outside the outermost voxel centres.
    pub values: Vec<Option<f32>>,
}

impl MprValues {
    /// The value of a pixel.
    pub fn at(&self, column: u32, row: u32) -> Option<f32> {
        self.values.get((row * self.size[0] + column) as usize).copied().flatten()
    }

    /// The slice through a window, black outside the volume.
    pub fn grey(&self, window: Window) -> GrayImage {
        let levels = self.levels(window, 256);
        let grey = |x: u32, y: u32| image::Luma([levels[(y * self.size[0] + x) as usize] as u8]);
        GrayImage::from_fn(self.size[0], self.size[1], grey)
    }

    /// The slice through a window as grey levels 0 to `levels` - 1 (4096 for a diagnostic screen), 0 outside
    /// the volume.
    pub fn levels(&self, window: Window, levels: u16) -> Vec<u16> {
        let top = f64::from(levels.max(1) - 1);
        let level = |v: f32| (window.grey(f64::from(v)) * top).round() as u16;
        self.values.iter().map(|v| v.map_or(0, level)).collect()
    }
}

/// A slice through a window as 8-bit grey, black outside the volume.
pub fn mpr(
    gpu: &Gpu,
    volume: &VolumeTexture,
    plane: &SlicePlane,
    window: Window,
) -> Result<GrayImage, MprError> {
    Ok(mpr_values(gpu, volume, plane)?.grey(window))
}

/// The values of a slice, by trilinear interpolation exact to f32 rounding.
pub fn mpr_values(gpu: &Gpu, volume: &VolumeTexture, plane: &SlicePlane) -> Result<MprValues, MprError> {
    Ok(reform(gpu, volume, &(*plane).into(), &Slab::THIN)?.slice)
}
