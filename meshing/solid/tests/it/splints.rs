//! Voronoi openings and splints, measured on what was made.

use core::f64::consts::{PI, TAU};
use std::collections::{BTreeMap, HashMap};

use meshing_segment::Params;
use meshing_solid::checks::{Limits, check};
use meshing_solid::primitives::{Fit, cone, cuboid, cylinder};
use meshing_solid::{
    Cut, Field, Pattern, Plan, Pose, Region, SolidError, difference, make, pieces, recipe, voronoi_openings,
};
use meshing_space::{Point, Vector};
use meshing_surface::{DistanceTo, Mesh, measure};
use meshing_volume::{CancelFlag, Silent, Told as _};

use crate::bodies;
use crate::fuzz::{ball, joined};

/// Radius of the limb, half the splint's length, and its other sizes, mm.
const LIMB: f64 = 30.0;
const HALF: f64 = 45.0;
const GAP: f64 = 2.0;
const SHELL: f64 = 3.5;
const LAP: f64 = 6.0;
const BAND: f64 = 5.0;
const CLEARANCE: f64 = 0.4;

fn limb() -> Mesh {
    cylinder(&Pose::IDENTITY, LIMB, -60.0, 60.0, Fit::Pin).expect("limb")
}

fn cut(z: f64, up: f64) -> Cut {
    let pose = Pose::along(Point::new(0.0, 0.0, z), Vector::new(0.0, 0.0, up)).expect("pose");
    Cut { pose, length_mm: 20.0 }
}

/// Both cuts' axes the same way: a plane has no side.
fn plan() -> Plan {
    Plan {
        region: Region::Prism { pose: Pose::IDENTITY, edges_mm: [10.0; 3] },
        insertion: Vector::new(0.0, -1.0, 0.0),
        drills: Vec::new(),
        cuts: vec![cut(-HALF, 1.0), cut(HALF, 1.0)],
        label: String::new(),
        ..bodies::plan()
    }
}

/// Where a shell is open, on a raster of its middle surface: places with the number of the opening that they belong to.
fn openings(made: &Mesh, step: f64) -> Vec<(Point<meshing_space::Lps>, usize)> {
    let field = Field::of_mesh(made, 0.5, 2.0, &Silent).expect("field");
    let middle = LIMB + GAP + SHELL / 2.0;
    let (around, along) = ((TAU * middle / step) as usize, (2.0 * HALF / step) as usize);
    let place = |n: usize| {
        let (s, c) = (TAU * (n % around) as f64 / around as f64).sin_cos();
        Point::new(middle * c, middle * s, (n / around) as f64 * step - HALF + step / 2.0)
    };
    // The split between the halves is none.
    let open = |n: usize| place(n).y().abs() > 1.5 && field.sample(place(n)) > 0.0;
    let open: Vec<bool> = (0..around * along).map(open).collect();
    let mut number = vec![0; open.len()];
    let mut found = 0;
    for start in 0..open.len() {
        if !open[start] || number[start] > 0 {
            continue;
        }
        found += 1;
        let mut next = vec![start];
        number[start] = found;
        while let Some(n) = next.pop() {
            let (column, row) = (n % around, n / around);
            let sides = [(column + 1) % around + row * around, (column + around - 1) % around + row * around];
            let rows = [n.checked_sub(around), Some(n + around).filter(|n| *n < open.len())];
            for m in sides.into_iter().chain(rows.into_iter().flatten()) {
                if open[m] && number[m] == 0 {
                    number[m] = found;
                    next.push(m);
                }
            }
        }
    }
    (0..open.len()).filter(|&n| open[n]).map(|n| (place(n), number[n])).collect()
}

