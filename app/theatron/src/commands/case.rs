//! `theatron case`: the bank.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use app_engine::export::{Exported, export};
use app_engine::segment_export::Form;
use app_engine::{Fault, FaultKind, convert, now, volumes};
use casebank_case::{Acceptance, Command, FindingCode, Language, Told as _, VolumeId};
use clap::Subcommand;
use serde_json::json;

use super::bank::{BankArguments, actor, case_id};
use crate::answer::Answer;
use crate::terminal::{Stage, say};

/// The bank: list, show, search, export, verify cases; accept a finding.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  theatron case list\n  theatron case export CASE --segment bone --out bone.dcm\n  theatron case accept CASE --finding gantry_tilt --by \"Dr Lee\" --reason \"viewing only\""
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    bank: BankArguments,
}

#[derive(Subcommand)]
enum What {
    /// Every case, the one changed last first.
    List,
    /// One case: volumes, findings, segments, surfaces.
    Show {
        /// The case.
        case: String,
    },
    /// Cases whose title, patient or descriptions contain every word; Chinese names also by pinyin or initials.
    Search {
        /// The words, for example `王小东`, `wangxiaodong` or `wxd`.
        text: String,
    },
    /// Write segments as one DICOM object (.dcm), a volume as a DICOM series of its study (a folder), or a volume or a segment as a research file without patient data.
    #[command(
        after_help = "Examples:\n  theatron case export CASE --segment bone --segment skin --out segments.dcm\n  theatron case export CASE --volume ID --out ct.nii.gz\n  theatron case export CASE --volume ID --out series_folder"
    )]
    Export {
        /// The case.
        case: String,
        /// Id of the volume; without this and --segment: the most useful one.
        #[arg(long, value_name = "ID", conflicts_with = "segment")]
        volume: Option<String>,
        /// Name of a segment; may be given several times for a DICOM object.
        #[arg(long, value_name = "NAME")]
        segment: Vec<String>,
        /// In a DICOM object: contours (RTSTRUCT) rather than voxels (SEG).
        #[arg(long)]
        contours: bool,
        /// The file: .dcm, .nii, .nii.gz, .nrrd, .nhdr, .mha or .mhd; or a folder without an ending for a volume as a series.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Re-compute every hash of the bank.
    Verify,
    /// A person takes responsibility for a severe finding; journalled with name and reason.
    Accept {
        /// The case.
        case: String,
        /// Code of the finding, for example `missing_slice`.
        #[arg(long)]
        finding: String,
        /// Who accepts it.
        #[arg(long)]
        by: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Fault> {
    match &arguments.what {
        What::List => list(arguments, ""),
        What::Search { text } => list(arguments, text),
        What::Show { case } => show(arguments, case),
        What::Export { case, volume, segment, contours, out } => {
            let dicom = out.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("dcm"));
            match segment.as_slice() {
                segments @ [_, ..] if dicom => {
                    let form = if *contours { Form::Rtstruct } else { Form::Seg };
                    super::export_dicom::run(&arguments.bank, case, segments, form, out)
                }
                [_, _, ..] => Err(one_segment_only()),
                segments => {
                    export_file(arguments, case, volume.as_deref(), segments.first().map(String::as_str), out)
                }
            }
        }
        What::Verify => verify(arguments),
        What::Accept { case, finding, by, reason } => accept(arguments, case, finding, by, reason),
    }
}

fn list(arguments: &Arguments, words: &str) -> Result<Answer, Fault> {
    let found = arguments.bank.open()?.search(words)?;
    let mut text = String::new();
    for case in &found {
        writeln!(text, "{}  {}", case.id, case.title.expose()).unwrap_or_default();
    }
    if found.is_empty() {
        text.push_str(&say(("no case\n", "没有病例\n")));
    }
    Answer::new(&json!({"cases": found}), text)
}

fn show(arguments: &Arguments, case: &str) -> Result<Answer, Fault> {
    let journal = arguments.bank.open()?.load(&case_id(case)?, &actor()?)?;
    let case = journal.case();
    let language = crate::terminal::language();
    let zh = language == Language::Chinese;
    let in_words = |en: &'static str, zh_words: &'static str| if zh { zh_words } else { en };
    let mut text = format!("{} {}: {}\n", in_words("case", "病例"), case.id, case.title.expose());
    let name = case.patient.expose().person_name().shown();
    if !name.is_empty() {
        writeln!(text, "  {} {name}", in_words("patient", "患者")).unwrap_or_default();
    }
    for volume in &case.volumes {
        text.push_str(&super::import::volume_words(volume, language));
    }
    for s in &case.segments {
        text.push_str(&super::import::segment_words(&s.name, s.voxels, s.volume_mm3, language));
    }
    for s in &case.surfaces {
        let (name, triangles, mm) = (&s.segment, s.triangles, s.hausdorff_mm);
        if zh {
            writeln!(text, "  {name} 的表面: {triangles} 个三角形，偏差不超过 {mm:.3} mm")
        } else {
            writeln!(text, "  surface of {name}: {triangles} triangles, within {mm:.3} mm")
        }
        .unwrap_or_default();
    }
    for object in &case.plan {
        write!(text, "  {} {}", in_words("plan", "规划"), super::plan::words(object)).unwrap_or_default();
    }
    for s in &case.solids {
        let state = match (case.may_export_solid(&s.name), case.checks_of(&s.name)) {
            (Ok(()), Some(checks)) if checks.pass() => in_words("checked", "已检查"),
            (Ok(()), _) => in_words("signed for", "已签字"),
            (Err(_), _) => in_words("not to be printed", "不可打印"),
        };
        let (name, mm3) = (&s.name, s.volume_mm3);
        writeln!(text, "  {} {name}: {mm3:.1} mm³, {state}", in_words("solid", "实体")).unwrap_or_default();
    }
    for a in &case.acceptances {
        if zh {
            writeln!(text, "  {} 已由 {} 接受: {}", a.code.chinese(), a.by, a.reason)
        } else {
            writeln!(text, "  accepted {} by {}: {}", a.code, a.by, a.reason)
        }
        .unwrap_or_default();
    }
    let json = json!({
        "case": case.id, "title": case.title.expose(), "volumes": case.volumes, "segments": case.segments,
        "surfaces": case.surfaces, "plan": case.plan, "solids": case.solids, "checks": case.checks,
        "measurements": case.measurements, "acceptances": case.acceptances,
        "journal": {"entries": journal.entries().len(), "head": journal.head(), "hash": journal.head_hash()},
    });
    Answer::new(&json, text)
}

fn one_segment_only() -> Fault {
    Fault::new(
        FaultKind::Usage,
        ("A research file holds one segment.", "一个科研格式文件只放一个分割。"),
        ("Nothing was written.", "没有写出任何内容。"),
        (
            "Name one --segment, or a file that ends in .dcm.",
            "请只指定一个 --segment，或以 .dcm 结尾的文件。",
        ),
    )
}

fn export_file(
    arguments: &Arguments,
    case: &str,
    volume: Option<&str>,
    segment: Option<&str>,
    out: &Path,
) -> Result<Answer, Fault> {
    let bank = arguments.bank.open()?;
    let id = volume.map(VolumeId::from_str).transpose().map_err(|_error| {
        Fault::new(
            FaultKind::Usage,
            ("That is not a volume id.", "这不是体数据编号。"),
            ("Nothing was written.", "没有写出任何内容。"),
            (
                "`theatron case show CASE` lists the volumes with their ids.",
                "`theatron case show CASE` 列出体数据及其编号。",
            ),
        )
    })?;
    let what = segment.map_or(Exported::Volume(id), Exported::Segment);
    let what = match what {
        Exported::Volume(id) if convert::is_folder(out) => Exported::Series(id),
        what => what,
    };
    let stage = Stage::new(("export", "导出"));
    let report = export(&bank, &actor()?, case_id(case)?, what, out, &stage)?;
    stage.done(&super::convert::files(report.files.len()));
    let text = super::convert::words(&report);
    Answer::new(&report, text)
}

fn verify(arguments: &Arguments) -> Result<Answer, Fault> {
    let bank = arguments.bank.open()?;
    let report = bank.verify()?;
    let (objects, cases, events) = (report.objects, report.cases, report.events);
    let mut text = say((
        format!("{objects} objects, {cases} cases, {events} audit events\n"),
        format!("{objects} 个对象，{cases} 个病例，{events} 条审计记录\n"),
    ));
    for damage in &report.damages {
        writeln!(text, "  {}", say(damage.words())).unwrap_or_default();
    }
    let damages: Vec<String> = report.damages.iter().map(ToString::to_string).collect();
    let json = json!({"objects": report.objects, "cases": report.cases, "events": report.events, "damages": damages});
    let mut answer = Answer::new(&json, text)?;
    if !report.damages.is_empty() {
        answer.fault = Some(Fault::new(
            FaultKind::Internal,
            (
                format!("The bank has {} damages.", report.damages.len()),
                format!("病例库有 {} 处损坏。", report.damages.len()),
            ),
            ("What is named above is not shown or exported.", "上面列出的内容不会显示或导出。"),
            (
                "Restore these objects from a backup, or import the scans again.",
                "请从备份恢复这些对象，或重新导入扫描。",
            ),
        ));
    }
    Ok(answer)
}

fn accept(arguments: &Arguments, case: &str, finding: &str, by: &str, reason: &str) -> Result<Answer, Fault> {
    let bank = arguments.bank.open()?;
    let (id, actor) = (case_id(case)?, actor()?);
    let code = FindingCode::from_str(finding).map_err(|_unknown| {
        Fault::new(
            FaultKind::Usage,
            (format!("{finding:?} is not a finding code."), format!("{finding:?} 不是问题代码。")),
            ("Nothing was accepted.", "没有接受任何问题。"),
            (
                "`theatron case show CASE` lists the findings with their codes.",
                "`theatron case show CASE` 列出问题及其代码。",
            ),
        )
    })?;
    let mut journal = bank.load(&id, &actor)?;
    let with_finding =
        journal.case().volumes.iter().find(|v| v.findings.iter().any(|f| f.code == code)).map(|v| v.id);
    let volume = volumes::choose(journal.case(), with_finding)?.id;
    let acceptance = Acceptance { volume, code, by: by.to_owned(), reason: reason.to_owned(), time: now() };
    journal.apply(Command::AcceptFinding(acceptance), &actor, now())?;
    bank.commit(&id, &journal, &actor)?;
    let json = json!({"case": id, "volume": volume, "finding": code, "by": by, "reason": reason});
    let text = say((
        format!("accepted {code} of {id} by {by}: {reason}\n"),
        format!("病例 {id} 的{}（{code}）已由 {by} 接受：{reason}\n", code.chinese()),
    ));
    Answer::new(&json, text)
}
