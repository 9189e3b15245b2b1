//! Twin of mask.wgsl and outline.wgsl.

use crate::Outline;
use crate::look::linear_from_srgb;

/// What a pixel's ray meets: the surface that has an outline, and anything opaque, in mm; infinite where nothing.
#[derive(Clone, Copy, Debug)]
pub struct Masked {
    /// To the surface.
    pub surface_mm: f64,
    /// To the opaque scene.
    pub scene_mm: f64,
}

/// The line at pixel (x, y) around what a mask `width` pixels wide covers: linear and premultiplied.
pub fn outline(mask: &[Masked], width: u32, [x, y]: [u32; 2], line: &Outline) -> [f64; 4] {
    let here = mask[(y * width + x) as usize];
    if here.surface_mm.is_finite() {
        return [0.0; 4];
    }
    let mut most = 0.0_f64;
    for (n, there) in (0..).zip(mask).filter(|(_, m)| m.surface_mm.is_finite()) {
        let [dx, dy] = [n % width, n / width].map(f64::from);
        let far = (dx - f64::from(x)).hypot(dy - f64::from(y));
        let hidden = there.surface_mm > here.scene_mm.min(there.scene_mm) * 1.0001;
        let coverage = (f64::from(line.width_px) + 1.0 - far).clamp(0.0, 1.0);
        most = most.max(coverage * if hidden { f64::from(line.hidden) } else { 1.0 });
    }
    let alpha = most * f64::from(line.colour[3]);
    let [r, g, b] = [0, 1, 2].map(|c| f64::from(linear_from_srgb(line.colour[c])) * alpha);
    [r, g, b, alpha]
}
