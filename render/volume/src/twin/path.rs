//! Twin of path.wgsl: the same estimator with the same random numbers, cell by cell without leaps.

use glam::{DMat3, DVec3};
use meshing_space::{Lps, Point, Vector};
use meshing_volume::Volume;

use super::{Ray, gradient_at, interval, value_at};
use crate::cells::{Cells, PART};
use crate::path::settings::PlacedLamp;
use crate::path::surface::{Highlight, schlick, smith, visible_normal};
use crate::path::{majorant, uniforms};
use crate::{ClipPlanes, Look, PathSettings, PathSums, ViewMatrices};

const GOLDEN: u32 = 0x9e37_79b9;

/// The sums of a picture after a number of samples.
pub fn path(
    size: [u32; 2],
    view: &ViewMatrices,
    (volume, look): (&Volume, &Look),
    clip: &ClipPlanes,
    settings: &PathSettings,
    samples: u32,
) -> PathSums {
    Traced::new(view, volume, look, clip, settings).sums(size, samples)
}

/// The same with one majorant for all cells, `share` of the largest: from 1 on other paths to the same mean, below
/// 1 wrong.
pub fn path_evenly(
    size: [u32; 2],
    view: &ViewMatrices,
    (volume, look): (&Volume, &Look),
    clip: &ClipPlanes,
    settings: &PathSettings,
    samples: u32,
    share: f32,
) -> PathSums {
    let mut scene = Traced::new(view, volume, look, clip, settings);
    let most = scene.majorants.iter().copied().fold(0.0, f32::max) * share;
    scene.majorants.fill(most);
    scene.sums(size, samples)
}

struct Traced<'a> {
    view: &'a ViewMatrices,
    volume: &'a Volume,
    look: &'a Look,
    clip: &'a ClipPlanes,
    settings: &'a PathSettings,
    cells: [usize; 3],
    majorants: Vec<f32>,
    lamps: Vec<PlacedLamp>,
    highlight: Highlight,
    up: DVec3,
}

impl<'a> Traced<'a> {
    fn new(
        view: &'a ViewMatrices,
        volume: &'a Volume,
        look: &'a Look,
        clip: &'a ClipPlanes,
        settings: &'a PathSettings,
    ) -> Self {
        let cells = Cells::of(volume);
        let (middle, radius_mm) = uniforms::ball(&volume.grid().bounds());
        let sky = &settings.environment;
        Self {
            view,
            volume,
            look,
            clip,
            settings,
            cells: cells.parts_size,
            majorants: majorant::majorants(&cells, &look.transfer, settings.density),
            lamps: settings.placed(middle, radius_mm, view),
            highlight: Highlight::new(settings.roughness.powi(2), settings.reflectance),
            up: sky.frame.direction(sky.up, view).unwrap_or(view.up()).as_dvec3(),
        }
    }

    fn sums(&self, size: [u32; 2], samples: u32) -> PathSums {
        let pixels = size[0] as usize * size[1] as usize;
        let mut sums = PathSums {
            size,
            samples,
            light: vec![[0.0; 4]; pixels],
            colour: vec![[0.0; 4]; pixels],
            normal: vec![[0.0; 4]; pixels],
        };
        for index in 0..pixels {
            let mut each = [[0.0_f64; 4]; 3];
            for sample in 0..samples {
                self.sample(index as u32, sample, size, &mut each);
            }
            let [light, colour, normal] = each.map(|e| e.map(|v| v as f32));
            (sums.light[index], sums.colour[index], sums.normal[index]) = (light, colour, normal);
        }
        sums
    }

