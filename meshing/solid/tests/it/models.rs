//! Models that are split, hollowed or filled, of bodies of known shape.

use meshing_segment::Params;
use meshing_solid::checks::wall_samples;
use meshing_solid::primitives::{Fit, cylinder};
use meshing_solid::{
    Cut, Drill, Made, Plan, Pose, Region, SolidError, intersection, make, pieces, recipe, union,
};
use meshing_space::{Lps, Point, Vector};
use meshing_surface::{DistanceTo, Mesh, measure};
use meshing_volume::Silent;

use crate::bodies;

fn made(id: &str, body: &Mesh, plan: &Plan, params: &Params) -> Result<Made, SolidError> {
    make(recipe(id).expect("listed"), body, plan, params, &Silent)
}

fn volume(mesh: &Mesh) -> f64 {
    measure(mesh).volume_mm3
}

/// A rod of 15 mm radius from −40 to 40 mm along z, and its planes across at heights.
fn rod(heights: &[f64]) -> (Mesh, Plan) {
    let rod = cylinder(&Pose::IDENTITY, 15.0, -40.0, 40.0, Fit::Pin).expect("rod");
    let up = Vector::new(0.0, 0.0, 1.0);
    let cut =
        |z: &f64| Cut { pose: Pose::along(Point::new(3.0, 1.0, *z), up).expect("pose"), length_mm: 60.0 };
    let plan = Plan { cuts: heights.iter().map(cut).collect(), drills: Vec::new(), ..bodies::plan() };
    (rod, plan)
}

#[test]
fn a_split_rod_falls_into_pieces_that_go_together_with_the_gap_set() {
    let (rod, plan) = rod(&[-12.0, 14.0]);
    for (joint, pieces_planned) in [(0.0, 3), (1.0, 3), (2.0, 7), (3.0, 3)] {
        let params = Params::new().with("joint", joint).with("joint_clearance", 0.3).with("width", 8.0);
        let split = made("split_model", &rod, &plan, &params).expect("split");
        let found = pieces(&split.mesh);
        assert_eq!(found.len(), pieces_planned, "{joint}");
        // Together again: what was laid apart by 12 mm a plane.
        let mut whole: Vec<Mesh> =
            found.into_iter().map(|piece| piece.mesh).filter(|m| volume(m) > 1000.0).collect();
        assert_eq!(whole.len(), 3);
        whole.sort_by(|a, b| measure(a).centroid_lps_mm.z().total_cmp(&measure(b).centroid_lps_mm.z()));
        for (n, mesh) in whole.iter_mut().enumerate() {
            for p in &mut mesh.positions {
                *p += Vector::new(0.0, 0.0, -12.0 * n as f64);
            }
        }
        for pair in whole.windows(2) {
            let common = intersection(&pair[0], &pair[1]).expect("common");
            // Faces that lie on each other, but for rounding.
            assert!(common.triangles.is_empty() || volume(&common) < 1e-3, "{joint}");
        }
        if joint == 1.0 {
            // Each pin of 5 mm and 6 mm length stands in a hole wider and deeper by 0.3 mm.
            let joined = union(&union(&whole[0], &whole[1]).expect("one"), &whole[2]).expect("one");
            let gap = core::f64::consts::PI * (2.8_f64.powi(2) * 6.3 - 2.5_f64.powi(2) * 6.0);
            let lost = volume(&rod) - volume(&joined);
            assert!((lost - 4.0 * gap).abs() < 0.06 * 4.0 * gap, "{lost} {gap}");
            let pins = |mesh: &Mesh| -> Vec<Point<Lps>> {
                mesh.positions.iter().copied().filter(|p| p.z() > -11.0 && p.z() < -6.1).collect()
            };
            let hole = DistanceTo::new(&whole[1]);
            for at in pins(&whole[0]) {
                let gap = hole.distance_mm(at);
                assert!((0.28..0.33).contains(&gap), "{gap} at {at:?}");
            }
        }
    }
}

#[test]
fn a_split_model_refuses_cuts_beside_it_and_joints_that_do_not_fit() {
    let (thick, plan) = rod(&[-12.0]);
    let told = |plan: &Plan, params: &Params| {
        made("split_model", &thick, plan, params).expect_err("refused").to_string()
    };
    assert!(told(&rod(&[90.0]).1, &Params::new()).contains("cut 1 does not pass"));
    assert!(told(&rod(&[]).1, &Params::new()).contains("planned cuts"));
    assert!(told(&plan, &Params::new().with("diameter", 29.0)).contains("no room"));
    // A pin of one cut may not reach through the next one.
    assert!(told(&rod(&[-12.0, -8.0]).1, &Params::new()).contains("no room"));
    assert!(told(&plan, &Params::new().with("parts", 5.0)).contains("2 pieces"));
}

