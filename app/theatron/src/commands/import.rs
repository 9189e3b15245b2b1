//! `theatron import`.

use std::fmt::Write as _;
use std::path::PathBuf;

use app_engine::Fault;
use app_engine::import::{ImportReport, import};
use casebank_case::VolumeEntry;

use super::bank::{BankArguments, actor};
use crate::answer::Answer;
use crate::terminal::Stage;

/// Read DICOM files and folders into cases.
#[derive(clap::Args)]
#[command(after_help = "Example: theatron import CT_FOLDER --bank bank --json")]
pub(crate) struct Arguments {
    /// DICOM files or folders.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    bank: BankArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Fault> {
    let bank = arguments.bank.open()?;
    let stage = Stage::new("import");
    let imported = import(&bank, &actor()?, &arguments.paths, &stage)?;
    stage.done(&format!("{} volumes", imported.volumes.len()));
    Answer::new(&imported.report, words(&imported.report))
}

fn words(report: &ImportReport) -> String {
    let mut text = String::new();
    for case in &report.cases {
        writeln!(text, "case {}", case.case).unwrap_or_default();
        for volume in &case.volumes {
            text.push_str(&volume_words(volume));
        }
        for s in &case.segments {
            writeln!(text, "  segment {}: {} voxels, {:.1} mm³", s.segment, s.voxels, s.volume_mm3)
                .unwrap_or_default();
            for finding in &s.findings {
                writeln!(text, "    {} {}: {}", finding.severity, finding.code, finding.message)
                    .unwrap_or_default();
            }
        }
        for other in &case.other {
            writeln!(text, "  other: {} ({})", other.what, other.path.display()).unwrap_or_default();
        }
        for rejected in &case.rejected {
            writeln!(text, "  not read: {} ({})", rejected.path.display(), rejected.reason)
                .unwrap_or_default();
        }
    }
    for finding in &report.findings {
        writeln!(text, "  {}: {}", finding.severity, finding.message).unwrap_or_default();
    }
    text
}

/// A volume in words: what it is, how large, what is odd about it.
pub(crate) fn volume_words(volume: &VolumeEntry) -> String {
    let [i, j, k] = volume.size;
    let [si, sj, sk] = volume.spacing_mm;
    let mut text = format!(
        "  volume {}: {} {i}×{j}×{k}, {si:.3}×{sj:.3}×{sk:.3} mm, {:.0} to {:.0} {}\n",
        volume.id, volume.modality, volume.range[0], volume.range[1], volume.unit
    );
    for finding in &volume.findings {
        writeln!(text, "    {} {}: {}", finding.severity, finding.code, finding.message).unwrap_or_default();
    }
    text
}
