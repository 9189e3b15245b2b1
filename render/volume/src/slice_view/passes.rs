//! The passes of a slice view, made once for a device.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytemuck::{Pod, Zeroable};
use render_gpu::Gpu;
use wgpu::util::DeviceExt as _;
use wgpu::{TextureSampleType as Sample, TextureViewDimension as Dimension};

use super::{LineOverlay, SegmentOverlay, SliceLayer};
use crate::cover::{Cover, begin, sheet};
use crate::reform::Row;
use crate::renderer::{bind, group_layout, texture};
use crate::{Palette, RasterRow};

/// What layers and overlays are drawn onto: the display's own steps, opaque.
pub(super) const CANVAS: wgpu::TextureFormat = wgpu::TextureFormat::Rgba16Float;
const LABELS: wgpu::TextureFormat = wgpu::TextureFormat::R8Uint;
const COVERAGE: wgpu::TextureFormat = wgpu::TextureFormat::R16Float;

/// One end-to-end piece of a line an instance.
const PIECE: wgpu::VertexBufferLayout<'_> = wgpu::VertexBufferLayout {
    array_stride: 16,
    step_mode: wgpu::VertexStepMode::Instance,
    attributes: &[wgpu::VertexAttribute {
        format: wgpu::VertexFormat::Float32x4,
        offset: 0,
        shader_location: 0,
    }],
};

/// The largest share wins.
const MAXIMUM: wgpu::BlendComponent = wgpu::BlendComponent {
    src_factor: wgpu::BlendFactor::One,
    dst_factor: wgpu::BlendFactor::One,
    operation: wgpu::BlendOperation::Max,
};

/// `Paint` of paint.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Paint {
    window: [f32; 4],
    kind: [u32; 4],
}

/// A pass and the layout of what it reads.
#[derive(Debug)]
struct Pass {
    layout: wgpu::BindGroupLayout,
    pipeline: wgpu::RenderPipeline,
}

impl Pass {
    fn new(
        gpu: &Gpu,
        file: &str,
        types: &[wgpu::BindingType],
        format: wgpu::TextureFormat,
        blend: Option<wgpu::BlendState>,
        instances: Option<wgpu::VertexBufferLayout<'_>>,
    ) -> Self {
        let layout = group_layout(gpu, file, types);
        let cover = Cover { file, groups: &[&layout], format, also: None, blend, constants: &[], instances };
        Self { pipeline: cover.pipeline(gpu), layout }
    }
}

#[derive(Debug)]
pub(super) struct Passes {
    paint: Pass,
    labels: Pass,
    segments: Pass,
    lines: Pass,
    ink: Pass,
    present: wgpu::BindGroupLayout,
    presenting: Mutex<HashMap<(wgpu::TextureFormat, bool), wgpu::RenderPipeline>>,
}

