//! A piece of a trunk with contrast medium in its arteries, which touch bone in places.

use core::f64::consts::PI;

use glam::DVec3;

use crate::scene::Phantom;
use crate::shape::Shape;

impl Phantom {
    /// A CT angiogram: three vertebrae with cortex (part `cortex`) and marrow, an aorta that lies on them, its branches, and
    /// one artery through a canal in a block of bone; all arteries are the part `vessels`. A couch lies below.
    pub fn angiogram() -> Self {
        let (low, high) = ([-72.0, -50.0, -48.0], [72.0, 84.0, 48.0]);
        let mut scene = Self::scene("angiogram", -1000.0, low, high, [1.0; 3]);
        let oval = |y: f64, z: f64, radii: [f64; 2], half: f64| Shape::Oval {
            centre: DVec3::new(0.0, y, z),
            radii,
            half,
        };
        scene.part("muscle", 50.0, [oval(12.0, 0.0, [66.0, 56.0], 50.0)]);
        scene.part("couch", 350.0, [Shape::between([-70.0, 74.0, -50.0], [70.0, 80.0, 50.0])]);
        let levels = [-30.0, 0.0, 30.0];
        let block = Shape::between([34.0, -10.0, -18.0], [54.0, 14.0, 18.0]);
        let cortex = levels.iter().flat_map(|&z| {
            let process = Shape::between([-26.0, 40.0, z - 4.0], [26.0, 47.0, z + 4.0]);
            [oval(32.0, z, [21.0, 16.0], 12.0), process]
        });
        scene.part("cortex", 750.0, cortex.chain([block]));
        scene.part("marrow", 220.0, levels.map(|z| oval(32.0, z, [18.5, 13.5], 9.5)));
        let canal = |radius: f64| Shape::Cylinder {
            centre: DVec3::new(44.0, 2.0, 0.0),
            axis: DVec3::Z,
            radius,
            half: 30.0,
        };
        scene.part("canal", 50.0, [canal(4.5)]);
        let part = scene.part(
            "aorta",
            350.0,
            [Shape::Cylinder {
                // It lies on the vertebrae: their fronts are at y = 16.
                centre: DVec3::new(0.0, 5.8, 0.0),
                axis: DVec3::Z,
                radius: 10.0,
                half: 47.0,
            }],
        );
        part.volume_mm3 = Some(PI * 100.0 * 94.0);
        scene.part(
            "branches",
            350.0,
            [
                Shape::tube(
                    &[[0.0, 4.0, 20.0], [28.0, -6.0, 26.0], [44.0, 2.0, 30.0], [44.0, 2.0, -34.0]],
                    3.0,
                ),
                Shape::tube(&[[0.0, 4.0, 8.0], [-30.0, -4.0, 2.0], [-50.0, 6.0, -4.0]], 3.0),
                Shape::tube(
                    &[[0.0, 6.0, 16.0], [-17.0, 17.0, 15.5], [-26.0, 32.0, 15.0], [-24.0, 50.0, 15.0]],
                    1.5,
                ),
                Shape::tube(&[[0.0, 4.0, -14.0], [0.0, -30.0, -30.0]], 2.0),
            ],
        );
        scene
    }
}
