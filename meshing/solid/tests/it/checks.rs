//! Checks against parts whose faults are known.

use meshing_solid::checks::{
    Check, Fit as Seat, Limits, best_orientation, check, overhang_share, wall_samples,
};
use meshing_solid::primitives::{Fit, capsule, cuboid, cylinder};
use meshing_solid::{Drill, Pose, difference, offset, union};
use meshing_space::{Point, Vector};
use meshing_surface::Mesh;
use meshing_volume::Silent;

use crate::fuzz::{Random, ball};

fn found<'a>(all: &'a [Check], code: &str) -> &'a Check {
    all.iter().find(|c| c.code == code).unwrap_or_else(|| panic!("{code} is not among the checks"))
}

#[test]
fn the_shape_checks_find_what_is_wrong() {
    let good = cuboid(&Pose::IDENTITY, [40.0, 30.0, 20.0]).expect("box");
    let limits = Limits::default();
    let all = check(&good, &limits, None, &Silent).expect("checks");
    assert!(all.iter().all(|c| c.pass), "{all:?}");
    let mut open = good.clone();
    open.triangles.pop();
    assert!(!found(&check(&open, &limits, None, &Silent).expect("checks"), "watertight").pass);
    let mut inverted = good.clone();
    for t in &mut inverted.triangles {
        t.swap(0, 1);
    }
    assert!(!found(&check(&inverted, &limits, None, &Silent).expect("checks"), "oriented").pass);
    let scaled = |by: f64| Mesh {
        positions: good.positions.iter().map(|p| Point::origin() + (*p - Point::origin()) * by).collect(),
        triangles: good.triangles.clone(),
    };
    for by in [0.001, 1000.0] {
        assert!(!found(&check(&scaled(by), &limits, None, &Silent).expect("checks"), "units").pass);
    }
    let large = check(&scaled(8.0), &limits, None, &Silent).expect("checks");
    let told = &found(&large, "fits_printer").message;
    assert!(!found(&large, "fits_printer").pass);
    for words in [&told.en, &told.zh] {
        assert!(words.contains("220.0 × 220.0 × 220.0 mm"), "{words}");
    }
    let few = Limits { triangles: 10, ..limits };
    assert!(!found(&check(&good, &few, None, &Silent).expect("checks"), "triangles").pass);
    assert!(!found(&check(&Mesh::default(), &limits, None, &Silent).expect("checks"), "units").pass);
}

#[test]
fn thin_spots_are_found_to_a_tenth_of_a_millimetre() {
    // A plate of 3 mm with 40 round dents of known depth.
    let mut plate = cuboid(&Pose::IDENTITY, [80.0, 50.0, 3.0]).expect("plate");
    let mut random = Random(3);
    let mut dents = Vec::new();
    for n in 0..40 {
        let (x, y) = (f64::from(n % 8) * 9.5 - 33.0, f64::from(n / 8) * 9.5 - 19.0);
        let left = random.within(0.9, 2.6);
        let dent =
            cylinder(&Pose::IDENTITY.moved([x, y, 0.0]), 1.0, left - 1.5, 3.0, Fit::Bore).expect("dent");
        plate = difference(&plate, &dent).expect("dented");
        dents.push((x, y, left));
    }
    let samples = wall_samples(&plate, 3.5);
    let mut right = 0;
    for (x, y, left) in &dents {
        let here = samples.iter().filter(|s| f64::hypot(s.at.x() - x, s.at.y() - y) < 1.0);
        let least = here.map(|s| s.thickness_mm).fold(f64::INFINITY, f64::min);
        right += usize::from((least - left).abs() < 0.1);
    }
    assert_eq!(right, 40, "spots found");
    // No spot where there is none: away from the dents the plate is 3 mm.
    let wrong = samples
        .iter()
        .filter(|s| s.thickness_mm < 2.9)
        .filter(|s| dents.iter().all(|(x, y, _)| f64::hypot(s.at.x() - x, s.at.y() - y) > 1.1));
    assert_eq!(wrong.count(), 0);
    let all = check(&plate, &Limits { wall_mm: 2.0, ..Limits::default() }, None, &Silent).expect("checks");
    assert!(!found(&all, "wall").pass);
}

