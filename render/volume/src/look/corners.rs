//! Surfaces of single values, and opacity by gradient.

use serde::{Deserialize, Serialize};

use super::linear_from_srgb;

/// A surface of one value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f32; 5]", into = "[f32; 5]")]
pub struct IsoSurface {
    /// The value, in the volume's unit (HU for CT).
    pub value: f32,
    /// Red, green, blue, 0..1, as an sRGB picture holds them.
    pub colour: [f32; 3],
    /// Share of the light that one crossing stops, 0..1.
    pub opacity: f32,
}

impl From<[f32; 5]> for IsoSurface {
    fn from([value, r, g, b, opacity]: [f32; 5]) -> Self {
        Self { value, colour: [r, g, b], opacity }
    }
}

impl From<IsoSurface> for [f32; 5] {
    fn from(s: IsoSurface) -> Self {
        [s.value, s.colour[0], s.colour[1], s.colour[2], s.opacity]
    }
}

impl IsoSurface {
    /// Linear colour and opacity.
    pub(crate) fn linear(&self) -> [f32; 4] {
        let [r, g, b] = self.colour.map(linear_from_srgb);
        [r, g, b, self.opacity.clamp(0.0, 1.0)]
    }
}

/// A corner of the opacity by gradient, which is linear between them and constant outside.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f32; 2]", into = "[f32; 2]")]
pub struct GradientPoint {
    /// Gradient magnitude, in the volume's unit per mm (HU per mm for CT).
    pub per_mm: f32,
    /// Times the extinction, 0..1.
    pub share: f32,
}

impl From<[f32; 2]> for GradientPoint {
    fn from([per_mm, share]: [f32; 2]) -> Self {
        Self { per_mm, share }
    }
}

impl From<GradientPoint> for [f32; 2] {
    fn from(p: GradientPoint) -> Self {
        [p.per_mm, p.share]
    }
}

/// The share of the extinction at a gradient, of corners by their gradient; 1 without any.
pub(crate) fn share_at(corners: &[GradientPoint], per_mm: f64) -> f64 {
    let after = corners.partition_point(|p| f64::from(p.per_mm) <= per_mm);
    match (corners[..after].last(), corners.get(after)) {
        (Some(a), Some(b)) => {
            let [from, to] = [a, b].map(|p| f64::from(p.per_mm));
            let t = (per_mm - from) / (to - from);
            f64::from(a.share) + f64::from(b.share - a.share) * t
        }
        (Some(p), None) | (None, Some(p)) => f64::from(p.share),
        (None, None) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opacity_by_gradient_is_linear_between_its_corners_and_steps_where_two_share_one() {
        let corners = [[10.0, 0.2], [20.0, 0.4], [20.0, 0.8], [40.0, 0.6]].map(GradientPoint::from);
        for (per_mm, share) in [(0.0, 0.2), (15.0, 0.3), (19.999, 0.4), (20.0, 0.8), (30.0, 0.7), (99.0, 0.6)]
        {
            assert!((share_at(&corners, per_mm) - share).abs() < 1e-4, "{per_mm}");
        }
        assert_eq!(share_at(&[], 5.0), 1.0);
    }
}
