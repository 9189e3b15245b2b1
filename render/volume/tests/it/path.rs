//! Path tracing against analytic truth, against itself and against its twin.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use meshing_space::{Point, Vector};
use meshing_volume::{Grid, Volume};
use render_volume::{
    Camera, ClipPlane, ClipPlanes, Look, MeshBuffers, MeshItem, Mode, PathError, PathSettings, PathSums,
    PathTracer, Renderer, Scene, Shading, TransferFunction, TransferPoint, VolumeItem, VolumeTexture, Window,
    twin,
};

use crate::common::*;

/// One for all tests; their pictures are made one after the other.
fn renderer() -> &'static Mutex<Renderer> {
    static RENDERER: OnceLock<Mutex<Renderer>> = OnceLock::new();
    RENDERER.get_or_init(|| Mutex::new(Renderer::for_pictures(gpu())))
}

/// The sums of a scene.
fn traced(size: [u32; 2], camera: &Camera, scene: &Scene, settings: &PathSettings, samples: u32) -> PathSums {
    let mut tracer = PathTracer::new(gpu());
    tracer.settings = settings.clone();
    let view = camera.matrices(f64::from(size[0]) / f64::from(size[1]));
    let mut renderer = renderer().lock().unwrap_or_else(PoisonError::into_inner);
    tracer.advance(&mut renderer, size, &view, scene, samples).unwrap();
    tracer.sums().unwrap()
}

/// Mean light of all pixels before a white background.
fn mean_over_white(sums: &PathSums) -> f64 {
    let each = (0..sums.light.len()).map(|i| sums.light_over(i, [1.0; 3]).iter().sum::<f64>() / 3.0);
    each.sum::<f64>() / sums.light.len() as f64
}

/// The share of the picture that the volume covers.
fn coverage(sums: &PathSums) -> f64 {
    sums.light.iter().map(|l| f64::from(l[3])).sum::<f64>()
        / f64::from(sums.samples)
        / sums.light.len() as f64
}

/// A look of one colour whose opacity per mm is `opacity` from `from` on.
fn plain(colour: [f32; 3], opacity: f32, from: f32) -> Look {
    let point = |value, opacity_per_mm| TransferPoint { value, colour, opacity_per_mm };
    Look {
        mode: Mode::Dvr,
        window: Window::new(0.0, 2000.0),
        transfer: TransferFunction::new(vec![
            point(from - 400.0, 0.0),
            point(from, opacity),
            point(3000.0, opacity),
        ])
        .unwrap(),
        shading: Shading { gradient_per_mm: [20.0, 100.0], ..Shading::default() },
        step_voxels: 0.5,
        surfaces: Vec::new(),
        gradient_opacity: Vec::new(),
    }
}

fn alone(volume: &Arc<Volume>, look: &Look) -> Scene {
    let volumes = vec![VolumeItem::new(VolumeTexture::upload(gpu(), volume).unwrap(), look.clone())];
    Scene { volumes, ..Scene::default() }
}

/// A camera near the two balls.
fn close() -> Camera {
    let mut camera = askew();
    camera.zoom(1.8);
    camera
}

/// A white body in an even white sky cannot be told from the sky: neither as fog nor as surface is light lost.
#[test]
fn a_white_body_in_a_white_sky_is_not_seen() {
    let volume = volume_of(oblique_grid(), two_balls);
    let look = plain([1.0; 3], 0.5, -100.0);
    let size = [48, 40];
    let kinds = [
        ("even fog", PathSettings { surface: 0.0, ..PathSettings::furnace() }),
        ("forward fog", PathSettings { surface: 0.0, phase_g: 0.8, ..PathSettings::furnace() }),
        ("backward fog", PathSettings { surface: 0.0, phase_g: -0.5, ..PathSettings::furnace() }),
        ("surface", PathSettings::furnace()),
        ("shiny surface", PathSettings { roughness: 0.2, reflectance: 0.2, ..PathSettings::furnace() }),
        ("rough surface", PathSettings { roughness: 1.0, reflectance: 0.1, ..PathSettings::furnace() }),
    ];
    for (name, settings) in kinds {
        let sums = traced(size, &close(), &alone(&volume, &look), &settings, 32);
        let covered: Vec<_> = (0..sums.light.len()).filter(|&i| sums.light[i][3] > 0.0).collect();
        let each = covered.iter().map(|&i| sums.light_over(i, [1.0; 3])[1]);
        let mean = each.clone().sum::<f64>() / covered.len() as f64;
        let worst = each.map(|l| (l - 1.0).abs()).fold(0.0, f64::max);
        eprintln!("{name}: mean {mean:.5}, worst pixel off by {worst:.4}, coverage {:.2}", coverage(&sums));
        assert!(coverage(&sums) > 0.1, "{name}: hardly anything was met");
        assert!((mean - 1.0).abs() < 0.01, "{name}: the furnace shows {mean}");
    }
    // the bound must notice a body that is not white
    let grey =
        traced(size, &close(), &alone(&volume, &plain([0.97; 3], 0.5, -100.0)), &PathSettings::furnace(), 32);
    let lost = 1.0 - mean_over_white(&grey);
    assert!(lost > 0.02 * coverage(&grey), "3 % of darkness went unseen: {lost}");
}