/// The least distance between places of different openings, mm, where it is below `within`.
fn least_strut(places: &[(Point<meshing_space::Lps>, usize)], within: f64) -> f64 {
    let cell = |p: &Point<_>| p.to_array().map(|x| (x / within).floor() as i64);
    let mut cells: HashMap<[i64; 3], Vec<usize>> = HashMap::new();
    for (n, (p, _)) in places.iter().enumerate() {
        cells.entry(cell(p)).or_default().push(n);
    }
    let mut least = within;
    for (p, own) in places {
        let [i, j, k] = cell(p);
        for step in 0..27 {
            let key = [i + step % 3 - 1, j + step / 3 % 3 - 1, k + step / 9 - 1];
            for &n in cells.get(&key).into_iter().flatten() {
                let (q, other) = places[n];
                if other != *own {
                    least = least.min(p.distance(q));
                }
            }
        }
    }
    least
}

/// The length of edges that stand out by more than 60°, mm. Inner corners do not.
fn sharp_edges(mesh: &Mesh) -> f64 {
    let normal = |t: usize| {
        let [a, b, c] = mesh.corners(t);
        (b - a).cross(c - a).normalized()
    };
    let mut edges: BTreeMap<[u32; 2], usize> = BTreeMap::new();
    for (t, &[a, b, c]) in mesh.triangles.iter().enumerate() {
        edges.extend([[a, b], [b, c], [c, a]].map(|edge| (edge, t)));
    }
    let mut sharp = 0.0;
    for (&[a, b], &t) in &edges {
        let Some(&other) = edges.get(&[b, a]) else { panic!("not closed") };
        let Some((n, m)) = normal(t).zip(normal(other)) else { continue };
        let from = mesh.positions[a as usize];
        let tip = mesh.triangles[other].into_iter().find(|v| *v != a && *v != b).expect("a triangle");
        if n.dot(m) < 0.5 && (mesh.positions[tip as usize] - from).dot(n) < -0.05 {
            sharp += from.distance(mesh.positions[b as usize]) / 2.0;
        }
    }
    sharp
}

#[test]
fn a_splint_has_two_halves_with_the_openings_struts_and_bands_asked_for() {
    let (limb, recipe) = (limb(), recipe("splint").expect("listed"));
    let made = make(recipe, &limb, &plan(), &Params::new(), &Silent).expect("a splint");
    let halves = pieces(&made.mesh);
    assert!(measure(&made.mesh).manifold && halves.len() == 2);
    assert!(halves.iter().all(|half| half.voids == 0));
    // As far from the skin as set; the lap is a second layer.
    let skin = DistanceTo::new(&limb);
    let far: Vec<f64> = made.mesh.positions.iter().map(|p| skin.distance_mm(*p)).collect();
    let (least, most) =
        (far.iter().copied().fold(f64::INFINITY, f64::min), far.into_iter().fold(0.0, f64::max));
    let outer = GAP + 2.0 * SHELL + CLEARANCE;
    assert!((least - GAP).abs() < 0.06 && (most - outer).abs() < 0.06, "{least} {most}");
    // Each half on its side, the lower one lapping over the upper one with the clearance between them.
    let range = |mesh: &Mesh| {
        let ys = mesh.positions.iter().map(|p| p.y());
        ys.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)))
    };
    let (upper, lower) = if halves[0].centre.y() > 0.0 {
        (&halves[0].mesh, &halves[1].mesh)
    } else {
        (&halves[1].mesh, &halves[0].mesh)
    };
    assert!((range(upper).0 - CLEARANCE / 2.0).abs() < 0.06, "{:?}", range(upper));
    assert!((range(lower).1 - LAP).abs() < 0.06, "{:?}", range(lower));
    let other = DistanceTo::new(lower);
    let apart = upper.positions.iter().map(|p| other.distance_mm(*p)).fold(f64::INFINITY, f64::min);
    assert!((apart - CLEARANCE).abs() < 0.06, "{apart}");
    // Rims are round: of their 9 m, a few corners are not.
    let sharp = sharp_edges(&made.mesh);
    assert!(sharp < 5.0, "{sharp} mm of sharp edges");
    // The openings as they are.
    let step = 0.15;
    let places = openings(&made.mesh, step);
    let count = places.iter().map(|p| p.1).max().unwrap_or(0);
    assert!(count > 60, "{count} openings");
    let rim =
        places.iter().map(|(p, _)| (HALF - p.z().abs()).min(p.y().abs() - LAP)).fold(f64::INFINITY, f64::min);
    assert!(rim > BAND - 0.05 && rim < BAND + 0.3, "{rim} mm from the rims");
    let strut = least_strut(&places, 4.0);
    assert!(strut > 2.95 && strut < 3.6, "struts of {strut} mm");
    let middle = LIMB + GAP + SHELL / 2.0;
    let between_bands = 4.0 * middle * ((LAP + BAND) / middle).acos() * 2.0 * (HALF - BAND);
    let share = places.len() as f64 * step * step / between_bands;
    assert!((share - 0.4).abs() < 0.015, "{share} open");
    // Every opening takes a finger of a glove's seam, none is a pinhole.
    let mut sizes = vec![0.0; count + 1];
    for (_, n) in &places {
        sizes[*n] += step * step;
    }
    let smallest = sizes[1..].iter().copied().fold(f64::INFINITY, f64::min);
    assert!(smallest > PI * 0.9, "{smallest} mm²");
}

