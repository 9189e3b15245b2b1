//! How much of the light from all sides the highlight of a surface gives back, so that the matte part gets the
//! rest (Kelemen and Szirmay-Kalos 2001). The exact integral, once a setting; no crate holds it.

/// Entries of the table.
pub(crate) const STEPS: usize = 32;

/// Albedo of a GGX highlight by the cosine of the angle to the normal.
#[derive(Clone, Debug)]
pub(crate) struct Highlight {
    /// At cosines 0 to 1 in even steps, linear between.
    pub(crate) albedo: [f64; STEPS],
    /// Mean over all sides, weighted by the cosine.
    pub(crate) taken: f64,
}

impl Highlight {
    /// For an alpha of GGX and a reflectance head-on.
    pub(crate) fn new(alpha: f64, head_on: f64) -> Self {
        let albedo = std::array::from_fn(|i| albedo(i as f64 / (STEPS - 1) as f64, alpha, head_on));
        let mut highlight = Self { albedo, taken: 0.0 };
        let n = 4096;
        let cosines = (0..n).map(|i| (f64::from(i) + 0.5) / f64::from(n));
        highlight.taken = cosines.map(|c| 2.0 * c * highlight.at(c)).sum::<f64>() / f64::from(n);
        highlight
    }

    /// At a cosine.
    pub(crate) fn at(&self, cosine: f64) -> f64 {
        let x = cosine.clamp(0.0, 1.0) * (STEPS - 1) as f64;
        let i = (x as usize).min(STEPS - 2);
        self.albedo[i] + (self.albedo[i + 1] - self.albedo[i]) * (x - i as f64)
    }
}

/// Smith's mask of GGX at a cosine.
pub(crate) fn smith(z: f64, alpha: f64) -> f64 {
    let tan2 = (1.0 - z * z) / (z * z).max(1e-9);
    0.5 * ((1.0 + alpha * alpha * tan2).sqrt() - 1.0)
}

/// Schlick's reflectance at the cosine to the half-way vector.
pub(crate) fn schlick(cosine: f64, head_on: f64) -> f64 {
    head_on + (1.0 - head_on) * (1.0 - cosine.clamp(0.0, 1.0)).powi(5)
}

/// A visible normal of GGX (Dupuy and Benyoub 2023) as seen from `out`, the surface's normal as z.
pub(crate) fn visible_normal(out: [f64; 3], alpha: f64, u: [f64; 2]) -> [f64; 3] {
    let stretched = unit([out[0] * alpha, out[1] * alpha, out[2].max(1e-6)]);
    let (sin, cos) = (std::f64::consts::TAU * u[0]).sin_cos();
    let z = (1.0 - u[1]) * (1.0 + stretched[2]) - stretched[2];
    let across = (1.0 - z * z).max(0.0).sqrt();
    let cap = [cos * across + stretched[0], sin * across + stretched[1], z + stretched[2]];
    unit([cap[0] * alpha, cap[1] * alpha, cap[2].max(1e-6)])
}

fn unit([x, y, z]: [f64; 3]) -> [f64; 3] {
    let length = (x * x + y * y + z * z).sqrt();
    [x / length, y / length, z / length]
}

fn albedo(cosine: f64, alpha: f64, head_on: f64) -> f64 {
    let z = cosine.max(1e-3);
    let out = [(1.0 - z * z).sqrt(), 0.0, z];
    let n = 64;
    let mut sum = 0.0;
    for i in 0..n {
        for j in 0..n {
            let u = [(f64::from(i) + 0.5) / f64::from(n), (f64::from(j) + 0.5) / f64::from(n)];
            let h = visible_normal(out, alpha, u);
            let along = out[0] * h[0] + out[2] * h[2];
            let to_z = 2.0 * along * h[2] - out[2];
            if to_z > 0.0 {
                let (a, b) = (smith(out[2], alpha), smith(to_z, alpha));
                sum += schlick(along, head_on) * (1.0 + a) / (1.0 + a + b);
            }
        }
    }
    sum / f64::from(n * n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smooth_mirror_gives_all_back_and_a_rough_one_less() {
        let mirror = Highlight::new(0.02, 1.0);
        assert!(mirror.at(0.9) > 0.995, "{}", mirror.at(0.9));
        let rough = Highlight::new(1.0, 1.0);
        // Turquin 2019, "Practical multiple scattering compensation": over half is lost at grazing, fully rough
        assert!(rough.taken > 0.4 && rough.taken < 0.75, "{}", rough.taken);
        let skin = Highlight::new(0.2, 0.04);
        assert!(skin.at(1.0) > 0.03 && skin.at(1.0) < 0.05 && skin.at(0.1) > 0.15);
    }
}
