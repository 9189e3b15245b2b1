//! Bodies of known shape, and what is made of them.

use meshing_segment::Params;
use meshing_solid::primitives::{Fit, capsule, cuboid, cylinder, extruded};
use meshing_solid::{
    Cut, Drill, Field, Joint, Made, Op, Plan, Pose, RECIPES, Recipe, Region, SolidError, boolean_all,
    cut_by_plane, difference, gyroid_fill, intersection, make, recipe, split_with_joints, union,
};
use meshing_space::{Aabb, Lps, Point, Vector};
use meshing_surface::Mesh;
use meshing_volume::Silent;

use crate::fuzz::{ball, joined};

/// A bone of 80 mm along z: a cylinder of radius 15 mm with a ridge that keeps a guide from turning.
pub(crate) fn bone() -> Result<Mesh, SolidError> {
    let shaft = cylinder(&Pose::IDENTITY, 15.0, -40.0, 40.0, Fit::Pin)?;
    let knob = capsule(Point::new(6.0, 13.0, 8.0), Point::new(7.0, 13.0, 13.0), 3.0)?;
    union(&shaft, &knob)
}

/// A guide of 36 × 40 mm on that bone, pushed on along y, with a bore.
pub(crate) fn plan() -> Plan {
    let top = Point::new(0.0, 15.0, 0.0);
    Plan {
        region: Region::Prism { pose: Pose::IDENTITY.moved([0.0, 11.0, 0.0]), edges_mm: [36.0, 20.0, 40.0] },
        insertion: Vector::new(0.0, -1.0, 0.0),
        drills: vec![Drill { entry: top, target: Point::origin(), diameter_mm: 4.0 }],
        cuts: Vec::new(),
        plane: None,
        label: "P-27 L".to_owned(),
    }
}

/// The guide that other programs were measured on (half a shell with a sleeve, clearance 0.2 mm, polygons of 256 and 64 sides
/// within their circles), with a slot so many mm long, and its bone of 15 mm radius. A slot longer than the shell is wide cuts
/// the guide in two.
pub(crate) fn reference_guide(slot_mm: f64) -> Result<(Mesh, Mesh), SolidError> {
    let y = Pose::with_side(Point::origin(), Vector::new(0.0, 1.0, 0.0), Vector::new(1.0, 0.0, 0.0))?;
    let round = |pose: &Pose, sides: i32, radius: f64, from: f64, to: f64| {
        let ring = (0..sides).map(|n| (f64::from(n) * core::f64::consts::TAU / f64::from(sides)).sin_cos());
        let ring = ring.map(|(s, c)| [radius * c, radius * s]).collect();
        extruded(pose, &vec![ring], from, to)
    };
    let about_z = |radius: f64, half: f64| round(&Pose::IDENTITY, 256, radius, -half, half);
    let inner = about_z(15.2, 30.0)?;
    let shell = difference(&about_z(18.2, 20.0)?, &inner)?;
    let shell = intersection(&shell, &cuboid(&Pose::IDENTITY.moved([0.0, 15.0, 0.0]), [40.0, 30.0, 60.0])?)?;
    let solid = union(&shell, &round(&y, 64, 4.0, 14.0, 26.0)?)?;
    let slot = cuboid(&Pose::IDENTITY.moved([0.0, 30.0, 12.0]), [slot_mm, 60.0, 1.2])?;
    let cutters = [inner, round(&y, 64, 2.1, 0.0, 40.0)?, slot];
    let made = boolean_all(Op::Difference, &solid, &cutters, &Silent)?;
    Ok((made, about_z(15.0, 40.0)?))
}

/// A skull of 5 mm thickness about the origin with a hole of 12 mm radius on the left, and the plan to mirror its right side.
pub(crate) fn skull() -> Result<(Mesh, Plan), SolidError> {
    let (outer, inner) = (ball(4, [0.0; 3], |_| 40.0), ball(4, [0.0; 3], |_| 35.0));
    let x = Pose::along(Point::origin(), Vector::new(1.0, 0.0, 0.0))?;
    let hole = cylinder(&x, 12.0, 0.0, 60.0, Fit::Bore)?;
    let plan = Plan {
        region: Region::Prism { pose: Pose::IDENTITY.moved([37.0, 0.0, 0.0]), edges_mm: [20.0, 36.0, 36.0] },
        insertion: Vector::new(-1.0, 0.0, 0.0),
        plane: Some(x),
        ..plan()
    };
    Ok((difference(&difference(&outer, &inner)?, &hole)?, plan))
}

