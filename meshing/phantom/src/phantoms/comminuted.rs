//! A bone broken into pieces that nearly touch, and one that is whole.

use glam::{DMat3, DVec3};

use crate::scene::Phantom;
use crate::shape::Shape;

/// Half of the edge of what stands for a half-space, mm.
const FAR: f64 = 300.0;

impl Phantom {
    /// A shaft in muscle that is broken into five pieces, and a sixth beside it (parts `fragment_0` to `fragment_5`), of 300 to
    /// 1200 HU. The clefts (part `cleft`, 40 HU) are even and oblique: those that run across the shaft `along_mm` wide, those
    /// that run along it `across_mm`.
    pub fn comminuted([across_mm, along_mm]: [f64; 2]) -> Self {
        let (low, high) = ([-26.0, -24.0, -52.0], [46.0, 24.0, 52.0]);
        let mut scene = Self::scene("comminuted", 40.0, low, high, [1.0; 3]);
        let shaft = Shape::Cylinder { centre: DVec3::ZERO, axis: DVec3::Z, radius: 14.0, half: 44.0 };
        let (lower, upper) = (Cut::new([0.3, 0.0, 1.0], -14.0), Cut::new([0.0, 0.4, 1.0], 13.0));
        let (middle, top) = (Cut::new([1.0, 0.2, 0.1], 1.7), Cut::new([0.15, 1.0, -0.1], -1.3));
        let piece = |sides: &[Shape]| Shape::All([core::slice::from_ref(&shaft), sides].concat());
        let ball = ([14.0 + across_mm + 12.0, 0.0, 4.0], 12.0);
        let between = [lower.above(), upper.below()];
        let fragments = [
            (1200.0, piece(&[lower.below()])),
            (300.0, piece(&[between.as_slice(), &[middle.below()]].concat())),
            (700.0, piece(&[between.as_slice(), &[middle.above()]].concat())),
            (450.0, piece(&[upper.above(), top.below()])),
            (950.0, piece(&[upper.above(), top.above()])),
            (300.0, Shape::ball(ball.0, ball.1)),
        ];
        for (n, (hu, shape)) in fragments.into_iter().enumerate() {
            scene.part(&format!("fragment_{n}"), hu, [shape]);
        }
        let clefts = [
            piece(&[lower.slab(along_mm)]),
            piece(&[upper.slab(along_mm)]),
            piece(&[between.as_slice(), &[middle.slab(across_mm)]].concat()),
            piece(&[upper.above(), top.slab(across_mm)]),
        ];
        scene.part("cleft", 40.0, clefts);
        scene
    }

    /// A whole thigh bone in muscle: `cortex` (1200 HU, thick about the shaft and thin about the ends), `spongiosa` (260 HU) and
    /// `marrow` (−40 HU). Its head hangs on a neck of two thirds of its width.
    pub fn femur() -> Self {
        let (low, high) = ([-62.0, -36.0, -92.0], [40.0, 36.0, 82.0]);
        let mut scene = Self::scene("femur", 40.0, low, high, [1.25; 3]);
        let solid = |thin: f64, thick: f64| {
            [
                Shape::ball([-34.0, -2.0, 54.0], 23.0 - thin),
                Shape::tube(&[[-34.0, -2.0, 54.0], [0.0, 0.0, 26.0]], 15.0 - thin),
                Shape::ellipsoid([6.0, 2.0, 38.0], [14.0 - thin, 17.0 - thin, 22.0 - thin]),
                Shape::ball([-10.0, 8.0, 2.0], 9.0 - thin),
                Shape::tube(&[[0.0, 0.0, 26.0], [0.0, -2.0, -50.0]], 14.0 - thick),
                Shape::ellipsoid([0.0, 0.0, -62.0], [24.0 - thin, 17.0 - thin, 20.0 - thin]),
                Shape::ellipsoid([-17.0, 7.0, -68.0], [14.0 - thin, 22.0 - thin, 17.0 - thin]),
                Shape::ellipsoid([17.0, 7.0, -68.0], [14.0 - thin, 22.0 - thin, 17.0 - thin]),
            ]
        };
        scene.part("cortex", 1200.0, solid(0.0, 0.0));
        scene.part("spongiosa", 260.0, solid(1.2, 5.0));
        let canal = Shape::tube(&[[0.0, 0.0, 10.0], [0.0, -2.0, -40.0]], 8.0);
        scene.part("marrow", -40.0, [canal]);
        scene
    }
}

/// A plane and what lies on its sides.
struct Cut {
    axes: DMat3,
    at: DVec3,
}

impl Cut {
    /// The plane across `normal` that passes the origin at `offset` mm.
    fn new(normal: [f64; 3], offset: f64) -> Self {
        let normal = DVec3::from_array(normal).normalize_or(DVec3::Z);
        let u = normal.any_orthonormal_vector();
        Self { axes: DMat3::from_cols(u, normal.cross(u), normal), at: normal * offset }
    }

    fn cuboid(&self, shift: f64, half: f64) -> Shape {
        let centre = self.at + self.axes.z_axis * shift;
        Shape::Cuboid { centre, half: DVec3::new(FAR, FAR, half), axes: self.axes }
    }

    fn above(&self) -> Shape {
        self.cuboid(FAR, FAR)
    }

    fn below(&self) -> Shape {
        self.cuboid(-FAR, FAR)
    }

    fn slab(&self, width: f64) -> Shape {
        self.cuboid(0.0, width / 2.0)
    }
}
