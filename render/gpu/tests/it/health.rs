//! Devices that are lost, full or asked for what cannot be: an error with words, never a panic.

use render_gpu::{DeviceError, Gpu, GpuError, ReadError, read_buffer, read_rgba};

use crate::{filled, gpu};

const RGBA: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8UnormSrgb;

/// A 3D texture of `edge`³ voxels of 16 bytes.
fn cube(gpu: &Gpu, edge: u32) -> wgpu::Texture {
    gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: Some("cube"),
        size: wgpu::Extent3d { width: edge, height: edge, depth_or_array_layers: edge },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D3,
        format: wgpu::TextureFormat::Rgba32Float,
        usage: wgpu::TextureUsages::TEXTURE_BINDING,
        view_formats: &[],
    })
}

#[test]
fn a_lost_device_says_so_and_one_opened_again_does_the_same_work() {
    let gpu = gpu();
    let texture = filled(&gpu, [1, 1], RGBA, &[1, 2, 3, 4]);
    assert!(gpu.lost().is_none() && gpu.take_error().is_none());
    gpu.device.destroy();
    for error in [read_rgba(&gpu, &texture).unwrap_err(), read_rgba(&gpu, &texture).unwrap_err()] {
        assert!(matches!(error, ReadError::Device(DeviceError::Lost { .. })), "{error:?}");
        assert!(error.to_string().contains("open it again"), "{error}");
    }
    assert!(gpu.lost().is_some() && gpu.clone().lost().is_some(), "clones share the loss");
    assert!(!gpu.wait());
    let again = gpu.reopen().unwrap();
    assert!(again.lost().is_none());
    assert_eq!((again.device.features(), &again.facts), (gpu.device.features(), &gpu.facts));
    let texture = filled(&again, [1, 1], RGBA, &[1, 2, 3, 4]);
    assert_eq!(read_rgba(&again, &texture).unwrap().bytes, [1, 2, 3, 4]);
}

#[test]
fn work_on_a_device_that_is_lost_meanwhile_ends_with_words() {
    let gpu = gpu();
    let error = gpu.guarded(|| {
        gpu.device.destroy();
        filled(&gpu, [1, 1], RGBA, &[1, 2, 3, 4]);
        let contents = &[1, 2, 3, 4, 5];
        let usage = wgpu::BufferUsages::UNIFORM;
        gpu.filled_buffer(&wgpu::util::BufferInitDescriptor { label: None, contents, usage })
    });
    assert!(matches!(error, Err(DeviceError::Lost { .. })), "{error:?}");
}

#[test]
fn too_much_memory_is_refused_with_words_and_the_device_lives_on() {
    let gpu = gpu();
    let edge = gpu.facts.largest_texture_3d;
    let error = gpu.guarded(|| cube(&gpu, edge)).unwrap_err();
    assert_eq!(error, DeviceError::OutOfMemory, "{edge}³ voxels of 16 bytes");
    assert!(error.to_string().contains("coarser") && error.chinese().contains("显存"));
    assert!(gpu.guarded(|| cube(&gpu, 4)).is_ok());
    assert!(gpu.take_error().is_none(), "what was told is not told twice");
}

#[test]
fn an_error_that_nobody_caught_spoils_what_is_read_next_and_only_that() {
    let gpu = gpu();
    let texture = filled(&gpu, [1, 1], RGBA, &[1, 2, 3, 4]);
    cube(&gpu, gpu.facts.largest_texture_3d + 1);
    let error = read_rgba(&gpu, &texture).unwrap_err();
    assert!(
        matches!(&error, ReadError::Device(DeviceError::Refused(what)) if what.contains("cube")),
        "{error:?}"
    );
    assert_eq!(read_rgba(&gpu, &texture).unwrap().bytes, [1, 2, 3, 4]);
    let caught = gpu.guarded(|| cube(&gpu, gpu.facts.largest_texture_3d + 1));
    assert!(matches!(caught, Err(DeviceError::Refused(_))));
    assert!(read_rgba(&gpu, &texture).is_ok());
}

#[test]
fn a_buffer_of_any_length_holds_its_bytes() {
    let gpu = gpu();
    for length in [0_usize, 1, 4, 7] {
        let bytes: Vec<u8> = (1..=length as u8).collect();
        let usage = wgpu::BufferUsages::COPY_SRC;
        let wanted = wgpu::util::BufferInitDescriptor { label: None, contents: &bytes, usage };
        let buffer = gpu.filled_buffer(&wanted);
        assert_eq!(buffer.size(), length.next_multiple_of(4) as u64);
        if length > 0 {
            assert_eq!(&read_buffer(&gpu, &buffer).unwrap()[..length], &bytes);
        }
    }
}

#[test]
fn a_device_of_somebody_else_is_not_opened_again() {
    let own = gpu();
    let foreign = Gpu::from_parts(own.device.clone(), own.queue.clone(), &info());
    assert!(matches!(foreign.reopen(), Err(GpuError::Foreign { .. })));
    assert!(foreign.lost().is_none() && foreign.wait());
}

/// What the first adapter says of itself.
fn info() -> wgpu::AdapterInfo {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    descriptor.backends &= wgpu::Backends::PRIMARY;
    let instance = wgpu::Instance::new(descriptor);
    let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY));
    adapters.first().expect("these tests need a device").get_info()
}
