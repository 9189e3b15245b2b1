//! A box that stands askew to every axis: corners, edges and angles are known.

use glam::{DMat3, DVec3};
use meshing_space::Point;

use crate::scene::Phantom;
use crate::shape::Shape;

impl Phantom {
    /// A box of 40 × 28 × 18 mm and 800 HU in water, turned by 0.6 rad about an oblique axis.
    pub fn tilted_box() -> Self {
        let (centre, half) = (DVec3::new(-4.2, 6.3, -9.1), DVec3::new(20.0, 14.0, 9.0));
        let axes = DMat3::from_axis_angle(DVec3::new(0.3, 0.5, 0.8).normalize_or(DVec3::Z), 0.6);
        let reach = half.length() + 5.0;
        let (low, high) = ((centre - reach).to_array(), (centre + reach).to_array());
        let mut scene = Self::scene("tilted_box", 0.0, low, high, [1.0; 3]);
        let part = scene.part("box", 800.0, [Shape::Cuboid { centre, half, axes }]);
        let [a, b, c] = (half * 2.0).to_array();
        part.volume_mm3 = Some(a * b * c);
        part.area_mm2 = Some(2.0 * (a * b + b * c + c * a));
        part.centre = Some(Point::from_dvec3(centre));
        for corner in 0..8_u8 {
            let sign = |bit: u8| if corner >> bit & 1 == 1 { 1.0 } else { -1.0 };
            let at = centre + axes * (half * DVec3::new(sign(0), sign(1), sign(2)));
            scene.landmark(&format!("corner_{corner}"), at.to_array());
        }
        scene.distance("corner_0", "corner_1");
        scene.distance("corner_0", "corner_2");
        scene.distance("corner_0", "corner_4");
        scene.distance("corner_0", "corner_7");
        scene
    }
}
