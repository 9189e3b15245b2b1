//! Pipelines and the layouts of what they read.

mod fused;
mod with_depths;

use std::sync::OnceLock;

use render_gpu::Gpu;
use wgpu::ShaderStages;

use super::cutting::CARVE;
use super::layers::Layers;
use super::make::{layers_of, plain_or_layered};
use super::outlines::Outlines;
use crate::volume_texture::Lookup;
use crate::{mesh_buffers, shaders};
pub(super) use fused::Fused;
pub(super) use with_depths::DepthPipelines;

/// Everything that depends on the colour format only.
#[derive(Debug)]
pub(super) struct Pipelines {
    /// Draws for both eyes at once, into a layer each.
    pub(super) both: bool,
    pub(super) view: wgpu::BindGroupLayout,
    pub(super) depth: wgpu::BindGroupLayout,
    pub(super) mesh: wgpu::BindGroupLayout,
    pub(super) mesh_opaque: wgpu::RenderPipeline,
    pub(super) layers: Layers,
    pub(super) outlines: Outlines,
    pub(super) layer_group: wgpu::BindGroupLayout,
    pub(super) layer: wgpu::RenderPipeline,
    /// Those for several volumes at once that were wanted so far.
    fused: Vec<Fused>,
    gpu: Gpu,
    format: wgpu::TextureFormat,
    /// By [`Lookup::index`], compiled when somebody first draws such a volume.
    volumes: [OnceLock<VolumeSet>; Lookup::COUNT],
    /// Stands in for the page table of a volume that is not in bricks.
    pub(super) no_pages: wgpu::TextureView,
}

/// The passes over a volume, for one way to look voxels up.
#[derive(Debug)]
pub(super) struct VolumeSet {
    pub(super) sampler: wgpu::Sampler,
    /// What the shaded march reads of a volume, without what is carved.
    dvr_types: Vec<wgpu::BindingType>,
    pub(super) dvr_group: wgpu::BindGroupLayout,
    pub(super) mip_group: wgpu::BindGroupLayout,
    pub(super) slice_group: wgpu::BindGroupLayout,
    pub(super) dvr: wgpu::RenderPipeline,
    pub(super) dvr_layered: wgpu::RenderPipeline,
    pub(super) mip: wgpu::RenderPipeline,
    pub(super) slice: wgpu::RenderPipeline,
    lookup: Lookup,
    /// Without and with layers; compiled when somebody first looks at iso-surfaces.
    iso: [OnceLock<wgpu::RenderPipeline>; 2],
    pub(super) caps_group: wgpu::BindGroupLayout,
    pub(super) caps: wgpu::RenderPipeline,
}

impl Pipelines {
    pub(super) fn new(gpu: &Gpu, format: wgpu::TextureFormat, both: bool) -> Self {
        let lassos = texture(
            wgpu::TextureSampleType::Float { filterable: false },
            wgpu::TextureViewDimension::D2Array,
        );
        let view = group_layout(gpu, "view", &[uniform(), stored(), lassos]);
        let depth = group_layout(
            gpu,
            "scene depth",
            &[texture(wgpu::TextureSampleType::Depth, plain_or_layered(both))],
        );
        let mesh = group_layout(gpu, "mesh", &[uniform()]);
        let layers = Layers::new(gpu, format, &view, &mesh, both);
        let maker = Maker { gpu, format, view: &view, depth: &depth, layers: &layers.layout, both };
        let mesh_opaque = maker.make(&Pass {
            label: "mesh",
            module: &maker.module("mesh.wgsl"),
            groups: &[Some(&view), Some(&mesh)],
            buffers: &[mesh_buffers::VERTEX_LAYOUT],
            topology: wgpu::PrimitiveTopology::TriangleList,
            depth_write: Some(true),
            lookup: None,
            layered: None,
            writes: Writes::Colour,
        });
        let plain = wgpu::TextureSampleType::Float { filterable: false };
        let layer_group =
            group_layout(gpu, "layer", &[uniform(), texture(plain, wgpu::TextureViewDimension::D2)]);
        let layer = maker.make(&Pass {
            label: "layer",
            module: &maker.module("layer.wgsl"),
            groups: &[Some(&view), Some(&layer_group)],
            buffers: &[],
            topology: wgpu::PrimitiveTopology::TriangleList,
            depth_write: None,
            lookup: None,
            layered: None,
            writes: Writes::Colour,
        });
        Self {
            layer_group,
            layer,
            both,
            outlines: Outlines::new(gpu, format, &view, &mesh, both),
            mesh_opaque,
            fused: Vec::new(),
            gpu: gpu.clone(),
            format,
            volumes: Default::default(),
            no_pages: no_pages(gpu),
            view,
            depth,
            mesh,
            layers,
        }
    }

