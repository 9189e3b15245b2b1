//! Twin of mip.wgsl.

use meshing_volume::Volume;

use super::{Ray, interval, linear_grey, value_at};
use crate::{ClipPlanes, Look};

/// The brightest grey of the volume along a ray that ends after `reach_mm`, as linear premultiplied light whose
/// opacity is the grey itself.
pub fn mip(ray: &Ray, volume: &Volume, look: &Look, clip: &ClipPlanes, reach_mm: f64) -> [f64; 4] {
    let Some((near, far)) = interval(ray, volume, clip, reach_mm) else { return [0.0; 4] };
    let step_mm = look.step_mm(volume.grid());
    let mut best = f64::NEG_INFINITY;
    let mut at_mm = near + step_mm / 2.0;
    while at_mm < far {
        best = best.max(value_at(volume, volume.grid().ijk_from_lps() * ray.at(at_mm)));
        at_mm += step_mm;
    }
    let grey = look.window.grey(best);
    let light = linear_grey(grey);
    [light, light, light, grey]
}
