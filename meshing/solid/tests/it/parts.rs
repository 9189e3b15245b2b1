//! Primitives, cuts and text against volumes in closed form.

use core::f64::consts::PI;

use meshing_solid::primitives::{Fit, capsule, cone, cuboid, cylinder, extruded, extruded_rounded, slot};
use meshing_solid::{
    Font, Joint, Lettering, Pose, cut_by_curve, cut_by_plane, difference, hollow, pieces, split_with_joints,
    text, text_in,
};
use meshing_space::{Point, Vector};
use meshing_surface::{Mesh, measure};
use meshing_volume::{Silent, Told as _};

fn volume(mesh: &Mesh) -> f64 {
    let m = measure(mesh);
    assert!(m.closed && m.manifold, "{:?}", mesh.check());
    m.volume_mm3
}

fn oblique() -> Pose {
    Pose::along(Point::new(30.0, -200.0, 900.0), Vector::new(1.0, 2.0, -0.5)).expect("pose")
}

#[test]
fn bores_lie_around_their_circle_and_pins_within_by_two_hundredths_at_most() {
    let pose = oblique();
    for radius in [0.5, 2.1, 4.0, 15.2, 60.0] {
        for fit in [Fit::Bore, Fit::Pin] {
            let mesh = cylinder(&pose, radius, 0.0, 10.0, fit).expect("cylinder");
            let mut range = (f64::INFINITY, 0.0_f64);
            let flat = |t: &&[u32; 3]| {
                let [a, b, c] = t.map(|v| pose.own(mesh.positions[v as usize])[2]);
                (a - b).abs() < 1e-9 && (b - c).abs() < 1e-9
            };
            for t in mesh.triangles.iter().filter(|t| !flat(t)) {
                // Corners and middles of the edges around are the extremes.
                for (a, b) in [(t[0], t[1]), (t[1], t[2]), (t[2], t[0])] {
                    let [a, b] = [a, b].map(|v| pose.own(mesh.positions[v as usize]));
                    if (a[2] - b[2]).abs() < 1e-9 {
                        let middle = f64::hypot(f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1]));
                        range = (range.0.min(middle), range.1.max(f64::hypot(a[0], a[1])));
                    }
                }
            }
            let (low, high) = if fit == Fit::Bore { (0.0, 0.0201) } else { (-0.0201, 0.0) };
            assert!(
                range.0 - radius > low - 1e-9 && range.1 - radius < high + 1e-9,
                "{radius} {fit:?} {range:?}"
            );
            assert!((volume(&mesh) / (PI * radius * radius * 10.0) - 1.0).abs() < 0.05);
        }
    }
}