/// An even block, 20 mm from front to back.
fn block() -> (Arc<Volume>, Camera) {
    let grid = Grid::axis_aligned([24, 20, 24], Point::new(-11.5, -9.5, -11.5), [1.0; 3]).unwrap();
    let volume = volume_of(grid, |_| 500.0);
    let mut camera = Camera::anterior(&grid.bounds()).orthographic();
    camera.zoom(1.5);
    (volume, camera)
}

#[test]
fn a_black_block_lets_through_what_its_thickness_says() {
    let (volume, camera) = block();
    let settings = PathSettings { density: 1.0, ..PathSettings::furnace() };
    for opacity in [0.02_f32, 0.05, 0.1] {
        let look = plain([0.0; 3], opacity, 0.0);
        let sums = traced([40, 40], &camera, &alone(&volume, &look), &settings, 256);
        let (seen, true_share) = (mean_over_white(&sums), f64::from(1.0 - opacity).powf(20.0));
        eprintln!("opacity {opacity}: {seen:.5} of {true_share:.5}");
        assert!((seen - true_share).abs() < 0.01 * true_share, "opacity {opacity}: {seen} of {true_share}");
        let denser = PathSettings { density: 1.2, ..settings.clone() };
        let wrong = mean_over_white(&traced([40, 40], &camera, &alone(&volume, &look), &denser, 64));
        assert!((wrong - true_share).abs() > 0.02 * true_share, "a fifth more went unseen: {wrong}");
    }
}

/// The share of the covered pixels whose light differs, and by how much light and coverage are off as a whole. The
/// twin draws the same numbers, so nearly all paths are the same; the few that part where rounding turns a decision
/// are as right on either side.
fn parted(gpu: &PathSums, twin: &PathSums) -> (f64, f64, f64) {
    let differ =
        |a: &[f32; 4], b: &[f32; 4]| a.iter().zip(b).any(|(a, b)| (a - b).abs() > 2e-3 * (1.0 + b.abs()));
    let covered: Vec<_> =
        (0..gpu.light.len()).filter(|&i| gpu.light[i][3] + twin.light[i][3] > 0.0).collect();
    let apart = |&&i: &&usize| {
        differ(&gpu.light[i], &twin.light[i])
            || differ(&gpu.colour[i], &twin.colour[i])
            || differ(&gpu.normal[i], &twin.normal[i])
    };
    let total = |s: &PathSums, c: usize| s.light.iter().map(|l| f64::from(l[c])).sum::<f64>();
    let off = |c: usize| (total(gpu, c) / total(twin, c) - 1.0).abs();
    let share = covered.iter().filter(apart).count() as f64 / covered.len() as f64;
    (share, off(0).max(off(1)).max(off(2)), off(3))
}

#[test]
fn the_tracer_takes_the_paths_of_its_twin() {
    let volume = volume_of(oblique_grid(), two_balls);
    let look = look(Mode::Dvr);
    let cut = ClipPlane { point: centre() + Vector::new(7.0, -2.0, 5.0), normal: Vector::new(0.2, 1.0, 0.1) };
    let (size, samples) = ([40, 32], 8);
    let settings = PathSettings { phase_g: 0.4, ..PathSettings::default() };
    for clip in [ClipPlanes::none(), ClipPlanes::new(&[cut]).unwrap()] {
        let scene = Scene { clip: clip.clone(), ..alone(&volume, &look) };
        let view = close().matrices(1.25);
        let gpu = traced(size, &close(), &scene, &settings, samples);
        let twin = twin::path(size, &view, (&volume, &look), &clip, &settings, samples);
        let (share, light, coverage) = parted(&gpu, &twin);
        eprintln!("parted {share:.4}, light off by {light:.5}, coverage by {coverage:.5}");
        assert!(share < 0.05, "{share:.3} of the pixels took other paths");
        assert!(light < 0.01 && coverage < 0.005, "light off by {light:.4}, coverage by {coverage:.4}");
        // other numbers, another phase function, another highlight: each must break the bound
        let wrongs = [
            PathSettings { seed: 1, ..settings.clone() },
            PathSettings { phase_g: 0.0, ..settings.clone() },
            PathSettings { roughness: 0.6, ..settings.clone() },
        ];
        for wrong in wrongs {
            let twin = twin::path(size, &view, (&volume, &look), &clip, &wrong, samples);
            let (share, ..) = parted(&gpu, &twin);
            assert!(share > 0.3, "a wrong setting went unseen: {share:.3}");
        }
    }
}

