//! A label map on the GPU, one byte a voxel.

use std::sync::Arc;

use meshing_volume::{Grid, LabelMap, Told};
use render_gpu::Gpu;

use crate::volume_texture::texture;

/// Why a label map cannot be put on the GPU.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// An axis is longer than the device's largest 3D texture.
    #[error("a label map of {size:?} voxels does not fit: the device takes {limit} along an axis")]
    TooLarge {
        /// Voxels along i, j, k.
        size: [usize; 3],
        /// The device's limit.
        limit: u32,
    },
    /// The device has not enough memory.
    #[error("the device has no {bytes} bytes left for a label map")]
    OutOfMemory {
        /// Bytes needed.
        bytes: usize,
    },
    /// The label map is not of the size that was put there.
    #[error("a label map of {size:?} voxels cannot be written over one of {there:?}")]
    OtherSize {
        /// Voxels along i, j, k.
        size: [usize; 3],
        /// Voxels along i, j, k on the GPU.
        there: [usize; 3],
    },
}

impl Told for LabelError {
    fn chinese(&self) -> String {
        match self {
            Self::TooLarge { size: [i, j, k], limit } => {
                format!("{i}×{j}×{k} 体素的标签图放不下：设备每轴最多 {limit} 个体素")
            }
            Self::OutOfMemory { bytes } => format!("设备剩余显存不足 {bytes} 字节，放不下标签图"),
            Self::OtherSize { size: [i, j, k], there: [a, b, c] } => {
                format!("{i}×{j}×{k} 体素的标签图不能写入 {a}×{b}×{c} 体素的位置")
            }
        }
    }
}

/// A label map on the GPU, one byte a voxel whatever the number of segments. Clones share it.
#[derive(Clone, Debug)]
pub struct LabelTexture(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    grid: Grid,
    view: wgpu::TextureView,
}

impl LabelTexture {
    /// Puts a label map on the GPU.
    ///
    /// # Errors
    /// [`LabelError`] where it does not fit.
    pub fn upload(gpu: &Gpu, map: &LabelMap) -> Result<Self, LabelError> {
        let size = map.grid().size();
        let limit = gpu.device.limits().max_texture_dimension_3d;
        if size.iter().any(|&n| n > limit as usize) {
            return Err(LabelError::TooLarge { size, limit });
        }
        let scope = gpu.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let view = texture(gpu, "labels", size, wgpu::TextureFormat::R8Uint, map.labels(), |l| *l);
        if pollster::block_on(scope.pop()).is_some() {
            return Err(LabelError::OutOfMemory { bytes: map.labels().len() });
        }
        Ok(Self(Arc::new(Inner { grid: *map.grid(), view })))
    }

    /// Writes the slices `first` to `last` (k, inclusive) of a changed label map, as a brush leaves it. Slices
    /// beyond the last are passed over.
    ///
    /// # Errors
    /// [`LabelError::OtherSize`] for a map of another size.
    pub fn update(&self, gpu: &Gpu, map: &LabelMap, first: usize, last: usize) -> Result<(), LabelError> {
        let (size, there) = (map.grid().size(), self.0.grid.size());
        if size != there {
            return Err(LabelError::OtherSize { size, there });
        }
        let [w, h, d] = size;
        for k in first..(last.saturating_add(1)).min(d) {
            let mut target = self.0.view.texture().as_image_copy();
            target.origin.z = k as u32;
            gpu.queue.write_texture(
                target,
                &map.labels()[k * w * h..(k + 1) * w * h],
                wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(w as u32),
                    rows_per_image: Some(h as u32),
                },
                wgpu::Extent3d { width: w as u32, height: h as u32, depth_or_array_layers: 1 },
            );
        }
        Ok(())
    }

    /// Where its voxels lie.
    pub fn grid(&self) -> &Grid {
        &self.0.grid
    }

    pub(crate) fn view(&self) -> &wgpu::TextureView {
        &self.0.view
    }
}
