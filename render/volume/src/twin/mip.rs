//! Twin of mip.wgsl.

use meshing_volume::Volume;

use super::{Along, HIT, Ray, interval, linear_grey, value_at};
use crate::{ClipPlanes, Look, Mode};

/// The grey of the largest, smallest or mean value of the volume along a ray that ends after `reach_mm`, as linear
/// premultiplied light whose opacity is the grey itself, and where along the ray that value lies; the mean lies in the
/// middle.
pub fn mip(ray: &Ray, volume: &Volume, look: &Look, clip: &ClipPlanes, reach_mm: f64) -> ([f64; 4], Along) {
    let Some((near, far)) = interval(ray, volume, clip, reach_mm) else { return ([0.0; 4], Along::NOTHING) };
    let step_mm = look.step_mm(volume.grid());
    let mut samples = Vec::new();
    let mut at_mm = near + step_mm / 2.0;
    while at_mm < far {
        samples.push((value_at(volume, volume.grid().ijk_from_lps() * ray.at(at_mm)), at_mm));
        at_mm += step_mm;
    }
    let mean = |of: fn(&(f64, f64)) -> f64| samples.iter().map(of).sum::<f64>() / samples.len() as f64;
    // of equal values the first
    let smallest = samples.iter().copied().reduce(|a, b| if b.0 < a.0 { b } else { a });
    let largest = samples.iter().copied().reduce(|a, b| if b.0 > a.0 { b } else { a });
    let kept = match look.mode {
        Mode::MinIp => smallest,
        Mode::Mean => largest.map(|_| (mean(|s| s.0), mean(|s| s.1))),
        _ => largest,
    };
    let Some((value, mm)) = kept else { return ([0.0; 4], Along::NOTHING) };
    let grey = look.window.grey(value);
    let light = linear_grey(grey);
    let first_mm = if grey > HIT { mm } else { f64::INFINITY };
    ([light, light, light, grey], Along { first_mm, mean_mm: mm, opacity: grey })
}
