//! One device, small volumes and ways to compare pictures.

use std::sync::{Arc, Mutex, OnceLock};

use image::RgbaImage;
use meshing_space::{Lps, Point, Transform, Vector};
use meshing_volume::{Grid, Volume, VolumeMeta, Voxels};
use render_gpu::Gpu;
use render_volume::{
    Camera, IsoSurface, Look, Mode, Renderer, Scene, Shading, TransferFunction, TransferPoint, VolumesBy,
    Window, picture,
};

/// The device of all tests.
pub(crate) fn gpu() -> &'static Gpu {
    static GPU: OnceLock<Gpu> = OnceLock::new();
    GPU.get_or_init(|| match Gpu::headless() {
        Ok(gpu) => gpu,
        Err(error) => panic!("these tests draw, but {error}"),
    })
}

/// A scene drawn by the device's shaders. The processor draws its volumes too, and must give the same picture.
pub(crate) fn drawn(size: [u32; 2], camera: &Camera, scene: &Scene) -> RgbaImage {
    let shaders = drawn_by(VolumesBy::Shaders, size, camera, scene);
    let (mean, most) = difference(&shaders, &drawn_by(VolumesBy::Processor, size, camera, scene));
    assert!(mean <= 0.05 && most <= 3, "the processor is off by {mean:.4} on average and {most} at most");
    shaders
}

/// A scene drawn with volumes by either. One renderer for all tests: the software driver compiles its shaders for
/// seconds.
pub(crate) fn drawn_by(by: VolumesBy, size: [u32; 2], camera: &Camera, scene: &Scene) -> RgbaImage {
    static RENDERER: OnceLock<Mutex<Renderer>> = OnceLock::new();
    let renderer = RENDERER.get_or_init(|| Mutex::new(Renderer::for_pictures(gpu())));
    let mut renderer = renderer.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    renderer.draw_volumes_by(by);
    picture(gpu(), &mut renderer, size, camera, scene).unwrap()
}

/// Mean and largest difference of the channels of two pictures, in steps of 255.
pub(crate) fn difference(a: &RgbaImage, b: &RgbaImage) -> (f64, u8) {
    assert_eq!(a.dimensions(), b.dimensions());
    let each = a.as_raw().iter().zip(b.as_raw()).map(|(x, y)| x.abs_diff(*y));
    let sum: u64 = each.clone().map(u64::from).sum();
    (sum as f64 / a.as_raw().len() as f64, each.max().unwrap())
}

/// The brightness-weighted middle of a picture in pixels.
pub(crate) fn middle(picture: &RgbaImage) -> [f64; 2] {
    let (mut sum, mut x_sum, mut y_sum) = (0.0, 0.0, 0.0);
    for (x, y, p) in picture.enumerate_pixels() {
        let w = f64::from(p[0]) + f64::from(p[1]) + f64::from(p[2]);
        sum += w;
        x_sum += w * f64::from(x);
        y_sum += w * f64::from(y);
    }
    assert!(sum > 0.0, "the picture is black");
    [x_sum / sum, y_sum / sum]
}

fn meta() -> VolumeMeta {
    VolumeMeta { modality: "CT".into(), unit: "HU".into(), frame_of_reference: "1.2.3".into() }
}

/// A volume of 16-bit integers sampled from a function of the place.
pub(crate) fn volume_of(grid: Grid, value: impl Fn(Point<Lps>) -> f64) -> Arc<Volume> {
    let values = values_of(&grid, value);
    let voxels = Voxels::I16(values.iter().map(|v| v.round() as i16).collect());
    Arc::new(Volume::new(grid, voxels, meta()).unwrap())
}

/// The same as floats.
pub(crate) fn float_volume_of(grid: Grid, value: impl Fn(Point<Lps>) -> f64) -> Arc<Volume> {
    let values = values_of(&grid, value);
    let voxels = Voxels::F32(values.iter().map(|v| *v as f32).collect());
    Arc::new(Volume::new(grid, voxels, meta()).unwrap())
}

fn values_of(grid: &Grid, value: impl Fn(Point<Lps>) -> f64) -> Vec<f64> {
    let [ni, nj, nk] = grid.size();
    let indices = (0..nk).flat_map(|k| (0..nj).flat_map(move |j| (0..ni).map(move |i| [i, j, k])));
    indices.map(|ijk| value(grid.lps_from_ijk() * Point::from_array(ijk.map(|c| c as f64)))).collect()
}

/// An oblique, left-handed grid of uneven spacing far from the origin, around (210, -340, 1250).
pub(crate) fn oblique_grid() -> Grid {
    let turn = Transform::<Lps, Lps>::rotation(Vector::new(0.3, 1.0, 0.5), 0.6).unwrap();
    let axes = [Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, -1.0)];
    let axes = axes.map(|a| turn * a);
    let (size, spacing) = ([44, 40, 26], [0.9, 1.1, 1.9]);
    let half = |a: usize| axes[a] * (spacing[a] * (size[a] as f64 - 1.0) / 2.0);
    Grid::new(size, centre() - half(0) - half(1) - half(2), axes, spacing).unwrap()
}

/// The middle of [`oblique_grid`].
pub(crate) fn centre() -> Point<Lps> {
    Point::new(210.0, -340.0, 1250.0)
}

/// A bright ball beside a dim one in air, with edges a few millimetres soft, as seen from a place relative to the
/// middle.
pub(crate) fn two_balls(p: Point<Lps>) -> f64 {
    let ball = |at: [f64; 3], radius: f64, value: f64| {
        let d = p.distance(centre() + Vector::from_array(at));
        (value + 1000.0) * ((radius - d) / 4.0 + 0.5).clamp(0.0, 1.0)
    };
    -1000.0 + ball([7.0, -2.0, 5.0], 9.0, 900.0).max(ball([-8.0, 4.0, -6.0], 8.0, 150.0))
}

/// A look that shows both balls of [`two_balls`].
pub(crate) fn look(mode: Mode) -> Look {
    let point = |value, colour, opacity_per_mm| TransferPoint { value, colour, opacity_per_mm };
    Look {
        mode,
        window: Window::new(0.0, 2000.0),
        transfer: TransferFunction::new(vec![
            point(-300.0, [0.8, 0.3, 0.2], 0.0),
            point(200.0, [0.9, 0.5, 0.3], 0.15),
            point(1000.0, [1.0, 1.0, 0.9], 0.7),
        ])
        .unwrap(),
        shading: Shading::default(),
        step_voxels: 0.5,
        surfaces: vec![
            IsoSurface { value: -200.0, colour: [0.9, 0.5, 0.3], opacity: 0.4 },
            IsoSurface { value: 500.0, colour: [1.0, 1.0, 0.9], opacity: 1.0 },
        ],
        gradient_opacity: Vec::new(),
    }
}

/// A camera that looks askew at [`oblique_grid`].
pub(crate) fn askew() -> Camera {
    let mut camera = Camera::anterior(&oblique_grid().bounds());
    camera.orbit(0.5, 0.35);
    camera.zoom(1.3);
    camera
}
