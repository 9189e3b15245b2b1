//! A chest with nodules in the lungs.

use core::f64::consts::PI;

use glam::DVec3;
use meshing_space::Point;

use crate::scene::Phantom;
use crate::shape::Shape;

/// Centre and diameter of each nodule, mm.
const NODULES: [([f64; 3], f64); 12] = [
    ([-52.0, 6.0, 30.0], 5.0),
    ([-36.0, -22.0, 12.0], 5.0),
    ([-60.0, 10.0, -14.0], 6.0),
    ([-40.0, 24.0, -24.0], 8.0),
    ([-54.0, -20.0, -20.0], 10.0),
    ([40.0, 20.0, 26.0], 5.0),
    ([58.0, -10.0, 10.0], 6.0),
    ([36.0, -24.0, -8.0], 7.0),
    ([44.0, 28.0, -20.0], 12.0),
    ([62.0, 4.0, -22.0], 15.0),
    // On a vessel.
    ([-44.0, 0.0, 0.0], 8.0),
    // At the wall of the chest.
    ([40.0, -34.6, 20.0], 9.0),
];

impl Phantom {
    /// A small chest: two lungs of −850 HU with vessels of 1 to 2.5 mm radius, ribs, and twelve round nodules of 40 HU, the
    /// parts `nodule_0` to `nodule_11`, each with its volume and centre.
    pub fn chest_with_nodules() -> Self {
        let (low, high) = ([-105.0, -72.0, -78.0], [105.0, 72.0, 78.0]);
        let mut scene = Self::scene("chest_with_nodules", -1000.0, low, high, [1.0; 3]);
        let body = Shape::Oval { centre: DVec3::ZERO, radii: [100.0, 66.0], half: 74.0 };
        scene.part("muscle", 40.0, [body]);
        let ribs = (0..5).map(|n| {
            let z = -50.0 + 25.0 * f64::from(n);
            let points: Vec<DVec3> = (0..=24)
                .map(|step| {
                    let angle = core::f64::consts::TAU * f64::from(step) / 24.0;
                    DVec3::new(92.0 * angle.cos(), 58.0 * angle.sin(), z)
                })
                .collect();
            Shape::Tube { points, radius: 4.0 }
        });
        scene.part("bone", 700.0, ribs);
        let lungs = [-46.0, 46.0].map(|x| Shape::ellipsoid([x, 0.0, 0.0], [38.0, 50.0, 62.0]));
        scene.part("lungs", -850.0, lungs);
        let vessels: [(&[[f64; 3]], f64); 8] = [
            (&[[-6.0, 0.0, 0.0], [-28.0, 0.0, 0.0], [-44.0, 6.0, 18.0]], 2.5),
            (&[[-28.0, 0.0, 0.0], [-46.0, 2.0, -2.0], [-62.0, -6.0, 2.0]], 1.5),
            (&[[-44.0, 6.0, 18.0], [-56.0, 20.0, 26.0]], 1.5),
            (&[[-44.0, 6.0, 18.0], [-42.0, -12.0, 40.0]], 1.0),
            (&[[6.0, 0.0, 0.0], [28.0, 0.0, 0.0], [46.0, -6.0, -14.0]], 2.5),
            (&[[28.0, 0.0, 0.0], [42.0, 8.0, 12.0], [56.0, 16.0, 24.0]], 2.0),
            (&[[46.0, -6.0, -14.0], [54.0, -20.0, -26.0]], 1.5),
            (&[[46.0, -6.0, -14.0], [42.0, 6.0, -40.0]], 1.0),
        ];
        scene.part("vessels", 60.0, vessels.map(|(points, radius)| Shape::tube(points, radius)));
        for (n, (centre, diameter)) in NODULES.into_iter().enumerate() {
            let radius = diameter / 2.0;
            let part = scene.part(&format!("nodule_{n}"), 40.0, [Shape::ball(centre, radius)]);
            part.volume_mm3 = Some(4.0 / 3.0 * PI * radius.powi(3));
            part.centre = Some(Point::from_array(centre));
        }
        scene
    }
}