impl Passes {
    pub(super) fn new(gpu: &Gpu) -> Self {
        let buffer = |ty| wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None };
        let uniform = buffer(wgpu::BufferBindingType::Uniform);
        let storage = buffer(wgpu::BufferBindingType::Storage { read_only: true });
        let plain = texture(Sample::Float { filterable: false }, Dimension::D2);
        let labels_3d = texture(Sample::Uint, Dimension::D3);
        let labels_2d = texture(Sample::Uint, Dimension::D2);
        let over = Some(wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING);
        let most = Some(wgpu::BlendState { color: MAXIMUM, alpha: MAXIMUM });
        Self {
            paint: Pass::new(gpu, "paint.wgsl", &[uniform, plain, plain], CANVAS, over, None),
            labels: Pass::new(gpu, "labels.wgsl", &[storage, labels_3d], LABELS, None, None),
            segments: Pass::new(gpu, "segments.wgsl", &[storage, uniform, labels_2d], CANVAS, over, None),
            lines: Pass::new(gpu, "lines.wgsl", &[uniform], COVERAGE, most, Some(PIECE)),
            ink: Pass::new(gpu, "ink.wgsl", &[uniform, plain], CANVAS, over, None),
            present: group_layout(gpu, "present.wgsl", &[plain, uniform]),
            presenting: Mutex::default(),
        }
    }

    /// The pipeline that ends in a target of a format.
    pub(super) fn presenting(
        &self,
        gpu: &Gpu,
        format: wgpu::TextureFormat,
        linear: bool,
    ) -> wgpu::RenderPipeline {
        let mut known = self.presenting.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let constants = [("LINEAR", f64::from(u8::from(linear)))];
            let groups = &[&self.present];
            let cover = Cover {
                file: "present.wgsl",
                groups,
                format,
                also: None,
                blend: None,
                constants: &constants,
                instances: None,
            };
            cover.pipeline(gpu)
        };
        known.entry((format, linear)).or_insert_with(make).clone()
    }

    pub(super) fn present_group(
        &self,
        gpu: &Gpu,
        canvas: &wgpu::TextureView,
        at: [u32; 2],
    ) -> wgpu::BindGroup {
        let place = uniform(gpu, &[at[0] as f32, at[1] as f32, 0.0, 0.0]);
        let slice = wgpu::BindingResource::TextureView(canvas);
        bind(gpu, "present", &self.present, &[slice, place.as_entire_binding()])
    }

    /// Lays a scan's values over the canvas.
    pub(super) fn paint(
        &self,
        gpu: &Gpu,
        encoder: &mut wgpu::CommandEncoder,
        canvas: &wgpu::TextureView,
        values: &wgpu::Texture,
        layer: &SliceLayer,
    ) {
        let curve = layer.voi.curve();
        let from = layer.shown_from.filter(|v| v.is_finite());
        let opacity = if layer.opacity.is_finite() { layer.opacity.clamp(0.0, 1.0) } else { 0.0 };
        let window = [curve.middle as f32, curve.slope as f32, from.unwrap_or(0.0) as f32, opacity];
        let flag = |b: bool| u32::from(b);
        let kind = [curve.kind, flag(layer.voi.low_is_bright), flag(from.is_some()), 0];
        let told = uniform(gpu, &Paint { window, kind });
        let values = values.create_view(&wgpu::TextureViewDescriptor::default());
        let colours = palette(gpu, layer.palette);
        let views = [&values, &colours].map(wgpu::BindingResource::TextureView);
        let [values, colours] = views;
        let group = bind(gpu, "paint", &self.paint.layout, &[told.as_entire_binding(), values, colours]);
        cover(encoder, canvas, &self.paint, &group);
    }

    /// Lays segments over the canvas.
    pub(super) fn segments(
        &self,
        gpu: &Gpu,
        encoder: &mut wgpu::CommandEncoder,
        canvas: &wgpu::TextureView,
        overlay: &SegmentOverlay,
        rows: &[RasterRow],
        size: [u32; 2],
    ) {
        let grid = overlay.texture.grid();
        let packed: Vec<Row> = rows.iter().map(|row| Row::new(grid, row, 0.0, 0.0)).collect();
        let packed = storage(gpu, bytemuck::cast_slice(&packed));
        let volume = wgpu::BindingResource::TextureView(overlay.texture.view());
        let group = bind(gpu, "labels", &self.labels.layout, &[packed.as_entire_binding(), volume]);
        let labels = sheet(gpu, "labels", size, LABELS);
        let labels = labels.create_view(&wgpu::TextureViewDescriptor::default());
        cover(encoder, &labels, &self.labels, &group);
        let styles = storage(gpu, bytemuck::cast_slice(&overlay.table()));
        let width = uniform(gpu, &[overlay.width_px(), 0.0, 0.0, 0.0]);
        let read = wgpu::BindingResource::TextureView(&labels);
        let resources = [styles.as_entire_binding(), width.as_entire_binding(), read];
        let group = bind(gpu, "segments", &self.segments.layout, &resources);
        cover(encoder, canvas, &self.segments, &group);
    }

    /// Lays lines over the canvas.
    pub(super) fn lines(
        &self,
        gpu: &Gpu,
        encoder: &mut wgpu::CommandEncoder,
        canvas: &wgpu::TextureView,
        overlay: &LineOverlay,
        size: [u32; 2],
    ) {
        let pieces = overlay.instances();
        if pieces.is_empty() {
            return;
        }
        let buffer = gpu.filled_buffer(&wgpu::util::BufferInitDescriptor {
            label: Some("lines"),
            contents: bytemuck::cast_slice(&pieces),
            usage: wgpu::BufferUsages::VERTEX,
        });
        let told = uniform(gpu, &[size[0] as f32, size[1] as f32, overlay.half_px() as f32, 0.0]);
        let group = bind(gpu, "lines", &self.lines.layout, &[told.as_entire_binding()]);
        let coverage = sheet(gpu, "line coverage", size, COVERAGE);
        let coverage = coverage.create_view(&wgpu::TextureViewDescriptor::default());
        let mut pass = begin(encoder, "lines", &coverage, wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT));
        pass.set_pipeline(&self.lines.pipeline);
        pass.set_bind_group(0, &group, &[]);
        pass.set_vertex_buffer(0, buffer.slice(..));
        pass.draw(0..4, 0..pieces.len() as u32);
        drop(pass);
        let [r, g, b] = overlay.colour.map(|c| f32::from(c) / 255.0);
        let opacity = if overlay.opacity.is_finite() { overlay.opacity.clamp(0.0, 1.0) } else { 0.0 };
        let colour = uniform(gpu, &[r, g, b, opacity]);
        let read = wgpu::BindingResource::TextureView(&coverage);
        let group = bind(gpu, "ink", &self.ink.layout, &[colour.as_entire_binding(), read]);
        cover(encoder, canvas, &self.ink, &group);
    }
}

/// Runs a covering pass over what is there.
fn cover(encoder: &mut wgpu::CommandEncoder, view: &wgpu::TextureView, pass: &Pass, group: &wgpu::BindGroup) {
    let mut render = begin(encoder, "slice view", view, wgpu::LoadOp::Load);
    render.set_pipeline(&pass.pipeline);
    render.set_bind_group(0, group, &[]);
    render.draw(0..3, 0..1);
}

fn uniform<T: Pod>(gpu: &Gpu, value: &T) -> wgpu::Buffer {
    gpu.filled_buffer(&wgpu::util::BufferInitDescriptor {
        label: None,
        contents: bytemuck::bytes_of(value),
        usage: wgpu::BufferUsages::UNIFORM,
    })
}

fn storage(gpu: &Gpu, contents: &[u8]) -> wgpu::Buffer {
    gpu.filled_buffer(&wgpu::util::BufferInitDescriptor {
        label: None,
        contents,
        usage: wgpu::BufferUsages::STORAGE,
    })
}

fn palette(gpu: &Gpu, map: Palette) -> wgpu::TextureView {
    let table: Vec<u8> = map.table().iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect();
    let texture = gpu.device.create_texture_with_data(
        &gpu.queue,
        &wgpu::TextureDescriptor {
            label: Some("palette"),
            size: wgpu::Extent3d { width: 256, height: 1, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Rgba8Unorm,
            usage: wgpu::TextureUsages::TEXTURE_BINDING,
            view_formats: &[],
        },
        wgpu::util::TextureDataOrder::LayerMajor,
        &table,
    );
    texture.create_view(&wgpu::TextureViewDescriptor::default())
}
