//! Devices that are lost or too small: an error with words, and the same scene on another one.

use std::sync::Arc;

use image::RgbaImage;
use meshing_space::Vector;
use meshing_volume::{LabelMap, Told as _};
use render_gpu::{DeviceError, Gpu};
use render_volume::{
    ClipPlane, ClipPlanes, MeshBuffers, MeshItem, Mode, MprError, PathError, PathTracer, PictureError,
    Renderer, Scene, SceneError, SegmentItem, SegmentLook, Segments, SliceItem, SlicePlane, StrokeBuffers,
    StrokeItem, UploadError, VolumeItem, VolumeMask, VolumeTexture, VolumesBy, Width, Window, mpr, picture,
};

use crate::common::*;

/// A volume with segments and a cut, an opaque surface twice and a translucent one, a line, and a slice of the same volume.
fn scene_on(gpu: &Gpu) -> Scene {
    let texture = VolumeTexture::upload(gpu, &volume_of(oblique_grid(), two_balls)).unwrap();
    let count = texture.grid().size().iter().product::<usize>();
    let values = (0..count).map(|n| u8::from(n < count / 2)).collect();
    let labels = LabelMap::new(oblique_grid(), values).unwrap();
    let segments = Segments::new(gpu, &texture, &Arc::new(labels)).unwrap();
    let looks = vec![SegmentLook::PLAIN, SegmentLook::coloured([0.2, 0.9, 0.3])];
    let mut volume = VolumeItem::new(texture.clone(), look(Mode::Dvr));
    volume.segments = Some(SegmentItem { segments, looks });
    let at = |x: f64, y: f64, z: f64| centre() + Vector::new(x, y, z);
    let corners = [at(-14.0, -12.0, -3.0), at(-2.0, -12.0, -9.0), at(-8.0, -12.0, 12.0)];
    let mesh = MeshBuffers::from_triangles(gpu, &corners, &[[0, 1, 2], [0, 2, 1]]).unwrap();
    let before = corners.map(|p| p + Vector::new(12.0, -8.0, 2.0));
    let veil = MeshBuffers::from_triangles(gpu, &before, &[[0, 1, 2], [0, 2, 1]]).unwrap();
    let line = StrokeBuffers::lines(gpu, &[[at(-15.0, -10.0, 9.0), at(16.0, -14.0, 11.0)]]).unwrap();
    let plane = ClipPlane { point: at(0.0, 0.0, 9.0), normal: Vector::new(0.0, 0.0, -1.0) };
    Scene {
        volumes: vec![volume],
        meshes: vec![
            MeshItem::new(mesh.clone(), [0.9, 0.2, 0.2, 1.0]),
            MeshItem::new(mesh, [0.2, 0.9, 0.2, 1.0]),
            MeshItem::new(veil, [0.2, 0.2, 0.9, 0.4]),
        ],
        strokes: vec![StrokeItem::new(line, [1.0, 1.0, 0.2, 1.0], Width::Px(2.0))],
        slices: vec![SliceItem {
            plane: SlicePlane::axial(texture.grid(), centre()),
            texture,
            window: Window::new(0.0, 2000.0),
        }],
        masks: vec![VolumeMask { volume: 0, within: 0, labels: vec![1] }],
        clip: ClipPlanes::new(&[plane]).unwrap(),
        background: Scene::background_srgb([10, 20, 30]),
    }
}

/// The scene by shaders and by the processor, with one renderer of its own.
fn both(gpu: &Gpu, scene: &Scene) -> [RgbaImage; 2] {
    let mut renderer = Renderer::for_pictures(gpu);
    [VolumesBy::Shaders, VolumesBy::Processor].map(|by| {
        renderer.draw_volumes_by(by);
        picture(gpu, &mut renderer, [64, 64], &askew(), scene).unwrap()
    })
}

fn lost(error: &PictureError) -> bool {
    matches!(error, PictureError::Device(DeviceError::Lost { .. }))
}

#[test]
fn a_scene_drawn_on_a_device_that_was_lost_and_opened_again_is_the_same_to_the_byte() {
    let first = Gpu::headless().unwrap();
    let scene = scene_on(&first);
    let before = both(&first, &scene);
    let mut tracer = PathTracer::new(&first);
    let mut renderer = Renderer::for_pictures(&first);
    first.device.destroy();

    let error = picture(&first, &mut renderer, [64, 64], &askew(), &scene).unwrap_err();
    assert!(lost(&error) && error.to_string().contains("open it again"), "{error}");
    assert!(error.chinese().contains("重新打开"), "{}", error.chinese());
    let slice = &scene.slices[0];
    let error = mpr(&first, &slice.texture, &slice.plane, slice.window).unwrap_err();
    assert!(matches!(error, MprError::Read(_)) && error.to_string().contains("lost"), "{error}");
    let mut alone = scene.clone();
    alone.volumes[0].segments = None;
    let error = tracer.advance(&mut renderer, [16, 16], &askew().matrices(1.0), &alone, 1).unwrap_err();
    assert!(matches!(&error, PathError::Picture(e) if lost(e)), "{error}");
    assert!(matches!(scene.on(&first), Err(SceneError::Volume(UploadError::Device(_)))));
    // a renderer that is made too late is no reason to panic either
    let mut late = Renderer::for_pictures(&first);
    assert!(lost(&picture(&first, &mut late, [64, 64], &askew(), &scene).unwrap_err()));

    let second = first.reopen().unwrap();
    let again = scene.on(&second).unwrap();
    drop(scene);
    let after = both(&second, &again);
    assert!(before == after, "{:?}", [0, 1].map(|n| difference(&before[n], &after[n])));
    // were the volume left out, or the line, it would be seen
    for less in [
        Scene { volumes: Vec::new(), ..again.clone() },
        Scene { strokes: Vec::new(), ..again.clone() },
        Scene { meshes: again.meshes[..2].to_vec(), ..again.clone() },
        Scene { meshes: again.meshes[2..].to_vec(), ..again.clone() },
        Scene { slices: Vec::new(), ..again },
    ] {
        let mut renderer = Renderer::for_pictures(&second);
        let picture = picture(&second, &mut renderer, [64, 64], &askew(), &less).unwrap();
        assert!(difference(&picture, &after[1]).1 > 8, "the scene shows all that is in it");
    }
}

