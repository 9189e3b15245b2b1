//! A head: skin, a skull shell with a drilled hole on the patient's left, brain, ventricles and a lesion.

use core::f64::consts::{PI, TAU};

use glam::DVec3;
use meshing_space::Point;

use crate::scene::Phantom;
use crate::shape::Shape;

/// Semi-axes of the skull's outer and inner face: spheroids about the left-right axis, mm.
const OUTER: [f64; 3] = [71.0, 90.0, 90.0];
const INNER: [f64; 3] = [64.5, 83.5, 83.5];
/// Radius of the drill, mm; its axis is the left-right axis through the middle of the skull.
const HOLE_MM: f64 = 12.0;
const VENTRICLE: [f64; 3] = [7.0, 24.0, 10.0];
const LESION: ([f64; 3], f64) = ([44.0, 0.0, 10.0], 10.0);

impl Phantom {
    /// A head with a neck, a nose and a mandible; skull of 900 HU, drilled open on the patient's left.
    pub fn head() -> Self {
        let (low, high) = ([-90.0, -120.0, -155.0], [90.0, 110.0, 105.0]);
        let mut scene = Self::scene("head", -1000.0, low, high, [1.25; 3]);
        outside(&mut scene);

        let skull = Shape::ellipsoid([0.0; 3], OUTER);
        let cavity = Shape::ellipsoid([0.0; 3], INNER);
        let part = scene.part("skull", 900.0, [skull.clone()]);
        part.volume_mm3 = Some(ball(OUTER) - ball(INNER) - hole_mm3());
        part.area_mm2 = Some(skull_area_mm2());
        let part = scene.part("brain", 35.0, [cavity.clone()]);
        let lesion_mm3 = 4.0 / 3.0 * PI * LESION.1.powi(3);
        part.volume_mm3 = Some(ball(INNER) - 2.0 * ball(VENTRICLE) - lesion_mm3);
        let ventricles = [-14.0, 14.0].map(|x| Shape::ellipsoid([x, 0.0, 8.0], VENTRICLE));
        let part = scene.part("ventricles", 8.0, ventricles);
        part.volume_mm3 = Some(2.0 * ball(VENTRICLE));
        part.centre = Some(Point::new(0.0, 0.0, 8.0));
        let part = scene.part("lesion", 75.0, [Shape::ball(LESION.0, LESION.1)]);
        part.volume_mm3 = Some(lesion_mm3);
        part.area_mm2 = Some(4.0 * PI * LESION.1.powi(2));
        part.centre = Some(Point::from_array(LESION.0));

        let centre = DVec3::new(70.0, 0.0, 0.0);
        let drill = Shape::Cylinder { centre, axis: DVec3::X, radius: HOLE_MM, half: 30.0 };
        let hole = Shape::All(vec![drill, skull, Shape::Not(Box::new(cavity))]);
        scene.part("hole", 45.0, [hole]).volume_mm3 = Some(hole_mm3());

        let rim = profile(OUTER, HOLE_MM);
        scene.landmark("hole_rim_anterior", [rim, -HOLE_MM, 0.0]);
        scene.landmark("hole_rim_posterior", [rim, HOLE_MM, 0.0]);
        scene.landmark("lesion_centre", LESION.0);
        scene.landmark("vertex", [0.0, 0.0, OUTER[2]]);
        scene.landmark("forehead", [0.0, -OUTER[1], 0.0]);
        scene.distance("hole_rim_anterior", "hole_rim_posterior");
        scene.distance("hole_rim_anterior", "lesion_centre");
        scene.distance("vertex", "forehead");
        scene
    }
}

/// What lies outside the skull; later parts override it, so that the skull's truth stays exact.
fn outside(scene: &mut Phantom) {
    let upright = |x: f64, y: f64, z: f64, radius: f64, half: f64| {
        let centre = DVec3::new(x, y, z);
        Shape::Cylinder { centre, axis: DVec3::Z, radius, half }
    };
    scene.part(
        "skin",
        45.0,
        [
            Shape::ellipsoid([0.0; 3], [78.0, 97.0, 97.0]),
            Shape::ellipsoid([0.0, -98.0, -22.0], [10.0, 14.0, 16.0]),
            Shape::ellipsoid([0.0, -50.0, -84.0], [50.0, 48.0, 40.0]),
            upright(0.0, 12.0, -105.0, 50.0, 44.0),
        ],
    );
    let jaw = [
        [-46.0, -18.0, -68.0],
        [-44.0, -55.0, -94.0],
        [0.0, -84.0, -104.0],
        [44.0, -55.0, -94.0],
        [46.0, -18.0, -68.0],
    ];
    scene.part("mandible", 800.0, [Shape::tube(&jaw, 6.0)]);
    let necks = (0..3).map(|n| upright(0.0, 24.0, -100.0 - 19.0 * f64::from(n), 15.0, 7.5));
    scene.part("cervical_spine", 700.0, necks);
    scene.part("airway", -1000.0, [Shape::tube(&[[0.0, -14.0, -95.0], [0.0, -12.0, -146.0]], 8.0)]);
}

fn ball([a, b, c]: [f64; 3]) -> f64 {
    4.0 / 3.0 * PI * a * b * c
}

/// How far out (x, mm) the face of the spheroid lies at `radius` from the left-right axis.
fn profile([a, b, _]: [f64; 3], radius: f64) -> f64 {
    a * (1.0 - (radius / b).powi(2)).sqrt()
}

/// Bone that the drill takes: half of what a cylinder cuts from the outer spheroid, less the same for the inner.
///
/// A ball of radius b keeps 4/3 π (b² − r²)^{3/2} around a central hole of radius r; stretching it along the axis of
/// the hole by a/b scales volumes by a/b.
fn hole_mm3() -> f64 {
    let cut = |[a, b, _]: [f64; 3]| {
        let kept = (b.powi(2) - HOLE_MM.powi(2)).powf(1.5);
        0.5 * 4.0 / 3.0 * PI * (b.powi(3) - kept) * a / b
    };
    cut(OUTER) - cut(INNER)
}

/// Both faces of the skull without what the drill took, and the wall of the hole.
fn skull_area_mm2() -> f64 {
    let wall = TAU * HOLE_MM * (profile(OUTER, HOLE_MM) - profile(INNER, HOLE_MM));
    let face = |axes: [f64; 3]| {
        surface_beyond(axes, 90.0_f64.to_radians()) * 2.0 - surface_beyond(axes, (HOLE_MM / axes[1]).asin())
    };
    face(OUTER) + face(INNER) + wall
}

/// Area of the cap of a spheroid about x with parametric angle up to `angle` from the left pole, by Simpson's rule
/// (its error is below 1e-9 mm² at this step).
fn surface_beyond([a, b, _]: [f64; 3], angle: f64) -> f64 {
    const STEPS: u32 = 2_000;
    let ring = |t: f64| TAU * b * t.sin() * (a * t.sin()).hypot(b * t.cos());
    let step = angle / f64::from(STEPS);
    let weighted = (0..=STEPS).map(|n| {
        let weight = match n {
            0 | STEPS => 1.0,
            odd if odd % 2 == 1 => 4.0,
            _ => 2.0,
        };
        weight * ring(step * f64::from(n))
    });
    weighted.sum::<f64>() * step / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_of_a_ball_is_that_of_archimedes() {
        let (r, angle) = (30.0_f64, 0.8_f64);
        let cap = TAU * r * r * (1.0 - angle.cos());
        assert!((surface_beyond([r, r, r], angle) - cap).abs() < 1e-8);
    }
}
