//! Twin of dvr.wgsl.

use meshing_space::{Ijk, Point};
use meshing_volume::{LabelMap, Volume};

use super::{
    Along, HIT, Layer, Lightness, Ray, dimmed, gradient_at, interval, layers_before, lit, unlit, value_at,
    with_layers,
};
use crate::look::share_at;
use crate::{ClipPlanes, Look, SegmentLook, TransferFunction};

/// Linear premultiplied colour of the volume along a ray that ends after `reach_mm`, with the layers (nearest first)
/// in it, before it and behind it; and where along the ray lies what is seen of the volume.
pub fn dvr(
    ray: &Ray,
    volume: &Volume,
    (look, light): (&Look, Option<&Lightness>),
    segments: Option<(&LabelMap, &[SegmentLook])>,
    clip: &ClipPlanes,
    reach_mm: f64,
    mut layers: &[Layer],
) -> ([f64; 4], Along) {
    let mut sum = [0.0; 4];
    let mut along = Along::NOTHING;
    let Some((near, far)) = interval(ray, volume, clip, reach_mm) else {
        return (layers_before(sum, &mut layers, f64::INFINITY), along);
    };
    let (mut weighted_mm, mut opacity) = (0.0, 0.0);
    let step_mm = look.step_mm(volume.grid());
    let [from, to] = look.shading.gradient_per_mm.map(f64::from);
    let place = |mm: f64| volume.grid().ijk_from_lps() * ray.at(mm);
    let mut begin = near;
    while begin < far {
        // the last step ends where the ray does
        let length_mm = step_mm.min(far - begin);
        let ends = [begin, begin + length_mm].map(|mm| value_at(volume, place(mm)));
        let mut entry = stretch(&look.transfer, ends[0], ends[1]);
        let gradient = gradient_at(volume, place(begin + length_mm / 2.0));
        let share = share_at(&look.gradient_corners(), gradient.length());
        entry[3] *= share;
        if let Some((labels, looks)) = segments {
            let middle = labels.grid().ijk_from_lps() * ray.at(begin + length_mm / 2.0);
            entry = segmented(look, ends, share, (labels, looks), middle);
        }
        let [r, g, b, extinction] = entry;
        if extinction > 0.0 {
            let t = ((gradient.length() - from) / (to - from)).clamp(0.0, 1.0);
            let surface = t * t * (3.0 - 2.0 * t);
            let middle = ray.at(begin + length_mm / 2.0);
            let shading = dimmed(light, volume, &look.shading, (ray, middle), gradient, surface);
            let (flat, shaded) = (unlit([r, g, b], &shading), lit([r, g, b], gradient, ray, &shading));
            let colour = std::array::from_fn(|c| flat[c] + (shaded[c] - flat[c]) * surface);
            sum = with_layers(sum, &mut layers, colour, extinction, begin, begin + length_mm);
            let weight = (1.0 - opacity) * (1.0 - (-extinction * length_mm).exp());
            opacity += weight;
            let middle_mm = begin + length_mm / 2.0;
            weighted_mm += weight * middle_mm;
            if opacity > HIT {
                along.first_mm = along.first_mm.min(middle_mm);
            }
        }
        begin += step_mm;
    }
    if opacity > 0.0 {
        along = Along { mean_mm: weighted_mm / opacity, opacity, ..along };
    }
    (layers_before(sum, &mut layers, f64::INFINITY), along)
}

/// What a stretch between two values shows once the eight labels around its middle have had their say, each by its own
/// transfer function where it has one.
fn segmented(
    look: &Look,
    ends: [f64; 2],
    share: f64,
    (labels, looks): (&LabelMap, &[SegmentLook]),
    at: Point<Ijk>,
) -> [f64; 4] {
    let [tint, solid, _] = segment_terms(labels, looks, at);
    let mut through = [0.0; 4];
    for (weight, label) in around(labels, at) {
        let plain = SegmentLook::PLAIN;
        let segment = looks.get(usize::from(label)).unwrap_or(&plain);
        let transfer = segment.transfer.as_ref().unwrap_or(&look.transfer);
        let [r, g, b, extinction] = stretch(transfer, ends[0], ends[1]);
        let share = share * extinction * weight * f64::from(segment.opacity.max(0.0));
        for (sum, term) in through.iter_mut().zip([r, g, b, 1.0]) {
            *sum += term * share;
        }
    }
    let extinction = through[3] + solid[3];
    let colour =
        |c: usize| (through[c] * (1.0 - tint[3]) + tint[c] * through[3] + solid[c]) / extinction.max(1e-12);
    [colour(0), colour(1), colour(2), extinction]
}

/// The terms of the eight labels around a place, mixed.
pub(super) fn segment_terms(labels: &LabelMap, looks: &[SegmentLook], at: Point<Ijk>) -> [[f64; 4]; 3] {
    let mut terms = [[0.0; 4]; 3];
    for (weight, label) in around(labels, at) {
        let look = looks.get(usize::from(label)).cloned().unwrap_or_default();
        for (sum, term) in terms.as_flattened_mut().iter_mut().zip(look.terms().as_flattened()) {
            *sum += weight * f64::from(*term);
        }
    }
    terms
}

/// The eight labels around a place with their shares.
fn around(labels: &LabelMap, at: Point<Ijk>) -> Vec<(f64, u8)> {
    let size = labels.grid().size();
    let at: [f64; 3] = std::array::from_fn(|a| at.to_array()[a].clamp(0.0, size[a] as f64 - 1.0));
    let corner = |corner: usize| {
        let mut weight = 1.0;
        let place: [usize; 3] = std::array::from_fn(|a| {
            let (base, upper) = (at[a].floor(), corner >> a & 1 == 1);
            weight *= if upper { at[a] - base } else { 1.0 - (at[a] - base) };
            (base as usize + usize::from(upper)).min(size[a] - 1)
        });
        (weight, labels.get(place[0], place[1], place[2]))
    };
    (0..8).map(corner).collect()
}

/// Mean linear colour, weighted by extinction, and mean extinction per mm of a stretch along which the value goes
/// evenly from `a` to `b`: exact, piece by piece between the points of the transfer function.
fn stretch(transfer: &TransferFunction, a: f64, b: f64) -> [f64; 4] {
    let at = |value: f64| transfer.at(value as f32).map(f64::from);
    let (low, high) = (a.min(b), a.max(b));
    if high - low < 1e-6 * (1.0 + low.abs()) {
        return at(f64::midpoint(a, b));
    }
    let between = transfer.points().iter().map(|p| f64::from(p.value)).filter(|v| (low..high).contains(v));
    let knots: Vec<f64> = [low].into_iter().chain(between).chain([high]).collect();
    let mut sum = [0.0; 4];
    for pair in knots.windows(2) {
        // Simpson's rule is exact: extinction and colour are linear, so their product is quadratic
        let (first, middle, last) = (at(pair[0]), at(f64::midpoint(pair[0], pair[1])), at(pair[1]));
        let part =
            |f: &dyn Fn([f64; 4]) -> f64| (pair[1] - pair[0]) / 6.0 * (f(first) + 4.0 * f(middle) + f(last));
        for (c, total) in sum.iter_mut().take(3).enumerate() {
            *total += part(&|e| e[c] * e[3]);
        }
        sum[3] += part(&|e| e[3]);
    }
    if sum[3] <= 0.0 {
        return [0.0; 4];
    }
    [sum[0] / sum[3], sum[1] / sum[3], sum[2] / sum[3], sum[3] / (high - low)]
}
