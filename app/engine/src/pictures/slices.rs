//! Slices: flat and along curves, thin and thick, with other scans, segments and surfaces over them.

use image::RgbaImage;
use meshing_space::{Lps, Point, Vector};
use meshing_volume::{Told as _, Words};
use render_volume::{
    CurvedPlane, LineOverlay, MarkLine, MarkedView, Overlay, Palette, SegmentLook, SegmentOverlay,
    SegmentStyle, Slab, SlabMode, SliceLayer, SlicePlane, SliceSurface, SliceView, letters, mpr, spline,
};
use serde::Serialize;

use super::{Studio, colour_of};
use crate::faults::sentence;
use crate::{Fault, FaultKind};

/// A slice picture is enlarged until its longer edge has at least this many pixels.
const SLICE_PIXELS: u32 = 512;
/// The shorter edge of a curved one has at least so many.
const NARROWEST: u32 = 320;
/// And made coarser where it would have more.
const MOST_PIXELS: u32 = 2048;

/// The plane of a slice picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plane {
    /// Seen from the feet.
    Axial,
    /// Seen from the front.
    Coronal,
    /// Seen from the patient's left.
    Sagittal,
}

/// How a slice lies and what is on it.
#[derive(Clone, Debug, PartialEq)]
pub struct SliceWish {
    /// Which way.
    pub cut: Cut,
    /// How thick.
    pub slab: Slab,
    /// In which colours.
    pub palette: Palette,
    /// Pixels of the longer edge; `None` takes what the voxels give.
    pub pixels: Option<u32>,
}

/// Which way a slice lies.
#[derive(Clone, Debug, PartialEq)]
pub enum Cut {
    /// One of the three that everybody knows, through a point.
    Plane(Plane, Point<Lps>),
    /// Across a direction, away from the onlooker, through a point.
    Across(Vector<Lps>, Point<Lps>),
    /// Along a curve, rolled out.
    Along(Curve),
}

/// A curve along which a slice is rolled out.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Points of a smooth curve, LPS mm; the first is at the picture's top.
    pub points: Vec<Point<Lps>>,
    /// How wide the slice is, mm; of a stretched one how far it reaches beyond the curve at either side.
    pub width_mm: f64,
    /// In which of the two ways.
    pub unrolled: Unrolled,
}

/// How a curved slice is rolled out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unrolled {
    /// The curve becomes straight; the slice is turned around it by so many degrees.
    Straightened(f64),
    /// The surface that lines of this direction sweep through the curve.
    Stretched(Vector<Lps>),
}

/// What a slice picture is made of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SliceFacts {
    /// Distance between pixel centres, mm.
    pub pixel_mm: f64,
    /// Samples across the thickness at each pixel.
    pub samples_a_pixel: u32,
    /// Distance between them, mm; 0 for a thin slice.
    pub sample_step_mm: f64,
    /// Scans laid over each other.
    pub layers: usize,
    /// Share of the pixels at which the thickness reaches out of the scan.
    pub partly_outside_share: f64,
    /// Length of the curve, mm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curve_mm: Option<f64>,
}

impl Studio {
    /// A slice through `point`, its values exact, windowed by the preset.
    ///
    /// # Errors
    /// A device that fails.
    pub fn slice(&mut self, plane: Plane, point: Point<Lps>) -> Result<RgbaImage, Fault> {
        let cut = self.plane(plane, point);
        let factor = SLICE_PIXELS.div_ceil(cut.size[0].max(cut.size[1]).max(1));
        let plain = self.slice_plain(&cut)?;
        let mut drawn = RgbaImage::from_fn(plain.width() * factor, plain.height() * factor, |x, y| {
            *plain.get_pixel(x / factor, y / factor)
        });
        let lines = vec![MarkLine::plain(self.window_words())];
        self.mark(&mut drawn, &MarkedView::Slice(cut.finer(factor)), lines, false)?;
        Ok(drawn)
    }

