//! Pictures get better while nothing changes, and begin anew when anything does.

use image::{Rgba, RgbaImage};
use meshing_space::{Point, Vector};
use meshing_volume::LabelMap;
use render_gpu::read_rgba;
use render_volume::{
    Accumulated, Accumulator, ClipPlane, ClipPlanes, FigureMap, FrameLoop, Hidden, MeshBuffers, MeshItem,
    Mode, Outline, Quality, Renderer, Scene, SegmentItem, SegmentLook, Segments, SliceItem, SlicePlane,
    StrokeBuffers, StrokeItem, Target, ViewMatrices, Viewport, VolumeItem, VolumeMask, VolumeTexture,
    VolumesBy, Width, Window, picture_from, tiles, twin, verify,
};

use crate::common::*;
use crate::quality::sheet;
use crate::twins::lumpy_ball;

const SIZE: [u32; 2] = [64, 48];

/// A volume with coarse steps, and a mesh with edges.
fn scene() -> Scene {
    let texture = VolumeTexture::upload(gpu(), &volume_of(oblique_grid(), two_balls)).unwrap();
    let (positions, triangles) = lumpy_ball(8.0);
    let moved: Vec<_> = positions.iter().map(|p| *p + Vector::new(-12.0, -4.0, 10.0)).collect();
    let mut look = look(Mode::Dvr);
    look.step_voxels = 2.0;
    Scene {
        volumes: vec![VolumeItem::new(texture, look)],
        meshes: vec![MeshItem::new(
            MeshBuffers::from_triangles(gpu(), &moved, &triangles).unwrap(),
            [0.9, 0.9, 0.8, 1.0],
        )],
        background: [0.02, 0.03, 0.05, 1.0],
        ..Scene::default()
    }
}

fn eye() -> ViewMatrices {
    askew().matrices(f64::from(SIZE[0]) / f64::from(SIZE[1]))
}

/// One more frame, and the picture that the target then holds with its depth beside it.
fn frame(
    size: [u32; 2],
    clear: [f64; 4],
    draw: impl FnOnce(&mut wgpu::CommandEncoder, &Target<'_>) -> Accumulated,
) -> (RgbaImage, Vec<f32>, Accumulated) {
    let colour = sheet(size, wgpu::TextureFormat::Rgba8UnormSrgb, wgpu::TextureUsages::COPY_SRC);
    let usage = wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_SRC;
    let depth = sheet(size, wgpu::TextureFormat::Depth32Float, usage);
    let view = |t: &wgpu::Texture| t.create_view(&wgpu::TextureViewDescriptor::default());
    let mut encoder = gpu().device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let target =
        Target { colour: &view(&colour), depth: &view(&depth), size, viewport: None, clear: Some(clear) };
    let done = draw(&mut encoder, &target);
    gpu().queue.submit([encoder.finish()]);
    let picture = RgbaImage::from_raw(size[0], size[1], read_rgba(gpu(), &colour).unwrap().bytes).unwrap();
    let depths = bytemuck::pod_collect_to_vec(&render_gpu::read_texture(gpu(), &depth).unwrap().bytes);
    (picture, depths, done)
}

fn linear(b: u8) -> f64 {
    let c = f64::from(b) / 255.0;
    if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
}

fn encoded(light: f64) -> u8 {
    let c = if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
    (c * 255.0).round() as u8
}

/// The scene with six rays along each edge of a pixel and steps an eighth as long.
fn reference(renderer: &mut Renderer, scene: &Scene) -> RgbaImage {
    const MORE: u32 = 6;
    let mut fine = scene.clone();
    for item in &mut fine.volumes {
        item.look.step_voxels /= 8.0;
    }
    let large = picture_from(gpu(), renderer, SIZE.map(|n| n * MORE), &eye(), &fine).unwrap();
    RgbaImage::from_fn(SIZE[0], SIZE[1], |x, y| {
        let mean = |c: usize| {
            let all = (0..MORE * MORE).map(|n| large.get_pixel(x * MORE + n % MORE, y * MORE + n / MORE)[c]);
            all.map(linear).sum::<f64>() / f64::from(MORE * MORE)
        };
        Rgba([encoded(mean(0)), encoded(mean(1)), encoded(mean(2)), 255])
    })
}

fn psnr(a: &RgbaImage, b: &RgbaImage) -> f64 {
    let each = a.as_raw().iter().zip(b.as_raw());
    let sum: f64 = each.map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).sum();
    10.0 * (255.0_f64.powi(2) / (sum / a.as_raw().len() as f64)).log10()
}

