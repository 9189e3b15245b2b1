//! Each pass stays near its twin, and the bound would catch a mistake.

use meshing_space::{Lps, Point, Vector};
use render_volume::twin::{self, MeshTwin, TwinScene};
use render_volume::{
    ClipPlane, ClipPlanes, MeshBuffers, MeshItem, Mode, Scene, Shading, SliceItem, SlicePlane, VolumeItem,
    VolumeTexture, Window,
};

use crate::common::*;

const SIZE: [u32; 2] = [72, 56];
const BACKGROUND: [f64; 4] = [0.02, 0.03, 0.05, 1.0];

/// Mean and largest difference allowed, in steps of 255. Pictures hold 256 steps and are laid over each other
/// twice; lavapipe stays within 0.01 and 1, a card that filters with 8-bit weights gets a little room.
const MEAN: f64 = 0.05;
const MOST: u8 = 3;

fn bounded(name: &str, (mean, most): (f64, u8)) {
    eprintln!("{name}: mean {mean:.4}, most {most}");
    assert!(mean <= MEAN && most <= MOST, "{name} is off by {mean:.4} on average and {most} at most");
}

#[test]
fn dvr_is_near_its_twin_on_an_oblique_left_handed_grid() {
    let volume = volume_of(oblique_grid(), two_balls);
    let look = look(Mode::Dvr);
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    for camera in [askew(), askew().orthographic()] {
        let scene = Scene {
            volumes: vec![VolumeItem::new(texture.clone(), look.clone())],
            background: BACKGROUND,
            ..Scene::default()
        };
        let twin =
            TwinScene { volumes: vec![(&*volume, &look)], background: BACKGROUND, ..TwinScene::default() };
        let (gpu, twin) = (drawn(SIZE, &camera, &scene), twin::picture(SIZE, &camera, &twin));
        let empty = drawn(SIZE, &camera, &Scene { background: BACKGROUND, ..Scene::default() });
        assert!(difference(&gpu, &empty).0 > 10.0 * MEAN, "hardly anything was drawn");
        bounded("dvr", difference(&gpu, &twin));
    }
}

#[test]
fn float_volumes_are_drawn_like_integer_ones() {
    let volume = float_volume_of(oblique_grid(), two_balls);
    for mode in [Mode::Dvr, Mode::Mip] {
        let look = look(mode);
        let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
        let scene = Scene { volumes: vec![VolumeItem::new(texture, look.clone())], ..Scene::default() };
        let twin = TwinScene { volumes: vec![(&*volume, &look)], ..TwinScene::default() };
        bounded("float", difference(&drawn(SIZE, &askew(), &scene), &twin::picture(SIZE, &askew(), &twin)));
    }
}

#[test]
fn mip_is_near_its_twin() {
    let volume = volume_of(oblique_grid(), two_balls);
    let look = look(Mode::Mip);
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let scene = Scene { volumes: vec![VolumeItem::new(texture, look.clone())], ..Scene::default() };
    let twin = TwinScene { volumes: vec![(&*volume, &look)], ..TwinScene::default() };
    bounded("mip", difference(&drawn(SIZE, &askew(), &scene), &twin::picture(SIZE, &askew(), &twin)));
}

#[test]
fn a_mirrored_volume_breaks_the_bound() {
    let volume = volume_of(oblique_grid(), two_balls);
    let mirrored = volume_of(oblique_grid(), |p| {
        let d = p - centre();
        two_balls(centre() + Vector::new(-d.x(), d.y(), d.z()))
    });
    for mode in [Mode::Dvr, Mode::Mip] {
        let look = look(mode);
        let texture = VolumeTexture::upload(gpu(), &mirrored).unwrap();
        let scene = Scene { volumes: vec![VolumeItem::new(texture, look.clone())], ..Scene::default() };
        let twin = TwinScene { volumes: vec![(&*volume, &look)], ..TwinScene::default() };
        let (mean, most) = difference(&drawn(SIZE, &askew(), &scene), &twin::picture(SIZE, &askew(), &twin));
        assert!(mean > 10.0 * MEAN && most > 10 * MOST, "a wrong side went unseen: {mean} {most}");
    }
}

/// A closed lumpy ball around the middle of the grid.
pub(crate) fn lumpy_ball(radius_mm: f64) -> (Vec<Point<Lps>>, Vec<[u32; 3]>) {
    let (rings, around) = (14_u32, 24_u32);
    let mut positions = Vec::new();
    for r in 0..=rings {
        for s in 0..around {
            let (theta, phi) = (
                std::f64::consts::PI * f64::from(r) / f64::from(rings),
                std::f64::consts::TAU * f64::from(s) / f64::from(around),
            );
            let radius = radius_mm * (1.0 + 0.12 * (3.0 * phi).sin() * theta.sin());
            let unit = Vector::new(theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos());
            positions.push(centre() + unit * radius);
        }
    }
    let mut triangles = Vec::new();
    for r in 0..rings {
        for s in 0..around {
            let next = (s + 1) % around;
            let (a, b) = (r * around + s, r * around + next);
            let (c, d) = (a + around, b + around);
            triangles.extend([[a, c, b], [b, c, d]]);
        }
    }
    (positions, triangles)
}

