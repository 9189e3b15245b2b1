//! Twin of mip.wgsl.

use meshing_volume::Volume;

use super::{Along, Cut, HIT, Ray, interval, linear_grey, value_at};
use crate::{Look, Mode};

/// The grey of the largest, smallest or mean value that is left of the volume along a ray that ends after `reach_mm`, as
/// linear premultiplied light whose opacity is the grey itself, and where along the ray that value lies; the mean lies in
/// the middle.
pub fn mip(ray: &Ray, volume: &Volume, look: &Look, cut: Cut<'_>, reach_mm: f64) -> ([f64; 4], Along) {
    let Some((near, far)) = interval(ray, volume, cut.clip, reach_mm) else {
        return ([0.0; 4], Along::NOTHING);
    };
    let step_mm = look.step_mm(volume.grid());
    // place, value, and how much cuts leave of it
    let mut samples = Vec::new();
    let mut at_mm = near + step_mm / 2.0;
    while at_mm < far {
        let value = value_at(volume, volume.grid().ijk_from_lps() * ray.at(at_mm));
        let left = match look.mode {
            Mode::Mean => cut.left(ray, at_mm - step_mm / 2.0, step_mm),
            _ => f64::from(u8::from(cut.shows(ray, at_mm))),
        };
        if left > 0.0 {
            samples.push((value, at_mm, left));
        }
        at_mm += step_mm;
    }
    let mean = |of: fn(&(f64, f64, f64)) -> f64| {
        let all: f64 = samples.iter().map(|s| s.2).sum();
        samples.iter().map(|s| s.2 * of(s)).sum::<f64>() / all
    };
    // of equal values the first
    let smallest = samples.iter().copied().reduce(|a, b| if b.0 < a.0 { b } else { a });
    let largest = samples.iter().copied().reduce(|a, b| if b.0 > a.0 { b } else { a });
    let kept = match look.mode {
        Mode::MinIp => smallest,
        Mode::Mean => largest.map(|_| (mean(|s| s.0), mean(|s| s.1), 1.0)),
        _ => largest,
    };
    let Some((value, mm, _)) = kept else { return ([0.0; 4], Along::NOTHING) };
    let grey = look.window.grey(value);
    let light = linear_grey(grey);
    let first_mm = if grey > HIT { mm } else { f64::INFINITY };
    ([light, light, light, grey], Along { first_mm, mean_mm: mm, opacity: grey })
}
