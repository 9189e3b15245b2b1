//! Coarse frames leave no trace in captures; two eyes at once are two eyes.

use image::RgbaImage;
use render_gpu::read_rgba;
use render_volume::{
    Adaptive, Foveation, Foveator, MeshBuffers, MeshItem, Mode, Renderer, Scene, Target, ViewMatrices,
    Viewport, VolumeItem, VolumeTexture, VolumesBy, picture_from, tiles, verify,
};

use crate::common::*;
use crate::twins::lumpy_ball;

const SIZE: [u32; 2] = [96, 80];

/// A volume and a mesh in it.
fn scene() -> Scene {
    let texture = VolumeTexture::upload(gpu(), &volume_of(oblique_grid(), two_balls)).unwrap();
    let (positions, triangles) = lumpy_ball(10.0);
    let buffers = MeshBuffers::from_triangles(gpu(), &positions, &triangles).unwrap();
    Scene {
        volumes: vec![VolumeItem::new(texture, look(Mode::Dvr))],
        meshes: vec![MeshItem::new(buffers, [0.2, 0.7, 0.4, 1.0])],
        background: [0.02, 0.03, 0.05, 1.0],
        ..Scene::default()
    }
}

pub(crate) fn sheet(
    size: [u32; 2],
    format: wgpu::TextureFormat,
    usage: wgpu::TextureUsages,
) -> wgpu::Texture {
    gpu().device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: usage | wgpu::TextureUsages::RENDER_ATTACHMENT,
        view_formats: &[],
    })
}

/// What `draw` leaves in a target.
fn target_of(
    size: [u32; 2],
    draw: impl FnOnce(&mut wgpu::CommandEncoder, &wgpu::TextureView, &wgpu::TextureView),
) -> RgbaImage {
    let colour = sheet(size, wgpu::TextureFormat::Rgba8UnormSrgb, wgpu::TextureUsages::COPY_SRC);
    let depth = sheet(size, wgpu::TextureFormat::Depth32Float, wgpu::TextureUsages::TEXTURE_BINDING);
    let whole = |t: &wgpu::Texture| t.create_view(&wgpu::TextureViewDescriptor::default());
    let mut encoder = gpu().device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    draw(&mut encoder, &whole(&colour), &whole(&depth));
    gpu().queue.submit([encoder.finish()]);
    RgbaImage::from_raw(size[0], size[1], read_rgba(gpu(), &colour).unwrap().bytes).unwrap()
}

#[test]
fn a_capture_after_any_number_of_coarse_frames_is_that_of_a_fresh_renderer() {
    let (scene, view) = (scene(), askew().matrices(f64::from(SIZE[0]) / f64::from(SIZE[1])));
    for by in [VolumesBy::Shaders, VolumesBy::Processor] {
        let mut fresh = Renderer::for_pictures(gpu());
        fresh.draw_volumes_by(by);
        let truth = picture_from(gpu(), &mut fresh, SIZE, &view, &scene).unwrap();
        let hashes = tiles(&truth, 64);
        let mut renderer = Renderer::for_pictures(gpu());
        renderer.draw_volumes_by(by);
        let foveator = Foveator::new(gpu(), &renderer);
        let mut adaptive = Adaptive::new(16.0);
        let mut coarse_frames = 0;
        for n in 0..20 {
            let quality = adaptive.frame(if n < 12 { 40.0 } else { 1.0 }, true, f64::from(n) * 16.0);
            let size = quality.size(SIZE);
            let coarse = target_of(size, |encoder, colour, depth| {
                let clear = Some(scene.background);
                let target = Target { colour, depth, size, viewport: None, clear };
                let moved = quality.scene(&scene);
                if n % 5 == 4 {
                    let foveation = Foveation { radii_deg: [2.0, 4.0], ..Foveation::default() };
                    foveator.draw(encoder, &mut renderer, &target, &view, &moved, &foveation);
                } else {
                    renderer.draw(encoder, &target, &view, &moved);
                }
            });
            coarse_frames += u32::from(!quality.is_full());
            let capture = picture_from(gpu(), &mut renderer, SIZE, &view, &scene).unwrap();
            assert_eq!(verify(&capture, &hashes), Ok(()), "after {n} frames by {by:?}");
            assert!(quality.is_full() || coarse.dimensions() != capture.dimensions());
        }
        assert!(coarse_frames > 10);
        // the hashes would tell a coarser drawing
        let coarse = render_volume::Quality::LEVELS[4].scene(&scene);
        let coarse = picture_from(gpu(), &mut renderer, SIZE, &view, &coarse).unwrap();
        assert!(verify(&coarse, &hashes).is_err(), "longer steps went unseen");
    }
}

#[test]
fn both_eyes_at_once_equal_two_pictures_and_swapped_eyes_do_not() {
    let scene = scene();
    let (mut left, mut right) = (askew(), askew());
    left.orbit(-0.04, 0.0);
    right.orbit(0.04, 0.0);
    let views: [ViewMatrices; 2] = [left, right].map(|c| c.matrices(f64::from(SIZE[0]) / f64::from(SIZE[1])));
    let mut renderer = Renderer::for_pictures(gpu());
    for by in [VolumesBy::Shaders, VolumesBy::Processor] {
        renderer.draw_volumes_by(by);
        let single: Vec<_> =
            views.iter().map(|v| picture_from(gpu(), &mut renderer, SIZE, v, &scene).unwrap()).collect();
        let side_by_side = [SIZE[0] * 2, SIZE[1]];
        let both = target_of(side_by_side, |encoder, colour, depth| {
            let [left, right] = [0, SIZE[0]].map(|x| Target {
                colour,
                depth,
                size: side_by_side,
                viewport: Some(Viewport { x, y: 0, width: SIZE[0], height: SIZE[1] }),
                clear: Some(scene.background),
            });
            renderer.draw_stereo(encoder, [&left, &right], [&views[0], &views[1]], &scene);
        });
        for (n, x) in [(0, 0), (1, SIZE[0])] {
            let eye = image::imageops::crop_imm(&both, x, 0, SIZE[0], SIZE[1]).to_image();
            let (mean, most) = difference(&eye, &single[n]);
            assert!(mean < 0.02 && most <= 3, "eye {n} by {by:?} is off by {mean:.4} and {most}");
            let (mean, most) = difference(&eye, &single[1 - n]);
            assert!(mean > 0.2 && most > 30, "swapped eyes went unseen: {mean:.4}, {most}");
        }
        // the same into a texture for each eye
        let mut second = None;
        let first = target_of(SIZE, |encoder, colour, depth| {
            second = Some(target_of(SIZE, |_, other, other_depth| {
                let target = |colour, depth| Target {
                    colour,
                    depth,
                    size: SIZE,
                    viewport: None,
                    clear: Some(scene.background),
                };
                let targets = [&target(colour, depth), &target(other, other_depth)];
                renderer.draw_stereo(encoder, targets, [&views[0], &views[1]], &scene);
                let other = gpu().device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
                gpu().queue.submit([std::mem::replace(encoder, other).finish()]);
            }));
        });
        assert_eq!(first, single[0], "by {by:?}");
        assert_eq!(second.unwrap(), single[1], "by {by:?}");
    }
}
