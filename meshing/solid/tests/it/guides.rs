//! Guides on a bone of known shape.

use meshing_segment::Params;
use meshing_solid::checks::{Fit as Seat, Limits, check};
use meshing_solid::primitives::{Fit, cuboid, cylinder};
use meshing_solid::{
    Cut, Drill, Font, Lettering, Plan, Pose, RECIPES, Region, SolidError, difference, intersection, make,
    make_lettered, pieces, recipe, require_parts, union,
};
use meshing_space::{Point, Vector};
use meshing_surface::{Mesh, measure, self_intersections, stl};
use meshing_volume::{CancelFlag, Silent};

use crate::bodies::{self, plan, skull};
use crate::fuzz::ball;

fn bone() -> Mesh {
    bodies::bone().expect("bone")
}

#[test]
fn whatever_is_made_is_closed_crosses_nowhere_as_written_and_keeps_its_walls() {
    for (name, made) in bodies::all(1.6).expect("all are made") {
        let mesh = &made.mesh;
        let planned = bodies::recipe_of(&name).map_or(1, |recipe| (recipe.parts)(&made.params));
        assert!(mesh.check().is_clean() && pieces(mesh).len() == planned, "{name} {:?}", mesh.check());
        let written = stl::read(&stl::write(mesh, &name)).expect("read");
        assert_eq!((self_intersections(mesh).len(), self_intersections(&written).len()), (0, 0), "{name}");
        if let Some(wall_mm) = made.params.value("wall").or(made.params.value("thickness")) {
            let limits = Limits { label: made.label, wall_mm: wall_mm.min(2.0), ..Limits::default() };
            let all = check(mesh, &limits, None, &Silent).expect("checks");
            let wall = all.iter().find(|c| c.code == "wall").expect("wall");
            assert!(wall.pass, "{name} {wall:?}");
        }
    }
}

#[test]
fn the_reference_guide_has_the_volume_of_other_programs_and_its_fatal_slot_is_caught() {
    let (made, bone) = bodies::reference_guide(60.0).expect("a guide");
    // What Manifold, ADMesh and PrusaSlicer measure of their own.
    let volume = measure(&made).volume_mm3;
    assert!((volume / 6353.39 - 1.0).abs() < 1e-5, "{volume}");
    assert!(intersection(&made, &bone).expect("common").triangles.is_empty());
    let refused = require_parts(&made, 1).expect_err("two parts").to_string();
    assert!(refused.contains("2 pieces"), "{refused}");
    let (whole, _) = bodies::reference_guide(20.0).expect("a guide");
    require_parts(&whole, 1).expect("one part");
}

fn coarse() -> Params {
    Params::new().with("spacing", 0.5)
}

#[test]
fn every_recipe_describes_itself_and_refuses_what_it_does_not_know() {
    for recipe in RECIPES {
        assert!(recipe.doc.en.len() > 40 && !recipe.doc.zh.is_empty() && !recipe.title.zh.is_empty());
        assert!(RECIPES.iter().filter(|r| r.id == recipe.id).count() == 1);
        for param in recipe.params {
            assert!(
                param.min < param.max && param.doc.en.ends_with('.') && param.doc.zh.ends_with('。'),
                "{}",
                param.id
            );
            assert!(param.default.is_none_or(|v| (param.min..=param.max).contains(&v)), "{}", param.id);
        }
        for params in [Params::new().with("colour", 1.0), Params::new().with("clearance", 99.0)] {
            let refused = make(recipe, &bone(), &plan(), &params, &Silent);
            assert!(matches!(refused, Err(SolidError::Refused(_))), "{}", recipe.id);
        }
        let flag = CancelFlag::default();
        flag.cancel();
        let stopped = make(recipe, &bone(), &plan(), &Params::new(), &flag);
        assert!(matches!(stopped, Err(SolidError::Cancelled(_))));
    }
}

