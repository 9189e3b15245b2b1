//! A head with a dark region on one side of its brain.

use core::f64::consts::PI;

use meshing_space::Point;

use crate::scene::Phantom;
use crate::shape::Shape;

/// Centre and radius of the dark region, mm: 20 mL.
const INFARCT: ([f64; 3], f64) = ([-36.0, -6.0, 26.0], 16.84);

impl Phantom {
    /// A plain head whose brain is even on both sides but for `infarct` on the patient's right, 4 HU darker than the brain's
    /// 35; `infarct` is left out if not `sick`.
    pub fn stroke(sick: bool) -> Self {
        let (low, high) = ([-86.0, -106.0, -110.0], [86.0, 106.0, 106.0]);
        let mut scene = Self::scene("stroke", -1000.0, low, high, [1.0; 3]);
        let grown = |mm: f64| Shape::ellipsoid([0.0; 3], [64.5 + mm, 83.5 + mm, 80.0 + mm]);
        scene.part("skin", 45.0, [grown(13.0)]);
        scene.part("skull", 900.0, [grown(7.0)]);
        scene.part("brain", 35.0, [grown(0.0)]);
        let ventricles = [-13.0, 13.0].map(|x| Shape::ellipsoid([x, 0.0, 8.0], [6.0, 24.0, 10.0]));
        scene.part("ventricles", 8.0, ventricles);
        if sick {
            let part = scene.part("infarct", 31.0, [Shape::ball(INFARCT.0, INFARCT.1)]);
            part.volume_mm3 = Some(4.0 / 3.0 * PI * INFARCT.1.powi(3));
            part.centre = Some(Point::from_array(INFARCT.0));
        }
        scene
    }
}
