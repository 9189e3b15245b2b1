//! Lines over a slice: contours of meshes, paths and points near it.

use meshing_space::{Lps, Point};
use meshing_surface::{Mesh, SectionError, section};

use crate::{CurvedPlane, SliceSurface};

/// Steps of one line along a curved slice at most.
const MAX_STEPS: f64 = 4096.0;

/// Lines of one colour and of a constant width on the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct LineOverlay {
    /// Pieces from end to end, in columns and rows; (0, 0) is the centre of the first pixel. A piece from a point to
    /// itself is a disc as wide as a line. Pieces that are not finite are passed over.
    pub pieces: Vec<[[f64; 2]; 2]>,
    /// Red, green, blue as an sRGB picture holds them.
    pub colour: [u8; 3],
    /// 0 to 1.
    pub opacity: f32,
    /// Width in pixels.
    pub width_px: f64,
}

impl LineOverlay {
    /// No lines yet.
    pub const fn new(colour: [u8; 3], width_px: f64) -> Self {
        Self { pieces: Vec::new(), colour, opacity: 1.0, width_px }
    }

    /// Where a slice cuts a mesh, a surface or a plan object. In a plane that is the exact intersection with its
    /// triangles; on a curved slice each triangle is taken as flat in the picture too, which is exact to the little that
    /// the curve turns within it.
    ///
    /// # Errors
    /// [`SectionError`] for a mesh with triangles that name missing vertices.
    pub fn contour(
        mesh: &Mesh,
        surface: &SliceSurface,
        colour: [u8; 3],
        width_px: f64,
    ) -> Result<Self, SectionError> {
        let mut lines = Self::new(colour, width_px);
        match surface {
            SliceSurface::Plane(plane) => {
                for curve in section(mesh, plane.origin, plane.away())?.curves {
                    lines.path(&curve.points, curve.closed, surface, f64::INFINITY);
                }
            }
            SliceSurface::Curved(curved) => lines.contour_on(mesh, curved)?,
        }
        Ok(lines)
    }

    fn contour_on(&mut self, mesh: &Mesh, curved: &CurvedPlane) -> Result<(), SectionError> {
        let places: Vec<_> = mesh.positions.iter().map(|p| curved.pixel(*p)).collect();
        for (n, triangle) in mesh.triangles.iter().enumerate() {
            let corner = |v: u32| places.get(v as usize).copied().ok_or(SectionError::BadTriangle(n));
            let [Some(a), Some(b), Some(c)] =
                [corner(triangle[0])?, corner(triangle[1])?, corner(triangle[2])?]
            else {
                continue;
            };
            // corners in the surface count as behind it, so that each triangle is cut once or not at all
            let cut = |p: [f64; 3], q: [f64; 3]| {
                ((p[2] < 0.0) != (q[2] < 0.0)).then(|| {
                    let t = p[2] / (p[2] - q[2]);
                    Some([p[0] + (q[0] - p[0]) * t, p[1] + (q[1] - p[1]) * t, 0.0])
                })
            };
            let mut ends = [cut(a, b), cut(b, c), cut(c, a)].into_iter().flatten();
            if let (Some(from), Some(to)) = (ends.next(), ends.next()) {
                self.piece(from, to, 0.0, true);
            }
        }
        Ok(())
    }

    /// Adds the part of a path that lies within `near_mm` of a slice, seen along its normal. On a curved slice a path
    /// is taken in steps of two pixels.
    pub fn path(&mut self, points: &[Point<Lps>], closed: bool, surface: &SliceSurface, near_mm: f64) {
        let ends = points.iter().zip(points.iter().skip(1));
        let last = points.last().zip(points.first()).filter(|_| closed && points.len() > 2);
        for (a, b) in ends.chain(last) {
            let count = match surface {
                SliceSurface::Plane(_) => 1.0,
                SliceSurface::Curved(curved) => {
                    (a.distance(*b) / curved.pixel_mm() / 2.0).ceil().clamp(1.0, MAX_STEPS)
                }
            };
            let place = |n: f64| surface.pixel(a.lerp(*b, n / count));
            let mut from = place(0.0);
            for n in 1..=count as u32 {
                let to = place(f64::from(n));
                self.piece(from, to, near_mm, matches!(surface, SliceSurface::Curved(_)));
                from = to;
            }
        }
    }

