//! `theatron case`: the bank.

use std::fmt::Write as _;
use std::str::FromStr as _;

use app_engine::segment_export::Form;
use app_engine::{Fault, FaultKind, now, volumes};
use casebank_case::{Acceptance, Command, FindingCode};
use clap::Subcommand;
use serde_json::json;

use super::bank::{BankArguments, actor, case_id};
use crate::answer::Answer;

/// The bank: list, show, search, verify cases; accept a finding.
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
    /// Cases whose title, patient or descriptions contain every word.
    Search {
        /// The words.
        text: String,
    },
    /// Segments of a case as one DICOM object: a segmentation, or contours as a structure set.
    Export {
        /// The case.
        case: String,
        /// Name of a segment; may be given several times.
        #[arg(long, required = true)]
        segment: Vec<String>,
        /// Write contours (RTSTRUCT) rather than voxels (SEG).
        #[arg(long)]
        contours: bool,
        /// File to write.
        #[arg(long, value_name = "FILE")]
        out: std::path::PathBuf,
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
        What::Export { case, segment, contours, out } => {
            let form = if *contours { Form::Rtstruct } else { Form::Seg };
            super::export_dicom::run(&arguments.bank, case, segment, form, out)
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
        text.push_str("no case\n");
    }
    Answer::new(&json!({"cases": found}), text)
}

fn show(arguments: &Arguments, case: &str) -> Result<Answer, Fault> {
    let journal = arguments.bank.open()?.load(&case_id(case)?, &actor()?)?;
    let case = journal.case();
    let mut text = format!("case {}: {}\n", case.id, case.title.expose());
    for volume in &case.volumes {
        text.push_str(&super::import::volume_words(volume));
    }
    for s in &case.segments {
        writeln!(text, "  segment {}: {} voxels, {:.1} mm³", s.name, s.voxels, s.volume_mm3)
            .unwrap_or_default();
    }
    for s in &case.surfaces {
        writeln!(
            text,
            "  surface of {}: {} triangles, within {:.3} mm",
            s.segment, s.triangles, s.hausdorff_mm
        )
        .unwrap_or_default();
    }
    for a in &case.acceptances {
        writeln!(text, "  accepted {} by {}: {}", a.code, a.by, a.reason).unwrap_or_default();
    }
    let json = json!({
        "case": case.id, "title": case.title.expose(), "volumes": case.volumes, "segments": case.segments,
        "surfaces": case.surfaces, "measurements": case.measurements, "acceptances": case.acceptances,
        "journal": {"entries": journal.entries().len(), "head": journal.head(), "hash": journal.head_hash()},
    });
    Answer::new(&json, text)
}

fn verify(arguments: &Arguments) -> Result<Answer, Fault> {
    let bank = arguments.bank.open()?;
    let report = bank.verify()?;
    let mut text =
        format!("{} objects, {} cases, {} audit events\n", report.objects, report.cases, report.events);
    for damage in &report.damages {
        writeln!(text, "  {damage}").unwrap_or_default();
    }
    let damages: Vec<String> = report.damages.iter().map(ToString::to_string).collect();
    let json = json!({"objects": report.objects, "cases": report.cases, "events": report.events, "damages": damages});
    let mut answer = Answer::new(&json, text)?;
    if !report.damages.is_empty() {
        answer.fault = Some(Fault::new(
            FaultKind::Internal,
            format!("The bank has {} damages.", report.damages.len()),
            "What is named above is not shown or exported.",
            "Restore these objects from a backup, or import the scans again.",
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
            format!("{finding:?} is not a finding code."),
            "Nothing was accepted.",
            "`theatron case show CASE` lists the findings with their codes.",
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
    Answer::new(&json, format!("accepted {code} of {id} by {by}: {reason}\n"))
}
