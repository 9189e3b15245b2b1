//! Print checks: of a solid of a case, or of any file; their report; and a person's signature.

use std::collections::BTreeMap;

use casebank_case::{
    Actor, Case, CaseId, CheckResult, ChecksEntry, Command, Language, ObjectHash, Signature, SolidEntry,
    Words,
};
use casebank_store::Bank;
use image::RgbaImage;
use meshing_segment::Params;
use meshing_solid::checks::{Check, Fit, Limits};
use meshing_surface::{Mesh, self_intersections};
use meshing_volume::{Progress, Told as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::printing::{Material, Named, Printer, material, printer};
use crate::sheet::{Row, Sheet};
use crate::{Fault, FaultKind, guide, now};

/// Version of the checks; a new one makes stored checks stale.
pub const ALGORITHM: u32 = 2;
/// Least area on which a guide must touch the bone, mm².
const CONTACT_MM2: f64 = 50.0;
/// The profiles where nobody named others.
pub const USUAL_PRINTER: &str = "sla-145";
/// As [`USUAL_PRINTER`].
pub const USUAL_MATERIAL: &str = "resin-guide";

/// What is to be checked, and for which printer.
#[derive(Clone, Copy, Debug)]
pub struct CheckOrder<'a> {
    /// The case.
    pub case: CaseId,
    /// Name of the solid.
    pub solid: &'a str,
    /// Id or file of the printer.
    pub printer: &'a str,
    /// Id or file of the material.
    pub material: &'a str,
}

/// What came of it; its JSON is the `check` answer of the command line contract.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    /// The solid, or the file.
    pub file: String,
    /// Whether every check passed.
    pub pass: bool,
    /// Who signed although one failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// The checks.
    pub checks: Vec<CheckResult>,
}

/// Checks a solid of a case and journals the result.
///
/// # Errors
/// A solid, printer or material that is not there, or a bank that cannot keep the result.
pub fn check(
    bank: &Bank,
    actor: &Actor,
    order: &CheckOrder<'_>,
    progress: &dyn Progress,
) -> Result<CheckReport, Fault> {
    run_for(bank, actor, order, &printer(order.printer)?, &material(order.material)?, progress)
}

/// [`check`] for profiles that are at hand.
fn run_for(
    bank: &Bank,
    actor: &Actor,
    order: &CheckOrder<'_>,
    printer: &Named<Printer>,
    material: &Named<Material>,
    progress: &dyn Progress,
) -> Result<CheckReport, Fault> {
    let mut journal = bank.load(&order.case, actor)?;
    let case = journal.case();
    let solid = case.solid(order.solid).ok_or_else(|| no_such(case, order.solid))?;
    let results = run(bank, case, solid, printer, material, progress)?;
    let params = BTreeMap::from([
        ("printer".to_owned(), profile(printer)?),
        ("material".to_owned(), profile(material)?),
    ]);
    let mut entry = ChecksEntry {
        solid: order.solid.to_owned(),
        algorithm: ALGORITHM,
        params,
        results,
        made_from: ObjectHash([0; 32]),
        signature: None,
    };
    entry.made_from = entry.key(solid);
    let report = report(&entry);
    journal.apply(Command::PutChecks(Box::new(entry)), actor, now())?;
    bank.commit(&order.case, &journal, actor)?;
    Ok(report)
}

/// Checks a solid again for the printer and material of before, as they were then; false if it was never checked.
///
/// # Errors
/// As [`check`].
pub fn again(
    bank: &Bank,
    actor: &Actor,
    case: &Case,
    solid: &str,
    progress: &dyn Progress,
) -> Result<bool, Fault> {
    let Some(old) = case.checks_of(solid) else { return Ok(false) };
    let (Some(printer), Some(material)) = (stored(old, "printer"), stored(old, "material")) else {
        return Ok(false);
    };
    let order = CheckOrder { case: case.id, solid, printer: &printer.id, material: &material.id };
    run_for(bank, actor, &order, &printer, &material, progress)?;
    Ok(true)
}

