//! Input that makes no sense: it is refused in words, in both languages, and never panics.

use meshing_segment::Params;
use meshing_solid::primitives::{Fit, capsule, cuboid, cylinder, extruded};
use meshing_solid::{
    Cut, Drill, Made, Plan, Pose, RECIPES, Region, SolidError, boolean_all, gyroid_fill, hollow, make,
    recipe, shell, text,
};
use meshing_space::{Point, Vector};
use meshing_surface::Mesh;
use meshing_volume::{Silent, Told as _};

/// A plate of 40 × 40 × 10 mm under the origin.
fn bone() -> Mesh {
    cuboid(&Pose::IDENTITY.moved([0.0, 0.0, -5.0]), [40.0, 40.0, 10.0]).expect("bone")
}

fn plan() -> Plan {
    Plan {
        region: Region::Painted { points: vec![Point::origin()], radius_mm: 12.0 },
        insertion: Vector::new(0.0, 0.0, -1.0),
        drills: vec![Drill { entry: Point::origin(), target: Point::new(0.0, 0.0, -8.0), diameter_mm: 2.0 }],
        cuts: vec![Cut { pose: Pose::IDENTITY.moved([0.0, 6.0, 0.0]), length_mm: 8.0 }],
        plane: Some(Pose::IDENTITY),
        label: String::new(),
    }
}

fn tetrahedron() -> Mesh {
    let positions = [[0.0, 0.0, 0.0], [5.0, 0.0, 0.0], [0.0, 5.0, 0.0], [0.0, 0.0, 5.0]];
    Mesh {
        positions: positions.map(Point::from_array).to_vec(),
        triangles: vec![[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]],
    }
}

/// Said in English without an ideograph and in Chinese with one.
fn said_in_both(error: &SolidError) {
    let ideograph = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    assert!(!error.to_string().chars().any(ideograph) && !error.to_string().is_empty(), "{error}");
    assert!(error.chinese().chars().any(ideograph), "{}", error.chinese());
}

fn coarse(id: &str) -> Params {
    let gridded = recipe(id).is_none_or(|recipe| recipe.params.iter().any(|param| param.id == "spacing"));
    if gridded { Params::new().with("spacing", 0.8) } else { Params::new() }
}

#[test]
fn plans_of_numbers_that_are_none_are_refused_by_every_recipe_that_reads_them() {
    let (nan, huge) = (f64::NAN, 1e300);
    let changed = |change: &dyn Fn(&mut Plan)| {
        let mut plan = plan();
        change(&mut plan);
        plan
    };
    let drill = |entry: f64, target: f64, diameter_mm: f64| Drill {
        entry: Point::new(entry, 0.0, 0.0),
        target: Point::new(0.0, 0.0, target),
        diameter_mm,
    };
    let painted =
        |at: f64, radius_mm: f64| Region::Painted { points: vec![Point::new(at, 0.0, 0.0)], radius_mm };
    let guides = ["drill_guide", "cutting_guide", "kwire_guide", "contact_guide", "curve_cut"];
    for bad in [nan, f64::INFINITY, -f64::INFINITY, huge] {
        for plan in [
            changed(&|p| p.insertion = Vector::new(bad, 0.0, 0.0)),
            changed(&|p| p.drills = vec![drill(bad, -8.0, 2.0)]),
            changed(&|p| p.drills = vec![drill(0.0, bad, 2.0)]),
            changed(&|p| p.drills = vec![drill(0.0, -8.0, bad)]),
            changed(&|p| p.cuts[0].length_mm = bad),
            changed(&|p| p.region = painted(bad, 12.0)),
            changed(&|p| p.region = painted(0.0, bad)),
            changed(&|p| p.region = Region::Curve { points: vec![Point::new(bad, 1.0, 2.0); 4] }),
            changed(&|p| p.region = Region::Prism { pose: Pose::IDENTITY, edges_mm: [20.0, bad, 20.0] }),
        ] {
            for id in guides {
                let error = make(recipe(id).expect("listed"), &bone(), &plan, &coarse(id), &Silent);
                said_in_both(&error.expect_err(&format!("{id} {plan:?}")));
            }
        }
    }
    for diameter in [0.0, -0.1, -5.0] {
        let plan = changed(&|p| p.drills = vec![drill(0.0, -8.0, diameter)]);
        let error =
            make(recipe("drill_guide").expect("listed"), &bone(), &plan, &coarse("drill_guide"), &Silent);
        said_in_both(&error.expect_err("no drill is that thin"));
    }
}