    fn sample(&self, index: u32, sample: u32, size: [u32; 2], sums: &mut [[f64; 4]; 3]) {
        let mut random = Random::new(index, sample, self.settings.seed);
        let pixel = [f64::from(index % size[0]), f64::from(index / size[0])];
        let jitter = random.pair(0);
        let right = (pixel[0] + jitter[0]) / f64::from(size[0]) * 2.0 - 1.0;
        let up = 1.0 - (pixel[1] + jitter[1]) / f64::from(size[1]) * 2.0;
        let (mut start, mut direction) = self.view.ray(right, up);
        let mut through = DVec3::ONE;
        let mut gathered = DVec3::ZERO;
        for bounce in 0..=self.settings.bounces {
            let slot = 1 + bounce * 4;
            let choice = random.pair(slot);
            let ray = Ray { start, direction, light: direction };
            let Some(mm) = self.collision(&ray, choice[0], &mut random) else {
                if bounce > 0 {
                    gathered += through * self.sky(direction);
                }
                break;
            };
            let place = ray.at(mm);
            let at = self.volume.grid().ijk_from_lps() * place;
            let [r, g, b, _] = self.look.transfer.at(value_at(self.volume, at) as f32).map(f64::from);
            let gradient = gradient_at(self.volume, at);
            let mut normal = gradient.normalized().unwrap_or(-direction);
            if normal.dot(direction) > 0.0 {
                normal = -normal;
            }
            let [from, to] = self.look.shading.gradient_per_mm.map(f64::from);
            let t = ((gradient.length() - from) / (to.max(from + 1e-3) - from)).clamp(0.0, 1.0);
            let frame = frame_of(normal.as_dvec3());
            let scatter = Scatter {
                surface: choice[1] < t * t * (3.0 - 2.0 * t) * self.settings.surface,
                albedo: DVec3::new(r, g, b),
                frame,
                before: direction.as_dvec3(),
                out: frame.transpose() * -direction.as_dvec3(),
                traced: self,
            };
            let other = random.pair(slot + 3);
            let on = random.pair(slot + 1);
            gathered += through * self.lamp_light(&scatter, place, other[0], on, &mut random);
            let onward = scatter.onward(other[1], random.pair(slot + 2));
            let (value, density) = scatter.towards(onward);
            through *= value / density.max(1e-9);
            (start, direction) = (place, Vector::from_dvec3(onward));
            if bounce == 0 {
                let n = normal.to_array();
                for c in 0..3 {
                    sums[1][c] += [r, g, b][c];
                    sums[2][c] += n[c];
                }
                sums[1][3] += mm;
                sums[0][3] += 1.0;
            }
            let keep = if bounce > 1 { through.max_element().clamp(0.0, 1.0) } else { 1.0 };
            if density <= 0.0 || bounce == self.settings.bounces || random.loose() >= keep {
                break;
            }
            through /= keep.max(1e-6);
        }
        for c in 0..3 {
            sums[0][c] += gathered[c];
        }
        sums[2][3] += gathered.dot(DVec3::new(0.2126, 0.7152, 0.0722)).powi(2);
    }

    fn sky(&self, direction: Vector<Lps>) -> DVec3 {
        let [below, above] =
            [self.settings.environment.below, self.settings.environment.above].map(DVec3::from_array);
        below + (above - below) * (0.5 + 0.5 * direction.as_dvec3().dot(self.up))
    }

    fn extinction_at(&self, place: Point<Lps>) -> f64 {
        let at = self.volume.grid().ijk_from_lps() * place;
        let [.., extinction] = self.look.transfer.at(value_at(self.volume, at) as f32);
        f64::from(extinction) * self.settings.density
    }

    /// Where the ray crosses from cell to cell in its interval: distances, each with the majorant before it.
    fn pieces(&self, ray: &Ray, reach_mm: f64) -> Vec<(f64, f64, f64)> {
        let Some((near, far)) = interval(ray, self.volume, self.clip, reach_mm) else { return Vec::new() };
        let ijk_from_lps = self.volume.grid().ijk_from_lps();
        let start = (ijk_from_lps * ray.start).to_array();
        let step = (ijk_from_lps * ray.direction).to_array();
        let mut cuts = vec![near, far];
        for a in 0..3 {
            for cell in 1..self.cells[a] {
                // cells begin at the outer face of voxel 0
                let mm = ((cell * PART) as f64 - 0.5 - start[a]) / step[a];
                if mm > near && mm < far {
                    cuts.push(mm);
                }
            }
        }
        cuts.sort_by(f64::total_cmp);
        let piece = |(a, b): (f64, f64)| {
            let middle: [f64; 3] = std::array::from_fn(|c| start[c] + step[c] * (a + b) / 2.0);
            let cell: [usize; 3] = std::array::from_fn(|c| {
                (((middle[c] + 0.5) / PART as f64).max(0.0) as usize).min(self.cells[c] - 1)
            });
            let n = (cell[2] * self.cells[1] + cell[1]) * self.cells[0] + cell[0];
            (a, b, f64::from(self.majorants[n].max(0.0)))
        };
        cuts.iter().copied().zip(cuts.iter().copied().skip(1)).map(piece).collect()
    }

    /// Distance of the next collision.
    fn collision(&self, ray: &Ray, first: f64, random: &mut Random) -> Option<f64> {
        let mut left = depth_of(first);
        for (mut mm, end, majorant) in self.pieces(ray, f64::INFINITY) {
            while left < majorant * (end - mm) {
                mm += left / majorant;
                if random.loose() * majorant < self.extinction_at(ray.at(mm)) {
                    return Some(mm);
                }
                left = depth_of(random.loose());
            }
            left -= majorant * (end - mm);
        }
        None
    }

