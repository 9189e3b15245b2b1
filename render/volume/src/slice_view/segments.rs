//! How the segments of a label map look in a slice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::LabelTexture;

/// How one segment looks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SegmentStyle {
    /// Red, green, blue as an sRGB picture holds them.
    pub colour: [u8; 3],
    /// Opacity of its inside, 0 to 1.
    pub fill: f32,
    /// Opacity of its outline, 0 to 1.
    pub outline: f32,
    /// Whether it is shown at all.
    pub visible: bool,
}

impl SegmentStyle {
    /// A half-filled, outlined segment.
    pub const fn new(colour: [u8; 3]) -> Self {
        Self { colour, fill: 0.35, outline: 1.0, visible: true }
    }
}

/// Segments over a slice, by the label at the middle of its thickness. Looks may change at every draw; the voxels stay.
#[derive(Clone, Debug)]
pub struct SegmentOverlay {
    /// The labels.
    pub texture: LabelTexture,
    /// Looks by label; a label without one, and 0, is not shown.
    pub styles: BTreeMap<u8, SegmentStyle>,
    /// Width of the outlines in pixels, 0 to 8. They lie inside their segments.
    pub outline_px: f32,
}

impl SegmentOverlay {
    /// The widest outline in pixels.
    pub const MAX_OUTLINE_PX: f32 = 8.0;

    /// Segments with outlines of a pixel and a half.
    pub const fn new(texture: LabelTexture, styles: BTreeMap<u8, SegmentStyle>) -> Self {
        Self { texture, styles, outline_px: 1.5 }
    }

    /// Width as drawn.
    pub(crate) fn width_px(&self) -> f32 {
        if self.outline_px.is_finite() { self.outline_px.clamp(0.0, Self::MAX_OUTLINE_PX) } else { 0.0 }
    }

    /// Premultiplied colours of inside and outline by label, as a display takes them.
    pub(crate) fn table(&self) -> Vec<[[f32; 4]; 2]> {
        let ink = |style: &SegmentStyle, opacity: f32| {
            let a = if opacity.is_finite() { opacity.clamp(0.0, 1.0) } else { 0.0 };
            let [r, g, b] = style.colour.map(|c| f32::from(c) / 255.0 * a);
            [r, g, b, a]
        };
        let entry = |label: u8| match self.styles.get(&label) {
            Some(style) if style.visible && label > 0 => [ink(style, style.fill), ink(style, style.outline)],
            _ => [[0.0; 4]; 2],
        };
        (0..=u8::MAX).map(entry).collect()
    }
}
