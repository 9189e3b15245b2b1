//! A head with blood along its skull, and bone so thin that it looks like blood.

use glam::DVec3;

use crate::scene::Phantom;
use crate::shape::Shape;

/// Semi-axes of the skull's inner face, mm, and the thickness of the skull.
const INNER: [f64; 3] = [64.5, 83.5, 80.0];
const SKULL_MM: f64 = 6.5;

/// What bleeds in [`Phantom::bleed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bleed {
    /// Nothing.
    None,
    /// A ball of 2 mL that touches the skull on the patient's left.
    Small,
    /// A layer 5 mm thick under the skull on the patient's left.
    Thin,
    /// A layer 9 mm thick there.
    Thick,
    /// A clot of two densities by the floor of the skull, 6 mL.
    Uneven,
}

impl Phantom {
    /// A plain head with `blood` (70 HU; nothing of it for [`Bleed::None`]) in a brain of 33 HU. From the front, two `orbits`
    /// of fat bulge into the skull under `plates` of bone `plate_mm` thick: a thick slice shows these as dense as blood.
    pub fn bleed(bleed: Bleed, plate_mm: f64) -> Self {
        let (low, high) = ([-86.0, -106.0, -104.0], [86.0, 106.0, 102.0]);
        let mut scene = Self::scene("bleed", -1000.0, low, high, [1.0; 3]);
        let grown = |mm: f64| Shape::ellipsoid([0.0; 3], INNER.map(|axis| axis + mm));
        scene.part("skin", 45.0, [grown(SKULL_MM + 6.0)]);
        scene.part("skull", 900.0, [grown(SKULL_MM)]);
        scene.part("brain", 33.0, [grown(0.0)]);
        let side =
            Shape::Cylinder { centre: DVec3::new(60.0, 8.0, 18.0), axis: DVec3::X, radius: 32.0, half: 60.0 };
        let layer =
            |mm: f64| vec![Shape::All(vec![grown(0.0), Shape::Not(Box::new(grown(-mm))), side.clone()])];
        let within = |shape: Shape| vec![Shape::All(vec![grown(0.0), shape])];
        let blood = match bleed {
            Bleed::None => Vec::new(),
            Bleed::Small => within(Shape::ball([57.0, 8.0, 10.0], 7.9)),
            Bleed::Thin => layer(5.0),
            Bleed::Thick => layer(9.0),
            Bleed::Uneven => within(Shape::ellipsoid([22.0, 40.0, -58.0], [16.0, 14.0, 8.0])),
        };
        scene.part("blood", 70.0, blood);
        if bleed == Bleed::Uneven {
            scene.part("older_blood", 58.0, [Shape::ellipsoid([28.0, 44.0, -57.0], [8.0, 7.0, 5.0])]);
        }
        let orbit = |x: f64, mm: f64| Shape::ellipsoid([x, -56.0, -44.0], [22.0 + mm, 26.0 + mm, 20.0 + mm]);
        let skull = grown(SKULL_MM);
        let in_skull = |shape: Shape| Shape::All(vec![skull.clone(), shape]);
        scene.part("plates", 700.0, [-30.0, 30.0].map(|x| in_skull(orbit(x, plate_mm))));
        scene.part("orbits", -80.0, [-30.0, 30.0].map(|x| in_skull(orbit(x, 0.0))));
        scene
    }
}