    /// The share of light that comes through.
    fn transmittance(&self, ray: &Ray, reach_mm: f64, random: &mut Random) -> f64 {
        let mut share = 1.0;
        let mut left = depth_of(random.loose());
        for (mut mm, end, majorant) in self.pieces(ray, reach_mm) {
            while left < majorant * (end - mm) {
                mm += left / majorant;
                share *= (1.0 - self.extinction_at(ray.at(mm)) / majorant).max(0.0);
                if share < 0.1 {
                    if random.loose() * 0.1 >= share {
                        return 0.0;
                    }
                    share = 0.1;
                }
                left = depth_of(random.loose());
            }
            left -= majorant * (end - mm);
        }
        share
    }

    /// Light of one lamp at a place, towards the eye's side of the path.
    fn lamp_light(
        &self,
        scatter: &Scatter<'_>,
        place: Point<Lps>,
        choice: f64,
        u: [f64; 2],
        random: &mut Random,
    ) -> DVec3 {
        let later = |l: &&PlacedLamp| choice >= f64::from(l.up_to as f32);
        let n = self.lamps.iter().take(self.lamps.len().saturating_sub(1)).filter(later).count();
        let Some(lamp) = self.lamps.get(n) else { return DVec3::ZERO };
        let (sin, cos) = (std::f64::consts::TAU * u[0]).sin_cos();
        let on = DVec3::new(cos, sin, 0.0) * (u[1].sqrt() * lamp.radius);
        let on = Vector::from_dvec3(frame_of(lamp.facing.as_dvec3()) * on);
        let arm = lamp.middle + on - place;
        let mm = arm.length().max(1e-3);
        let to = arm * (1.0 / mm);
        let facing = (-to.dot(lamp.facing)).max(0.0);
        let (value, _) = scatter.towards(to.as_dvec3());
        let arriving = value * DVec3::from_array(lamp.power) * (facing / (mm * mm));
        if arriving.max_element() <= 0.0 {
            // a walk of no length still draws its first number
            random.loose();
            return DVec3::ZERO;
        }
        let shadow = Ray { start: place, direction: to, light: to };
        arriving * self.transmittance(&shadow, mm, random)
    }
}

/// A collision.
struct Scatter<'a> {
    surface: bool,
    albedo: DVec3,
    frame: DMat3,
    before: DVec3,
    out: DVec3,
    traced: &'a Traced<'a>,
}

impl Scatter<'_> {
    /// What goes on towards a direction, cosine included, and the density with which `onward` takes it.
    fn towards(&self, to: DVec3) -> (DVec3, f64) {
        use std::f64::consts::PI;
        if !self.surface {
            let share = phase(self.before.dot(to), self.traced.settings.sampled_g());
            return (self.albedo * share, share);
        }
        let to = self.frame.transpose() * to;
        if to.z <= 1e-4 || self.out.z <= 1e-4 {
            return (DVec3::ZERO, 0.0);
        }
        let highlight = &self.traced.highlight;
        let alpha = self.traced.settings.roughness.powi(2);
        let h = (self.out + to).normalize_or(DVec3::Z);
        let base = h.z * h.z * (alpha * alpha - 1.0) + 1.0;
        let d = alpha * alpha / (PI * (base * base).max(1e-9));
        let (mask_out, mask_to) = (smith(self.out.z, alpha), smith(to.z, alpha));
        let fresnel = schlick(self.out.dot(h), self.traced.settings.reflectance);
        let shine = fresnel * d / (4.0 * self.out.z * (1.0 + mask_out + mask_to));
        let (out_share, to_share) = (highlight.at(self.out.z), highlight.at(to.z));
        let left = (1.0 - out_share) * (1.0 - to_share) / (1.0 - highlight.taken);
        let value = self.albedo * (left * to.z / PI) + DVec3::splat(shine);
        let by_shine = d / (4.0 * self.out.z * (1.0 + mask_out));
        (value, out_share * by_shine + (1.0 - out_share) * to.z / PI)
    }

    fn onward(&self, choice: f64, u: [f64; 2]) -> DVec3 {
        if !self.surface {
            return phase_direction(self.before, self.traced.settings.sampled_g(), u);
        }
        let alpha = self.traced.settings.roughness.powi(2);
        let local = if choice < self.traced.highlight.at(self.out.z) {
            let h = DVec3::from_array(visible_normal(self.out.to_array(), alpha, u));
            h * (2.0 * self.out.dot(h)) - self.out
        } else {
            let (sin, cos) = (std::f64::consts::TAU * u[0]).sin_cos();
            DVec3::new(cos * u[1].sqrt(), sin * u[1].sqrt(), (1.0 - u[1]).sqrt())
        };
        self.frame * local
    }
}

fn depth_of(u: f64) -> f64 {
    -(1.0 - u).ln()
}

