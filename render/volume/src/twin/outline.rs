//! Twin of mask.wgsl and outline.wgsl.

use super::{MeshTwin, Ray, mesh};
use crate::look::linear_from_srgb;
use crate::{ClipPlanes, Outline};

/// What a ray meets first of the surfaces with an outline, and how far its way is to something opaque.
#[derive(Clone, Copy, Debug)]
pub struct Masked {
    /// Which surface, and its distance in mm.
    pub hit: Option<(usize, f64)>,
    /// To the opaque scene, in mm.
    pub scene_mm: f64,
}

/// The nearest of the surfaces with an outline on a ray.
pub fn masked(ray: &Ray, outlined: &[(&MeshTwin<'_>, Outline)], clip: &ClipPlanes, scene_mm: f64) -> Masked {
    let hits =
        outlined.iter().enumerate().filter_map(|(n, (m, _))| Some((n, mesh(ray, m, clip)?.distance_mm)));
    Masked { hit: hits.min_by(|a, b| a.1.total_cmp(&b.1)), scene_mm }
}

/// The line at pixel (x, y) of a mask `width` pixels wide: linear and premultiplied.
pub fn outline(mask: &[Masked], width: u32, [x, y]: [u32; 2], lines: &[Outline]) -> [f64; 4] {
    let here = mask[(y * width + x) as usize];
    let mut best = [0.0; 4];
    for (n, there) in mask.iter().enumerate() {
        let Some((item, mm)) = there.hit else { continue };
        if here.hit.is_some_and(|(own, own_mm)| own == item || own_mm <= mm) {
            continue;
        }
        let (dx, dy) = (n as f64 % f64::from(width) - f64::from(x), (n as u32 / width) as f64 - f64::from(y));
        let line = &lines[item];
        let hidden = mm > here.scene_mm.min(there.scene_mm) * 1.0001;
        let opacity = f64::from(line.colour[3]) * if hidden { f64::from(line.hidden) } else { 1.0 };
        let coverage = (f64::from(line.width_px) + 1.0 - dx.hypot(dy)).clamp(0.0, 1.0) * opacity;
        if coverage > best[3] {
            let [r, g, b] = [0, 1, 2].map(|c| f64::from(linear_from_srgb(line.colour[c])) * coverage);
            best = [r, g, b, coverage];
        }
    }
    best
}
