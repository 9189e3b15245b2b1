//! `theatron check`.

use std::path::{Path, PathBuf};

use app_engine::check::{CheckOrder, CheckReport, check, check_mesh, report, sheet, sign};
use app_engine::guide::{bone, export, load};
use app_engine::pictures::preview;
use app_engine::{Fault, FaultKind, mesh, mesh_files, sheet::pdf};
use casebank_case::{Case, CaseId, Words};

use super::bank::{BankArguments, actor, case_id};
use crate::answer::Answer;
use crate::terminal::{Stage, language, say};

/// Check a solid of a case, or any mesh file, before it is printed; sign for it; write the report.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  theatron check guide.stl --unit mm\n  theatron check CASE --solid drill_guide --printer sla-145 --material resin-guide --pdf report.pdf\n  theatron check CASE --solid drill_guide --sign \"Dr Lee\" --reason \"only the grip is thin\" --out guide.3mf"
)]
pub(crate) struct Arguments {
    /// A case, or a file: .stl, .3mf, .obj, .ply or .glb.
    #[arg(value_name = "CASE|FILE")]
    what: String,
    /// Name of the solid of the case.
    #[arg(long, value_name = "NAME")]
    solid: Option<String>,
    /// Unit of a file that does not state it: mm, cm, m or inch.
    #[arg(long)]
    unit: Option<String>,
    /// Printer profile, an id or a .toml file.
    #[arg(long, default_value = app_engine::check::USUAL_PRINTER)]
    printer: String,
    /// Material profile, an id or a .toml file.
    #[arg(long, default_value = app_engine::check::USUAL_MATERIAL)]
    material: String,
    /// A person lets the solid leave although a check failed; journalled with name and reason.
    #[arg(long, value_name = "NAME", requires_all = ["reason", "solid"])]
    sign: Option<String>,
    /// Why it may leave.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Write the report with pictures to this PDF file, in the language of answers.
    #[arg(long, value_name = "FILE", requires = "solid")]
    pdf: Option<PathBuf>,
    /// Write the print file of the solid: .3mf or .stl.
    #[arg(long, value_name = "FILE", requires = "solid")]
    out: Option<PathBuf>,
    #[command(flatten)]
    bank: BankArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Fault> {
    let Some(solid) = &arguments.solid else { return file(arguments) };
    let (bank, actor, case) = (arguments.bank.open()?, actor()?, case_id(&arguments.what)?);
    if let (Some(by), Some(reason)) = (&arguments.sign, &arguments.reason) {
        sign(&bank, &actor, case, solid, by, reason)?;
    } else {
        let stage = Stage::new(("check", "检查"));
        let (printer, material) = (arguments.printer.as_str(), arguments.material.as_str());
        let checked = check(&bank, &actor, &CheckOrder { case, solid, printer, material }, &stage)?;
        stage.done(&verdict(&checked));
    }
    let journal = bank.load(&case, &actor)?;
    let checks = journal.case().checks_of(solid).map(report).ok_or_else(|| gone(case))?;
    if let Some(file) = &arguments.pdf {
        write_pdf(&bank, journal.case(), &checks, file)?;
    }
    let mut fault = None;
    if let Some(file) = &arguments.out {
        fault = export(&bank, &actor, case, solid, file).err();
    }
    answer(&checks, fault)
}

fn file(arguments: &Arguments) -> Result<Answer, Fault> {
    let path = Path::new(&arguments.what);
    let stage = Stage::new(("check", "检查"));
    let read = mesh_files::read(path, arguments.unit.as_deref())?;
    let checked = check_mesh(&read, &arguments.what, &arguments.printer, &arguments.material, &stage)?;
    stage.done(&verdict(&checked));
    answer(&checked, None)
}

/// The answer; a check that failed is a refusal unless somebody signed.
fn answer(checks: &CheckReport, fault: Option<Fault>) -> Result<Answer, Fault> {
    let mut answer = Answer::new(checks, words(checks))?;
    answer.fault = fault.or_else(|| {
        let failed: Vec<&str> = checks.checks.iter().filter(|c| !c.pass).map(|c| c.code.as_str()).collect();
        (!checks.pass && checks.signature.is_none()).then(|| {
            Fault::new(
                FaultKind::Refused,
                (format!("Failed: {}.", failed.join(", ")), format!("未通过：{}。", failed.join("、"))),
                ("It should not be printed.", "不应打印。"),
                (
                    "Change the plan or the parameters, or sign for it with --sign NAME --reason TEXT.",
                    "请修改规划或参数，或用 --sign NAME --reason TEXT 签字负责。",
                ),
            )
        })
    });
    Ok(answer)
}

fn write_pdf(
    bank: &casebank_store::Bank,
    case: &Case,
    checks: &CheckReport,
    file: &Path,
) -> Result<(), Fault> {
    let solid = case.solid(&checks.file).ok_or_else(|| gone(case.id))?;
    let (under, made) = (bone(bank, case, solid)?, load(bank, solid)?);
    let segment = solid.segments.first().map_or("", String::as_str);
    let fitted = preview::of_parts(&[(segment, &under), (&checks.file, &made)])?;
    let alone = preview::of_parts(&[(&checks.file, &made)])?;
    let pictures = vec![(say(("where it belongs", "就位")), fitted), (say(("alone", "单独")), alone)];
    mesh::write_whole(file, &pdf(&sheet(case, checks, pictures, language()))?)
}

fn gone(case: CaseId) -> Fault {
    Fault::told(
        FaultKind::Internal,
        (
            format!("The solid of {case} was removed meanwhile."),
            format!("病例 {case} 的实体在此期间被移除。"),
        ),
    )
}

/// Passed or not, in a few words.
pub(crate) fn verdict(checks: &CheckReport) -> String {
    let failed = checks.checks.iter().filter(|check| !check.pass).count();
    match failed {
        0 => say(("passed", "通过")),
        n => say((format!("{n} failed"), format!("{n} 项未通过"))),
    }
}

/// The checks in words, a line each.
pub(crate) fn words(checks: &CheckReport) -> String {
    let line = |check: &casebank_case::CheckResult| {
        let sign = if check.pass { "✓" } else { "✗" };
        format!("{sign} {}: {}\n", check.code, say(Words::new(&check.message, &check.message_zh)))
    };
    checks.checks.iter().map(line).collect()
}
