//! What the path shaders are told, as they lay it out.

use bytemuck::{Pod, Zeroable};
use meshing_space::{Aabb, Lps};

use super::PathSettings;
use super::settings::PlacedLamp;
use super::surface::{Highlight, STEPS};
use crate::ViewMatrices;
use crate::cells::PART;

/// `Lamp` of path.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct Lamp {
    middle: [f32; 4],
    facing: [f32; 4],
    power: [f32; 4],
}

/// `PathUniform` of path.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(super) struct Path {
    above: [f32; 4],
    below: [f32; 4],
    up: [f32; 4],
    surface: [f32; 4],
    lamps: [Lamp; PathSettings::MAX_LAMPS],
    highlight: [[f32; 4]; STEPS / 4],
    pub(super) picture: [u32; 4],
    counts: [u32; 4],
}

/// `SumsUniform` of shared/path_sums.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(super) struct Sums {
    pub(super) size: [u32; 2],
    pub(super) samples: f32,
    pub(super) step: i32,
    pub(super) sigma: [f32; 4],
    pub(super) pixel_mm: f32,
    pub(super) exposure: f32,
    pub(super) white: f32,
    pub(super) pad: f32,
    pub(super) origin: [f32; 2],
    pub(super) rest: [f32; 2],
}

/// The ball around a volume: its middle and radius in mm.
pub(crate) fn ball(bounds: &Aabb<Lps>) -> (meshing_space::Point<Lps>, f64) {
    (bounds.center(), (bounds.size().length() / 2.0).max(1e-3))
}

fn wide(v: [f64; 3], w: f64) -> [f32; 4] {
    [v[0] as f32, v[1] as f32, v[2] as f32, w as f32]
}

pub(super) fn path(settings: &PathSettings, bounds: &Aabb<Lps>, view: &ViewMatrices, size: [u32; 2]) -> Path {
    let (middle, radius_mm) = ball(bounds);
    let mut lamps = [Lamp::zeroed(); PathSettings::MAX_LAMPS];
    let placed = settings.placed(middle, radius_mm, view);
    for (slot, PlacedLamp { middle, radius, facing, up_to, power }) in lamps.iter_mut().zip(&placed) {
        *slot = Lamp {
            middle: wide((*middle - view.eye()).to_array(), *radius),
            facing: wide(facing.to_array(), *up_to),
            power: wide(*power, 0.0),
        };
    }
    let sky = &settings.environment;
    let up = sky.frame.direction(sky.up, view).unwrap_or(view.up());
    let alpha = settings.roughness * settings.roughness;
    let highlight = Highlight::new(alpha, settings.reflectance);
    let entry = |i: usize| std::array::from_fn(|c| highlight.albedo[i * 4 + c] as f32);
    Path {
        above: wide(sky.above, 0.0),
        below: wide(sky.below, 0.0),
        up: wide(up.to_array(), settings.sampled_g()),
        surface: [alpha as f32, settings.reflectance as f32, highlight.taken as f32, settings.surface as f32],
        lamps,
        highlight: std::array::from_fn(entry),
        picture: [size[0], size[1], 0, 0],
        counts: [placed.len() as u32, settings.bounces, settings.seed, PART as u32],
    }
}
