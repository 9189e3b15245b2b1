//! Rays that go together against rays that go alone.

use meshing_space::{Lps, Point, Vector};
use meshing_volume::{Grid, Volume, VolumeMeta, Voxels};

use super::*;
use crate::cells::Cells;
use crate::{Camera, Projection, Shading, TransferFunction, TransferPoint, ViewFrom, Window};

fn look(points: &[(f32, f32)], step_voxels: f32) -> Look {
    let point = |&(value, opacity_per_mm): &(f32, f32)| TransferPoint {
        value,
        colour: [0.9, 0.6 - value / 4000.0, 0.4],
        opacity_per_mm,
    };
    Look {
        mode: Mode::Dvr,
        window: Window::new(40.0, 400.0),
        transfer: TransferFunction::new(points.iter().map(point).collect()).unwrap(),
        shading: Shading::default(),
        step_voxels,
        surfaces: Vec::new(),
        gradient_opacity: Vec::new(),
    }
}

/// Balls and noise; the axes are of different lengths, turned, and go the left-handed way.
fn volume(size: [usize; 3], float: bool) -> Volume {
    let (sin, cos) = 0.4_f64.sin_cos();
    let axes = [Vector::new(cos, sin, 0.0), Vector::new(sin, -cos, 0.0), Vector::new(0.0, 0.0, 1.0)];
    let grid = Grid::new(size, Point::new(5.0, -8.0, 3.0), axes, [0.7, 0.9, 1.6]).unwrap();
    let mut noise = 1_u32;
    let values: Vec<f32> = (0..grid.len())
        .map(|n| {
            let c = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
            let part: [f32; 3] = std::array::from_fn(|a| c[a] as f32 / (size[a] - 1).max(1) as f32 - 0.5);
            let ball =
                |x: f32, r: f32| r - ((part[0] - x).powi(2) + part[1].powi(2) + part[2].powi(2)).sqrt();
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let inside = (ball(-0.15, 0.3).max(ball(0.2, 0.22)) * 12.0).clamp(-1.0, 1.0);
            (inside * 900.0 + (noise >> 23) as f32 - 150.0).round()
        })
        .collect();
    let voxels = if float {
        Voxels::F32(values.iter().map(|v| v + 0.25).collect())
    } else {
        Voxels::I16(values.iter().map(|&v| v as i16).collect())
    };
    Volume::new(grid, voxels, VolumeMeta::default()).unwrap()
}

struct Wish<'a> {
    volume: &'a Volume,
    look: Look,
    camera: Camera,
    clip: ClipPlanes,
    depth: Option<Vec<f32>>,
    hole: Option<(Vector<Lps>, f64)>,
}

const SIZE: [u32; 2] = [75, 61];

impl<'a> Wish<'a> {
    fn new(volume: &'a Volume, look: Look) -> Self {
        let camera = Camera::looking_from(ViewFrom::Anterior, &volume.grid().bounds());
        Self { volume, look, camera, clip: ClipPlanes::none(), depth: None, hole: None }
    }

    /// Drawn by rays that go alone, and together.
    fn both(&self, spoil: impl Fn(&mut Open)) -> [Cast; 2] {
        let cells = Cells::of(self.volume);
        let visible = cells.visible(&self.look.transfer, None);
        let functions = [Integrals::of(&self.look.transfer)];
        let mut open = Open::of(self.volume, &cells, &visible, &self.look.transfer);
        spoil(&mut open);
        let view = self.camera.matrices(f64::from(SIZE[0]) / f64::from(SIZE[1]));
        let job = Job {
            volume: self.volume,
            cells: &cells,
            look: &self.look,
            integrals: &functions[0],
            functions: &functions,
            light: None,
            visible: &visible,
            open: Some(&open),
            segments: None,
            view: &view,
            size: SIZE,
            kept: [[0, 0], SIZE],
            hole: self.hole,
            clip: &self.clip,
            carve: None,
            depth: self.depth.as_deref(),
            layers: None,
            distances: true,
        };
        // rays that are counted go alone
        let alone = match self.volume.voxels() {
            Voxels::I16(voxels) => cast_of(&job, voxels, |_: Counts| ()),
            Voxels::F32(voxels) => cast_of(&job, voxels, |_: Counts| ()),
        };
        [alone, cast(&job)]
    }

