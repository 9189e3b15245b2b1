//! `theatron dicom deid`: objects without their patient.

use std::path::PathBuf;

use app_engine::{Fault, FaultKind, deid};
use casebank_dicom::deid::{DeidOption, DeidOptions, FolderReport, OptionError};

use crate::answer::Answer;
use crate::terminal::{Stage, language, say};

/// De-identify objects by PS3.15 Annex E. Pixels are looked at by option only (text, faces): read the sheet.
#[derive(clap::Args)]
#[command(
    after_help = "Example: theatron dicom deid CT_FOLDER OUT --options retain-modified-dates,clean-descriptors --secret-file project.secret\n\n\
                  Options: retain-safe-private retain-uids retain-device-identity retain-institution-identity \
                  retain-patient-characteristics retain-full-dates retain-modified-dates clean-descriptors \
                  clean-structured-content clean-graphics clean-pixel-data clean-recognizable-visual-features"
)]
pub(crate) struct Arguments {
    /// DICOM files, folders or ZIP archives.
    #[arg(required = true, value_name = "IN")]
    inputs: Vec<PathBuf>,
    /// Folder for the de-identified objects; nothing there is overwritten.
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// Options of the profile, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    options: Vec<String>,
    /// File of the project's secret; made for its owner alone where it is missing. Keep it, and keep it to yourself.
    #[arg(long, value_name = "F")]
    secret_file: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<Answer, Fault> {
    let Arguments { inputs, out, options, secret_file } = arguments;
    let options: Vec<DeidOption> =
        options.iter().map(|name| name.trim().parse()).collect::<Result<_, OptionError>>()?;
    let options = DeidOptions::new(options)?;
    let stage = Stage::new(("deid", "去标识化"));
    let report = deid::run(inputs, out, secret_file, options, &stage)?;
    let written = report.written.len();
    stage.done(&say((format!("{written} objects"), format!("{written} 个对象"))));
    let mut answer = Answer::new(&report, deid::sheet(&report, language()))?;
    answer.fault = refused(&report);
    Ok(answer)
}

/// Some objects were refused: the others are written, and the exit code says that not all are.
fn refused(report: &FolderReport) -> Option<Fault> {
    let first = report.rejected.first()?;
    Some(Fault::new(
        FaultKind::Refused,
        (
            format!("{} objects were refused, the first because {}.", report.rejected.len(), first.reason),
            format!("拒绝了 {} 个对象，第一个的原因：{}。", report.rejected.len(), first.reason.zh),
        ),
        ("They were not written; the others were.", "这些没有写出，其他的已写出。"),
        (
            "Call again with --json for the list, and mend or leave out these files.",
            "请加上 --json 再次运行以得到清单，并修复或略去这些文件。",
        ),
    ))
}
