//! A real device, software or not: opening it, losing it and reading textures back.

mod health;

use render_gpu::{Gpu, LOOP_TURNS, ReadError, adapters, read_rgba, read_texture, requirements};

pub(crate) fn gpu() -> Gpu {
    match Gpu::headless() {
        Ok(gpu) => gpu,
        Err(error) => panic!("these tests need a device, but {error}"),
    }
}

/// A texture of `format` holding `bytes`, 4 a pixel.
pub(crate) fn filled(gpu: &Gpu, size: [u32; 2], format: wgpu::TextureFormat, bytes: &[u8]) -> wgpu::Texture {
    let extent = wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 };
    let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: extent,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::COPY_SRC | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    let layout =
        wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(size[0] * 4), rows_per_image: None };
    gpu.queue.write_texture(texture.as_image_copy(), bytes, layout, extent);
    texture
}

#[test]
fn the_opened_adapter_is_among_those_listed_and_has_what_was_asked() {
    let gpu = gpu();
    assert!(adapters().contains(&gpu.facts), "{:?}", gpu.facts);
    let asked = requirements().optional_features;
    assert!(asked.contains(gpu.device.features() & asked));
    assert!(gpu.device.limits().max_texture_dimension_3d >= 2048);
    assert!(gpu.wait());
    assert_eq!(gpu.facts.largest_texture_3d, gpu.device.limits().max_texture_dimension_3d);
    let report = gpu.facts.report();
    for fault in &gpu.facts.faults {
        assert!(report.contains(fault.id) && gpu.facts.has_fault(fault.id), "{report}");
    }
    let lavapipe = gpu.facts.driver == "llvmpipe";
    assert_eq!(gpu.facts.has_fault(LOOP_TURNS), lavapipe, "{report}");
    assert!(!lavapipe || gpu.facts.largest_storage_binding_bytes == 128 << 20, "{report}");
}

#[test]
fn rows_that_need_padding_come_back_as_they_went() {
    let gpu = gpu();
    let size = [67, 5];
    let bytes: Vec<u8> = (0..67 * 5 * 4).map(|i| (i * 7 % 251) as u8).collect();
    let texture = filled(&gpu, size, wgpu::TextureFormat::Rgba8UnormSrgb, &bytes);
    let read = read_rgba(&gpu, &texture).unwrap();
    assert_eq!((read.size, read.bytes), (size, bytes.clone()));
    let texture = filled(&gpu, size, wgpu::TextureFormat::R32Float, &bytes);
    let read = read_texture(&gpu, &texture).unwrap();
    assert_eq!((read.bytes_per_pixel, read.bytes), (4, bytes));
}

#[test]
fn blue_first_is_turned_into_red_first_and_other_formats_are_refused() {
    let gpu = gpu();
    let texture = filled(&gpu, [1, 1], wgpu::TextureFormat::Bgra8Unorm, &[10, 20, 30, 40]);
    assert_eq!(read_rgba(&gpu, &texture).unwrap().bytes, [30, 20, 10, 40]);
    let texture = filled(&gpu, [1, 1], wgpu::TextureFormat::R32Float, &[0; 4]);
    assert!(matches!(read_rgba(&gpu, &texture), Err(ReadError::Unsupported { .. })));
}
