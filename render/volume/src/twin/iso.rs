//! Twin of iso.wgsl.

use meshing_volume::{LabelMap, Volume};

use super::dvr::segment_terms;
use super::{
    Along, HIT, Layer, Lightness, Ray, dimmed, gradient_at, interval, layers_before, lit, over, value_at,
};
use crate::{ClipPlanes, Look, SegmentLook};

/// Linear premultiplied colour of the iso-surfaces along a ray that ends after `reach_mm`, with the layers (nearest
/// first) between, before and behind them; and where along the ray lies what is seen of them.
pub fn iso(
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
    let step_mm = look.step_mm(volume.grid());
    let at = |mm: f64| value_at(volume, volume.grid().ijk_from_lps() * ray.at(mm));
    let (mut weighted_mm, mut opacity) = (0.0, 0.0);
    let mut begin = near;
    while begin < far {
        let end = (begin + step_mm).min(far);
        let mut crossings = Vec::new();
        for surface in look.shown_surfaces() {
            let inside = |mm: f64| at(mm) >= f64::from(surface.value);
            if inside(begin) != inside(end) {
                let (mut low, mut high) = (begin, end);
                for _ in 0..60 {
                    let middle = f64::midpoint(low, high);
                    let same = inside(middle) == inside(begin);
                    *(if same { &mut low } else { &mut high }) = middle;
                }
                crossings.push((low, surface));
            }
        }
        crossings.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (mm, surface) in crossings {
            let [r, g, b, mut alpha] = surface.linear().map(f64::from);
            let mut base = [r, g, b];
            if let Some((labels, looks)) = segments {
                let place = labels.grid().ijk_from_lps() * ray.at(mm);
                let [tint, _, [share, ..]] = segment_terms(labels, looks, place);
                base = std::array::from_fn(|c| base[c] * (1.0 - tint[3]) + tint[c]);
                alpha = (alpha * share).min(1.0);
            }
            let gradient = gradient_at(volume, volume.grid().ijk_from_lps() * ray.at(mm));
            let shading = dimmed(light, volume, &look.shading, (ray, ray.at(mm)), gradient, 1.0);
            let [r, g, b] = lit(base, gradient, ray, &shading).map(|c| c * alpha);
            sum = over(layers_before(sum, &mut layers, mm), [r, g, b, alpha]);
            let weight = (1.0 - opacity) * alpha;
            opacity += weight;
            weighted_mm += weight * mm;
            if opacity > HIT {
                along.first_mm = along.first_mm.min(mm);
            }
        }
        begin += step_mm;
    }
    if opacity > 0.0 {
        along = Along { mean_mm: weighted_mm / opacity, opacity, ..along };
    }
    (layers_before(sum, &mut layers, f64::INFINITY), along)
}
