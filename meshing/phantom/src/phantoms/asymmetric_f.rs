//! A letter that no flip and no swap of axes maps onto itself.

use meshing_space::{Point, Vector};

use crate::scene::Phantom;
use crate::shape::Shape;

/// Stem, long upper arm, short middle arm, and a foot that points forward: corners in LPS mm. They touch, no more.
const BOXES: [([f64; 3], [f64; 3]); 4] = [
    ([-20.0, -6.0, -40.0], [-8.0, 6.0, 40.0]),
    ([-8.0, -6.0, 28.0], [24.0, 6.0, 40.0]),
    ([-8.0, -6.0, -2.0], [12.0, 6.0, 10.0]),
    ([-20.0, -18.0, -40.0], [-8.0, -6.0, -28.0]),
];
/// Area on which each arm and the foot touch the stem, mm².
const CONTACT_MM2: f64 = 12.0 * 12.0;

impl Phantom {
    /// A letter F of 1000 HU in air, as one reads it standing in front of the patient: the arms point to the patient's
    /// left (+x), the letter stands upright (+z), and a foot at its lower end points to the front (−y).
    pub fn asymmetric_f() -> Self {
        let (low, high) = ([-32.0, -30.0, -52.0], [36.0, 18.0, 52.0]);
        let mut scene = Self::scene("asymmetric_f", -1000.0, low, high, [1.0; 3]);
        // One solid, so that no seam shows where the boxes touch.
        let shape = Shape::Any(BOXES.iter().map(|&(low, high)| Shape::between(low, high)).collect());
        let part = scene.part("letter", 1000.0, [shape]);
        let (mut volume, mut area, mut moment) = (0.0, 0.0, Vector::zero());
        for (low, high) in BOXES {
            let [a, b, c]: [f64; 3] = core::array::from_fn(|axis| high[axis] - low[axis]);
            volume += a * b * c;
            area += 2.0 * (a * b + b * c + c * a);
            moment +=
                (Point::from_array(low).lerp(Point::from_array(high), 0.5) - Point::origin()) * (a * b * c);
        }
        part.volume_mm3 = Some(volume);
        part.area_mm2 = Some(area - 3.0 * 2.0 * CONTACT_MM2);
        part.centre = Some(Point::origin() + moment / volume);
        scene.landmark("upper_arm_tip", [24.0, 0.0, 34.0]);
        scene.landmark("middle_arm_tip", [12.0, 0.0, 4.0]);
        scene.landmark("foot_tip", [-14.0, -18.0, -34.0]);
        scene.landmark("stem_top", [-14.0, 0.0, 40.0]);
        scene.distance("upper_arm_tip", "middle_arm_tip");
        scene.distance("upper_arm_tip", "foot_tip");
        scene
    }
}
