//! Exact slices of any surface and thickness.

use bytemuck::{Pod, Zeroable};
use meshing_space::{Ijk, Point, Vector};
use meshing_volume::{Grid, Told, Words};
use render_gpu::{Gpu, ReadError, read_texture};

use crate::atlas::CutError;
use crate::cover::{Cover, begin, sheet};
use crate::renderer::{bind, group_layout};
use crate::voxels::Voxels;
use crate::{MprValues, RasterRow, Slab, SlabMode, SlabSampling, SliceSurface, VolumeTexture};

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
    /// The thickness is no thickness, or too much of one.
    #[error(
        "a slab of {thickness_mm} mm cannot be made: it must be 0 or more, and take at most {} samples of half a voxel",
        Slab::MAX_SAMPLES
    )]
    Slab {
        /// The thickness asked for.
        thickness_mm: f64,
    },
    /// The volume is in bricks, and the voxels of this slice take more than what is kept for slices.
    #[error(
        "the voxels of this slice take {bytes} bytes, but {budget} are kept for slices of a volume in bricks; make it \
         smaller or thinner, or give the volume a larger budget"
    )]
    Bricks {
        /// Bytes that the slice takes.
        bytes: u64,
        /// Bytes that it may take.
        budget: u64,
    },
    /// Voxels of the slice are not here. Nothing coarser is shown in their place.
    #[error("the slice cannot be shown: {0}")]
    NotHere(Words),
    /// The slice could not be read back.
    #[error("the slice could not be made: {0}")]
    Read(#[from] ReadError),
}

impl Told for MprError {
    fn chinese(&self) -> String {
        match self {
            Self::Size { size: [w, h], limit } => {
                format!("无法生成 {w}×{h} 像素的切片；每边必须为 1 到 {limit}")
            }
            Self::Slab { thickness_mm } => format!(
                "无法生成 {thickness_mm} 毫米厚的层块：厚度不能为负，且最多取 {} 个间隔半个体素的采样点",
                Slab::MAX_SAMPLES
            ),
            Self::Bricks { bytes, budget } => format!(
                "此切片的体素占用 {bytes} 字节，而分块体数据为切片保留 {budget} 字节；请缩小或减薄切片，或增大预算"
            ),
            Self::NotHere(why) => format!("无法显示切片：{}", why.zh),
            Self::Read(ReadError::Device(error)) => format!("无法生成切片：{}", error.chinese()),
            Self::Read(_) => "无法读回切片".to_owned(),
        }
    }
}

/// The values of a slab.
#[derive(Clone, Debug, PartialEq)]
pub struct SlabValues {
    /// The values, `None` where the whole thickness lies outside the outermost voxel centres.
    pub slice: MprValues,
    /// By pixel the share of the samples inside the volume, 0 to 1; the value is of those alone.
    pub inside: Vec<f32>,
    /// How the thickness was sampled.
    pub sampling: SlabSampling,
}

impl SlabValues {
    /// Pixels whose thickness reaches out of the volume, so that less than the whole of it is shown: to be said
    /// wherever the slice is shown.
    pub fn partly_outside(&self) -> usize {
        self.inside.iter().filter(|&&share| share > 0.0 && share < 1.0).count()
    }
}

/// The values of a slab over a plane or along a curve: trilinear samples exact to f32 rounding, and their maximum,
/// minimum or mean, which stay within half a unit of the f64 result for 16-bit volumes (a 1/131,072 of the range
/// for others). See [`Slab::sampling`] for where the samples lie.
///
/// # Errors
/// [`MprError`] for a size or a thickness that cannot be, or a lost device.
pub fn reform(
    gpu: &Gpu,
    volume: &VolumeTexture,
    surface: &SliceSurface,
    slab: &Slab,
) -> Result<SlabValues, MprError> {
    let size = surface.size();
    let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let (texture, sampling) = reform_into(gpu, &mut encoder, volume, &surface.rows(), size[0], slab)?;
    gpu.queue.submit([encoder.finish()]);
    let read = read_texture(gpu, &texture)?;
    let pair = |b: &[u8]| {
        let float = |n: usize| f32::from_le_bytes([b[n], b[n + 1], b[n + 2], b[n + 3]]);
        (float(0), float(4))
    };
    let (values, inside) = read
        .bytes
        .chunks_exact(8)
        .map(pair)
        .map(|(value, inside)| ((inside > 0.0).then_some(value), inside))
        .unzip();
    Ok(SlabValues { slice: MprValues { size, values }, inside, sampling })
}

