//! Pipelines of path tracing, and the buffers they share.

use std::sync::OnceLock;

use render_gpu::Gpu;
use wgpu::ShaderStages;

use crate::renderer::{no_pages, texture, volume_layout};
use crate::volume_texture::Lookup;
use crate::{TransferFunction, VolumeTexture, shaders};

/// What is made once for a device.
#[derive(Debug)]
pub(super) struct Passes {
    pub(super) view: wgpu::BindGroupLayout,
    pub(super) depth: wgpu::BindGroupLayout,
    pub(super) path: wgpu::BindGroupLayout,
    pub(super) sums: wgpu::BindGroupLayout,
    pub(super) shown: wgpu::BindGroupLayout,
    pub(super) divide: wgpu::ComputePipeline,
    pub(super) smooth: wgpu::ComputePipeline,
    tracing: [OnceLock<Tracing>; Lookup::COUNT],
    pub(super) no_pages: wgpu::TextureView,
}

/// The pass over a volume, for one way to look voxels up.
#[derive(Debug)]
pub(super) struct Tracing {
    pub(super) sampler: wgpu::Sampler,
    pub(super) volume: wgpu::BindGroupLayout,
    pub(super) pipeline: wgpu::ComputePipeline,
}

impl Passes {
    pub(super) fn new(gpu: &Gpu) -> Self {
        let compute = ShaderStages::COMPUTE;
        let depth = texture(wgpu::TextureSampleType::Depth, wgpu::TextureViewDimension::D2);
        let sums = [uniform(), storage(true), storage(true), storage(true), storage(true)];
        let both = [&sums[..], &[storage(false)]].concat();
        let sums_group = layout(gpu, "path sums", compute, &both);
        let denoise = shaders::module(gpu, "path_denoise.wgsl");
        Self {
            view: layout(gpu, "path view", compute, &[uniform()]),
            depth: layout(gpu, "path depth", compute, &[depth]),
            path: layout(gpu, "path", compute, &[uniform(), storage(false), storage(false), storage(false)]),
            shown: layout(gpu, "path shown", ShaderStages::FRAGMENT, &sums),
            divide: pipeline(gpu, "divide", &[&sums_group], &denoise, &[]),
            smooth: pipeline(gpu, "smooth_level", &[&sums_group], &denoise, &[]),
            sums: sums_group,
            tracing: Default::default(),
            no_pages: no_pages(gpu),
        }
    }

    /// The tracing pass for one way to look voxels up.
    pub(super) fn tracing(&self, gpu: &Gpu, lookup: Lookup) -> &Tracing {
        self.tracing[lookup.index()].get_or_init(|| Tracing::new(gpu, self, lookup))
    }

    /// Lays the picture over a target of one format.
    pub(super) fn show(&self, gpu: &Gpu, format: wgpu::TextureFormat) -> wgpu::RenderPipeline {
        let module = shaders::module(gpu, "path_show.wgsl");
        let device = &gpu.device;
        let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("path show"),
            bind_group_layouts: &[Some(&self.shown)],
            immediate_size: 0,
        });
        device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("path show"),
            layout: Some(&layout),
            vertex: wgpu::VertexState {
                module: &module,
                entry_point: Some("vertex"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                buffers: &[],
            },
            primitive: wgpu::PrimitiveState::default(),
            depth_stencil: None,
            multisample: wgpu::MultisampleState::default(),
            fragment: Some(wgpu::FragmentState {
                module: &module,
                entry_point: Some("fragment"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                targets: &[Some(wgpu::ColorTargetState {
                    format,
                    blend: Some(wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING),
                    write_mask: wgpu::ColorWrites::ALL,
                })],
            }),
            multiview_mask: None,
            cache: None,
        })
    }
}

