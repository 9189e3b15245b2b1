//! A volume on the GPU.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use meshing_space::{Aabb, Lps};
use meshing_volume::{Grid, Told, Volume, VolumeError, Voxels, Words};
use render_gpu::{DeviceError, Gpu};

use crate::atlas::{
    Atlas, BrickSource, Cut, CutError, Detail, InMemory, TexelKind, blocks_of, halved_voxels, share_that_fits,
};
use crate::cells::Cells;
use crate::{RasterRow, SlabSampling, leaps};

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
    /// The budget is too small for a useful part of the volume in bricks.
    #[error(
        "{budget_bytes} bytes are too few to draw a volume of {size:?} voxels in bricks; give more, or show a coarser \
         level"
    )]
    Budget {
        /// Voxels along i, j, k.
        size: [usize; 3],
        /// What it was to take at most.
        budget_bytes: u64,
    },
    /// The source of the bricks does not tell what its values are.
    #[error("the scan cannot be drawn: {0}")]
    Source(Words),
}

impl Told for UploadError {
    fn chinese(&self) -> String {
        let axes = |[i, j, k]: &[usize; 3]| format!("{i}×{j}×{k}");
        match self {
            Self::TooLarge { size, limit } => {
                format!("{} 个体素的体数据放不下：设备每个方向最多 {limit}；请以较粗的级别显示", axes(size))
            }
            Self::OutOfMemory { size, bytes } => {
                format!(
                    "设备剩余显存不足 {bytes} 字节，放不下 {} 个体素的体数据；请以较粗的级别显示",
                    axes(size)
                )
            }
            Self::Device(error) => error.chinese(),
            Self::Coarsen(_) => "无法生成较粗的级别".to_owned(),
            Self::Budget { size, budget_bytes } => format!(
                "{budget_bytes} 字节不足以分块绘制 {} 个体素的体数据；请增大预算，或以较粗的级别显示",
                axes(size)
            ),
            Self::Source(why) => format!("无法绘制扫描：{}", why.zh),
        }
    }
}

/// That a volume is shown coarser than it is, and why. To be stated wherever it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reduction {
    /// Each axis was divided by this.
    pub factor: u32,
    /// Voxels along i, j, k before.
    pub full_size: [usize; 3],
}

/// A volume to be drawn. Clones share it.
///
/// It keeps the voxels in memory and puts them on the GPU when something there asks for them: once, in a format that
/// the hardware filters for pictures and that exact slices load without a filter (R16Unorm, or R32Float where the
/// device lacks that). What the processor draws (see [`Renderer`](crate::Renderer)) needs none there.
///
/// One made by [`VolumeTexture::in_bricks`] is not on the GPU as a whole: each picture brings what its view needs, as
/// fine as there is room, and [`VolumeTexture::detail`] says what is shown.
#[derive(Clone, Debug)]
pub struct VolumeTexture(Arc<Inner>);

impl PartialEq for VolumeTexture {
    /// The same upload, whatever others hold.
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

#[derive(Debug)]
struct Inner {
    id: u64,
    gpu: Gpu,
    grid: Grid,
    /// The whole of it, where that is in memory.
    volume: Option<Arc<Volume>>,
    floats: bool,
    kind: TexelKind,
    whole: OnceLock<wgpu::TextureView>,
    bricks: Option<Bricks>,
    filterable: bool,
    /// value = texel * scale + offset
    texel: (f32, f32),
    cells: Cells,
    cell_maximum: OnceLock<wgpu::TextureView>,
    cell_minimum: OnceLock<wgpu::TextureView>,
    part_ranges: OnceLock<wgpu::Buffer>,
    reduction: Option<Reduction>,
}

/// A volume that is on the GPU in part.
#[derive(Debug)]
struct Bricks {
    source: Arc<dyn BrickSource>,
    atlas: Atlas,
    /// What the latest exact slice read, and what such a one may take.
    cut: Mutex<Option<Arc<Cut>>>,
    cut_budget: u64,
}

/// How shaders look a volume's voxels up: the constants of shared/volume.wgsl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lookup {
    /// The hardware filters.
    pub(crate) filterable: bool,
    /// They lie in bricks.
    pub(crate) bricked: bool,
}