/// A person lets a solid leave although a check failed; journalled with name and reason.
///
/// # Errors
/// A solid without checks, no name or no reason, or a bank that cannot keep it.
pub fn sign(
    bank: &Bank,
    actor: &Actor,
    case: CaseId,
    solid: &str,
    by: &str,
    reason: &str,
) -> Result<(), Fault> {
    let mut journal = bank.load(&case, actor)?;
    let signature = Signature { by: by.trim().to_owned(), reason: reason.to_owned(), time: now() };
    journal.apply(Command::SignChecks { solid: solid.to_owned(), signature }, actor, now())?;
    bank.commit(&case, &journal, actor)?;
    Ok(())
}

/// Checks a mesh without a plan: what a file alone can tell.
///
/// # Errors
/// A printer or material that is not there, or cancelled.
pub fn check_mesh(
    mesh: &Mesh,
    name: &str,
    printer_id: &str,
    material_id: &str,
    progress: &dyn Progress,
) -> Result<CheckReport, Fault> {
    let (printer, material) = (printer(printer_id)?, material(material_id)?);
    let parts = mesh.parts();
    let limits = Limits { parts, ..limits(&printer.profile, &material.profile) };
    let found = meshing_solid::checks::check(mesh, &limits, None, progress).map_err(|e| failed(&e))?;
    let mut checks: Vec<CheckResult> = found.into_iter().map(result).collect();
    checks.push(crossings(mesh));
    checks.push(fits_material(&printer, &material));
    Ok(CheckReport {
        file: name.to_owned(),
        pass: checks.iter().all(|check| check.pass),
        signature: None,
        checks,
    })
}

/// The stored checks of a solid as a report.
pub fn report(entry: &ChecksEntry) -> CheckReport {
    CheckReport {
        file: entry.solid.clone(),
        pass: entry.pass(),
        signature: entry.signature.clone(),
        checks: entry.results.clone(),
    }
}

/// The profile that stored checks were made for: the file it came from may have changed since.
fn stored<T: DeserializeOwned>(checks: &ChecksEntry, key: &str) -> Option<Named<T>> {
    let mut profile = checks.params.get(key)?.clone();
    let id = profile.as_object_mut()?.remove("id")?;
    Some(Named { id: id.as_str()?.to_owned(), profile: serde_json::from_value(profile).ok()? })
}

fn profile<T: Serialize>(named: &Named<T>) -> Result<Value, Fault> {
    serde_json::to_value(named).map_err(|error| Fault::told(FaultKind::Internal, error.to_string()))
}

fn limits(printer: &Printer, material: &Material) -> Limits {
    Limits {
        wall_mm: printer.min_wall_mm.max(material.min_wall_mm),
        printer_mm: printer.build_volume_mm,
        // The profile counts from the plate, the check from the vertical.
        overhang_degrees: 90.0 - printer.overhang_deg,
        ..Limits::default()
    }
}

