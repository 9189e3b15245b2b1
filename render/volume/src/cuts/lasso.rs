//! A closed line on the picture of a view.

use std::sync::OnceLock;

use glam::{DMat4, DVec2, DVec3, DVec4, Vec2};
use meshing_space::{Lps, Point};
use rayon::prelude::*;

use super::{CutError, CutShape, finite};
use crate::ViewMatrices;

/// Samples along each axis of the distances that shaders read.
pub(crate) const FIELD: usize = 512;

/// A line and the view it was drawn in. Its unit is half the height of that picture.
#[derive(Debug)]
pub(crate) struct Lasso {
    /// To clip space, x and y in units of the line.
    pub(super) line_from_lps: DMat4,
    corners: Vec<DVec2>,
    /// mm of a unit of the line where clip w is 1.
    pub(super) mm: f64,
    /// Depth along the gaze: dot(xyz, p) + w.
    pub(super) gaze: DVec4,
    pub(super) depth_mm: [f64; 2],
    /// Where the field begins, and its samples by unit.
    pub(super) origin: DVec2,
    pub(super) per_unit: f64,
    field: OnceLock<Vec<f32>>,
}

impl PartialEq for Lasso {
    fn eq(&self, other: &Self) -> bool {
        self.line_from_lps == other.line_from_lps
            && self.corners == other.corners
            && self.depth_mm == other.depth_mm
    }
}

impl Lasso {
    pub(super) fn new(
        view: &ViewMatrices,
        corners: &[[f64; 2]],
        depth_mm: Option<[f64; 2]>,
    ) -> Result<Self, CutError> {
        finite(corners.iter().flatten().copied())?;
        if corners.len() > CutShape::MAX_CORNERS {
            return Err(CutError::Corners { corners: corners.len() });
        }
        let depth_mm = depth_mm.unwrap_or([f64::MIN, f64::MAX]);
        finite(depth_mm)?;
        if depth_mm[0] >= depth_mm[1] {
            return Err(CutError::Flat);
        }
        let clip_from_lps = view.clip_from_view * DMat4::from(view.view_from_lps);
        let per_unit = [view.clip_from_view.x_axis.x.abs(), view.clip_from_view.y_axis.y.abs()];
        let (aspect, mm) = (per_unit[1] / per_unit[0], 1.0 / view.pixels_per_mm(2.0));
        let sound =
            clip_from_lps.determinant().abs() > 0.0 && aspect.is_finite() && mm.is_finite() && aspect > 0.0;
        if !sound {
            return Err(CutError::View);
        }
        let corners: Vec<_> = corners.iter().map(|&[x, y]| DVec2::new(x * aspect, y)).collect();
        let (mut low, mut high) = (DVec2::INFINITY, DVec2::NEG_INFINITY);
        for &corner in &corners {
            (low, high) = (low.min(corner), high.max(corner));
        }
        let size = (high - low).max_element();
        if corners.len() < 3 || size <= 1e-9 {
            return Err(CutError::Empty);
        }
        let cells = FIELD as f64 - 1.0;
        // some room around the line, so that beyond the field it stays outside
        let step = size / (cells - 4.0);
        let lasso = Self {
            origin: (low + high - step * cells) / 2.0,
            per_unit: 1.0 / step,
            line_from_lps: DMat4::from_scale(DVec3::new(aspect, 1.0, 1.0)) * clip_from_lps,
            mm,
            gaze: {
                let gaze = -view.towards_eye().as_dvec3();
                gaze.extend(-gaze.dot(view.eye().as_dvec3()))
            },
            depth_mm,
            corners,
            field: OnceLock::new(),
        };
        // a line there and back encloses nothing though it has corners
        if lasso.field().iter().any(|&d| d > 0.0) { Ok(lasso) } else { Err(CutError::Empty) }
    }

    /// How far inside the shape a place lies, in mm across the view at its depth.
    pub(super) fn inside(&self, at: Point<Lps>) -> f64 {
        let place = at.as_dvec3();
        let clip = self.line_from_lps * place.extend(1.0);
        if clip.w <= 1e-9 {
            // behind the eye nothing was drawn
            return -1.0;
        }
        let across = self.distance(DVec2::new(clip.x, clip.y) / clip.w) * self.mm * clip.w;
        let depth = self.gaze.truncate().dot(place) + self.gaze.w;
        across.min(depth - self.depth_mm[0]).min(self.depth_mm[1] - depth)
    }

    /// Distance to the line, positive inside by the even-odd rule.
    fn distance(&self, at: DVec2) -> f64 {
        let (mut nearest, mut odd) = (f64::INFINITY, false);
        let ends = self.corners.iter().cycle().skip(1);
        for (&a, &b) in self.corners.iter().zip(ends) {
            let (along, to) = (b - a, at - a);
            let t = (to.dot(along) / along.length_squared().max(1e-300)).clamp(0.0, 1.0);
            nearest = nearest.min((to - along * t).length_squared());
            odd ^= (a.y > at.y) != (b.y > at.y) && at.x < a.x + (at.y - a.y) / (b.y - a.y) * (b.x - a.x);
        }
        if odd { nearest.sqrt() } else { -nearest.sqrt() }
    }

    /// Distances at the samples of a square around the line, row by row from below.
    pub(crate) fn field(&self) -> &[f32] {
        self.field.get_or_init(|| {
            let (origin, per_unit) = (self.origin, self.per_unit);
            let row = |y: usize| {
                let at = move |x: usize| origin + DVec2::new(x as f64, y as f64) / per_unit;
                (0..FIELD).map(move |x| self.distance(at(x)) as f32)
            };
            (0..FIELD).into_par_iter().flat_map_iter(row).collect()
        })
    }
}

/// The distance at a place of a field.
pub(super) fn mixed(field: &[f32], at: Vec2, per_unit: f32) -> f32 {
    let last = FIELD as f32 - 1.0;
    let inside = at.clamp(Vec2::ZERO, Vec2::splat(last));
    let base = inside.floor().min(Vec2::splat(last - 1.0));
    let f = inside - base;
    let n = base.y as usize * FIELD + base.x as usize;
    let mix = |a: f32, b: f32, t: f32| (b - a) * t + a;
    let value = mix(mix(field[n], field[n + 1], f.x), mix(field[n + FIELD], field[n + FIELD + 1], f.x), f.y);
    value - at.distance(inside) / per_unit
}
