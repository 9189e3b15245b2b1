//! How a volume is to look: window, transfer function, shading.

use serde::{Deserialize, Serialize};

/// Display window of DICOM PS3.3 C.11.2.1.2.1 (LINEAR): which values go from black to white.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Middle, in the volume's unit.
    pub center: f64,
    /// Width, in the volume's unit; 1 or more.
    pub width: f64,
}

impl Window {
    /// From middle and width.
    pub const fn new(center: f64, width: f64) -> Self {
        Self { center, width }
    }

    /// The grey of a value, 0 (black) to 1 (white).
    pub fn grey(&self, value: f64) -> f64 {
        crate::Voi::from(*self).grey(value)
    }

    /// The largest value that is black.
    pub(crate) fn black(&self) -> f64 {
        self.center - 0.5 - self.span() / 2.0
    }

    /// From the largest black value to the smallest white one.
    pub(crate) fn span(&self) -> f64 {
        // width 1 is a step; 1e-3 of a unit keeps the arithmetic finite
        (self.width - 1.0).max(1e-3)
    }
}

/// A corner of a transfer function.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f32; 5]", into = "[f32; 5]")]
pub struct TransferPoint {
    /// The value, in the volume's unit (HU for CT).
    pub value: f32,
    /// Red, green, blue, 0..1, as an sRGB picture holds them.
    pub colour: [f32; 3],
    /// Share of the light that 1 mm of it stops, 0..1.
    pub opacity_per_mm: f32,
}

impl From<[f32; 5]> for TransferPoint {
    fn from([value, r, g, b, opacity_per_mm]: [f32; 5]) -> Self {
        Self { value, colour: [r, g, b], opacity_per_mm }
    }
}

impl From<TransferPoint> for [f32; 5] {
    fn from(p: TransferPoint) -> Self {
        [p.value, p.colour[0], p.colour[1], p.colour[2], p.opacity_per_mm]
    }
}

/// Values to colour and opacity, linear between its points and constant outside them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TransferFunction {
    points: Vec<TransferPoint>,
}

/// The stops of a transfer function's table; also the width of its texture.
pub(crate) const TABLE: usize = 2048;

impl TransferFunction {
    /// From points in any order; `None` without at least two different finite values.
    pub fn new(mut points: Vec<TransferPoint>) -> Option<Self> {
        let finite = |p: &TransferPoint| {
            p.value.is_finite() && p.opacity_per_mm.is_finite() && p.colour.iter().all(|c| c.is_finite())
        };
        points.sort_by(|a, b| a.value.total_cmp(&b.value));
        let spread = points.last().zip(points.first()).is_some_and(|(l, f)| l.value > f.value);
        (spread && points.iter().all(finite)).then_some(Self { points })
    }

    /// The points, lowest value first.
    pub fn points(&self) -> &[TransferPoint] {
        &self.points
    }

    /// The same function with all values moved and stretched: `value * scale + offset`. `None` unless `scale`
    /// is positive and both are finite.
    pub fn stretched(&self, scale: f32, offset: f32) -> Option<Self> {
        let points = self.points.iter().map(|p| TransferPoint { value: p.value * scale + offset, ..*p });
        if scale > 0.0 { Self::new(points.collect()) } else { None }
    }

    /// The same function with every opacity multiplied, up to 1.
    #[must_use]
    pub fn with_opacity(&self, factor: f32) -> Self {
        let points = self.points.iter();
        let points = points
            .map(|p| TransferPoint { opacity_per_mm: (p.opacity_per_mm * factor).clamp(0.0, 1.0), ..*p });
        Self { points: points.collect() }
    }

    /// First and last value.
    pub(crate) fn span(&self) -> (f32, f32) {
        let value = |p: Option<&TransferPoint>| p.map_or(0.0, |p| p.value);
        (value(self.points.first()), value(self.points.last()))
    }

    /// The value up to which everything is fully transparent; far below any if nothing is.
    pub(crate) fn transparent_up_to(&self) -> f32 {
        let seen = self.points.iter().position(|p| p.opacity_per_mm > 0.0);
        match seen {
            Some(0) => f32::MIN,
            Some(first) => self.points[first - 1].value,
            None => f32::MAX,
        }
    }

    /// Linear red, green, blue and extinction per mm at a value.
    pub fn at(&self, value: f32) -> [f32; 4] {
        let after = self.points.partition_point(|p| p.value <= value);
        if after == 0 {
            return self.points.first().map_or([0.0; 4], linear);
        }
        let a = &self.points[after - 1];
        let Some(b) = self.points.get(after) else { return linear(a) };
        let t = (value - a.value) / (b.value - a.value);
        let (a, b) = (linear(a), linear(b));
        std::array::from_fn(|c| a[c] + (b[c] - a[c]) * t)
    }

