//! What does not fit, and what is not finite.

use std::sync::Arc;

use meshing_space::Point;
use meshing_volume::{Grid, Volume, VolumeMeta, Voxels};
use render_volume::{
    Camera, Mode, PictureError, Renderer, Scene, UploadError, VolumeItem, VolumeTexture, picture,
};

use crate::common::*;

#[test]
fn a_volume_over_the_limit_is_refused_and_shown_coarser_on_request() {
    let limit = gpu().device.limits().max_texture_dimension_3d as usize;
    let grid = Grid::axis_aligned([limit + 2, 2, 2], Point::origin(), [0.1; 3]).unwrap();
    let volume = volume_of(grid, Point::x);
    let error = VolumeTexture::upload(gpu(), &volume).unwrap_err();
    assert!(matches!(error, UploadError::TooLarge { .. }) && error.to_string().contains("coarser"));
    let fitting = VolumeTexture::upload_fitting(gpu(), &volume, u64::MAX).unwrap();
    let reduction = fitting.reduction().unwrap();
    assert_eq!((reduction.factor, reduction.full_size), (2, grid.size()));
    assert_eq!(fitting.grid().size(), [limit / 2 + 1, 1, 1]);
}

#[test]
fn a_memory_budget_halves_the_resolution_and_keeps_the_place() {
    let volume = volume_of(oblique_grid(), two_balls);
    let whole = VolumeTexture::upload_fitting(gpu(), &volume, u64::MAX).unwrap();
    assert!(whole.reduction().is_none());
    let quarter = VolumeTexture::upload_fitting(gpu(), &volume, 8_000).unwrap();
    assert_eq!(quarter.reduction().unwrap().factor, 4);
    let scene = |texture: VolumeTexture| Scene {
        volumes: vec![VolumeItem::new(texture, look(Mode::Mip))],
        ..Scene::default()
    };
    let (a, b) = (drawn([64, 64], &askew(), &scene(whole)), drawn([64, 64], &askew(), &scene(quarter)));
    let (a, b) = (middle(&a), middle(&b));
    assert!((a[0] - b[0]).abs() < 1.5 && (a[1] - b[1]).abs() < 1.5, "moved from {a:?} to {b:?}");
}

#[test]
fn values_that_are_not_finite_leave_the_rest_as_it_is() {
    let clean = float_volume_of(oblique_grid(), two_balls);
    let Voxels::F32(mut values) = clean.voxels().clone() else { unreachable!() };
    values[0] = f32::NAN;
    values[7] = f32::NEG_INFINITY;
    let meta = VolumeMeta { ..clean.meta().clone() };
    let dirty = Arc::new(Volume::new(*clean.grid(), Voxels::F32(values), meta).unwrap());
    let scene = |v: &Arc<Volume>| Scene {
        volumes: vec![VolumeItem::new(VolumeTexture::upload(gpu(), v).unwrap(), look(Mode::Dvr))],
        ..Scene::default()
    };
    let (mean, most) =
        difference(&drawn([40, 40], &askew(), &scene(&clean)), &drawn([40, 40], &askew(), &scene(&dirty)));
    assert!(mean == 0.0 && most == 0, "air became something: {mean} {most}");
}

#[test]
fn a_camera_inside_the_volume_and_an_empty_scene_are_drawn() {
    let volume = volume_of(oblique_grid(), two_balls);
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let mut camera = Camera::anterior(&volume.grid().bounds());
    camera.eye = centre();
    camera.target = centre() + meshing_space::Vector::new(7.0, -2.0, 5.0);
    camera.near_mm = 0.1;
    let volumes = vec![VolumeItem::new(texture, look(Mode::Dvr))];
    let inside = drawn([24, 24], &camera, &Scene { volumes, ..Scene::default() });
    assert!(inside.get_pixel(12, 12)[0] > 100, "the bright ball ahead is seen");
    let empty = drawn(
        [8, 8],
        &camera,
        &Scene { background: Scene::background_srgb([10, 20, 200]), ..Scene::default() },
    );
    assert_eq!(empty.get_pixel(3, 3).0, [10, 20, 200, 255]);
}

#[test]
fn pictures_of_no_size_or_another_format_are_refused() {
    let camera = askew();
    let mut renderer = Renderer::for_pictures(gpu());
    let error = picture(gpu(), &mut renderer, [0, 8], &camera, &Scene::default()).unwrap_err();
    assert!(matches!(error, PictureError::Size { .. }));
    let mut other = Renderer::new(gpu(), wgpu::TextureFormat::Rgba16Float);
    let error = picture(gpu(), &mut other, [8, 8], &camera, &Scene::default()).unwrap_err();
    assert!(matches!(error, PictureError::Format(_)));
}
