//! Guides and other solids of a case: a recipe over a surface and a plan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use casebank_case::{Actor, Case, CaseId, Command, ObjectHash, PlanEntry, PlanShape, SolidEntry};
use casebank_store::{AuditAction, Bank, Outcome};
use meshing_segment::Params;
use meshing_solid::{
    Cut, Drill, Font, Lettering, Made, Plan, Pose, RECIPES, Recipe, Region, SolidError, make_lettered,
};
use meshing_space::{Lps, Point, Vector};
use meshing_surface::{Measures, Mesh, measure, threemf};
use meshing_volume::{Progress, Told as _};
use serde::Serialize;
use serde_json::{Value, json};

use crate::sheet::FONT;
use crate::{Fault, FaultKind, Stopwatch, mesh, now, segment, volumes};

/// The brush around each entry where nobody painted a region, mm.
const BRUSH_MM: f64 = 16.0;
/// The length of a saw slot where nobody gave one, mm.
const SLOT_MM: f64 = 30.0;
/// Parameters that the plan takes, beside those of the recipe.
const INSERTION: &str = "insertion_lps";
const BRUSH: &str = "brush_mm";
const SLOT: &str = "slot_mm";
const LABEL: &str = "label";
/// Recipes that read the plan in their own way.
const CURVE_CUT: &str = "curve_cut";
const SPLINT: &str = "splint";
/// As [`CURVE_CUT`]: its planes part the model, wherever it is looked at from.
const SPLIT_MODEL: &str = "split_model";
/// Nothing is put on them: they stand on their feet.
const MODELS: [&str; 3] = [SPLIT_MODEL, "hollow_model", "model_with_base"];
/// The thinnest line of an engraved letter, mm: what resin printers, on which guides are made, still show.
const LEAST_LINE_MM: f64 = 0.3;
/// What a brush and a slot may measure, mm.
const BRUSHES_MM: std::ops::RangeInclusive<f64> = 2.0..=200.0;
const SLOTS_MM: std::ops::RangeInclusive<f64> = 2.0..=300.0;

/// What is wanted.
#[derive(Clone, Debug)]
pub struct GuideOrder<'a> {
    /// The case.
    pub case: CaseId,
    /// Id of the recipe.
    pub recipe: &'a str,
    /// Name of the solid; `None` takes the recipe's id.
    pub name: Option<&'a str>,
    /// Name of the segment whose surface it fits.
    pub segment: &'a str,
    /// Names of the plan objects it is made from; none takes every trajectory, plane, region and closed curve of the case.
    pub plan: Vec<String>,
    /// Parameters of the recipe, and `brush_mm`, `slot_mm`.
    pub params: Params,
    /// Direction in which it is pushed onto the bone, LPS; `None`: along the mean of the trajectories, or onto the surface.
    pub insertion: Option<Vector<Lps>>,
    /// What is engraved; `None` takes the case's and the plan's numbers, an empty text nothing.
    pub label: Option<&'a str>,
}

/// What came of it; its JSON is the `guide` answer.
#[derive(Clone, Debug, Serialize)]
pub struct GuideReport {
    /// The case.
    pub case: CaseId,
    /// Name of the solid.
    pub solid: String,
    /// Id of the recipe.
    pub recipe: String,
    /// Parameters as used.
    pub params: BTreeMap<String, Value>,
    /// The plan objects it is made from.
    pub plan: Vec<String>,
    /// What is engraved; empty if nothing.
    pub label: String,
    /// Triangles.
    pub triangles: usize,
    /// Enclosed volume.
    pub volume_mm3: f64,
    /// Connected parts.
    pub parts: usize,
    /// Corners of the bounding box.
    pub bbox_lps_mm: [Point<Lps>; 2],
    /// How long it took.
    pub seconds: f64,
    /// The file, if one was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
}

/// The recipes there are.
pub fn recipes() -> impl Iterator<Item = &'static Recipe> {
    RECIPES.iter()
}

