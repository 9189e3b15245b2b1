//! Which pixels see the volume, and where their rays run in it.

use glam::{DAffine3, DMat4, DVec3, Vec3};

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
        let runs = self.runs([[x, y]]);
        runs.there[0].then(|| runs.span(0, self.step_mm))
    }

    /// Where the rays through some pixels run. One loop a line, so that they are reckoned side by side.
    #[inline(always)]
    pub(super) fn runs<const N: usize>(&self, pixels: [[u32; 2]; N]) -> Runs<N> {
        let mut there = [false; N];
        let mut met = [[0.0_f64; N]; 2];
        for n in 0..N {
            let [x, y] = pixels[n];
            if let Some([from, to]) = self.reach.at(x, y) {
                there[n] = true;
                (met[0][n], met[1][n]) = (f64::from(from), f64::from(to));
            }
        }
        let start = self.places(pixels, [1.0; N]);
        let mut direction = self.places(pixels, [0.5; N]);
        for n in 0..N {
            let (x, y) = (direction[0][n] - start[0][n], direction[1][n] - start[1][n]);
            let z = direction[2][n] - start[2][n];
            let by = 1.0 / z.mul_add(z, y.mul_add(y, x * x)).sqrt();
            let some = by.is_finite() && by > 0.0;
            direction[0][n] = if some { x * by } else { 0.0 };
            direction[1][n] = if some { y * by } else { 0.0 };
            direction[2][n] = if some { z * by } else { -1.0 };
        }
        if let Some((gaze, cosine)) = self.hole {
            for (n, there) in there.iter_mut().enumerate() {
                *there &= dot(direction, n, gaze) <= cosine;
            }
        }
        let (mut origin, mut per_mm, mut inverse) = ([[0.0; N]; 3], [[0.0; N]; 3], [[0.0; N]; 3]);
        let m = self.ijk_from_rel.matrix3.transpose();
        let (rows, shift) = ([m.x_axis, m.y_axis, m.z_axis], self.ijk_from_rel.translation.to_array());
        let (mut near, mut far) = ([0.0_f64; N], [f64::INFINITY; N]);
        for a in 0..3 {
            let (low, high) = (self.faces[0][a], self.faces[1][a]);
            for n in 0..N {
                origin[a][n] = dot(start, n, rows[a]) + shift[a];
                per_mm[a][n] = dot(direction, n, rows[a]);
                let slope = per_mm[a][n];
                inverse[a][n] = 1.0 / if slope.abs() > 1e-12 { slope } else { 1e-12 };
                let (one, other) =
                    ((low - origin[a][n]) * inverse[a][n], (high - origin[a][n]) * inverse[a][n]);
                near[n] = near[n].max(one.min(other));
                far[n] = far[n].min(one.max(other));
            }
        }
        for &(normal, height) in &self.planes {
            for n in 0..N {
                let (slope, height) = (dot(direction, n, normal), dot(start, n, normal) + height);
                let (flat, at) = (slope.abs() < 1e-12, -height / slope);
                there[n] &= !flat || height >= 0.0;
                near[n] = if !flat && slope > 0.0 { near[n].max(at) } else { near[n] };
                far[n] = if !flat && slope < 0.0 { far[n].min(at) } else { far[n] };
            }
        }
        if let Some(depth) = self.depth {
            let width = self.size[0] as usize;
            let depths =
                pixels.map(|[x, y]| depth.get(y as usize * width + x as usize).copied().unwrap_or(0.0));
            let place = self.places(pixels, depths.map(f64::from));
            for n in 0..N {
                let mut end = 0.0;
                for a in 0..3 {
                    end += (place[a][n] - start[a][n]) * direction[a][n];
                }
                far[n] = if depths[n] > 0.0 { far[n].min(end) } else { far[n] };
            }
        }
        // steps are counted from where the ray enters the volume, wherever the first thing to be seen is
        let (mut first, mut whole, mut rest) = ([0.0; N], [0.0; N], [0.0; N]);
        for n in 0..N {
            let (first_mm, last_mm) = (met[0][n].max(near[n]), met[1][n].min(far[n]));
            there[n] &= first_mm < last_mm;
            let all = (far[n] - near[n]) / self.step_mm;
            // nothing is to be seen beyond `last_mm`
            let needed = ((last_mm - near[n]) / self.step_mm).ceil() + 1.0;
            (whole[n], rest[n]) = if needed < all { (needed, 0.0) } else { (all.floor(), all - all.floor()) };
            first[n] = ((first_mm - near[n]) / self.step_mm - 0.5).max(0.0).floor();
        }
        for a in 0..3 {
            for n in 0..N {
                origin[a][n] = per_mm[a][n].mul_add(near[n], origin[a][n]);
                // of a step from here on
                per_mm[a][n] *= self.step_mm;
                inverse[a][n] /= self.step_mm;
            }
        }
        Runs { there, origin, by: per_mm, steps: inverse, first, whole, rest, direction, near_mm: near }
    }

    /// Where pixels lie, relative to the eye in LPS, at their depths.
    #[inline(always)]
    fn places<const N: usize>(&self, pixels: [[u32; 2]; N], depths: [f64; N]) -> [[f64; N]; 3] {
        let columns = self.rel_from_clip.to_cols_array_2d();
        let [width, height] = self.size.map(f64::from);
        let mut places = [[0.0; N]; 3];
        for n in 0..N {
            let right = (f64::from(pixels[n][0]) + 0.5) / width * 2.0 - 1.0;
            let up = 1.0 - (f64::from(pixels[n][1]) + 0.5) / height * 2.0;
            let mut h = [0.0; 4];
            for a in 0..4 {
                let flat = columns[0][a].mul_add(right, columns[1][a] * up);
                h[a] = flat + columns[2][a].mul_add(depths[n], columns[3][a]);
            }
            for a in 0..3 {
                places[a][n] = h[a] / h[3];
            }
        }
        places
    }
}

