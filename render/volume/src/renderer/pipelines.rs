//! Pipelines and the layouts of what they read.

mod with_depths;

use std::sync::OnceLock;

use render_gpu::Gpu;
use wgpu::ShaderStages;

use super::layers::Layers;
use super::outlines::Outlines;
use crate::{mesh_buffers, shaders};
pub(super) use with_depths::DepthPipelines;

/// Everything that depends on the colour format only.
#[derive(Debug)]
pub(super) struct Pipelines {
    pub(super) view: wgpu::BindGroupLayout,
    pub(super) depth: wgpu::BindGroupLayout,
    pub(super) mesh: wgpu::BindGroupLayout,
    pub(super) mesh_opaque: wgpu::RenderPipeline,
    pub(super) layers: Layers,
    pub(super) outlines: Outlines,
    pub(super) layer_group: wgpu::BindGroupLayout,
    pub(super) layer: wgpu::RenderPipeline,
    filtered: VolumeSet,
    manual: VolumeSet,
}

/// The passes over a volume, for voxels that the hardware filters or that are mixed by hand.
#[derive(Debug)]
pub(super) struct VolumeSet {
    pub(super) sampler: wgpu::Sampler,
    pub(super) dvr_group: wgpu::BindGroupLayout,
    pub(super) mip_group: wgpu::BindGroupLayout,
    pub(super) slice_group: wgpu::BindGroupLayout,
    pub(super) dvr: wgpu::RenderPipeline,
    pub(super) dvr_layered: wgpu::RenderPipeline,
    pub(super) mip: wgpu::RenderPipeline,
    pub(super) slice: wgpu::RenderPipeline,
    filterable: bool,
    /// Without and with layers; compiled when somebody first looks at iso-surfaces.
    iso: [OnceLock<wgpu::RenderPipeline>; 2],
}

impl Pipelines {
    pub(super) fn new(gpu: &Gpu, format: wgpu::TextureFormat) -> Self {
        let view = group_layout(gpu, "view", &[uniform()]);
        let depth = group_layout(
            gpu,
            "scene depth",
            &[texture(wgpu::TextureSampleType::Depth, wgpu::TextureViewDimension::D2)],
        );
        let mesh = group_layout(gpu, "mesh", &[uniform()]);
        let layers = Layers::new(gpu, format, &view, &mesh);
        let maker = Maker { gpu, format, view: &view, depth: &depth, layers: &layers.layout };
        let mesh_opaque = maker.make(&Pass {
            label: "mesh",
            module: &shaders::module(gpu, "mesh.wgsl"),
            groups: &[Some(&view), Some(&mesh)],
            buffers: &[mesh_buffers::VERTEX_LAYOUT],
            topology: wgpu::PrimitiveTopology::TriangleList,
            depth_write: Some(true),
            manual: None,
            layered: None,
            writes: Writes::Colour,
        });
        let plain = wgpu::TextureSampleType::Float { filterable: false };
        let layer_group =
            group_layout(gpu, "layer", &[uniform(), texture(plain, wgpu::TextureViewDimension::D2)]);
        let layer = maker.make(&Pass {
            label: "layer",
            module: &shaders::module(gpu, "layer.wgsl"),
            groups: &[Some(&view), Some(&layer_group)],
            buffers: &[],
            topology: wgpu::PrimitiveTopology::TriangleList,
            depth_write: None,
            manual: None,
            layered: None,
            writes: Writes::Colour,
        });
        Self {
            layer_group,
            layer,
            outlines: Outlines::new(gpu, format, &view, &mesh),
            mesh_opaque,
            filtered: VolumeSet::new(&maker, true),
            manual: VolumeSet::new(&maker, false),
            view,
            depth,
            mesh,
            layers,
        }
    }

