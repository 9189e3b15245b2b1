//! How pixels move between two views of one scene, for encoders and for whoever warps pictures.

use bytemuck::{Pod, Zeroable};
use glam::DMat4;
use render_gpu::{Gpu, read_texture};
use wgpu::util::DeviceExt as _;

use crate::cover::{Cover, begin, sheet};
use crate::renderer::{bind, group_layout, texture, uniform};
use crate::view::columns;
use crate::{DepthPicture, NOTHING_MM, PictureError, Renderer, ViewMatrices, WarpBy};

/// Where a pixel's thing was in an earlier picture: pixels to the right and down, from the pixel that shows it now.
/// `None` where the earlier eye had it behind its near plane, or where what is endlessly far away has no place in the
/// earlier view. It may lie beyond the earlier picture's edges.
///
/// This is the sign of motion vectors in video: the earlier picture at pixel + vector is what is shown at the pixel.
pub type Motion = Option<[f32; 2]>;

/// `Motion` of motion.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Uniform {
    eye_rel_from_clip: [[f32; 4]; 4],
    before_clip_from_rel: [[f32; 4]; 4],
    size: [f32; 4],
}

/// Makes motion vectors from the distances that [`Renderer::draw_with_depths`] writes. The scene must be the same in both
/// views: what moved by itself is not followed.
#[derive(Debug)]
pub struct MotionPass {
    gpu: Gpu,
    layout: wgpu::BindGroupLayout,
    pipeline: wgpu::RenderPipeline,
}

impl MotionPass {
    /// Red and green: the vector in pixels; blue: 1 where it is known, else all are 0.
    pub const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba32Float;

    /// The pass of a device.
    pub fn new(gpu: &Gpu) -> Self {
        let numbers =
            texture(wgpu::TextureSampleType::Float { filterable: false }, wgpu::TextureViewDimension::D2);
        let layout = group_layout(gpu, "motion", &[uniform(), numbers]);
        let cover = Cover {
            file: "motion.wgsl",
            groups: &[&layout],
            format: Self::FORMAT,
            also: None,
            blend: None,
            constants: &[],
            instances: None,
        };
        Self { pipeline: cover.pipeline(gpu), layout, gpu: gpu.clone() }
    }

    /// Records the vectors of a picture of `size` pixels into all of `target`, of [`FORMAT`](Self::FORMAT). `depths` are
    /// the picture's, of [`Renderer::DEPTHS_FORMAT`], `TEXTURE_BINDING`; `now` is its eye and `before` the earlier one, of
    /// a picture of the same size. [`WarpBy::Rotation`] takes everything for endlessly far away.
    pub fn draw(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        depths: &wgpu::TextureView,
        (target, size): (&wgpu::TextureView, [u32; 2]),
        [before, now]: [&ViewMatrices; 2],
        by: WarpBy,
    ) {
        let between = DMat4::from_translation((now.eye() - before.eye()).as_dvec3());
        let value = Uniform {
            eye_rel_from_clip: columns(now.clip_from_rel().inverse()),
            before_clip_from_rel: columns(before.clip_from_rel() * between),
            size: [size[0] as f32, size[1] as f32, kind(by), 0.0],
        };
        let buffer = self.gpu.filled_buffer(&wgpu::util::BufferInitDescriptor {
            label: Some("motion"),
            contents: bytemuck::bytes_of(&value),
            usage: wgpu::BufferUsages::UNIFORM,
        });
        let depths = wgpu::BindingResource::TextureView(depths);
        let group = bind(&self.gpu, "motion", &self.layout, &[buffer.as_entire_binding(), depths]);
        let mut pass = begin(encoder, "motion", target, wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT));
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &group, &[]);
        pass.draw(0..3, 0..1);
    }

    /// The vectors of a picture in memory, row by row. Pixels without a distance count as background.
    ///
    /// # Errors
    /// [`PictureError`] where the picture has no pixels or too many, or the device was lost.
    pub fn picture(
        &self,
        picture: &DepthPicture,
        views: [&ViewMatrices; 2],
        by: WarpBy,
    ) -> Result<Vec<Motion>, PictureError> {
        let gpu = &self.gpu;
        let size = [picture.colour.width(), picture.colour.height()];
        let limit = gpu.device.limits().max_texture_dimension_2d;
        if size.iter().any(|&n| n == 0 || n > limit) {
            return Err(PictureError::Size { size, limit });
        }
        let mut depths: Vec<[f32; 4]> =
            picture.depths.iter().map(|d| [d.first_mm, d.mean_mm, d.opacity, 0.0]).collect();
        depths.resize(size[0] as usize * size[1] as usize, [NOTHING_MM, NOTHING_MM, 0.0, 0.0]);
        let target = gpu.guarded(|| {
            let texture = gpu.device.create_texture_with_data(
                &gpu.queue,
                &wgpu::TextureDescriptor {
                    label: Some("distances"),
                    size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
                    mip_level_count: 1,
                    sample_count: 1,
                    dimension: wgpu::TextureDimension::D2,
                    format: Renderer::DEPTHS_FORMAT,
                    usage: wgpu::TextureUsages::TEXTURE_BINDING,
                    view_formats: &[],
                },
                wgpu::util::TextureDataOrder::LayerMajor,
                bytemuck::cast_slice(&depths),
            );
            let target = sheet(gpu, "motion", size, Self::FORMAT);
            let view = |t: &wgpu::Texture| t.create_view(&wgpu::TextureViewDescriptor::default());
            let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            self.draw(&mut encoder, &view(&texture), (&view(&target), size), views, by);
            gpu.queue.submit([encoder.finish()]);
            target
        })?;
        let read: Vec<[f32; 4]> = bytemuck::pod_collect_to_vec(&read_texture(gpu, &target)?.bytes);
        Ok(read.iter().map(|&[x, y, known, _]| (known > 0.5).then_some([x, y])).collect())
    }
}

const fn kind(by: WarpBy) -> f32 {
    match by {
        WarpBy::Rotation => 0.0,
        WarpBy::First => 1.0,
        WarpBy::Mean => 2.0,
    }
}