#[test]
fn walls_are_measured_where_they_bend_and_beside_creases() {
    // A tube of 12 mm radius with a bore beside its middle: its wall grows from 1.4 to 4.6 mm around.
    let tube = cylinder(&Pose::IDENTITY, 12.0, -15.0, 15.0, Fit::Pin).expect("tube");
    let bore = cylinder(&Pose::IDENTITY.moved([1.6, 0.0, 0.0]), 9.0, -20.0, 20.0, Fit::Bore).expect("bore");
    let tube = difference(&tube, &bore).expect("tube");
    let (mut thin, mut found, mut cried) = (0.0, 0.0, 0.0);
    for s in wall_samples(&tube, 2.0).iter().filter(|s| s.normal.z().abs() < 0.1) {
        // The ball between both circles that touches the one: its middle lies as far from each.
        let [x, y, _] = s.at.to_array();
        let (far, from_bore) = (x.hypot(y), (x - 1.6).hypot(y));
        let wall = if far > 11.5 {
            let (c, s) = (x / far, y / far);
            let in_at = |d: f64| ((far - d / 2.0) * c - 1.6).hypot((far - d / 2.0) * s);
            (0..400).map(|n| f64::from(n) * 0.0125).find(|d| in_at(*d) < 9.0 + d / 2.0).unwrap_or(9.0)
        } else {
            let (c, s) = ((x - 1.6) / from_bore, y / from_bore);
            let out = |d: f64| (1.6 + (9.0 + d / 2.0) * c).hypot((9.0 + d / 2.0) * s);
            (0..400).map(|n| f64::from(n) * 0.0125).find(|d| out(*d) + d / 2.0 > 12.0).unwrap_or(9.0)
        };
        if wall < 1.9 {
            thin += s.area_mm2;
            found += if s.thickness_mm < 2.0 { s.area_mm2 } else { 0.0 };
        }
        cried += if wall > 2.1 && s.thickness_mm < 2.0 { s.area_mm2 } else { 0.0 };
    }
    assert!(thin > 200.0 && found > 0.99 * thin && cried < 0.01 * thin, "{found} of {thin}, {cried} in vain");
    // Two tubes that meet, with a wall of 1.5 mm: beside the creases it is no thinner.
    let arm = |to: Point<_>, radius: f64| capsule(Point::origin(), to, radius).expect("arm");
    let lumen = union(&arm(Point::new(0.0, 0.0, 30.0), 4.0), &arm(Point::new(20.0, 0.0, 20.0), 3.0));
    let lumen = lumen.expect("lumen");
    let vessel = difference(&offset(&lumen, 1.5, 0.4, &Silent).expect("outer"), &lumen).expect("vessel");
    let all = check(&vessel, &Limits { wall_mm: 1.5, ..Limits::default() }, None, &Silent).expect("checks");
    let wall = all.iter().find(|c| c.code == "wall").expect("wall");
    assert!((wall.value - 1.5).abs() < 0.03, "{wall:?}");
}

#[test]
fn the_fit_of_a_shell_on_a_ball_is_measured() {
    let bone = ball(4, [0.0; 3], |_| 18.0);
    let (inner, outer) = (offset(&bone, 0.3, 0.5, &Silent), offset(&bone, 3.3, 0.5, &Silent));
    let whole = difference(&outer.expect("outer"), &inner.expect("inner")).expect("shell");
    let cap = |from: f64| {
        let half = cuboid(&Pose::IDENTITY.moved([0.0, 0.0, from + 50.0]), [100.0; 3]).expect("half");
        meshing_solid::intersection(&whole, &half).expect("cap")
    };
    let seat = |clearance_mm: f64| Seat {
        bone: &bone,
        insertion: Vector::new(0.0, 0.0, -1.0),
        clearance_mm,
        drills: &[],
        tool_clearance_mm: 0.25,
        contact_mm2: 100.0,
    };
    let of = |part: &Mesh, clearance: f64| {
        check(part, &Limits::default(), Some(&seat(clearance)), &Silent).expect("checks")
    };
    let all = of(&cap(2.0), 0.3);
    for code in ["interference", "clearance_p0", "clearance_p95", "undercut", "contact_area"] {
        assert!(found(&all, code).pass, "{:?}", found(&all, code));
    }
    assert!(!found(&all, "stability").pass, "on a ball a shell turns freely: {:?}", found(&all, "stability"));
    assert!(!found(&of(&cap(2.0), 0.6), "clearance_p0").pass, "tighter than set");
    assert!(!found(&of(&cap(2.0), 0.05), "clearance_p95").pass, "wider than set");
    let beyond = of(&cap(-8.0), 0.3);
    assert!(
        !found(&beyond, "undercut").pass,
        "past the equator it catches: {:?}",
        found(&beyond, "undercut")
    );
    let mut pressed = cap(2.0);
    for p in &mut pressed.positions {
        *p += Vector::new(0.0, 0.0, -0.8);
    }
    assert!(!found(&of(&pressed, 0.3), "interference").pass);
}

