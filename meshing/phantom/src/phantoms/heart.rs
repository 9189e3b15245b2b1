//! A heart whose blood is full of contrast medium.

use glam::DVec3;

use crate::scene::Phantom;
use crate::shape::Shape;

impl Phantom {
    /// Four chambers as the parts `left_ventricle`, `left_atrium`, `right_ventricle`, `right_atrium`, the `aorta`, the
    /// `myocardium` of the left ventricle, thick, and the `right_wall` of the right, thin, of equal values; neighbouring chambers hang together by valves narrower than they are, and each ends at the middle
    /// of its valve. All blood has 350 HU. Landmarks named after the parts lie in their middle.
    pub fn heart() -> Self {
        let (low, high) = ([-66.0, -56.0, -66.0], [66.0, 56.0, 72.0]);
        let mut scene = Self::scene("heart", 40.0, low, high, [1.0; 3]);
        scene.part("right_wall", 110.0, [Shape::ellipsoid([-28.0, -6.0, -20.0], [22.0, 26.0, 32.0])]);
        scene.part("myocardium", 110.0, [Shape::ellipsoid([22.0, -8.0, -20.0], [32.0, 32.0, 42.0])]);
        // A valve is a short tube; each half belongs to the chamber on its side.
        let valve = |x: f64, radius: f64, z: f64, below: bool| {
            let tube = Shape::Cylinder { centre: DVec3::new(x, 0.0, z), axis: DVec3::Z, radius, half: 9.0 };
            let half = if below { [-200.0, z] } else { [z, 200.0] };
            Shape::All(vec![tube, Shape::between([-200.0, -200.0, half[0]], [200.0, 200.0, half[1]])])
        };
        let outlet = |after: bool| {
            let (from, to) = (DVec3::new(8.0, -8.0, 2.0), DVec3::new(2.0, -14.0, 22.0));
            let (middle, axis) = ((from + to) / 2.0, (to - from).normalize_or(DVec3::Z));
            let tube = Shape::Cylinder { centre: middle, axis, radius: 8.0, half: 10.0 };
            let side = if after { axis } else { -axis };
            let half = Shape::Cylinder { centre: middle + side * 100.0, axis, radius: 200.0, half: 100.0 };
            Shape::All(vec![tube, half])
        };
        let parts = [
            (
                "left_ventricle",
                [24.0, -6.0, -20.0],
                vec![
                    Shape::ellipsoid([24.0, -6.0, -20.0], [20.0, 20.0, 30.0]),
                    valve(30.0, 10.0, 12.0, true),
                    outlet(false),
                ],
            ),
            (
                "left_atrium",
                [34.0, 6.0, 34.0],
                vec![Shape::ellipsoid([34.0, 6.0, 34.0], [22.0, 22.0, 18.0]), valve(30.0, 10.0, 12.0, false)],
            ),
            (
                "right_ventricle",
                [-28.0, -6.0, -20.0],
                vec![
                    Shape::ellipsoid([-28.0, -6.0, -20.0], [18.0, 22.0, 28.0]),
                    valve(-30.0, 10.0, 11.0, true),
                ],
            ),
            (
                "right_atrium",
                [-36.0, 4.0, 34.0],
                vec![
                    Shape::ellipsoid([-36.0, 4.0, 34.0], [20.0, 22.0, 19.0]),
                    valve(-30.0, 10.0, 11.0, false),
                ],
            ),
            (
                "aorta",
                [2.0, -15.0, 44.0],
                vec![Shape::tube(&[[2.0, -16.0, 32.0], [2.0, -14.0, 80.0]], 12.0), outlet(true)],
            ),
        ];
        for (name, middle, shapes) in parts {
            scene.part(name, 350.0, shapes);
            scene.landmark(name, middle);
        }
        scene
    }
}
