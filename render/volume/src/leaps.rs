//! How far rays may leap, found by the device after a change of the transfer function.
//!
//! [`Cells::visible`](crate::cells::Cells::visible) is the twin, and what is used where the device is software, where
//! a volume is in bricks (what to bring is known from there) or has segments.

use bytemuck::{Pod, Zeroable};
use render_gpu::Gpu;
use wgpu::util::BufferInitDescriptor;

use crate::cells::{Cells, Shows};
use crate::{TransferFunction, VolumeTexture, shaders};

/// `Leaps` of leaps.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Told {
    cells: [u32; 3],
    row: u32,
    parts: [u32; 3],
    axis: u32,
    low: f32,
    per_value: f32,
    last: f32,
    unused: f32,
}

/// The passes, made once for a device.
#[derive(Debug)]
struct Passes {
    layout: wgpu::BindGroupLayout,
    occupancy: wgpu::ComputePipeline,
    spread: wgpu::ComputePipeline,
    pack: wgpu::ComputePipeline,
}

/// Leap distances of a volume, by the device; `None` where its ranges are more than a shader may read at once.
pub(crate) fn leaps(
    gpu: &Gpu,
    volume: &VolumeTexture,
    transfer: &TransferFunction,
) -> Option<wgpu::TextureView> {
    let cells = volume.cells();
    let limits = gpu.device.limits();
    let most = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
    if size_of_val(cells.parts.as_slice()) as u64 > most {
        return None;
    }
    let texture = distances(gpu, volume.part_ranges(), cells, transfer);
    Some(texture.create_view(&wgpu::TextureViewDescriptor::default()))
}

/// The ranges of a volume's parts, for [`leaps`].
pub(crate) fn ranges(gpu: &Gpu, cells: &Cells) -> wgpu::Buffer {
    filled(gpu, "ranges", bytemuck::cast_slice(&cells.parts), wgpu::BufferUsages::STORAGE)
}

fn distances(gpu: &Gpu, ranges: &wgpu::Buffer, cells: &Cells, transfer: &TransferFunction) -> wgpu::Texture {
    let passes = gpu.once(|| Passes::new(gpu));
    let size = cells.size.map(|n| n as u32);
    let row = size[0].next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
    let shows = Shows::of(transfer);
    let told = |axis| Told {
        cells: size,
        row,
        parts: cells.parts_size.map(|n| n as u32),
        axis,
        low: shows.low,
        per_value: shows.per_value,
        last: (shows.before.len() - 2) as f32,
        unused: 0.0,
    };
    let before =
        filled(gpu, "transparent entries", bytemuck::cast_slice(&shows.before), wgpu::BufferUsages::STORAGE);
    let buffer = |label, bytes: u64| {
        gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size: bytes,
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        })
    };
    let count = cells.minimum.len() as u64;
    let [a, b] = ["distances", "distances too"].map(|label| buffer(label, count * 4));
    let packed = buffer("packed distances", u64::from(row) * u64::from(size[1]) * u64::from(size[2]));
    let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: Some("leap distances"),
        size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: size[2] },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D3,
        format: wgpu::TextureFormat::R8Uint,
        usage: wgpu::TextureUsages::TEXTURE_BINDING
            | wgpu::TextureUsages::COPY_DST
            | wgpu::TextureUsages::COPY_SRC,
        view_formats: &[],
    });
    let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let mut run = |pipeline, axis, [read, write]: [&wgpu::Buffer; 2], width: u32| {
        let told = filled(gpu, "leaps", bytemuck::bytes_of(&told(axis)), wgpu::BufferUsages::UNIFORM);
        let buffers = [&told, ranges, &before, read, write].map(wgpu::Buffer::as_entire_binding);
        let group = crate::renderer::bind(gpu, "leaps", &passes.layout, &buffers);
        let mut pass = encoder
            .begin_compute_pass(&wgpu::ComputePassDescriptor { label: Some("leaps"), ..Default::default() });
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, &group, &[]);
        let [x, y, z] = [width, size[1], size[2]].map(|n| n.div_ceil(4));
        pass.dispatch_workgroups(x, y, z);
    };
    run(&passes.occupancy, 0, [&b, &a], size[0]);
    run(&passes.spread, 0, [&a, &b], size[0]);
    run(&passes.spread, 1, [&b, &a], size[0]);
    run(&passes.spread, 2, [&a, &b], size[0]);
    run(&passes.pack, 0, [&b, &packed], row / 4);
    encoder.copy_buffer_to_texture(
        wgpu::TexelCopyBufferInfo {
            buffer: &packed,
            layout: wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(row),
                rows_per_image: Some(size[1]),
            },
        },
        texture.as_image_copy(),
        texture.size(),
    );
    gpu.queue.submit([encoder.finish()]);
    texture
}

