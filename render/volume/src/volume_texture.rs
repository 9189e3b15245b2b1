//! A volume on the GPU.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use meshing_space::{Aabb, Lps};
use meshing_volume::{Grid, Volume, VolumeError, Voxels};
use render_gpu::{DeviceError, Gpu};

use crate::cells::Cells;

/// Why a volume cannot be put on the GPU.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UploadError {
    /// An axis is longer than the device's largest 3D texture.
    #[error(
        "a volume of {size:?} voxels does not fit: the device takes {limit} along an axis; show a coarser level"
    )]
    TooLarge {
        /// Voxels along i, j, k.
        size: [usize; 3],
        /// The device's limit.
        limit: u32,
    },
    /// The device has not enough memory.
    #[error("the device has no {bytes} bytes left for a volume of {size:?} voxels; show a coarser level")]
    OutOfMemory {
        /// Voxels along i, j, k.
        size: [usize; 3],
        /// Bytes needed.
        bytes: u64,
    },
    /// The device was lost or failed.
    #[error(transparent)]
    Device(DeviceError),
    /// A coarser level could not be made.
    #[error("no coarser level could be made")]
    Coarsen(#[from] VolumeError),
}

/// That a volume is shown coarser than it is, and why. To be stated wherever it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reduction {
    /// Each axis was divided by this.
    pub factor: u32,
    /// Voxels along i, j, k before.
    pub full_size: [usize; 3],
}

/// How the voxels lie on the GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// 16-bit integers.
    I16,
    /// 32-bit floats.
    F32,
}

/// A volume to be drawn. Clones share it.
///
/// It keeps the voxels in memory and puts them on the GPU when something there asks for them: as integers for exact
/// slices, and in a format that the hardware filters for pictures (R16Unorm, or R32Float where the device lacks
/// that). What the processor draws (see [`Renderer`](crate::Renderer)) needs neither.
#[derive(Clone, Debug)]
pub struct VolumeTexture(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: u64,
    gpu: Gpu,
    volume: Arc<Volume>,
    kind: Kind,
    exact: OnceLock<wgpu::TextureView>,
    picture: OnceLock<wgpu::TextureView>,
    filterable: bool,
    /// value = texel * scale + offset
    texel: (f32, f32),
    cells: Cells,
    cell_maximum: OnceLock<wgpu::TextureView>,
    cell_minimum: OnceLock<wgpu::TextureView>,
    reduction: Option<Reduction>,
}

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

impl VolumeTexture {
    /// Puts a volume on the GPU at full resolution, or says why not. Values that are not finite (outside a
    /// reconstruction) become the smallest finite one, in pictures and slices alike.
    pub fn upload(gpu: &Gpu, volume: &Arc<Volume>) -> Result<Self, UploadError> {
        Self::upload_reduced(gpu, volume, None)
    }

    /// Puts a volume on the GPU, at half, a quarter… of its resolution where it would need more than
    /// `budget_bytes` or an axis is too long; [`VolumeTexture::reduction`] then says so.
    pub fn upload_fitting(gpu: &Gpu, volume: &Arc<Volume>, budget_bytes: u64) -> Result<Self, UploadError> {
        Self::fitting(gpu, volume, budget_bytes, None)
    }

    /// The same volume on a device, another or the same, within `budget_bytes` as [`VolumeTexture::upload_fitting`]
    /// puts it there. One that was shown coarser stays so: its finer voxels are not kept.
    pub fn on(&self, gpu: &Gpu, budget_bytes: u64) -> Result<Self, UploadError> {
        Self::fitting(gpu, &self.0.volume, budget_bytes, self.reduction())
    }

    /// Puts a volume on the GPU that was made coarser `before`.
    fn fitting(
        gpu: &Gpu,
        volume: &Arc<Volume>,
        budget_bytes: u64,
        before: Option<Reduction>,
    ) -> Result<Self, UploadError> {
        let full_size = before.map_or(volume.grid().size(), |b| b.full_size);
        let mut owned: Option<Arc<Volume>> = None;
        let mut factor = before.map_or(1, |b| b.factor);
        loop {
            let current = owned.as_ref().unwrap_or(volume);
            let note = (factor > 1).then_some(Reduction { factor, full_size });
            let over = texture_bytes(gpu, current) > budget_bytes;
            let smallest = current.grid().size().iter().all(|&n| n == 1);
            match if over && !smallest { None } else { Some(Self::upload_reduced(gpu, current, note)) } {
                Some(Err(UploadError::TooLarge { .. } | UploadError::OutOfMemory { .. })) if !smallest => {}
                Some(result) => return result,
                None => {}
            }
            owned = Some(Arc::new(halved(current)?));
            factor *= 2;
        }
    }