#[test]
fn a_splint_without_openings_or_lap_is_a_tube_in_two() {
    let params =
        Params::new().with("open_share", 0.0).with("overlap", 0.0).with("rim", 0.0).with("spacing", 0.9);
    let labelled = Plan { label: "P-27 L".to_owned(), ..plan() };
    let made =
        make(recipe("splint").expect("listed"), &limb(), &labelled, &params, &Silent).expect("a splint");
    let label = made.label.expect("engraved");
    // Another limb beside it changes nothing.
    let beside =
        cylinder(&Pose::IDENTITY.moved([80.0, 10.0, 0.0]), 35.0, -60.0, 60.0, Fit::Pin).expect("limb");
    let both = joined(&beside, &limb());
    let one = make(recipe("splint").expect("listed"), &both, &labelled, &params, &Silent).expect("a splint");
    let volumes = [&one, &made].map(|made| measure(&made.mesh).volume_mm3);
    assert!((volumes[0] / volumes[1] - 1.0).abs() < 2e-3, "{volumes:?}");
    assert!(
        label.pose.axis().y() > 0.8 && (label.pose.origin().distance(Point::origin()) - 35.5).abs() < 12.0
    );
    let bare = make(recipe("splint").expect("listed"), &limb(), &plan(), &params, &Silent).expect("a splint");
    let (inner, outer) = (LIMB + GAP, LIMB + GAP + SHELL);
    let split = 2.0 * SHELL * CLEARANCE;
    let tube = (PI * (outer * outer - inner * inner) - split) * 2.0 * HALF;
    let volume = measure(&bare.mesh).volume_mm3;
    assert!((volume / tube - 1.0).abs() < 0.01, "{volume} {tube}");
    let engraved = volume - measure(&made.mesh).volume_mm3;
    assert!(engraved > 10.0 && engraved < 60.0, "{engraved}");
}