/// By how much the light of two pictures is off as a whole, and the mean squared difference of their pixels over
/// what their noise explains.
fn apart(a: &PathSums, b: &PathSums) -> (f64, f64) {
    let (mut total, mut z, mut count) = ([0.0; 2], 0.0, 0.0);
    for i in 0..a.light.len() {
        let (mut means, mut spread) = ([0.0; 2], 0.0);
        for (slot, s) in [a, b].into_iter().enumerate() {
            let (n, l) = (f64::from(s.samples), s.light[i].map(f64::from));
            let mean = (0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2]) / n;
            spread += (f64::from(s.normal[i][3]) / n - mean * mean).max(0.0) / n;
            total[slot] += mean;
            means[slot] = mean;
        }
        if spread > 0.0 {
            z += (means[0] - means[1]).powi(2) / spread;
            count += 1.0;
        }
    }
    ((total[0] / total[1] - 1.0).abs(), z / count)
}

#[test]
fn leaps_and_majorants_by_cell_change_the_paths_but_not_the_light() {
    let volume = volume_of(oblique_grid(), two_balls);
    let look = look(Mode::Dvr);
    let (size, view) = ([30, 24], close().matrices(1.25));
    let settings = PathSettings { seed: 5, ..PathSettings::default() };
    let gpu = traced(size, &close(), &alone(&volume, &look), &PathSettings::default(), 512);
    let evenly =
        |share| twin::path_evenly(size, &view, (&volume, &look), &ClipPlanes::none(), &settings, 64, share);
    let (light, z) = apart(&gpu, &evenly(1.0));
    eprintln!("one majorant: light off by {light:.5}, z² {z:.3}");
    assert!(light < 0.015 && z < 1.2, "light off by {light:.4}, pixels by {z:.2} of their noise");
    // a majorant below the extinction lets light through that it should not
    let (light, z) = apart(&gpu, &evenly(0.2));
    assert!(light > 0.03 || z > 1.5, "a wrong majorant went unseen: {light:.4} {z:.2}");
}

#[test]
fn a_device_that_filters_no_voxels_takes_the_same_paths() {
    let plain = crate::twins::plain_gpu();
    let (size, view) = ([24, 20], close().matrices(1.2));
    let volume = float_volume_of(oblique_grid(), two_balls);
    let settings = PathSettings::default();
    let volumes = vec![VolumeItem::new(VolumeTexture::upload(&plain, &volume).unwrap(), look(Mode::Dvr))];
    let mut tracer = PathTracer::new(&plain);
    let scene = Scene { volumes, ..Scene::default() };
    tracer.advance(&mut Renderer::for_pictures(&plain), size, &view, &scene, 4).unwrap();
    let look = look(Mode::Dvr);
    let twin = twin::path(size, &view, (&volume, &look), &ClipPlanes::none(), &settings, 4);
    let (share, light, coverage) = parted(&tracer.sums().unwrap(), &twin);
    assert!(share < 0.05 && light < 0.01 && coverage < 0.005, "{share:.3} {light:.4} {coverage:.4}");
}