#[test]
fn a_drill_guide_fits_lifts_off_and_guides() {
    let (bone, plan) = (bone(), plan());
    let made =
        make(recipe("drill_guide").expect("listed"), &bone, &plan, &coarse(), &Silent).expect("a guide");
    let m = measure(&made.mesh);
    assert!(m.closed && m.manifold && pieces(&made.mesh).len() == 1);
    assert!(made.label.is_some());
    let common = intersection(&made.mesh, &bone).expect("common");
    assert!(common.triangles.is_empty(), "{} mm³ in the bone", measure(&common).volume_mm3);
    // Lifted in steps, it never meets the bone: no undercuts.
    for lift in [0.5, 2.0, 5.0, 12.0] {
        let mut up = made.mesh.clone();
        for p in &mut up.positions {
            *p += Vector::new(0.0, lift, 0.0);
        }
        assert!(intersection(&up, &bone).expect("common").triangles.is_empty(), "it catches at {lift} mm");
    }
    let seat = Seat {
        bone: &bone,
        insertion: plan.insertion,
        clearance_mm: 0.2,
        drills: &plan.drills,
        tool_clearance_mm: 0.25,
        contact_mm2: 500.0,
    };
    let limits = Limits { label: made.label, ..Limits::default() };
    let all = check(&made.mesh, &limits, Some(&seat), &Silent).expect("checks");
    for code in [
        "watertight",
        "manifold",
        "wall",
        "clearance_p95",
        "parts",
        "interference",
        "clearance_p0",
        "undercut",
        "drill_axis",
        "drill_angle",
        "contact_area",
        "units",
        "fits_printer",
    ] {
        let found = all.iter().find(|c| c.code == code).expect(code);
        assert!(found.pass, "{found:?}");
        assert!(!found.message.en.is_empty() && !found.message.zh.is_empty());
    }
}

#[test]
fn a_guide_is_labelled_in_chinese_with_a_font_and_refused_without() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/fonts/NotoSansSC-Theatron.otf");
    let font = Font::new(std::fs::read(path).expect("the font is there")).expect("a font");
    let (bone, plan) = (bone(), Plan { label: "左 P-27".to_owned(), ..plan() });
    let drill = recipe("drill_guide").expect("listed");
    let with = |least_mm: f64| {
        let lettering = Lettering { font: Some(&font), least_mm };
        make_lettered(drill, &bone, &plan, &coarse(), lettering, &Silent)
    };
    let made = with(0.3).expect("a guide");
    assert!(made.label.is_some() && made.mesh.check().is_clean() && pieces(&made.mesh).len() == 1);
    let limits = Limits { label: made.label, ..Limits::default() };
    let all = check(&made.mesh, &limits, None, &Silent).expect("checks");
    assert!(all.iter().find(|c| c.code == "wall").is_some_and(|wall| wall.pass), "{all:?}");
    assert!(with(1.5).is_err(), "lines that thick are not in the font");
    assert!(make(drill, &bone, &plan, &coarse(), &Silent).is_err(), "no strokes");
}

#[test]
fn a_guide_over_the_edge_of_a_rough_bone_ends_blunt_and_passes_all_checks() {
    // A bulging plate with small hollows and bumps, narrower than the region: the shell would turn under it.
    let mut bone = ball(6, [0.0; 3], |_| 1.0);
    for p in &mut bone.positions {
        let [x, y, z] = p.to_array();
        let rough = 1.0 + 0.015 * (19.0 * x).sin() * (11.0 * y).sin() * (18.0 * z).cos();
        *p = Point::new(17.0 * x * rough, 9.0 * y * rough, 30.0 * z * rough);
    }
    let top = bone.positions.iter().copied().filter(|p| p.x().hypot(p.z()) < 1.0).map(Point::y);
    let top = Point::new(0.0, top.fold(0.0, f64::max), 0.0);
    let plan = Plan {
        region: Region::Painted { points: vec![top], radius_mm: 19.0 },
        drills: vec![Drill { entry: top, target: Point::new(0.3, 0.0, -0.4), diameter_mm: 3.2 }],
        ..plan()
    };
    let made =
        make(recipe("drill_guide").expect("listed"), &bone, &plan, &Params::new(), &Silent).expect("a guide");
    let seat = Seat {
        bone: &bone,
        insertion: plan.insertion,
        clearance_mm: 0.2,
        drills: &plan.drills,
        tool_clearance_mm: 0.25,
        contact_mm2: 200.0,
    };
    let limits = Limits { label: made.label, ..Limits::default() };
    let all = check(&made.mesh, &limits, Some(&seat), &Silent).expect("checks");
    let failed: Vec<_> = all.iter().filter(|c| !c.pass).collect();
    assert!(failed.is_empty(), "{failed:?}");
    // Rounding in the print file turns no sliver over.
    let written = stl::read(&stl::write(&made.mesh, "guide")).expect("read");
    assert_eq!(self_intersections(&written), []);
    assert_eq!(self_intersections(&made.mesh), []);
}