#[test]
fn a_mesh_inside_a_volume_and_a_slice_through_both_are_near_their_twins() {
    let volume = volume_of(oblique_grid(), two_balls);
    let (positions, triangles) = lumpy_ball(9.0);
    let (look, colour, window) = (look(Mode::Dvr), [0.2, 0.7, 0.4], Window::new(0.0, 2000.0));
    let plane = SlicePlane::coronal(volume.grid(), centre() + Vector::new(0.0, 6.0, 0.0));
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let buffers = MeshBuffers::from_triangles(gpu(), &positions, &triangles).unwrap();
    let scene = Scene {
        volumes: vec![VolumeItem::new(texture.clone(), look.clone())],
        meshes: vec![MeshItem::new(buffers, [colour[0], colour[1], colour[2], 1.0])],
        slices: vec![SliceItem { texture, plane, window }],
        background: BACKGROUND,
        ..Scene::default()
    };
    let mesh = MeshTwin::new(&positions, &triangles, colour, Shading::default()).unwrap();
    let twin = TwinScene {
        volumes: vec![(&*volume, &look)],
        meshes: vec![mesh],
        slices: vec![(&*volume, plane, window)],
        background: BACKGROUND,
        ..TwinScene::default()
    };
    let (a, b) = (drawn(SIZE, &askew(), &scene), twin::picture(SIZE, &askew(), &twin));
    // a pixel on an outline belongs to the surface or not by rounding: those few may differ wholly
    let off =
        a.pixels().zip(b.pixels()).filter(|(a, b)| a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > MOST));
    let off = off.count();
    let (mean, most) = difference(&a, &b);
    eprintln!("mesh in volume: mean {mean:.4}, most {most}, {off} pixels over {MOST}");
    assert!(mean <= MEAN && off <= 12, "mean {mean:.4}, {off} of {} pixels over {MOST}", SIZE[0] * SIZE[1]);
}

#[test]
fn clip_planes_cut_as_in_the_twin() {
    let volume = volume_of(oblique_grid(), two_balls);
    let look = look(Mode::Dvr);
    let cut = ClipPlane { point: centre() + Vector::new(7.0, -2.0, 5.0), normal: Vector::new(0.2, 1.0, 0.1) };
    let clip = ClipPlanes::new(&[cut]).unwrap();
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let scene = |clip| Scene {
        volumes: vec![VolumeItem::new(texture.clone(), look.clone())],
        clip,
        ..Scene::default()
    };
    let twin = TwinScene { volumes: vec![(&*volume, &look)], clip: clip.clone(), ..TwinScene::default() };
    let cut_open = drawn(SIZE, &askew(), &scene(clip));
    bounded("clip", difference(&cut_open, &twin::picture(SIZE, &askew(), &twin)));
    assert!(
        difference(&cut_open, &drawn(SIZE, &askew(), &scene(ClipPlanes::none()))).0 > 1.0,
        "nothing was cut"
    );
}

/// A device of the same machine opened without any optional feature, as somebody else might hand one over.
pub(crate) fn plain_gpu() -> render_gpu::Gpu {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY));
    let adapter = adapters.iter().find(|a| a.get_info().name == gpu().facts.name).unwrap();
    let (device, queue) =
        pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor::default())).unwrap();
    render_gpu::Gpu::from_parts(device, queue, &adapter.get_info())
}

#[test]
fn a_device_that_filters_neither_16_bit_nor_float_voxels_draws_the_same() {
    let plain = plain_gpu();
    assert!(!plain.has(wgpu::Features::TEXTURE_FORMAT_16BIT_NORM | wgpu::Features::FLOAT32_FILTERABLE));
    let mut renderer = render_volume::Renderer::for_pictures(&plain);
    for volume in [volume_of(oblique_grid(), two_balls), float_volume_of(oblique_grid(), two_balls)] {
        let texture = VolumeTexture::upload(&plain, &volume).unwrap();
        for mode in [Mode::Dvr, Mode::Mip] {
            let look = look(mode);
            let scene =
                Scene { volumes: vec![VolumeItem::new(texture.clone(), look.clone())], ..Scene::default() };
            let twin = TwinScene { volumes: vec![(&*volume, &look)], ..TwinScene::default() };
            let drawn = render_volume::picture(&plain, &mut renderer, SIZE, &askew(), &scene).unwrap();
            bounded("by hand", difference(&drawn, &twin::picture(SIZE, &askew(), &twin)));
        }
        let plane = SlicePlane::axial(volume.grid(), centre());
        let slice = render_volume::mpr_values(&plain, &texture, &plane).unwrap();
        let pairs = slice.values.iter().zip(twin::mpr(&volume, &plane));
        let off = pairs.filter_map(|(a, b)| Some((f64::from((*a)?) - b?).abs())).fold(0.0, f64::max);
        assert!(off < 0.002, "the slice is off by {off}");
    }
}