    /// The pass of iso-surfaces.
    pub(super) fn iso<'a>(&self, set: &'a VolumeSet, layered: bool) -> &'a wgpu::RenderPipeline {
        set.iso[usize::from(layered)].get_or_init(|| {
            let maker = self.maker();
            maker.make(&Pass {
                label: "iso",
                module: &maker.module("iso.wgsl"),
                groups: &[Some(maker.view), Some(&set.dvr_group), Some(maker.depth), Some(maker.layers)],
                buffers: &[],
                topology: wgpu::PrimitiveTopology::TriangleList,
                depth_write: None,
                lookup: Some(set.lookup),
                layered: Some(layered),
                writes: Writes::Colour,
            })
        })
    }

    /// The passes for one way to look voxels up.
    pub(super) fn of(&self, lookup: Lookup) -> &VolumeSet {
        self.volumes[lookup.index()].get_or_init(|| VolumeSet::new(&self.maker(), lookup))
    }

    fn maker(&self) -> Maker<'_> {
        Maker {
            gpu: &self.gpu,
            format: self.format,
            view: &self.view,
            depth: &self.depth,
            layers: &self.layers.layout,
            both: self.both,
        }
    }
}

impl VolumeSet {
    fn new(maker: &Maker<'_>, lookup: Lookup) -> Self {
        use wgpu::{TextureSampleType as Sample, TextureViewDimension as Dimension};
        let (gpu, filterable) = (maker.gpu, lookup.filterable);
        let (filter, binding) = if filterable {
            (wgpu::FilterMode::Linear, wgpu::SamplerBindingType::Filtering)
        } else {
            (wgpu::FilterMode::Nearest, wgpu::SamplerBindingType::NonFiltering)
        };
        let voxels = texture(Sample::Float { filterable }, Dimension::D3);
        let plain = Sample::Float { filterable: false };
        let common = [uniform(), voxels, wgpu::BindingType::Sampler(binding)];
        let with = |label, more: &[wgpu::BindingType]| {
            volume_layout(gpu, label, ShaderStages::VERTEX_FRAGMENT, &[&common[..], more].concat())
        };
        let (table, bytes) = (texture(plain, Dimension::D2), texture(Sample::Uint, Dimension::D3));
        let carved = |label, types: &[wgpu::BindingType]| {
            numbered_layout(gpu, label, types, &[(CARVE, bytes), (Lookup::PAGES, bytes)])
        };
        let dvr_types = [&common[..], &[table, bytes, bytes, table, texture(plain, Dimension::D3)]].concat();
        let dvr_group = carved("dvr", &dvr_types);
        let mip_group = carved("mip", &[&common[..], &[texture(plain, Dimension::D3)]].concat());
        let caps_group = carved("caps", &[&common[..], &[bytes, table]].concat());
        let slice_group = with("slice", &[uniform()]);
        let march = |name: &str, group, layered| {
            maker.make(&Pass {
                label: name,
                module: &maker.module(name),
                groups: &[Some(maker.view), Some(group), Some(maker.depth), Some(maker.layers)],
                buffers: &[],
                topology: wgpu::PrimitiveTopology::TriangleList,
                depth_write: None,
                lookup: Some(lookup),
                layered,
                writes: Writes::Colour,
            })
        };
        let by_hand = Lookup { filterable: false, ..lookup };
        let slice = maker.make(&Pass {
            label: "slice",
            module: &maker.module("slice.wgsl"),
            groups: &[Some(maker.view), Some(&slice_group)],
            buffers: &[],
            topology: wgpu::PrimitiveTopology::TriangleStrip,
            depth_write: Some(true),
            // mixed by hand whatever the device can do: a slice shows the values
            lookup: Some(by_hand),
            layered: None,
            writes: Writes::Colour,
        });
        let caps = maker.make(&Pass {
            label: "caps",
            module: &maker.module("caps.wgsl"),
            groups: &[Some(maker.view), Some(&caps_group)],
            buffers: &[],
            topology: wgpu::PrimitiveTopology::TriangleList,
            depth_write: Some(true),
            lookup: Some(by_hand),
            layered: None,
            writes: Writes::Colour,
        });
        Self {
            caps_group,
            caps,
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
            lookup,
            iso: [const { OnceLock::new() }; 2],
            dvr_types,
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
    both: bool,
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
    /// The constants of shared/volume.wgsl, where that is used.
    lookup: Option<Lookup>,
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
    fn module(&self, name: &str) -> wgpu::ShaderModule {
        shaders::module_for(self.gpu, name, self.both)
    }

    fn make(&self, pass: &Pass<'_>) -> wgpu::RenderPipeline {
        let device = &self.gpu.device;
        let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(pass.label),
            bind_group_layouts: pass.groups,
            immediate_size: 0,
        });
        let layered = pass.layered.map(|on| ("LAYERED", f64::from(u8::from(on))));
        let constants: Vec<_> = pass.lookup.into_iter().flat_map(Lookup::constants).chain(layered).collect();
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
            multiview_mask: layers_of(self.both),
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

/// A storage buffer that is only read.
fn stored() -> wgpu::BindingType {
    wgpu::BindingType::Buffer {
        ty: wgpu::BufferBindingType::Storage { read_only: true },
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

/// What stands in for the page table of a volume that is not in bricks.
pub(crate) fn no_pages(gpu: &Gpu) -> wgpu::TextureView {
    // never read, so never written: nothing is in flight when a renderer was just made
    let none = crate::atlas::texture(gpu, "none", [1; 3], wgpu::TextureFormat::R32Uint);
    none.create_view(&wgpu::TextureViewDescriptor::default())
}

/// A layout of what a pass over a volume reads: bindings numbered from 0, and the page table.
pub(crate) fn volume_layout(
    gpu: &Gpu,
    label: &str,
    visibility: ShaderStages,
    types: &[wgpu::BindingType],
) -> wgpu::BindGroupLayout {
    let pages = texture(wgpu::TextureSampleType::Uint, wgpu::TextureViewDimension::D3);
    let entry = |(binding, ty)| wgpu::BindGroupLayoutEntry { binding, visibility, ty, count: None };
    let types = (0..).zip(types.iter().copied()).chain([(Lookup::PAGES, pages)]);
    let entries: Vec<_> = types.map(entry).collect();
    gpu.device
        .create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(label), entries: &entries })
}

/// A bind group of such a layout.
pub(crate) fn volume_bind(
    gpu: &Gpu,
    label: &str,
    layout: &wgpu::BindGroupLayout,
    resources: &[wgpu::BindingResource<'_>],
    pages: &wgpu::TextureView,
) -> wgpu::BindGroup {
    let pages = (Lookup::PAGES, wgpu::BindingResource::TextureView(pages));
    let entry = |(binding, resource)| wgpu::BindGroupEntry { binding, resource };
    let entries: Vec<_> = (0..).zip(resources.iter().cloned()).chain([pages]).map(entry).collect();
    gpu.device.create_bind_group(&wgpu::BindGroupDescriptor { label: Some(label), layout, entries: &entries })
}

/// A layout whose bindings are numbered from 0 and seen by both stages.
pub(crate) fn group_layout(gpu: &Gpu, label: &str, types: &[wgpu::BindingType]) -> wgpu::BindGroupLayout {
    numbered_layout(gpu, label, types, &[])
}

/// The same with further bindings of any number.
fn numbered_layout(
    gpu: &Gpu,
    label: &str,
    types: &[wgpu::BindingType],
    more: &[(u32, wgpu::BindingType)],
) -> wgpu::BindGroupLayout {
    let entries: Vec<_> = (0..)
        .zip(types.iter().copied())
        .chain(more.iter().copied())
        .map(|(binding, ty)| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: ShaderStages::VERTEX_FRAGMENT,
            ty,
            count: None,
        })
        .collect();
    gpu.device
        .create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(label), entries: &entries })
}
