//! A belly whose colon holds gas over tagged fluid.

use glam::DVec3;

use crate::scene::Phantom;
use crate::shape::Shape;

/// The colon's course: up on the right, across in front of the rest, down on the left.
const COURSE: [[f64; 3]; 5] =
    [[-62.0, 4.0, -60.0], [-64.0, 0.0, 34.0], [0.0, -18.0, 40.0], [62.0, 0.0, 36.0], [62.0, 6.0, -60.0]];
const RADIUS_MM: f64 = 18.0;
/// Where fluid meets gas, y in mm; across the belly the colon lies above it.
const LEVEL_MM: f64 = 3.3;

impl Phantom {
    /// A belly lying on its back: the parts `gas` (−1000 HU) and `fluid` (400 HU) are the colon's lumen, the fluid below in
    /// two pools; beside it a spine, ribs and the lower ends of the lungs.
    pub fn colon() -> Self {
        let (low, high) = ([-108.0, -68.0, -90.0], [108.0, 84.0, 96.0]);
        let mut scene = Self::scene("colon", -1000.0, low, high, [1.0; 3]);
        let oval = |y: f64, z: f64, radii: [f64; 2], half: f64| Shape::Oval {
            centre: DVec3::new(0.0, y, z),
            radii,
            half,
        };
        scene.part("muscle", 40.0, [oval(8.0, 4.0, [104.0, 70.0], 90.0)]);
        let spine = (0..5).map(|n| oval(46.0, -72.0 + 34.0 * f64::from(n), [20.0, 15.0], 14.0));
        let ribs = [-1.0, 1.0].map(|side| {
            Shape::tube(
                &[[side * 94.0, 20.0, 20.0], [side * 95.0, -4.0, 10.0], [side * 80.0, -36.0, 0.0]],
                4.0,
            )
        });
        scene.part("bone", 700.0, spine.chain(ribs));
        let lungs = [-46.0, 46.0].map(|x| Shape::ellipsoid([x, 16.0, 96.0], [38.0, 44.0, 34.0]));
        let within = oval(8.0, 4.0, [104.0, 70.0], 90.0);
        scene.part("lungs", -850.0, lungs.map(|lung| Shape::All(vec![within.clone(), lung])));
        let colon = Shape::tube(&COURSE, RADIUS_MM);
        scene.part("gas", -1000.0, [colon.clone()]);
        let below = Shape::between([-200.0, LEVEL_MM, -200.0], [200.0, 200.0, 200.0]);
        scene.part(
            "fluid",
            400.0,
            colon.split().into_iter().map(|tube| Shape::All(vec![tube, below.clone()])),
        );
        scene
    }
}