#[test]
fn the_bores_of_thin_wires_are_found_and_measured_in_a_wire_guide() {
    let (bone, mut plan) = (bone(), plan());
    let wire = |x: f64, z: f64, tilt: f64, diameter_mm: f64| {
        let entry = Point::new(x, (225.0 - x * x).sqrt(), z);
        Drill { entry, target: entry - Vector::new(tilt, 12.0, -2.0 * tilt), diameter_mm }
    };
    plan.drills = vec![wire(-7.0, -12.0, 0.0, 1.6), wire(2.0, -3.0, 1.7, 1.6), wire(-5.0, 8.0, -2.3, 1.0)];
    let recipe = recipe("kwire_guide").expect("listed");
    let made = make(recipe, &bone, &plan, &Params::new(), &Silent).expect("a guide");
    let seat = Seat {
        bone: &bone,
        insertion: plan.insertion,
        clearance_mm: 0.2,
        drills: &plan.drills,
        tool_clearance_mm: 0.25,
        contact_mm2: 500.0,
    };
    let limits = Limits { label: made.label, ..Limits::default() };
    let all = check(&made.mesh, &limits, Some(&seat), &Silent).expect("checks");
    let of = |code: &str| all.iter().filter(|c| c.code == code).collect::<Vec<_>>();
    let (axes, angles) = (of("drill_axis"), of("drill_angle"));
    assert_eq!((axes.len(), angles.len()), (3, 3));
    for (check, drill) in axes.iter().zip(&plan.drills) {
        let told = format!("diameter {:.2} mm", drill.diameter_mm + 0.25);
        assert!(check.pass && check.value < 0.01 && check.message.en.contains(&told), "{check:?}");
    }
    assert!(angles.iter().all(|c| c.pass && c.value < 0.02), "{angles:?}");
    plan.drills[1].diameter_mm = 3.2;
    let error = make(recipe, &bone, &plan, &Params::new(), &Silent).expect_err("no wire is that thick");
    assert!(error.to_string().contains("at most 3 mm"), "{error}");
}

#[test]
fn a_cutting_guide_has_a_slot_of_the_kerf_and_stays_one_part() {
    let mut plan = plan();
    plan.cuts.push(Cut {
        pose: Pose::with_side(
            Point::new(0.0, 15.0, -10.0),
            Vector::new(0.0, 1.0, 0.0),
            Vector::new(1.0, 0.0, 0.0),
        )
        .expect("pose"),
        length_mm: 20.0,
    });
    let made =
        make(recipe("cutting_guide").expect("listed"), &bone(), &plan, &coarse(), &Silent).expect("a guide");
    assert_eq!(pieces(&made.mesh).len(), 1);
    // The blade passes with its tolerance, and no more.
    let blade =
        |thick: f64| cuboid(&Pose::IDENTITY.moved([0.0, 20.0, -10.0]), [19.8, 16.0, thick]).expect("blade");
    let meets = |thick: f64| !intersection(&made.mesh, &blade(thick)).expect("common").triangles.is_empty();
    assert!(!meets(1.19) && meets(1.25));
}