#[test]
fn a_picture_grows_by_calls_and_starts_anew_when_anything_changes() {
    let volume = volume_of(oblique_grid(), two_balls);
    let mut scene = alone(&volume, &look(Mode::Dvr));
    let mut renderer = renderer().lock().unwrap_or_else(PoisonError::into_inner);
    let mut tracer = PathTracer::new(gpu());
    let mut size = [20, 16];
    let mut view = close().matrices(1.25);
    assert!(matches!(tracer.picture(&mut renderer), Err(PathError::Nothing)));
    assert_eq!(tracer.samples_within(std::time::Duration::from_millis(10)), 1, "nothing is known yet");
    assert_eq!(tracer.advance(&mut renderer, size, &view, &scene, 3).unwrap(), 3);
    assert_eq!(tracer.advance(&mut renderer, size, &view, &scene, 5).unwrap(), 8);
    let grown = tracer.sums().unwrap();
    assert!(tracer.samples_within(std::time::Duration::from_hours(1)) > 100, "the pace was taken");
    tracer.settings.exposure = 0.5;
    assert_eq!(
        tracer.advance(&mut renderer, size, &view, &scene, 0).unwrap(),
        8,
        "exposure changes no light"
    );

    scene.background = Scene::background_srgb([10, 20, 200]);
    assert_eq!(tracer.advance(&mut renderer, size, &view, &scene, 0).unwrap(), 8, "nor does the background");
    assert_eq!(
        tracer.picture(&mut renderer).unwrap().get_pixel(0, 0).0,
        [10, 20, 200, 255],
        "but it is shown"
    );

    tracer.settings.seed = 1;
    assert_eq!(tracer.advance(&mut renderer, size, &view, &scene, 1).unwrap(), 1, "the settings count");
    tracer.settings.seed = 0;
    assert_eq!(tracer.advance(&mut renderer, size, &view, &scene, 8).unwrap(), 8);
    let at_once = tracer.sums().unwrap();
    let most = grown.light.as_flattened().iter().zip(at_once.light.as_flattened());
    let most = most.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(most < 1e-4, "the same samples in other helpings differ by {most}");

    let mut anew = |what: &str, size: [u32; 2], view: &render_volume::ViewMatrices, scene: &Scene| {
        assert_eq!(tracer.advance(&mut renderer, size, view, scene, 1).unwrap(), 1, "{what} counts");
        assert_eq!(tracer.advance(&mut renderer, size, view, scene, 1).unwrap(), 2, "{what} is kept");
    };
    size = [24, 16];
    anew("size", size, &view, &scene);
    view = askew().matrices(1.25);
    anew("eye", size, &view, &scene);
    scene.volumes[0].look.shading.gradient_per_mm[0] += 1.0;
    anew("look", size, &view, &scene);
    scene.clip =
        ClipPlanes::new(&[ClipPlane { point: centre(), normal: Vector::new(1.0, 0.0, 0.0) }]).unwrap();
    anew("clip", size, &view, &scene);
    scene.volumes[0].texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    anew("volume", size, &view, &scene);
    scene.meshes.push(wall(0.0, 1.0));
    anew("mesh", size, &view, &scene);
}

#[test]
fn the_picture_with_and_without_noise_is_near_its_twin() {
    let volume = volume_of(oblique_grid(), two_balls);
    let background = [0.02, 0.03, 0.05];
    let scene = Scene { background: [0.02, 0.03, 0.05, 1.0], ..alone(&volume, &look(Mode::Dvr)) };
    let (size, view) = ([60, 48], close().matrices(1.25));
    let mut renderer = renderer().lock().unwrap_or_else(PoisonError::into_inner);
    let mut tracer = PathTracer::new(gpu());
    tracer.advance(&mut renderer, size, &view, &scene, 8).unwrap();
    let sums = tracer.sums().unwrap();
    let bounds = volume.grid().bounds();
    for denoise in [false, true] {
        tracer.settings.denoise = denoise;
        let drawn = tracer.picture(&mut renderer).unwrap();
        let twin = |settings: &PathSettings| twin::path_show(&sums, &view, &bounds, settings, background);
        let (mean, most) = difference(&drawn, &twin(&tracer.settings));
        eprintln!("denoise {denoise}: mean {mean:.4}, most {most}");
        assert!(mean <= 0.05 && most <= 3, "denoise {denoise}: off by {mean:.4} and {most}");
        let wrongs = [
            PathSettings { denoise: !denoise, ..tracer.settings.clone() },
            PathSettings { exposure: 1.1, ..tracer.settings.clone() },
            PathSettings { white: 1.0, exposure: 1.0, ..tracer.settings.clone() },
        ];
        for (n, wrong) in wrongs.iter().enumerate() {
            let (mean, most) = difference(&drawn, &twin(wrong));
            assert!(mean > 0.05 || most > 3, "wrong setting {n} went unseen: {mean:.4} {most}");
        }
    }
}

/// A green wall in the coronal plane `behind` the middle.
fn wall(behind: f64, opacity: f32) -> MeshItem {
    let corner = |x: f64, z: f64| centre() + Vector::new(x, behind, z);
    let positions = [corner(-90.0, -90.0), corner(90.0, -90.0), corner(90.0, 90.0), corner(-90.0, 90.0)];
    let buffers = MeshBuffers::from_triangles(gpu(), &positions, &[[0, 1, 2], [0, 2, 3]]).unwrap();
    MeshItem::new(buffers, [0.0, 1.0, 0.0, opacity])
}