    /// [`TABLE`] entries from the first to the last value.
    pub(crate) fn table(&self) -> Vec<[f32; 4]> {
        let (low, high) = self.span();
        let value = |i: usize| low + (high - low) * (i as f32 / (TABLE - 1) as f32);
        (0..TABLE).map(|i| self.at(value(i))).collect()
    }
}

/// Linear colour and extinction per mm of a point.
fn linear(p: &TransferPoint) -> [f32; 4] {
    let [r, g, b] = p.colour.map(linear_from_srgb);
    [r, g, b, -(1.0 - p.opacity_per_mm.clamp(0.0, 0.9999)).ln()]
}

/// Linear light of an sRGB channel, 0..1 (IEC 61966-2-1).
pub(crate) fn linear_from_srgb(c: f32) -> f32 {
    let c = c.clamp(0.0, 1.0);
    if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
}

/// sRGB channel of linear light, 0..1 (IEC 61966-2-1).
pub(crate) fn srgb_from_linear(c: f64) -> f64 {
    let c = c.clamp(0.0, 1.0);
    if c <= 0.0031308 { c * 12.92 } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 }
}

/// Blinn-Phong terms, and from which gradient on a place counts as a surface.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shading {
    /// Light from everywhere.
    pub ambient: f32,
    /// Light from the lamp, by the angle.
    pub diffuse: f32,
    /// Strength of the highlight.
    pub specular: f32,
    /// Sharpness of the highlight.
    pub shininess: f32,
    /// Gradient magnitudes, in the volume's unit per mm, where shading begins and where it is full. Below them
    /// noise would be lit as if it were a surface.
    pub gradient_per_mm: [f32; 2],
    /// How much places are darkened that lie enclosed, 0 (not at all) to 1. With this or `shadow` the volume's own
    /// transfer function says what stands in the way of light, on blocks of a few voxels; of no use to meshes.
    #[serde(skip_serializing_if = "none")]
    pub occlusion: f32,
    /// How much the lamp's part of the light is taken away where something stands in its way, 0 (not at all) to 1. The
    /// lamp goes with the onlooker, so that each new view costs a sweep through the blocks; views that move go without
    /// ([`Quality`](crate::Quality)).
    #[serde(skip_serializing_if = "none")]
    pub shadow: f32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn none(strength: &f32) -> bool {
    *strength == 0.0
}

impl Default for Shading {
    fn default() -> Self {
        Self {
            ambient: 0.25,
            diffuse: 0.8,
            specular: 0.15,
            shininess: 24.0,
            gradient_per_mm: [20.0, 80.0],
            occlusion: 0.0,
            shadow: 0.0,
        }
    }
}

impl Shading {
    /// Whether light is to be followed through the volume.
    pub(crate) fn dims(&self) -> bool {
        self.occlusion > 0.0 || self.shadow > 0.0
    }
}

/// What is shown of a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mode {
    /// Shaded ray-march through the transfer function.
    Dvr,
    /// Maximum intensity projection through the window.
    Mip,
    /// Minimum intensity projection through the window: the smallest value along each line of sight. Air outside the
    /// body is as small as air within: cut it off first.
    MinIp,
    /// Mean intensity along each line of sight, through the window.
    Mean,
    /// The surfaces of [`Look::surfaces`], lit.
    Iso,
}

impl Mode {
    /// Whether it makes one value of a whole line of sight, and so has no depth in which other things could lie.
    pub const fn projects(self) -> bool {
        matches!(self, Self::Mip | Self::MinIp | Self::Mean)
    }
}

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

/// How a volume is to look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// What is shown.
    pub mode: Mode,
    /// For MIP and slices.
    pub window: Window,
    /// For the shaded ray-march.
    pub transfer: TransferFunction,
    /// For the shaded ray-march.
    pub shading: Shading,
    /// Distance between samples, in parts of the smallest voxel spacing. 0.5 shows no rings; 1 is faster.
    pub step_voxels: f32,
    /// For [`Mode::Iso`]: up to [`Look::SURFACES`], in any order. A ray finds each of their crossings between two
    /// samples and refines its place.
    #[serde(default)]
    pub surfaces: Vec<IsoSurface>,
    /// For the shaded ray-march, in any order; empty for every gradient alike. A transfer function of two dimensions:
    /// the extinction that the value has, times what the gradient's magnitude has here.
    #[serde(default)]
    pub gradient_opacity: Vec<GradientPoint>,
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

impl Look {
    /// So many iso-surfaces are shown at most: those of the smallest values.
    pub const SURFACES: usize = 8;

    /// The same look as a maximum intensity projection.
    #[must_use]
    pub fn as_mip(&self) -> Self {
        self.with_mode(Mode::Mip)
    }