#[inline(always)]
fn dot<const N: usize>(of: [[f64; N]; 3], n: usize, with: DVec3) -> f64 {
    of[2][n].mul_add(with.z, of[1][n].mul_add(with.y, of[0][n] * with.x))
}

/// Where some rays run: places in continuous voxel indices, lengths in steps.
pub(super) struct Runs<const N: usize> {
    /// Which meet anything.
    pub(super) there: [bool; N],
    /// Where step 0 begins.
    pub(super) origin: [[f64; N]; 3],
    /// A step.
    pub(super) by: [[f64; N]; 3],
    /// Steps a voxel, never infinite.
    pub(super) steps: [[f64; N]; 3],
    /// The first step with something to see.
    pub(super) first: [f64; N],
    /// Number of whole steps.
    pub(super) whole: [f64; N],
    /// What the last step, the one after the whole ones, is of a step; 0 when there is none.
    pub(super) rest: [f64; N],
    /// Unit vectors in LPS.
    pub(super) direction: [[f64; N]; 3],
    /// Where step 0 begins, in mm from the ray's start on the near plane.
    pub(super) near_mm: [f64; N],
}

impl<const N: usize> Runs<N> {
    #[inline(always)]
    fn span(&self, n: usize, step_mm: f64) -> Span {
        let of = |rows: &[[f64; N]; 3]| DVec3::new(rows[0][n], rows[1][n], rows[2][n]);
        let by = of(&self.by);
        Span {
            origin: (of(&self.origin) + 0.5).to_array().map(fixed),
            half_step: (by / 2.0).to_array().map(fixed),
            steps: (of(&self.steps) / super::fixed::ONE as f64).as_vec3().to_array(),
            forward: by.to_array().map(|c| c > 0.0),
            first: self.first[n] as i64,
            whole: self.whole[n] as i64,
            rest: self.rest[n] as f32,
            step_mm: step_mm as f32,
            direction: of(&self.direction).as_vec3(),
            near_mm: self.near_mm[n],
        }
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