    fn upload_reduced(
        gpu: &Gpu,
        volume: &Arc<Volume>,
        reduction: Option<Reduction>,
    ) -> Result<Self, UploadError> {
        let size = volume.grid().size();
        let limit = gpu.device.limits().max_texture_dimension_3d;
        if size.iter().any(|&n| n > limit as usize) {
            return Err(UploadError::TooLarge { size, limit });
        }
        let volume = finite_copy(volume)?.map_or_else(|| volume.clone(), Arc::new);
        let norm16 = gpu.has(wgpu::Features::TEXTURE_FORMAT_16BIT_NORM);
        let filter32 = gpu.has(wgpu::Features::FLOAT32_FILTERABLE);
        let (kind, filterable, texel) = match volume.voxels() {
            Voxels::I16(_) if norm16 => (Kind::I16, true, (65535.0, -32768.0)),
            Voxels::I16(_) => (Kind::I16, filter32, (1.0, 0.0)),
            Voxels::F32(_) => (Kind::F32, filter32, (1.0, 0.0)),
        };
        let made = Self(Arc::new(Inner {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            gpu: gpu.clone(),
            kind,
            exact: OnceLock::new(),
            picture: OnceLock::new(),
            filterable,
            texel,
            cells: Cells::of(&volume),
            cell_maximum: OnceLock::new(),
            cell_minimum: OnceLock::new(),
            reduction,
            volume,
        }));
        // A card has memory of its own, which may not suffice: better said now than while drawing. Software draws
        // from the memory in which the volume lies already.
        let done = gpu.guarded(|| {
            if !gpu.facts.software {
                made.exact();
                made.picture();
                made.cell_maximum();
            }
        });
        done.map_err(|error| match error {
            DeviceError::OutOfMemory => UploadError::OutOfMemory { size, bytes: made.bytes() },
            other => UploadError::Device(other),
        })?;
        Ok(made)
    }

    /// Where the voxels on the GPU lie; after a reduction that is a coarser grid than the volume's own.
    pub fn grid(&self) -> &Grid {
        self.0.volume.grid()
    }

    /// The box around its outer faces.
    pub fn bounds(&self) -> Aabb<Lps> {
        self.grid().bounds()
    }

    /// Smallest and largest value.
    pub fn range(&self) -> (f32, f32) {
        self.0.cells.range()
    }

    /// Bytes that its voxels take on the device once all that may be asked of them lies there.
    pub fn bytes(&self) -> u64 {
        texture_bytes(&self.0.gpu, &self.0.volume)
    }

    /// Set when the volume is shown coarser than it is.
    pub fn reduction(&self) -> Option<Reduction> {
        self.0.reduction
    }

    pub(crate) fn id(&self) -> u64 {
        self.0.id
    }

    pub(crate) fn kind(&self) -> Kind {
        self.0.kind
    }

    pub(crate) fn volume(&self) -> &Volume {
        &self.0.volume
    }

    pub(crate) fn exact(&self) -> &wgpu::TextureView {
        use wgpu::TextureFormat as F;
        let (gpu, size) = (&self.0.gpu, self.grid().size());
        self.0.exact.get_or_init(|| match self.0.volume.voxels() {
            Voxels::I16(v) => texture(gpu, "voxels", size, F::R16Sint, v, |x| *x),
            Voxels::F32(_) => self.picture().clone(),
        })
    }

    pub(crate) fn picture(&self) -> &wgpu::TextureView {
        use wgpu::TextureFormat as F;
        let (gpu, size) = (&self.0.gpu, self.grid().size());
        self.0.picture.get_or_init(|| match self.0.volume.voxels() {
            Voxels::I16(v) if gpu.has(wgpu::Features::TEXTURE_FORMAT_16BIT_NORM) => {
                // the order-preserving shift of i16 to u16
                texture(gpu, "voxels", size, F::R16Unorm, v, |x| (*x as u16) ^ 0x8000)
            }
            Voxels::I16(v) => texture(gpu, "voxels", size, F::R32Float, v, |x| f32::from(*x)),
            Voxels::F32(v) => texture(gpu, "voxels", size, F::R32Float, v, |x| *x),
        })
    }

    pub(crate) fn filterable(&self) -> bool {
        self.0.filterable
    }

    pub(crate) fn texel(&self) -> (f32, f32) {
        self.0.texel
    }

    pub(crate) fn cells(&self) -> &Cells {
        &self.0.cells
    }

    pub(crate) fn cell_maximum(&self) -> &wgpu::TextureView {
        let Inner { gpu, cells, .. } = &*self.0;
        self.0.cell_maximum.get_or_init(|| {
            texture(gpu, "cells", cells.size, wgpu::TextureFormat::R32Float, &cells.maximum, |x| *x)
        })
    }

    pub(crate) fn cell_minimum(&self) -> &wgpu::TextureView {
        let Inner { gpu, cells, .. } = &*self.0;
        self.0.cell_minimum.get_or_init(|| {
            texture(gpu, "cells", cells.size, wgpu::TextureFormat::R32Float, &cells.minimum, |x| *x)
        })
    }
}

/// Bytes that a volume will take on this device.
fn texture_bytes(gpu: &Gpu, volume: &Volume) -> u64 {
    let each = match volume.voxels() {
        Voxels::I16(_) if gpu.has(wgpu::Features::TEXTURE_FORMAT_16BIT_NORM) => 4,
        Voxels::I16(_) => 6,
        Voxels::F32(_) => 4,
    };
    volume.voxels().len() as u64 * each
}

