//! A broken bone.

use glam::{DMat3, DVec3};

use crate::scene::Phantom;
use crate::shape::Shape;

impl Phantom {
    /// A shaft broken into five fragments (parts `fragment_0` to `fragment_4`) in muscle: the two halves are apart by a gap of
    /// 2 mm, a wedge and a chip touch the upper half, a ball-shaped head hangs on the lower half by a bridge of bone.
    pub fn fracture() -> Self {
        let (low, high) = ([-40.0, -40.0, -72.0], [40.0, 40.0, 72.0]);
        let mut scene = Self::scene("fracture", 40.0, low, high, [1.0; 3]);
        let shaft = |z: f64, half: f64| Shape::Cylinder {
            centre: DVec3::new(0.0, 0.0, z),
            axis: DVec3::Z,
            radius: 11.0,
            half,
        };
        let tilt = DMat3::from_rotation_y(0.5);
        let wedge = Shape::Cuboid {
            centre: DVec3::new(20.0, 0.0, 20.0),
            half: DVec3::new(6.0, 7.0, 12.0),
            axes: tilt,
        };
        let fragments = [
            vec![shaft(34.0, 32.0)],
            vec![shaft(-30.0, 30.0)],
            vec![wedge],
            vec![Shape::ellipsoid([-18.0, 0.0, 40.0], [7.5, 6.0, 14.0])],
            vec![
                Shape::ball([22.0, 0.0, -44.0], 11.0),
                Shape::tube(&[[5.0, 0.0, -44.0], [16.0, 0.0, -44.0]], 3.0),
            ],
        ];
        for (n, shapes) in fragments.into_iter().enumerate() {
            scene.part(&format!("fragment_{n}"), 800.0, shapes);
        }
        scene
    }
}