/// Records the same into a texture that stays on the GPU: value, and share inside (0 outside).
pub(crate) fn reform_into(
    gpu: &Gpu,
    encoder: &mut wgpu::CommandEncoder,
    volume: &VolumeTexture,
    rows: &[RasterRow],
    columns: u32,
    slab: &Slab,
) -> Result<(wgpu::Texture, SlabSampling), MprError> {
    let size = [columns, rows.len() as u32];
    let limit = gpu.device.limits().max_texture_dimension_2d;
    if size.iter().any(|&n| n == 0 || n > limit) {
        return Err(MprError::Size { size, limit });
    }
    let refused = MprError::Slab { thickness_mm: slab.thickness_mm };
    let sampling = slab.sampling(volume.grid()).ok_or(refused)?;
    let texture = sheet(gpu, "reform", size, FORMAT);
    let passes = gpu.once(|| Passes::new(gpu));
    let buffer = |label, contents: &[u8], usage| {
        gpu.filled_buffer(&wgpu::util::BufferInitDescriptor { label: Some(label), contents, usage })
    };
    let (start, step) = (sampling.depth_mm(0), sampling.step_mm);
    let packed: Vec<Row> = rows.iter().map(|row| Row::new(volume.grid(), row, start, step)).collect();
    let packed = buffer("rows", bytemuck::cast_slice(&packed), wgpu::BufferUsages::STORAGE);
    let uniform = SlabUniform::new(volume, slab, &sampling);
    let uniform = buffer("slab", bytemuck::bytes_of(&uniform), wgpu::BufferUsages::UNIFORM);
    let resources = [packed.as_entire_binding(), uniform.as_entire_binding()];
    let group = bind(gpu, "reform", &passes.layout, &resources);
    let cut = volume.cut(gpu, rows, columns, &sampling).map_err(|error| match error {
        CutError::Large { bytes, budget } => MprError::Bricks { bytes, budget },
        CutError::NotHere(why) => MprError::NotHere(why),
    })?;
    let voxels = passes.voxels.group(gpu, volume, cut.as_deref());
    let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
    let mut pass = begin(encoder, "reform", &view, wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT));
    pass.set_pipeline(if cut.is_some() { &passes.blocks } else { &passes.whole });
    pass.set_bind_group(0, &group, &[]);
    pass.set_bind_group(1, &voxels, &[]);
    pass.draw(0..3, 0..1);
    drop(pass);
    Ok((texture, sampling))
}

/// Value, and share of the samples inside the volume.
const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rg32Float;

/// `Row` of shared/rows.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(crate) struct Row {
    whole: [i32; 4],
    part: [f32; 4],
    right: [f32; 4],
    right_rest: [f32; 4],
    away: [f32; 4],
    away_rest: [f32; 4],
}

impl Row {
    /// A row through a grid whose samples start at a depth and lie `step_mm` apart.
    pub(crate) fn new(grid: &Grid, row: &RasterRow, start_mm: f64, step_mm: f64) -> Self {
        let ijk_from_lps = grid.ijk_from_lps();
        let first: Point<Ijk> = ijk_from_lps * row.lps(0.0, start_mm);
        // far outside any volume is still far outside
        let first = first.to_array().map(|p| p.clamp(-1e6, 1e6));
        let (right, right_rest) = steps(ijk_from_lps * row.right);
        let (away, away_rest) = steps(ijk_from_lps * (row.away * step_mm));
        Self {
            whole: four(first.map(|p| p.floor() as i32), 0),
            part: four(first.map(|p| (p - p.floor()) as f32), 0.0),
            right,
            right_rest,
            away,
            away_rest,
        }
    }
}

/// A step in voxels as a multiple of 2^-10, whose products with whole numbers are exact in f32, and the rest.
fn steps(step: Vector<Ijk>) -> ([f32; 4], [f32; 4]) {
    let step = step.to_array().map(|s| s.clamp(-1e4, 1e4));
    let coarse = step.map(|s| (s * 1024.0).round() / 1024.0);
    let rest = [step[0] - coarse[0], step[1] - coarse[1], step[2] - coarse[2]];
    (four(coarse.map(|s| s as f32), 0.0), four(rest.map(|s| s as f32), 0.0))
}

fn four<T>([x, y, z]: [T; 3], w: T) -> [T; 4] {
    [x, y, z, w]
}

/// `SlabUniform` of reform.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct SlabUniform {
    samples: u32,
    mode: u32,
    low: f32,
    scale: f32,
}

impl SlabUniform {
    fn new(volume: &VolumeTexture, slab: &Slab, sampling: &SlabSampling) -> Self {
        let mode = match slab.mode {
            SlabMode::Maximum => 0,
            SlabMode::Minimum => 1,
            SlabMode::Mean => 2,
        };
        let (low, high) = volume.range();
        let (low, scale) = if volume.floats() {
            (low, 65535.0 / (high - low).max(f32::MIN_POSITIVE * 65536.0))
        } else {
            (0.0, 1.0)
        };
        Self { samples: sampling.samples, mode, low, scale }
    }
}

#[derive(Debug)]
struct Passes {
    voxels: Voxels,
    layout: wgpu::BindGroupLayout,
    whole: wgpu::RenderPipeline,
    blocks: wgpu::RenderPipeline,
}

impl Passes {
    fn new(gpu: &Gpu) -> Self {
        let buffer = |ty| wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None };
        let rows = buffer(wgpu::BufferBindingType::Storage { read_only: true });
        let layout = group_layout(gpu, "reform", &[rows, buffer(wgpu::BufferBindingType::Uniform)]);
        let voxels = Voxels::new(gpu);
        let pipeline = |blocks: bool| {
            let constants = [("BLOCKS", f64::from(u8::from(blocks)))];
            let groups = &[&layout, &voxels.layout];
            let cover = Cover {
                file: "reform.wgsl",
                groups,
                format: FORMAT,
                also: None,
                blend: None,
                constants: &constants,
                instances: None,
            };
            cover.pipeline(gpu)
        };
        let (whole, blocks) = (pipeline(false), pipeline(true));
        Self { voxels, layout, whole, blocks }
    }
}