/// Henyey and Greenstein, per steradian.
fn phase(cosine: f64, g: f64) -> f64 {
    (1.0 - g * g) / (4.0 * std::f64::consts::PI * (1.0 + g * g - 2.0 * g * cosine).max(1e-6).powf(1.5))
}

fn phase_direction(before: DVec3, g: f64, u: [f64; 2]) -> DVec3 {
    let h = (1.0 - g * g) / (1.0 - g + 2.0 * g * u[0]);
    let cosine = ((1.0 + g * g - h * h) / (2.0 * g)).clamp(-1.0, 1.0);
    let sine = (1.0 - cosine * cosine).max(0.0).sqrt();
    let (sin, cos) = (std::f64::consts::TAU * u[1]).sin_cos();
    frame_of(before) * DVec3::new(sine * cos, sine * sin, cosine)
}

/// A right-handed frame with n as its third axis.
fn frame_of(n: DVec3) -> DMat3 {
    let s = if n.z >= 0.0 { 1.0 } else { -1.0 };
    let a = -1.0 / (s + n.z);
    let b = n.x * n.y * a;
    DMat3::from_cols(
        DVec3::new(1.0 + s * n.x * n.x * a, s * b, -s * n.x),
        DVec3::new(b, s + n.y * n.y * a, -n.y),
        n,
    )
}

/// The numbers of shared/path_random.wgsl.
struct Random {
    pixel: u32,
    path: u32,
    sample: u32,
    drawn: u32,
}

impl Random {
    fn new(pixel: u32, sample: u32, seed: u32) -> Self {
        let key = pcg(pixel ^ pcg(seed));
        Self { pixel: key, path: pcg(key.wrapping_add(sample.wrapping_mul(GOLDEN))), sample, drawn: 0 }
    }

    fn loose(&mut self) -> f64 {
        self.drawn = self.drawn.wrapping_add(1);
        unit(pcg(self.path.wrapping_add(self.drawn.wrapping_mul(GOLDEN))))
    }

    fn pair(&self, slot: u32) -> [f64; 2] {
        let seed = pcg(self.pixel.wrapping_add((slot + 1).wrapping_mul(GOLDEN)));
        let index = owen(self.sample, seed);
        let [x, y] = sobol(index);
        [unit(owen(x, pcg(seed ^ 0x5bd1_e995))), unit(owen(y, pcg(seed ^ 0x27d4_eb2f)))]
    }
}

fn pcg(v: u32) -> u32 {
    let state = v.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
    let word = ((state >> ((state >> 28) + 4)) ^ state).wrapping_mul(277_803_737);
    (word >> 22) ^ word
}

fn unit(v: u32) -> f64 {
    f64::from(v >> 8) / f64::from(1 << 24)
}

/// An Owen scramble of the bits of a number, the highest first.
fn owen(v: u32, seed: u32) -> u32 {
    let mut x = v.reverse_bits();
    x ^= x.wrapping_mul(0x3d20_adea);
    x = x.wrapping_add(seed);
    x = x.wrapping_mul((seed >> 16) | 1);
    x ^= x.wrapping_mul(0x0552_6c56);
    x ^= x.wrapping_mul(0x53a2_2864);
    x.reverse_bits()
}

/// The first two dimensions of Sobol's sequence, bit by bit.
fn sobol(index: u32) -> [u32; 2] {
    let (mut second, mut column) = (0, 1_u32 << 31);
    for bit in 0..32 {
        if index >> bit & 1 == 1 {
            second ^= column;
        }
        column ^= column >> 1;
    }
    [index.reverse_bits(), second]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_of_a_pixel_fall_one_into_each_square_and_strip() {
        for slot in 0..5 {
            for (across, down) in [(8, 8), (64, 1), (1, 64), (16, 4)] {
                let mut met = vec![0; 64];
                for sample in 0..64 {
                    let [x, y] = Random::new(77, sample, 3).pair(slot);
                    met[(y * f64::from(down)) as usize * across as usize
                        + (x * f64::from(across)) as usize] += 1;
                }
                assert!(met.iter().all(|&n| n == 1), "slot {slot}, {across} x {down}: {met:?}");
            }
        }
    }

    #[test]
    fn loose_numbers_are_even_and_unrelated() {
        let (mut mean, mut product, n) = (0.0, 0.0, 20_000);
        for path in 0..n {
            let mut random = Random::new(path, 5, 0);
            let (a, b) = (random.loose(), random.loose());
            mean += f64::midpoint(a, b) / f64::from(n);
            product += (a - 0.5) * (b - 0.5) * 12.0 / f64::from(n);
        }
        assert!((mean - 0.5).abs() < 0.01 && product.abs() < 0.03, "mean {mean}, correlation {product}");
    }
}