#[test]
fn a_wall_in_front_hides_the_volume_and_a_veil_lies_over_it() {
    let volume = volume_of(oblique_grid(), |p| if p.distance(centre()) < 10.0 { 1500.0 } else { -1000.0 });
    let camera = Camera::anterior(&oblique_grid().bounds());
    let middle = |meshes: Vec<MeshItem>| {
        let scene = Scene { meshes, ..alone(&volume, &plain([0.9, 0.1, 0.1], 0.98, 500.0)) };
        let mut tracer = PathTracer::new(gpu());
        let mut renderer = renderer().lock().unwrap_or_else(PoisonError::into_inner);
        let view = camera.matrices(1.0);
        tracer.advance(&mut renderer, [33, 33], &view, &scene, 32).unwrap();
        tracer.picture(&mut renderer).unwrap().get_pixel(16, 16).0
    };
    let [r, g, ..] = middle(vec![wall(-15.0, 1.0)]);
    assert!(g > 150 && r < 90, "the wall in front is green: {r} {g}");
    let [r, g, ..] = middle(vec![wall(15.0, 1.0)]);
    assert!(r > 120 && g < 90, "the ball in front is red: {r} {g}");
    let [veiled, greener, ..] = middle(vec![wall(-15.0, 0.5)]);
    assert!(
        veiled < r && veiled > 60 && greener > g + 40,
        "half a wall lets red through: {veiled} {greener}"
    );
}

#[test]
fn what_cannot_be_traced_is_refused_in_words() {
    let volume = volume_of(oblique_grid(), two_balls);
    let scene = alone(&volume, &look(Mode::Dvr));
    let mut renderer = renderer().lock().unwrap_or_else(PoisonError::into_inner);
    let mut tracer = PathTracer::new(gpu());
    let view = close().matrices(1.0);
    let mut refused = |scene: &Scene, size| tracer.advance(&mut renderer, size, &view, scene, 1).unwrap_err();
    assert!(matches!(refused(&scene, [0, 8]), PathError::Size { .. }));
    assert!(matches!(refused(&scene, [16384, 16384]), PathError::Size { .. }));
    assert!(matches!(refused(&Scene::default(), [8, 8]), PathError::Volumes(0)));
    let twice =
        Scene { volumes: [scene.volumes.clone(), scene.volumes.clone()].concat(), ..Scene::default() };
    assert!(refused(&twice, [8, 8]).to_string().contains("exactly one volume"));
    tracer.settings.bounces = 0;
    let error = tracer.advance(&mut renderer, [8, 8], &view, &scene, 1).unwrap_err();
    assert!(error.to_string().contains("bounces is 0"), "{error}");
}

/// Peak signal to noise ratio of two pictures in 8-bit sRGB, in dB.
fn psnr(a: &image::RgbaImage, b: &image::RgbaImage) -> f64 {
    let squares = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
    // alpha is 255 everywhere: it must not count
    let mean = squares.sum::<f64>() / (a.as_raw().len() as f64 * 0.75);
    10.0 * (255.0_f64.powi(2) / mean.max(1e-9)).log10()
}

#[test]
fn sixty_four_samples_without_noise_come_near_a_thousand() {
    let volume = volume_of(oblique_grid(), two_balls);
    let scene =
        Scene { background: Scene::background_srgb([12, 14, 18]), ..alone(&volume, &look(Mode::Dvr)) };
    let view = close().matrices(1.0);
    let mut renderer = renderer().lock().unwrap_or_else(PoisonError::into_inner);
    let mut tracer = PathTracer::new(gpu());
    tracer.advance(&mut renderer, [128, 128], &view, &scene, 64).unwrap();
    let few = tracer.picture(&mut renderer).unwrap();
    tracer.settings.denoise = false;
    let noisy = tracer.picture(&mut renderer).unwrap();
    tracer.settings.seed = 1;
    tracer.advance(&mut renderer, [128, 128], &view, &scene, 1024).unwrap();
    let truth = tracer.picture(&mut renderer).unwrap();
    let (clean, raw) = (psnr(&few, &truth), psnr(&noisy, &truth));
    eprintln!("64 samples: {raw:.2} dB, denoised {clean:.2} dB");
    assert!(clean >= 38.0, "64 samples are {clean:.2} dB from 1,024");
    assert!(clean > raw + 2.0, "denoising wins {:.2} dB", clean - raw);
}
