//! Where a guide may touch, in the guide's own coordinates: seen along the insertion, which is their third direction.

use glam::{DVec2, DVec3};

use crate::recipe::Region;
use crate::{Pose, SolidError};

/// A region as a signed distance, mm, negative inside.
pub(super) enum Shape {
    Discs { points: Vec<DVec2>, radius: f64 },
    Polygon(Vec<DVec2>),
    Box { pose: Pose, half: DVec3 },
}

/// A region in own coordinates.
pub(super) struct Local {
    shape: Shape,
    /// The box around it.
    pub(super) low: DVec3,
    pub(super) high: DVec3,
}

impl Local {
    pub(super) fn new(region: &Region, pose: &Pose) -> Result<Self, SolidError> {
        let own = |points: &[meshing_space::Point<_>]| -> Vec<DVec3> {
            points.iter().map(|p| DVec3::from_array(pose.own(*p))).collect()
        };
        let bounds = |points: &[DVec3], margin: DVec3| {
            let low = points.iter().copied().fold(DVec3::INFINITY, DVec3::min) - margin;
            let high = points.iter().copied().fold(DVec3::NEG_INFINITY, DVec3::max) + margin;
            (low, high)
        };
        let finite = |points: &[DVec3]| points.iter().all(|p| p.is_finite());
        match region {
            Region::Painted { points, radius_mm } => {
                let points = own(points);
                if points.is_empty() || !finite(&points) || !(radius_mm.is_finite() && *radius_mm > 0.0) {
                    return Err(empty());
                }
                let (low, high) = bounds(&points, DVec3::new(*radius_mm, *radius_mm, 2.0));
                // Drawn to a raster of a twentieth of the brush, so that a long stroke is no more than a few thousand points;
                // the rim moves by 4 % of the radius at most.
                let cell = radius_mm / 20.0;
                let mut flat: Vec<(i64, i64)> = points
                    .iter()
                    .map(|p| ((p.x / cell).round() as i64, (p.y / cell).round() as i64))
                    .collect();
                flat.sort_unstable();
                flat.dedup();
                let points =
                    flat.iter().map(|&(x, y)| DVec2::new(x as f64 * cell, y as f64 * cell)).collect();
                Ok(Self { shape: Shape::Discs { points, radius: *radius_mm }, low, high })
            }
            Region::Curve { points } => {
                let points = own(points);
                if points.len() < 3 || !finite(&points) {
                    return Err(empty());
                }
                let (low, high) = bounds(&points, DVec3::new(0.0, 0.0, 2.0));
                Ok(Self { shape: Shape::Polygon(points.iter().map(|p| p.truncate()).collect()), low, high })
            }
            Region::Prism { pose: middle, edges_mm } => {
                let half = DVec3::from_array(*edges_mm) / 2.0;
                if !(half.is_finite() && half.min_element() > 0.0) {
                    return Err(empty());
                }
                let corners: Vec<DVec3> = (0..8)
                    .map(|n| {
                        let sign = |axis: usize| if n >> axis & 1 == 1 { half[axis] } else { -half[axis] };
                        DVec3::from_array(pose.own(middle.lps([sign(0), sign(1), sign(2)])))
                    })
                    .collect();
                let (low, high) = bounds(&corners, DVec3::ZERO);
                Ok(Self { shape: Shape::Box { pose: middle.seen_from(pose), half }, low, high })
            }
        }
    }

    /// The signed distance, mm, negative inside.
    pub(super) fn distance(&self, at: DVec3) -> f64 {
        let beside = match &self.shape {
            Shape::Discs { points, radius } => {
                let nearest = points.iter().map(|p| p.distance_squared(at.truncate()));
                nearest.fold(f64::INFINITY, f64::min).sqrt() - radius
            }
            Shape::Polygon(points) => polygon(points, at.truncate()),
            Shape::Box { pose, half } => {
                let q = DVec3::from_array(pose.own(meshing_space::Point::from_dvec3(at))).abs() - *half;
                q.max(DVec3::ZERO).length() + q.max_element().min(0.0)
            }
        };
        beside.max(self.low.z - at.z)
    }

    /// The same for a place over the bone whose nearest place on the bone lies at `foot_z`: painted regions and those within
    /// a curve end at a height of the bone, so that the end of a shell stands across the bone wherever it slopes.
    pub(super) fn distance_over(&self, at: DVec3, foot_z: f64) -> f64 {
        match &self.shape {
            Shape::Box { .. } => self.distance(at),
            Shape::Discs { .. } | Shape::Polygon(_) => {
                let high = DVec3::new(at.x, at.y, f64::INFINITY);
                self.distance(high).max(self.low.z - foot_z)
            }
        }
    }
}

/// The signed distance to a closed polygon, negative inside (even-odd).
fn polygon(points: &[DVec2], at: DVec2) -> f64 {
    let (mut nearest, mut inside) = (f64::INFINITY, false);
    for (n, &a) in points.iter().enumerate() {
        let b = points[(n + 1) % points.len()];
        let (edge, d) = (b - a, at - a);
        let along =
            if edge == DVec2::ZERO { 0.0 } else { (d.dot(edge) / edge.length_squared()).clamp(0.0, 1.0) };
        nearest = nearest.min((d - edge * along).length_squared());
        if (a.y > at.y) != (b.y > at.y) && at.x < a.x + (at.y - a.y) / edge.y * edge.x {
            inside = !inside;
        }
    }
    if inside { -nearest.sqrt() } else { nearest.sqrt() }
}

fn empty() -> SolidError {
    SolidError::refused("the region of the guide is empty", "导板的贴合区域为空")
}
