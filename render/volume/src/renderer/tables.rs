//! Textures made from a transfer function, kept while it is in use.

use render_gpu::Gpu;

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
    colours: wgpu::TextureView,
    skip: wgpu::TextureView,
    idle: u32,
}

impl Tables {
    /// The colour table and the leap distances of a volume under a transfer function.
    pub(super) fn of(
        &mut self,
        gpu: &Gpu,
        volume: &VolumeTexture,
        transfer: &TransferFunction,
    ) -> (wgpu::TextureView, wgpu::TextureView) {
        let known = self.0.iter_mut().find(|e| e.volume == volume.id() && e.transfer == *transfer);
        if let Some(entry) = known {
            entry.idle = 0;
            return (entry.colours.clone(), entry.skip.clone());
        }
        let colours = colour_table(gpu, transfer);
        let cells = volume.cells();
        let distances = cells.distances(transfer);
        let skip =
            texture(gpu, "leap distances", cells.size, wgpu::TextureFormat::R8Uint, &distances, |d| *d);
        self.0.push(Entry {
            volume: volume.id(),
            transfer: transfer.clone(),
            colours: colours.clone(),
            skip: skip.clone(),
            idle: 0,
        });
        (colours, skip)
    }

    /// Drops what has not been used for long.
    pub(super) fn forget_unused(&mut self) {
        self.0.retain_mut(|e| {
            e.idle += 1;
            e.idle <= KEEP
        });
    }
}

fn colour_table(gpu: &Gpu, transfer: &TransferFunction) -> wgpu::TextureView {
    let size = wgpu::Extent3d { width: TABLE as u32, height: 1, depth_or_array_layers: 1 };
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
        bytemuck::cast_slice(&transfer.table()),
        wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(TABLE as u32 * 16),
            rows_per_image: Some(1),
        },
        size,
    );
    texture.create_view(&wgpu::TextureViewDescriptor::default())
}
