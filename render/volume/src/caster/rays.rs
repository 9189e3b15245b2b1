//! Which pixels see the volume, and where their rays run in it.

use glam::{DAffine3, DMat4, DVec3, DVec4, Vec3};

use super::Job;
use super::fixed::{Place, fixed};
use super::layers::{LayerPictures, OnRay};
use super::reach::Reach;
use crate::cells::PART;

/// The rays of a picture.
pub(super) struct Rays<'a> {
    rel_from_clip: DMat4,
    ijk_from_rel: DAffine3,
    size: [u32; 2],
    /// The outer faces of the volume, as continuous indices.
    faces: [DVec3; 2],
    /// Unit normals and heights of the eye over the planes.
    planes: Vec<(DVec3, f64)>,
    depth: Option<&'a [f32]>,
    layers: Option<&'a LayerPictures>,
    hole: Option<(DVec3, f64)>,
    step_mm: f64,
    reach: &'a Reach,
}

/// Where one ray runs in the volume, in steps.
pub(super) struct Span {
    origin: Place,
    half_step: Place,
    /// Steps a unit of a place, never infinite.
    steps: [f32; 3],
    forward: [bool; 3],
    /// The first step with something to see.
    pub(super) first: i64,
    /// Number of whole steps.
    pub(super) whole: i64,
    /// What the last step, the one after the whole ones, is of a step; 0 when there is none.
    pub(super) rest: f32,
    /// Length of a step.
    pub(super) step_mm: f32,
    /// Unit vector in LPS.
    pub(super) direction: Vec3,
    /// Where step 0 begins, in mm from the ray's start on the near plane.
    near_mm: f64,
}

impl<'a> Rays<'a> {
    pub(super) fn new(job: &Job<'a>, reach: &'a Reach) -> Self {
        let grid = job.volume.grid();
        let eye = job.view.eye();
        let n = DVec3::from_array(grid.size().map(|n| n as f64));
        let planes = job.clip.seen_from(eye).map(|(normal, height)| (normal.as_dvec3(), height));
        Self {
            rel_from_clip: job.view.clip_from_rel().inverse(),
            ijk_from_rel: grid.ijk_from_lps().affine() * DAffine3::from_translation(eye.as_dvec3()),
            size: job.size,
            faces: [DVec3::splat(-0.5), n - 0.5],
            planes: planes.collect(),
            depth: job.depth,
            layers: job.layers,
            hole: job.hole.map(|(gaze, cosine)| (gaze.as_dvec3(), cosine)),
            step_mm: job.look.step_mm(grid),
            reach,
        }
    }

    /// The layers on the ray through a pixel.
    pub(super) fn layers(&self, x: u32, y: u32) -> OnRay {
        let Some(layers) = self.layers else { return OnRay::default() };
        let right = (f64::from(x) + 0.5) / f64::from(self.size[0]) * 2.0 - 1.0;
        let up = 1.0 - (f64::from(y) + 0.5) / f64::from(self.size[1]) * 2.0;
        let place = |depth: f64| self.rel_from_clip.project_point3(DVec3::new(right, up, depth));
        layers.on_ray([x, y], |depth| place(f64::from(depth)).distance(place(1.0)) as f32)
    }

