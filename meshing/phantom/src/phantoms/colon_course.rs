//! A colon from rectum to caecum.

use glam::DVec3;

use crate::scene::Phantom;
use crate::shape::Shape;

/// What bends the colon's axis, from the rectum to the caecum, mm: sigmoid, left flexure, a sagging transverse part, right
/// flexure. No bend is sharper than the lumen is wide: in one that is, the middle of the lumen is not its axis.
const BENDS: [[f64; 3]; 13] = [
    [2.0, 42.0, -112.0],
    [0.0, 30.0, -60.0],
    [8.0, -30.0, -30.0],
    [64.0, -44.0, -70.0],
    [92.0, 0.0, -98.0],
    [90.0, 34.0, -30.0],
    [88.0, 26.0, 60.0],
    [60.0, -20.0, 84.0],
    [0.0, -34.0, 30.0],
    [-56.0, -34.0, 62.0],
    [-96.0, 0.0, 80.0],
    [-94.0, 22.0, 10.0],
    [-76.0, 10.0, -64.0],
];
/// Radius at the first and at the last of them, mm.
const RADII: [f64; 2] = [12.0, 18.0];
/// Points of the axis for each bend.
const STEPS: usize = 10;
/// Where fluid meets gas, y in mm.
const LEVEL_MM: f64 = 14.0;

impl Phantom {
    /// A belly on its back with a colon that goes from the `rectum` to the `caecum` (landmarks on its axis) by five bends of more than 50 degrees
    /// (parts `gas`, −1000 HU, and `fluid`, 400 HU, level under it), wider and wider. Its axis is [`Self::colon_axis`].
    pub fn colon_course() -> Self {
        let (low, high) = ([-128.0, -84.0, -140.0], [128.0, 92.0, 108.0]);
        let mut scene = Self::scene("colon_course", -1000.0, low, high, [1.25; 3]);
        let body = Shape::Oval { centre: DVec3::new(0.0, 4.0, -16.0), radii: [124.0, 82.0], half: 124.0 };
        scene.part("muscle", 40.0, [body]);
        let spine =
            Shape::Cylinder { centre: DVec3::new(0.0, 68.0, 10.0), axis: DVec3::Z, radius: 15.0, half: 90.0 };
        scene.part("bone", 700.0, [spine]);
        let axis = Self::colon_axis();
        let last = (axis.len() - 1) as f64;
        let radius = |n: usize| RADII[0] + (RADII[1] - RADII[0]) * n as f64 / last;
        let lumen: Vec<Shape> = (0..axis.len() - 1)
            .map(|n| Shape::tube(&axis[n..n + 2], f64::midpoint(radius(n), radius(n + 1))))
            .collect();
        let below = Shape::between([-300.0, LEVEL_MM, -300.0], [300.0, 300.0, 300.0]);
        scene.part("gas", -1000.0, lumen.clone());
        scene.part("fluid", 400.0, lumen.into_iter().map(|tube| Shape::All(vec![tube, below.clone()])));
        scene.landmark("rectum", BENDS[0]);
        scene.landmark("caecum", BENDS[BENDS.len() - 1]);
        scene
    }

    /// The axis of the colon of [`Self::colon_course`], LPS mm, from the rectum to the caecum: a uniform cubic B-spline that
    /// begins and ends straight.
    pub fn colon_axis() -> Vec<[f64; 3]> {
        let last = BENDS.len() - 1;
        let bend = |n: usize| DVec3::from_array(BENDS[n]);
        // Beyond the ends the control points go on straight, so that the axis begins at the first and ends at the last.
        let control = |n: isize| match usize::try_from(n) {
            Ok(n) if n <= last => bend(n),
            Ok(_) => bend(last) * 2.0 - bend(last - 1),
            Err(_) => bend(0) * 2.0 - bend(1),
        };
        let mut axis = Vec::new();
        for n in 0..last as isize {
            let [a, b, c, d] = [-1, 0, 1, 2].map(|by| control(n + by));
            for step in 0..STEPS {
                let t = step as f64 / STEPS as f64;
                let weights = [
                    (1.0 - t).powi(3),
                    3.0 * t.powi(3) - 6.0 * t.powi(2) + 4.0,
                    -3.0 * t.powi(3) + 3.0 * t.powi(2) + 3.0 * t + 1.0,
                    t.powi(3),
                ];
                let at = a * weights[0] + b * weights[1] + c * weights[2] + d * weights[3];
                axis.push((at / 6.0).to_array());
            }
        }
        axis.push(BENDS[last]);
        axis
    }
}
