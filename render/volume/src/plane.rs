//! Planes through the patient, and the letters at their edges.

use meshing_space::{Aabb, Lps, Point, Transform, Vector};
use meshing_volume::Grid;
use serde::{Deserialize, Serialize};

/// The patient letters at the four edges of a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edges {
    /// At the left edge.
    pub left: String,
    /// At the right edge.
    pub right: String,
    /// At the top edge.
    pub top: String,
    /// At the bottom edge.
    pub bottom: String,
}

/// The patient letters of a direction, the strongest first: `L`, `R`, `A`, `P`, `S` (head), `I` (feet), or a
/// combination such as `LA` for an oblique one (in the manner of DICOM PS3.3 C.7.6.1.1.1, with the S and I of
/// radiology in the place of H and F). A part under 15 % of the whole is left out.
pub fn letters(direction: Vector<Lps>) -> String {
    let Some(unit) = direction.normalized() else { return String::new() };
    let mut parts = [
        (unit.x().abs(), if unit.x() > 0.0 { 'L' } else { 'R' }),
        (unit.y().abs(), if unit.y() > 0.0 { 'P' } else { 'A' }),
        (unit.z().abs(), if unit.z() > 0.0 { 'S' } else { 'I' }),
    ];
    parts.sort_by(|a, b| b.0.total_cmp(&a.0));
    parts.iter().filter(|p| p.0 >= 0.15).map(|p| p.1).collect()
}

/// A rectangular raster in patient space: what an MPR shows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlicePlane {
    /// Centre of the first pixel, top left.
    pub origin: Point<Lps>,
    /// Unit vector along a row, to the right.
    pub right: Vector<Lps>,
    /// Unit vector along a column, downwards.
    pub down: Vector<Lps>,
    /// Distance between pixel centres, in mm, both ways.
    pub pixel_mm: f64,
    /// Pixels across and down.
    pub size: [u32; 2],
}

/// Pixels along an edge at most.
const MAX_PIXELS: f64 = 4096.0;

impl SlicePlane {
    /// Seen from the feet: the patient's left at the right, the front at the top. Through `point`, all of the
    /// grid in the picture, pixels of the grid's smallest spacing.
    pub fn axial(grid: &Grid, point: Point<Lps>) -> Self {
        Self::through(grid, point, Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0))
    }

    /// Seen from the front: the patient's left at the right, the head at the top.
    pub fn coronal(grid: &Grid, point: Point<Lps>) -> Self {
        Self::through(grid, point, Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 0.0, -1.0))
    }

    /// Seen from the patient's left: the front at the left, the head at the top.
    pub fn sagittal(grid: &Grid, point: Point<Lps>) -> Self {
        Self::through(grid, point, Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, -1.0))
    }

    /// Any plane through `point`, spanned by two perpendicular unit vectors; all of the grid that it cuts is in
    /// the picture.
    pub fn through(grid: &Grid, point: Point<Lps>, right: Vector<Lps>, down: Vector<Lps>) -> Self {
        let corners = outer_corners(grid);
        let span = |axis: Vector<Lps>| {
            let along = corners.map(|c| (c - point).dot(axis));
            let low = along.iter().copied().fold(f64::INFINITY, f64::min);
            (low, along.iter().copied().fold(f64::NEG_INFINITY, f64::max))
        };
        let ((x0, x1), (y0, y1)) = (span(right), span(down));
        let finest = grid.spacing_mm().iter().copied().fold(f64::INFINITY, f64::min);
        let pixel_mm = finest.max((x1 - x0).max(y1 - y0) / MAX_PIXELS);
        // a hair less, so that an exact number of voxels gives that number of pixels
        let count = |length: f64| (length / pixel_mm - 1e-6).ceil().clamp(1.0, MAX_PIXELS) as u32;
        Self {
            origin: point + right * (x0 + pixel_mm / 2.0) + down * (y0 + pixel_mm / 2.0),
            right,
            down,
            pixel_mm,
            size: [count(x1 - x0), count(y1 - y0)],
        }
    }

    /// The same plane with the picture scaled so that neither edge has more than `pixels`; it still covers the
    /// same area.
    #[must_use]
    pub fn within(&self, pixels: u32) -> Self {
        let longest = self.size[0].max(self.size[1]);
        if longest <= pixels.max(1) {
            return *self;
        }
        let factor = f64::from(longest) / f64::from(pixels.max(1));
        let outer = self.origin - (self.right + self.down) * (self.pixel_mm / 2.0);
        let pixel_mm = self.pixel_mm * factor;
        Self {
            origin: outer + (self.right + self.down) * (pixel_mm / 2.0),
            pixel_mm,
            size: self.size.map(|n| ((f64::from(n) / factor - 1e-6).ceil() as u32).max(1)),
            ..*self
        }
    }

    /// The plane moved along its normal, away from the onlooker.
    #[must_use]
    pub fn moved(&self, away_mm: f64) -> Self {
        Self { origin: self.origin + self.away() * away_mm, ..*self }
    }

    /// The plane turned around an axis through `pivot` (right-hand rule, radians), as a hand turns a card. An axis
    /// without direction leaves it as it is.
    #[must_use]
    pub fn turned(&self, pivot: Point<Lps>, axis: Vector<Lps>, radians: f64) -> Self {
        let Some(turn) = Transform::<Lps, Lps>::rotation(axis, radians) else { return *self };
        let right = (turn * self.right).normalized().unwrap_or(self.right);
        let down = turn * self.down;
        // many small turns must not add up to axes that lean
        let down = (down - right * down.dot(right)).normalized().unwrap_or(self.down);
        Self { origin: pivot + turn * (self.origin - pivot), right, down, ..*self }
    }

    /// Unit vector through the plane, away from the onlooker.
    pub fn away(&self) -> Vector<Lps> {
        self.right.cross(self.down)
    }

    /// Where a pixel's centre lies; fractions are places between.
    pub fn lps(&self, column: f64, row: f64) -> Point<Lps> {
        self.origin + self.right * (column * self.pixel_mm) + self.down * (row * self.pixel_mm)
    }

    /// The column and row on which a point falls, and its distance behind the plane in mm.
    pub fn pixel(&self, point: Point<Lps>) -> [f64; 3] {
        let d = point - self.origin;
        [d.dot(self.right) / self.pixel_mm, d.dot(self.down) / self.pixel_mm, d.dot(self.away())]
    }

    /// The letters at the edges.
    pub fn edges(&self) -> Edges {
        Edges {
            left: letters(-self.right),
            right: letters(self.right),
            top: letters(-self.down),
            bottom: letters(self.down),
        }
    }
}

