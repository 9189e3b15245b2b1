//! Draws marks into somebody's views and onto pictures in memory.

use std::sync::Arc;

use bytemuck::{Pod, Zeroable};
use image::RgbaImage;
use render_gpu::{Gpu, ReadError, read_rgba};
use wgpu::util::DeviceExt as _;

use super::{ATLAS, FontError, Letters, MarkedView, Marks, Quad};
use crate::renderer::{Make, bind, colour_attachment, group_layout, pipeline, place, texture, uniform};
use crate::{Target, Viewport, shaders};

/// Why a picture was not marked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StampError {
    /// The painter draws into another format.
    #[error(
        "pictures are marked in Rgba8UnormSrgb, but this painter draws {0:?}: use MarkPainter::for_pictures"
    )]
    Format(wgpu::TextureFormat),
    /// An edge is zero or longer than the device takes.
    #[error("a picture of {size:?} pixels cannot be marked; each edge must be 1 to {limit}")]
    Size {
        /// Pixels across and down.
        size: [u32; 2],
        /// The device's limit.
        limit: u32,
    },
    /// The picture could not be read back.
    #[error("the marked picture could not be read back")]
    Read(#[from] ReadError),
}

/// Draws [`Marks`]: holds the pipeline for one colour format, a font, and its glyphs used lately.
#[derive(Debug)]
pub struct MarkPainter {
    gpu: Gpu,
    format: wgpu::TextureFormat,
    layout: wgpu::BindGroupLayout,
    pipeline: wgpu::RenderPipeline,
    letters: Letters,
    glyphs: wgpu::Texture,
    /// The version of the letters that `glyphs` holds.
    shown: u64,
}

/// `Quad` of marks.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Instance {
    corner: [f32; 2],
    edges: [f32; 4],
    glyph: [f32; 4],
    colour: [f32; 4],
}

const INSTANCE_LAYOUT: wgpu::VertexBufferLayout<'static> = wgpu::VertexBufferLayout {
    array_stride: size_of::<Instance>() as u64,
    step_mode: wgpu::VertexStepMode::Instance,
    attributes: &wgpu::vertex_attr_array![0 => Float32x2, 1 => Float32x4, 2 => Float32x4, 3 => Float32x4],
};

impl MarkPainter {
    /// A painter for targets of one colour format, with the bytes of a TrueType or OpenType font. It should have the
    /// characters of every language in use: `assets/fonts` has.
    pub fn new(
        gpu: &Gpu,
        format: wgpu::TextureFormat,
        font: impl Into<Arc<[u8]>>,
    ) -> Result<Self, FontError> {
        let letters = Letters::new(font.into())?;
        let plain = wgpu::TextureSampleType::Float { filterable: false };
        let layout = group_layout(gpu, "marks", &[uniform(), texture(plain, wgpu::TextureViewDimension::D2)]);
        let target = wgpu::ColorTargetState {
            format,
            blend: Some(wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING),
            write_mask: wgpu::ColorWrites::ALL,
        };
        let pipeline = pipeline(
            gpu,
            &Make {
                label: "marks",
                module: &shaders::module(gpu, "marks.wgsl"),
                groups: &[Some(&layout)],
                buffers: &[INSTANCE_LAYOUT],
                topology: wgpu::PrimitiveTopology::TriangleStrip,
                targets: &[Some(target)],
                depth: None,
                both: false,
            },
        );
        let glyphs = glyph_texture(gpu);
        Ok(Self { gpu: gpu.clone(), format, layout, pipeline, letters, glyphs, shown: 0 })
    }

    /// A painter for [`MarkPainter::stamp`] and [`picture`](crate::picture): 8-bit sRGB.
    pub fn for_pictures(gpu: &Gpu, font: impl Into<Arc<[u8]>>) -> Result<Self, FontError> {
        Self::new(gpu, wgpu::TextureFormat::Rgba8UnormSrgb, font)
    }

    /// Records the drawing of marks over a target, whose depth it does not touch and which it does not clear; the
    /// number of labels for which there was no room.
    pub fn draw(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        view: &MarkedView,
        marks: &Marks,
    ) -> usize {
        let part =
            target.viewport.unwrap_or(Viewport { x: 0, y: 0, width: target.size[0], height: target.size[1] });
        if part.width == 0 || part.height == 0 {
            return marks.labels.len();
        }
        if self.letters.crowded() {
            self.letters.clear();
            // what was recorded before and not yet submitted still reads the old one
            self.glyphs = glyph_texture(&self.gpu);
        }
        let drawing = marks.drawing(view, [part.width, part.height], &mut self.letters);
        self.paint(encoder, target, part, &drawing.quads);
        drawing.left_out
    }

