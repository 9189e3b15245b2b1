//! Curved planar reformation: slices along a vessel, a bowel, a jaw or a spine.

use std::sync::Arc;

use meshing_space::{Lps, Point, Vector};
use meshing_volume::Told;

use crate::raster::RasterRow;

/// Rows and columns of a curved slice at most.
const MAX_PIXELS: f64 = 16384.0;

/// Why a curve makes no slice.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CurveError {
    /// Fewer than two different points, or one that is nowhere.
    #[error("a curve needs at least two different points with finite coordinates; {points} were given")]
    NoCurve {
        /// Points given.
        points: usize,
    },
    /// A width or a pixel that is not a positive number.
    #[error("the slice's width and its pixels must be positive numbers of mm")]
    NoSize,
    /// Too many rows or columns.
    #[error("{mm:.0} mm in pixels of {pixel_mm} mm are more than 16384 pixels; make the pixels larger")]
    TooLong {
        /// Along the curve or across it.
        mm: f64,
        /// The pixel asked for.
        pixel_mm: f64,
    },
    /// A stretched slice along a direction in which the whole curve runs.
    #[error(
        "the curve runs along the chosen direction everywhere, so it spans no surface; choose another direction"
    )]
    NoSurface,
}

impl Told for CurveError {
    fn chinese(&self) -> String {
        match self {
            Self::NoCurve { points } => {
                format!("曲线至少需要两个不同且坐标有限的点；给出了 {points} 个")
            }
            Self::NoSize => "切片宽度和像素大小必须是正的毫米数".to_owned(),
            Self::TooLong { mm, pixel_mm } => {
                format!("{mm:.0} 毫米按 {pixel_mm} 毫米的像素超过 16384 个像素；请增大像素")
            }
            Self::NoSurface => "曲线处处沿所选方向，不能张成曲面；请选择其他方向".to_owned(),
        }
    }
}

/// A slice along a curve, rolled out flat. The first row lies at the curve's first point.
#[derive(Clone, Debug, PartialEq)]
pub struct CurvedPlane {
    rows: Arc<[RasterRow]>,
    columns: u32,
    pixel_mm: f64,
    on_curve: Arc<[f64]>,
    arc_mm: Arc<[f64]>,
}

impl CurvedPlane {
    /// Straightened: the curve becomes the vertical line in the middle of the picture; each row cuts it at a right
    /// angle. Lengths along the curve and across it are true. Frames follow without needless turning (double
    /// reflection; Wang, Jüttler, Zheng and Liu 2008), so a straight wall stays straight in the picture.
    ///
    /// `turn` (radians) turns the picture around the curve; at 0 the first row's right is as near to the patient's
    /// left as a right angle allows, or to the patient's back where the curve itself runs to a side.
    ///
    /// Where the curve bends more sharply than half the width, rows cross each other far from it and show the same
    /// tissue twice: as in any straightened reformation.
    pub fn straightened(
        curve: &[Point<Lps>],
        turn: f64,
        width_mm: f64,
        pixel_mm: f64,
    ) -> Result<Self, CurveError> {
        check_size(width_mm, pixel_mm)?;
        let path = Path::new(curve)?;
        let count = pixels(path.length(), pixel_mm)?;
        let columns = pixels(width_mm - pixel_mm, pixel_mm)?;
        let arc_mm: Vec<f64> = (0..count).map(|n| f64::from(n) * pixel_mm).collect();
        let centres: Vec<_> = arc_mm.iter().map(|&mm| path.at(mm)).collect();
        let tangents: Vec<_> = arc_mm.iter().map(|&mm| path.tangent(mm, pixel_mm)).collect();
        let first = tangents[0];
        let side =
            if first.x().abs() < 0.9 { Vector::new(1.0, 0.0, 0.0) } else { Vector::new(0.0, 1.0, 0.0) };
        let across = (side - first * side.dot(first)).normalized().unwrap_or(side);
        let start = across * turn.cos() + first.cross(across) * turn.sin();
        let frames = rotation_minimising(&centres, &tangents, start);
        let middle = f64::from(columns - 1) / 2.0;
        let rows =
            centres.iter().zip(&tangents).zip(&frames).map(|((&centre, &tangent), &right)| RasterRow {
                first: centre - right * (middle * pixel_mm),
                right: right * pixel_mm,
                away: right.cross(tangent),
            });
        Ok(Self {
            rows: rows.collect(),
            columns,
            pixel_mm,
            on_curve: vec![middle; centres.len()].into(),
            arc_mm: arc_mm.into(),
        })
    }

