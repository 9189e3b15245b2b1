//! `theatron import`.

use std::fmt::Write as _;
use std::path::PathBuf;

use app_engine::Fault;
use app_engine::import::{ImportReport, import_as};
use casebank_case::{Finding, Language, Suv, SuvReference, VolumeEntry};

use super::bank::{BankArguments, actor};
use crate::answer::Answer;
use crate::terminal::{Stage, language, say};

/// Read DICOM (files, folders, ZIP archives, DICOMDIR), NIfTI, NRRD and MetaImage into cases.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  theatron import CT_FOLDER --bank bank --json\n  theatron import study.zip\n  theatron import /media/cdrom/DICOMDIR\n  theatron import ct.nii.gz --modality CT\n\n\
                  A research file (.nii .nii.gz .nrrd .nhdr .mha .mhd) names no patient and becomes a case of its own."
)]
pub(crate) struct Arguments {
    /// DICOM files, folders, ZIP archives or a DICOMDIR, or research files.
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
    let stage = Stage::new(("import", "导入"));
    let modality = arguments.modality.as_deref();
    let imported = import_as(&bank, &actor()?, &arguments.paths, modality, &stage)?;
    let count = imported.volumes.len();
    stage.done(&say((format!("{count} volumes"), format!("{count} 个体数据"))));
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
            text.push_str(&segment_words(&s.segment, s.voxels, s.volume_mm3, language));
            s.findings.iter().for_each(|finding| text.push_str(&finding_words(finding, language)));
        }
        for other in &case.other {
            let other_words = if zh { "其他" } else { "other" };
            writeln!(
                text,
                "  {other_words}: {} ({})",
                other.what.in_language(language),
                other.path.display()
            )
            .unwrap_or_default();
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
    if let Some(suv) = &volume.suv {
        text.push_str(&suv_words(suv, volume.range, language));
    }
    volume.findings.iter().for_each(|finding| text.push_str(&finding_words(finding, language)));
    text
}

/// A segment in words.
pub(crate) fn segment_words(name: &str, voxels: u64, volume_mm3: f64, language: Language) -> String {
    match language {
        Language::English => format!("  segment {name}: {voxels} voxels, {volume_mm3:.1} mm³\n"),
        Language::Chinese => format!("  分割 {name}: {voxels} 个体素，{volume_mm3:.1} mm³\n"),
    }
}

/// A finding of a volume or a segment in words.
pub(crate) fn finding_words(finding: &Finding, language: Language) -> String {
    let severity = finding.severity.in_language(language);
    format!("    {severity} {}: {}\n", finding.code, finding.in_language(language))
}

/// The greatest SUVbw of a PET volume, the factor, and the time to which the dose was taken to decay.
fn suv_words(suv: &Suv, range: [f64; 2], language: Language) -> String {
    let (most, factor, minutes) = (range[1] * suv.factor, suv.factor, suv.decay_s / 60.0);
    let zh = language == Language::Chinese;
    let reference = match (suv.reference, zh) {
        (SuvReference::Stated, false) => "stated by the scanner".to_owned(),
        (SuvReference::Stated, true) => "由设备给出".to_owned(),
        (SuvReference::Administration, false) => "values corrected to the injection".to_owned(),
        (SuvReference::Administration, true) => "数值已校正到给药时刻".to_owned(),
        (SuvReference::SeriesTime, false) => format!("{minutes:.1} min from injection to series time"),
        (SuvReference::SeriesTime, true) => format!("从给药到系列时间 {minutes:.1} 分钟"),
        (SuvReference::AcquisitionTime, false) => {
            format!("{minutes:.1} min from injection to the earliest acquisition")
        }
        (SuvReference::AcquisitionTime, true) => format!("从给药到最早采集 {minutes:.1} 分钟"),
        (SuvReference::GeScanTime, false) => {
            format!("{minutes:.1} min from injection to the scan time of GE")
        }
        (SuvReference::GeScanTime, true) => format!("从给药到 GE 扫描时间 {minutes:.1} 分钟"),
    };
    let (up_to, times) = if zh { ("最高", "系数") } else { ("up to", "factor") };
    format!("    SUVbw {up_to} {most:.2} g/mL ({times} {factor:.6e}, {reference})\n")
}
