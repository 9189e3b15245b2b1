//! `theatron import`.

use std::fmt::Write as _;
use std::path::PathBuf;

use app_engine::Fault;
use app_engine::import::{ImportReport, import_as};
use casebank_case::{Language, VolumeEntry};

use super::bank::{BankArguments, actor};
use crate::answer::Answer;
use crate::terminal::{Stage, language};

/// Read DICOM files and folders, NIfTI, NRRD and MetaImage into cases.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  theatron import CT_FOLDER --bank bank --json\n  theatron import ct.nii.gz --modality CT\n\n\
                  A research file (.nii .nii.gz .nrrd .nhdr .mha .mhd) names no patient and becomes a case of its own."
)]
pub(crate) struct Arguments {
    /// DICOM files or folders, or research files.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Modality of the research files, which do not state it, for example CT.
    #[arg(long, value_name = "MODALITY")]
    modality: Option<String>,
    #[command(flatten)]
    bank: BankArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Fault> {
    let bank = arguments.bank.open()?;
    let stage = Stage::new("import");
    let modality = arguments.modality.as_deref();
    let imported = import_as(&bank, &actor()?, &arguments.paths, modality, &stage)?;
    stage.done(&format!("{} volumes", imported.volumes.len()));
    Answer::new(&imported.report, words(&imported.report, language()))
}

fn words(report: &ImportReport, language: Language) -> String {
    let zh = language == Language::Chinese;
    let mut text = String::new();
    for case in &report.cases {
        writeln!(text, "{} {}", if zh { "病例" } else { "case" }, case.case).unwrap_or_default();
        for volume in &case.volumes {
            text.push_str(&volume_words(volume, language));
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
            let other_words = if zh { "其他" } else { "other" };
            writeln!(text, "  {other_words}: {} ({})", other.what, other.path.display()).unwrap_or_default();
        }
        for rejected in &case.rejected {
            let (not_read, reason) =
                if zh { ("无法读取", &rejected.reason_zh) } else { ("not read", &rejected.reason) };
            writeln!(text, "  {not_read}: {} ({reason})", rejected.path.display()).unwrap_or_default();
        }
    }
    for finding in &report.findings {
        let severity = finding.severity.in_language(language);
        writeln!(text, "  {severity}: {}", finding.in_language(language)).unwrap_or_default();
    }
    text
}

/// A volume in words: what it is, how large, what is odd about it.
pub(crate) fn volume_words(volume: &VolumeEntry, language: Language) -> String {
    let [i, j, k] = volume.size;
    let [si, sj, sk] = volume.spacing_mm;
    let (name, to) = if language == Language::Chinese { ("体数据", "至") } else { ("volume", "to") };
    let mut text = format!(
        "  {name} {}: {} {i}×{j}×{k}, {si:.3}×{sj:.3}×{sk:.3} mm, {:.0} {to} {:.0} {}\n",
        volume.id, volume.modality, volume.range[0], volume.range[1], volume.unit
    );
    for finding in &volume.findings {
        let severity = finding.severity.in_language(language);
        writeln!(text, "    {severity} {}: {}", finding.code, finding.in_language(language))
            .unwrap_or_default();
    }
    text
}