/// The recipe of an id.
///
/// # Errors
/// An unknown id, naming those there are.
pub fn recipe(id: &str) -> Result<&'static Recipe, Fault> {
    meshing_solid::recipe(id).ok_or_else(|| {
        let ids: Vec<&str> = recipes().map(|recipe| recipe.id).collect();
        Fault::new(
            FaultKind::Usage,
            (format!("There is no recipe {id:?}."), format!("没有配方 {id:?}。")),
            ("Nothing was made.", "没有生成任何内容。"),
            (format!("The recipes are: {}.", ids.join(", ")), format!("可用的配方：{}。", ids.join("、"))),
        )
    })
}

/// Makes a solid, puts it into its case and says what it is. A segment without a surface gets one first.
///
/// # Errors
/// A scan that may not be printed, a plan that the recipe cannot make (the words say why), a stale surface, or a bank that
/// cannot keep the result.
pub fn guide(
    bank: &Bank,
    actor: &Actor,
    order: &GuideOrder<'_>,
    progress: &dyn Progress,
) -> Result<GuideReport, Fault> {
    let watch = Stopwatch::new();
    let recipe = recipe(order.recipe)?;
    let mut journal = bank.load(&order.case, actor)?;
    let case = journal.case();
    let segment = case.segment(order.segment).ok_or_else(|| segment::no_such(case, order.segment))?;
    mesh::ask_to_print(bank, actor, case, segment.volume)?;
    if case.surface(order.segment).is_none() {
        let volume = volumes::load(bank, volumes::choose(case, Some(segment.volume))?, progress)?;
        let mask = segment::load_mask(bank, segment, &volume)?;
        let error_mm = mesh::usual_max_error_mm(&volume);
        let surface = mesh::surface(&volume, &mask, segment.level, error_mm, progress)?;
        mesh::keep(bank, actor, order.case, segment, &surface)?;
        journal = bank.load(&order.case, actor)?;
    }
    let case = journal.case();
    case.may_export(order.segment)?;
    let plan = if order.plan.is_empty() {
        case.plan
            .iter()
            .filter(|object| is_usable(recipe.id, &object.shape))
            .map(|object| object.name.clone())
            .collect()
    } else {
        order.plan.clone()
    };
    ask_params(recipe, &order.params)?;
    let mut params: BTreeMap<String, Value> =
        order.params.iter().map(|(id, value)| (id.to_owned(), value.into())).collect();
    if let Some(insertion) = order.insertion {
        params.insert(INSERTION.to_owned(), json!(insertion.to_array()));
    }
    if let Some(label) = order.label {
        params.insert(LABEL.to_owned(), label.into());
    }
    let entry = SolidEntry {
        name: order.name.unwrap_or(recipe.id).to_owned(),
        recipe: recipe.id.to_owned(),
        algorithm: recipe.version,
        params,
        segments: vec![order.segment.to_owned()],
        plan,
        object: ObjectHash([0; 32]),
        triangles: 0,
        volume_mm3: 0.0,
        parts: 0,
        bbox_lps_mm: [[0.0; 3]; 2],
        label: Value::Null,
        made_from: ObjectHash([0; 32]),
    };
    let (entry, label, measures) = make(bank, actor, case, entry, progress)?;
    Ok(GuideReport {
        case: order.case,
        solid: entry.name,
        recipe: entry.recipe,
        params: entry.params,
        plan: entry.plan,
        label,
        triangles: measures.triangles,
        volume_mm3: measures.volume_mm3,
        parts: measures.parts,
        bbox_lps_mm: measures.bbox_lps_mm,
        seconds: watch.seconds(),
        file: None,
    })
}

/// Refuses parameters that neither the recipe nor the plan knows, or that make no sense; the recipe checks its own.
fn ask_params(recipe: &Recipe, params: &Params) -> Result<(), Fault> {
    for (id, value) in params.iter() {
        let limits = match id {
            BRUSH => BRUSHES_MM,
            SLOT => SLOTS_MM,
            id if recipe.params.iter().any(|param| param.id == id) => continue,
            id => return Err(unknown_param(recipe, id)),
        };
        if !limits.contains(&value) {
            let (least, most) = (limits.start(), limits.end());
            return Err(Fault::new(
                FaultKind::Usage,
                (
                    format!("{id} must lie between {least} and {most} mm, not at {value}."),
                    format!("{id} 必须在 {least} 与 {most} mm 之间，不能是 {value}。"),
                ),
                ("Nothing was made.", "没有生成任何内容。"),
                ("Give another value.", "请给出其他值。"),
            ));
        }
    }
    Ok(())
}