#[test]
fn a_picture_comes_nearer_to_the_supersampled_one_with_every_fourfold_of_frames() {
    let scene = scene();
    for by in [VolumesBy::Shaders, VolumesBy::Processor] {
        let mut renderer = Renderer::for_pictures(gpu());
        renderer.draw_volumes_by(by);
        let truth = reference(&mut renderer, &scene);
        let plain = picture_from(gpu(), &mut renderer, SIZE, &eye(), &scene).unwrap();
        let mut accumulator = Accumulator::new(gpu(), &renderer);
        let mut figures = Vec::new();
        let mut last = None;
        for n in 1..=Accumulator::FRAMES + 2 {
            let (picture, depths, done) = frame(SIZE, scene.background, |encoder, target| {
                accumulator.draw(encoder, &mut renderer, target, &eye(), &scene, Quality::FULL)
            });
            assert_eq!((done.done, done.of), (n.min(Accumulator::FRAMES), Accumulator::FRAMES));
            if n == 1 {
                assert_eq!(picture, plain, "the first frame is what plain drawing shows");
            }
            if [1, 4, 16, 32].contains(&n) {
                figures.push(psnr(&picture, &truth));
            }
            if n > Accumulator::FRAMES {
                assert!(done.is_done());
                assert_eq!(last, Some((picture.clone(), depths.clone())), "a picture that is done stays");
            }
            last = Some((picture, depths));
        }
        eprintln!("{by:?}: PSNR at 1, 4, 16, 32 frames: {figures:.2?} dB");
        assert!(figures.windows(2).all(|w| w[1] > w[0] + 0.3), "{figures:?}");
        assert!(figures[3] > figures[0] + 6.0, "{figures:?}");
        // captures know nothing of it
        let capture = picture_from(gpu(), &mut renderer, SIZE, &eye(), &scene).unwrap();
        assert_eq!(verify(&capture, &tiles(&plain, 16)), Ok(()));
        assert!(
            verify(&last.unwrap().0, &tiles(&plain, 16)).is_err(),
            "the hashes tell an accumulated picture"
        );
    }
}

#[test]
fn the_mean_is_that_of_its_twin_and_a_coarse_one_is_enlarged_as_there() {
    let scene = scene();
    let mut renderer = Renderer::for_pictures(gpu());
    renderer.draw_volumes_by(VolumesBy::Shaders);
    for quality in [Quality::FULL, Quality::LEVELS[2]] {
        let mut accumulator = Accumulator::with_frames(gpu(), &renderer, 5);
        let size = quality.size(SIZE);
        let frames: Vec<_> = (0..5)
            .map(|n| {
                let (view, scene) = Accumulator::frame(n, &eye(), &quality.scene(&scene), size);
                picture_from(gpu(), &mut renderer, size, &view, &scene).unwrap()
            })
            .collect();
        let mut shown = None;
        for _ in 0..5 {
            shown = Some(frame(SIZE, scene.background, |encoder, target| {
                accumulator.draw(encoder, &mut renderer, target, &eye(), &scene, quality)
            }));
        }
        let (picture, _, done) = shown.unwrap();
        assert!(done.is_done() && done.words().en.contains("accumulated 5 of 5"), "{:?}", done.words());
        let (mean, most) = difference(&picture, &twin::temporal(&frames, SIZE));
        assert!(mean < 0.05 && most <= 1, "off by {mean:.4} and {most}");
        let (mean, _) = difference(&picture, &twin::temporal(&frames[..1], SIZE));
        assert!(mean > 0.2, "a single frame would pass for the mean: {mean:.4}");
    }
}

