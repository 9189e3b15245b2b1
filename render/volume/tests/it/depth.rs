//! Meshes and volumes hide each other, and a scene composes with what is already there.

use meshing_space::Vector;
use render_gpu::read_rgba;
use render_volume::{
    Camera, Hidden, MeshBuffers, MeshItem, Mode, Outline, Renderer, Scene, StrokeBuffers, StrokeItem, Target,
    Viewport, VolumeItem, VolumeTexture, Width,
};

use crate::common::*;
use crate::twins::lumpy_ball;

/// The middle pixel of an opaque red ball of 10 mm and a green wall that many mm behind its middle.
fn middle_colour(wall_at: f64) -> [u8; 4] {
    let volume = volume_of(oblique_grid(), |p| if p.distance(centre()) < 10.0 { 1500.0 } else { -1000.0 });
    let mut look = look(Mode::Dvr);
    look.shading.specular = 0.0;
    look.transfer = render_volume::TransferFunction::new(vec![
        render_volume::TransferPoint { value: 0.0, colour: [1.0, 0.0, 0.0], opacity_per_mm: 0.0 },
        render_volume::TransferPoint { value: 500.0, colour: [1.0, 0.0, 0.0], opacity_per_mm: 0.99 },
    ])
    .unwrap();
    let at = centre() + Vector::new(0.0, wall_at, 0.0);
    let corner = |x: f64, z: f64| at + Vector::new(x, 0.0, z);
    let positions = [corner(-30.0, -30.0), corner(30.0, -30.0), corner(30.0, 30.0), corner(-30.0, 30.0)];
    let buffers = MeshBuffers::from_triangles(gpu(), &positions, &[[0, 1, 2], [0, 2, 3]]).unwrap();
    let scene = Scene {
        volumes: vec![VolumeItem::new(VolumeTexture::upload(gpu(), &volume).unwrap(), look)],
        meshes: vec![MeshItem::new(buffers, [0.0, 1.0, 0.0, 1.0])],
        ..Scene::default()
    };
    drawn([33, 33], &Camera::anterior(&oblique_grid().bounds()), &scene).get_pixel(16, 16).0
}

#[test]
fn a_wall_before_the_ball_hides_it_and_one_behind_is_hidden() {
    let [r, g, ..] = middle_colour(-15.0);
    assert!(g > 150 && r < 90, "the wall in front is green: {r} {g}");
    let [r, g, ..] = middle_colour(15.0);
    assert!(r > 150 && g < 90, "the ball in front is red: {r} {g}");
    let [r, g, ..] = middle_colour(0.0);
    assert!(r > 150 && g < 90, "half the ball is before a wall through its middle: {r} {g}");
    let [r, g, ..] = middle_colour(-10.8);
    assert!(g > r, "a wall that touches the ball's front hides it: {r} {g}");
}

#[test]
fn a_translucent_mesh_lets_the_volume_through() {
    let volume = volume_of(oblique_grid(), two_balls);
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let (positions, triangles) = lumpy_ball(20.0);
    let buffers = MeshBuffers::from_triangles(gpu(), &positions, &triangles).unwrap();
    let item = |opacity| MeshItem::new(buffers.clone(), [0.3, 0.6, 0.9, opacity]);
    let volumes = vec![VolumeItem::new(texture, look(Mode::Dvr))];
    let scene = |meshes: Vec<MeshItem>, volumes| Scene { meshes, volumes, ..Scene::default() };
    let alone = drawn([48, 48], &askew(), &scene(vec![], volumes.clone()));
    let veiled = drawn([48, 48], &askew(), &scene(vec![item(0.3)], volumes.clone()));
    let hidden = drawn([48, 48], &askew(), &scene(vec![item(1.0)], volumes));
    assert!(difference(&alone, &veiled).0 > 3.0 && difference(&veiled, &hidden).0 > 3.0);
    assert!(difference(&alone, &veiled).0 < difference(&alone, &hidden).0);
}

fn whole(texture: &wgpu::Texture) -> wgpu::TextureView {
    texture.create_view(&wgpu::TextureViewDescriptor::default())
}

#[test]
fn two_viewports_of_one_target_equal_two_pictures() {
    let volume = volume_of(oblique_grid(), two_balls);
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let (positions, triangles) = lumpy_ball(8.0);
    let buffers = MeshBuffers::from_triangles(gpu(), &positions, &triangles).unwrap();
    let (positions, triangles) = lumpy_ball(13.0);
    let veil = MeshBuffers::from_triangles(gpu(), &positions, &triangles).unwrap();
    let outline = Outline { colour: [1.0, 1.0, 0.0, 1.0], width_px: 1.5, hidden: 0.3 };
    let far = Vector::new(16.0, 4.0, 9.0);
    let line = StrokeBuffers::lines(gpu(), &[[centre() - far, centre() + far]]).unwrap();
    let scene = Scene {
        volumes: vec![VolumeItem::new(texture, look(Mode::Dvr))],
        meshes: vec![
            MeshItem::new(buffers, [0.2, 0.7, 0.4, 1.0]),
            MeshItem { outline: Some(outline), ..MeshItem::new(veil, [0.9, 0.6, 0.5, 0.3]) },
        ],
        strokes: vec![StrokeItem {
            hidden: Hidden::Faint(0.4),
            ..StrokeItem::new(line, [1.0; 4], Width::Px(2.0))
        }],
        ..Scene::default()
    };
    let mut other = askew();
    other.orbit(-0.7, 0.2);
    let texture = |format, usage| {
        gpu().device.create_texture(&wgpu::TextureDescriptor {
            label: None,
            size: wgpu::Extent3d { width: 80, height: 48, depth_or_array_layers: 1 },
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
    let (colour_view, depth_view) = (whole(&colour), whole(&depth));
    let mut renderer = Renderer::for_pictures(gpu());
    let mut encoder = gpu().device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    for (n, camera) in [askew(), other].iter().enumerate() {
        let target = Target {
            colour: &colour_view,
            depth: &depth_view,
            size: [80, 48],
            viewport: Some(Viewport { x: 40 * n as u32, y: 4, width: 40, height: 40 }),
            clear: (n == 0).then_some([0.0; 4]),
        };
        renderer.draw(&mut encoder, &target, &camera.matrices(1.0), &scene);
    }
    gpu().queue.submit([encoder.finish()]);
    let both = read_rgba(gpu(), &colour).unwrap();
    let both = image::RgbaImage::from_raw(80, 48, both.bytes).unwrap();
    for (n, camera) in [askew(), other].iter().enumerate() {
        let part = image::imageops::crop_imm(&both, 40 * n as u32, 4, 40, 40).to_image();
        let (mean, most) = difference(&part, &drawn([40, 40], camera, &scene));
        assert!(mean < 0.05 && most <= 3, "viewport {n} is off by {mean} and {most}");
    }
}
