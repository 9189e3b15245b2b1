//! Lines around surfaces: a mask of what one covers, and what lies within a few pixels of it.

use bytemuck::{Pod, Zeroable};
use render_gpu::Gpu;
use wgpu::{TextureFormat, TextureSampleType as Sample, TextureUsages};

use super::layers::serves;
use super::make::{Make, layers_of, pipeline, plain_or_layered};
use super::pipelines::uniform;
use super::{Part, Target, Viewport, bind, colour_attachment, group_layout, place, texture};
use crate::look::linear_from_srgb;
use crate::{MeshBuffers, Outline, mesh_buffers, shaders};

/// The passes, and the mask of about the last size drawn.
#[derive(Debug)]
pub(super) struct Outlines {
    layout: wgpu::BindGroupLayout,
    mask: wgpu::RenderPipeline,
    line: wgpu::RenderPipeline,
    both: bool,
    kept: Option<Kept>,
}

#[derive(Debug)]
struct Kept {
    size: [u32; 2],
    mask: wgpu::TextureView,
}

/// `Outline` of outline.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Line {
    colour: [f32; 4],
    width: [f32; 4],
}

/// A surface with its group 1.
pub(super) struct Outlined<'a> {
    pub(super) buffers: &'a MeshBuffers,
    pub(super) group: wgpu::BindGroup,
    pub(super) outline: Outline,
}

impl Outlines {
    pub(super) fn new(
        gpu: &Gpu,
        format: TextureFormat,
        view: &wgpu::BindGroupLayout,
        mesh: &wgpu::BindGroupLayout,
        both: bool,
    ) -> Self {
        let depth = texture(Sample::Depth, plain_or_layered(both));
        let layout = group_layout(gpu, "outlines", &[uniform(), depth, depth]);
        let target = wgpu::ColorTargetState {
            format,
            blend: Some(wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING),
            write_mask: wgpu::ColorWrites::ALL,
        };
        let make = |name: &str, groups: &[_], buffers: &[_], targets: &[_], depth| {
            pipeline(
                gpu,
                &Make {
                    label: name,
                    module: &shaders::module_for(gpu, name, both),
                    groups,
                    buffers,
                    topology: wgpu::PrimitiveTopology::TriangleList,
                    targets,
                    depth,
                    both,
                },
            )
        };
        let vertices = [mesh_buffers::VERTEX_LAYOUT];
        Self {
            mask: make("mask.wgsl", &[Some(view), Some(mesh)], &vertices, &[], Some(true)),
            line: make("outline.wgsl", &[Some(view), Some(&layout)], &[], &[Some(target)], None),
            layout,
            both,
            kept: None,
        }
    }

    /// Draws lines around surfaces, one after the other, so that each has its own even where another hides it.
    /// `views` are group 0 with the viewport at the mask's corner and at its place in the target.
    pub(super) fn draw(
        &mut self,
        gpu: &Gpu,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        part: Part,
        views: [&wgpu::BindGroup; 2],
        outlined: &[Outlined<'_>],
    ) {
        let size = [part.width, part.height];
        if self.kept.as_ref().is_none_or(|k| !serves(k.size, size)) {
            self.kept = Some(Kept::new(gpu, size, self.both));
        }
        let Some(kept) = &self.kept else { return };
        for item in outlined {
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                label: Some("mask"),
                multiview_mask: layers_of(self.both),
                depth_stencil_attachment: Some(wgpu::RenderPassDepthStencilAttachment {
                    view: &kept.mask,
                    depth_ops: Some(wgpu::Operations {
                        load: wgpu::LoadOp::Clear(0.0),
                        store: wgpu::StoreOp::Store,
                    }),
                    stencil_ops: None,
                }),
                ..Default::default()
            });
            // all of it: the line of what lies outside may lie inside
            let [width, height] = size;
            place(&mut pass, Viewport { x: 0, y: 0, width, height });
            pass.set_pipeline(&self.mask);
            pass.set_bind_group(0, views[0], &[]);
            pass.set_bind_group(1, &item.group, &[]);
            item.buffers.draw(&mut pass);
            drop(pass);
            let line = gpu.filled_buffer(&wgpu::util::BufferInitDescriptor {
                label: Some("outline"),
                contents: bytemuck::bytes_of(&Line::of(&item.outline)),
                usage: wgpu::BufferUsages::UNIFORM,
            });
            let group = bind(
                gpu,
                "outline",
                &self.layout,
                &[
                    line.as_entire_binding(),
                    wgpu::BindingResource::TextureView(target.depth),
                    wgpu::BindingResource::TextureView(&kept.mask),
                ],
            );
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                label: Some("outline"),
                multiview_mask: layers_of(self.both),
                color_attachments: &[Some(colour_attachment(target, None))],
                ..Default::default()
            });
            place(&mut pass, part);
            pass.set_pipeline(&self.line);
            pass.set_bind_group(0, views[1], &[]);
            pass.set_bind_group(1, &group, &[]);
            pass.draw(0..3, 0..1);
        }
    }
}

impl Line {
    fn of(outline: &Outline) -> Self {
        let [r, g, b, opacity] = outline.colour;
        let [r, g, b] = [r, g, b].map(linear_from_srgb);
        let share = |s: f32| s.clamp(0.0, 1.0);
        let width = outline.width_px.clamp(0.0, Outline::WIDEST_PX);
        Self { colour: [r, g, b, share(opacity)], width: [width, share(outline.hidden), width.ceil(), 0.0] }
    }
}

impl Kept {
    fn new(gpu: &Gpu, size: [u32; 2], both: bool) -> Self {
        let mask = gpu.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("outline mask"),
            size: wgpu::Extent3d {
                width: size[0],
                height: size[1],
                depth_or_array_layers: 1 + u32::from(both),
            },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: TextureFormat::Depth32Float,
            usage: TextureUsages::RENDER_ATTACHMENT | TextureUsages::TEXTURE_BINDING,
            view_formats: &[],
        });
        Self {
            size,
            mask: mask.create_view(&wgpu::TextureViewDescriptor {
                dimension: Some(plain_or_layered(both)),
                ..Default::default()
            }),
        }
    }
}
