//! Binds a volume's voxels for passes that read them exactly (shared/voxels.wgsl).

use render_gpu::Gpu;
use wgpu::{TextureSampleType as Sample, TextureViewDimension as Dimension};

use crate::VolumeTexture;
use crate::renderer::{bind, group_layout, texture};
use crate::volume_texture::{Kind, texture as upload};

/// Layout of the bind group, and what stands in for the texture that a volume has not.
#[derive(Debug)]
pub(crate) struct Voxels {
    pub(crate) layout: wgpu::BindGroupLayout,
    no_i16: wgpu::TextureView,
    no_f32: wgpu::TextureView,
}

impl Voxels {
    pub(crate) fn new(gpu: &Gpu) -> Self {
        let types = [
            texture(Sample::Sint, Dimension::D3),
            texture(Sample::Float { filterable: false }, Dimension::D3),
        ];
        Self {
            layout: group_layout(gpu, "voxels", &types),
            no_i16: upload(gpu, "none", [1; 3], wgpu::TextureFormat::R16Sint, &[0_i16], |v| *v),
            no_f32: upload(gpu, "none", [1; 3], wgpu::TextureFormat::R32Float, &[0.0_f32], |v| *v),
        }
    }

    /// The voxels of a volume.
    pub(crate) fn group(&self, gpu: &Gpu, volume: &VolumeTexture) -> wgpu::BindGroup {
        let (i16, f32) = match volume.kind() {
            Kind::I16 => (volume.exact(), &self.no_f32),
            Kind::F32 => (&self.no_i16, volume.exact()),
        };
        let views = [i16, f32].map(wgpu::BindingResource::TextureView);
        bind(gpu, "voxels", &self.layout, &views)
    }

    /// Which variant of the shader reads a volume: the constant of shared/voxels.wgsl.
    pub(crate) fn floats(volume: &VolumeTexture) -> bool {
        volume.kind() == Kind::F32
    }
}