    /// Where the ray through a pixel runs among what can be seen; `None` where it does not.
    #[inline(always)]
    pub(super) fn span(&self, x: u32, y: u32) -> Option<Span> {
        let [reach_from, reach_to] = self.reach.at(x, y)?;
        let right = (f64::from(x) + 0.5) / f64::from(self.size[0]) * 2.0 - 1.0;
        let up = 1.0 - (f64::from(y) + 0.5) / f64::from(self.size[1]) * 2.0;
        let place = |depth: f64| {
            let h = self.rel_from_clip * DVec4::new(right, up, depth, 1.0);
            h.truncate() / h.w
        };
        let start = place(1.0);
        let direction = (place(0.5) - start).normalize_or(DVec3::NEG_Z);
        if self.hole.is_some_and(|(gaze, cosine)| direction.dot(gaze) > cosine) {
            return None;
        }
        let origin = self.ijk_from_rel.transform_point3(start);
        let per_mm = self.ijk_from_rel.transform_vector3(direction);
        let safe = DVec3::select(per_mm.abs().cmpgt(DVec3::splat(1e-12)), per_mm, DVec3::splat(1e-12));
        let inverse = safe.recip();
        let (a, b) = ((self.faces[0] - origin) * inverse, (self.faces[1] - origin) * inverse);
        let mut near = a.min(b).max_element().max(0.0);
        let mut far = a.max(b).min_element();
        for &(normal, height) in &self.planes {
            let (slope, height) = (normal.dot(direction), normal.dot(start) + height);
            if slope.abs() < 1e-12 {
                if height < 0.0 {
                    return None;
                }
            } else if slope > 0.0 {
                near = near.max(-height / slope);
            } else {
                far = far.min(-height / slope);
            }
        }
        if let Some(depth) = self.depth {
            let depth = f64::from(depth[y as usize * self.size[0] as usize + x as usize]);
            if depth > 0.0 {
                far = far.min((place(depth) - start).dot(direction));
            }
        }
        // steps are counted from where the ray enters the volume, wherever the first thing to be seen is
        let (first_mm, last_mm) = (f64::from(reach_from).max(near), f64::from(reach_to).min(far));
        if first_mm >= last_mm {
            return None;
        }
        let step = self.step_mm;
        let all = (far - near) / step;
        // nothing is to be seen beyond `last_mm`
        let needed = ((last_mm - near) / step).ceil() + 1.0;
        let (whole, rest) = if needed < all { (needed, 0.0) } else { (all.floor(), all.fract()) };
        Some(Span {
            origin: (origin + per_mm * near + 0.5).to_array().map(fixed),
            half_step: (per_mm * (step / 2.0)).to_array().map(fixed),
            steps: (inverse / step / super::fixed::ONE as f64).as_vec3().to_array(),
            forward: per_mm.to_array().map(|c| c > 0.0),
            first: ((first_mm - near) / step - 0.5).max(0.0) as i64,
            whole: whole as i64,
            rest: rest as f32,
            step_mm: step as f32,
            direction: direction.as_vec3(),
            near_mm: near,
        })
    }
}

impl Span {
    /// Distance from the near plane of a part of a step.
    #[inline(always)]
    pub(super) fn mm(&self, k: i64, part: f32) -> f32 {
        (self.near_mm + (k as f64 + f64::from(part)) * f64::from(self.step_mm)) as f32
    }

    /// The place after a number of half steps.
    #[inline(always)]
    pub(super) fn at_half(&self, half: i64) -> Place {
        let ([x, y, z], [dx, dy, dz]) = (self.origin, self.half_step);
        [x + dx * half, y + dy * half, z + dz * half]
    }

    /// The place at a part of a step.
    #[inline(always)]
    pub(super) fn at(&self, k: i64, part: f32) -> Place {
        let ([x, y, z], [dx, dy, dz]) = (self.at_half(k * 2), self.half_step);
        let by = |d: i64| (d as f64 * f64::from(part) * 2.0) as i64;
        [x + by(dx), y + by(dy), z + by(dz)]
    }

    /// The place at a part of a step after the whole ones.
    #[inline(always)]
    pub(super) fn at_rest(&self, part: f32) -> Place {
        self.at(self.whole, part)
    }

    /// The first step after `k` whose middle lies beyond the box of cells around a place: `free` is the distance
    /// to the nearest cell that shows something, and 0 when only the part of the cell shows nothing.
    #[inline(always)]
    pub(super) fn leap(&self, k: i64, at: Place, part: [i32; 3], free: u8) -> i64 {
        let reach = i32::from(free) * 2 - 2;
        let mut out = f32::INFINITY;
        for a in 0..3 {
            let (low, high) = if free == 0 {
                (part[a], part[a] + 1)
            } else {
                let cell = part[a] & !1;
                (cell - reach, cell + 2 + reach)
            };
            let face = if self.forward[a] { high } else { low };
            let face = i64::from(face) * (PART as i64 * super::fixed::ONE);
            out = out.min((face - at[a]) as f32 * self.steps[a]);
        }
        // a hair back, so that rounding never leaps over a step
        k + 1 + (out - 1e-3).max(0.0) as i64
    }
}
