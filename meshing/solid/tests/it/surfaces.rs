//! Recipes without bores or slots, on bodies of known shape.

use core::f64::consts::{PI, TAU};

use meshing_segment::Params;
use meshing_solid::checks::{Fit as Seat, Limits, check};
use meshing_solid::{Plan, Pose, Region, SolidError, difference, intersection, make, pieces, recipe};
use meshing_space::{Point, Vector};
use meshing_surface::{DistanceTo, Mesh, measure};
use meshing_volume::{Silent, Told as _};

use crate::bodies::{bone, plan};
use crate::fuzz::ball;

fn refused(id: &str, body: &Mesh, plan: &Plan, params: &Params) -> String {
    match make(recipe(id).expect("listed"), body, plan, params, &Silent) {
        Err(error @ SolidError::Refused(_)) => {
            assert!(!error.chinese().is_ascii(), "{error}");
            error.to_string()
        }
        other => panic!("not refused: {:?}", other.map(|made| made.mesh.triangles.len())),
    }
}

/// A closed curve of `n` points around the top of the bone, `along` by `across` mm.
fn ring(n: i32, along: f64, across: f64) -> Vec<Point<meshing_space::Lps>> {
    let place = |k| {
        let (s, c) = (TAU * f64::from(k) / f64::from(n)).sin_cos();
        let x = across / 2.0 * c;
        Point::new(x, (225.0 - x * x).sqrt(), along / 2.0 * s)
    };
    (0..n).map(place).collect()
}

#[test]
fn a_contact_guide_follows_the_painted_or_enclosed_bone_at_the_clearance_and_lifts_off() {
    let (bone, recipe) = (bone().expect("bone"), recipe("contact_guide").expect("listed"));
    let stroke = |n: i32| {
        let (x, z) = (f64::from(n % 17 - 8), f64::from(n / 17 - 12));
        Point::new(x, (225.0 - x * x).sqrt(), z)
    };
    let painted = (0..17 * 25).map(stroke).collect();
    let regions = [
        // A rectangle with round corners, and an ellipse, seen from above.
        (Region::Painted { points: painted, radius_mm: 2.0 }, 20.0 * 28.0 - 4.0 * (4.0 - PI)),
        (Region::Curve { points: ring(48, 40.0, 24.0) }, PI * 240.0),
    ];
    for (region, seen_mm2) in regions {
        let plan = Plan { region, drills: Vec::new(), ..plan() };
        let params = Params::new().with("clearance", 0.3);
        let made = make(recipe, &bone, &plan, &params, &Silent).expect("a guide");
        assert!(measure(&made.mesh).manifold && pieces(&made.mesh).len() == 1 && made.label.is_some());
        assert_eq!(made.params.value("wall"), None, "only what was asked for");
        assert!(intersection(&made.mesh, &bone).expect("common").triangles.is_empty());
        let seat = Seat {
            bone: &bone,
            insertion: plan.insertion,
            clearance_mm: 0.3,
            drills: &[],
            tool_clearance_mm: 0.25,
            contact_mm2: 300.0,
        };
        let limits = Limits { label: made.label, ..Limits::default() };
        let all = check(&made.mesh, &limits, Some(&seat), &Silent).expect("checks");
        for check in &all {
            assert!(check.pass, "{check:?}");
        }
        // Seen along the insertion it is as large as the region (its rims are rounded), and 3 mm thick.
        let own = |p: &Point<_>| (p.x(), p.z());
        let area: f64 = made
            .mesh
            .triangles
            .iter()
            .map(|t| t.map(|v| own(&made.mesh.positions[v as usize])))
            .map(|[a, b, c]| ((b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0)).abs() / 4.0)
            .sum();
        assert!((area / seen_mm2 - 1.0).abs() < 0.05, "{area} {seen_mm2}");
        let far = DistanceTo::new(&bone);
        let outer = made.mesh.positions.iter().map(|p| far.distance_mm(*p)).fold(0.0, f64::max);
        assert!((outer - 3.3).abs() < 0.05, "{outer}");
    }
}

#[test]
fn plans_that_make_no_contact_guide_are_refused() {
    let bone = bone().expect("bone");
    let said = |plan: &Plan| refused("contact_guide", &bone, plan, &Params::new());
    assert!(said(&plan()).contains("no bores or slots"));
    let bare = Plan { drills: Vec::new(), label: String::new(), ..plan() };
    let curve = |points| Plan { region: Region::Curve { points }, ..bare.clone() };
    assert!(said(&curve(ring(2, 20.0, 20.0))).contains("empty"));
    let off = ring(12, 20.0, 20.0).iter().map(|p| *p + Vector::new(90.0, 0.0, 0.0)).collect();
    assert!(said(&curve(off)).contains("does not touch"));
    let deep = Plan { label: "A".to_owned(), ..curve(ring(12, 20.0, 20.0)) };
    let thin = Params::new().with("thickness", 1.0).with("label_depth", 1.5);
    assert!(refused("contact_guide", &bone, &deep, &thin).contains("cut through"));
}

#[test]
fn a_flap_cut_out_of_a_skull_along_a_curve_leaves_the_kerf_around_it() {
    let skull = difference(&ball(5, [0.0; 3], |_| 40.0), &ball(5, [0.0; 3], |_| 35.0)).expect("skull");
    let points = (0..64).map(|n| (TAU * f64::from(n) / 64.0).sin_cos());
    let points: Vec<_> = points.map(|(s, c)| Point::new(37.0, 15.0 * s, 15.0 * c)).collect();
    let plan = Plan { region: Region::Curve { points }, insertion: Vector::new(-1.0, 0.0, 0.0), ..plan() };
    let (id, params) = ("curve_cut", Params::new().with("kerf", 1.2).with("depth", 10.0));
    let made = make(recipe(id).expect("listed"), &skull, &plan, &params, &Silent).expect("a flap");
    let found = pieces(&made.mesh);
    assert_eq!(found.len(), 2);
    // Between two spheres within a radius across the axis.
    let cap = |r: f64, across: f64| TAU / 3.0 * (r.powi(3) - (r * r - across * across).powf(1.5));
    let plug = |across| cap(40.0, across) - cap(35.0, across);
    assert!((found[1].volume_mm3 / plug(14.4) - 1.0).abs() < 0.01, "{} {}", found[1].volume_mm3, plug(14.4));
    let lost = measure(&skull).volume_mm3 - found[0].volume_mm3 - found[1].volume_mm3;
    assert!((lost / (plug(15.6) - plug(14.4)) - 1.0).abs() < 0.01, "{lost}");
    let gap = DistanceTo::new(&found[0].mesh);
    let least = found[1].mesh.positions.iter().map(|p| gap.distance_mm(*p)).fold(f64::INFINITY, f64::min);
    assert!((least - 1.2).abs() < 0.02, "{least}");
    // Through everything, the far side loses a piece too: that was not planned.
    assert!(refused(id, &skull, &plan, &Params::new()).contains("3 pieces, not 2"));
    let prism = Plan { region: Region::Prism { pose: Pose::IDENTITY, edges_mm: [9.0; 3] }, ..plan };
    assert!(refused(id, &skull, &prism, &Params::new()).contains("planned curve"));
}
