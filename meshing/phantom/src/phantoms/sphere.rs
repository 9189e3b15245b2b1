//! A ball of bone in air: the plainest truth there is.

use core::f64::consts::PI;

use meshing_space::{Lps, Point};

use crate::scene::Phantom;
use crate::shape::Shape;

impl Phantom {
    /// A ball of radius 20 mm and 1000 HU in air, its centre off every voxel centre.
    pub fn sphere() -> Self {
        Self::sphere_of(Point::new(3.3, -7.1, 11.7), 20.0)
    }

    /// A ball of the given radius (mm) and 1000 HU in air (−1000 HU): its surface lies at 0 HU.
    pub fn sphere_of(centre: Point<Lps>, radius_mm: f64) -> Self {
        let at = centre.to_array();
        let (low, high) = (at.map(|x| x - radius_mm - 6.0), at.map(|x| x + radius_mm + 6.0));
        let mut scene = Self::scene("sphere", -1000.0, low, high, [1.0; 3]);
        let part = scene.part("sphere", 1000.0, [Shape::ball(at, radius_mm)]);
        part.volume_mm3 = Some(4.0 / 3.0 * PI * radius_mm.powi(3));
        part.area_mm2 = Some(4.0 * PI * radius_mm.powi(2));
        part.centre = Some(centre);
        scene.landmark("centre", at);
        for (name, axis, way) in
            [("left", 0, 1.0), ("right", 0, -1.0), ("posterior", 1, 1.0), ("superior", 2, 1.0)]
        {
            let mut pole = at;
            pole[axis] += way * radius_mm;
            scene.landmark(name, pole);
        }
        scene.distance("left", "right");
        scene.distance("posterior", "superior");
        scene
    }
}
