//! A head with a face: brow, eyes, nose, lips, chin and ears before a skull with a whole brain in it.

use glam::DVec3;

use crate::scene::Phantom;
use crate::shape::Shape;

/// How the scan is made: values of the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contrast {
    /// CT, HU.
    Ct,
    /// MR, T1-weighted: fat bright, brain grey, water, bone and air dark.
    T1,
    /// MR, T2-weighted: water bright, fat and brain grey, bone and air dark.
    T2,
}

/// Values of air, skin and fat, muscle, bone, water and brain.
const fn values(contrast: Contrast) -> [f64; 6] {
    match contrast {
        Contrast::Ct => [-1000.0, 10.0, 50.0, 900.0, 8.0, 35.0],
        Contrast::T1 => [6.0, 190.0, 75.0, 14.0, 30.0, 120.0],
        Contrast::T2 => [6.0, 110.0, 45.0, 12.0, 230.0, 100.0],
    }
}

impl Phantom {
    /// A head with a face, its brain the part `brain`, its skin the outside of all other parts. The brain is nowhere nearer
    /// to the skin than 13 mm. Values by `contrast`; [`Phantom::volume`] calls the volume a CT whatever the contrast.
    pub fn portrait(contrast: Contrast) -> Self {
        let [air, skin, muscle, bone, water, brain] = values(contrast);
        let (low, high) = ([-105.0, -140.0, -165.0], [105.0, 125.0, 105.0]);
        let mut scene = Self::scene("portrait", air, low, high, [1.5; 3]);
        let upright = |x: f64, y: f64, z: f64, radius: f64, half: f64| {
            let centre = DVec3::new(x, y, z);
            Shape::Cylinder { centre, axis: DVec3::Z, radius, half }
        };
        scene.part(
            "skin",
            skin,
            [
                vault(13.5),
                Shape::ellipsoid([0.0, -48.0, -68.0], [62.0, 54.0, 62.0]),
                Shape::tube(&[[-36.0, -94.0, -14.0], [36.0, -94.0, -14.0]], 8.0),
                Shape::tube(&[[0.0, -98.0, -20.0], [0.0, -118.0, -52.0]], 9.0),
                Shape::ellipsoid([0.0, -112.0, -56.0], [16.0, 10.0, 8.0]),
                Shape::tube(&[[-22.0, -98.0, -82.0], [0.0, -104.0, -81.0], [22.0, -98.0, -82.0]], 5.0),
                Shape::ball([0.0, -92.0, -116.0], 14.0),
                Shape::ellipsoid([-84.0, 12.0, -40.0], [6.0, 15.0, 28.0]),
                Shape::ellipsoid([84.0, 12.0, -40.0], [6.0, 15.0, 28.0]),
                upright(0.0, 16.0, -110.0, 56.0, 58.0),
            ],
        );
        let jaw = [
            [-50.0, -14.0, -62.0],
            [-46.0, -48.0, -104.0],
            [0.0, -82.0, -114.0],
            [46.0, -48.0, -104.0],
            [50.0, -14.0, -62.0],
        ];
        scene.part(
            "muscle",
            muscle,
            [
                Shape::ellipsoid([0.0, -46.0, -68.0], [52.0, 44.0, 52.0]),
                upright(0.0, 16.0, -112.0, 48.0, 54.0),
            ],
        );
        let spine = (0..4).map(|n| upright(0.0, 30.0, -90.0 - 19.0 * f64::from(n), 14.0, 7.5));
        let face = [Shape::tube(&jaw, 6.0), Shape::ellipsoid([0.0, -54.0, -52.0], [40.0, 28.0, 24.0])];
        scene.part("bone", bone, spine.chain(face).chain([vault(7.5)]));
        let eyes = [-32.0, 32.0].map(|x| Shape::ball([x, -80.0, -30.0], 12.0));
        let sockets = [-32.0, 32.0].map(|x| Shape::tube(&[[x, -84.0, -30.0], [x * 0.8, -68.0, -31.0]], 14.0));
        scene.part("socket", skin, sockets);
        scene.part("eyes", water, eyes);
        scene.part(
            "airway",
            air,
            [
                Shape::tube(
                    &[[0.0, -114.0, -58.0], [0.0, -40.0, -56.0], [0.0, -12.0, -80.0], [0.0, -10.0, -166.0]],
                    7.0,
                ),
                Shape::ball([-26.0, -62.0, -52.0], 11.0),
                Shape::ball([26.0, -62.0, -52.0], 11.0),
            ],
        );
        scene.part("water", water, [vault(1.5)]);
        scene.part("brain", brain, [vault(0.0)]);
        let ventricles = [-12.0, 12.0].map(|x| Shape::ellipsoid([x, 0.0, 18.0], [6.0, 28.0, 9.0]));
        scene.part("ventricles", water, ventricles);
        scene.landmark("nose_tip", [0.0, -127.0, -52.0]);
        scene.landmark("chin", [0.0, -106.0, -116.0]);
        scene.landmark("brow", [0.0, -102.0, -14.0]);
        scene
    }
}

/// The brain, or what lies within `more` mm of it: cerebrum, temporal lobes and cerebellum.
fn vault(more: f64) -> Shape {
    let grown = |centre: [f64; 3], radii: [f64; 3]| Shape::ellipsoid(centre, radii.map(|r| r + more));
    Shape::Any(vec![
        grown([0.0, 0.0, 22.0], [64.0, 84.0, 52.0]),
        grown([-38.0, -14.0, -14.0], [24.0, 38.0, 22.0]),
        grown([38.0, -14.0, -14.0], [24.0, 38.0, 22.0]),
        grown([0.0, 44.0, -24.0], [48.0, 34.0, 28.0]),
    ])
}
