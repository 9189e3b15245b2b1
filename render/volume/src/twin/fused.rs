//! Twin of fused.wgsl.

use meshing_volume::{LabelMap, Volume};

use super::dvr::{segmented, stretch};
use super::{
    Along, HIT, Layer, Ray, gradient_at, interval, layers_before, lit, unlit, value_at, with_layers,
};
use crate::{ClipPlanes, Look, SegmentLook};

/// A volume, its look and its segments.
pub type FusedPart<'a> = (&'a Volume, &'a Look, Option<(&'a LabelMap, &'a [SegmentLook])>);

/// Linear premultiplied colour of several volumes along a ray that ends after `reach_mm`, mixed at their depths, with the
/// layers (nearest first) in them; and where along the ray lies what is seen of them.
pub fn fused(
    ray: &Ray,
    parts: &[FusedPart<'_>],
    clip: &ClipPlanes,
    reach_mm: f64,
    mut layers: &[Layer],
) -> ([f64; 4], Along) {
    let mut sum = [0.0; 4];
    let mut along = Along::NOTHING;
    let parts: Vec<_> = parts
        .iter()
        .map(|&part| (part, interval(ray, part.0, clip, reach_mm), part.1.step_mm(part.0.grid())))
        .collect();
    let step_mm = parts.iter().map(|(.., step)| *step).fold(f64::INFINITY, f64::min);
    let parts: Vec<_> = parts.into_iter().filter_map(|(part, inside, _)| Some((part, inside?))).collect();
    let near = parts.iter().map(|p| p.1.0).fold(f64::INFINITY, f64::min);
    let far = parts.iter().map(|p| p.1.1).fold(f64::NEG_INFINITY, f64::max);
    let (mut weighted_mm, mut opacity) = (0.0, 0.0);
    let mut begin = near;
    while begin < far {
        let length_mm = step_mm.min(far - begin);
        let mut depth = [0.0; 4];
        for ((volume, look, segments), (near, far)) in &parts {
            let (from, to) = (begin.max(*near), (begin + length_mm).min(*far));
            if to > from {
                let [r, g, b, extinction] = shaded(ray, volume, look, *segments, [from, to]);
                for (sum, c) in depth.iter_mut().zip([r, g, b, 1.0]) {
                    *sum += c * extinction * (to - from);
                }
            }
        }
        let [r, g, b, all] = depth;
        if all > 0.0 {
            let (colour, extinction) = ([r, g, b].map(|c| c / all), all / length_mm);
            sum = with_layers(sum, &mut layers, colour, extinction, begin, begin + length_mm);
            let weight = (1.0 - opacity) * (1.0 - (-all).exp());
            opacity += weight;
            weighted_mm += weight * (begin + length_mm / 2.0);
            if opacity > HIT {
                along.first_mm = along.first_mm.min(begin + length_mm / 2.0);
            }
        }
        begin += step_mm;
    }
    if opacity > 0.0 {
        along = Along { mean_mm: weighted_mm / opacity, opacity, ..along };
    }
    (layers_before(sum, &mut layers, f64::INFINITY), along)
}

/// Lit colour and extinction per mm of a volume between two distances along a ray.
fn shaded(
    ray: &Ray,
    volume: &Volume,
    look: &Look,
    segments: Option<(&LabelMap, &[SegmentLook])>,
    ends: [f64; 2],
) -> [f64; 4] {
    let place = |mm: f64| volume.grid().ijk_from_lps() * ray.at(mm);
    let middle = f64::midpoint(ends[0], ends[1]);
    let [first, last] = ends.map(|mm| value_at(volume, place(mm)));
    let mut entry = stretch(&look.transfer, first, last);
    if let Some((labels, looks)) = segments {
        entry = segmented(entry, labels, looks, labels.grid().ijk_from_lps() * ray.at(middle));
    }
    let [r, g, b, extinction] = entry;
    let gradient = gradient_at(volume, place(middle));
    let [from, to] = look.shading.gradient_per_mm.map(f64::from);
    let t = ((gradient.length() - from) / (to - from)).clamp(0.0, 1.0);
    let surface = t * t * (3.0 - 2.0 * t);
    let (flat, bright) = (unlit([r, g, b], &look.shading), lit([r, g, b], gradient, ray, &look.shading));
    let [r, g, b] = std::array::from_fn(|c| flat[c] + (bright[c] - flat[c]) * surface);
    [r, g, b, extinction]
}