fn run(
    bank: &Bank,
    case: &Case,
    solid: &SolidEntry,
    printer: &Named<Printer>,
    material: &Named<Material>,
    progress: &dyn Progress,
) -> Result<Vec<CheckResult>, Fault> {
    let (mesh, bone) = (guide::load(bank, solid)?, guide::bone(bank, case, solid)?);
    let plan = guide::plan_of(case, solid, &bone, String::new())?;
    let number = |id: &str, usual: f64| solid.params.get(id).and_then(Value::as_f64).unwrap_or(usual);
    let fit = Fit {
        bone: &bone,
        insertion: plan.insertion,
        clearance_mm: number("clearance", 0.2),
        drills: &plan.drills,
        tool_clearance_mm: number("tool_clearance", 0.25),
        contact_mm2: CONTACT_MM2,
    };
    // What has a clearance is put on the bone; what has a gap stays in the patient; a model does neither.
    let has = |param: &str| solid.params.contains_key(param);
    let fit = Some(&fit).filter(|_| has("clearance"));
    let label = serde_json::from_value(solid.label.clone()).ok();
    // A model may be as thin as its printer makes it; what is used on a patient may not.
    let worn = has("clearance") || has("gap");
    let mut used = Params::new();
    for (id, value) in solid.params.iter().filter_map(|(id, value)| Some((id, value.as_f64()?))) {
        used.set(id, value);
    }
    let parts = meshing_solid::recipe(&solid.recipe).map_or(1, |recipe| (recipe.parts)(&used));
    let mut limits = Limits { label, parts, ..limits(&printer.profile, &material.profile) };
    if !worn {
        limits.wall_mm = printer.profile.min_wall_mm;
    }
    let found = meshing_solid::checks::check(&mesh, &limits, fit, progress).map_err(|e| failed(&e))?;
    let mut results: Vec<CheckResult> = found.into_iter().map(result).collect();
    results.push(crossings(&mesh));
    results.push(fits_material(printer, material));
    if worn {
        results.push(touches_patient(material));
    }
    if has("label_depth") {
        results.push(engraved(solid));
    }
    Ok(results)
}

fn result(check: Check) -> CheckResult {
    CheckResult {
        code: check.code.to_owned(),
        pass: check.pass,
        // A figure that could not be taken stands as one that cannot pass; a journal holds finite numbers only.
        value: if check.value.is_finite() { check.value } else { -1.0 },
        limit: check.limit,
        unit: check.unit.to_owned(),
        message: check.message.en,
        message_zh: check.message.zh,
    }
}

fn told(code: &str, pass: bool, value: f64, limit: f64, words: (String, String)) -> CheckResult {
    let (message, message_zh) = words;
    CheckResult { code: code.to_owned(), pass, value, limit, unit: String::new(), message, message_zh }
}

fn crossings(mesh: &Mesh) -> CheckResult {
    let count = self_intersections(mesh).len();
    told(
        "self_intersections",
        count == 0,
        count as f64,
        0.0,
        (format!("{count} pairs of triangles cross."), format!("{count} 对三角形相交。")),
    )
}

fn fits_material(printer: &Named<Printer>, material: &Named<Material>) -> CheckResult {
    let (p, m) = (&printer.profile, &material.profile);
    let pass = m.processes.contains(&p.process);
    let (not, zh) = if pass { ("", "可以") } else { (" does not", "不能") };
    let prints = if pass { "prints" } else { "print" };
    told(
        "material",
        pass,
        f64::from(u8::from(pass)),
        1.0,
        (
            format!("{}{not} {prints} {}.", p.name_en, m.name_en),
            format!("{}{zh}打印{}。", p.name_zh, m.name_zh),
        ),
    )
}

fn touches_patient(material: &Named<Material>) -> CheckResult {
    let m = &material.profile;
    let pass = m.patient_contact && m.sterilisation != "none";
    let words = if pass {
        (
            format!(
                "{}: kinds of it are sold for contact with patients; sterilisation: {}.",
                m.name_en, m.sterilisation
            ),
            format!("{}：有用于接触患者的型号；灭菌方式：{}。", m.name_zh, m.sterilisation),
        )
    } else {
        (format!("{} is not for contact with patients.", m.name_en), format!("{}不可接触患者。", m.name_zh))
    };
    told("patient_contact", pass, f64::from(u8::from(pass)), 1.0, words)
}

fn engraved(solid: &SolidEntry) -> CheckResult {
    let pass = !solid.label.is_null();
    let words = if pass {
        ("The solid carries an engraved identity.", "实体上刻有编号。")
    } else {
        ("Nothing is engraved: it can be taken for another patient's.", "没有刻字：可能与其他患者的混淆。")
    };
    told("identity", pass, f64::from(u8::from(pass)), 1.0, (words.0.to_owned(), words.1.to_owned()))
}

