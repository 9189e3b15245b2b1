//! Passes that cover a whole target, pixel by pixel.

use render_gpu::Gpu;

use crate::shaders;

/// What tells one such pass from another.
#[derive(Debug)]
pub(crate) struct Cover<'a> {
    /// The shader's file; its entries are `vertex` and `fragment`.
    pub(crate) file: &'a str,
    pub(crate) groups: &'a [&'a wgpu::BindGroupLayout],
    pub(crate) format: wgpu::TextureFormat,
    /// Of a second target, not blended.
    pub(crate) also: Option<wgpu::TextureFormat>,
    pub(crate) blend: Option<wgpu::BlendState>,
    pub(crate) constants: &'a [(&'a str, f64)],
    /// Buffers of instances and their topology, for what is not one covering triangle.
    pub(crate) instances: Option<wgpu::VertexBufferLayout<'a>>,
}

impl Cover<'_> {
    pub(crate) fn pipeline(&self, gpu: &Gpu) -> wgpu::RenderPipeline {
        let groups: Vec<_> = self.groups.iter().copied().map(Some).collect();
        let layout = gpu.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(self.file),
            bind_group_layouts: &groups,
            immediate_size: 0,
        });
        let module = shaders::module(gpu, self.file);
        let options = wgpu::PipelineCompilationOptions { constants: self.constants, ..Default::default() };
        let topology = match self.instances {
            Some(_) => wgpu::PrimitiveTopology::TriangleStrip,
            None => wgpu::PrimitiveTopology::TriangleList,
        };
        let first = Some(wgpu::ColorTargetState {
            format: self.format,
            blend: self.blend,
            write_mask: wgpu::ColorWrites::ALL,
        });
        let targets: Vec<_> = [first].into_iter().chain(self.also.map(|f| Some(f.into()))).collect();
        gpu.device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some(self.file),
            layout: Some(&layout),
            vertex: wgpu::VertexState {
                module: &module,
                entry_point: Some("vertex"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                buffers: self.instances.as_slice(),
            },
            primitive: wgpu::PrimitiveState { topology, ..Default::default() },
            depth_stencil: None,
            multisample: wgpu::MultisampleState::default(),
            fragment: Some(wgpu::FragmentState {
                module: &module,
                entry_point: Some("fragment"),
                compilation_options: options,
                targets: &targets,
            }),
            multiview_mask: None,
            cache: None,
        })
    }
}

/// Begins a pass over the whole of one view.
pub(crate) fn begin<'e>(
    encoder: &'e mut wgpu::CommandEncoder,
    label: &str,
    view: &wgpu::TextureView,
    load: wgpu::LoadOp<wgpu::Color>,
) -> wgpu::RenderPass<'e> {
    begin_on(encoder, label, &[view], load)
}

/// Begins a pass over the whole of several views.
pub(crate) fn begin_on<'e>(
    encoder: &'e mut wgpu::CommandEncoder,
    label: &str,
    views: &[&wgpu::TextureView],
    load: wgpu::LoadOp<wgpu::Color>,
) -> wgpu::RenderPass<'e> {
    let attachment = |view| {
        Some(wgpu::RenderPassColorAttachment {
            view,
            depth_slice: None,
            resolve_target: None,
            ops: wgpu::Operations { load, store: wgpu::StoreOp::Store },
        })
    };
    let attachments: Vec<_> = views.iter().copied().map(attachment).collect();
    encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
        label: Some(label),
        color_attachments: &attachments,
        ..Default::default()
    })
}

/// A 2D texture to draw into and read from.
pub(crate) fn sheet(gpu: &Gpu, label: &str, size: [u32; 2], format: wgpu::TextureFormat) -> wgpu::Texture {
    gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: Some(label),
        size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT
            | wgpu::TextureUsages::COPY_SRC
            | wgpu::TextureUsages::TEXTURE_BINDING,
        view_formats: &[],
    })
}
