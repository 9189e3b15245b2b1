//! A torso with a liver tumour: the teaching case.

use core::f64::consts::PI;

use glam::DVec3;
use meshing_space::Point;

use crate::scene::Phantom;
use crate::shape::Shape;

const TUMOUR: ([f64; 3], f64) = ([-78.0, -22.0, -62.0], 14.0);
/// Semi-axes (x, y) and half height of the body, and of what the skin covers, mm.
const SKIN: ([f64; 2], f64) = ([165.0, 112.0], 138.0);
const FAT: ([f64; 2], f64) = ([162.5, 109.5], 135.5);
const MUSCLE: ([f64; 2], f64) = ([150.0, 97.0], 135.0);

impl Phantom {
    /// A torso, 1.5 mm voxels by default: liver and tumour on the patient's right (−x), heart apex, stomach and
    /// spleen on the left, sternum in front (−y), spine behind.
    pub fn torso() -> Self {
        let (low, high) = ([-192.0, -144.0, -144.0], [192.0, 144.0, 144.0]);
        let mut scene = Self::scene("torso", -1000.0, low, high, [1.5; 3]);
        wall(&mut scene);
        chest(&mut scene);
        belly(&mut scene);
        bone(&mut scene);
        vessels(&mut scene);
        let part = scene.part("tumour", 90.0, [Shape::ball(TUMOUR.0, TUMOUR.1)]);
        part.volume_mm3 = Some(4.0 / 3.0 * PI * TUMOUR.1.powi(3));
        part.area_mm2 = Some(4.0 * PI * TUMOUR.1.powi(2));
        part.centre = Some(Point::from_array(TUMOUR.0));
        scene.landmark("tumour_centre", TUMOUR.0);
        scene.distance("tumour_centre", "hepatic_branch_tip");
        scene.distance("tumour_centre", "xiphoid");
        scene.distance("right_kidney", "left_kidney");
        scene
    }
}

/// Skin, fat under it, muscle.
fn wall(scene: &mut Phantom) {
    let oval = |(radii, half): ([f64; 2], f64)| Shape::Oval { centre: DVec3::ZERO, radii, half };
    let volume = |([a, b], half): ([f64; 2], f64)| PI * a * b * 2.0 * half;
    let part = scene.part("skin", 20.0, [oval(SKIN)]);
    (part.volume_mm3, part.centre) = (Some(volume(SKIN) - volume(FAT)), Some(Point::origin()));
    let part = scene.part("fat", -100.0, [oval(FAT)]);
    (part.volume_mm3, part.centre) = (Some(volume(FAT) - volume(MUSCLE)), Some(Point::origin()));
    scene.part("muscle", 50.0, [oval(MUSCLE)]);
}

fn chest(scene: &mut Phantom) {
    // The right lung is the larger one; the heart dents the left.
    let lungs = [
        Shape::ellipsoid([-62.0, -2.0, 46.0], [50.0, 64.0, 74.0]),
        Shape::ellipsoid([62.0, 2.0, 50.0], [46.0, 62.0, 70.0]),
    ];
    scene.part("lungs", -800.0, lungs);
    let branches: [&[[f64; 3]]; 4] = [
        &[[-16.0, 2.0, 46.0], [-50.0, -8.0, 62.0], [-76.0, -22.0, 84.0]],
        &[[-50.0, -8.0, 62.0], [-72.0, 14.0, 32.0], [-80.0, 18.0, 4.0]],
        &[[18.0, 4.0, 50.0], [52.0, 8.0, 68.0], [72.0, 4.0, 92.0]],
        &[[52.0, 8.0, 68.0], [76.0, 20.0, 36.0]],
    ];
    scene.part("pulmonary_vessels", 150.0, branches.map(|points| Shape::tube(points, 3.0)));
    scene.part("heart", 120.0, [Shape::ellipsoid([26.0, -30.0, 12.0], [46.0, 40.0, 46.0])]);
    let airway: [&[[f64; 3]]; 3] = [
        &[[0.0, 4.0, 150.0], [0.0, 6.0, 72.0]],
        &[[0.0, 6.0, 72.0], [-32.0, 8.0, 54.0]],
        &[[0.0, 6.0, 72.0], [36.0, 8.0, 50.0]],
    ];
    let inside = |shape| {
        let body = Shape::Oval { centre: DVec3::ZERO, radii: SKIN.0, half: SKIN.1 };
        Shape::All(vec![body, shape])
    };
    scene.part("airway", -1000.0, airway.map(|points| inside(Shape::tube(points, 7.0))));
}

