//! Tables made from a transfer function, kept while it is in use.

use std::sync::OnceLock;

use render_gpu::Gpu;

use crate::cells::Visible;
use crate::integrals::Integrals;
use crate::look::TABLE;
use crate::volume_texture::texture;
use crate::{TransferFunction, VolumeTexture};

/// How many draws a table outlives its last use.
const KEEP: u32 = 120;

/// The tables in use.
#[derive(Debug, Default)]
pub(super) struct Tables(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    volume: u64,
    transfer: TransferFunction,
    integrals: Integrals,
    visible: Visible,
    views: OnceLock<[wgpu::TextureView; 2]>,
    idle: u32,
}

impl Tables {
    /// The tables of a volume under a transfer function, for the processor.
    pub(super) fn of(
        &mut self,
        volume: &VolumeTexture,
        transfer: &TransferFunction,
    ) -> (&Integrals, &Visible) {
        let entry = self.entry(volume, transfer);
        (&entry.integrals, &entry.visible)
    }

    /// The colour table and the leap distances of a volume under a transfer function, for shaders.
    pub(super) fn views(
        &mut self,
        gpu: &Gpu,
        volume: &VolumeTexture,
        transfer: &TransferFunction,
    ) -> [wgpu::TextureView; 2] {
        let entry = self.entry(volume, transfer);
        let made = entry.views.get_or_init(|| {
            let (distances, size) = (&entry.visible.distance, volume.cells().size);
            let format = wgpu::TextureFormat::R8Uint;
            [
                colour_table(gpu, &entry.integrals),
                texture(gpu, "leap distances", size, format, distances, |d| *d),
            ]
        });
        made.clone()
    }

    fn entry(&mut self, volume: &VolumeTexture, transfer: &TransferFunction) -> &mut Entry {
        let known = self.0.iter().position(|e| e.volume == volume.id() && e.transfer == *transfer);
        let at = known.unwrap_or_else(|| {
            self.0.push(Entry {
                volume: volume.id(),
                transfer: transfer.clone(),
                integrals: Integrals::of(transfer),
                visible: volume.cells().visible(transfer),
                views: OnceLock::new(),
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

fn colour_table(gpu: &Gpu, integrals: &Integrals) -> wgpu::TextureView {
    let size = wgpu::Extent3d { width: TABLE as u32, height: 2, depth_or_array_layers: 1 };
    let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: Some("transfer function"),
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
        bytemuck::cast_slice(&integrals.rows()),
        wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(TABLE as u32 * 16),
            rows_per_image: Some(2),
        },
        size,
    );
    texture.create_view(&wgpu::TextureViewDescriptor::default())
}
