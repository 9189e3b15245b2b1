//! Binds a volume's voxels for passes that read them exactly (shared/voxels.wgsl).

use bytemuck::{Pod, Zeroable};
use render_gpu::Gpu;
use wgpu::{TextureSampleType as Sample, TextureViewDimension as Dimension};

use crate::VolumeTexture;
use crate::atlas::{Cut, TexelKind};
use crate::renderer::{bind, group_layout, texture, uniform};
use crate::volume_texture::texture as upload;

/// Layout of the bind group, and what stands in for the page table of a volume that is there as a whole.
#[derive(Debug)]
pub(crate) struct Voxels {
    pub(crate) layout: wgpu::BindGroupLayout,
    no_pages: wgpu::TextureView,
}

/// `VoxelsUniform` of shared/voxels.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Told {
    size: [i32; 3],
    shares: u32,
}

impl Voxels {
    pub(crate) fn new(gpu: &Gpu) -> Self {
        let types = [
            texture(Sample::Float { filterable: false }, Dimension::D3),
            texture(Sample::Uint, Dimension::D3),
            uniform(),
        ];
        Self {
            layout: group_layout(gpu, "voxels", &types),
            no_pages: upload(gpu, "none", [1; 3], wgpu::TextureFormat::R32Uint, &[0_u32], |v| *v),
        }
    }

    /// The voxels of a volume: all of them, or those of a cut.
    pub(crate) fn group(&self, gpu: &Gpu, volume: &VolumeTexture, cut: Option<&Cut>) -> wgpu::BindGroup {
        let (voxels, pages) =
            cut.map_or_else(|| (volume.picture(), &self.no_pages), |cut| (&cut.voxels, &cut.pages));
        let told = Told {
            size: volume.grid().size().map(|n| n as i32),
            shares: u32::from(volume.kind() == TexelKind::Unorm16),
        };
        let told = gpu.filled_buffer(&wgpu::util::BufferInitDescriptor {
            label: Some("voxels"),
            contents: bytemuck::bytes_of(&told),
            usage: wgpu::BufferUsages::UNIFORM,
        });
        let [voxels, pages] = [voxels, pages].map(wgpu::BindingResource::TextureView);
        bind(gpu, "voxels", &self.layout, &[voxels, pages, told.as_entire_binding()])
    }
}