#[test]
fn a_scene_within_a_budget_is_coarser_says_so_and_keeps_its_place() {
    let scene = scene_on(gpu());
    let whole = scene.volumes[0].texture.bytes();
    let small = scene.within(gpu(), whole / 5).unwrap();
    for texture in [&small.volumes[0].texture, &small.slices[0].texture] {
        let reduction = texture.reduction().unwrap();
        assert_eq!((reduction.factor, reduction.full_size), (2, oblique_grid().size()));
        assert!(texture.bytes() <= whole / 5);
    }
    let pictures = [&scene, &small].map(|s| drawn_by(VolumesBy::Shaders, [64, 64], &askew(), s));
    let [a, b] = pictures.each_ref().map(middle);
    assert!((a[0] - b[0]).abs() < 1.5 && (a[1] - b[1]).abs() < 1.5, "moved from {a:?} to {b:?}");
    let (mean, most) = difference(&pictures[0], &pictures[1]);
    assert!(mean < 6.0 && most > 8, "coarser, but the same thing: {mean} on average, {most} at most");
    // once more coarser counts from the full size; what is gone does not come back
    let smaller = small.within(gpu(), 0).unwrap();
    let reduction = smaller.volumes[0].texture.reduction().unwrap();
    assert_eq!((reduction.factor, reduction.full_size), (64, oblique_grid().size()));
    assert_eq!(small.on(gpu()).unwrap().volumes[0].texture.reduction(), small.volumes[0].texture.reduction());
}

#[test]
fn what_a_small_volume_leaves_of_the_budget_goes_to_a_large_one() {
    let big = VolumeTexture::upload(gpu(), &volume_of(oblique_grid(), two_balls)).unwrap();
    let tiny = big.on(gpu(), big.bytes() / 60).unwrap();
    let item = |texture: &VolumeTexture| VolumeItem::new(texture.clone(), look(Mode::Mip));
    let scene = Scene { volumes: vec![item(&big), item(&tiny), item(&big)], ..Scene::default() };
    let fits = scene.within(gpu(), big.bytes() + tiny.bytes()).unwrap();
    assert!(fits.volumes[0].texture.reduction().is_none(), "each volume counts once");
    assert_eq!(fits.volumes[1].texture.reduction(), tiny.reduction());
    let short = scene.within(gpu(), big.bytes() + tiny.bytes() - 1).unwrap();
    assert_eq!(short.volumes[2].texture.reduction().unwrap().factor, 2);
}

#[test]
fn a_picture_larger_than_can_be_is_refused_and_the_next_one_is_drawn() {
    let edge = gpu().device.limits().max_texture_dimension_2d + 1;
    let mut renderer = Renderer::for_pictures(gpu());
    let error = picture(gpu(), &mut renderer, [edge, 8], &askew(), &Scene::default()).unwrap_err();
    assert!(matches!(error, PictureError::Size { .. }) && error.chinese().contains("像素"), "{error}");
    assert!(picture(gpu(), &mut renderer, [8, 8], &askew(), &Scene::default()).is_ok());
}

#[test]
fn memory_that_runs_out_while_drawing_is_told_and_a_smaller_picture_is_drawn() {
    let gpu = gpu();
    if !gpu.facts.software {
        return; // a card may have room for it, and would draw for long
    }
    // each target fits a buffer of lavapipe's 2 GiB, but the eight layers of what is translucent do not
    let edge = gpu.device.limits().max_texture_dimension_2d;
    let bounds = oblique_grid().bounds();
    let mesh = MeshBuffers::from_triangles(gpu, &[bounds.min, centre(), bounds.max - AWRY], &[[0, 1, 2]]);
    let meshes = vec![MeshItem::new(mesh.unwrap(), [0.9, 0.2, 0.2, 0.5])];
    let scene = Scene { meshes, ..Scene::default() };
    let mut renderer = Renderer::for_pictures(gpu);
    let error = picture(gpu, &mut renderer, [edge, edge], &askew(), &scene).unwrap_err();
    assert!(matches!(error, PictureError::Device(DeviceError::OutOfMemory)), "{error:?}");
    assert!(error.to_string().contains("smaller") && error.chinese().contains("显存"), "{error}");
    let small = picture(gpu, &mut renderer, [64, 64], &askew(), &scene).unwrap();
    assert!(small.pixels().any(|p| p[0] > 50), "the surface is there");
}

/// Off the line between two corners, so that they span a triangle with the middle.
const AWRY: Vector<meshing_space::Lps> = Vector::new(25.0, 0.0, 0.0);