/// Whether a recipe can take a plan object: points say where something is, not what to make, and so do open curves to all
/// but a saw that follows them.
fn is_usable(recipe: &str, shape: &PlanShape) -> bool {
    match shape {
        PlanShape::Point { .. } => false,
        PlanShape::Curve { closed: false, .. } => recipe == CURVE_CUT,
        _ => true,
    }
}

/// Makes a solid again from what its surface and plan are now; false if they are gone.
///
/// # Errors
/// As [`guide`].
pub fn again(
    bank: &Bank,
    actor: &Actor,
    case: &Case,
    name: &str,
    progress: &dyn Progress,
) -> Result<bool, Fault> {
    let Some(old) = case.solid(name) else { return Ok(false) };
    let Some(recipe) = meshing_solid::recipe(&old.recipe) else { return Ok(false) };
    if old.key(case).is_none() {
        return Ok(false);
    }
    make(bank, actor, case, SolidEntry { algorithm: recipe.version, ..old.clone() }, progress)?;
    Ok(true)
}

/// Runs the recipe of an entry on the case as it is, and journals the result.
fn make(
    bank: &Bank,
    actor: &Actor,
    case: &Case,
    mut entry: SolidEntry,
    progress: &dyn Progress,
) -> Result<(SolidEntry, String, Measures), Fault> {
    let recipe = recipe(&entry.recipe)?;
    let bone = bone(bank, case, &entry)?;
    // Of surface and plan alone, so that the same plan always has the same number.
    let planned = SolidEntry { params: BTreeMap::new(), ..entry.clone() }.key(case);
    let planned = planned.ok_or_else(|| missing(case, &entry.plan))?;
    let label = match entry.params.get(LABEL).and_then(Value::as_str) {
        Some(label) => label.to_owned(),
        None => identity(case.id, planned),
    };
    in_one_space(case, &entry)?;
    let plan = plan_of(case, &entry, &bone, label.clone())?;
    let mut params = Params::new();
    for param in recipe.params {
        if let Some(number) = entry.params.get(param.id).and_then(Value::as_f64) {
            params.set(param.id, number);
        }
    }
    let font = Font::new(FONT).map_err(|e| unmade(recipe, &e))?;
    let lettering = Lettering { font: Some(&font), least_mm: LEAST_LINE_MM };
    let Made { mesh, params: used, label: engraved, .. } =
        make_lettered(recipe, &bone, &plan, &params, lettering, progress).map_err(|e| unmade(recipe, &e))?;
    let measures = measure(&mesh);
    let mut journal = bank.load(&case.id, actor)?;
    entry.params.extend(used.iter().map(|(id, value)| (id.to_owned(), value.into())));
    entry.object = bank.put_object(&threemf::write(&mesh, &entry.name))?;
    entry.triangles = measures.triangles as u64;
    entry.volume_mm3 = measures.volume_mm3;
    entry.parts = measures.parts as u64;
    entry.label = engraved.map_or(Value::Null, |label| json!(label));
    entry.bbox_lps_mm = measures.bbox_lps_mm.map(Point::to_array);
    // Of the case that it was made from: what somebody changed meanwhile makes it stale.
    entry.made_from = entry.key(case).ok_or_else(|| missing(case, &entry.plan))?;
    journal.apply(Command::PutSolid(Box::new(entry.clone())), actor, now())?;
    bank.commit(&case.id, &journal, actor)?;
    Ok((entry, label, measures))
}