fn belly(scene: &mut Phantom) {
    scene.part("liver", 60.0, [Shape::ellipsoid([-48.0, -8.0, -50.0], [74.0, 62.0, 50.0])]);
    scene.part("stomach", 30.0, [Shape::ellipsoid([64.0, -24.0, -58.0], [36.0, 34.0, 42.0])]);
    scene.part("stomach_gas", -900.0, [Shape::ellipsoid([66.0, -44.0, -46.0], [16.0, 9.0, 18.0])]);
    scene.part("spleen", 55.0, [Shape::ellipsoid([102.0, 34.0, -50.0], [18.0, 28.0, 38.0])]);
    let kidneys = [
        Shape::ellipsoid([-56.0, 52.0, -104.0], [20.0, 18.0, 28.0]),
        Shape::ellipsoid([58.0, 52.0, -94.0], [20.0, 18.0, 28.0]),
    ];
    scene.part("kidneys", 35.0, kidneys);
    scene.landmark("right_kidney", [-56.0, 52.0, -104.0]);
    scene.landmark("left_kidney", [58.0, 52.0, -94.0]);
}

/// Ribs, sternum, clavicles, and a spine with its canal.
fn bone(scene: &mut Phantom) {
    let mut shapes: Vec<Shape> = (0..11).flat_map(|n| [rib(n, -1.0), rib(n, 1.0)]).collect();
    shapes.push(Shape::between([-14.0, -87.0, -4.0], [14.0, -78.0, 88.0]));
    for side in [-1.0, 1.0] {
        shapes.push(Shape::tube(
            &[[side * 14.0, -80.0, 92.0], [side * 70.0, -66.0, 108.0], [side * 112.0, -20.0, 118.0]],
            5.5,
        ));
    }
    for n in 0..13 {
        let z = -124.0 + 19.5 * f64::from(n);
        let at = |y: f64| DVec3::new(0.0, y, z);
        shapes.push(Shape::Oval { centre: at(48.0), radii: [20.0, 15.0], half: 8.0 });
        shapes.push(Shape::Oval { centre: at(70.0), radii: [14.0, 13.0], half: 6.0 });
        shapes.push(Shape::between([-30.0, 66.0, z - 4.0], [30.0, 73.0, z + 4.0]));
        shapes.push(Shape::between([-3.0, 80.0, z - 9.0], [3.0, 97.0, z + 3.0]));
    }
    scene.part("bone", 800.0, shapes);
    let canal =
        Shape::Cylinder { centre: DVec3::new(0.0, 70.0, 0.0), axis: DVec3::Z, radius: 8.0, half: 132.0 };
    scene.part("spinal_canal", 30.0, [canal]);
    scene.landmark("xiphoid", [0.0, -87.0, -4.0]);
}

/// Rib `n` from the top on one side (+1 = patient's left): from the spine around the chest, sloping down.
fn rib(n: u8, side: f64) -> Shape {
    const STEPS: u8 = 20;
    let top = 112.0 - 17.5 * f64::from(n);
    // The upper ribs are short hoops, the lowest end in the flank.
    let width = (0.55 + 0.12 * f64::from(n)).min(1.0);
    let last = if n < 8 { 2.55 } else { 2.2 - 0.25 * f64::from(n - 8) };
    let points = (0..=STEPS).map(|step| {
        let angle = 0.2 + (last - 0.2) * f64::from(step) / f64::from(STEPS);
        let drop = 17.0 * (1.0 - angle.cos());
        DVec3::new(
            side * 138.0 * width * angle.sin(),
            84.0 * (0.25 + 0.75 * width) * angle.cos() - 6.0 + 10.0 * (1.0 - width),
            top - drop,
        )
    });
    Shape::Tube { points: points.collect(), radius: 5.0 }
}

fn vessels(scene: &mut Phantom) {
    let aorta = [
        [22.0, -10.0, 44.0],
        [8.0, -18.0, 76.0],
        [14.0, 0.0, 94.0],
        [20.0, 18.0, 82.0],
        [18.0, 19.0, 30.0],
        [12.0, 19.0, -128.0],
    ];
    let cava = [[-20.0, 18.0, -128.0], [-18.0, 14.0, -40.0], [-8.0, -4.0, 10.0]];
    let portal = [[-12.0, 6.0, -64.0], [-45.0, -2.0, -52.0], [-80.0, 12.0, -40.0]];
    let branch = [[-45.0, -2.0, -52.0], [-60.0, -34.0, -66.0]];
    scene.part("aorta", 200.0, [Shape::tube(&aorta, 10.5)]);
    scene.part("vena_cava", 160.0, [Shape::tube(&cava, 9.5)]);
    scene.part("hepatic_vessels", 200.0, [Shape::tube(&portal, 5.0), Shape::tube(&branch, 4.0)]);
    scene.landmark("portal_fork", portal[1]);
    scene.landmark("hepatic_branch_tip", branch[1]);
}
