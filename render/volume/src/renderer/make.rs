//! Pipelines of what is no volume: vertices, targets and whether depth is tested.

use std::num::NonZeroU32;

use render_gpu::Gpu;

/// What tells one of these pipelines from another.
pub(crate) struct Make<'a> {
    pub(crate) label: &'a str,
    pub(crate) module: &'a wgpu::ShaderModule,
    pub(crate) groups: &'a [Option<&'a wgpu::BindGroupLayout>],
    pub(crate) buffers: &'a [wgpu::VertexBufferLayout<'a>],
    pub(crate) topology: wgpu::PrimitiveTopology,
    pub(crate) targets: &'a [Option<wgpu::ColorTargetState>],
    /// `None`: no depth attachment; false: there, but neither tested nor written.
    pub(crate) depth: Option<bool>,
    /// Both eyes at once, whose module and targets are made for that.
    pub(crate) both: bool,
}

/// The layers that a pass draws into at once; none where it draws for one eye.
pub(super) fn layers_of(both: bool) -> Option<NonZeroU32> {
    NonZeroU32::new(if both { 0b11 } else { 0 })
}

/// What a pass reads of a target: a texture, or one with a layer for each eye.
pub(super) const fn plain_or_layered(both: bool) -> wgpu::TextureViewDimension {
    if both { wgpu::TextureViewDimension::D2Array } else { wgpu::TextureViewDimension::D2 }
}

pub(crate) fn pipeline(gpu: &Gpu, make: &Make<'_>) -> wgpu::RenderPipeline {
    let layout = gpu.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(make.label),
        bind_group_layouts: make.groups,
        immediate_size: 0,
    });
    gpu.device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some(make.label),
        layout: Some(&layout),
        vertex: wgpu::VertexState {
            module: make.module,
            entry_point: Some("vertex"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            buffers: make.buffers,
        },
        primitive: wgpu::PrimitiveState { topology: make.topology, ..Default::default() },
        depth_stencil: make.depth.map(|test| wgpu::DepthStencilState {
            format: wgpu::TextureFormat::Depth32Float,
            depth_write_enabled: Some(test),
            depth_compare: Some(if test {
                wgpu::CompareFunction::Greater
            } else {
                wgpu::CompareFunction::Always
            }),
            stencil: wgpu::StencilState::default(),
            bias: wgpu::DepthBiasState::default(),
        }),
        multisample: wgpu::MultisampleState::default(),
        fragment: Some(wgpu::FragmentState {
            module: make.module,
            entry_point: Some("fragment"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            targets: make.targets,
        }),
        multiview_mask: layers_of(make.both),
        cache: None,
    })
}