#[test]
fn plans_that_make_no_splint_are_refused() {
    let limb = limb();
    let said = |plan: &Plan, params: &Params| match make(
        recipe("splint").expect("listed"),
        &limb,
        plan,
        params,
        &Silent,
    ) {
        Err(error @ SolidError::Refused(_)) => {
            assert!(!error.chinese().is_ascii(), "{error}");
            error.to_string()
        }
        other => panic!("not refused: {plan:?} {:?}", other.map(|made| made.mesh.triangles.len())),
    };
    let (usual, coarse) = (Params::new(), Params::new().with("spacing", 1.1));
    let with = |cuts: Vec<Cut>| Plan { cuts, ..plan() };
    assert!(said(&with(vec![cut(0.0, 1.0)]), &usual).contains("two planned cuts"));
    let along = Pose::along(Point::new(0.0, 0.0, 20.0), Vector::new(1.0, 0.0, 0.0)).expect("pose");
    assert!(
        said(&with(vec![cut(-HALF, 1.0), Cut { pose: along, length_mm: 9.0 }]), &usual)
            .contains("across the limb")
    );
    assert!(said(&with(vec![cut(10.0, 1.0), cut(10.0, 1.0)]), &usual).contains("apart"));
    assert!(said(&with(vec![cut(80.0, 1.0), cut(90.0, 1.0)]), &usual).contains("nothing of the limb"));
    let lengthwise = Plan { insertion: Vector::new(0.0, 0.0, -1.0), ..plan() };
    assert!(said(&lengthwise, &usual).contains("part along"));
    assert!(said(&plan(), &coarse.clone().with("band", 40.0)).contains("no room"));
    assert!(said(&plan(), &Params::new().with("spacing", 2.0)).contains("too thin"));
    let at = |x: f64, radius_mm: f64| Region::Painted { points: vec![Point::new(x, 0.0, 0.0)], radius_mm };
    for bad in [f64::NAN, f64::INFINITY, 1e300] {
        let pose = Pose::IDENTITY.moved([0.0, 0.0, bad]);
        said(&with(vec![cut(-HALF, 1.0), Cut { pose, length_mm: 9.0 }]), &coarse);
        said(&Plan { region: at(30.0, bad), ..plan() }, &coarse);
        if !bad.is_finite() {
            let curve = Region::Curve { points: vec![Point::new(bad, 0.0, 0.0); 4] };
            said(&Plan { region: curve, ..plan() }, &coarse);
        }
        said(&Plan { plane: Some(Pose::IDENTITY.moved([0.0, bad, 0.0])), ..plan() }, &coarse);
    }
    said(&Plan { region: at(f64::NAN, 5.0), ..plan() }, &coarse);
    let none = Region::Prism { pose: Pose::IDENTITY, edges_mm: [9.0, 9.0, f64::NAN] };
    assert!(said(&Plan { region: none, ..with(Vec::new()) }, &coarse).contains("two planned cuts"));
}

#[test]
fn painted_places_stay_closed_and_a_prism_gives_the_ends() {
    let spots = [Point::new(LIMB, 0.0, 0.0), Point::new(0.0, LIMB, 10.0), Point::new(0.0, -LIMB, 0.0)];
    let region = Region::Painted { points: spots.to_vec(), radius_mm: 12.0 };
    let params = Params::new().with("spacing", 0.9).with("seed", 5.0);
    let made = make(recipe("splint").expect("listed"), &limb(), &Plan { region, ..plan() }, &params, &Silent);
    let places = openings(&made.expect("a splint").mesh, 0.3);
    for spot in spots {
        let nearest = places.iter().map(|(p, _)| p.distance(spot)).fold(f64::INFINITY, f64::min);
        assert!(nearest > 11.9, "{nearest}");
    }
    let prism = Region::Prism { pose: Pose::IDENTITY.moved([0.0, 0.0, 5.0]), edges_mm: [9.0, 9.0, 80.0] };
    let params = Params::new().with("spacing", 0.9).with("open_share", 0.0);
    let made = make(
        recipe("splint").expect("listed"),
        &limb(),
        &Plan { region: prism, cuts: Vec::new(), ..plan() },
        &params,
        &Silent,
    );
    let bounds = made.expect("a splint").mesh.bounds().expect("some");
    assert!((bounds.min.z() + 35.0).abs() < 0.05 && (bounds.max.z() - 45.0).abs() < 0.05, "{bounds:?}");
}