#[test]
fn regions_painted_and_enclosed_by_a_curve_make_guides_too_and_bad_plans_are_refused() {
    let guide = recipe("drill_guide").expect("listed");
    let ring = |n: i32| {
        let (s, c) = (f64::from(n) * 0.3).sin_cos();
        Point::new(12.0 * c, 12.0, 14.0 * s)
    };
    let mut plan = plan();
    plan.label.clear();
    for region in [
        Region::Painted {
            points: vec![Point::new(0.0, 15.0, -8.0), Point::new(0.0, 15.0, 8.0)],
            radius_mm: 9.0,
        },
        Region::Curve { points: (0..20).map(ring).collect() },
    ] {
        plan.region = region;
        let made = make(guide, &bone(), &plan, &coarse(), &Silent).expect("a guide");
        assert_eq!(pieces(&made.mesh).len(), 1);
        let volume = measure(&made.mesh).volume_mm3;
        assert!(volume > 1000.0 && volume < 5000.0, "{volume}");
    }
    let refused = |plan: &Plan| match make(guide, &bone(), plan, &coarse(), &Silent) {
        Err(SolidError::Refused(words)) => words.en,
        other => panic!("not refused: {:?}", other.map(|m| m.mesh.triangles.len())),
    };
    let mut off = plan.clone();
    off.region = Region::Painted { points: vec![Point::new(0.0, 90.0, 0.0)], radius_mm: 5.0 };
    off.drills[0] =
        Drill { entry: Point::new(0.0, 90.0, 0.0), target: Point::new(0.0, 80.0, 0.0), diameter_mm: 4.0 };
    assert!(refused(&off).contains("does not touch"), "{}", refused(&off));
    let mut sideways = plan.clone();
    sideways.drills[0].target = Point::new(0.0, 25.0, 0.0);
    assert!(refused(&sideways).contains("off the insertion"));
    let mut empty = plan.clone();
    empty.region = Region::Curve { points: Vec::new() };
    assert!(refused(&empty).contains("empty"));
    let mut long = plan.clone();
    long.label = "A LABEL THAT IS MUCH TOO LONG FOR SUCH A GUIDE".to_owned();
    assert!(refused(&long).contains("fits nowhere"));
    let mut none = plan;
    none.drills.clear();
    assert!(refused(&none).contains("needs a planned bore"));
}

/// The guide that the volumes of other programs are known for (manifold3d 6353.39, ADMesh 6353.37, PrusaSlicer 6353.374 mm³).
fn reference(slotted: bool) -> Mesh {
    let polygon = |radius: f64, n: usize, pose: &Pose, from: f64, to: f64| {
        let ring = (0..n)
            .map(|k| core::f64::consts::TAU * k as f64 / n as f64)
            .map(|a| [radius * a.cos(), radius * a.sin()]);
        meshing_solid::primitives::extruded(pose, &vec![ring.collect()], from, to).expect("prism")
    };
    let z = Pose::IDENTITY;
    let (inner, outer) = (polygon(15.2, 256, &z, -30.0, 30.0), polygon(18.2, 256, &z, -20.0, 20.0));
    let half = cuboid(&z.moved([0.0, 15.0, 0.0]), [40.0, 30.0, 60.0]).expect("box");
    let shell = intersection(&difference(&outer, &inner).expect("tube"), &half).expect("shell");
    let y = Pose::with_side(Point::origin(), Vector::new(0.0, 1.0, 0.0), Vector::new(1.0, 0.0, 0.0))
        .expect("pose");
    let (sleeve, hole) = (polygon(4.0, 64, &y, 14.0, 26.0), polygon(2.1, 64, &y, 0.0, 40.0));
    let guide = union(&shell, &sleeve)
        .and_then(|g| difference(&g, &inner))
        .and_then(|g| difference(&g, &hole))
        .expect("guide");
    if !slotted {
        return guide;
    }
    let slot = cuboid(&z.moved([0.0, 30.0, 12.0]), [60.0, 60.0, 1.2]).expect("slot");
    difference(&guide, &slot).expect("slotted")
}

#[test]
fn the_reference_guide_has_the_volume_that_other_programs_find_and_its_fault_is_caught() {
    let guide = reference(true);
    let volume = measure(&guide).volume_mm3;
    assert!((volume / 6353.39 - 1.0).abs() < 1e-4, "{volume}");
    let least = guide.positions.iter().map(|p| p.x().hypot(p.y()) - 15.0).fold(f64::INFINITY, f64::min);
    assert!((least - 0.2).abs() < 0.05, "{least}");
    let error = require_parts(&guide, 1).expect_err("two pieces");
    assert!(error.to_string().contains("2 pieces, not 1"), "{error}");
    require_parts(&reference(false), 1).expect("one piece without the slot");
    let all = check(&guide, &Limits::default(), None, &Silent).expect("checks");
    let parts = all.iter().find(|c| c.code == "parts").expect("parts");
    assert!(!parts.pass && (parts.value - 2.0).abs() < 1e-9);
}

