//! A vessel wound into a helix: thin, curved, and still of known volume.

use core::f64::consts::{PI, TAU};

use glam::DVec3;

use crate::scene::Phantom;
use crate::shape::Shape;

impl Phantom {
    /// A tube of radius 4 mm along a right-handed helix (coil radius 22 mm, pitch
    /// 18 mm, 2.5 turns) with round ends, 250 HU in soft tissue of 40 HU.
    ///
    /// The tube neither touches itself nor bends tighter than its radius, so by Pappus' theorem (Weyl's tube formula)
    /// its volume is π r² L + 4/3 π r³ and its area 2 π r L + 4 π r², L being the length of the helix.
    pub fn helix_vessel() -> Self {
        let (coil, pitch, turns, radius) = (22.0_f64, 18.0_f64, 2.5_f64, 4.0_f64);
        let centre = DVec3::new(1.5, -2.5, -20.0);
        let low = centre - DVec3::new(32.0, 32.0, 10.0);
        let high = centre + DVec3::new(32.0, 32.0, pitch * turns + 10.0);
        let mut scene = Self::scene("helix_vessel", 40.0, low.to_array(), high.to_array(), [0.8; 3]);
        let part = scene.part("vessel", 250.0, [Shape::Helix { centre, coil, pitch, turns, radius }]);
        let length = turns * (TAU * coil).hypot(pitch);
        part.volume_mm3 = Some(PI * radius.powi(2) * length + 4.0 / 3.0 * PI * radius.powi(3));
        part.area_mm2 = Some(TAU * radius * length + 4.0 * PI * radius.powi(2));
        let on = |t: f64| (centre + DVec3::new(coil * t.cos(), coil * t.sin(), pitch * t / TAU)).to_array();
        scene.landmark("lower_end", on(0.0));
        scene.landmark("after_one_turn", on(TAU));
        scene.landmark("upper_end", on(TAU * turns));
        scene.distance("lower_end", "after_one_turn");
        scene.distance("lower_end", "upper_end");
        scene
    }
}