#[test]
fn voronoi_openings_keep_share_and_struts_on_any_surface_and_the_seed_makes_them() {
    let round = ball(5, [0.0; 3], |_| 40.0);
    let keep = |p: Point<meshing_space::Lps>| 5.0 - p.z();
    let pattern = |share, seed| Pattern { share, strut_mm: 3.0, least_mm: 1.0, seed };
    let made =
        |share, seed| voronoi_openings(&round, &pattern(share, seed), keep, &Silent).expect("openings");
    // The cap above the plane, by Fibonacci's spiral.
    let count = 200_000;
    let spiral = |n: i32| {
        let z = 40.0 - 35.0 * (f64::from(n) + 0.5) / f64::from(count);
        let (s, c) = (f64::from(n) * PI * (3.0 - 5.0_f64.sqrt())).sin_cos();
        let r = (1600.0 - z * z).sqrt();
        Point::new(r * c, r * s, z)
    };
    for share in [0.3, 0.4, 0.5] {
        let openings = made(share, 7);
        let open = (0..count).map(spiral).filter(|p| openings.distance(*p, keep(*p)) < 0.0).count();
        let got = open as f64 / f64::from(count);
        assert!((got - share).abs() < 0.01 && (openings.share() - share).abs() < 0.01, "{got} {share}");
        assert!(openings.strut_mm() >= 3.0 && openings.strut_mm() < 4.5, "{}", openings.strut_mm());
        assert!(openings.count() > 20);
    }
    assert_eq!(made(0.4, 7), made(0.4, 7));
    assert_ne!(made(0.4, 7), made(0.4, 8));
    let flag = CancelFlag::default();
    flag.cancel();
    let stopped = voronoi_openings(&round, &pattern(0.4, 1), keep, &flag);
    assert!(matches!(stopped, Err(SolidError::Cancelled(_))));
    for (share, strut_mm, least_mm) in [
        (0.0, 3.0, 1.0),
        (0.7, 3.0, 1.0),
        (f64::NAN, 3.0, 1.0),
        (0.4, 0.0, 1.0),
        (0.4, f64::INFINITY, 1.0),
        (0.4, 1.5, 1.0),
    ] {
        let bad = Pattern { share, strut_mm, least_mm, seed: 0 };
        assert!(
            matches!(voronoi_openings(&round, &bad, keep, &Silent), Err(SolidError::Refused(_))),
            "{bad:?}"
        );
    }
    let none = voronoi_openings(&Mesh::default(), &pattern(0.4, 1), keep, &Silent).expect_err("no surface");
    assert!(none.to_string().contains("no room"), "{none}");
    let narrow = |p: Point<meshing_space::Lps>| p.z().abs() - 0.8;
    let error =
        voronoi_openings(&round, &pattern(0.4, 1), narrow, &Silent).expect_err("narrower than an opening");
    assert!(error.to_string().contains("no openings between"), "{error}");
    let many = Pattern { strut_mm: 0.01, least_mm: 0.001, ..pattern(0.4, 1) };
    let error = voronoi_openings(&round, &many, |_| -1.0, &Silent).expect_err("millions");
    assert!(error.to_string().contains("more than"), "{error}");
}

#[test]
fn where_the_scan_cuts_the_limb_off_the_shell_ends_with_its_full_wall() {
    let taper = cone(&Pose::IDENTITY, 42.0, 26.0, -60.0, 60.0).expect("cone");
    let aslant = Pose::along(Point::new(0.0, 0.0, 130.0), Vector::new(0.3, 0.1, 1.0)).expect("pose");
    let oblique = difference(&taper, &cuboid(&aslant, [150.0; 3]).expect("box")).expect("cut");
    // Ends before, at and beyond the face, where the shell would turn over it.
    for (body, end, tilt) in [(&taper, 63.0, 0.0), (&taper, 66.0, 0.1), (&oblique, 55.0, 0.1)] {
        let cut = |z: f64| {
            let pose = Pose::along(Point::new(0.0, 0.0, z), Vector::new(tilt, 0.0, 1.0)).expect("pose");
            Cut { pose, length_mm: 20.0 }
        };
        let plan = Plan { cuts: vec![cut(20.0), cut(end)], ..plan() };
        let params = Params::new().with("open_share", 0.0).with("spacing", 1.0);
        let made = make(recipe("splint").expect("listed"), body, &plan, &params, &Silent).expect("a splint");
        let limits = Limits { parts: 2, wall_mm: 3.0, ..Limits::default() };
        let all = check(&made.mesh, &limits, None, &Silent).expect("checks");
        let wall = all.iter().find(|c| c.code == "wall").expect("wall");
        assert!(wall.pass, "{end} {wall:?}");
        // Open at its end: nothing lies over the cut face.
        let over = made.mesh.positions.iter().filter(|p| p.x().hypot(p.y()) < 20.0);
        assert_eq!(over.count(), 0, "{end}");
    }
}
