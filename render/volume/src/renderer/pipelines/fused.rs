//! Pipelines for several volumes at once, made for the volumes that are met.

use render_gpu::Gpu;

use super::{CARVE, Maker, Pass, Pipelines, Writes, texture, uniform};
use crate::shaders::{self, Beside, LIGHT, MASKS, STRIDE};

/// The pass for volumes of certain formats.
#[derive(Debug)]
pub(in crate::renderer) struct Fused {
    filterable: Vec<bool>,
    beside: Beside,
    layered: bool,
    distances: bool,
    pub(in crate::renderer) group: wgpu::BindGroupLayout,
    pub(in crate::renderer) pipeline: wgpu::RenderPipeline,
}

impl Pipelines {
    /// The pass for volumes that the hardware does or does not filter, with layers in it or not. `under` is what
    /// distances are laid over, where they are wanted.
    pub(in crate::renderer) fn fused(
        &mut self,
        gpu: &Gpu,
        format: wgpu::TextureFormat,
        (filterable, beside): (&[bool], Beside),
        layered: bool,
        under: Option<&wgpu::BindGroupLayout>,
    ) -> &Fused {
        let known = |f: &Fused| {
            f.filterable == filterable
                && f.beside == beside
                && f.layered == layered
                && f.distances == under.is_some()
        };
        let at = self.fused.iter().position(known).unwrap_or_else(|| {
            let made = self.make_fused(gpu, format, (filterable, beside), layered, under);
            self.fused.push(made);
            self.fused.len() - 1
        });
        &self.fused[at]
    }

    fn make_fused(
        &self,
        gpu: &Gpu,
        format: wgpu::TextureFormat,
        (filterable, beside): (&[bool], Beside),
        layered: bool,
        under: Option<&wgpu::BindGroupLayout>,
    ) -> Fused {
        let entry = |binding, ty| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::FRAGMENT,
            ty,
            count: None,
        };
        let of = |(n, &f): (u32, &bool)| {
            let types = (0..).zip(self.of(f).dvr_types.iter().copied());
            let types = types.filter(|(binding, _)| beside.dimmed || *binding != LIGHT);
            let carved = texture(wgpu::TextureSampleType::Uint, wgpu::TextureViewDimension::D3);
            let all = types.chain(beside.carved.then_some((CARVE, carved)));
            all.map(move |(binding, ty)| entry(n * STRIDE + binding, ty)).collect::<Vec<_>>()
        };
        let volumes = (0..).zip(filterable).flat_map(of);
        let entries: Vec<_> = volumes.chain([entry(MASKS, uniform())]).collect();
        let group = gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("fused"),
            entries: &entries,
        });
        let manual: Vec<_> = filterable.iter().map(|f| !f).collect();
        let maker = Maker {
            gpu,
            format,
            view: &self.view,
            depth: &self.depth,
            layers: &self.layers.layout,
            both: self.both,
        };
        let pipeline = maker.make(&Pass {
            label: "fused.wgsl",
            module: &shaders::fused_module(gpu, &manual, beside, self.both),
            groups: &[Some(maker.view), Some(&group), Some(under.unwrap_or(maker.depth)), Some(maker.layers)],
            buffers: &[],
            topology: wgpu::PrimitiveTopology::TriangleList,
            depth_write: None,
            manual: None,
            layered: Some(layered),
            writes: if under.is_some() { Writes::Both } else { Writes::Colour },
        });
        Fused {
            filterable: filterable.to_vec(),
            beside,
            layered,
            distances: under.is_some(),
            group,
            pipeline,
        }
    }
}