/// A limb of 90 by 70 mm, bent and tapered, 220 mm along z, and the plan of a splint on 150 mm of it.
pub(crate) fn limb() -> Result<(Mesh, Plan), SolidError> {
    let low = Point::new(-70.0, -60.0, -115.0);
    let around = Aabb { min: low, max: Point::new(70.0, 60.0, 115.0) };
    let skin = |p: Point<Lps>| {
        let [x, y, z] = p.to_array();
        let (x, wide) = (x - 10.0 * (z / 80.0).cos(), 1.0 - 0.002 * z + 0.04 * (z / 15.0).sin());
        let round = 38.0 * ((x / (45.0 * wide)).hypot(y / (35.0 * wide)) - 1.0);
        round.max(z.abs() - 110.0)
    };
    let limb = Field::of_function(around, 2.0, 200.0, skin)?.surface(0.0)?;
    let cut = |z: f64, tilt: f64| {
        let pose = Pose::along(Point::new(0.0, -30.0, z), Vector::new(tilt, 0.0, 1.0))?;
        Ok(Cut { pose, length_mm: 20.0 })
    };
    let cuts: Result<_, SolidError> = [cut(-75.0, 0.2), cut(75.0, 0.0)].into_iter().collect();
    let plan = Plan {
        region: Region::Painted { points: vec![Point::new(40.0, 20.0, 0.0)], radius_mm: 12.0 },
        insertion: Vector::new(0.0, -1.0, 0.0),
        drills: Vec::new(),
        cuts: cuts?,
        ..plan()
    };
    Ok((limb, plan))
}

/// A plate of 80 × 60 mm, 4 mm thick, and a disc of 28 mm radius painted on it.
pub(crate) fn plate() -> Result<(Mesh, Plan), SolidError> {
    let region = Region::Painted { points: vec![Point::new(0.0, 2.0, 0.0)], radius_mm: 28.0 };
    let plan = Plan { region, drills: Vec::new(), ..plan() };
    Ok((cuboid(&Pose::IDENTITY, [80.0, 4.0, 60.0])?, plan))
}

