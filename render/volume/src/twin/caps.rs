//! Twin of caps.wgsl.

use meshing_volume::{LabelMap, Volume};

use super::{Cut, Hit, Ray, interval, linear_grey, value_at};
use crate::{Caps, ClipPlanes, SegmentLook};

/// mm beyond a cut at which is asked whether all others keep the place. Also in caps.wgsl.
const HAIR: f64 = 0.01;

/// Where a ray first meets the slice on something that cuts the volume open, and its grey there.
pub fn caps(
    ray: &Ray,
    volume: &Volume,
    caps: &Caps,
    cut: Cut<'_>,
    segments: Option<(&LabelMap, &[SegmentLook])>,
) -> Option<Hit> {
    let (near, far) = interval(ray, volume, &ClipPlanes::none(), f64::INFINITY)?;
    let mut crossings: Vec<f64> = Vec::new();
    for (normal, height) in cut.clip.seen_from(ray.start) {
        let slope = normal.dot(ray.direction);
        if slope > 1e-12 {
            crossings.push(-height / slope);
        }
    }
    for shape in cut.clip.shapes() {
        if shape.lasso_line().is_some() {
            let height = |mm: f64| shape.height(ray.at(mm));
            let step = Caps::step_mm(volume.grid()) / 4.0;
            let count = ((far - near) / step).ceil() as usize;
            for n in 0..count {
                let (mut a, mut b) = (near + n as f64 * step, near + (n + 1) as f64 * step);
                if height(a) < 0.0 && height(b) >= 0.0 {
                    for _ in 0..40 {
                        let middle = f64::midpoint(a, b);
                        if height(middle) < 0.0 { a = middle } else { b = middle }
                    }
                    crossings.push(b);
                }
            }
        } else {
            crossings.extend(shape.crossings(ray.start, ray.direction).into_iter().flatten());
        }
    }
    crossings.retain(|&mm| mm > near && mm < far);
    crossings.sort_by(f64::total_cmp);
    crossings.into_iter().find_map(|mm| {
        let hidden = segments.is_some_and(|(labels, looks)| {
            let ijk = (labels.grid().ijk_from_lps() * ray.at(mm)).to_array();
            let at: [usize; 3] = std::array::from_fn(|a| {
                (ijk[a] + 0.5).floor().clamp(0.0, labels.grid().size()[a] as f64 - 1.0) as usize
            });
            let label = labels.get(at[0], at[1], at[2]);
            looks.get(usize::from(label)).is_some_and(|look| look.opacity <= 0.0 && look.solid_per_mm <= 0.0)
        });
        if hidden || !cut.clip.keeps(ray.at(mm + HAIR)) || !cut.uncarved(ray, mm) {
            return None;
        }
        let value = value_at(volume, volume.grid().ijk_from_lps() * ray.at(mm));
        if caps.above.is_some_and(|least| value < f64::from(least)) {
            return None;
        }
        Some(Hit { distance_mm: mm, colour: [linear_grey(caps.window.grey(value)); 3] })
    })
}