#[test]
fn a_hollow_rod_keeps_its_wall_drains_and_has_a_plug() {
    let (rod, plan) = rod(&[]);
    let entry = Point::new(0.0, 0.0, -40.0);
    let drain = Drill { entry, target: Point::origin(), diameter_mm: 6.0 };
    let params = Params::new().with("wall", 3.0);
    let plan = Plan { drills: vec![drain], cuts: Vec::new(), ..plan };
    let hollow = made("hollow_model", &rod, &plan, &params).expect("hollow").mesh;
    assert_eq!(pieces(&hollow).iter().map(|p| p.voids).collect::<Vec<_>>(), [0, 0]);
    let pi = core::f64::consts::PI;
    let expected = pi * (225.0 * 80.0 - 144.0 * 74.0 - 9.0 * 3.0 + 2.9_f64.powi(2) * 3.0);
    assert!((volume(&hollow) / expected - 1.0).abs() < 0.005, "{} {expected}", volume(&hollow));
    let thin: f64 =
        wall_samples(&hollow, 3.0).iter().filter(|s| s.thickness_mm < 2.9).map(|s| s.area_mm2).sum();
    assert!(thin < 0.5, "{thin} mm² are too thin");
    let dry = Plan { drills: Vec::new(), ..plan.clone() };
    assert!(made("hollow_model", &rod, &dry, &params).is_err(), "nothing drains it");
    let aside = Drill { entry: Point::new(30.0, 0.0, 0.0), target: Point::new(60.0, 0.0, 0.0), ..drain };
    let aside = Plan { drills: vec![aside], ..plan };
    assert!(made("hollow_model", &rod, &aside, &params).is_err(), "it misses the hollow");
}

#[test]
fn openings_go_through_a_plate_where_it_is_painted_and_keep_off_its_rims() {
    let (plate, plan) = bodies::plate().expect("plate");
    let of = |params: Params| made("perforated", &plate, &plan, &params).expect("openings").mesh;
    let open = of(Params::new().with("open_share", 0.4));
    assert!(open.check().is_clean() && pieces(&open).len() == 1);
    // What is taken out is the share of the disc, or of what of it lies 5 mm from the rims.
    let taken = (volume(&plate) - volume(&open)) / 4.0;
    let disc = core::f64::consts::PI * 28.0 * 28.0;
    let angle = (25.0_f64 / 28.0).acos();
    let beyond = 2.0 * (28.0 * 28.0 * angle - 25.0 * 28.0 * angle.sin());
    let share = taken / (disc - beyond);
    assert!((share - 0.4).abs() < 0.03, "{share}");
    // Each opening is a handle: V − E + F = 2 − 2g.
    let (corners, triangles) = (open.positions.len() as i64, open.triangles.len() as i64);
    let holes = 1 - (corners - triangles / 2) / 2;
    assert!((5..100).contains(&holes), "{holes}");
    let wide = open.positions.iter().filter(|p| p.x().abs() < 39.9 && p.z().abs() < 29.9);
    for p in wide {
        assert!(p.x().hypot(p.z()) < 28.3 && p.z().abs() < 25.3, "{p:?}");
    }
    let away = Plan {
        region: Region::Painted { points: vec![Point::new(0.0, 2.0, 90.0)], radius_mm: 5.0 },
        ..plan.clone()
    };
    assert!(made("perforated", &plate, &away, &Params::new()).is_err(), "it covers nothing");
}

#[test]
fn an_implant_is_as_porous_as_set() {
    let (skull, plan) = bodies::skull().expect("skull");
    let of = |porosity: f64| {
        let params = Params::new().with("porosity", porosity).with("cell", 6.0).with("spacing", 0.6);
        made("mirrored_implant", &skull, &plan, &params).expect("implant")
    };
    let solid = volume(&of(0.0).mesh);
    for porosity in [0.6, 0.75] {
        let lattice = of(porosity).mesh;
        assert!(lattice.check().is_clean() && pieces(&lattice).len() == 1);
        let got = 1.0 - volume(&lattice) / solid;
        assert!((got - porosity).abs() < 0.01, "{got} {porosity}");
    }
    let slight = Params::new().with("porosity", 0.1);
    assert!(made("mirrored_implant", &skull, &plan, &slight).is_err(), "no gyroid is that full");
}
