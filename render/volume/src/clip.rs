//! What cuts the scene open: planes and shapes.

use meshing_space::{Aabb, Lps, Point, Vector};

use crate::{CutError, CutShape};

/// A plane; what lies on the side to which `normal` points is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClipPlane {
    /// A point on the plane.
    pub point: Point<Lps>,
    /// Towards what is kept; need not be unit.
    pub normal: Vector<Lps>,
}

/// Up to six planes and eight shapes; what all of them keep is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClipPlanes {
    planes: Vec<ClipPlane>,
    shapes: Vec<CutShape>,
}

impl ClipPlanes {
    /// Planes at most.
    pub const MAX: usize = 6;
    /// Shapes at most.
    pub const MAX_SHAPES: usize = 8;

    /// No plane: everything is drawn.
    pub const fn none() -> Self {
        Self { planes: Vec::new(), shapes: Vec::new() }
    }

    /// The given planes; `None` when there are more than [`ClipPlanes::MAX`], a normal is zero or a number not finite.
    pub fn new(planes: &[ClipPlane]) -> Option<Self> {
        let sound = |p: &ClipPlane| {
            let numbers = [p.point.to_array(), p.normal.to_array()];
            numbers.as_flattened().iter().all(|c| c.is_finite()) && p.normal.normalized().is_some()
        };
        let all = planes.len() <= Self::MAX && planes.iter().all(sound);
        all.then(|| Self { planes: planes.to_vec(), shapes: Vec::new() })
    }

    /// The same cuts and a shape more.
    ///
    /// # Errors
    /// [`CutError::TooMany`] beyond [`ClipPlanes::MAX_SHAPES`].
    pub fn with(mut self, shape: CutShape) -> Result<Self, CutError> {
        if self.shapes.len() == Self::MAX_SHAPES {
            return Err(CutError::TooMany);
        }
        self.shapes.push(shape);
        Ok(self)
    }

    /// Keeps what lies inside a box.
    pub fn inside(bounds: &Aabb<Lps>) -> Self {
        let axes = [Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, 1.0)];
        let low = axes.map(|normal| ClipPlane { point: bounds.min, normal });
        let high = axes.map(|normal| ClipPlane { point: bounds.max, normal: -normal });
        Self { planes: [low, high].concat(), shapes: Vec::new() }
    }

    /// The planes.
    pub fn planes(&self) -> &[ClipPlane] {
        &self.planes
    }

    /// The shapes.
    pub fn shapes(&self) -> &[CutShape] {
        &self.shapes
    }

    /// Each plane as (unit normal, signed height of `from`), for a uniform or a twin.
    pub(crate) fn seen_from(&self, from: Point<Lps>) -> impl Iterator<Item = (Vector<Lps>, f64)> + '_ {
        self.planes.iter().filter_map(move |p| {
            let normal = p.normal.normalized()?;
            Some((normal, (from - p.point).dot(normal)))
        })
    }

    /// Whether a point is kept.
    pub fn keeps(&self, point: Point<Lps>) -> bool {
        self.seen_from(point).all(|(_, height)| height >= 0.0) && self.shape_height(point) >= 0.0
    }

    /// The least height of a point over the shapes, infinite without any.
    pub(crate) fn shape_height(&self, point: Point<Lps>) -> f64 {
        self.shapes.iter().map(|s| s.height(point)).fold(f64::INFINITY, f64::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_keeps_its_inside() {
        let bounds = Aabb { min: Point::new(0.0, 0.0, 0.0), max: Point::new(1.0, 2.0, 3.0) };
        let planes = ClipPlanes::inside(&bounds);
        assert!(planes.keeps(Point::new(0.5, 1.0, 2.9)));
        assert!(!planes.keeps(Point::new(0.5, 1.0, 3.1)));
        assert!(ClipPlanes::none().keeps(Point::new(9.0, 9.0, 9.0)));
    }

    #[test]
    fn a_seventh_plane_and_a_zero_normal_are_refused() {
        let plane = ClipPlane { point: Point::origin(), normal: Vector::new(0.0, 0.0, 1.0) };
        assert!(ClipPlanes::new(&[plane; 6]).is_some());
        assert!(ClipPlanes::new(&[plane; 7]).is_none());
        assert!(ClipPlanes::new(&[ClipPlane { normal: Vector::zero(), ..plane }]).is_none());
    }
}