    /// The pass of iso-surfaces.
    pub(super) fn iso<'a>(
        &self,
        gpu: &Gpu,
        format: wgpu::TextureFormat,
        set: &'a VolumeSet,
        layered: bool,
    ) -> &'a wgpu::RenderPipeline {
        set.iso[usize::from(layered)].get_or_init(|| {
            let maker =
                Maker { gpu, format, view: &self.view, depth: &self.depth, layers: &self.layers.layout };
            maker.make(&Pass {
                label: "iso",
                module: &shaders::module(gpu, "iso.wgsl"),
                groups: &[Some(maker.view), Some(&set.dvr_group), Some(maker.depth), Some(maker.layers)],
                buffers: &[],
                topology: wgpu::PrimitiveTopology::TriangleList,
                depth_write: None,
                manual: Some(!set.filterable),
                layered: Some(layered),
                writes: Writes::Colour,
            })
        })
    }

    /// The passes for voxels that the hardware does or does not filter.
    pub(super) const fn of(&self, filterable: bool) -> &VolumeSet {
        if filterable { &self.filtered } else { &self.manual }
    }
}

impl VolumeSet {
    fn new(maker: &Maker<'_>, filterable: bool) -> Self {
        use wgpu::{TextureSampleType as Sample, TextureViewDimension as Dimension};
        let gpu = maker.gpu;
        let (filter, binding) = if filterable {
            (wgpu::FilterMode::Linear, wgpu::SamplerBindingType::Filtering)
        } else {
            (wgpu::FilterMode::Nearest, wgpu::SamplerBindingType::NonFiltering)
        };
        let voxels = texture(Sample::Float { filterable }, Dimension::D3);
        let plain = Sample::Float { filterable: false };
        let with = |label, more: &[wgpu::BindingType]| {
            let common = [uniform(), voxels, wgpu::BindingType::Sampler(binding)];
            group_layout(gpu, label, &[&common[..], more].concat())
        };
        let (table, bytes) = (texture(plain, Dimension::D2), texture(Sample::Uint, Dimension::D3));
        let dvr_group = with("dvr", &[table, bytes, bytes, table, texture(plain, Dimension::D3)]);
        let mip_group = with("mip", &[texture(plain, Dimension::D3)]);
        let slice_group = with("slice", &[uniform()]);
        let march = |name: &str, group, layered| {
            maker.make(&Pass {
                label: name,
                module: &shaders::module(gpu, name),
                groups: &[Some(maker.view), Some(group), Some(maker.depth), Some(maker.layers)],
                buffers: &[],
                topology: wgpu::PrimitiveTopology::TriangleList,
                depth_write: None,
                manual: Some(!filterable),
                layered,
                writes: Writes::Colour,
            })
        };
        let slice = maker.make(&Pass {
            label: "slice",
            module: &shaders::module(gpu, "slice.wgsl"),
            groups: &[Some(maker.view), Some(&slice_group)],
            buffers: &[],
            topology: wgpu::PrimitiveTopology::TriangleStrip,
            depth_write: Some(true),
            manual: Some(!filterable),
            layered: None,
            writes: Writes::Colour,
        });
        Self {
            sampler: gpu.device.create_sampler(&wgpu::SamplerDescriptor {
                label: Some("voxels"),
                mag_filter: filter,
                min_filter: filter,
                ..Default::default()
            }),
            dvr: march("dvr.wgsl", &dvr_group, Some(false)),
            dvr_layered: march("dvr.wgsl", &dvr_group, Some(true)),
            mip: march("mip.wgsl", &mip_group, None),
            slice,
            filterable,
            iso: [const { OnceLock::new() }; 2],
            dvr_group,
            mip_group,
            slice_group,
        }
    }
}

/// What all pipelines share.
struct Maker<'a> {
    gpu: &'a Gpu,
    format: wgpu::TextureFormat,
    view: &'a wgpu::BindGroupLayout,
    depth: &'a wgpu::BindGroupLayout,
    layers: &'a wgpu::BindGroupLayout,
}

