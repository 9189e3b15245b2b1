//! Twin of fused.wgsl.

use meshing_space::{Ijk, Point};
use meshing_volume::{LabelMap, Volume};

use super::dvr::{segmented, stretch};
use super::{
    Along, Cut, HIT, Layer, Lightness, Ray, dimmed, gradient_at, interval, layers_before, lit, unlit,
    value_at, with_layers,
};
use crate::look::share_at;
use crate::{CarveMask, ClipPlanes, Look, SegmentLook, VolumeMask};

/// A volume among others.
#[derive(Clone, Copy, Debug)]
pub struct FusedPart<'a> {
    /// Its voxels.
    pub volume: &'a Volume,
    /// How it looks.
    pub look: &'a Look,
    /// The light in it, where the look asks for that.
    pub light: Option<&'a Lightness>,
    /// Its segments.
    pub segments: Option<(&'a LabelMap, &'a [SegmentLook])>,
    /// What is carved away of it.
    pub carve: Option<&'a CarveMask>,
}

/// Linear premultiplied colour of several volumes along a ray that ends after `reach_mm`, mixed at their depths, each as
/// far as its mask shows it, with the layers (nearest first) in them; and where along the ray lies what is seen of them.
pub fn fused(
    ray: &Ray,
    parts: &[FusedPart<'_>],
    masks: &[VolumeMask],
    clip: &ClipPlanes,
    reach_mm: f64,
    mut layers: &[Layer],
) -> ([f64; 4], Along) {
    let mut sum = [0.0; 4];
    let mut along = Along::NOTHING;
    let all = parts;
    // share of a volume that its mask leaves at a place of the ray
    let shown = |n: usize, mm: f64| {
        let Some(mask) = masks.iter().rev().find(|m| m.volume == n) else { return 1.0 };
        let Some(FusedPart { volume, segments: Some((labels, _)), .. }) = all.get(mask.within) else {
            return 0.0;
        };
        let inside = interval(ray, volume, clip, reach_mm).is_some_and(|(a, b)| (a..=b).contains(&mm));
        if inside { share(labels, &mask.labels, labels.grid().ijk_from_lps() * ray.at(mm)) } else { 0.0 }
    };
    let parts: Vec<_> = parts
        .iter()
        .enumerate()
        .map(|(n, &part)| {
            ((n, part), interval(ray, part.volume, clip, reach_mm), part.look.step_mm(part.volume.grid()))
        })
        .collect();
    let step_mm = parts.iter().map(|(.., step)| *step).fold(f64::INFINITY, f64::min);
    let parts: Vec<_> =
        parts.into_iter().filter_map(|((n, part), inside, _)| Some((n, part, inside?))).collect();
    let near = parts.iter().map(|p| p.2.0).fold(f64::INFINITY, f64::min);
    let far = parts.iter().map(|p| p.2.1).fold(f64::NEG_INFINITY, f64::max);
    let (mut weighted_mm, mut opacity) = (0.0, 0.0);
    let mut begin = near;
    while begin < far {
        let length_mm = step_mm.min(far - begin);
        let mut depth = [0.0; 4];
        for (n, part, (near, far)) in &parts {
            let (from, to) = (begin.max(*near), (begin + length_mm).min(*far));
            if to > from {
                let [r, g, b, extinction] = shaded(ray, part, clip, [from, to]);
                let extinction = extinction * shown(*n, begin + length_mm / 2.0);
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

/// Share of a place, by the eight labels around it, that lies in some of them.
fn share(labels: &LabelMap, wanted: &[u8], at: Point<Ijk>) -> f64 {
    let size = labels.grid().size();
    let at: [f64; 3] = std::array::from_fn(|a| at.to_array()[a].clamp(0.0, size[a] as f64 - 1.0));
    let mut sum = 0.0;
    for corner in 0..8 {
        let mut weight = 1.0;
        let [i, j, k] = std::array::from_fn(|a| {
            let (base, upper) = (at[a].floor(), corner >> a & 1 == 1);
            weight *= if upper { at[a] - base } else { 1.0 - (at[a] - base) };
            (base as usize + usize::from(upper)).min(size[a] - 1)
        });
        sum += if wanted.contains(&labels.get(i, j, k)) { weight } else { 0.0 };
    }
    sum
}

/// Lit colour and extinction per mm of a volume between two distances along a ray.
fn shaded(ray: &Ray, part: &FusedPart<'_>, clip: &ClipPlanes, ends: [f64; 2]) -> [f64; 4] {
    let FusedPart { volume, look, light, segments, carve } = *part;
    let place = |mm: f64| volume.grid().ijk_from_lps() * ray.at(mm);
    let middle = f64::midpoint(ends[0], ends[1]);
    let values = ends.map(|mm| value_at(volume, place(mm)));
    let mut entry = stretch(&look.transfer, values[0], values[1]);
    let gradient = gradient_at(volume, place(middle));
    let share = share_at(&look.gradient_corners(), gradient.length());
    entry[3] *= share;
    if let Some((labels, looks)) = segments {
        let at = labels.grid().ijk_from_lps() * ray.at(middle);
        entry = segmented(look, values, share, (labels, looks), at);
    }
    entry[3] *= Cut { clip, carve }.left(ray, ends[0], ends[1] - ends[0]);
    let [r, g, b, extinction] = entry;
    let [from, to] = look.shading.gradient_per_mm.map(f64::from);
    let t = ((gradient.length() - from) / (to - from)).clamp(0.0, 1.0);
    let surface = t * t * (3.0 - 2.0 * t);
    let shading = dimmed(light, volume, &look.shading, (ray, ray.at(middle)), gradient, surface);
    let (flat, bright) = (unlit([r, g, b], &shading), lit([r, g, b], gradient, ray, &shading));
    let [r, g, b] = std::array::from_fn(|c| flat[c] + (bright[c] - flat[c]) * surface);
    [r, g, b, extinction]
}
