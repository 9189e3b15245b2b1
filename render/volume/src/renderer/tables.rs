//! Tables made from a transfer function, kept while it is in use.

use std::sync::OnceLock;

use render_gpu::Gpu;

use super::carved::CarvedTables;
use crate::cells::Visible;
use crate::integrals::Integrals;
use crate::look::TABLE;
use crate::volume_texture::texture;
use crate::{Carved, SegmentItem, SegmentLook, TransferFunction, VolumeItem};

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
    visible: Visible,
    carved: Option<CarvedTables>,
    views: OnceLock<[wgpu::TextureView; 3]>,
    idle: u32,
}

impl Tables {
    /// The tables of a volume, for the processor.
    pub(super) fn of(&mut self, gpu: &Gpu, item: &VolumeItem) -> (&Integrals, &Visible) {
        let entry = self.entry(gpu, item);
        (&entry.integrals, entry.carved.as_ref().map_or(&entry.visible, CarvedTables::visible))
    }

    /// What is carved away of a volume, for shaders.
    pub(super) fn carve(&mut self, gpu: &Gpu, item: &VolumeItem) -> Option<wgpu::TextureView> {
        let carved = self.entry(gpu, item).carved.as_ref()?;
        Some(carved.views(gpu, item.texture.cells())[1].clone())
    }

    /// Colour table, leap distances and the segments' terms of a volume, for shaders.
    pub(super) fn views(&mut self, gpu: &Gpu, item: &VolumeItem) -> [wgpu::TextureView; 3] {
        let entry = self.entry(gpu, item);
        let made = entry.views.get_or_init(|| {
            let (distances, size) = (&entry.visible.distance, item.texture.cells().size);
            let format = wgpu::TextureFormat::R8Uint;
            let terms = item.segments.as_ref().map_or_else(|| vec![[0.0; 4]], SegmentItem::table);
            [
                rows(gpu, "transfer function", &entry.integrals.rows(), TABLE),
                texture(gpu, "leap distances", size, format, distances, |d| *d),
                rows(gpu, "segments", &terms, terms.len().min(256)),
            ]
        });
        let [transfer, skip, terms] = made.clone();
        let carved = entry.carved.as_ref().map(|c| c.views(gpu, item.texture.cells())[0].clone());
        [transfer, carved.unwrap_or(skip), terms]
    }

    fn entry(&mut self, gpu: &Gpu, item: &VolumeItem) -> &mut Entry {
        let VolumeItem { texture: volume, look, segments, carve, .. } = item;
        let same = |known: &Entry| {
            let of = segments.as_ref().map(|s| (s.segments.id(), &s.looks));
            known.volume == volume.id()
                && known.transfer == look.transfer
                && known.segments.as_ref().map(|(id, looks)| (*id, looks)) == of
                && known.carves(carve.as_ref())
        };
        let at = self.0.iter().position(same).unwrap_or_else(|| {
            self.0.push(Entry {
                volume: volume.id(),
                transfer: look.transfer.clone(),
                segments: segments.as_ref().map(|s| (s.segments.id(), s.looks.clone())),
                integrals: Integrals::of(&look.transfer),
                visible: volume.cells().visible(&look.transfer, segments.as_ref()),
                carved: None,
                views: OnceLock::new(),
                idle: 0,
            });
            self.0.len() - 1
        });
        let entry = &mut self.0[at];
        entry.idle = 0;
        if let Some(carve) = carve {
            let carved = entry.carved.get_or_insert_with(|| CarvedTables::new(carve, &entry.visible));
            carved.update(gpu, volume.cells(), &entry.visible, carve.mask());
        }
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
    /// Whether it may show what is carved: the same carving, and no other snapshot of it in one picture.
    fn carves(&self, carve: Option<&Carved>) -> bool {
        match (&self.carved, carve) {
            (None, None) => true,
            (Some(tables), Some(carve)) => {
                let (known, wanted) = (tables.mask(), carve.mask());
                known.id() == wanted.id() && (self.idle > 0 || wanted.changed(known).is_empty())
            }
            _ => false,
        }
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
