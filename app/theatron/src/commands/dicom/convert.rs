//! `theatron dicom convert`: objects in the form that every program reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use app_engine::native::{self, NativeReport};
use app_engine::{Fault, FaultKind};
use casebank_dicom::transfer_syntax_name;

use crate::answer::Answer;
use crate::terminal::{Stage, language, say};

/// Rewrite objects in Explicit VR Little Endian with native pixels, which every program reads. Nothing else changes: the
/// patient stays in them.
#[derive(clap::Args)]
#[command(after_help = "Example: theatron dicom convert JPEG2000_FOLDER OUT\n\n\
                        Volumes in research formats are for the command convert.")]
pub(crate) struct Arguments {
    /// DICOM files, folders or ZIP archives.
    #[arg(required = true, value_name = "IN")]
    inputs: Vec<PathBuf>,
    /// Folder for the new objects, one folder a series; nothing there is overwritten.
    #[arg(value_name = "OUT")]
    out: PathBuf,
}

pub(super) fn run(Arguments { inputs, out }: &Arguments) -> Result<Answer, Fault> {
    let stage = Stage::new(("convert", "转换"));
    let report = native::run(inputs, out, &stage)?;
    let written = report.written.len();
    stage.done(&say((format!("{written} objects"), format!("{written} 个对象"))));
    let mut answer = Answer::new(&report, words(&report))?;
    if let Some(first) = report.rejected.first() {
        let count = report.rejected.len();
        answer.fault = Some(Fault::new(
            FaultKind::Refused,
            (
                format!("{count} objects were refused, the first because {}.", first.reason),
                format!("拒绝了 {count} 个对象，第一个的原因：{}。", first.reason.zh),
            ),
            ("They were not written; the others were.", "这些没有写出，其他的已写出。"),
            (
                "Call again with --json for the list, and mend or leave out these files.",
                "请加上 --json 再次运行以得到清单，并修复或略去这些文件。",
            ),
        ));
    }
    Ok(answer)
}

fn words(report: &NativeReport) -> String {
    let mut by_form: BTreeMap<&str, usize> = BTreeMap::new();
    report.written.iter().for_each(|object| *by_form.entry(&object.from).or_default() += 1);
    let mut text = String::new();
    for (form, count) in by_form {
        let name = transfer_syntax_name(form).unwrap_or(form);
        let line = (format!("{count} objects from {name}\n"), format!("{count} 个对象来自 {name}\n"));
        text.push_str(&say(line));
    }
    let (skipped, rejected) = (report.skipped.len(), report.rejected.len());
    text.push_str(&say((
        format!("{skipped} files left out, {rejected} refused\n"),
        format!("略去 {skipped} 个文件，拒绝 {rejected} 个\n"),
    )));
    for object in report.rejected.iter().take(5) {
        writeln!(text, "  {}: {}", object.path.display(), object.reason.in_language(language()))
            .unwrap_or_default();
    }
    text
}
