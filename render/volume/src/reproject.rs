//! Pictures of an older eye shown to a newer one.

use bytemuck::{Pod, Zeroable};
use glam::{DAffine3, DMat4};
use image::RgbaImage;
use meshing_space::{Aabb, Lps};
use render_gpu::{Gpu, ReadError, read_rgba, read_texture};
use wgpu::util::DeviceExt as _;

use crate::cover::{Cover, begin_on, sheet};
use crate::renderer::{bind, group_layout, texture};
use crate::view::columns;
use crate::{DepthPicture, NOTHING_MM, PictureError, Renderer, ViewMatrices};

/// By which distance a picture is warped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarpBy {
    /// None: the head's turning is undone, not its moving. In parallel views nothing is.
    Rotation,
    /// [`Depths::first_mm`](crate::Depths::first_mm): right for what is opaque.
    First,
    /// [`Depths::mean_mm`](crate::Depths::mean_mm): what a translucent volume shows lies there on average.
    Mean,
}

/// How a picture is warped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Warp {
    /// By which distance.
    pub by: WarpBy,
    /// Nothing lies nearer than this before the new eye, mm along its gaze.
    pub nearest_mm: f64,
    /// Nothing lies farther than this, but the background.
    pub farthest_mm: f64,
    /// A ray that passes behind a pixel by no more than this has met what it shows; by more, it has gone behind it
    /// unseen. About the steps between the distances of neighbouring pixels.
    pub gap_mm: f64,
}

impl Warp {
    /// By the mean distance, for a scene that lies in `bounds` as the new eye sees it.
    pub fn around(bounds: &Aabb<Lps>, to: &ViewMatrices) -> Self {
        let ahead = |p: meshing_space::Point<Lps>| (to.eye() - p).dot(to.towards_eye());
        let (mut nearest_mm, mut farthest_mm) = (f64::INFINITY, f64::NEG_INFINITY);
        for corner in bounds.corners() {
            nearest_mm = nearest_mm.min(ahead(corner));
            farthest_mm = farthest_mm.max(ahead(corner));
        }
        Self { by: WarpBy::Mean, nearest_mm, farthest_mm, gap_mm: 8.0 }
    }

    /// Reverse-Z depths between which the search runs.
    pub(crate) fn search(&self, to: &ViewMatrices) -> [f64; 2] {
        [(self.nearest_mm, 1.0), (self.farthest_mm, FAR)].map(|(mm, else_depth)| {
            let clip = to.clip(to.eye() - to.towards_eye() * mm);
            let depth = clip.z / clip.w;
            if clip.w > 0.0 && depth.is_finite() { depth.clamp(FAR, 1.0) } else { else_depth }
        })
    }
}

/// A depth so far away that it may pass for infinity. Also in reproject.wgsl.
pub(crate) const FAR: f64 = 1e-6;

/// From clip space of one view into that of another.
pub(crate) fn clip_from_clip(from: &ViewMatrices, to: &ViewMatrices) -> DMat4 {
    let between = DAffine3::from_translation(to.eye().as_dvec3() - from.eye().as_dvec3());
    from.clip_from_rel() * DMat4::from(between) * to.clip_from_rel().inverse()
}

/// A picture that was drawn before.
#[derive(Clone, Copy, Debug)]
pub struct Drawn<'a> {
    /// Its colours, linear when read, `TEXTURE_BINDING`.
    pub colour: &'a wgpu::TextureView,
    /// Its distances, of [`Renderer::DEPTHS_FORMAT`], `TEXTURE_BINDING`.
    pub depths: &'a wgpu::TextureView,
    /// Pixels across and down of both.
    pub size: [u32; 2],
    /// The eye it was drawn for.
    pub view: &'a ViewMatrices,
}

/// A warped picture.
#[derive(Clone, Debug)]
pub struct Warped {
    /// sRGB, premultiplied as the old picture was.
    pub colour: RgbaImage,
    /// Row by row: the old picture cannot know what is to be seen here. Filled with the farthest thing that the
    /// search met, what lies behind the edge that opened; beyond the old picture's edges with its border.
    pub disoccluded: Vec<bool>,
}

/// `Warp` of reproject.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Uniform {
    old_from_new_clip: [[f32; 4]; 4],
    old_rel_from_clip: [[f32; 4]; 4],
    size: [f32; 4],
    search: [f32; 4],
}

/// Shows pictures of an older eye to a newer one: a backward search along the line on which each new ray falls in
/// the old picture (after Bowles et al., "Iterative image warping", Eurographics 2012), a step a pixel and then by
/// halving. What hides something is not mixed into it. What one pixel shows of a translucent volume moves as one, at its mean distance.
#[derive(Debug)]
pub struct Reprojector {
    gpu: Gpu,
    layout: wgpu::BindGroupLayout,
    plain: wgpu::RenderPipeline,
    masked: wgpu::RenderPipeline,
    format: wgpu::TextureFormat,
}

impl Reprojector {
    /// The format of masks: 1 is disoccluded.
    pub const MASK_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::R8Unorm;