    /// A slice of any direction, curve and thickness, with other scans, the outlines of segments and surfaces on it.
    /// Where the slab reaches out of the scan only what lies inside is shown, and the picture says so.
    ///
    /// # Errors
    /// A place outside the scan, a direction without length, a curve or a thickness that cannot be, or a device that
    /// fails.
    pub fn slice_with(&mut self, wish: &SliceWish) -> Result<(RgbaImage, SliceFacts), Fault> {
        let (surface, curve_mm) = self.surface(wish)?;
        let layer = SliceLayer {
            palette: wish.palette,
            ..SliceLayer::new(self.texture.clone(), self.look.look.window)
        };
        let mut view = SliceView::new(surface, layer);
        view.slab = wish.slab;
        view.background = self.slice_background;
        view.layers.extend(self.fused.iter().map(super::Fused::layer));
        self.overlay(&mut view)?;
        let mut drawn = view.picture(&self.gpu)?;
        let sampling = wish.slab.sampling(self.texture.grid());
        let facts = SliceFacts {
            pixel_mm: view.surface.pixel_mm(),
            samples_a_pixel: sampling.map_or(1, |s| s.samples),
            sample_step_mm: sampling.map_or(0.0, |s| s.step_mm),
            layers: view.layers.len(),
            partly_outside_share: view.share_partly_outside(),
            curve_mm,
        };
        let lines = self.slice_words(wish, &facts);
        let marked = match &view.surface {
            SliceSurface::Plane(plane) => *plane,
            SliceSurface::Curved(curved) => as_marked(curved),
            // what is to come says nothing of its sides
            other => SlicePlane { size: other.size(), ..as_flat(other.pixel_mm()) },
        };
        self.mark(&mut drawn, &MarkedView::Slice(marked), lines, false)?;
        Ok((drawn, facts))
    }

    /// Where the slice lies; the length of the curve that it follows.
    fn surface(&self, wish: &SliceWish) -> Result<(SliceSurface, Option<f64>), Fault> {
        let plane = match &wish.cut {
            Cut::Plane(plane, point) => {
                self.inside(*point)?;
                self.plane(*plane, *point)
            }
            Cut::Across(away, point) => {
                self.inside(*point)?;
                self.across(*away, *point)?
            }
            Cut::Along(curve) => {
                for point in &curve.points {
                    self.inside(*point)?;
                }
                let (curved, length) = self.along(curve, wish.pixels)?;
                return Ok((curved.into(), Some(length)));
            }
        };
        let longest = plane.size[0].max(plane.size[1]).max(1);
        let (finer, most) = match wish.pixels {
            Some(pixels) => (pixels.div_ceil(longest), pixels),
            None => (SLICE_PIXELS.div_ceil(longest), MOST_PIXELS),
        };
        Ok((plane.finer(finer).within(most).into(), None))
    }

    /// Refuses a point that the scan does not hold: a slice there would be a plausible black picture.
    fn inside(&self, point: Point<Lps>) -> Result<(), Fault> {
        let grid = self.texture.grid();
        let ijk = (grid.ijk_from_lps() * point).to_array();
        if ijk.iter().zip(grid.size()).all(|(&p, n)| (-0.5..=n as f64 - 0.5).contains(&p)) {
            return Ok(());
        }
        let [x, y, z] = point.to_array();
        Err(Fault::new(
            FaultKind::Usage,
            (
                format!("The point {x:.1}, {y:.1}, {z:.1} mm lies outside the scan."),
                format!("点 {x:.1}, {y:.1}, {z:.1} mm 在扫描范围之外。"),
            ),
            ("A slice there would be black.", "那里的切面是全黑的。"),
            (
                "Give a point in the scan, LPS mm, or none for its middle.",
                "请给出扫描内的点（LPS，毫米），或不给出以取中点。",
            ),
        ))
    }

    fn plane(&self, plane: Plane, point: Point<Lps>) -> SlicePlane {
        let grid = self.texture.grid();
        match plane {
            Plane::Axial => SlicePlane::axial(grid, point),
            Plane::Coronal => SlicePlane::coronal(grid, point),
            Plane::Sagittal => SlicePlane::sagittal(grid, point),
        }
    }

    fn across(&self, away: Vector<Lps>, point: Point<Lps>) -> Result<SlicePlane, Fault> {
        let away = away.normalized().ok_or_else(|| {
            Fault::told(
                FaultKind::Usage,
                (
                    "The slice's normal has no length, so it has no direction.",
                    "切面的法向量长度为零，没有方向。",
                ),
            )
        })?;
        // the head or, for a slice across the long axis, the front upwards
        let head = Vector::new(0.0, 0.0, 1.0);
        let up = if away.dot(head).abs() < 0.95 { head } else { Vector::new(0.0, -1.0, 0.0) };
        let right = away.cross(up).normalized().unwrap_or(Vector::new(1.0, 0.0, 0.0));
        Ok(SlicePlane::through(self.texture.grid(), point, right, away.cross(right)))
    }