    /// Adds the near part of a line between two places; on a curved slice nothing if they lie far from each other, on
    /// different turns of the curve.
    fn piece(&mut self, from: Option<[f64; 3]>, to: Option<[f64; 3]>, near_mm: f64, curved: bool) {
        let Some((a, b)) = from.zip(to) else { return };
        if curved && (a[0] - b[0]).hypot(a[1] - b[1]) > 16.0 {
            return;
        }
        if let Some((start, end)) = between(a[2], b[2], near_mm) {
            let at = |t: f64| [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
            self.pieces.push([at(start), at(end)]);
        }
    }

    /// Adds a disc at each point within `near_mm` of a slice.
    pub fn points(&mut self, points: &[Point<Lps>], surface: &SliceSurface, near_mm: f64) {
        for [column, row, depth] in points.iter().filter_map(|p| surface.pixel(*p)) {
            if depth.abs() <= near_mm {
                self.pieces.push([[column, row]; 2]);
            }
        }
    }

    /// The pieces that can be drawn, as the shader takes them.
    pub(crate) fn instances(&self) -> Vec<[f32; 4]> {
        let each = self.pieces.iter().map(|[a, b]| [a[0], a[1], b[0], b[1]]);
        // far outside any picture is still far outside
        each.filter(|e| e.iter().all(|c| c.is_finite()))
            .map(|e| e.map(|c| c.clamp(-1e6, 1e6) as f32))
            .collect()
    }

    /// Half the width as drawn.
    pub(crate) fn half_px(&self) -> f64 {
        if self.width_px.is_finite() { self.width_px.clamp(0.0, 1000.0) / 2.0 } else { 0.5 }
    }
}

/// The part (0 to 1) of a line between two depths that lies within `near` of depth 0.
fn between(a: f64, b: f64, near: f64) -> Option<(f64, f64)> {
    if near.is_infinite() {
        return Some((0.0, 1.0));
    }
    let slope = b - a;
    if slope.abs() < 1e-12 {
        return (a.abs() <= near).then_some((0.0, 1.0));
    }
    let (x, y) = ((-near - a) / slope, (near - a) / slope);
    let (from, to) = (x.min(y).max(0.0), x.max(y).min(1.0));
    (from <= to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use meshing_space::Vector;
    use meshing_volume::Grid;

    use super::*;
    use crate::SlicePlane;

    fn plane() -> SliceSurface {
        let grid = Grid::axis_aligned([40, 40, 20], Point::origin(), [0.5, 0.5, 2.0]).unwrap();
        SlicePlane::axial(&grid, Point::new(0.0, 0.0, 10.0)).into()
    }

    #[test]
    fn a_path_is_shown_where_it_is_near_the_plane() {
        let mut lines = LineOverlay::new([255, 0, 0], 1.0);
        lines.path(&[Point::new(2.0, 3.0, 0.0), Point::new(2.0, 13.0, 20.0)], false, &plane(), 2.0);
        assert_eq!(lines.pieces.len(), 1);
        let [[x0, y0], [x1, y1]] = lines.pieces[0];
        assert!((x0 - 4.0).abs() < 1e-9 && (x1 - 4.0).abs() < 1e-9);
        // depths ±2 mm are 2 mm of y around 8 mm: pixels 14 to 18
        assert!((y0.min(y1) - 14.0).abs() < 1e-9 && (y0.max(y1) - 18.0).abs() < 1e-9, "{y0} {y1}");
        lines.points(&[Point::new(1.0, 1.0, 11.0), Point::new(1.0, 1.0, 15.0)], &plane(), 2.0);
        assert_eq!(lines.pieces[1..], [[[2.0, 2.0]; 2]]);
        lines.path(&[Point::origin(), Point::origin() + Vector::new(1.0, 0.0, 0.0)], false, &plane(), 2.0);
        assert_eq!(lines.pieces.len(), 2);
        lines.pieces.push([[f64::NAN, 0.0], [1.0, 1.0]]);
        assert_eq!(lines.instances().len(), 2);
    }
}