#[test]
fn bones_that_are_none_are_refused_by_every_recipe_and_a_tetrahedron_is_one() {
    let mut open = bone();
    open.triangles.pop();
    let mut nan = bone();
    nan.positions[0] = Point::new(f64::NAN, 0.0, 0.0);
    let mut beyond = bone();
    beyond.triangles[0][0] = 1_000;
    let mut flat = bone();
    for p in &mut flat.positions {
        *p = Point::new(p.x(), p.y(), 0.0);
    }
    for recipe in RECIPES {
        for bad in [&Mesh::default(), &open, &nan, &beyond, &flat] {
            let error = make(recipe, bad, &plan(), &coarse(recipe.id), &Silent).expect_err(recipe.id);
            assert!(!matches!(error, SolidError::Refused(_)), "{}: {error}", recipe.id);
            said_in_both(&error);
        }
        match make(recipe, &tetrahedron(), &plan(), &coarse(recipe.id), &Silent) {
            Ok(Made { mesh, .. }) => assert!(mesh.check().is_clean(), "{}", recipe.id),
            Err(error) => said_in_both(&error),
        }
    }
}

#[test]
fn labels_of_any_characters_and_length_are_engraved_or_refused() {
    let all = ["drill_guide", "model_with_base"].map(|id| recipe(id).expect("listed"));
    let long = "8".repeat(1_000);
    for recipe in all {
        for label in ["张三", "ß", "e\u{301}", "\u{0}", "a\nb", "\u{202e}AB", "🦴", &long] {
            let plan = Plan { label: label.to_owned(), ..plan() };
            let error = make(recipe, &bone(), &plan, &coarse(recipe.id), &Silent).expect_err(label);
            assert!(matches!(error, SolidError::Refused(_)), "{error}");
            assert!(!error.chinese().is_empty());
        }
    }
    assert!(text("A", &Pose::IDENTITY, 1e300, 1.0, 0.0, 1.0).is_err());
    assert!(text("A", &Pose::IDENTITY, f64::NAN, 1.0, 0.0, 1.0).is_err());
}

#[test]
fn sizes_that_make_nothing_are_refused() {
    let (body, pose, nan) = (bone(), Pose::IDENTITY, f64::NAN);
    assert!(shell(&body, nan, 1.0, 0.5, &Silent).is_err());
    assert!(shell(&body, -1.0, nan, 0.5, &Silent).is_err());
    assert!(shell(&body, -30.0, -20.0, 0.5, &Silent).is_err(), "nothing is that deep");
    assert!(shell(&body, f64::NEG_INFINITY, 1.0, 0.5, &Silent).is_err());
    for wall in [nan, 0.0, -1.0] {
        assert!(hollow(&body, wall, 0.5, &[], 0.1, &Silent).is_err(), "{wall}");
    }
    assert!(gyroid_fill(&body, f64::INFINITY, 0.7, 1.0, 0.5, &Silent).is_err());
    assert!(gyroid_fill(&body, 8.0, nan, 1.0, 0.5, &Silent).is_err());
    for radius in [1e12, 1e15, 1e300] {
        let round = cylinder(&pose, radius, 0.0, 1.0, Fit::Pin).expect("as large as one likes");
        assert_eq!(round.positions.len(), 2 * 4096, "a large circle has many sides");
    }
    assert!(capsule(Point::origin(), Point::new(f64::INFINITY, 0.0, 0.0), 1.0).is_err());
    let outline = vec![vec![[0.0, 0.0], [1e300, 0.0], [0.0, 1e300]]];
    assert!(extruded(&pose, &outline, 0.0, 1.0).is_err());
}

#[test]
fn a_region_of_ten_thousand_points_is_soon_made() {
    let spiral = |n: i32| {
        let (s, c) = (f64::from(n) * 0.37).sin_cos();
        let far = 10.0 * (f64::from(n) / 10_000.0).sqrt();
        Point::new(c * far, s * far, 0.0)
    };
    let points: Vec<_> = (0..10_000).map(spiral).collect();
    let mut plan = plan();
    plan.cuts.clear();
    for region in [
        Region::Painted { points: points.clone(), radius_mm: 0.9 },
        Region::Curve {
            points: (0..10_000)
                .map(|n| (f64::from(n) * core::f64::consts::TAU / 1e4).sin_cos())
                .map(|(s, c)| Point::new(9.0 * c, 9.0 * s, 0.0))
                .collect(),
        },
    ] {
        plan.region = region;
        let made = make(recipe("drill_guide").expect("listed"), &bone(), &plan, &coarse(""), &Silent);
        assert!(made.expect("a guide").mesh.check().is_clean());
    }
}

#[test]
fn places_and_directions_that_are_none_are_no_pose() {
    let back = |json: &str| serde_json::from_str::<Pose>(json);
    let good = serde_json::to_string(&Pose::IDENTITY).expect("json");
    assert_eq!(back(&good).expect("the same"), Pose::IDENTITY);
    let skew = good.replacen("[1.0,0.0,0.0]", "[1.0,0.5,0.0]", 1);
    assert_ne!(skew, good);
    assert!(back(&skew).is_err());
    assert!(back(&good.replacen("[1.0,0.0,0.0]", "[-1.0,0.0,0.0]", 1)).is_err(), "left-handed");
    let tools = [tetrahedron(), Mesh::default()];
    assert!(boolean_all(meshing_solid::Op::Union, &bone(), &tools, &Silent).is_err());
}
