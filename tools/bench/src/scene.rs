//! The scene of the volume benchmarks: skull in the colours, opacities and light that the other programs are given too.

use std::sync::Arc;

use meshing_space::Vector;
use meshing_volume::{Grid, Volume, VolumeMeta, Voxels};
use rayon::prelude::*;
use render_volume::{Camera, Look, Mode, Projection, Shading, TransferFunction, TransferPoint, Window};

/// Value, red, green, blue, opacity per mm.
const SKULL: [[f32; 5]; 8] = [
    [-1024.0, 0.0, 0.0, 0.0, 0.0],
    [40.0, 0.8, 0.4, 0.3, 0.0],
    [150.0, 0.863, 0.569, 0.427, 0.0],
    [300.0, 0.95, 0.8, 0.6, 0.1875],
    [350.0, 0.952, 0.808, 0.615, 0.25],
    [1200.0, 0.988, 0.95, 0.8625, 0.85],
    [1500.0, 1.0, 1.0, 0.95, 0.858],
    [3071.0, 1.0, 1.0, 0.95, 0.9],
];

/// How the skull looks.
///
/// # Panics
/// Never: the points are sound.
pub fn look(mode: Mode, step_voxels: f32) -> Look {
    let points = SKULL.map(TransferPoint::from).to_vec();
    Look {
        mode,
        window: Window::new(400.0, 1800.0),
        transfer: TransferFunction::new(points).expect("the points are sound"),
        shading: Shading { ambient: 0.2, diffuse: 0.7, specular: 0.3, shininess: 20.0, ..Shading::default() },
        step_voxels,
        surfaces: Vec::new(),
        gradient_opacity: Vec::new(),
    }
}

/// From the front and a little from above, the whole volume in the picture and 1.4 times closer, as VTK's
/// `ResetCamera`, `Elevation(-80)`, `Zoom(1.4)` stand.
pub fn camera(grid: &Grid) -> Camera {
    let bounds = grid.bounds();
    let size = bounds.size();
    let distance = size.length() / 2.0 / 15_f64.to_radians().sin();
    let (sin, cos) = 80_f64.to_radians().sin_cos();
    Camera {
        eye: bounds.center() + Vector::new(0.0, -sin * distance, cos * distance),
        target: bounds.center(),
        up: Vector::new(0.0, cos, sin),
        projection: Projection::Perspective { fov_y: (30.0 / 1.4_f64).to_radians() },
        near_mm: 1.0,
    }
}

/// A head of closed form in a cube of 230 mm: skin, a skull with sutures and eye sockets, brain, teeth; 16-bit.
///
/// # Panics
/// Never: the grid is sound and the voxels are as many as it has.
pub fn head(n: usize) -> Arc<Volume> {
    let edge = 230.0;
    let grid = Grid::axis_aligned([n; 3], meshing_space::Point::origin(), [edge / n as f64; 3]);
    let grid = grid.expect("a cube of voxels");
    let place = |c: usize| ((c as f32 + 0.5) / n as f32) * 2.0 - 1.0;
    let mut voxels = vec![0_i16; n * n * n];
    voxels.par_chunks_mut(n * n).enumerate().for_each(|(k, slice)| {
        for (j, row) in slice.chunks_exact_mut(n).enumerate() {
            for (i, voxel) in row.iter_mut().enumerate() {
                *voxel = value([place(i), place(j), place(k)]);
            }
        }
    });
    let meta = VolumeMeta { modality: "CT".into(), unit: "HU".into(), ..VolumeMeta::default() };
    Arc::new(Volume::new(grid, Voxels::I16(voxels), meta).expect("as many voxels as the grid has"))
}

fn value([x, y, z]: [f32; 3]) -> i16 {
    // edges a hundredth of the cube soft, as a scanner's are
    let soft = |inside: f32| (inside * 100.0 + 0.5).clamp(0.0, 1.0);
    let ball = |cx: f32, cy: f32, cz: f32, r: f32| {
        r - ((x - cx) * (x - cx) + (y - cy) * (y - cy) + (z - cz) * (z - cz)).sqrt()
    };
    let egg = |a: f32, b: f32, c: f32| {
        let (u, v, w) = (x / a, y / b, z / c);
        (1.0 - (u * u + v * v + w * w).sqrt()) * a.min(b).min(c)
    };
    let suture = 0.006 * ((x * 40.0 + (z * 55.0).sin() * 1.5).sin() * (y * 37.0).cos());
    let sockets = soft(ball(-0.26, -0.62, 0.1, 0.17)).max(soft(ball(0.26, -0.62, 0.1, 0.17)));
    let skull = (soft(egg(0.62, 0.74, 0.7)) - soft(egg(0.55 + suture, 0.67 + suture, 0.63 + suture)))
        * (1.0 - sockets);
    let teeth = (0..8).map(|t| {
        let x = (t as f32 - 3.5) * 0.075;
        soft(ball(x, -0.62 + x * x * 1.2, -0.45, 0.04))
    });
    let teeth = teeth.fold(0.0, f32::max);
    let (skin, brain) = (soft(egg(0.7, 0.82, 0.78)), soft(egg(0.54, 0.66, 0.62)));
    let soft_tissue = -1000.0 + skin * 1040.0 - brain * 5.0;
    let bone = soft_tissue + (1100.0 - soft_tissue) * skull;
    (bone + (2200.0 - bone) * teeth) as i16
}
