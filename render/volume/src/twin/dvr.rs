//! Twin of dvr.wgsl.

use meshing_volume::Volume;

use super::{Layer, Ray, gradient_at, interval, layers_before, lit, unlit, value_at, with_layers};
use crate::{ClipPlanes, Look};

/// Linear premultiplied colour of the volume along a ray that ends after `reach_mm`, with the layers (nearest first)
/// in it, before it and behind it.
pub fn dvr(
    ray: &Ray,
    volume: &Volume,
    look: &Look,
    clip: &ClipPlanes,
    reach_mm: f64,
    mut layers: &[Layer],
) -> [f64; 4] {
    let mut sum = [0.0; 4];
    let Some((near, far)) = interval(ray, volume, clip, reach_mm) else {
        return layers_before(sum, &mut layers, f64::INFINITY);
    };
    let step_mm = look.step_mm(volume.grid());
    let [from, to] = look.shading.gradient_per_mm.map(f64::from);
    let mut begin = near;
    while begin < far {
        let length_mm = step_mm.min(far - begin);
        let at = volume.grid().ijk_from_lps() * ray.at(begin + step_mm / 2.0);
        let [r, g, b, extinction] = look.transfer.at(value_at(volume, at) as f32).map(f64::from);
        if extinction > 0.0 {
            let gradient = gradient_at(volume, at);
            let t = ((gradient.length() - from) / (to - from)).clamp(0.0, 1.0);
            let surface = t * t * (3.0 - 2.0 * t);
            let (flat, shaded) =
                (unlit([r, g, b], &look.shading), lit([r, g, b], gradient, ray, &look.shading));
            let colour = std::array::from_fn(|c| flat[c] + (shaded[c] - flat[c]) * surface);
            sum = with_layers(sum, &mut layers, colour, extinction, begin, begin + length_mm);
        }
        begin += step_mm;
    }
    layers_before(sum, &mut layers, f64::INFINITY)
}