#[test]
fn a_mirrored_implant_fills_the_hole_with_the_gap_set() {
    let (skull, plan) = skull().expect("skull");
    let recipe = recipe("mirrored_implant").expect("listed");
    let made = make(recipe, &skull, &plan, &Params::new(), &Silent).expect("an implant");
    let m = measure(&made.mesh);
    assert!(m.manifold && pieces(&made.mesh).len() == 1);
    // A plug of 11.5 mm radius and 5 mm thickness, its rims rounded.
    let plug = core::f64::consts::PI * 11.5 * 11.5 * 5.2;
    assert!((m.volume_mm3 / plug - 1.0).abs() < 0.06, "{} {plug}", m.volume_mm3);
    let gap = meshing_surface::DistanceTo::new(&skull);
    let least = made.mesh.positions.iter().map(|p| gap.distance_mm(*p)).fold(f64::INFINITY, f64::min);
    assert!(least > 0.35, "{least}");
    let none = Plan { plane: None, ..plan };
    assert!(make(recipe, &skull, &none, &Params::new(), &Silent).is_err());
}

#[test]
fn a_model_of_two_pieces_stands_on_one_base_with_its_name() {
    let two =
        crate::fuzz::joined(&ball(3, [0.0, 0.0, 30.0], |_| 12.0), &ball(3, [40.0, 0.0, 34.0], |_| 10.0));
    let plan = Plan { insertion: Vector::new(0.0, 0.0, -1.0), ..plan() };
    let recipe = recipe("model_with_base").expect("listed");
    let made = make(recipe, &two, &plan, &Params::new(), &Silent).expect("a model");
    assert!(measure(&made.mesh).manifold && pieces(&made.mesh).len() == 1 && made.label.is_some());
    let plain = make(recipe, &two, &Plan { label: String::new(), ..plan.clone() }, &Params::new(), &Silent)
        .expect("a model");
    let cut = measure(&plain.mesh).volume_mm3 - measure(&made.mesh).volume_mm3;
    assert!(cut > 3.0 && cut < 40.0, "{cut}");
    let long = Plan {
        label: "THE NAME OF A VERY LONG CASE THAT NO PLATE OF THIS SIZE COULD HOLD AT ALL".to_owned(),
        ..plan
    };
    assert!(make(recipe, &two, &long, &Params::new(), &Silent).is_err());
}

#[test]
fn a_fold_that_the_bone_brings_along_is_not_in_the_model() {
    let mut folded = ball(4, [0.0, 0.0, 30.0], |_| 12.0);
    let top = (0..folded.positions.len())
        .max_by(|&a, &b| folded.positions[a].z().total_cmp(&folded.positions[b].z()));
    let top = &mut folded.positions[top.expect("vertices")];
    // Through the other side.
    *top += Vector::new(0.5, 0.3, -26.0);
    assert!(!self_intersections(&folded).is_empty());
    let plan = Plan { insertion: Vector::new(0.0, 0.0, -1.0), ..plan() };
    let made = make(recipe("model_with_base").expect("listed"), &folded, &plan, &Params::new(), &Silent);
    let made = made.expect("a model").mesh;
    let written = stl::read(&stl::write(&made, "model")).expect("read");
    assert_eq!((self_intersections(&made), self_intersections(&written)), (Vec::new(), Vec::new()));
    assert!(made.check().is_clean() && pieces(&made).len() == 1);
}

#[test]
fn a_vessel_is_a_tube_with_the_wall_set_and_open_ends() {
    let lumen = cylinder(&Pose::IDENTITY, 4.0, 0.0, 40.0, Fit::Pin).expect("lumen");
    let end = |z: f64, up: f64| Cut {
        pose: Pose::along(Point::new(0.0, 0.0, z), Vector::new(0.0, 0.0, up)).expect("pose"),
        length_mm: 20.0,
    };
    let plan = Plan { cuts: vec![end(2.0, -1.0), end(38.0, 1.0)], ..plan() };
    let made = make(recipe("hollow_vessel").expect("listed"), &lumen, &plan, &Params::new(), &Silent)
        .expect("a tube");
    let m = measure(&made.mesh);
    let tube = core::f64::consts::PI * (5.5 * 5.5 - 4.0 * 4.0) * 36.0;
    assert!(m.manifold && (m.volume_mm3 / tube - 1.0).abs() < 0.02, "{} {tube}", m.volume_mm3);
    assert_eq!((pieces(&made.mesh).len(), pieces(&made.mesh)[0].voids), (1, 0));
}