    /// Settles where the plates of labels stand in a view of `size` pixels, until [`Label::offset_px`](super::Label) is
    /// set to `None` again: for one eye before both are drawn, or while the view turns.
    pub fn settle(&mut self, view: &MarkedView, size: [u32; 2], marks: &mut Marks) {
        let drawing = marks.drawing(view, size, &mut self.letters);
        for (label, offset) in marks.labels.iter_mut().zip(drawing.offsets) {
            label.offset_px = offset.or(label.offset_px);
        }
    }

    fn paint(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        part: Viewport,
        quads: &[Quad],
    ) {
        if quads.is_empty() {
            return;
        }
        let (pixels, version) = self.letters.picture();
        if version != self.shown {
            self.gpu.queue.write_texture(
                self.glyphs.as_image_copy(),
                pixels,
                wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(ATLAS),
                    rows_per_image: Some(ATLAS),
                },
                self.glyphs.size(),
            );
            self.shown = version;
        }
        let instances: Vec<_> = quads
            .iter()
            .map(|q| {
                let [[ux, uy], [vx, vy]] = q.edges;
                Instance { corner: q.corner, edges: [ux, uy, vx, vy], glyph: q.glyph, colour: q.colour }
            })
            .collect();
        let buffer = |contents, usage| {
            let label = Some("marks");
            self.gpu.filled_buffer(&wgpu::util::BufferInitDescriptor { label, contents, usage })
        };
        let instances = buffer(bytemuck::cast_slice(&instances), wgpu::BufferUsages::VERTEX);
        let viewport = [part.x, part.y, part.width, part.height].map(|n| n as f32);
        let sheet = buffer(bytemuck::bytes_of(&viewport), wgpu::BufferUsages::UNIFORM);
        let glyphs = self.glyphs.create_view(&wgpu::TextureViewDescriptor::default());
        let group = bind(
            &self.gpu,
            "marks",
            &self.layout,
            &[sheet.as_entire_binding(), wgpu::BindingResource::TextureView(&glyphs)],
        );
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("marks"),
            color_attachments: &[Some(colour_attachment(target, None))],
            ..Default::default()
        });
        place(&mut pass, part);
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &group, &[]);
        pass.set_vertex_buffer(0, instances.slice(..));
        pass.draw(0..4, 0..quads.len() as u32);
    }

    /// Draws marks onto an opaque picture in memory, as one of a slice is; the number of labels for which there was
    /// no room.
    pub fn stamp(
        &mut self,
        picture: &mut RgbaImage,
        view: &MarkedView,
        marks: &Marks,
    ) -> Result<usize, StampError> {
        if self.format != wgpu::TextureFormat::Rgba8UnormSrgb {
            return Err(StampError::Format(self.format));
        }
        let size = [picture.width(), picture.height()];
        let limit = self.gpu.device.limits().max_texture_dimension_2d;
        if size.iter().any(|&n| n == 0 || n > limit) {
            return Err(StampError::Size { size, limit });
        }
        let texture = self.gpu.device.create_texture_with_data(
            &self.gpu.queue,
            &wgpu::TextureDescriptor {
                label: Some("picture to mark"),
                size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format: self.format,
                usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
                view_formats: &[],
            },
            wgpu::util::TextureDataOrder::LayerMajor,
            picture.as_raw(),
        );
        let colour = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        // the depth is not touched
        let target = Target { colour: &colour, depth: &colour, size, viewport: None, clear: None };
        let left_out = self.draw(&mut encoder, &target, view, marks);
        self.gpu.queue.submit([encoder.finish()]);
        picture.copy_from_slice(&read_rgba(&self.gpu, &texture)?.bytes);
        Ok(left_out)
    }
}

fn glyph_texture(gpu: &Gpu) -> wgpu::Texture {
    gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: Some("glyphs"),
        size: wgpu::Extent3d { width: ATLAS, height: ATLAS, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::R8Unorm,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    })
}