#[test]
fn primitives_have_their_volumes_and_refuse_sizes_that_make_none() {
    let pose = oblique();
    let square = vec![
        vec![[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]],
        vec![[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [2.0, 1.0]],
    ];
    let disc: Vec<[f64; 2]> =
        (0..64).map(|n| (PI * f64::from(n) / 32.0).sin_cos()).map(|(s, c)| [8.0 * c, 8.0 * s]).collect();
    let ball = 4.0 / 3.0 * PI * 27.0;
    let end = Point::new(30.0, -190.0, 900.0);
    for (mesh, expected, tolerance) in [
        (cuboid(&pose, [1.0, 2.0, 3.0]), 6.0, 1e-9),
        (slot(&pose, 30.0, 1.0, 0.1, -5.0, 15.0), 720.0, 1e-9),
        (cone(&pose, 3.0, 1.0, 0.0, 6.0), PI * 6.0 / 3.0 * 13.0, 1.0),
        (capsule(pose.origin(), end, 3.0), ball + PI * 90.0, 10.0),
        (capsule(end, end, 3.0), ball, 5.0),
        (extruded(&pose, &square, 1.0, 3.0), 30.0, 1e-6),
        (extruded_rounded(&pose, &vec![disc], 0.0, 4.0, 1.0), PI * 64.0 * 4.0 - 22.0, 14.0),
    ] {
        let got = volume(&mesh.expect("a part"));
        assert!((got - expected).abs() < tolerance, "{got} {expected}");
    }
    assert!(cylinder(&pose, 0.0, 0.0, 1.0, Fit::Bore).is_err());
    assert!(cuboid(&pose, [1.0, f64::NAN, 1.0]).is_err());
    assert!(extruded(&pose, &Vec::new(), 0.0, 1.0).is_err());
    assert!(extruded_rounded(&pose, &square, 0.0, 1.0, 0.6).is_err(), "rounder than half its height");
    assert!(Pose::along(Point::origin(), Vector::zero()).is_err());
}

#[test]
fn a_cube_cut_by_a_plane_falls_into_the_volumes_of_its_halves() {
    let cube = cuboid(&Pose::IDENTITY, [40.0; 3]).expect("cube");
    let plane = Pose::along(Point::new(10.0, 3.0, -2.0), Vector::new(1.0, 0.0, 0.0)).expect("plane");
    let halves = cut_by_plane(&cube, &plane, 0.0).expect("cut");
    assert!(
        (volume(&halves.below) - 48_000.0).abs() < 1e-6 && (volume(&halves.above) - 16_000.0).abs() < 1e-6
    );
    let halves = cut_by_plane(&cube, &plane, 1.0).expect("cut");
    assert!((volume(&halves.below) + volume(&halves.above) - (64_000.0 - 1_600.0)).abs() < 1e-6);
    let tilted = Pose::along(Point::origin(), Vector::new(1.0, 0.3, -0.8)).expect("plane");
    let halves = cut_by_plane(&cube, &tilted, 0.0).expect("cut");
    assert!(
        (volume(&halves.below) - 32_000.0).abs() < 1e-6 && (volume(&halves.above) - 32_000.0).abs() < 1e-6
    );
    let beside = Pose::along(Point::new(50.0, 0.0, 0.0), Vector::new(1.0, 0.0, 0.0)).expect("plane");
    let halves = cut_by_plane(&cube, &beside, 1.0).expect("cut");
    assert!(halves.above.triangles.is_empty() && (volume(&halves.below) - 64_000.0).abs() < 1e-6);
    assert!(cut_by_plane(&cube, &plane, -1.0).is_err());
}

#[test]
fn halves_with_joints_fit_with_the_clearance_stated() {
    let cube = cuboid(&Pose::IDENTITY, [40.0; 3]).expect("cube");
    let plane = Pose::along(Point::origin(), Vector::new(0.0, 0.0, 1.0)).expect("plane");
    let joints = [
        ([10.0, 10.0], Joint::Pin { diameter_mm: 5.0, length_mm: 6.0 }),
        ([-10.0, 10.0], Joint::Dowel { diameter_mm: 4.0, length_mm: 12.0 }),
        ([0.0, -10.0], Joint::Tongue { width_mm: 12.0, thickness_mm: 3.0, length_mm: 5.0 }),
    ];
    let halves = split_with_joints(&cube, &plane, 0.0, &joints, 0.2).expect("split");
    let (above, below) = (volume(&halves.above), volume(&halves.below));
    let pin = PI * 2.5 * 2.5 * 6.0;
    assert!((below - (32_000.0 + pin + 180.0 - PI * 2.2 * 2.2 * 6.2)).abs() < 4.0, "{below}");
    let holes = PI * 2.7 * 2.7 * 6.2 + 12.4 * 3.4 * 5.2 + PI * 2.2 * 2.2 * 6.2;
    assert!((above - (32_000.0 - holes)).abs() < 4.0, "{above}");
    assert_eq!((halves.dowels.len(), pieces(&halves.below).len()), (1, 1));
    let common = meshing_solid::intersection(&halves.above, &halves.below).expect("common");
    assert!(measure(&common).volume_mm3 < 1e-6, "the halves do not collide");
    let outside = [([19.0, 0.0], Joint::Pin { diameter_mm: 5.0, length_mm: 6.0 })];
    let error = split_with_joints(&cube, &plane, 0.0, &outside, 0.2).expect_err("refused");
    assert!(error.to_string().starts_with("joint 1"), "{error}");
}

#[test]
fn a_hollow_cube_keeps_its_wall_and_drains() {
    let cube = cuboid(&Pose::IDENTITY, [40.0; 3]).expect("cube");
    let drain = Pose::along(Point::new(0.0, 0.0, -20.0), Vector::new(0.0, 0.0, 1.0)).expect("pose");
    let (made, plugs) = hollow(&cube, 4.0, 1.0, &[(drain, 5.0)], 0.1, &Silent).expect("hollow");
    let expected = 64_000.0 - 32.0_f64.powi(3) - PI * 2.5 * 2.5 * 4.0;
    assert!((volume(&made) - expected).abs() < 0.005 * expected, "{} {expected}", volume(&made));
    assert_eq!((plugs.len(), pieces(&made).len()), (1, 1));
    let (closed, _) = hollow(&cube, 4.0, 1.0, &[], 0.1, &Silent).expect("hollow");
    assert_eq!((pieces(&closed).len(), pieces(&closed)[0].voids), (1, 1));
    let aside = Pose::along(Point::new(50.0, 0.0, -20.0), Vector::new(0.0, 0.0, 1.0)).expect("pose");
    assert!(hollow(&cube, 4.0, 1.0, &[(aside, 5.0)], 0.1, &Silent).is_err());
}

#[test]
fn text_is_cut_as_deep_as_asked_and_unknown_letters_are_named() {
    let plate = cuboid(&Pose::IDENTITY, [120.0, 14.0, 4.0]).expect("plate");
    let top = Pose::IDENTITY.moved([0.0, 0.0, 2.0]);
    let letters = text("P-0427 L 2.5 mm", &top, 6.0, 0.8, -0.6, 1.0).expect("text");
    let cut = difference(&plate, &letters).expect("engraved");
    let lost = volume(&plate) - volume(&cut);
    assert!((lost - volume(&letters) * 0.6 / 1.6).abs() < 1e-6, "{lost}");
    assert!(lost > 60.0 && lost < 200.0, "{lost}");
    let raised = meshing_solid::union(&plate, &letters).expect("embossed");
    assert!((volume(&raised) - volume(&plate) - volume(&letters) / 1.6).abs() < 1e-6);
    let all = "ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789 -+.,:/_#()=*°";
    assert!(volume(&text(all, &top, 6.0, 0.8, 0.0, 1.0).expect("all")) > 100.0);
    let error = text("张三", &top, 6.0, 0.8, 0.0, 1.0).expect_err("no strokes");
    assert!(error.to_string().contains('张'), "{error}");
    assert!(text("", &top, 6.0, 0.8, 0.0, 1.0).is_err());
}

/// The font of the window: Latin, and the Chinese that the program says.
fn font() -> Font {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/fonts/NotoSansSC-Theatron.otf");
    Font::new(std::fs::read(path).expect("the font is there")).expect("a font")
}

#[test]
fn text_of_a_font_is_cut_in_chinese_and_in_small_letters_with_its_counters_open() {
    let font = font();
    let lettering = Lettering { font: Some(&font), least_mm: 0.0 };
    let made = |words: &str, height: f64, least_mm: f64| {
        text_in(words, Lettering { least_mm, ..lettering }, &Pose::IDENTITY, height, 0.8, [-0.6, 0.0])
    };
    // The ring of "o" is open: a curve within another.
    let ring = made("o", 10.0, 0.0).expect("o");
    let m = measure(&ring);
    assert!(m.closed && m.manifold && m.parts == 1, "{m:?}");
    let flat = |mesh: &Mesh| -> Vec<[f64; 2]> {
        mesh.positions.iter().filter(|p| p.z() > -0.1).map(|p| [p.x(), p.y()]).collect()
    };
    let inner = flat(&ring).into_iter().map(|[x, y]| x.hypot(y)).fold(f64::INFINITY, f64::min);
    assert!(inner > 1.5, "nothing in its middle: {inner}");
    // Chords: a letter drawn coarse and the same drawn ten times as large enclose the same area to 0.02 mm along their sides.
    let (small, large) = (made("o", 4.0, 0.0).expect("o"), made("o", 40.0, 0.0).expect("o"));
    let around = 2.0 * PI * 2.0 * 2.0;
    let area = |mesh: &Mesh| volume(mesh) / 0.6;
    assert!((area(&small) - area(&large) / 100.0).abs() < 0.02 * around, "{} {}", area(&small), area(&large));
    // Capitals are as high as asked for.
    let high = |mesh: &Mesh| mesh.bounds().expect("box").size().y();
    let lowered = made("Hx", 10.0, 0.0).expect("Hx");
    assert!((high(&lowered) - 10.0).abs() < 0.05, "{}", high(&lowered));
    let chinese = made("左侧导板", 5.0, 0.0).expect("Chinese");
    assert!(chinese.check().is_clean() && volume(&chinese) > 10.0);
    let plate = cuboid(&Pose::IDENTITY.moved([0.0, 0.0, -2.0]), [40.0, 12.0, 4.0]).expect("plate");
    let engraved = difference(&plate, &made("左侧导板", 5.0, 0.0).expect("Chinese")).expect("engraved");
    assert!((volume(&plate) - volume(&engraved) - volume(&chinese)).abs() < 1e-3);
    // What has strokes keeps them: the same as without a font.
    let strokes = text("P-27 L", &Pose::IDENTITY, 5.0, 0.8, -0.6, 0.0).expect("strokes");
    assert_eq!(made("P-27 L", 5.0, 0.0).expect("strokes"), strokes);
}

#[test]
fn strokes_of_a_font_too_thin_to_print_and_characters_it_has_not_are_refused() {
    let font = font();
    let made = |words: &str, height: f64, least_mm: f64| {
        let lettering = Lettering { font: Some(&font), least_mm };
        text_in(words, lettering, &Pose::IDENTITY, height, 0.8, [-0.6, 0.0])
    };
    // "One" is a bar across.
    let bar = made("一", 10.0, 0.0).expect("one");
    let wide = bar.bounds().expect("box").size().y();
    made("一", 10.0, 0.98 * wide).expect("wide enough");
    let told = made("一", 10.0, 1.02 * wide).expect_err("too thin");
    let words = told.words();
    assert!(words.en.contains(&format!("{wide:.2} mm wide")) && words.zh.contains("笔画宽"), "{words:?}");
    assert!(made("导", 3.0, 0.4).is_err() && made("导", 12.0, 0.4).is_ok(), "smaller strokes are thinner");
    let missing = made("龘", 5.0, 0.0).expect_err("a rare one").to_string();
    assert!(missing.contains('龘'), "{missing}");
    assert!(Font::new(vec![0; 100]).is_err() && Font::new(Vec::new()).is_err());
}

#[test]
fn pieces_are_counted_with_their_voids() {
    let outer = cuboid(&Pose::IDENTITY, [10.0; 3]).expect("box");
    let inner = cuboid(&Pose::IDENTITY, [8.0; 3]).expect("box");
    let core = cuboid(&Pose::IDENTITY, [2.0; 3]).expect("box");
    let shell = difference(&outer, &inner).expect("shell");
    let all = meshing_solid::union(&shell, &core).expect("both");
    let found = pieces(&all);
    let volumes: Vec<f64> = found.iter().map(|p| p.volume_mm3).collect();
    assert_eq!(found.len(), 2);
    assert!((volumes[0] - 488.0).abs() < 1e-9 && (volumes[1] - 8.0).abs() < 1e-9, "{volumes:?}");
    assert_eq!((found[0].voids, found[1].voids), (1, 0));
}

#[test]
fn a_cube_cut_along_a_closed_curve_loses_the_kerf_and_gives_a_plug_and_its_frame() {
    let cube = cuboid(&Pose::IDENTITY, [40.0, 40.0, 10.0]).expect("cube");
    let square = |half: f64| {
        [[-half, -half], [half, -half], [half, half], [-half, half]]
            .map(|[x, y]| Point::new(x, y, 5.0))
            .to_vec()
    };
    let down = Vector::new(0.0, 0.0, -1.0);
    let cut =
        |curve: &[Point<_>], closed, depth| cut_by_curve(&cube, curve, closed, down, 1.0, depth, &Silent);
    let found = cut(&square(10.0), true, None).expect("cut");
    let volumes: Vec<f64> = found.iter().map(|p| p.volume_mm3).collect();
    assert_eq!(found.len(), 2);
    // The blade is a square ring of 1 mm whose outer corners are round (polygons of 12 sides within the circle).
    let outer = 4.0 * (0.25 - 12.0 / 8.0 * (PI / 6.0).sin() * 0.25);
    assert!((volumes[1] - 19.0 * 19.0 * 10.0).abs() < 1e-6, "{volumes:?}");
    assert!((volumes[0] - (1600.0 - 21.0 * 21.0 + outer / 1.0) * 10.0).abs() < 0.5, "{volumes:?}");
    // Not as deep as the plate is thick: one piece with a groove of 4 mm.
    let groove = cut(&square(10.0), true, Some(4.0)).expect("cut");
    assert_eq!(groove.len(), 1);
    assert!(
        (16_000.0 - groove[0].volume_mm3 - (441.0 - 361.0 - outer) * 4.0).abs() < 0.2,
        "{}",
        groove[0].volume_mm3
    );
    // An open curve of two strokes across the plate, with places that repeat.
    let across = [[-30.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 30.0]].map(|[x, y]| Point::new(x, y, 5.0));
    let parts = cut(&across, false, None).expect("cut");
    let volumes: Vec<f64> = parts.iter().map(|p| p.volume_mm3).collect();
    assert_eq!(parts.len(), 2);
    assert!((volumes[1] - 19.5 * 19.5 * 10.0).abs() < 1e-6, "{volumes:?}");
    let lost = 19.5 * 2.0 + 1.0 - (0.25 - 12.0 / 8.0 * (PI / 6.0).sin() * 0.25);
    assert!((16_000.0 - volumes[0] - volumes[1] - lost * 10.0).abs() < 0.05, "{volumes:?} {lost}");
    for piece in &parts {
        volume(&piece.mesh);
    }
    // It ends within: a slit parts nothing.
    let slit = [Point::new(-30.0, 0.0, 5.0), Point::new(5.0, 0.0, 5.0)];
    assert_eq!(cut(&slit, false, None).expect("cut").len(), 1);
}

#[test]
fn curves_that_cut_nothing_are_refused() {
    let cube = cuboid(&Pose::IDENTITY, [40.0; 3]).expect("cube");
    let ring = |at: f64| -> Vec<Point<_>> {
        (0..12)
            .map(|n| (PI * f64::from(n) / 6.0).sin_cos())
            .map(|(s, c)| Point::new(at + c, s, 0.0))
            .collect()
    };
    let down = Vector::new(0.0, 0.0, -1.0);
    let error = |curve: &[Point<_>], closed, direction, kerf, depth| {
        cut_by_curve(&cube, curve, closed, direction, kerf, depth, &Silent).expect_err("refused").to_string()
    };
    assert!(error(&ring(90.0), true, down, 1.0, None).contains("does not meet"));
    assert!(error(&ring(0.0)[..1], false, down, 1.0, None).contains("needs 2"));
    assert!(error(&[Point::origin(); 9], true, down, 1.0, None).contains("needs 3"));
    assert!(error(&[Point::new(f64::NAN, 0.0, 0.0); 9], true, down, 1.0, None).contains("needs 3"));
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(error(&ring(0.0), true, down, bad, None).contains("positive kerf"));
        assert!(error(&ring(0.0), true, down, 1.0, Some(bad)).contains("positive kerf"));
    }
    assert!(error(&ring(0.0), true, Vector::zero(), 1.0, None).contains("direction"));
    assert!(error(&ring(0.0), true, down, 1e6, None).contains("takes the whole"));
    let above: Vec<Point<_>> = ring(0.0).iter().map(|p| *p - down * 90.0).collect();
    assert!(error(&above, true, down, 1.0, Some(5.0)).contains("does not meet"));
}