    /// Mean and largest difference, 1 being white, and whether distances differ.
    fn difference(&self, spoil: impl Fn(&mut Open)) -> (f32, f32, bool) {
        let mut spoilt = false;
        let [alone, together] = self.both(spoil);
        assert_eq!((alone.corner, alone.size), (together.corner, together.size));
        assert!(alone.pixels.iter().any(|p| p[3] > 0.1), "there is something to see");
        let (a, b) = (alone.pixels.as_flattened(), together.pixels.as_flattened());
        let each = a.iter().zip(b).map(|(a, b)| (a - b).abs());
        let together = together.distances.iter();
        for ([first, mean, opacity, _], [f, m, o, _]) in alone.distances.iter().zip(together) {
            // the first hit may be one step off where the opacity is just that of a hit
            let off = (first - f).abs() > 4.0 || *opacity > 0.1 && (mean - m).abs() > 0.1;
            spoilt |= off || (opacity - o).abs() > 0.01;
        }
        (each.clone().sum::<f32>() / a.len() as f32, each.fold(0.0, f32::max), spoilt)
    }

    fn same(&self) {
        let (mean, most, apart) = self.difference(|_| ());
        assert!(!apart, "distances differ");
        assert!(mean < 2e-5 && most < 4e-3, "off by {mean} on average and {most} at most");
    }
}

const BONE: [(f32, f32); 3] = [(200.0, 0.0), (500.0, 0.4), (1500.0, 0.9)];
/// Seen between two values, as air in lungs is.
const BAND: [(f32, f32); 4] = [(-700.0, 0.0), (-500.0, 0.1), (100.0, 0.08), (150.0, 0.0)];

#[test]
fn rays_that_go_together_see_what_each_sees_alone() {
    for (size, float) in [([40, 33, 21], false), ([21, 40, 18], true), ([9, 3, 5], false)] {
        let volume = volume(size, float);
        for (points, step) in [(&BONE[..], 1.0), (&BAND[..], 0.5), (&BONE[..], 2.3)] {
            Wish::new(&volume, look(points, step)).same();
        }
    }
}

#[test]
fn rays_that_go_together_find_the_same_maximum_and_minimum() {
    for (size, float) in [([40, 33, 21], false), ([21, 40, 18], true), ([9, 3, 5], false)] {
        let volume = volume(size, float);
        for mode in [Mode::Mip, Mode::MinIp] {
            let look = Look { mode, window: Window::new(0.0, 2600.0), ..look(&BONE, 0.8) };
            let plain = || Wish::new(&volume, look.clone());
            plain().same();
            let cut = crate::ClipPlane {
                point: volume.grid().bounds().center(),
                normal: Vector::new(0.3, 1.0, 0.2),
            };
            Wish { clip: ClipPlanes::new(&[cut]).unwrap(), camera: plain().camera.orthographic(), ..plain() }
                .same();
        }
    }
}

#[test]
fn from_inside_the_volume_without_foreshortening_and_past_cuts_too() {
    let volume = volume([40, 33, 21], false);
    let plain = || Wish::new(&volume, look(&BONE, 0.7));
    let middle = volume.grid().bounds().center();
    let near = Camera {
        eye: middle + Vector::new(0.3, 0.2, 0.1),
        target: middle + Vector::new(9.0, 4.0, 2.0),
        ..plain().camera
    };
    Wish { camera: near, ..plain() }.same();
    Wish { camera: plain().camera.orthographic(), ..plain() }.same();
    let cut = crate::ClipPlane { point: middle, normal: Vector::new(0.3, 1.0, 0.2) };
    Wish { clip: ClipPlanes::new(&[cut]).unwrap(), ..plain() }.same();
    let gaze = (middle - plain().camera.eye).normalized().unwrap();
    Wish { hole: Some((gaze, 0.999)), ..plain() }.same();
    let Projection::Perspective { .. } = plain().camera.projection else { panic!("foreshortened at first") };
    // something opaque before half of the picture, a near thing by its large depth
    let depth = (0..SIZE[0] * SIZE[1]).map(|n| if n % SIZE[0] < 40 { 0.02 } else { 0.0 }).collect();
    Wish { depth: Some(depth), ..plain() }.same();
}

#[test]
fn cubes_that_are_wrongly_closed_are_missed() {
    let volume = volume([40, 33, 21], false);
    let wish = Wish::new(&volume, look(&BONE, 1.0));
    let (mean, most, apart) = wish.difference(|open| {
        for word in open.words.iter_mut().step_by(3) {
            *word = 0;
        }
    });
    if packet::processor().is_some() {
        assert!(mean > 1e-3 && most > 0.1 && apart, "off by {mean} on average and {most} at most only");
    }
}