/// Refuses a plan whose positions are not positions on the scan of the surface.
fn in_one_space(case: &Case, entry: &SolidEntry) -> Result<(), Fault> {
    let scans: Vec<_> =
        entry.segments.iter().filter_map(|name| case.segment(name)).map(|segment| segment.volume).collect();
    let objects = entry.plan.iter().filter_map(|name| case.plan_object(name));
    let elsewhere = |object: &&PlanEntry| scans.iter().any(|scan| !case.share_space(*scan, object.volume));
    let Some(object) = objects.into_iter().find(elsewhere) else { return Ok(()) };
    let name = &object.name;
    Err(unplannable(
        (
            format!(
                "The plan object {name:?} was planned on another scan, which shares no frame of reference with this one."
            ),
            format!("规划对象 {name:?} 是在另一个扫描上规划的，二者没有共同的参考坐标系。"),
        ),
        (
            "Plan it on the scan of the segment (`theatron plan put --volume`).",
            "请在该分割所在的扫描上规划（`theatron plan put --volume`）。",
        ),
    ))
}

/// The surface that a solid is made on.
///
/// # Errors
/// No surface, or one that cannot be read.
pub fn bone(bank: &Bank, case: &Case, solid: &SolidEntry) -> Result<Mesh, Fault> {
    let surface = solid.segments.first().and_then(|segment| case.surface(segment));
    let surface = surface.ok_or_else(|| missing(case, &solid.segments))?;
    mesh::load(bank, surface)
}

/// The mesh of a stored solid.
///
/// # Errors
/// An object that is missing or damaged.
pub fn load(bank: &Bank, solid: &SolidEntry) -> Result<Mesh, Fault> {
    threemf::read(&bank.object(&solid.object)?).map_err(|error| {
        Fault::new(
            FaultKind::Internal,
            format!("The stored solid cannot be read: {error}."),
            "It is not shown.",
            "Make it again with `theatron recompute`.",
        )
    })
}

/// Numbers that name case and plan without naming the patient: engraved on the solid.
fn identity(case: CaseId, planned: ObjectHash) -> String {
    let (case, plan) = (case.to_string(), planned.to_string());
    format!("{} {}", &case[..6], &plan[..4]).to_ascii_uppercase()
}

/// Refuses a plan that says twice where a part touches.
fn one_region(regions: &[Region]) -> Result<(), Fault> {
    if regions.len() > 1 {
        return Err(unplannable(
            (
                format!("The plan has {} regions.", regions.len()),
                format!("规划中有 {} 个区域。", regions.len()),
            ),
            ("Name one of them with --plan.", "请用 --plan 指定其中一个。"),
        ));
    }
    Ok(())
}