    /// The curved slice and the length of its curve.
    fn along(&self, curve: &Curve, pixels: Option<u32>) -> Result<(CurvedPlane, f64), Fault> {
        let finest = self.texture.grid().spacing_mm().into_iter().fold(f64::INFINITY, f64::min);
        let refused = |error: render_volume::CurveError| {
            Fault::new(
                FaultKind::Usage,
                ("There is no slice along this curve.", "无法沿此曲线生成切面。"),
                sentence(error.words()),
                ("Nothing was drawn.", "没有绘制任何内容。"),
            )
        };
        let smooth = spline(&curve.points, finest / 2.0).map_err(refused)?;
        let length: f64 = smooth.windows(2).map(|pair| pair[0].distance(pair[1])).sum();
        let made = |pixel_mm: f64| match curve.unrolled {
            Unrolled::Straightened(degrees) => {
                CurvedPlane::straightened(&smooth, degrees.to_radians(), curve.width_mm, pixel_mm)
            }
            Unrolled::Stretched(lines) => CurvedPlane::stretched(&smooth, lines, curve.width_mm, pixel_mm),
        };
        let first = made(finest).map_err(refused)?;
        let [short, long] = edges(&first);
        // without a wish: so large that words find room beside a narrow strip
        let usual = || (long * NARROWEST.div_ceil(short)).clamp(SLICE_PIXELS, MOST_PIXELS);
        let wanted = pixels.unwrap_or_else(usual);
        let (mut pixel_mm, mut curved) = (finest, first);
        // rows and columns are whole, so a second try may be needed
        for _ in 0..4 {
            let long = edges(&curved)[1];
            if long == wanted {
                break;
            }
            pixel_mm *= (f64::from(long) - 0.5) / (f64::from(wanted) - 0.5);
            curved = made(pixel_mm).map_err(refused)?;
        }
        Ok((curved, length))
    }

    /// Outlines of segments and surfaces.
    fn overlay(&self, view: &mut SliceView) -> Result<(), Fault> {
        if let Some((_, texture)) = &self.labels {
            let styles = (1..=u8::MAX).zip(0..self.segments.len());
            let styles = styles.map(|(label, n)| {
                let seen =
                    self.looks.get(usize::from(label)).is_some_and(|look| *look != SegmentLook::HIDDEN);
                (label, SegmentStyle { visible: seen, fill: 0.2, ..SegmentStyle::new(colour_of(n)) })
            });
            view.overlays.push(Overlay::Segments(SegmentOverlay::new(texture.clone(), styles.collect())));
        }
        let alone = self.outline.iter().map(|mesh| (mesh, [255, 210, 90]));
        let shown = self.shown.iter().map(|shown| (&shown.mesh, shown.colour));
        for (mesh, colour) in alone.chain(shown) {
            let contour = LineOverlay::contour(mesh, &view.surface, colour, 1.5)
                .map_err(|error| Fault::told(FaultKind::Internal, error.words()))?;
            view.overlays.push(Overlay::Lines(contour));
        }
        Ok(())
    }

    /// What a slice picture says of itself.
    fn slice_words(&self, wish: &SliceWish, facts: &SliceFacts) -> Vec<MarkLine> {
        let mut lines = vec![MarkLine::plain(self.window_words())];
        if let (Cut::Along(curve), Some(mm)) = (&wish.cut, facts.curve_mm) {
            let (how, how_zh) = match curve.unrolled {
                Unrolled::Straightened(_) => ("straightened", "拉直"),
                Unrolled::Stretched(_) => ("stretched", "展平"),
            };
            lines.push(MarkLine::plain((
                format!("curved slice, {how}, {mm:.1} mm"),
                format!("曲面重建，{how_zh}，{mm:.1} mm"),
            )));
        }
        lines.extend(self.fused.iter().map(|fused| MarkLine::plain(fused.words())));
        if facts.samples_a_pixel > 1 {
            let (mm, samples) = (wish.slab.thickness_mm, facts.samples_a_pixel);
            let (mode, mode_zh) = match wish.slab.mode {
                SlabMode::Maximum => ("maximum", "最大值"),
                SlabMode::Minimum => ("minimum", "最小值"),
                SlabMode::Mean => ("mean", "平均值"),
            };
            lines.push(MarkLine::plain((
                format!("{mode} of {mm:.1} mm, {samples} samples"),
                format!("{mm:.1} mm 层厚{mode_zh}，{samples} 采样"),
            )));
            let outside = facts.partly_outside_share * 100.0;
            if outside > 0.0 {
                lines.push(MarkLine::caution((
                    format!("{outside:.0} % partly outside the scan"),
                    format!("{outside:.0} % 部分超出扫描范围"),
                )));
            }
        }
        if let Some(caution) = wish.palette.caution() {
            lines.push(MarkLine::caution(caution));
        }
        lines
    }

