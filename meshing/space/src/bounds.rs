//! Axis-aligned boxes.

use serde::{Deserialize, Serialize};

use crate::{Point, Space, Vector};

/// An axis-aligned box of space `S`; `min` is nowhere above `max`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Aabb<S: Space> {
    /// Corner with the smallest coordinates.
    pub min: Point<S>,
    /// Corner with the largest coordinates.
    pub max: Point<S>,
}

impl<S: Space> PartialEq for Aabb<S> {
    fn eq(&self, other: &Self) -> bool {
        self.min == other.min && self.max == other.max
    }
}

impl<S: Space> Aabb<S> {
    /// The smallest box around the points; `None` where there are none.
    pub fn from_points(points: impl IntoIterator<Item = Point<S>>) -> Option<Self> {
        points.into_iter().map(|p| Self { min: p, max: p }).reduce(Self::union)
    }

    /// The smallest box around both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self {
            min: Point::from_dvec3(self.min.as_dvec3().min(other.min.as_dvec3())),
            max: Point::from_dvec3(self.max.as_dvec3().max(other.max.as_dvec3())),
        }
    }

    /// Whether the point lies in the box or on its faces.
    pub fn contains(self, point: Point<S>) -> bool {
        let p = point.as_dvec3();
        p.cmpge(self.min.as_dvec3()).all() && p.cmple(self.max.as_dvec3()).all()
    }

    /// The middle of the box.
    pub fn center(self) -> Point<S> {
        self.min.lerp(self.max, 0.5)
    }

    /// Edge lengths.
    pub fn size(self) -> Vector<S> {
        self.max - self.min
    }

    /// The eight corners; bit 0 of the index chooses x, bit 1 y, bit 2 z.
    pub fn corners(self) -> [Point<S>; 8] {
        let (low, high) = (self.min.to_array(), self.max.to_array());
        core::array::from_fn(|corner| {
            Point::from_array(core::array::from_fn(|axis| {
                if corner >> axis & 1 == 1 { high[axis] } else { low[axis] }
            }))
        })
    }

    /// The box grown by `margin` (unit of `S`) on every side.
    #[must_use]
    pub fn expanded(self, margin: f64) -> Self {
        let by = Vector::new(margin, margin, margin);
        Self { min: self.min - by, max: self.max + by }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Lps;

    #[test]
    fn a_box_holds_its_points_and_corners() {
        let points = [Point::<Lps>::new(1.0, 5.0, -2.0), Point::new(-3.0, 2.0, 4.0)];
        let bounds = Aabb::from_points(points).expect("two points");
        assert_eq!(bounds.size(), Vector::new(4.0, 3.0, 6.0));
        assert_eq!(bounds.center(), Point::new(-1.0, 3.5, 1.0));
        assert!(bounds.corners().iter().all(|&c| bounds.contains(c)));
        assert!(!bounds.contains(Point::new(1.1, 3.0, 0.0)));
        assert!(Aabb::<Lps>::from_points([]).is_none());
    }
}