/// The scene with one thing changed, each by its name.
fn changes(base: &Scene) -> Vec<(&'static str, Scene)> {
    let with = |name, change: &dyn Fn(&mut Scene)| {
        let mut scene = base.clone();
        change(&mut scene);
        (name, scene)
    };
    let volume = volume_of(oblique_grid(), two_balls);
    let again = VolumeTexture::upload(gpu(), &volume).unwrap();
    let texture = base.volumes[0].texture.clone();
    let labels = |label: u8| {
        let count = volume.grid().size().iter().product();
        std::sync::Arc::new(LabelMap::new(*volume.grid(), vec![label; count]).unwrap())
    };
    let segments = Segments::new(gpu(), &texture, &labels(1)).unwrap();
    let others = Segments::new(gpu(), &texture, &labels(1)).unwrap();
    let item = |segments: &Segments, looks| Some(SegmentItem { segments: segments.clone(), looks });
    let hidden = SegmentLook { opacity: 0.5, ..SegmentLook::PLAIN };
    let (positions, triangles) = lumpy_ball(8.0);
    let buffers = MeshBuffers::from_triangles(gpu(), &positions, &triangles).unwrap();
    let lines =
        || StrokeBuffers::lines(gpu(), &[vec![centre(), centre() + Vector::new(9.0, 0.0, 0.0)]]).unwrap();
    let cut = |x: f64| {
        ClipPlanes::new(&[ClipPlane { point: Point::new(x, 0.0, 0.0), normal: Vector::new(1.0, 0.0, 0.0) }])
    };
    let plane = SlicePlane::axial(volume.grid(), centre());
    vec![
        with("another upload of the volume", &|s| s.volumes[0].texture = again.clone()),
        with("one volume more", &|s| s.volumes.push(s.volumes[0].clone())),
        with("no volume", &|s| s.volumes.clear()),
        with("mode", &|s| s.volumes[0].look.mode = Mode::Mip),
        with("window", &|s| s.volumes[0].look.window = Window::new(0.0, 2001.0)),
        with("opacity", &|s| {
            s.volumes[0].look.transfer = s.volumes[0].look.transfer.with_opacity(0.999);
        }),
        with("light", &|s| s.volumes[0].look.shading.specular += 1e-3),
        with("step", &|s| s.volumes[0].look.step_voxels = 1.99),
        with("segments", &|s| s.volumes[0].segments = item(&segments, vec![])),
        with("a segment's look", &|s| s.volumes[0].segments = item(&segments, vec![hidden.clone(); 2])),
        with("other segments", &|s| s.volumes[0].segments = item(&others, vec![])),
        with("the mesh", &|s| s.meshes[0].buffers = buffers.clone()),
        with("its colour", &|s| s.meshes[0].colour[1] = 0.901),
        with("its opacity", &|s| s.meshes[0].colour[3] = 0.99),
        with("its light", &|s| s.meshes[0].shading.ambient += 1e-3),
        with("its figures", &|s| s.meshes[0].map = Some(FigureMap::fitted("mm", 1.0, 0.1))),
        with("its outline", &|s| {
            s.meshes[0].outline = Some(Outline { colour: [1.0; 4], width_px: 1.0, hidden: 0.0 });
        }),
        with("lines", &|s| s.strokes.push(StrokeItem::new(lines(), [1.0; 4], Width::Px(1.0)))),
        with("wider lines", &|s| s.strokes.push(StrokeItem::new(lines(), [1.0; 4], Width::Px(1.5)))),
        with("lines that show when hidden", &|s| {
            let mut item = StrokeItem::new(lines(), [1.0; 4], Width::Px(1.0));
            item.hidden = Hidden::Faint(0.5);
            s.strokes.push(item);
        }),
        with("a slice", &|s| {
            s.slices.push(SliceItem { texture: texture.clone(), plane, window: Window::new(0.0, 2000.0) });
        }),
        with("a slice a hair on", &|s| {
            let plane = plane.moved(1e-6);
            s.slices.push(SliceItem { texture: texture.clone(), plane, window: Window::new(0.0, 2000.0) });
        }),
        with("a mask", &|s| s.masks.push(VolumeMask { volume: 0, within: 1, labels: vec![1] })),
        with("a cut", &|s| s.clip = cut(100.0).unwrap()),
        with("a cut a hair on", &|s| s.clip = cut(100.000_001).unwrap()),
        with("background", &|s| s.background[0] = 0.021),
    ]
}

