//! Twin of paint.wgsl.

use crate::SliceLayer;

/// The colour of a value, as a display takes it, and its opacity; not premultiplied. `None` where nothing is shown.
pub fn paint(layer: &SliceLayer, value: Option<f64>) -> Option<([f64; 3], f64)> {
    let value = value.filter(|v| layer.shown_from.is_none_or(|from| *v >= from))?;
    let colour = layer.palette.colour(layer.voi.grey(value));
    Some((colour.map(|c| f64::from(c) / 255.0), f64::from(layer.opacity)))
}
