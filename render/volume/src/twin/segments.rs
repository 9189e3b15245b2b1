//! Twin of segments.wgsl.

use crate::SegmentOverlay;

/// What a pixel gets of segments, given the labels of a picture: premultiplied, as a display takes it.
pub fn segments(overlay: &SegmentOverlay, labels: &[u8], size: [u32; 2], pixel: [u32; 2]) -> [f64; 4] {
    let label = |x: u32, y: u32| labels[(y * size[0] + x) as usize];
    let here = label(pixel[0], pixel[1]);
    let Some(style) = overlay.styles.get(&here).filter(|s| s.visible && here > 0) else { return [0.0; 4] };
    let mut nearest = f64::INFINITY;
    for y in 0..size[1] {
        for x in 0..size[0] {
            if label(x, y) != here {
                let (dx, dy) = (f64::from(x) - f64::from(pixel[0]), f64::from(y) - f64::from(pixel[1]));
                nearest = nearest.min(dx.hypot(dy));
            }
        }
    }
    let edge = nearest - 0.5;
    let share = (f64::from(overlay.outline_px) + 0.5 - edge).clamp(0.0, 1.0);
    let [line, fill] = [f64::from(style.outline) * share, f64::from(style.fill)];
    let [r, g, b] = style.colour.map(|c| f64::from(c) / 255.0);
    let opacity = line + fill * (1.0 - line);
    [r * opacity, g * opacity, b * opacity, opacity]
}