#[test]
fn every_change_alone_begins_anew_and_no_change_goes_on() {
    let base = scene();
    let mut renderer = Renderer::for_pictures(gpu());
    renderer.draw_volumes_by(VolumesBy::Processor);
    // a size at which a frame costs nothing: what is tested is the count
    let size = [8, 6];
    let mut accumulator = Accumulator::new(gpu(), &renderer);
    let mut step = |renderer: &mut Renderer, size, view: &ViewMatrices, scene: &Scene, quality, clear| {
        frame(size, clear, |encoder, target| {
            accumulator.draw(encoder, renderer, target, view, scene, quality)
        })
        .2
        .done
    };
    let (full, clear, view) = (Quality::FULL, base.background, eye());
    for (name, scene) in changes(&base) {
        let again = scene.clone();
        for (n, scene) in [(1, &base), (2, &base), (1, &scene), (2, &again)] {
            assert_eq!(step(&mut renderer, size, &view, scene, full, clear), n, "{name}");
        }
    }
    let coarse = Quality::LEVELS[1];
    let mut near = view;
    near.view_from_lps.translation.x += 1e-9;
    let mut wider = view;
    wider.clip_from_view.x_axis.x *= 1.0 + 1e-12;
    for (size, view, quality, clear) in [
        (size, &view, full, clear),
        ([8, 7], &view, full, clear),
        (size, &near, full, clear),
        (size, &wider, full, clear),
        (size, &view, coarse, clear),
        (size, &view, full, [0.1; 4]),
    ] {
        assert_eq!(step(&mut renderer, size, view, &base, quality, clear), 1);
        assert_eq!(step(&mut renderer, size, view, &base, quality, clear), 2);
    }
    renderer.keep_layers(2);
    assert_eq!(step(&mut renderer, size, &view, &base, full, clear), 1);
    renderer.draw_volumes_by(VolumesBy::Shaders);
    assert_eq!(step(&mut renderer, size, &view, &base, full, clear), 1);
    assert_eq!(step(&mut renderer, size, &view, &base, full, clear), 2);
}

#[test]
fn nothing_of_an_old_picture_is_left_after_a_change() {
    let base = scene();
    let mut other = base.clone();
    other.volumes[0].look.transfer = other.volumes[0].look.transfer.with_opacity(0.3);
    other.meshes.clear();
    for by in [VolumesBy::Shaders, VolumesBy::Processor] {
        let mut renderer = Renderer::for_pictures(gpu());
        renderer.draw_volumes_by(by);
        let mut accumulator = Accumulator::with_frames(gpu(), &renderer, 8);
        let mut draw = |renderer: &mut Renderer, scene: &Scene| {
            frame(SIZE, scene.background, |encoder, target| {
                accumulator.draw(encoder, renderer, target, &eye(), scene, Quality::FULL)
            })
        };
        for frames in [1, 3, 8] {
            for _ in 0..frames {
                draw(&mut renderer, &base);
            }
            let (after, depths, _) = draw(&mut renderer, &other);
            let fresh = picture_from(gpu(), &mut renderer, SIZE, &eye(), &other).unwrap();
            assert_eq!(after, fresh, "after {frames} frames by {by:?}");
            assert!(depths.iter().all(|&d| d == 0.0), "the mesh that is gone left its depth");
            // what a picture that was not begun anew would show
            let stale = picture_from(gpu(), &mut renderer, SIZE, &eye(), &base).unwrap();
            let mixed = twin::temporal(&[stale, fresh], SIZE);
            assert!(difference(&after, &mixed).1 > 20, "a stale picture would go unseen");
        }
    }
}