/// A copy without values that are not finite; `None` where there are none.
fn finite_copy(volume: &Volume) -> Result<Option<Volume>, VolumeError> {
    let Voxels::F32(v) = volume.voxels() else { return Ok(None) };
    if v.iter().all(|x| x.is_finite()) {
        return Ok(None);
    }
    let least = v.iter().copied().filter(|x| x.is_finite()).fold(f32::INFINITY, f32::min);
    let least = if least.is_finite() { least } else { 0.0 };
    let clean = v.iter().map(|&x| if x.is_finite() { x } else { least }).collect();
    Volume::new(*volume.grid(), Voxels::F32(clean), volume.meta().clone()).map(Some)
}

/// The volume at half its resolution: means of 2×2×2 voxels (fewer at an odd end).
fn halved(volume: &Volume) -> Result<Volume, VolumeError> {
    let grid = volume.grid();
    let (n, spacing) = (grid.size(), grid.spacing_mm());
    let size = n.map(|n| n.div_ceil(2));
    // an axis of one voxel stays as it is
    let stretch: [f64; 3] = std::array::from_fn(|a| if n[a] > 1 { 2.0 } else { 1.0 });
    let shift = |a: usize| grid.direction()[a] * (spacing[a] * (stretch[a] - 1.0) / 2.0);
    let origin = grid.origin() + shift(0) + shift(1) + shift(2);
    let wide = std::array::from_fn(|a| spacing[a] * stretch[a]);
    let coarse = Grid::new(size, origin, grid.direction(), wide)
        .map_err(|_ignored| VolumeError::Length { values: volume.voxels().len(), voxels: 0 })?;
    let mean = |i: usize, j: usize, k: usize| {
        let (mut sum, mut count) = (0.0_f64, 0.0_f64);
        for z in k * 2..(k * 2 + 2).min(n[2]) {
            for y in j * 2..(j * 2 + 2).min(n[1]) {
                for x in i * 2..(i * 2 + 2).min(n[0]) {
                    sum += f64::from(volume.value(x, y, z));
                    count += 1.0;
                }
            }
        }
        sum / count
    };
    let cells = (0..size[2])
        .flat_map(|k| (0..size[1]).flat_map(move |j| (0..size[0]).map(move |i| (i, j, k))))
        .map(|(i, j, k)| mean(i, j, k));
    let voxels = match volume.voxels() {
        Voxels::I16(_) => Voxels::I16(cells.map(|v| v.round() as i16).collect()),
        Voxels::F32(_) => Voxels::F32(cells.map(|v| v as f32).collect()),
    };
    Volume::new(coarse, voxels, volume.meta().clone())
}

/// A 3D texture filled slab by slab, so that staging memory stays small.
pub(crate) fn texture<T, U: bytemuck::Pod>(
    gpu: &Gpu,
    label: &str,
    size: [usize; 3],
    format: wgpu::TextureFormat,
    data: &[T],
    convert: impl Fn(&T) -> U,
) -> wgpu::TextureView {
    let [w, h, d] = size;
    let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: Some(label),
        size: wgpu::Extent3d { width: w as u32, height: h as u32, depth_or_array_layers: d as u32 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D3,
        format,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    let layers = ((32 << 20) / (w * h * size_of::<U>()).max(1)).max(1);
    for (n, slab) in data.chunks(layers * w * h).enumerate() {
        let staged: Vec<U> = slab.iter().map(&convert).collect();
        let mut target = texture.as_image_copy();
        target.origin.z = (n * layers) as u32;
        gpu.queue.write_texture(
            target,
            bytemuck::cast_slice(&staged),
            wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some((w * size_of::<U>()) as u32),
                rows_per_image: Some(h as u32),
            },
            wgpu::Extent3d {
                width: w as u32,
                height: h as u32,
                depth_or_array_layers: (slab.len() / (w * h)) as u32,
            },
        );
        gpu.queue.submit([]);
    }
    texture.create_view(&wgpu::TextureViewDescriptor::default())
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::VolumeMeta;

    use super::*;

    #[test]
    fn a_halved_volume_keeps_its_place_and_its_mean() {
        let grid = Grid::axis_aligned([4, 2, 1], Point::new(10.0, 0.0, 0.0), [1.0, 2.0, 3.0]).unwrap();
        let meta = VolumeMeta { modality: "CT".into(), unit: "HU".into(), frame_of_reference: String::new() };
        let volume = Volume::new(grid, Voxels::I16(vec![1, 3, 10, 20, 5, 7, 30, 40]), meta).unwrap();
        let half = halved(&volume).unwrap();
        assert_eq!(half.grid().size(), [2, 1, 1]);
        assert_eq!(half.grid().spacing_mm(), [2.0, 4.0, 3.0]);
        assert!(half.grid().origin().distance(Point::new(10.5, 1.0, 0.0)) < 1e-12);
        assert_eq!(half.voxels(), &Voxels::I16(vec![4, 25]));
    }
}