    /// A reprojector for targets of one colour format.
    pub fn new(gpu: &Gpu, colour_format: wgpu::TextureFormat) -> Self {
        let uniform = wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Uniform,
            has_dynamic_offset: false,
            min_binding_size: None,
        };
        let numbers =
            texture(wgpu::TextureSampleType::Float { filterable: false }, wgpu::TextureViewDimension::D2);
        let layout = group_layout(gpu, "reproject", &[uniform, numbers, numbers]);
        let pipeline = |also| {
            let cover = Cover {
                file: "reproject.wgsl",
                groups: &[&layout],
                format: colour_format,
                also,
                blend: None,
                constants: &[],
                instances: None,
            };
            cover.pipeline(gpu)
        };
        let (plain, masked) = (pipeline(None), pipeline(Some(Self::MASK_FORMAT)));
        Self { gpu: gpu.clone(), layout, plain, masked, format: colour_format }
    }

    /// Records the warp of a picture for a new eye into all of `target`, of `size` pixels, and where a mask of
    /// [`MASK_FORMAT`](Self::MASK_FORMAT) is given, which of its pixels are disoccluded.
    pub fn warp(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        old: &Drawn<'_>,
        (target, mask, size): (&wgpu::TextureView, Option<&wgpu::TextureView>, [u32; 2]),
        to: &ViewMatrices,
        warp: &Warp,
    ) {
        let [begin_at, end_at] = warp.search(to);
        let kind = match warp.by {
            WarpBy::Rotation => 0.0,
            WarpBy::First => 1.0,
            WarpBy::Mean => 2.0,
        };
        let [old_width, old_height, width, height] =
            [old.size[0], old.size[1], size[0], size[1]].map(|n| n as f32);
        let uniform = Uniform {
            old_from_new_clip: columns(clip_from_clip(old.view, to)),
            old_rel_from_clip: columns(old.view.clip_from_rel().inverse()),
            size: [old_width, old_height, width, height],
            search: [begin_at as f32, end_at as f32, warp.gap_mm as f32, kind],
        };
        let buffer = self.gpu.device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: Some("warp"),
            contents: bytemuck::bytes_of(&uniform),
            usage: wgpu::BufferUsages::UNIFORM,
        });
        let [colour, depths] = [old.colour, old.depths].map(wgpu::BindingResource::TextureView);
        let group = bind(&self.gpu, "reproject", &self.layout, &[buffer.as_entire_binding(), colour, depths]);
        let views: Vec<_> = [target].into_iter().chain(mask).collect();
        let load = wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT);
        let mut pass = begin_on(encoder, "reproject", &views, load);
        pass.set_pipeline(if mask.is_some() { &self.masked } else { &self.plain });
        pass.set_bind_group(0, &group, &[]);
        pass.draw(0..3, 0..1);
    }

    /// The warp of a picture in memory, of the same size, by a reprojector for `Rgba8UnormSrgb`. Pixels without a
    /// distance count as background.
    pub fn picture(
        &self,
        old: &DepthPicture,
        from: &ViewMatrices,
        to: &ViewMatrices,
        warp: &Warp,
    ) -> Result<Warped, PictureError> {
        let size = [old.colour.width(), old.colour.height()];
        let format = wgpu::TextureFormat::Rgba8UnormSrgb;
        if self.format != format {
            return Err(PictureError::Format(self.format));
        }
        let limit = self.gpu.device.limits().max_texture_dimension_2d;
        if size.iter().any(|&n| n == 0 || n > limit) {
            return Err(PictureError::Size { size, limit });
        }
        let mut depths: Vec<[f32; 4]> =
            old.depths.iter().map(|d| [d.first_mm, d.mean_mm, d.opacity, 0.0]).collect();
        depths.resize(size[0] as usize * size[1] as usize, [NOTHING_MM, NOTHING_MM, 0.0, 0.0]);
        let colours = self.uploaded(size, format, old.colour.as_raw());
        let depths = self.uploaded(size, Renderer::DEPTHS_FORMAT, bytemuck::cast_slice(&depths));
        let (target, mask) =
            (sheet(&self.gpu, "warped", size, format), sheet(&self.gpu, "mask", size, Self::MASK_FORMAT));
        let view = |t: &wgpu::Texture| t.create_view(&wgpu::TextureViewDescriptor::default());
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let drawn = Drawn { colour: &colours, depths: &depths, size, view: from };
        self.warp(&mut encoder, &drawn, (&view(&target), Some(&view(&mask)), size), to, warp);
        self.gpu.queue.submit([encoder.finish()]);
        let bytes = read_rgba(&self.gpu, &target)?.bytes;
        let colour = RgbaImage::from_raw(size[0], size[1], bytes).ok_or(ReadError::Lost)?;
        let disoccluded = read_texture(&self.gpu, &mask)?.bytes.into_iter().map(|b| b > 127).collect();
        Ok(Warped { colour, disoccluded })
    }

    fn uploaded(&self, size: [u32; 2], format: wgpu::TextureFormat, bytes: &[u8]) -> wgpu::TextureView {
        let descriptor = wgpu::TextureDescriptor {
            label: Some("old picture"),
            size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage: wgpu::TextureUsages::TEXTURE_BINDING,
            view_formats: &[],
        };
        let order = wgpu::util::TextureDataOrder::LayerMajor;
        let texture = self.gpu.device.create_texture_with_data(&self.gpu.queue, &descriptor, order, bytes);
        texture.create_view(&wgpu::TextureViewDescriptor::default())
    }
}
