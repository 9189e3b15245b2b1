//! Pipelines that also write distances, so that plain drawing pays nothing for them.

use std::sync::OnceLock;

use render_gpu::Gpu;

use super::{Maker, Pass, Pipelines, Writes, group_layout, texture, uniform};
use crate::shaders;

/// Everything that writes distances.
#[derive(Debug)]
pub(in crate::renderer) struct DepthPipelines {
    /// Depth of the scene, and the distances under a volume.
    pub(in crate::renderer) under: wgpu::BindGroupLayout,
    pub(in crate::renderer) surfaces: wgpu::RenderPipeline,
    pub(in crate::renderer) layer_group: wgpu::BindGroupLayout,
    pub(in crate::renderer) layer: wgpu::RenderPipeline,
    filtered: OnceLock<[wgpu::RenderPipeline; 3]>,
    manual: OnceLock<[wgpu::RenderPipeline; 3]>,
    /// For filtered voxels without and with layers, then for those mixed by hand.
    iso: [OnceLock<wgpu::RenderPipeline>; 4],
}

impl DepthPipelines {
    pub(in crate::renderer) fn new(gpu: &Gpu, format: wgpu::TextureFormat, plain: &Pipelines) -> Self {
        let dimension = wgpu::TextureViewDimension::D2;
        let numbers = texture(wgpu::TextureSampleType::Float { filterable: false }, dimension);
        let depth = texture(wgpu::TextureSampleType::Depth, dimension);
        let under = group_layout(gpu, "under a volume", &[depth, numbers]);
        let layer_group = group_layout(gpu, "layer with distances", &[uniform(), numbers, numbers]);
        let maker =
            Maker { gpu, format, view: &plain.view, depth: &plain.depth, layers: &plain.layers.layout };
        let groups = [Some(&plain.view), None, Some(&plain.depth)];
        let surfaces = maker.make(&pass("depths.wgsl", &shaders::module(gpu, "depths.wgsl"), &groups, None));
        let groups = [Some(&plain.view), Some(&layer_group), Some(&under)];
        let layer = maker.make(&Pass {
            writes: Writes::Both,
            ..pass("layer.wgsl", &shaders::module(gpu, "layer.wgsl"), &groups, None)
        });
        let [filtered, manual] = [const { OnceLock::new() }; 2];
        Self { under, surfaces, layer_group, layer, filtered, manual, iso: [const { OnceLock::new() }; 4] }
    }

    /// The shaded march, the same with layers in it, and the projection, for voxels that the hardware does or does not filter.
    pub(in crate::renderer) fn volumes(
        &self,
        gpu: &Gpu,
        format: wgpu::TextureFormat,
        plain: &Pipelines,
        filterable: bool,
    ) -> &[wgpu::RenderPipeline; 3] {
        let set = plain.of(filterable);
        let march = |name: &str, group: &wgpu::BindGroupLayout, layered| {
            self.march(gpu, format, plain, (name, group, filterable), layered)
        };
        let slot = if filterable { &self.filtered } else { &self.manual };
        let dvr = |layered| march("dvr.wgsl", &set.dvr_group, Some(layered));
        slot.get_or_init(|| [dvr(false), dvr(true), march("mip.wgsl", &set.mip_group, None)])
    }

    /// Iso-surfaces, compiled when somebody first looks at them.
    pub(in crate::renderer) fn iso(
        &self,
        gpu: &Gpu,
        format: wgpu::TextureFormat,
        plain: &Pipelines,
        (filterable, layered): (bool, bool),
    ) -> &wgpu::RenderPipeline {
        let slot = &self.iso[usize::from(!filterable) * 2 + usize::from(layered)];
        let what = ("iso.wgsl", &plain.of(filterable).dvr_group, filterable);
        slot.get_or_init(|| self.march(gpu, format, plain, what, Some(layered)))
    }

    fn march(
        &self,
        gpu: &Gpu,
        format: wgpu::TextureFormat,
        plain: &Pipelines,
        (name, group, filterable): (&str, &wgpu::BindGroupLayout, bool),
        layered: Option<bool>,
    ) -> wgpu::RenderPipeline {
        let maker =
            Maker { gpu, format, view: &plain.view, depth: &plain.depth, layers: &plain.layers.layout };
        let groups = [Some(&plain.view), Some(group), Some(&self.under), Some(maker.layers)];
        maker.make(&Pass {
            writes: Writes::Both,
            layered,
            ..pass(name, &shaders::module(gpu, name), &groups, Some(!filterable))
        })
    }
}

fn pass<'a>(
    label: &'a str,
    module: &'a wgpu::ShaderModule,
    groups: &'a [Option<&'a wgpu::BindGroupLayout>],
    manual: Option<bool>,
) -> Pass<'a> {
    Pass {
        label,
        module,
        groups,
        buffers: &[],
        topology: wgpu::PrimitiveTopology::TriangleList,
        depth_write: None,
        manual,
        layered: None,
        writes: Writes::Distances,
    }
}