/// The plan as the recipe takes it.
///
/// # Errors
/// Two regions, or nothing that says where the guide touches.
pub fn plan_of(case: &Case, solid: &SolidEntry, bone: &Mesh, label: String) -> Result<Plan, Fault> {
    let number = |id: &str, usual: f64| solid.params.get(id).and_then(Value::as_f64).unwrap_or(usual);
    let objects: Vec<&PlanEntry> = solid.plan.iter().filter_map(|name| case.plan_object(name)).collect();
    if let Some(idle) = objects.iter().find(|object| !is_usable(&solid.recipe, &object.shape)) {
        let name = &idle.name;
        return Err(unplannable(
            (
                format!(
                    "The plan object {name:?} is a point or an open curve, which this recipe does not take."
                ),
                format!("规划对象 {name:?} 是点或开放曲线，此配方不使用它。"),
            ),
            ("Name others with --plan, or close the curve.", "请用 --plan 指定其他对象，或闭合曲线。"),
        ));
    }
    let mut regions = Vec::new();
    let (mut drills, mut planes) = (Vec::new(), Vec::new());
    for object in &objects {
        match &object.shape {
            PlanShape::Region { points_lps_mm, radius_mm } => {
                regions.push(Region::Painted { points: points_lps_mm.clone(), radius_mm: *radius_mm });
            }
            PlanShape::Curve { points_lps_mm, closed: true } => {
                regions.push(Region::Curve { points: points_lps_mm.clone() });
            }
            // What a saw follows to its end: places in their order.
            PlanShape::Curve { points_lps_mm, closed: false } => {
                regions.push(Region::Painted { points: points_lps_mm.clone(), radius_mm: BRUSH_MM });
            }
            PlanShape::Trajectory { entry_lps_mm, target_lps_mm, diameter_mm, .. } => {
                drills.push(Drill {
                    entry: *entry_lps_mm,
                    target: *target_lps_mm,
                    diameter_mm: *diameter_mm,
                });
            }
            PlanShape::Plane { at_lps_mm, normal_lps } => planes.push((*at_lps_mm, *normal_lps)),
            _ => {}
        }
    }
    one_region(&regions)?;
    let places: Vec<Point<Lps>> =
        drills.iter().map(|drill| drill.entry).chain(planes.iter().map(|(at, _)| *at)).collect();
    // The painted places of a splint stay closed; where it stands is said by its planes.
    let usual = if solid.recipe == SPLINT { Vec::new() } else { places.clone() };
    let region = regions
        .pop()
        .unwrap_or_else(|| Region::Painted { points: usual, radius_mm: number(BRUSH, BRUSH_MM) });
    let stated = solid.params.get(INSERTION).and_then(|value| serde_json::from_value(value.clone()).ok());
    let onto = match stated {
        Some(stated) => Vector::<Lps>::from_array(stated).normalized(),
        // A model stands on its feet.
        None if objects.is_empty() || MODELS.contains(&solid.recipe.as_str()) => {
            Some(Vector::new(0.0, 0.0, -1.0))
        }
        // The upper half of a splint is the one in front.
        None if solid.recipe == SPLINT => Some(Vector::new(0.0, 1.0, 0.0)),
        None => usual_insertion(&drills, &region, &places, bone),
    };
    let insertion = onto.ok_or_else(|| {
        unplannable(
            ("Nothing says from which side the guide is put on.", "没有说明导板从哪一侧放上。"),
            ("Give --insertion X,Y,Z, pointing into the bone.", "请给出 --insertion X,Y,Z，指向骨内。"),
        )
    })?;
    let slot = number(SLOT, SLOT_MM);
    let across = |&(at, normal): &(Point<Lps>, Vector<Lps>)| {
        Pose::along(at, normal)
            .map_err(|error| unplannable(error.to_string(), ("Plan the plane again.", "请重新规划平面。")))
    };
    // A plane is what mirrors, where a vessel or a splint ends, what parts a model, or where a saw cuts.
    let mut plane = None;
    match solid.recipe.as_str() {
        "mirrored_implant" => {
            plane = planes.first().map(across).transpose()?;
            planes.clear();
        }
        SPLINT | SPLIT_MODEL | "hollow_vessel" => {
            // The third plane of a splint parts its halves.
            if solid.recipe == SPLINT && planes.len() == 3 {
                plane = planes.pop().as_ref().map(across).transpose()?;
            }
            let open = |at: &(Point<Lps>, Vector<Lps>)| Ok(Cut { pose: across(at)?, length_mm: slot });
            let cuts = planes.iter().map(open).collect::<Result<Vec<_>, Fault>>()?;
            return Ok(Plan { region, insertion, drills, cuts, plane, label });
        }
        _ => {}
    }
    let cuts = planes.iter().map(|(at, normal)| {
        let out = insertion * -1.0;
        let pose = Pose::with_side(*at, out, normal.cross(out)).map_err(|_along| {
            unplannable(
                ("A cut runs across the direction in which the guide is put on.", "切面与放置方向垂直。"),
                ("Give another --insertion.", "请给出另一个 --insertion。"),
            )
        })?;
        Ok(Cut { pose, length_mm: slot })
    });
    let cuts = cuts.collect::<Result<Vec<_>, Fault>>()?;
    Ok(Plan { region, insertion, drills, cuts, plane, label })
}

/// The mean direction of the bores, or into the surface where the plan lies.
fn usual_insertion(
    drills: &[Drill],
    region: &Region,
    places: &[Point<Lps>],
    bone: &Mesh,
) -> Option<Vector<Lps>> {
    let along: Vector<Lps> = drills
        .iter()
        .filter_map(|drill| (drill.target - drill.entry).normalized())
        .fold(Vector::zero(), |sum, axis| sum + axis);
    if along.length() > 0.1 {
        return along.normalized();
    }
    let points = match region {
        Region::Painted { points, .. } | Region::Curve { points } if places.is_empty() => points.as_slice(),
        _ => places,
    };
    let near = |point: &Point<Lps>| {
        (0..bone.triangles.len())
            .min_by(|&a, &b| {
                let far = |t: usize| bone.corners(t)[0].distance(*point);
                far(a).total_cmp(&far(b))
            })
            .and_then(|t| {
                let [a, b, c] = bone.corners(t);
                (b - a).cross(c - a).normalized()
            })
    };
    let out = points.iter().take(64).filter_map(near).fold(Vector::zero(), |sum, normal| sum + normal);
    (out * -1.0).normalized()
}

