//! Fine where the eye looks, coarse around.

use image::RgbaImage;
use render_gpu::read_rgba;
use render_volume::{
    Camera, Foveation, Foveator, MeshBuffers, MeshItem, Mode, Renderer, Scene, Target, ViewMatrices,
    VolumeItem, VolumeTexture, VolumesBy, picture_from, twin,
};

use crate::common::*;
use crate::twins::lumpy_ball;

const SIZE: [u32; 2] = [121, 95];

fn foveated(
    renderer: &mut Renderer,
    foveator: &Foveator,
    view: &ViewMatrices,
    scene: &Scene,
    foveation: &Foveation,
) -> RgbaImage {
    let texture = |format, usage| {
        gpu().device.create_texture(&wgpu::TextureDescriptor {
            label: None,
            size: wgpu::Extent3d { width: SIZE[0], height: SIZE[1], depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage: usage | wgpu::TextureUsages::RENDER_ATTACHMENT,
            view_formats: &[],
        })
    };
    let colour = texture(wgpu::TextureFormat::Rgba8UnormSrgb, wgpu::TextureUsages::COPY_SRC);
    let depth = texture(wgpu::TextureFormat::Depth32Float, wgpu::TextureUsages::TEXTURE_BINDING);
    let whole = |t: &wgpu::Texture| t.create_view(&wgpu::TextureViewDescriptor::default());
    let target = Target {
        colour: &whole(&colour),
        depth: &whole(&depth),
        size: SIZE,
        viewport: None,
        clear: Some(scene.background),
    };
    let mut encoder = gpu().device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    foveator.draw(&mut encoder, renderer, &target, view, scene, foveation);
    gpu().queue.submit([encoder.finish()]);
    RgbaImage::from_raw(SIZE[0], SIZE[1], read_rgba(gpu(), &colour).unwrap().bytes).unwrap()
}

#[test]
fn the_fovea_is_exactly_a_plain_picture_and_the_rings_are_near_their_twin() {
    let mut renderer = Renderer::for_pictures(gpu());
    let foveator = Foveator::new(gpu(), &renderer);
    let texture = VolumeTexture::upload(gpu(), &volume_of(oblique_grid(), two_balls)).unwrap();
    let (positions, triangles) = lumpy_ball(10.0);
    let buffers = MeshBuffers::from_triangles(gpu(), &positions, &triangles).unwrap();
    let scene = Scene {
        volumes: vec![VolumeItem::new(texture, look(Mode::Dvr))],
        meshes: vec![MeshItem::new(buffers, [0.2, 0.7, 0.4, 1.0])],
        background: [0.02, 0.03, 0.05, 1.0],
        ..Scene::default()
    };
    let view = askew().matrices(f64::from(SIZE[0]) / f64::from(SIZE[1]));
    let aside = view.ray(-0.3, 0.2).1;
    for by in [VolumesBy::Shaders, VolumesBy::Processor] {
        renderer.draw_volumes_by(by);
        let mut at = |size| picture_from(gpu(), &mut renderer, size, &view, &scene).unwrap();
        let rates = [1, 2, 4].map(|rate| SIZE.map(|n: u32| n.div_ceil(rate)));
        let [full, coarse, coarser] = rates.map(&mut at);
        for gaze in [None, Some(aside)] {
            let foveation = Foveation { gaze, radii_deg: [4.0, 8.0], blend_deg: 1.0, ..Foveation::default() };
            let picture = foveated(&mut renderer, &foveator, &view, &scene, &foveation);
            let (mut inside, mut changed) = (0, 0);
            for (x, y, pixel) in picture.enumerate_pixels() {
                let ray = view.ray(
                    (f64::from(x) + 0.5) / f64::from(SIZE[0]) * 2.0 - 1.0,
                    1.0 - (f64::from(y) + 0.5) / f64::from(SIZE[1]) * 2.0,
                );
                let gaze = gaze.unwrap_or(view.towards_eye() * -1.0);
                let angle = ray.1.cross(gaze).length().atan2(ray.1.dot(gaze)).to_degrees();
                if angle < 3.999 {
                    inside += 1;
                    assert_eq!(pixel, full.get_pixel(x, y), "at {x}, {y}, {angle:.2} degrees, by {by:?}");
                } else {
                    changed += u32::from(pixel != full.get_pixel(x, y));
                }
            }
            assert!(inside > 400 && changed > 300, "{inside} pixels inside, {changed} changed outside");
            let truth = twin::fovea([&full, &coarse, &coarser], &view, &foveation);
            let (mean, most) = difference(&picture, &truth);
            assert!(mean < 0.05 && most <= 3, "the rings are off by {mean:.4} and {most}");
            let wrong = Foveation { gaze: Some(view.ray(0.6, -0.5).1), ..foveation };
            let wrong = twin::fovea([&full, &coarse, &coarser], &view, &wrong);
            assert!(difference(&picture, &wrong).1 > 30, "a gaze elsewhere went unseen");
        }
    }
}

#[test]
fn a_headset_view_needs_less_than_half_of_the_rays() {
    // half-angles of 45 degrees, as a headset has them
    let camera = Camera {
        projection: render_volume::Projection::Perspective { fov_y: std::f64::consts::FRAC_PI_2 },
        ..askew()
    };
    let view = camera.matrices(1.0);
    let share = Foveation::default().share(&view, [2048, 2048]);
    eprintln!("rays of a foveated headset view: {share:.3} of plain drawing's");
    assert!(share < 0.5, "{share}");
    let odd = Foveation {
        gaze: Some(meshing_space::Vector::new(0.0, 0.0, 0.0)),
        radii_deg: [f64::NAN, -4.0],
        blend_deg: f64::INFINITY,
        rates: [0, u32::MAX],
    };
    assert!(odd.share(&view, [640, 480]).is_finite() && odd.share(&view, [0, 0]).is_finite());
    let parallel = askew().orthographic().matrices(1.0);
    let [(size, within), ..] = Foveation::default().rings(&parallel, [640, 480]);
    assert_eq!((size, [within.width, within.height]), ([640, 480], [640, 480]), "parallel views stay whole");
}