fn filled(gpu: &Gpu, label: &str, contents: &[u8], usage: wgpu::BufferUsages) -> wgpu::Buffer {
    gpu.filled_buffer(&BufferInitDescriptor { label: Some(label), contents, usage })
}

impl Passes {
    fn new(gpu: &Gpu) -> Self {
        let buffer = |ty| wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None };
        let storage = |read_only| buffer(wgpu::BufferBindingType::Storage { read_only });
        let types = [
            buffer(wgpu::BufferBindingType::Uniform),
            storage(true),
            storage(true),
            storage(true),
            storage(false),
        ];
        let entry = |(binding, ty)| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty,
            count: None,
        };
        let entries: Vec<_> = (0..).zip(types).map(entry).collect();
        let layout = gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("leaps"),
            entries: &entries,
        });
        let module = shaders::module(gpu, "leaps.wgsl");
        let pipelines = gpu.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("leaps"),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = |entry| {
            gpu.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(entry),
                layout: Some(&pipelines),
                module: &module,
                entry_point: Some(entry),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: None,
            })
        };
        let [occupancy, spread, pack] = ["occupancy", "spread", "pack"].map(pipeline);
        Self { layout, occupancy, spread, pack }
    }
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;
    use meshing_volume::{Grid, Volume, VolumeMeta, Voxels};

    use super::*;
    use crate::TransferPoint;

    /// Balls here and there in a volume of odd size.
    fn balls(size: [usize; 3]) -> Volume {
        let grid = Grid::axis_aligned(size, Point::origin(), [1.0; 3]).unwrap();
        let ball = |p: [usize; 3], at: [f64; 3], radius: f64| {
            let d: f64 = (0..3).map(|a| (p[a] as f64 - at[a]).powi(2)).sum::<f64>().sqrt();
            (1200.0 * ((radius - d) / 5.0 + 0.5).clamp(0.0, 1.0)) as i16 - 1000
        };
        let n = size.map(|n| n as f64);
        let voxels = (0..grid.len()).map(|at| {
            let p = [at % size[0], at / size[0] % size[1], at / size[0] / size[1]];
            let a = ball(p, [n[0] * 0.2, n[1] * 0.3, n[2] * 0.8], 9.0);
            a.max(ball(p, [n[0] * 0.7, n[1] * 0.6, n[2] * 0.3], 4.0))
        });
        let meta = VolumeMeta { modality: "CT".into(), unit: "HU".into(), frame_of_reference: String::new() };
        Volume::new(grid, Voxels::I16(voxels.collect()), meta).unwrap()
    }

    fn transfer(from: f32) -> TransferFunction {
        let point = |value, opacity_per_mm| TransferPoint { value, colour: [1.0; 3], opacity_per_mm };
        let points =
            vec![point(from, 0.0), point(from + 30.0, 0.4), point(from + 60.0, 0.0), point(3000.0, 0.0)];
        TransferFunction::new(points).unwrap()
    }

    fn on_device(gpu: &Gpu, cells: &Cells, transfer: &TransferFunction) -> Vec<u8> {
        let texture = distances(gpu, &ranges(gpu, cells), cells, transfer);
        let [w, h, d] = cells.size;
        (0..d)
            .flat_map(|layer| {
                let bytes = render_gpu::read_texture_layer(gpu, &texture, layer as u32).unwrap().bytes;
                assert_eq!(bytes.len(), w * h);
                bytes
            })
            .collect()
    }

    #[test]
    fn the_device_finds_the_leaps_of_the_twin_byte_by_byte() {
        let gpu = Gpu::headless().unwrap();
        for size in [[133, 90, 71], [9, 200, 8], [1, 1, 1]] {
            let cells = Cells::of(&balls(size));
            for from in [-990.0, -500.0, 120.0, 199.0, 900.0] {
                let transfer = transfer(from);
                let twin = cells.visible(&transfer, None).distance;
                assert!(on_device(&gpu, &cells, &transfer) == twin, "{size:?} from {from}");
            }
        }
        let cells = Cells::of(&balls([133, 90, 71]));
        let other = cells.visible(&transfer(-500.0), None).distance;
        assert!(on_device(&gpu, &cells, &transfer(120.0)) != other, "another look leaps otherwise");
    }

    #[test]
    fn a_volume_keeps_its_ranges_for_every_look() {
        let gpu = Gpu::headless().unwrap();
        let volume = VolumeTexture::upload(&gpu, &std::sync::Arc::new(balls([40, 33, 20]))).unwrap();
        for from in [-990.0, 120.0] {
            let found = leaps(&gpu, &volume, &transfer(from)).unwrap();
            assert_eq!(found.texture().size().width as usize, volume.cells().size[0]);
        }
    }
}