fn failed(error: &meshing_solid::SolidError) -> Fault {
    if let meshing_solid::SolidError::Cancelled(cancelled) = error {
        return (*cancelled).into();
    }
    Fault::new(
        FaultKind::Refused,
        (format!("The solid cannot be checked: {error}."), format!("无法检查实体：{}。", error.chinese())),
        ("It does not leave the case.", "它不能离开病例。"),
        ("Make it again with another plan.", "请修改规划后重新生成。"),
    )
}

fn no_such(case: &Case, name: &str) -> Fault {
    let names: Vec<&str> = case.solids.iter().map(|solid| solid.name.as_str()).collect();
    Fault::new(
        FaultKind::Usage,
        (format!("The case has no solid {name:?}."), format!("病例中没有实体 {name:?}。")),
        (format!("It has: {}.", names.join(", ")), format!("它有：{}。", names.join("、"))),
        ("Make one with `theatron guide`.", "请用 `theatron guide` 生成。"),
    )
}

/// The report as a sheet of paper in a language. It names the case by number; the patient stands on it only if a person wrote
/// that into the name of a solid or a plan object.
pub fn sheet(
    case: &Case,
    report: &CheckReport,
    pictures: Vec<(String, RgbaImage)>,
    language: Language,
) -> Sheet {
    let say = |en: &str, zh: &str| Words::new(en, zh).in_language(language).to_owned();
    let mut facts =
        vec![(say("Case", "病例"), case.id.to_string()), (say("Solid", "实体"), report.file.clone())];
    if let (Some(solid), Some(checks)) = (case.solid(&report.file), case.checks_of(&report.file)) {
        let named = |key: &str| {
            let profile = checks.params.get(key).cloned().unwrap_or_default();
            let name = if language == Language::Chinese { "name_zh" } else { "name_en" };
            profile[name].as_str().unwrap_or_default().to_owned()
        };
        let [low, high] = solid.bbox_lps_mm;
        let size = [0, 1, 2].map(|n| format!("{:.1}", high[n] - low[n])).join(" × ");
        facts.extend([
            (say("Recipe", "配方"), format!("{} {}", solid.recipe, solid.algorithm)),
            (
                say("Plan", "规划"),
                format!("{} · {}", solid.plan.join(", "), &solid.made_from.to_string()[..16]),
            ),
            (say("Printer", "打印机"), named("printer")),
            (say("Material", "材料"), named("material")),
            (say("Size", "尺寸"), format!("{size} mm")),
            (say("Volume", "体积"), format!("{:.2} mL", solid.volume_mm3 / 1000.0)),
        ]);
    }
    let verdict = match (&report.signature, report.pass) {
        (_, true) => say("every check passed", "全部通过"),
        (Some(s), false) => {
            format!(
                "{}: {} ({})",
                say("signed in spite of failures", "虽未全部通过，但已签字"),
                s.by,
                s.reason
            )
        }
        (None, false) => say("NOT to be printed", "不可打印"),
    };
    facts.push((say("Verdict", "结论"), verdict));
    let row = |check: &CheckResult| Row {
        good: check.pass,
        sign: if check.pass { say("passed", "通过") } else { say("FAILED", "未通过") },
        text: Words::new(&check.message, &check.message_zh).in_language(language).to_owned(),
    };
    Sheet {
        title: say("Print checks", "打印检查"),
        facts,
        rows: report.checks.iter().map(row).collect(),
        pictures,
        foot: say(
            "Theatron · research use, not for clinical use · lengths in mm",
            "Theatron · 仅供研究，不可用于临床 · 长度单位 mm",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overhangs_of_a_profile_become_those_of_the_check() {
        let degrees = |id: &str| {
            let (printer, material) = (printer(id).expect("ships"), material("pla").expect("ships"));
            limits(&printer.profile, &material.profile).overhang_degrees
        };
        // A powder holds everything; a resin printer holds flatter walls than filament does.
        assert_eq!((degrees("sls-300"), degrees("sla-145"), degrees("fff-250")), (90.0, 60.0, 45.0));
    }
}
