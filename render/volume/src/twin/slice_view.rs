//! Twin of the passes of a slice view together, and of present.wgsl.

use image::{Rgba, RgbaImage};
use meshing_volume::{LabelMap, Volume};

use super::{labels, lines, paint, reform, segments};
use crate::{Overlay, SliceView};

/// A slice view as a picture, given the volumes of its layers and the label maps of its overlays in their order.
pub fn slice_view(view: &SliceView, volumes: &[&Volume], maps: &[&LabelMap]) -> RgbaImage {
    let size = view.surface.size();
    let rows = view.surface.rows();
    let place = |x: u32, y: u32| (y * size[0] + x) as usize;
    let slices: Vec<_> = view
        .layers
        .iter()
        .zip(volumes)
        .map(|(layer, volume)| {
            let own: Vec<_> = rows.iter().map(|row| row.moved(layer.own_from_lps)).collect();
            reform(volume, &own, size[0], &view.slab)
        })
        .collect();
    let label_slices: Vec<_> = maps.iter().map(|map| labels(map, &rows, size[0])).collect();
    RgbaImage::from_fn(size[0], size[1], |x, y| {
        let mut out = view.background.map(|c| f64::from(c) / 255.0);
        let mut lay = |colour: [f64; 3], opacity: f64| {
            for (channel, c) in out.iter_mut().zip(colour) {
                *channel = c * opacity + *channel * (1.0 - opacity);
            }
        };
        for (layer, slice) in view.layers.iter().zip(&slices) {
            if let Some((colour, opacity)) = paint(layer, slice[place(x, y)].map(|(value, _)| value)) {
                lay(colour, opacity);
            }
        }
        let mut label_slices = label_slices.iter();
        for overlay in &view.overlays {
            match overlay {
                Overlay::Segments(overlay) => {
                    let Some(slice) = label_slices.next() else { continue };
                    let [r, g, b, a] = segments(overlay, slice, size, [x, y]);
                    if a > 0.0 {
                        lay([r / a, g / a, b / a], a);
                    }
                }
                Overlay::Lines(overlay) => {
                    let colour = overlay.colour.map(|c| f64::from(c) / 255.0);
                    lay(colour, f64::from(overlay.opacity) * lines(overlay, [x, y]));
                }
            }
        }
        let [r, g, b] = out.map(|c| (c * 255.0).round() as u8);
        Rgba([r, g, b, 255])
    })
}