    fn window_words(&self) -> Words {
        let window = self.look.look.window;
        // values of SUV or of shares need more than whole numbers
        let digits = if window.width < 20.0 { 2 } else { 0 };
        Words::from(format!("C {:.digits$} W {:.digits$}", window.center, window.width))
    }

    /// A slice, one pixel a pixel of the plane, windowed by the preset, without anything written on it.
    pub(super) fn slice_plain(&mut self, cut: &SlicePlane) -> Result<RgbaImage, Fault> {
        let grey = mpr(&self.gpu, &self.texture, cut, self.look.look.window)?;
        Ok(RgbaImage::from_fn(grey.width(), grey.height(), |x, y| {
            let value = grey.get_pixel(x, y).0[0];
            image::Rgba([value, value, value, 255])
        }))
    }
}

/// The shorter and the longer edge in pixels.
fn edges(curved: &CurvedPlane) -> [u32; 2] {
    let [width, height] = curved.size();
    [width.min(height).max(1), width.max(height).max(1)]
}

/// A plane of which only the scale says something.
fn as_flat(pixel_mm: f64) -> SlicePlane {
    let nowhere = Vector::zero();
    SlicePlane { origin: Point::origin(), right: nowhere, down: nowhere, pixel_mm, size: [1, 1] }
}

/// A curved slice as marks take it: its scale, which is true along the curve and across it; and at an edge a letter
/// only where it holds for every row.
fn as_marked(curved: &CurvedPlane) -> SlicePlane {
    let rows = curved.rows();
    let right: Vec<_> = rows.iter().map(|row| row.right).collect();
    let down: Vec<_> = rows.iter().map(|row| row.away.cross(row.right)).collect();
    SlicePlane {
        right: common_side(&right),
        down: common_side(&down),
        size: curved.size(),
        ..as_flat(curved.pixel_mm())
    }
}

/// The side of the patient towards which all directions mostly point; nothing where they differ.
fn common_side(directions: &[Vector<Lps>]) -> Vector<Lps> {
    let main = |v: &Vector<Lps>| letters(*v).chars().next();
    let Some(first) = directions.first() else { return Vector::zero() };
    if directions.iter().any(|v| main(v) != main(first)) {
        return Vector::zero();
    }
    let largest = first.to_array().into_iter().map(f64::abs).fold(0.0, f64::max);
    Vector::from_array(first.to_array().map(|c| if c.abs() >= largest { c.signum() } else { 0.0 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curved_slice_names_the_sides_that_hold_for_all_of_it() {
        let straight: Vec<_> =
            (0..50).map(|n| Point::new(0.1 * f64::from(n), 2.0, -2.0 * f64::from(n))).collect();
        let curved = CurvedPlane::straightened(&straight, 0.0, 40.0, 1.0).expect("a slice");
        let edges = as_marked(&curved).edges();
        assert_eq!([edges.left, edges.right, edges.top, edges.bottom], ["R", "L", "S", "I"]);
        // half a circle towards the back: up and down turn over, the sides stay
        let bent: Vec<_> = (0..=90)
            .map(|n| f64::from(n).to_radians() * 2.0)
            .map(|a| Point::new(0.0, 50.0 - 50.0 * a.cos(), -50.0 * a.sin()))
            .collect();
        let curved = CurvedPlane::straightened(&bent, 0.0, 40.0, 1.0).expect("a slice");
        let edges = as_marked(&curved).edges();
        assert_eq!([edges.left, edges.right, edges.top, edges.bottom], ["R", "L", "", ""]);
        assert_eq!(common_side(&[]), Vector::zero());
    }
}