impl Lookup {
    /// How many there are.
    pub(crate) const COUNT: usize = 4;
    /// Where the page table is bound in a volume's group, beyond what the passes bind themselves.
    pub(crate) const PAGES: u32 = 15;

    /// A number below [`Lookup::COUNT`].
    pub(crate) const fn index(self) -> usize {
        self.filterable as usize + 2 * self.bricked as usize
    }

    pub(crate) fn constants(self) -> [(&'static str, f64); 2] {
        let set = |on: bool| f64::from(u8::from(on));
        [("MANUAL", set(!self.filterable)), ("BRICKED", set(self.bricked))]
    }
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
    ///
    /// One in bricks stays in bricks, with the smaller of the two budgets.
    pub fn on(&self, gpu: &Gpu, budget_bytes: u64) -> Result<Self, UploadError> {
        let volume = match (&self.0.bricks, &self.0.volume) {
            (Some(bricks), volume) => {
                let own = bricks.cut_budget.saturating_mul(4);
                let made =
                    Self::bricked(gpu, bricks.source.clone(), self.0.cells.clone(), budget_bytes.min(own));
                match (made, volume) {
                    (Err(UploadError::Budget { .. } | UploadError::OutOfMemory { .. }), Some(volume)) => {
                        volume
                    }
                    (made, _) => return made,
                }
            }
            (None, Some(volume)) => volume,
            (None, None) => return Err(UploadError::Budget { size: self.grid().size(), budget_bytes }),
        };
        Self::fitting(gpu, volume, budget_bytes, self.reduction())
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
        let floats = matches!(volume.voxels(), Voxels::F32(_));
        let cells = Cells::of(&volume);
        let made = Self::new(gpu, *volume.grid(), Some(volume), floats, cells, None, reduction);
        // A card has memory of its own, which may not suffice: better said now than while drawing. Software draws
        // from the memory in which the volume lies already.
        let done = gpu.guarded(|| {
            if !gpu.facts.software {
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

    /// A volume that takes at most `budget_bytes` of the GPU, whatever its size: the whole of it where that fits, else
    /// in bricks of several levels of detail, of which each picture brings those that its view needs. A quarter of the
    /// budget is left to the exact slices. Where the device has less memory than that, the share is halved until it fits.
    ///
    /// The volume stays in memory, with a seventh more for its coarser levels: the processor draws from it, and the
    /// bricks come from there.
    ///
    /// # Errors
    /// [`UploadError::Budget`] below about a megabyte, where [`VolumeTexture::upload_fitting`] still shows something; the
    /// device's own.
    pub fn in_bricks(gpu: &Gpu, volume: &Arc<Volume>, budget_bytes: u64) -> Result<Self, UploadError> {
        let longest = gpu.device.limits().max_texture_dimension_3d as usize;
        if texture_bytes(gpu, volume) <= budget_bytes && volume.grid().size().iter().all(|&n| n <= longest) {
            match Self::upload(gpu, volume) {
                Err(UploadError::OutOfMemory { .. }) => {}
                result => return result,
            }
        }
        let volume = finite_copy(volume)?.map_or_else(|| volume.clone(), Arc::new);
        let cells = Cells::of(&volume);
        Self::bricked(gpu, Arc::new(InMemory::new(volume)), cells, budget_bytes)
    }

    /// The same from wherever the voxels come from, always in bricks.
    ///
    /// # Errors
    /// As [`VolumeTexture::in_bricks`]; [`UploadError::Source`] where the source fails.
    pub fn from_source(
        gpu: &Gpu,
        source: Arc<dyn BrickSource>,
        budget_bytes: u64,
    ) -> Result<Self, UploadError> {
        let ranges = source.ranges().map_err(UploadError::Source)?;
        let size = source.grid().size();
        let cells = Cells::of_ranges(size, ranges.0).ok_or_else(|| {
            UploadError::Source(Words::new(
                "its ranges of values do not match its size",
                "其数值范围与其大小不符",
            ))
        })?;
        Self::bricked(gpu, source, cells, budget_bytes)
    }

    fn bricked(
        gpu: &Gpu,
        source: Arc<dyn BrickSource>,
        cells: Cells,
        budget_bytes: u64,
    ) -> Result<Self, UploadError> {
        let (grid, floats) = (*source.grid(), source.floats());
        let (kind, least) = (texel_kind(gpu, floats), cells.range().0);
        let size = grid.size();
        let cut_budget = |share: u64| share / 4;
        let made = share_that_fits(budget_bytes, |share| {
            gpu.guarded(|| Atlas::new(gpu, &source, (kind, least), share - cut_budget(share)))
        });
        match made.map_err(UploadError::Device)? {
            (share, Some(atlas)) => {
                let volume = source.volume().cloned();
                let cut_budget = cut_budget(share);
                let bricks = Bricks { source, atlas, cut: Mutex::default(), cut_budget };
                Ok(Self::new(gpu, grid, volume, floats, cells, Some(bricks), None))
            }
            (share, None) if share == budget_bytes => Err(UploadError::Budget { size, budget_bytes }),
            (share, None) => Err(UploadError::OutOfMemory { size, bytes: share * 2 }),
        }
    }

    fn new(
        gpu: &Gpu,
        grid: Grid,
        volume: Option<Arc<Volume>>,
        floats: bool,
        cells: Cells,
        bricks: Option<Bricks>,
        reduction: Option<Reduction>,
    ) -> Self {
        let kind = texel_kind(gpu, floats);
        let unorm = kind == TexelKind::Unorm16;
        Self(Arc::new(Inner {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            gpu: gpu.clone(),
            grid,
            volume,
            floats,
            kind,
            whole: OnceLock::new(),
            bricks,
            filterable: unorm || gpu.has(wgpu::Features::FLOAT32_FILTERABLE),
            texel: if unorm { (65535.0, -32768.0) } else { (1.0, 0.0) },
            cells,
            cell_maximum: OnceLock::new(),
            cell_minimum: OnceLock::new(),
            part_ranges: OnceLock::new(),
            reduction,
        }))
    }

    /// What the latest picture shows of a volume in bricks, to be stated beside it; `None` where the whole volume is on
    /// the GPU, at full resolution but for [`VolumeTexture::reduction`]. Of what the processor draws (see
    /// [`Renderer::draw_volumes_by`](crate::Renderer::draw_volumes_by)) nothing is left out, and this says nothing.
    pub fn detail(&self) -> Option<Detail> {
        self.atlas().map(Atlas::detail)
    }

    /// How many bricks were brought so far, those that came back after an eviction each time anew; 0 for a volume that
    /// is not in bricks.
    pub fn bricks_brought(&self) -> u64 {
        self.atlas().map_or(0, Atlas::loaded)
    }

    /// Asks again for bricks that could not be had, at the next picture.
    pub fn retry_bricks(&self) {
        if let Some(atlas) = self.atlas() {
            atlas.retry();
        }
    }

    /// Where the voxels on the GPU lie; after a reduction that is a coarser grid than the volume's own.
    pub fn grid(&self) -> &Grid {
        &self.0.grid
    }

    /// The box around its outer faces.
    pub fn bounds(&self) -> Aabb<Lps> {
        self.grid().bounds()
    }

    /// Smallest and largest value.
    pub fn range(&self) -> (f32, f32) {
        self.0.cells.range()
    }

    /// Bytes that its voxels take on the device once all that may be asked of them lies there; of a volume in bricks
    /// those of the atlas, its page table and the latest exact slice.
    pub fn bytes(&self) -> u64 {
        match &self.0.bricks {
            None => self.grid().size().iter().map(|&n| n as u64).product::<u64>() * self.0.kind.bytes(),
            Some(bricks) => bricks.atlas.bytes() + bricks.latest().as_ref().map_or(0, |cut| cut.bytes),
        }
    }

    /// Set when the volume is shown coarser than it is.
    pub fn reduction(&self) -> Option<Reduction> {
        self.0.reduction
    }

    pub(crate) fn gpu(&self) -> &Gpu {
        &self.0.gpu
    }

    pub(crate) fn id(&self) -> u64 {
        self.0.id
    }

    /// Whether the values are 32-bit floats.
    pub(crate) fn floats(&self) -> bool {
        self.0.floats
    }

    pub(crate) fn kind(&self) -> TexelKind {
        self.0.kind
    }

    /// The whole volume, where that is in memory.
    pub(crate) fn volume(&self) -> Option<&Volume> {
        self.0.volume.as_deref()
    }

    pub(crate) fn atlas(&self) -> Option<&Atlas> {
        self.0.bricks.as_ref().map(|b| &b.atlas)
    }

    /// The page table of a volume in bricks; `none` stands in where it is whole.
    pub(crate) fn pages<'a>(&'a self, none: &'a wgpu::TextureView) -> &'a wgpu::TextureView {
        self.atlas().map_or(none, |atlas| &atlas.pages_view)
    }

    /// Which variant of the passes draws it.
    pub(crate) fn lookup(&self) -> Lookup {
        Lookup { filterable: self.0.filterable, bricked: self.0.bricks.is_some() }
    }

    /// The voxels, whole or in bricks.
    pub(crate) fn picture(&self) -> &wgpu::TextureView {
        if let Some(atlas) = self.atlas() {
            return &atlas.view;
        }
        let (gpu, size, format) = (&self.0.gpu, self.grid().size(), self.0.kind.format());
        self.0.whole.get_or_init(|| match self.0.volume.as_deref().map(Volume::voxels) {
            // the order-preserving shift of i16 to u16
            Some(Voxels::I16(v)) if self.0.kind == TexelKind::Unorm16 => {
                texture(gpu, "voxels", size, format, v, |x| (*x as u16) ^ 0x8000)
            }
            Some(Voxels::I16(v)) => texture(gpu, "voxels", size, format, v, |x| f32::from(*x)),
            Some(Voxels::F32(v)) => texture(gpu, "voxels", size, format, v, |x| *x),
            // a volume without bricks is always in memory
            None => texture(gpu, "voxels", [1; 3], format, &[0_u32], |x| *x),
        })
    }

    /// The voxels that an exact slice reads, where the volume is in bricks.
    pub(crate) fn cut(
        &self,
        gpu: &Gpu,
        rows: &[RasterRow],
        columns: u32,
        sampling: &SlabSampling,
    ) -> Result<Option<Arc<Cut>>, CutError> {
        let Some(bricks) = &self.0.bricks else { return Ok(None) };
        let needed = blocks_of(self.grid(), rows, columns, sampling);
        let mut latest = bricks.latest();
        if let Some(cut) = latest.as_ref().filter(|cut| cut.holds(&needed)) {
            return Ok(Some(cut.clone()));
        }
        // what the one before took is given back first
        *latest = None;
        let cut = Arc::new(Cut::new(gpu, &*bricks.source, self.0.kind, needed, bricks.cut_budget)?);
        *latest = Some(cut.clone());
        Ok(Some(cut))
    }

    pub(crate) fn texel(&self) -> (f32, f32) {
        self.0.texel
    }

    pub(crate) fn cells(&self) -> &Cells {
        &self.0.cells
    }

    /// The cells' ranges by part, for shaders.
    pub(crate) fn part_ranges(&self) -> &wgpu::Buffer {
        self.0.part_ranges.get_or_init(|| leaps::ranges(&self.0.gpu, &self.0.cells))
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

impl Bricks {
    fn latest(&self) -> std::sync::MutexGuard<'_, Option<Arc<Cut>>> {
        self.cut.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How voxels lie on a device.
fn texel_kind(gpu: &Gpu, floats: bool) -> TexelKind {
    let norm16 = gpu.has(wgpu::Features::TEXTURE_FORMAT_16BIT_NORM);
    if norm16 && !floats { TexelKind::Unorm16 } else { TexelKind::Float32 }
}

/// Bytes that a volume will take on this device.
fn texture_bytes(gpu: &Gpu, volume: &Volume) -> u64 {
    let floats = matches!(volume.voxels(), Voxels::F32(_));
    volume.voxels().len() as u64 * texel_kind(gpu, floats).bytes()
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
    let (_, voxels) = halved_voxels(n, volume.voxels());
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
