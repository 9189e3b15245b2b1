//! Twin of dvr.wgsl.

use meshing_volume::Volume;

use super::{Ray, gradient_at, interval, lit, unlit, value_at};
use crate::{ClipPlanes, Look};

/// Linear premultiplied colour of the volume along a ray that ends after `reach_mm`.
pub fn dvr(ray: &Ray, volume: &Volume, look: &Look, clip: &ClipPlanes, reach_mm: f64) -> [f64; 4] {
    let mut sum = [0.0; 4];
    let Some((near, far)) = interval(ray, volume, clip, reach_mm) else { return sum };
    let step_mm = look.step_mm(volume.grid());
    let [from, to] = look.shading.gradient_per_mm.map(f64::from);
    let mut begin = near;
    while begin < far {
        let length_mm = step_mm.min(far - begin);
        let at = volume.grid().ijk_from_lps() * ray.at(begin + step_mm / 2.0);
        let [r, g, b, extinction] = look.transfer.at(value_at(volume, at) as f32).map(f64::from);
        let alpha = 1.0 - (-extinction * length_mm).exp();
        if alpha > 0.0 {
            let gradient = gradient_at(volume, at);
            let t = ((gradient.length() - from) / (to - from)).clamp(0.0, 1.0);
            let surface = t * t * (3.0 - 2.0 * t);
            let (flat, shaded) =
                (unlit([r, g, b], &look.shading), lit([r, g, b], gradient, ray, &look.shading));
            let weight = (1.0 - sum[3]) * alpha;
            for c in 0..3 {
                sum[c] += weight * (flat[c] + (shaded[c] - flat[c]) * surface);
            }
            sum[3] += weight;
        }
        begin += step_mm;
    }
    sum
}
