//! Twin of mip.wgsl.

use meshing_volume::Volume;

use super::{Along, Cut, HIT, Ray, interval, linear_grey, value_at};
use crate::Look;

/// The brightest grey of the volume along a ray that ends after `reach_mm`, as linear premultiplied light whose
/// opacity is the grey itself, and where along the ray it lies.
pub fn mip(ray: &Ray, volume: &Volume, look: &Look, cut: Cut<'_>, reach_mm: f64) -> ([f64; 4], Along) {
    let Some((near, far)) = interval(ray, volume, cut.clip, reach_mm) else {
        return ([0.0; 4], Along::NOTHING);
    };
    let step_mm = look.step_mm(volume.grid());
    let (mut best, mut best_mm) = (f64::NEG_INFINITY, f64::INFINITY);
    let mut at_mm = near + step_mm / 2.0;
    while at_mm < far {
        let value = value_at(volume, volume.grid().ijk_from_lps() * ray.at(at_mm));
        if value > best && cut.shows(ray, at_mm) {
            (best, best_mm) = (value, at_mm);
        }
        at_mm += step_mm;
    }
    let grey = look.window.grey(best);
    let light = linear_grey(grey);
    let first_mm = if grey > HIT { best_mm } else { f64::INFINITY };
    ([light, light, light, grey], Along { first_mm, mean_mm: best_mm, opacity: grey })
}