/// The eight outer corners of a grid, which of an oblique one are not those of its box.
fn outer_corners(grid: &Grid) -> [Point<Lps>; 8] {
    let high = grid.size().map(|n| n as f64 - 0.5);
    let ijk = Aabb { min: Point::new(-0.5, -0.5, -0.5), max: Point::from_array(high) };
    ijk.corners().map(|c| grid.lps_from_ijk() * c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        Grid::axis_aligned([20, 30, 40], Point::new(-7.0, 5.0, 100.0), [0.5, 0.5, 1.25]).unwrap()
    }

    #[test]
    fn letters_name_plain_and_oblique_directions() {
        assert_eq!(letters(Vector::new(3.0, 0.0, 0.0)), "L");
        assert_eq!(letters(Vector::new(-1.0, 0.1, 0.0)), "R");
        assert_eq!(letters(Vector::new(0.8, -0.6, 0.0)), "LA");
        assert_eq!(letters(Vector::new(0.3, 0.5, -0.8)), "IPL");
        assert_eq!(letters(Vector::zero()), "");
    }

    #[test]
    fn the_three_planes_have_the_letters_of_radiology() {
        let c = grid().center();
        let e = SlicePlane::axial(&grid(), c).edges();
        assert_eq!([e.left, e.right, e.top, e.bottom], ["R", "L", "A", "P"]);
        let e = SlicePlane::coronal(&grid(), c).edges();
        assert_eq!([e.left, e.right, e.top, e.bottom], ["R", "L", "S", "I"]);
        let e = SlicePlane::sagittal(&grid(), c).edges();
        assert_eq!([e.left, e.right, e.top, e.bottom], ["A", "P", "S", "I"]);
    }

    #[test]
    fn an_axial_plane_of_an_upright_grid_is_its_voxels() {
        let at = grid().lps_from_ijk() * Point::new(3.0, 4.0, 7.0);
        let plane = SlicePlane::axial(&grid(), at);
        assert_eq!(plane.size, [20, 30]);
        for (column, row) in [(0.0, 0.0), (19.0, 29.0), (7.0, 11.0)] {
            let ijk = grid().ijk_from_lps() * plane.lps(column, row);
            assert!(ijk.distance(Point::new(column, row, 7.0)) < 1e-9, "{ijk:?}");
        }
        let back = plane.pixel(plane.lps(2.5, 9.0));
        assert!((back[0] - 2.5).abs() < 1e-9 && (back[1] - 9.0).abs() < 1e-9 && back[2].abs() < 1e-9);
    }

    #[test]
    fn a_smaller_picture_covers_the_same_area() {
        let plane = SlicePlane::coronal(&grid(), grid().center());
        let small = plane.within(16);
        assert!(small.size.iter().all(|&n| n <= 16));
        let corner = |p: &SlicePlane| p.lps(-0.5, -0.5);
        assert!(corner(&plane).distance(corner(&small)) < 1e-9);
        assert_eq!(plane.within(4096), plane);
    }
}
