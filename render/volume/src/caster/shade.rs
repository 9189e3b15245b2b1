//! The light of shared/light.wgsl.

use glam::{DMat3, Mat3, Vec3, Vec4};

use super::Job;
use super::fixed::{ONE, Place};
use crate::Shading;
use crate::light_grid::LightGrid;

/// Entries of the highlight's table, one more than its steps.
const HIGHLIGHT: usize = 513;

/// A lamp, a material, and how gradients lie in the room.
pub(super) struct Light<'a> {
    pub(super) transparent_up_to: f32,
    lps_from_gradient: Mat3,
    towards: Vec3,
    ambient: f32,
    diffuse: f32,
    /// What has no clear surface.
    flat: f32,
    /// Strength of the highlight by the cosine to the vector half way between lamp and eye, from [`Light::dark`].
    highlight: Vec<f32>,
    /// Below this cosine the highlight is darker than a thousandth of itself.
    dark: f32,
    per_cosine: f32,
    gradient_from: f32,
    gradient_by: f32,
    dimming: Option<Dimming<'a>>,
    /// Opacity by gradient, and how many entries a gradient takes.
    by_gradient: Option<(Vec<f32>, f32)>,
}

/// Occlusion and shadow by block.
struct Dimming<'a> {
    cells: &'a [[u8; 2]],
    size: [usize; 3],
    /// Blocks a unit of a place.
    per_place: [f32; 3],
    /// A block's edge along a vector in LPS, in units of a place.
    before: Mat3,
    occlusion: f32,
    shadow: f32,
}

/// What a stretch of the ray shows.
#[derive(Clone, Copy)]
pub(super) struct Shown {
    colour: Vec4,
    extinction: f32,
}

impl Shown {
    /// So much of it laid under what is there already.
    #[inline(always)]
    pub(super) fn under(&self, sum: Vec4, length_mm: f32) -> Vec4 {
        let alpha = 1.0 - exp_of_negative(-self.extinction * length_mm);
        sum + self.colour * ((1.0 - sum.w) * alpha)
    }
}

/// What of the light depends on the ray alone.
#[derive(Clone, Copy)]
pub(super) struct Gaze {
    direction: Vec3,
    half_way: Vec3,
}

/// Opacity of a stretch whose extinction is the entry's last number.
#[inline(always)]
pub(super) fn opacity(entry: Vec4, length_mm: f32) -> f32 {
    1.0 - exp_of_negative(-entry.w * length_mm)
}

impl<'a> Light<'a> {
    pub(super) fn new(job: &Job<'a>) -> Self {
        let shading = &job.look.shading;
        let ijk_from_lps: DMat3 = job.volume.grid().ijk_from_lps().affine().matrix3;
        let [from, to] = shading.gradient_per_mm;
        let dark = 1e-3_f32.powf(1.0 / shading.shininess.max(1e-3));
        let steps = (HIGHLIGHT - 1) as f32;
        let cosine = |n: usize| dark + (1.0 - dark) * (n as f32 / steps);
        Self {
            transparent_up_to: job.look.transfer.transparent_up_to(),
            // a gradient is a covector: it goes the way of the inverse, transposed
            lps_from_gradient: ijk_from_lps.transpose().as_mat3(),
            towards: job.view.towards_light().as_dvec3().as_vec3(),
            ambient: shading.ambient,
            diffuse: shading.diffuse,
            flat: shading.ambient + 0.6 * shading.diffuse,
            highlight: (0..HIGHLIGHT).map(|n| shading.specular * cosine(n).powf(shading.shininess)).collect(),
            dark,
            per_cosine: steps / (1.0 - dark).max(1e-6),
            gradient_from: from,
            gradient_by: 1.0 / (to - from).max(1e-3),
            dimming: job.light.map(|grid| Dimming::new(grid, shading, ijk_from_lps)),
            by_gradient: job.look.gradient_table(),
        }
    }

    #[inline(always)]
    pub(super) fn gaze(&self, direction: Vec3) -> Gaze {
        Gaze { direction, half_way: (self.towards - direction).normalize_or(self.towards) }
    }

    /// The share of the extinction that a gradient lets stand, and the gradient where it was asked for.
    #[inline(always)]
    pub(super) fn share(&self, gradient: impl Fn() -> [f32; 3]) -> (f32, Option<[f32; 3]>) {
        let Some((table, entries_per_mm)) = &self.by_gradient else { return (1.0, None) };
        let gradient = gradient();
        let last = (table.len() - 1) as f32;
        let x = (self.normal(gradient).1 * entries_per_mm).min(last);
        let n = (x as usize).min(table.len() - 2);
        ((table[n + 1] - table[n]).mul_add(x - n as f32, table[n]), Some(gradient))
    }

    /// What a stretch of the ray shows, lit.
    #[inline(always)]
    pub(super) fn shown(&self, entry: Vec4, at: Place, gradient: [f32; 3], gaze: &Gaze) -> Shown {
        let (normal, length) = self.normal(gradient);
        let t = ((length - self.gradient_from) * self.gradient_by).clamp(0.0, 1.0);
        let surface = t * t * (3.0 - 2.0 * t);
        let (dull, bright) = self.shares(at, normal, length, surface, gaze);
        Shown { colour: (entry * dull + Vec4::splat(bright)).with_w(1.0), extinction: entry.w }
    }