#[test]
fn a_frame_loop_is_coarse_while_it_moves_then_full_then_done_and_says_so() {
    let scene = scene();
    let mut renderer = Renderer::for_pictures(gpu());
    renderer.draw_volumes_by(VolumesBy::Processor);
    let mut frames = FrameLoop::new(gpu(), &renderer, 16.0);
    let mut now = 0.0;
    let mut step = |renderer: &mut Renderer, view: &ViewMatrices, took_ms: f64| {
        now += 16.0;
        frame(SIZE, scene.background, |encoder, target| {
            frames.draw(encoder, renderer, target, view, &scene, (took_ms, now))
        })
    };
    let mut camera = askew();
    for _ in 0..6 {
        camera.orbit(0.01, 0.0);
        let view = camera.matrices(f64::from(SIZE[0]) / f64::from(SIZE[1]));
        let (_, _, done) = step(&mut renderer, &view, 12.0);
        assert!(!done.quality.is_full() && done.done == 1 && !done.is_done());
    }
    let view = camera.matrices(f64::from(SIZE[0]) / f64::from(SIZE[1]));
    let plain = picture_from(gpu(), &mut renderer, SIZE, &view, &scene).unwrap();
    let rest: Vec<_> = (0..60).map(|_| step(&mut renderer, &view, 12.0)).collect();
    let full = rest.iter().position(|(_, _, d)| d.quality.is_full()).unwrap();
    assert!((8..=11).contains(&full), "at rest after {full} frames");
    assert!(rest[..full].iter().all(|(_, _, d)| !d.is_done()), "a coarse picture is not done");
    assert_eq!(rest[full].0, plain);
    let done = rest.iter().position(|(_, _, d)| d.is_done()).unwrap();
    assert_eq!(done, full + Accumulator::FRAMES as usize - 1);
    assert!(rest[done..].windows(2).all(|w| w[0].0 == w[1].0), "what is done stays");
    camera.orbit(0.01, 0.0);
    let view = camera.matrices(f64::from(SIZE[0]) / f64::from(SIZE[1]));
    let (_, _, moved) = step(&mut renderer, &view, 1.0);
    assert!(!moved.quality.is_full() && moved.done == 1);
}

#[test]
fn a_part_of_a_target_is_filled_and_the_rest_left_alone() {
    let scene = scene();
    let mut renderer = Renderer::for_pictures(gpu());
    let mut accumulator = Accumulator::with_frames(gpu(), &renderer, 4);
    let part = Viewport { x: 20, y: 10, width: 64, height: 48 };
    let (picture, ..) = frame([100, 80], [0.5, 0.0, 0.0, 1.0], |encoder, target| {
        let target = Target { viewport: Some(part), ..*target };
        accumulator.draw(encoder, &mut renderer, &target, &eye(), &scene, Quality::FULL)
    });
    let alone = Scene { background: [0.5, 0.0, 0.0, 1.0], ..scene };
    let alone = picture_from(gpu(), &mut renderer, SIZE, &eye(), &alone).unwrap();
    let inside = image::imageops::crop_imm(&picture, 20, 10, 64, 48).to_image();
    assert_eq!(inside, alone);
    assert_eq!(picture.get_pixel(2, 2)[0], encoded(0.5));
}