/// What each recipe and each cut makes, by name, on grids so many times as coarse as usual.
pub(crate) fn all(coarse: f64) -> Result<Vec<(String, Made)>, SolidError> {
    let mut all: Vec<(String, Made)> = Vec::new();
    let mut add = |id: &str, body: &Mesh, plan: &Plan, params: &Params| {
        let Some(recipe) = recipe(id) else { return Err(SolidError::refused(id, id)) };
        let mut params = params.clone();
        if let Some(usual) = recipe.params.iter().find(|p| p.id == "spacing").and_then(|p| p.default) {
            params.set("spacing", usual * coarse);
        }
        all.push((id.to_owned(), make(recipe, body, plan, &params, &Silent)?));
        Ok(())
    };
    let (bone, plan, usual) = (bone()?, plan(), Params::new());
    add("drill_guide", &bone, &plan, &usual)?;
    let saw = Pose::with_side(
        Point::new(0.0, 15.0, -10.0),
        Vector::new(0.0, 1.0, 0.0),
        Vector::new(1.0, 0.0, 0.0),
    )?;
    add(
        "cutting_guide",
        &bone,
        &Plan { cuts: vec![Cut { pose: saw, length_mm: 20.0 }], ..plan.clone() },
        &usual,
    )?;
    let wire = |x: f64, z: f64| {
        let entry = Point::new(x, (225.0 - x * x).sqrt(), z);
        Drill { entry, target: entry - Vector::new(0.0, 12.0, 0.0), diameter_mm: 1.6 }
    };
    add(
        "kwire_guide",
        &bone,
        &Plan { drills: vec![wire(-7.0, -12.0), wire(2.0, -3.0)], ..plan.clone() },
        &usual,
    )?;
    let ring = |n: i32| {
        let (s, c) = (f64::from(n) * core::f64::consts::TAU / 20.0).sin_cos();
        Point::new(12.0 * c, 12.0, 14.0 * s)
    };
    let within = Region::Curve { points: (0..20).map(ring).collect() };
    add("contact_guide", &bone, &Plan { region: within, drills: Vec::new(), ..plan.clone() }, &usual)?;
    let (skull, mirrored) = skull()?;
    add("mirrored_implant", &skull, &mirrored, &usual)?;
    let two = joined(&ball(3, [0.0, 0.0, 30.0], |_| 12.0), &ball(3, [40.0, 0.0, 34.0], |_| 10.0));
    add("model_with_base", &two, &Plan { insertion: Vector::new(0.0, 0.0, -1.0), ..plan.clone() }, &usual)?;
    let cap = (0..24).map(|n| (f64::from(n) * core::f64::consts::TAU / 24.0).sin_cos());
    let cap = Region::Curve { points: cap.map(|(s, c)| Point::new(40.0, 15.0 * s, 15.0 * c)).collect() };
    let inwards = Vector::new(-1.0, 0.0, 0.0);
    let whole = difference(&ball(4, [0.0; 3], |_| 40.0), &ball(4, [0.0; 3], |_| 35.0))?;
    add(
        "curve_cut",
        &whole,
        &Plan { region: cap, insertion: inwards, ..plan.clone() },
        &Params::new().with("depth", 12.0),
    )?;
    let (limb, halves) = limb()?;
    add("splint", &limb, &halves, &usual)?;
    let lumen = capsule(Point::origin(), Point::new(20.0, 10.0, 60.0), 4.0)?;
    let lumen = union(&lumen, &capsule(Point::new(10.0, 5.0, 30.0), Point::new(-20.0, 10.0, 60.0), 3.0)?)?;
    let end = |at: Point<_>, axis: Vector<_>| Ok(Cut { pose: Pose::along(at, axis)?, length_mm: 30.0 });
    let up = Vector::new(0.0, 0.0, 1.0);
    let ends: Result<_, SolidError> = [
        end(Point::new(0.0, 0.0, 2.0), up * -1.0),
        end(Point::new(20.0, 10.0, 55.0), up),
        end(Point::new(-20.0, 10.0, 55.0), up),
    ]
    .into_iter()
    .collect();
    add("hollow_vessel", &lumen, &Plan { cuts: ends?, ..plan.clone() }, &usual)?;
    let (plate, painted) = plate()?;
    add("perforated", &plate, &painted, &usual)?;
    let foot = Point::new(0.0, 0.0, -40.0);
    let drain = Drill { entry: foot, target: Point::origin(), diameter_mm: 5.0 };
    add("hollow_model", &bone, &Plan { drills: vec![drain], ..plan.clone() }, &usual)?;
    let across = |z: f64, tilt: f64| {
        let pose = Pose::along(Point::new(0.0, 0.0, z), Vector::new(0.0, tilt, 1.0))?;
        Ok(Cut { pose, length_mm: 60.0 })
    };
    let planes: Result<Vec<Cut>, SolidError> = [across(-14.0, 0.2), across(18.0, 0.0)].into_iter().collect();
    let planned = Plan { cuts: planes?, ..plan };
    add("split_model", &bone, &planned, &usual)?;
    for (kind, name) in [(2.0, "split_model_dowels"), (3.0, "split_model_tongues")] {
        let made = make_of("split_model", &bone, &planned, &Params::new().with("joint", kind))?;
        all.push((name.to_owned(), made));
    }
    let spongy = Params::new().with("porosity", 0.7).with("spacing", 0.5 * coarse).with("cell", 6.0);
    all.push((
        "mirrored_implant_lattice".to_owned(),
        make_of("mirrored_implant", &skull, &mirrored, &spongy)?,
    ));
    let plain = |mesh| Made { mesh, params: Params::new(), label: None, crumbs_mm3: 0.0 };
    all.extend(cuts(&bone)?.into_iter().map(|(name, mesh)| (name, plain(mesh))));
    Ok(all)
}

/// The recipe that made what has a name: its id, or that and what was set.
pub(crate) fn recipe_of(name: &str) -> Option<&'static Recipe> {
    RECIPES.iter().find(|recipe| name.starts_with(recipe.id))
}

fn make_of(id: &str, body: &Mesh, plan: &Plan, params: &Params) -> Result<Made, SolidError> {
    let recipe = recipe(id).ok_or_else(|| SolidError::refused(id, id))?;
    make(recipe, body, plan, params, &Silent)
}

/// What is cut and filled without a recipe.
fn cuts(bone: &Mesh) -> Result<Vec<(String, Mesh)>, SolidError> {
    let across = Pose::along(Point::origin(), Vector::new(0.0, 0.2, 1.0))?;
    let joints = [
        ([6.0, 6.0], Joint::Pin { diameter_mm: 4.0, length_mm: 6.0 }),
        ([-6.0, 6.0], Joint::Dowel { diameter_mm: 4.0, length_mm: 12.0 }),
        ([0.0, -6.0], Joint::Tongue { width_mm: 10.0, thickness_mm: 3.0, length_mm: 5.0 }),
    ];
    let split = split_with_joints(bone, &across, 0.0, &joints, 0.2)?;
    let mut all: Vec<(String, Mesh)> =
        vec![("split_above".into(), split.above), ("split_below".into(), split.below)];
    all.extend(split.dowels.into_iter().map(|dowel| ("split_dowel".into(), dowel)));
    all.push(("kerf_above".into(), cut_by_plane(bone, &across, 1.0)?.above));
    all.push((
        "gyroid".into(),
        gyroid_fill(&cuboid(&Pose::IDENTITY, [24.0; 3])?, 8.0, 0.7, 1.5, 0.4, &Silent)?,
    ));
    Ok(all)
}