/// What tells one pipeline from another.
struct Pass<'a> {
    label: &'a str,
    module: &'a wgpu::ShaderModule,
    groups: &'a [Option<&'a wgpu::BindGroupLayout>],
    buffers: &'a [wgpu::VertexBufferLayout<'a>],
    topology: wgpu::PrimitiveTopology,
    /// `None`: no depth attachment; else whether depth is written.
    depth_write: Option<bool>,
    /// The constant of shared/volume.wgsl, where that is used.
    manual: Option<bool>,
    /// The constant of shared/layers.wgsl, where that is used.
    layered: Option<bool>,
    writes: Writes,
}

/// What a pipeline writes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writes {
    /// Blended colour.
    Colour,
    /// Blended colour, and distances.
    Both,
    /// Distances.
    Distances,
}

impl Maker<'_> {
    fn make(&self, pass: &Pass<'_>) -> wgpu::RenderPipeline {
        let device = &self.gpu.device;
        let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(pass.label),
            bind_group_layouts: pass.groups,
            immediate_size: 0,
        });
        let set = [("MANUAL", pass.manual), ("LAYERED", pass.layered)];
        let set = set.into_iter().filter_map(|(name, on)| Some((name, f64::from(u8::from(on?)))));
        let constants: Vec<_> = set.collect();
        let options = wgpu::PipelineCompilationOptions { constants: &constants, ..Default::default() };
        let colour = Some(wgpu::ColorTargetState {
            format: self.format,
            blend: Some(wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING),
            write_mask: wgpu::ColorWrites::ALL,
        });
        let distances = Some(super::Renderer::DEPTHS_FORMAT.into());
        let targets = [colour, distances];
        let (entry, targets) = match pass.writes {
            Writes::Colour => ("fragment", &targets[..1]),
            Writes::Both => ("fragment_depths", &targets[..]),
            Writes::Distances => ("fragment_depths", &targets[1..]),
        };
        device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some(pass.label),
            layout: Some(&layout),
            vertex: wgpu::VertexState {
                module: pass.module,
                entry_point: Some("vertex"),
                compilation_options: options.clone(),
                buffers: pass.buffers,
            },
            primitive: wgpu::PrimitiveState { topology: pass.topology, ..Default::default() },
            depth_stencil: pass.depth_write.map(|write| wgpu::DepthStencilState {
                format: wgpu::TextureFormat::Depth32Float,
                depth_write_enabled: Some(write),
                depth_compare: Some(wgpu::CompareFunction::Greater),
                stencil: wgpu::StencilState::default(),
                bias: wgpu::DepthBiasState::default(),
            }),
            multisample: wgpu::MultisampleState::default(),
            fragment: Some(wgpu::FragmentState {
                module: pass.module,
                entry_point: Some(entry),
                compilation_options: options,
                targets,
            }),
            multiview_mask: None,
            cache: None,
        })
    }
}

pub(crate) fn uniform() -> wgpu::BindingType {
    wgpu::BindingType::Buffer {
        ty: wgpu::BufferBindingType::Uniform,
        has_dynamic_offset: false,
        min_binding_size: None,
    }
}

pub(crate) fn texture(
    sample_type: wgpu::TextureSampleType,
    view_dimension: wgpu::TextureViewDimension,
) -> wgpu::BindingType {
    wgpu::BindingType::Texture { sample_type, view_dimension, multisampled: false }
}

/// A layout whose bindings are numbered from 0 and seen by both stages.
pub(crate) fn group_layout(gpu: &Gpu, label: &str, types: &[wgpu::BindingType]) -> wgpu::BindGroupLayout {
    let entries: Vec<_> = (0..)
        .zip(types)
        .map(|(binding, &ty)| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: ShaderStages::VERTEX_FRAGMENT,
            ty,
            count: None,
        })
        .collect();
    gpu.device
        .create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(label), entries: &entries })
}
