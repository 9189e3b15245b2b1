//! Twin of lines.wgsl and ink.wgsl.

use crate::LineOverlay;

/// The share of a pixel that lines cover, by the distance of its centre to the nearest of them.
pub fn lines(overlay: &LineOverlay, pixel: [u32; 2]) -> f64 {
    let p = pixel.map(f64::from);
    let distance = |[a, b]: &[[f64; 2]; 2]| {
        let (u, v) = ([b[0] - a[0], b[1] - a[1]], [p[0] - a[0], p[1] - a[1]]);
        let square = u[0] * u[0] + u[1] * u[1];
        let t = if square > 0.0 { ((u[0] * v[0] + u[1] * v[1]) / square).clamp(0.0, 1.0) } else { 0.0 };
        (v[0] - t * u[0]).hypot(v[1] - t * u[1])
    };
    let nearest = overlay.pieces.iter().map(distance).fold(f64::INFINITY, f64::min);
    (overlay.width_px / 2.0 + 0.5 - nearest).clamp(0.0, 1.0)
}