    /// Stretched: the surface that straight lines of direction `along` sweep through the curve, rolled out without
    /// stretching (Kanitsar et al. 2002), so lengths in the picture are true on that surface. The curve keeps its
    /// waves along `along` and loses those across. All of it is in the picture with `margin_mm` at both sides.
    pub fn stretched(
        curve: &[Point<Lps>],
        along: Vector<Lps>,
        margin_mm: f64,
        pixel_mm: f64,
    ) -> Result<Self, CurveError> {
        check_size(margin_mm, pixel_mm)?;
        let along = along.normalized().filter(|a| a.is_finite()).ok_or(CurveError::NoSurface)?;
        let path = Path::new(curve)?;
        // the curve seen along the lines: its length is the picture's height
        let foot = path.points[0];
        let height = |p: Point<Lps>| (p - foot).dot(along);
        let shadow: Vec<_> = path.points.iter().map(|&p| p - along * height(p)).collect();
        let shadow = Path::new(&shadow).map_err(|_no_length| CurveError::NoSurface)?;
        if shadow.length() < pixel_mm {
            return Err(CurveError::NoSurface);
        }
        let count = pixels(shadow.length(), pixel_mm)?;
        let reach = path.points.iter().map(|&p| height(p));
        let low = reach.clone().fold(f64::INFINITY, f64::min) - margin_mm;
        let high = reach.fold(f64::NEG_INFINITY, f64::max) + margin_mm;
        let columns = pixels(high - low, pixel_mm)?;
        let (mut rows, mut on_curve, mut arc_mm) = (Vec::new(), Vec::new(), Vec::new());
        for n in 0..count {
            let mm = f64::from(n) * pixel_mm;
            let (segment, share) = shadow.place(mm);
            let original = shadow.source[segment];
            let next = shadow.source[segment + 1];
            let curve_point = path.points[original].lerp(path.points[next], share);
            rows.push(RasterRow {
                first: shadow.at(mm) + along * low,
                right: along * pixel_mm,
                away: along.cross(shadow.tangent(mm, pixel_mm)).normalized().unwrap_or(along),
            });
            on_curve.push((height(curve_point) - low) / pixel_mm);
            arc_mm.push(path.arc[original] + (path.arc[next] - path.arc[original]) * share);
        }
        Ok(Self { rows: rows.into(), columns, pixel_mm, on_curve: on_curve.into(), arc_mm: arc_mm.into() })
    }

    /// Pixels across and down.
    pub fn size(&self) -> [u32; 2] {
        [self.columns, self.rows.len() as u32]
    }

    /// Distance between pixel centres in mm.
    pub const fn pixel_mm(&self) -> f64 {
        self.pixel_mm
    }

    /// The rows from the top.
    pub fn rows(&self) -> &[RasterRow] {
        &self.rows
    }

    /// The column in which the curve crosses a row; the last row's for rows beyond.
    pub fn curve_column(&self, row: u32) -> f64 {
        self.on_curve[(row as usize).min(self.on_curve.len() - 1)]
    }

    /// How far along the curve a row lies, in mm from its first point; the last row's for rows beyond.
    pub fn arc_mm(&self, row: u32) -> f64 {
        self.arc_mm[(row as usize).min(self.arc_mm.len() - 1)]
    }

    /// The column and row on which a point falls and its distance behind the surface in mm: across the curve, at the
    /// place of the curve nearest to it. `None` for a point that lies beside no row.
    pub fn pixel(&self, point: Point<Lps>) -> Option<[f64; 3]> {
        let along = |row: &RasterRow| {
            let down = row.away.cross(row.right).normalized().unwrap_or(row.away);
            (point - row.first).dot(down)
        };
        let flat = |row: &RasterRow| {
            let from = point - row.first;
            [from.dot(row.right) / (self.pixel_mm * self.pixel_mm), from.dot(row.away)]
        };
        let mut best: Option<(f64, [f64; 3])> = None;
        for (n, pair) in self.rows.windows(2).enumerate() {
            let (before, after) = (along(&pair[0]), along(&pair[1]));
            // the picture reaches half a pixel beyond the centres of its first and last row
            let from = if n == 0 { -0.5 } else { 0.0 };
            let to = if n + 2 == self.rows.len() { 1.5 } else { 1.0 };
            let share = before / (before - after);
            if before - after <= 0.0 || !(from..=to).contains(&share) {
                continue;
            }
            let ([c0, d0], [c1, d1]) = (flat(&pair[0]), flat(&pair[1]));
            let (column, depth) = (c0 + (c1 - c0) * share, d0 + (d1 - d0) * share);
            let on_curve = self.on_curve[n] + (self.on_curve[n + 1] - self.on_curve[n]) * share;
            let away = ((column - on_curve) * self.pixel_mm).hypot(depth);
            if best.is_none_or(|(nearest, _)| away < nearest) {
                best = Some((away, [column, n as f64 + share, depth]));
            }
        }
        best.map(|(_, pixel)| pixel)
    }