    /// The same look in another mode.
    #[must_use]
    pub fn with_mode(&self, mode: Mode) -> Self {
        Self { mode, ..self.clone() }
    }

    /// Whether it is a shaded march with nothing but a transfer function and a lamp, which is what is drawn fastest.
    pub fn plain(&self) -> bool {
        self.mode == Mode::Dvr && !self.shading.dims() && self.gradient_opacity.is_empty()
    }

    /// The corners of the opacity by gradient in their order.
    pub(crate) fn gradient_corners(&self) -> Vec<GradientPoint> {
        let sound = |p: &GradientPoint| p.per_mm.is_finite() && p.share.is_finite();
        let mut corners: Vec<_> = self.gradient_opacity.iter().copied().filter(sound).collect();
        corners.sort_by(|a, b| a.per_mm.total_cmp(&b.per_mm));
        for corner in &mut corners {
            corner.share = corner.share.clamp(0.0, 1.0);
        }
        corners
    }

    /// [`TABLE`] entries of the opacity by gradient, from none to the last corner's, and how many an entry takes of a
    /// gradient; `None` where every gradient is alike.
    pub(crate) fn gradient_table(&self) -> Option<(Vec<f32>, f32)> {
        let corners = self.gradient_corners();
        let most = corners.last()?.per_mm.max(1e-6);
        let at = |n: usize| f64::from(most) * n as f64 / (TABLE - 1) as f64;
        let table = (0..TABLE).map(|n| share_at(&corners, at(n)) as f32).collect();
        Some((table, (TABLE - 1) as f32 / most))
    }

    /// The surfaces that are shown, by their value; of those of one value the first.
    pub(crate) fn shown_surfaces(&self) -> Vec<IsoSurface> {
        let mut shown: Vec<_> = self.surfaces.iter().copied().filter(|s| s.value.is_finite()).collect();
        shown.sort_by(|a, b| a.value.total_cmp(&b.value));
        shown.dedup_by(|b, a| a.value == b.value);
        shown.truncate(Self::SURFACES);
        shown
    }

    /// Step along a ray in mm.
    pub(crate) fn step_mm(&self, grid: &meshing_volume::Grid) -> f64 {
        let finest = grid.spacing_mm().iter().copied().fold(f64::INFINITY, f64::min);
        // with the shader's limit of 65,536 steps this still crosses 6 m at 0.1 mm
        let step = if self.step_voxels.is_finite() { self.step_voxels.clamp(0.1, 4.0) } else { 1.0 };
        (finest * f64::from(step)).max(1e-3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_that_of_dicom() {
        // the standard's note 2 to C.11.2.1.2.1: c = 2048, w = 4096 maps 0..4095 to the full range
        let window = Window::new(2048.0, 4096.0);
        assert_eq!((window.grey(0.0), window.grey(4095.0)), (0.0, 1.0));
        assert!((window.grey(2047.5) - 0.5).abs() < 1e-12);
        // c = 0, w = 100: x <= -50 is black, x > 49 is white
        let window = Window::new(0.0, 100.0);
        assert_eq!((window.grey(-50.0), window.grey(49.0)), (0.0, 1.0));
        assert!(window.grey(-49.0) > 0.0 && window.grey(48.0) < 1.0);
        // w = 1 is a step at c - 0.5
        let window = Window::new(10.0, 1.0);
        assert_eq!((window.grey(9.0), window.grey(10.0)), (0.0, 1.0));
    }

    #[test]
    fn a_transfer_function_is_linear_between_its_points() {
        let point = |value, grey, opacity_per_mm| TransferPoint { value, colour: [grey; 3], opacity_per_mm };
        let t = TransferFunction::new(vec![point(100.0, 1.0, 0.5), point(0.0, 0.0, 0.0)]).unwrap();
        assert_eq!(t.at(-5.0), [0.0; 4]);
        let end = t.at(500.0);
        assert!((end[0] - 1.0).abs() < 1e-6 && (end[3] - 2.0_f32.ln()).abs() < 1e-6);
        assert!((t.at(50.0)[3] - 2.0_f32.ln() / 2.0).abs() < 1e-6);
        assert!(TransferFunction::new(vec![point(1.0, 0.0, 0.0)]).is_none());
        assert!(TransferFunction::new(vec![point(1.0, 0.0, 0.0), point(f32::NAN, 0.0, 0.0)]).is_none());
        let table = t.table();
        assert_eq!(table.len(), TABLE);
        assert_eq!(table[TABLE - 1], end);
    }

    #[test]
    fn srgb_goes_both_ways() {
        for i in 0..=255 {
            let c = i as f32 / 255.0;
            assert!((srgb_from_linear(f64::from(linear_from_srgb(c))) - f64::from(c)).abs() < 1e-5);
        }
    }
}