impl Tracing {
    fn new(gpu: &Gpu, passes: &Passes, lookup: Lookup) -> Self {
        use wgpu::{TextureSampleType as Sample, TextureViewDimension as Dimension};
        let filterable = lookup.filterable;
        let (filter, binding) = if filterable {
            (wgpu::FilterMode::Linear, wgpu::SamplerBindingType::Filtering)
        } else {
            (wgpu::FilterMode::Nearest, wgpu::SamplerBindingType::NonFiltering)
        };
        let volume = volume_layout(
            gpu,
            "path volume",
            ShaderStages::COMPUTE,
            &[
                uniform(),
                texture(Sample::Float { filterable }, Dimension::D3),
                wgpu::BindingType::Sampler(binding),
                storage(true),
                storage(true),
                storage(true),
            ],
        );
        let module = shaders::module(gpu, "path.wgsl");
        let groups = [&passes.view, &volume, &passes.depth, &passes.path];
        Self {
            sampler: gpu.device.create_sampler(&wgpu::SamplerDescriptor {
                label: Some("voxels"),
                mag_filter: filter,
                min_filter: filter,
                ..Default::default()
            }),
            pipeline: pipeline(gpu, "trace", &groups, &module, &lookup.constants()),
            volume,
        }
    }
}

/// What a look makes of a volume, for tracing.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) colours: wgpu::Buffer,
    pub(super) extinctions: wgpu::Buffer,
    pub(super) majorants: wgpu::Buffer,
}

impl Tables {
    pub(super) fn new(gpu: &Gpu, volume: &VolumeTexture, transfer: &TransferFunction, density: f64) -> Self {
        let table = transfer.table();
        let extinctions: Vec<f32> = table.iter().map(|entry| entry[3] * density as f32).collect();
        let majorants = super::majorant::majorants(volume.cells(), transfer, density);
        let buffer = |label, contents| {
            let usage = wgpu::BufferUsages::STORAGE;
            let descriptor = wgpu::util::BufferInitDescriptor { label: Some(label), contents, usage };
            gpu.filled_buffer(&descriptor)
        };
        Self {
            colours: buffer("path colours", bytemuck::cast_slice(&table)),
            extinctions: buffer("path extinctions", bytemuck::cast_slice(&extinctions)),
            majorants: buffer("path majorants", bytemuck::cast_slice(&majorants)),
        }
    }
}

fn uniform() -> wgpu::BindingType {
    wgpu::BindingType::Buffer {
        ty: wgpu::BufferBindingType::Uniform,
        has_dynamic_offset: false,
        min_binding_size: None,
    }
}

fn storage(read_only: bool) -> wgpu::BindingType {
    wgpu::BindingType::Buffer {
        ty: wgpu::BufferBindingType::Storage { read_only },
        has_dynamic_offset: false,
        min_binding_size: None,
    }
}

fn layout(
    gpu: &Gpu,
    label: &str,
    visibility: ShaderStages,
    types: &[wgpu::BindingType],
) -> wgpu::BindGroupLayout {
    let entries: Vec<_> = (0..)
        .zip(types)
        .map(|(binding, &ty)| wgpu::BindGroupLayoutEntry { binding, visibility, ty, count: None })
        .collect();
    let descriptor = wgpu::BindGroupLayoutDescriptor { label: Some(label), entries: &entries };
    gpu.device.create_bind_group_layout(&descriptor)
}

fn pipeline(
    gpu: &Gpu,
    entry: &str,
    groups: &[&wgpu::BindGroupLayout],
    module: &wgpu::ShaderModule,
    constants: &[(&str, f64)],
) -> wgpu::ComputePipeline {
    let groups: Vec<_> = groups.iter().map(|g| Some(*g)).collect();
    let layout = gpu.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(entry),
        bind_group_layouts: &groups,
        immediate_size: 0,
    });
    gpu.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(entry),
        layout: Some(&layout),
        module,
        entry_point: Some(entry),
        compilation_options: wgpu::PipelineCompilationOptions { constants, ..Default::default() },
        cache: None,
    })
}