    /// Where a pixel's centre lies; `None` outside the picture's rows.
    pub fn lps(&self, column: f64, row: u32) -> Option<Point<Lps>> {
        self.rows.get(row as usize).map(|r| r.lps(column, 0.0))
    }
}

/// A smooth curve through points: centripetal Catmull-Rom (Yuksel, Schaefer and Keyser 2011), which makes no loops
/// between them, as a polyline with a point about every `step_mm`. Points that repeat are passed over.
///
/// # Errors
/// [`CurveError`] without two different finite points or with more than 16384 points to make.
pub fn spline(points: &[Point<Lps>], step_mm: f64) -> Result<Vec<Point<Lps>>, CurveError> {
    check_size(1.0, step_mm)?;
    let path = Path::new(points)?;
    pixels(path.length(), step_mm)?;
    let p = &path.points;
    let mut out = vec![p[0]];
    for n in 0..p.len() - 1 {
        // beyond an end the curve goes on as it came
        let before = if n > 0 { p[n - 1] } else { p[0] + (p[0] - p[1]) };
        let after = p.get(n + 2).copied().unwrap_or(p[n + 1] + (p[n + 1] - p[n]));
        let count = (p[n].distance(p[n + 1]) / step_mm).ceil().max(1.0);
        for i in 1..count as usize {
            out.push(catmull_rom([before, p[n], p[n + 1], after], i as f64 / count));
        }
        out.push(p[n + 1]);
    }
    Ok(out)
}

/// The point at `share` between the two middle ones (the pyramid of Barry and Goldman 1988).
fn catmull_rom(p: [Point<Lps>; 4], share: f64) -> Point<Lps> {
    let mut knots = [0.0; 4];
    for n in 1..4 {
        knots[n] = knots[n - 1] + p[n].distance(p[n - 1]).sqrt();
    }
    let t = knots[1] + (knots[2] - knots[1]) * share;
    let between = |a: Point<Lps>, b: Point<Lps>, from: f64, to: f64| a.lerp(b, (t - from) / (to - from));
    let [a, b, c] = [0, 1, 2].map(|n| between(p[n], p[n + 1], knots[n], knots[n + 1]));
    let [d, e] = [between(a, b, knots[0], knots[2]), between(b, c, knots[1], knots[3])];
    between(d, e, knots[1], knots[2])
}

fn check_size(width_mm: f64, pixel_mm: f64) -> Result<(), CurveError> {
    let sound = |mm: f64| mm.is_finite() && mm > 0.0;
    if sound(width_mm) && sound(pixel_mm) { Ok(()) } else { Err(CurveError::NoSize) }
}

/// Pixels whose centres lie on a length, both ends among them.
fn pixels(mm: f64, pixel_mm: f64) -> Result<u32, CurveError> {
    let count = (mm / pixel_mm + 1e-9).floor().max(0.0) + 1.0;
    if count <= MAX_PIXELS { Ok(count as u32) } else { Err(CurveError::TooLong { mm, pixel_mm }) }
}

/// A polyline by its length.
struct Path {
    points: Vec<Point<Lps>>,
    /// Length up to each point.
    arc: Vec<f64>,
    /// Which of the points given each one was.
    source: Vec<usize>,
}

impl Path {
    fn new(given: &[Point<Lps>]) -> Result<Self, CurveError> {
        let refused = CurveError::NoCurve { points: given.len() };
        if !given.iter().all(|p| p.is_finite()) {
            return Err(refused);
        }
        let mut path = Self { points: Vec::new(), arc: Vec::new(), source: Vec::new() };
        for (n, &point) in given.iter().enumerate() {
            let length = path.points.last().map_or(0.0, |last| point.distance(*last));
            if n > 0 && length < 1e-9 {
                continue;
            }
            path.arc.push(path.arc.last().copied().unwrap_or(0.0) + length);
            path.points.push(point);
            path.source.push(n);
        }
        if path.points.len() < 2 || !path.length().is_finite() { Err(refused) } else { Ok(path) }
    }

    fn length(&self) -> f64 {
        self.arc.last().copied().unwrap_or(0.0)
    }