    /// A surface of a colour and opacity, lit; premultiplied.
    #[inline(always)]
    pub(super) fn lit(&self, base: Vec4, at: Place, gradient: [f32; 3], gaze: &Gaze) -> Vec4 {
        let (normal, length) = self.normal(gradient);
        let (dull, bright) = self.shares(at, normal, length, 1.0, gaze);
        (base * dull + Vec4::splat(bright)).with_w(1.0) * base.w
    }

    /// The gradient in LPS, per mm, and its length.
    #[inline(always)]
    fn normal(&self, gradient: [f32; 3]) -> (Vec3, f32) {
        let normal = self.lps_from_gradient * Vec3::from_array(gradient);
        (normal, normal.length())
    }

    /// How much of its colour and how much white a place sends that is so much of a surface.
    #[inline(always)]
    fn shares(&self, at: Place, normal: Vec3, length: f32, surface: f32, gaze: &Gaze) -> (f32, f32) {
        // turned towards the eye
        let by = (1.0 / length.max(1e-12)).copysign(-normal.dot(gaze.direction));
        let (mut open, mut lamp) = (1.0, 1.0);
        let (mut diffuse, mut flat) = (self.diffuse, self.flat);
        if let Some(dimming) = &self.dimming {
            (open, lamp) = dimming.at(at, normal * (by * surface));
            diffuse *= lamp;
            flat = self.ambient + 0.6 * diffuse;
        }
        let (mut dull, mut bright) = (flat, 0.0);
        if surface > 0.0 && length > 1e-12 {
            let cosine = (normal.dot(self.towards) * by).max(0.0);
            dull += (self.ambient + diffuse * cosine - flat) * surface;
            bright = self.highlight(normal.dot(gaze.half_way) * by) * surface;
        }
        (dull * open, bright * open * lamp)
    }

    #[inline(always)]
    fn highlight(&self, cosine: f32) -> f32 {
        if cosine <= self.dark {
            return 0.0;
        }
        let x = (cosine - self.dark) * self.per_cosine;
        let n = (x as usize).min(HIGHLIGHT - 2);
        let pair = &self.highlight[n..n + 2];
        (pair[1] - pair[0]).mul_add(x - n as f32, pair[0])
    }
}

impl<'a> Dimming<'a> {
    fn new(grid: &'a LightGrid, shading: &Shading, ijk_from_lps: DMat3) -> Self {
        Self {
            cells: &grid.cells,
            size: grid.blocks.size,
            per_place: grid.blocks.factor.map(|f| (1.0 / (f as f64 * ONE as f64)) as f32),
            before: (ijk_from_lps * (grid.blocks.edge_mm() * ONE as f64)).as_mat3(),
            occlusion: shading.occlusion,
            shadow: shading.shadow,
        }
    }

    /// What is left of all the light, and of the lamp's part of that, at a place that is a surface as far as its normal
    /// is long.
    #[inline(never)]
    fn at(&self, at: Place, normal: Vec3) -> (f32, f32) {
        // a block before the surface, lest that shade itself
        let before = (self.before * normal).to_array();
        let (mut base, mut next, mut part) = ([0_usize; 3], [0_usize; 3], [0.0_f32; 3]);
        for a in 0..3 {
            let last = (self.size[a] - 1) as f32;
            let place = ((at[a] as f32 + before[a]) * self.per_place[a] - 0.5).clamp(0.0, last);
            base[a] = place as usize;
            next[a] = (base[a] + 1).min(self.size[a] - 1);
            part[a] = place - base[a] as f32;
        }
        let [ni, nj, _] = self.size;
        let mut sum = [0.0_f32; 2];
        for corner in 0..8 {
            let upper = |a: usize| corner >> a & 1 == 1;
            let side = |a: usize| if upper(a) { part[a] } else { 1.0 - part[a] };
            let place = |a: usize| if upper(a) { next[a] } else { base[a] };
            let weight = side(0) * side(1) * side(2) / 255.0;
            let cell = self.cells[(place(2) * nj + place(1)) * ni + place(0)];
            sum = [sum[0] + weight * f32::from(cell[0]), sum[1] + weight * f32::from(cell[1])];
        }
        (1.0 - self.occlusion * (1.0 - sum[0]), 1.0 - self.shadow * (1.0 - sum[1]))
    }
}

/// e to a power that is not positive, within 2e-7: powers of two by the exponent's bits, the rest by the series.
#[inline(always)]
fn exp_of_negative(power: f32) -> f32 {
    let y = (power * std::f32::consts::LOG2_E).max(-126.0);
    let whole = y.floor();
    let x = (y - whole) * std::f32::consts::LN_2;
    let series = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
    let mut sum = 0.0_f32;
    for term in series {
        sum = sum.mul_add(x, term);
    }
    sum * f32::from_bits(((whole as i32 + 127) as u32) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_right_to_float_precision() {
        for n in 0..10_000 {
            let power = -(n as f32) * 0.004;
            let truth = f64::from(power).exp();
            let off = (f64::from(exp_of_negative(power)) - truth).abs() / truth;
            assert!(off < 5e-6, "{power}: off by {off}");
        }
        assert_eq!(exp_of_negative(0.0), 1.0);
        assert!(exp_of_negative(-1e9) < 1e-37);
    }
}
