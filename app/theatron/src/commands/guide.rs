//! `theatron guide`.

use std::fmt::Write as _;
use std::path::PathBuf;

use app_engine::check::{CheckOrder, CheckReport, USUAL_MATERIAL, USUAL_PRINTER, check};
use app_engine::guide::{GuideOrder, GuideReport, bone, export, guide, load, recipes};
use app_engine::pictures::{preview, save};
use app_engine::{Fault, FaultKind};
use meshing_segment::Params;
use meshing_space::Vector;
use serde_json::json;

use super::bank::{BankArguments, actor, case_id};
use crate::answer::Answer;
use crate::terminal::{Stage, language, say};

/// Make a guide or another solid from a surface and the plan, check it and write its print file.
#[derive(clap::Args)]
#[command(after_help = recipes_help())]
pub(crate) struct Arguments {
    /// The case.
    case: String,
    /// What is made: see the list below.
    #[arg(long)]
    recipe: String,
    /// Name of the segment whose surface it fits.
    #[arg(long)]
    segment: String,
    /// Name of a plan object it is made from; may be given several times; default: all that are no points.
    #[arg(long, value_name = "NAME")]
    plan: Vec<String>,
    /// Name of the solid; default: the recipe's id.
    #[arg(long)]
    name: Option<String>,
    /// A parameter, KEY=VALUE; may be given several times.
    #[arg(long = "param", value_name = "KEY=VALUE")]
    params: Vec<String>,
    /// Direction in which it is pushed onto the bone; default: along the trajectories, or into the surface.
    #[arg(long, value_name = "X,Y,Z", value_parser = super::plan::one, allow_hyphen_values = true)]
    insertion: Option<meshing_space::Point<meshing_space::Lps>>,
    /// What is engraved; default: numbers of case and plan, never a name; empty: nothing.
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// Printer profile, an id or a .toml file.
    #[arg(long, default_value = USUAL_PRINTER)]
    printer: String,
    /// Material profile, an id or a .toml file.
    #[arg(long, default_value = USUAL_MATERIAL)]
    material: String,
    /// The file: .3mf (carries its unit) or .stl. Refused if a check fails.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Also draw it on the bone from four sides into this PNG file.
    #[arg(long, value_name = "FILE")]
    preview: Option<PathBuf>,
    #[command(flatten)]
    bank: BankArguments,
}

/// The recipes and their parameters, for `--help`: they describe themselves.
fn recipes_help() -> String {
    let mut text = format!(
        "Example: theatron guide CASE --recipe drill_guide --segment bone --plan screw-L4 --out guide.3mf\n\n{}\n",
        say(("Recipes:", "配方："))
    );
    for recipe in recipes() {
        writeln!(text, "  {}: {}", recipe.id, recipe.doc.in_language(language())).unwrap_or_default();
        text.extend(recipe.params.iter().map(super::segment::parameter));
    }
    text.push_str(&say((
        "  all: brush_mm (radius of the contact around each entry where no region is planned, default 16), slot_mm (length of a saw slot, default 30)\n",
        "  全部：brush_mm（没有规划区域时每个入点周围的贴合半径，默认 16），slot_mm（锯槽长度，默认 30）\n",
    )));
    text
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Fault> {
    let (bank, actor, case) = (arguments.bank.open()?, actor()?, case_id(&arguments.case)?);
    let mut params = Params::new();
    for text in &arguments.params {
        let (key, value) = super::segment::parse(text)?;
        params.set(key, value);
    }
    let order = GuideOrder {
        case,
        recipe: &arguments.recipe,
        name: arguments.name.as_deref(),
        segment: &arguments.segment,
        plan: arguments.plan.clone(),
        params,
        insertion: arguments.insertion.map(|to| Vector::from_array(to.to_array())),
        label: arguments.label.as_deref(),
    };
    let stage = Stage::new(("guide", "导板"));
    let mut report = guide(&bank, &actor, &order, &stage)?;
    stage.done(&say((format!("{} triangles", report.triangles), format!("{} 个三角形", report.triangles))));
    let stage = Stage::new(("check", "检查"));
    let order =
        CheckOrder { case, solid: &report.solid, printer: &arguments.printer, material: &arguments.material };
    let checks = check(&bank, &actor, &order, &stage)?;
    stage.done(&super::check::verdict(&checks));
    let mut fault = None;
    if let Some(file) = &arguments.out {
        match export(&bank, &actor, case, &report.solid, file) {
            Ok(_measures) => report.file = Some(file.clone()),
            Err(refused) => fault = Some(refused),
        }
    }
    if let Some(file) = &arguments.preview {
        let journal = bank.load(&case, &actor)?;
        let solid = journal.case().solid(&report.solid).ok_or_else(gone)?;
        let (under, mesh) = (bone(&bank, journal.case(), solid)?, load(&bank, solid)?);
        save(&preview::of_parts(&[(&arguments.segment, &under), (&report.solid, &mesh)])?, file)?;
    }
    let text = words(&report) + &super::check::words(&checks);
    let mut answer = Answer::new(&joined(&report, &checks)?, text)?;
    answer.fault = fault;
    Ok(answer)
}

fn joined(report: &GuideReport, checks: &CheckReport) -> Result<serde_json::Value, Fault> {
    let write = |error| Fault::told(FaultKind::Internal, format!("The answer cannot be written: {error}."));
    let mut json = serde_json::to_value(report).map_err(write)?;
    json["pass"] = json!(checks.pass);
    json["checks"] = json!(checks.checks);
    Ok(json)
}

fn gone() -> Fault {
    Fault::told(FaultKind::Internal, ("The solid was removed meanwhile.", "实体在此期间被移除。"))
}

fn words(report: &GuideReport) -> String {
    let (name, triangles, mm3) = (&report.solid, report.triangles, report.volume_mm3);
    let label = if report.label.is_empty() { String::new() } else { format!(" [{}]", report.label) };
    let file = report.file.as_ref().map(|file| format!("{}\n", file.display())).unwrap_or_default();
    let parts = report.parts;
    say((
        format!(
            "{name}{label}: {triangles} triangles, {mm3:.1} mm³, {parts} part(s), {:.2} s\n{file}",
            report.seconds
        ),
        format!(
            "{name}{label}：{triangles} 个三角形，{mm3:.1} mm³，{parts} 个部件，{:.2} 秒\n{file}",
            report.seconds
        ),
    ))
}