#[test]
fn bores_off_the_plan_are_measured() {
    let bone = cuboid(&Pose::IDENTITY.moved([0.0, 0.0, -30.2]), [40.0, 40.0, 60.0]).expect("bone");
    let block = cuboid(&Pose::IDENTITY.moved([0.0, 0.0, 5.0]), [30.0, 30.0, 10.0]).expect("block");
    let pose = Pose::along(Point::new(0.12, 0.0, 0.0), Vector::new(0.0, 0.002, 1.0)).expect("pose");
    let part =
        difference(&block, &cylinder(&pose, 2.125, -5.0, 20.0, Fit::Bore).expect("bore")).expect("part");
    let drills = [Drill { entry: Point::origin(), target: Point::new(0.0, 0.0, -20.0), diameter_mm: 4.0 }];
    let seat = Seat {
        bone: &bone,
        insertion: Vector::new(0.0, 0.0, -1.0),
        clearance_mm: 0.2,
        drills: &drills,
        tool_clearance_mm: 0.25,
        contact_mm2: 100.0,
    };
    let all = check(&part, &Limits::default(), Some(&seat), &Silent).expect("checks");
    let (axis, angle) = (found(&all, "drill_axis"), found(&all, "drill_angle"));
    assert!((axis.value - 0.12).abs() < 0.01 && !axis.pass, "{axis:?}");
    assert!((angle.value - 0.002_f64.atan().to_degrees()).abs() < 0.01 && !angle.pass, "{angle:?}");
    let solid = check(&block, &Limits::default(), Some(&seat), &Silent).expect("checks");
    assert!(!found(&solid, "drill_axis").pass, "no bore at all");
}

#[test]
fn bores_of_every_size_are_found_and_measured_beside_other_walls() {
    let bone = cuboid(&Pose::IDENTITY.moved([0.0, 0.0, -30.2]), [40.0, 40.0, 60.0]).expect("bone");
    let block = cuboid(&Pose::IDENTITY.moved([0.0, 0.0, 5.0]), [30.0, 30.0, 10.0]).expect("block");
    for diameter_mm in [0.8, 1.0, 1.6, 2.0, 3.2, 8.0] {
        let radius = f64::midpoint(diameter_mm, 0.25);
        let pose = Pose::along(Point::new(0.02, -0.01, 0.0), Vector::new(0.0, 0.0, 1.0)).expect("pose");
        let bore = cylinder(&pose, radius, -5.0, 20.0, Fit::Bore).expect("bore");
        // A wider bore about it for two thirds of its length: the narrow part guides.
        let wide = cylinder(&pose, radius + 0.25, 3.5, 20.0, Fit::Bore).expect("groove");
        let part = difference(&difference(&block, &bone).expect("block"), &bore).expect("part");
        let part = difference(&part, &wide).expect("part");
        let drills = [Drill { entry: Point::origin(), target: Point::new(0.0, 0.0, -20.0), diameter_mm }];
        let seat = Seat {
            bone: &bone,
            insertion: Vector::new(0.0, 0.0, -1.0),
            clearance_mm: 0.2,
            drills: &drills,
            tool_clearance_mm: 0.25,
            contact_mm2: 100.0,
        };
        let all = check(&part, &Limits::default(), Some(&seat), &Silent).expect("checks");
        let (axis, angle) = (found(&all, "drill_axis"), found(&all, "drill_angle"));
        assert!(axis.pass && (axis.value - 0.02_f64.hypot(0.01)).abs() < 0.005, "{diameter_mm} {axis:?}");
        assert!(angle.pass && angle.value < 0.01, "{diameter_mm} {angle:?}");
        let told = format!("diameter {:.2} mm", 2.0 * radius);
        assert!(axis.message.en.contains(&told), "{told} {axis:?}");
    }
}

#[test]
fn a_table_is_best_printed_on_its_top() {
    let top = cuboid(&Pose::IDENTITY.moved([0.0, 0.0, 20.0]), [60.0, 60.0, 4.0]).expect("top");
    let leg = cuboid(&Pose::IDENTITY.moved([0.0, 0.0, 9.5]), [8.0, 8.0, 19.0]).expect("leg");
    let table = union(&top, &leg).expect("table");
    assert!(overhang_share(&table, Vector::new(0.0, 0.0, 1.0), 45.0) > 0.3);
    let (up, share) = best_orientation(&table, 45.0);
    assert!(share < 1e-9 && up.z() < -0.99, "{up:?} {share}");
}
