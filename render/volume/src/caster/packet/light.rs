//! The light of [`Light`], on sixteen places.

use pulp::x86::V4;

use super::super::shade::{HIGHLIGHT, Light};
use super::gather::floats;
use super::lanes::{F, I, each};

pub(super) struct Lamp<'a> {
    cpu: V4,
    light: &'a Light<'a>,
    step_mm: f32,
}

/// What of the light depends on the rays alone.
pub(super) struct Gaze {
    pub(super) direction: [F; 3],
    pub(super) half_way: [F; 3],
}

impl<'a> Lamp<'a> {
    pub(super) fn new(cpu: V4, light: &'a Light<'a>, step_mm: f32) -> Self {
        Self { cpu, light, step_mm }
    }

    #[inline(always)]
    fn splat(&self, value: f32) -> F {
        F::splat(self.cpu, value)
    }

    #[inline(always)]
    fn towards(&self) -> [F; 3] {
        let [x, y, z] = self.light.towards.to_array();
        [self.splat(x), self.splat(y), self.splat(z)]
    }

    #[inline(always)]
    pub(super) fn gaze(&self, direction: [F; 3]) -> Gaze {
        let towards = self.towards();
        let between = each!(a of 3: towards[a] - direction[a]);
        let length = dot(between, between).sqrt();
        let long = length.gt(self.splat(1e-6));
        let by = self.splat(1.0).over(length);
        Gaze { direction, half_way: each!(a of 3: towards[a].or(long, between[a] * by)) }
    }

    /// What stretches of so many steps send, and their opacity.
    #[inline(always)]
    pub(super) fn shown(&self, entry: [F; 4], steps: F, gradient: [F; 3], gaze: &Gaze) -> [F; 4] {
        let light = self.light;
        let (zero, one) = (self.splat(0.0), self.splat(1.0));
        let alpha = one - self.exp_of_negative(entry[3] * steps * self.splat(-self.step_mm));
        let columns = light.lps_from_gradient.to_cols_array_2d();
        let normal = each!(row of 3: {
            let [x, y, z] = each!(column of 3: self.splat(columns[column][row]));
            dot([x, y, z], gradient)
        });
        let square = dot(normal, normal);
        let length = square.sqrt();
        let t = (length - self.splat(light.gradient_from)) * self.splat(light.gradient_by);
        let t = t.max(zero).min(one);
        let surface = t * t * (self.splat(3.0) - self.splat(2.0) * t);
        let steep = length.gt(self.splat(1e-12)) & surface.gt(zero);
        let flat = self.splat(light.flat);
        let (mut dull, mut bright) = (flat, zero);
        if steep != 0 {
            // turned towards the eye
            let by = one.over(length).copysign(zero - dot(normal, gaze.direction));
            let towards = self.towards();
            let cosine = (dot(normal, towards) * by).max(zero);
            let lit = cosine.mul_add(self.splat(light.diffuse), self.splat(light.ambient));
            dull = flat.or(steep, (lit - flat).mul_add(surface, flat));
            bright = zero.or(steep, self.highlight(dot(normal, gaze.half_way) * by) * surface);
        }
        let [r, g, b] = each!(c of 3: entry[c].mul_add(dull, bright));
        [r, g, b, alpha]
    }

    #[inline(always)]
    fn highlight(&self, cosine: F) -> F {
        let dark = self.splat(self.light.dark);
        let lit = cosine.gt(dark);
        let zero = self.splat(0.0);
        if lit == 0 {
            return zero;
        }
        let x = ((cosine - dark) * self.splat(self.light.per_cosine)).max(zero);
        let whole = x.whole().min_unsigned(I::splat(self.cpu, HIGHLIGHT as i32 - 2));
        let table = &self.light.highlight[..];
        let (a, b) = (floats(table, whole), floats(table, whole + I::splat(self.cpu, 1)));
        zero.or(lit, a.mix(b, x - whole.float()))
    }

    /// As for one ray: powers of two by the exponent, the rest by the series.
    #[inline(always)]
    fn exp_of_negative(&self, power: F) -> F {
        let y = (power * self.splat(std::f32::consts::LOG2_E)).max(self.splat(-126.0));
        let whole = y.floor();
        let x = (y - whole) * self.splat(std::f32::consts::LN_2);
        let mut sum = self.splat(1.0 / 5040.0);
        for term in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
            sum = sum.mul_add(x, self.splat(term));
        }
        sum * whole.exp2_of_whole()
    }
}

#[inline(always)]
fn dot(a: [F; 3], b: [F; 3]) -> F {
    a[2].mul_add(b[2], a[1].mul_add(b[1], a[0] * b[0]))
}