/// Writes a solid as a print file, if the case lets it leave. That it does is in the audit log before.
///
/// # Errors
/// What [`Case::may_export_solid`] refuses, or a file that cannot be written.
pub fn export(bank: &Bank, actor: &Actor, case: CaseId, name: &str, file: &Path) -> Result<Measures, Fault> {
    let journal = bank.load(&case, actor)?;
    if let Err(refusal) = journal.case().may_export_solid(name) {
        bank.audit(actor, AuditAction::Export, Some(case), Outcome::Refused, Some("print file"))?;
        return Err(refusal.into());
    }
    let solid = journal.case().solid(name).ok_or_else(|| missing(journal.case(), &[name.to_owned()]))?;
    let mesh = load(bank, solid)?;
    bank.audit(actor, AuditAction::Export, Some(case), Outcome::Granted, Some("print file"))?;
    let checks = journal.case().checks_of(name).map(|checks| match &checks.signature {
        Some(signature) if !checks.pass() => {
            format!("failed: {}; signed by {}", checks.failed().join(", "), signature.by)
        }
        _ => "passed".to_owned(),
    });
    let about = [
        ("Case", case.to_string()),
        ("Plan", solid.made_from.to_string()),
        ("Recipe", format!("{} {}", solid.recipe, solid.algorithm)),
        ("Checks", checks.unwrap_or_default()),
    ];
    let about: Vec<(&str, &str)> = about.iter().map(|(name, text)| (*name, text.as_str())).collect();
    mesh::write_mesh(&mesh, file, name, &about)?;
    Ok(measure(&mesh))
}

fn unmade(recipe: &Recipe, error: &SolidError) -> Fault {
    if let SolidError::Cancelled(cancelled) = error {
        return (*cancelled).into();
    }
    Fault::new(
        FaultKind::Refused,
        (
            format!("The recipe {} made nothing: {error}.", recipe.id),
            format!("配方 {} 没有生成结果：{}。", recipe.id, error.chinese()),
        ),
        ("The case is unchanged.", "病例没有改变。"),
        (
            "Change the plan or the parameters; `theatron guide --help` lists them.",
            "请修改规划或参数；`theatron guide --help` 会列出参数。",
        ),
    )
}

fn unknown_param(recipe: &Recipe, id: &str) -> Fault {
    let ids: Vec<&str> = recipe.params.iter().map(|p| p.id).chain([BRUSH, SLOT]).collect();
    Fault::new(
        FaultKind::Usage,
        (
            format!("The recipe {} has no parameter {id:?}.", recipe.id),
            format!("配方 {} 没有参数 {id:?}。", recipe.id),
        ),
        ("Nothing was made.", "没有生成任何内容。"),
        (format!("It has: {}.", ids.join(", ")), format!("它有：{}。", ids.join("、"))),
    )
}

fn unplannable(what: impl Into<casebank_case::Words>, next_step: impl Into<casebank_case::Words>) -> Fault {
    Fault::new(FaultKind::Refused, what, ("Nothing was made.", "没有生成任何内容。"), next_step)
}

fn missing(case: &Case, names: &[String]) -> Fault {
    let gone: Vec<&str> = names
        .iter()
        .filter(|name| case.plan_object(name).is_none() && case.surface(name).is_none())
        .map(String::as_str)
        .collect();
    Fault::new(
        FaultKind::Usage,
        (
            format!("The case has no plan object or surface {:?}.", gone.join(", ")),
            format!("病例中没有规划对象或表面 {:?}。", gone.join("、")),
        ),
        ("Nothing was made.", "没有生成任何内容。"),
        ("`theatron plan list CASE` names what is planned.", "`theatron plan list CASE` 列出规划对象。"),
    )
}
