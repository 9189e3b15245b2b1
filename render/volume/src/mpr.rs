//! Exact slices: integer loads and a trilinear mix by hand.

use bytemuck::{Pod, Zeroable};
use image::GrayImage;
use meshing_space::{Ijk, Point, Vector};
use render_gpu::{Gpu, ReadError, read_texture};
use wgpu::util::DeviceExt as _;

use crate::renderer::{bind, group_layout, texture};
use crate::volume_texture::Kind;
use crate::{SlicePlane, VolumeTexture, Window, shaders};

/// Why no slice was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MprError {
    /// An edge is zero or longer than the device takes.
    #[error("a slice of {size:?} pixels cannot be made; each edge must be 1 to {limit}")]
    Size {
        /// Pixels across and down.
        size: [u32; 2],
        /// The device's limit.
        limit: u32,
    },
    /// The slice could not be read back.
    #[error("the slice could not be read back")]
    Read(#[from] ReadError),
}

/// The values of a slice, row by row from the top.
#[derive(Clone, Debug, PartialEq)]
pub struct MprValues {
    /// Pixels across and down.
    pub size: [u32; 2],
    /// The value at each pixel's centre in the volume's unit; `None` outside the outermost voxel centres.
    pub values: Vec<Option<f32>>,
}

impl MprValues {
    /// The value of a pixel.
    pub fn at(&self, column: u32, row: u32) -> Option<f32> {
        self.values.get((row * self.size[0] + column) as usize).copied().flatten()
    }

    /// The slice through a window, black outside the volume.
    pub fn grey(&self, window: Window) -> GrayImage {
        let levels = self.levels(window, 256);
        let grey = |x: u32, y: u32| image::Luma([levels[(y * self.size[0] + x) as usize] as u8]);
        GrayImage::from_fn(self.size[0], self.size[1], grey)
    }

    /// The slice through a window as grey levels 0 to `levels` - 1 (4096 for a diagnostic screen), 0 outside
    /// the volume.
    pub fn levels(&self, window: Window, levels: u16) -> Vec<u16> {
        let top = f64::from(levels.max(1) - 1);
        let level = |v: f32| (window.grey(f64::from(v)) * top).round() as u16;
        self.values.iter().map(|v| v.map_or(0, level)).collect()
    }
}

/// A slice through a window as 8-bit grey, black outside the volume.
pub fn mpr(
    gpu: &Gpu,
    volume: &VolumeTexture,
    plane: &SlicePlane,
    window: Window,
) -> Result<GrayImage, MprError> {
    Ok(mpr_values(gpu, volume, plane)?.grey(window))
}

/// The values of a slice, by trilinear interpolation exact to f32 rounding.
pub fn mpr_values(gpu: &Gpu, volume: &VolumeTexture, plane: &SlicePlane) -> Result<MprValues, MprError> {
    let size = plane.size;
    let limit = gpu.device.limits().max_texture_dimension_2d;
    if size.iter().any(|&n| n == 0 || n > limit) {
        return Err(MprError::Size { size, limit });
    }
    let target = gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: Some("mpr"),
        size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: FORMAT,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
        view_formats: &[],
    });
    let passes = gpu.once(|| Passes { i16: Pass::new(gpu, Kind::I16), f32: Pass::new(gpu, Kind::F32) });
    let pass = match volume.kind() {
        Kind::I16 => &passes.i16,
        Kind::F32 => &passes.f32,
    };
    let (columns, rows) = axes(volume, plane);
    let storage = |label, data: &[Axis]| {
        gpu.device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: Some(label),
            contents: bytemuck::cast_slice(data),
            usage: wgpu::BufferUsages::STORAGE,
        })
    };
    let (columns, rows) = (storage("columns", &columns), storage("rows", &rows));
    let group = bind(
        gpu,
        "mpr",
        &pass.group,
        &[
            columns.as_entire_binding(),
            rows.as_entire_binding(),
            wgpu::BindingResource::TextureView(volume.exact()),
        ],
    );
    let view = target.create_view(&wgpu::TextureViewDescriptor::default());
    let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    {
        let mut render = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("mpr"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &view,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations::default(),
            })],
            ..Default::default()
        });
        render.set_pipeline(&pass.pipeline);
        render.set_bind_group(0, &group, &[]);
        render.draw(0..3, 0..1);
    }
    gpu.queue.submit([encoder.finish()]);
    let read = read_texture(gpu, &target)?;
    let values = read
        .bytes
        .chunks_exact(8)
        .map(|b| {
            let inside = f32::from_le_bytes([b[4], b[5], b[6], b[7]]) > 0.5;
            inside.then(|| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        })
        .collect();
    Ok(MprValues { size, values })
}

/// Value, and 1 inside the volume.
const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rg32Float;

/// `Axis` of mpr.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Axis {
    whole: [i32; 4],
    part: [f32; 4],
}

/// Voxel places of the columns along the first row (with the plane's origin) and of the rows along the first
/// column (without it); their sum is a pixel's place.
fn axes(volume: &VolumeTexture, plane: &SlicePlane) -> (Vec<Axis>, Vec<Axis>) {
    let ijk_from_lps = volume.grid().ijk_from_lps();
    let origin: Point<Ijk> = ijk_from_lps * plane.origin;
    let right: Vector<Ijk> = ijk_from_lps * (plane.right * plane.pixel_mm);
    let down: Vector<Ijk> = ijk_from_lps * (plane.down * plane.pixel_mm);
    let split = |place: [f64; 3]| {
        // far outside any volume is still far outside
        let place = place.map(|p| p.clamp(-1e6, 1e6));
        let [a, b, c] = place.map(f64::floor);
        let part = [place[0] - a, place[1] - b, place[2] - c].map(|p| p as f32);
        Axis { whole: [a as i32, b as i32, c as i32, 0], part: [part[0], part[1], part[2], 0.0] }
    };
    let columns = (0..plane.size[0]).map(|x| split((origin + right * f64::from(x)).to_array())).collect();
    let rows = (0..plane.size[1]).map(|y| split((down * f64::from(y)).to_array())).collect();
    (columns, rows)
}

#[derive(Debug)]
struct Pass {
    group: wgpu::BindGroupLayout,
    pipeline: wgpu::RenderPipeline,
}

#[derive(Debug)]
struct Passes {
    i16: Pass,
    f32: Pass,
}

impl Pass {
    fn new(gpu: &Gpu, kind: Kind) -> Self {
        let (sample, entry) = match kind {
            Kind::I16 => (wgpu::TextureSampleType::Sint, "fragment_i16"),
            Kind::F32 => (wgpu::TextureSampleType::Float { filterable: false }, "fragment_f32"),
        };
        let storage = wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Storage { read_only: true },
            has_dynamic_offset: false,
            min_binding_size: None,
        };
        let group =
            group_layout(gpu, "mpr", &[storage, storage, texture(sample, wgpu::TextureViewDimension::D3)]);
        let layout = gpu.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("mpr"),
            bind_group_layouts: &[Some(&group)],
            immediate_size: 0,
        });
        let module = shaders::module(gpu, "mpr.wgsl");
        let pipeline = gpu.device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("mpr"),
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
                entry_point: Some(entry),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                targets: &[Some(FORMAT.into())],
            }),
            multiview_mask: None,
            cache: None,
        });
        Self { group, pipeline }
    }
}
