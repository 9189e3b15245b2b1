//! Tables made from a transfer function, kept while it is in use.

use std::sync::{Arc, OnceLock};

use render_gpu::Gpu;

use crate::atlas::Seen;
use crate::cells::Visible;
use crate::integrals::Integrals;
use crate::leaps::leaps;
use crate::look::TABLE;
use crate::volume_texture::texture;
use crate::{SegmentItem, SegmentLook, TransferFunction, VolumeItem};

/// How many draws a table outlives its last use.
const KEEP: u32 = 120;

/// The tables in use.
#[derive(Debug, Default)]
pub(super) struct Tables(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    volume: u64,
    transfer: TransferFunction,
    segments: Option<(u64, Vec<SegmentLook>)>,
    integrals: Integrals,
    /// Found by the processor, where it has to.
    visible: OnceLock<Visible>,
    views: OnceLock<[wgpu::TextureView; 3]>,
    seen: OnceLock<Arc<Seen>>,
    idle: u32,
}

impl Tables {
    /// The tables of a volume, for the processor.
    pub(super) fn of(&mut self, item: &VolumeItem) -> (&Integrals, &Visible) {
        let entry = self.entry(item);
        (&entry.integrals, entry.visible(item))
    }

    /// The bricks of a volume that hold something to be seen.
    pub(super) fn seen(&mut self, item: &VolumeItem) -> Arc<Seen> {
        let entry = self.entry(item);
        entry.seen.get_or_init(|| Arc::new(Seen::of(item.texture.cells(), entry.visible(item)))).clone()
    }

    /// Colour table, leap distances and the segments' terms of a volume, for shaders.
    pub(super) fn views(&mut self, gpu: &Gpu, item: &VolumeItem) -> [wgpu::TextureView; 3] {
        let entry = self.entry(item);
        let made = entry.views.get_or_init(|| {
            let by_device = !gpu.facts.software && item.segments.is_none() && entry.visible.get().is_none();
            let found = if by_device { leaps(gpu, &item.texture, &entry.transfer) } else { None };
            let on_processor = || {
                let (distances, size) = (&entry.visible(item).distance, item.texture.cells().size);
                texture(gpu, "leap distances", size, wgpu::TextureFormat::R8Uint, distances, |d| *d)
            };
            let terms = item.segments.as_ref().map_or_else(|| vec![[0.0; 4]], SegmentItem::table);
            [
                rows(gpu, "transfer function", &entry.integrals.rows(), TABLE),
                found.unwrap_or_else(on_processor),
                rows(gpu, "segments", &terms, terms.len().min(256)),
            ]
        });
        made.clone()
    }

    fn entry(&mut self, item: &VolumeItem) -> &mut Entry {
        let VolumeItem { texture: volume, look, segments } = item;
        let same = |known: &Entry| {
            let of = segments.as_ref().map(|s| (s.segments.id(), &s.looks));
            known.volume == volume.id()
                && known.transfer == look.transfer
                && known.segments.as_ref().map(|(id, looks)| (*id, looks)) == of
        };
        let at = self.0.iter().position(same).unwrap_or_else(|| {
            self.0.push(Entry {
                volume: volume.id(),
                transfer: look.transfer.clone(),
                segments: segments.as_ref().map(|s| (s.segments.id(), s.looks.clone())),
                integrals: Integrals::of(&look.transfer),
                visible: OnceLock::new(),
                views: OnceLock::new(),
                seen: OnceLock::new(),
                idle: 0,
            });
            self.0.len() - 1
        });
        let entry = &mut self.0[at];
        entry.idle = 0;
        entry
    }

    /// Drops what has not been used for long.
    pub(super) fn forget_unused(&mut self) {
        self.0.retain_mut(|e| {
            e.idle += 1;
            e.idle <= KEEP
        });
    }
}

impl Entry {
    fn visible(&self, item: &VolumeItem) -> &Visible {
        let cells = item.texture.cells();
        self.visible.get_or_init(|| cells.visible(&self.transfer, item.segments.as_ref()))
    }
}

/// Rows of four floats as a texture.
fn rows(gpu: &Gpu, label: &str, entries: &[[f32; 4]], width: usize) -> wgpu::TextureView {
    let (width, height) = (width as u32, (entries.len() / width) as u32);
    let size = wgpu::Extent3d { width, height, depth_or_array_layers: 1 };
    let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: Some(label),
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba32Float,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    gpu.queue.write_texture(
        texture.as_image_copy(),
        bytemuck::cast_slice(entries),
        wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(width * 16),
            rows_per_image: Some(height),
        },
        size,
    );
    texture.create_view(&wgpu::TextureViewDescriptor::default())
}
