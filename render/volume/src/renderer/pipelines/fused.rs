//! Pipelines for several volumes at once, made for the volumes that are met.

use super::{CARVE, Pass, Pipelines, Writes, stored, texture};
use crate::shaders::{self, FusedVolume, LIGHT, MASKS, STRIDE};
use crate::volume_texture::Lookup;

/// The pass for volumes of certain formats.
#[derive(Debug)]
pub(in crate::renderer) struct Fused {
    volumes: Vec<FusedVolume>,
    layered: bool,
    distances: bool,
    pub(in crate::renderer) group: wgpu::BindGroupLayout,
    pub(in crate::renderer) pipeline: wgpu::RenderPipeline,
}

impl Pipelines {
    /// The pass for some volumes, with layers in it or not. `under` is what
    /// distances are laid over, where they are wanted.
    pub(in crate::renderer) fn fused(
        &mut self,
        volumes: &[FusedVolume],
        layered: bool,
        under: Option<&wgpu::BindGroupLayout>,
    ) -> &Fused {
        let known =
            |f: &Fused| f.volumes == volumes && f.layered == layered && f.distances == under.is_some();
        let at = self.fused.iter().position(known).unwrap_or_else(|| {
            let made = self.make_fused(volumes, layered, under);
            self.fused.push(made);
            self.fused.len() - 1
        });
        &self.fused[at]
    }

    fn make_fused(
        &self,
        volumes: &[FusedVolume],
        layered: bool,
        under: Option<&wgpu::BindGroupLayout>,
    ) -> Fused {
        let entry = |binding, ty| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::FRAGMENT,
            ty,
            count: None,
        };
        let of = |(n, volume): (u32, &FusedVolume)| {
            let types = (0..).zip(self.of(volume.lookup).dvr_types.iter().copied());
            let types = types.filter(|(binding, _)| volume.dimmed || *binding != LIGHT);
            let bytes = texture(wgpu::TextureSampleType::Uint, wgpu::TextureViewDimension::D3);
            let all = types
                .chain(volume.carved.then_some((CARVE, bytes)))
                .chain(volume.lookup.bricked.then_some((Lookup::PAGES, bytes)));
            all.map(move |(binding, ty)| entry(n * STRIDE + binding, ty)).collect::<Vec<_>>()
        };
        let each = (0..).zip(volumes).flat_map(of);
        let entries: Vec<_> = each.chain([entry(MASKS, stored())]).collect();
        let group = self.gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("fused"),
            entries: &entries,
        });
        let maker = self.maker();
        let pipeline = maker.make(&Pass {
            label: "fused.wgsl",
            module: &shaders::fused_module(&self.gpu, volumes, self.both),
            groups: &[Some(maker.view), Some(&group), Some(under.unwrap_or(maker.depth)), Some(maker.layers)],
            buffers: &[],
            topology: wgpu::PrimitiveTopology::TriangleList,
            depth_write: None,
            lookup: None,
            layered: Some(layered),
            writes: if under.is_some() { Writes::Both } else { Writes::Colour },
        });
        Fused { volumes: volumes.to_vec(), layered, distances: under.is_some(), group, pipeline }
    }
}