    /// The segment at a length, and how far along it.
    fn place(&self, mm: f64) -> (usize, f64) {
        let after = self.arc.partition_point(|&a| a <= mm).clamp(1, self.points.len() - 1);
        let (from, to) = (self.arc[after - 1], self.arc[after]);
        (after - 1, ((mm - from) / (to - from)).clamp(0.0, 1.0))
    }

    fn at(&self, mm: f64) -> Point<Lps> {
        let (n, share) = self.place(mm);
        self.points[n].lerp(self.points[n + 1], share)
    }

    /// Direction of the chord that reaches `reach_mm` to both sides, cut off at the ends.
    fn tangent(&self, mm: f64, reach_mm: f64) -> Vector<Lps> {
        let (low, high) = ((mm - reach_mm).max(0.0), (mm + reach_mm).min(self.length()));
        let n = self.place(mm).0;
        let segment = self.points[n + 1] - self.points[n];
        let chord = self.at(high) - self.at(low);
        // a hairpin's chord may be nothing
        chord.normalized().or_else(|| segment.normalized()).unwrap_or(Vector::new(0.0, 0.0, 1.0))
    }
}

/// Unit vectors across the tangents that turn around them as little as can be.
fn rotation_minimising(
    centres: &[Point<Lps>],
    tangents: &[Vector<Lps>],
    start: Vector<Lps>,
) -> Vec<Vector<Lps>> {
    let mirrored = |v: Vector<Lps>, normal: Vector<Lps>| {
        let square = normal.dot(normal);
        if square < 1e-18 { v } else { v - normal * (2.0 * normal.dot(v) / square) }
    };
    let mut frames = vec![start];
    for n in 1..centres.len() {
        let step = centres[n] - centres[n - 1];
        let (right, tangent) = (mirrored(frames[n - 1], step), mirrored(tangents[n - 1], step));
        let turned = mirrored(right, tangents[n] - tangent);
        // rounding must not add up to a frame that leans
        let upright = turned - tangents[n] * turned.dot(tangents[n]);
        frames.push(upright.normalized().unwrap_or(frames[n - 1]));
    }
    frames
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{PI, TAU};

    use super::*;

    fn close(a: Point<Lps>, b: Point<Lps>, mm: f64) -> bool {
        a.distance(b) < mm
    }

    #[test]
    fn a_straight_curve_gives_the_oblique_plane_through_it() {
        let (from, to) = (Point::new(10.0, 20.0, 30.0), Point::new(10.0, 50.0, 70.0));
        let plane = CurvedPlane::straightened(&[from, to], 0.0, 21.0, 1.0).unwrap();
        assert_eq!(plane.size(), [21, 51]);
        let down = (to - from).normalized().unwrap();
        for (column, row) in [(0, 0), (10, 25), (20, 50)] {
            let expected = from + Vector::new(f64::from(column) - 10.0, 0.0, 0.0) + down * f64::from(row);
            let got = plane.lps(f64::from(column), row as u32).unwrap();
            assert!(close(got, expected, 1e-9), "{got:?} {expected:?}");
        }
        let turned = CurvedPlane::straightened(&[from, to], PI / 2.0, 21.0, 1.0).unwrap();
        assert!(turned.rows()[7].right.dot(plane.rows()[7].right).abs() < 1e-12);
        assert!((plane.rows()[3].away - plane.rows()[3].right.cross(down)).length() < 1e-12);
    }

    #[test]
    fn frames_on_a_helix_turn_against_its_torsion_and_no_more() {
        // on a helix of radius r and rise 2πb the frame turns against the principal normal by torsion times length
        let (r, b) = (20.0, 8.0);
        let at = |t: f64| Point::new(r * t.cos(), r * t.sin(), b * t);
        let curve: Vec<_> = (0..=4000).map(|n| at(f64::from(n) * TAU / 4000.0)).collect();
        let plane = CurvedPlane::straightened(&curve, 0.0, 11.0, 0.25).unwrap();
        let c2 = r * r + b * b;
        let (rows, length) = (plane.rows(), TAU * c2.sqrt());
        assert!((f64::from(plane.size()[1] - 1) * 0.25 - length).abs() < 0.26);
        let angle = |n: usize| {
            let t = plane.arc_mm(n as u32) / c2.sqrt();
            let normal = Vector::new(-t.cos(), -t.sin(), 0.0);
            let tangent = Vector::new(-r * t.sin(), r * t.cos(), b) * (1.0 / c2.sqrt());
            let right = rows[n].right * 4.0;
            right.dot(tangent.cross(normal)).atan2(right.dot(normal))
        };
        let last = rows.len() - 2;
        let expected = -b / c2 * (plane.arc_mm(last as u32) - plane.arc_mm(1));
        let turned = (angle(last) - angle(1) - expected).rem_euclid(TAU);
        assert!(turned.min(TAU - turned) < 2e-3, "off by {turned} rad");
    }

    #[test]
    fn a_stretched_half_circle_is_rolled_out_to_its_true_length() {
        let at = |t: f64| Point::new(30.0 * t.cos(), 30.0 * t.sin(), 5.0 * t);
        let curve: Vec<_> = (0..=2000).map(|n| at(f64::from(n) * PI / 2000.0)).collect();
        let plane = CurvedPlane::stretched(&curve, Vector::new(0.0, 0.0, 2.0), 4.0, 0.5).unwrap();
        assert!((f64::from(plane.size()[1] - 1) * 0.5 - 30.0 * PI).abs() < 0.51);
        for row in [0, 40, 90, 150] {
            let t = f64::from(row) * 0.5 / 30.0;
            let got = plane.lps(plane.curve_column(row), row).unwrap();
            assert!(close(got, at(t), 1e-3), "{got:?} {:?}", at(t));
            let away = plane.rows()[row as usize].away;
            assert!(away.dot(Vector::new(t.cos(), t.sin(), 0.0)).abs() > 0.9999);
            assert!((plane.arc_mm(row) - t * (900.0_f64 + 25.0).sqrt()).abs() < 1e-2);
        }
        let error = CurvedPlane::stretched(
            &[at(0.0), at(0.0) + Vector::new(0.0, 0.0, 9.0)],
            Vector::new(0.0, 0.0, 1.0),
            4.0,
            0.5,
        )
        .unwrap_err();
        assert_eq!(error, CurveError::NoSurface);
    }

    #[test]
    fn a_point_is_found_again_on_the_surface() {
        let at = |t: f64| Point::new(30.0 * t.cos(), 30.0 * t.sin(), 5.0 * t);
        let curve: Vec<_> = (0..=2000).map(|n| at(f64::from(n) * PI / 2000.0)).collect();
        let planes = [
            CurvedPlane::straightened(&curve, 0.3, 20.0, 0.5).unwrap(),
            CurvedPlane::stretched(&curve, Vector::new(0.0, 0.0, 1.0), 8.0, 0.5).unwrap(),
        ];
        for plane in planes {
            for (column, row, depth) in [(3.0, 7, 0.0), (20.0, 60, 2.0), (11.5, 140, -3.0)] {
                let point = plane.rows()[row].lps(column, depth);
                let got = plane.pixel(point).unwrap();
                let wanted = [column, row as f64, depth];
                assert!(got.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 0.02), "{got:?} {wanted:?}");
            }
            assert!(plane.pixel(at(0.0) - Vector::new(0.0, 9.0, 0.0)).is_none());
        }
    }

    #[test]
    fn a_spline_goes_through_its_points_without_loops() {
        let points =
            [[0.0, 0.0, 0.0], [10.0, 0.0, 0.0], [10.0, 1.0, 0.0], [30.0, 1.0, 5.0]].map(Point::from_array);
        let curve = spline(&points, 0.5).unwrap();
        for p in points {
            assert!(curve.iter().any(|c| close(*c, p, 1e-12)));
        }
        assert!(curve.windows(2).all(|w| w[0].distance(w[1]) < 0.8));
        let length: f64 = curve.windows(2).map(|w| w[0].distance(w[1])).sum();
        assert!(length > 31.6 && length < 33.5, "{length}");
    }

    #[test]
    fn what_is_no_curve_is_refused() {
        let p = Point::new(1.0, 2.0, 3.0);
        let far = p + Vector::new(1e6, 0.0, 0.0);
        for given in [&[][..], &[p], &[p, p, p], &[p, Point::new(f64::NAN, 0.0, 0.0)]] {
            let error = CurvedPlane::straightened(given, 0.0, 10.0, 1.0).unwrap_err();
            assert!(matches!(error, CurveError::NoCurve { .. }) && !error.chinese().is_ascii());
        }
        assert!(matches!(
            CurvedPlane::straightened(&[p, far], 0.0, 10.0, 1.0),
            Err(CurveError::TooLong { .. })
        ));
        assert_eq!(CurvedPlane::straightened(&[p, far], 0.0, 10.0, 0.0), Err(CurveError::NoSize));
        assert!(spline(&[p, far], 0.1).is_err() && spline(&[p], 0.1).is_err());
        // there and back again: a hairpin is no panic
        let back = [p, p + Vector::new(0.0, 0.0, 9.0), p];
        assert!(CurvedPlane::straightened(&back, 0.0, 5.0, 0.5).is_ok());
    }
}
