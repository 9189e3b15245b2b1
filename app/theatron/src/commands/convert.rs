//! `theatron convert`.

use std::path::PathBuf;
use std::str::FromStr as _;

use app_engine::convert::{ConvertOrder, ConvertReport, convert};
use app_engine::{Fault, FaultKind, mesh_files};
use casebank_case::FindingCode;
use meshing_space::Point;

use super::import::finding_words;
use crate::answer::Answer;
use crate::terminal::{Stage, language, say};

/// Turn a DICOM series, a research file or a mesh into another form.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  theatron convert CT_FOLDER ct.nii.gz\n  theatron convert scan.nrrd series --modality CT\n  \
                  theatron convert labels.nii.gz labels.nrrd --labels\n  theatron convert guide.stl guide.3mf --unit mm\n\n\
                  Forms: .nii .nii.gz .nrrd .nhdr .mha .mhd, and a folder for a DICOM series; meshes: .3mf .stl .obj .ply .glb. Patient data is not carried over."
)]
pub(crate) struct Arguments {
    /// A DICOM folder or file, a research file, or a mesh.
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// A research file or a mesh by its ending, or a folder for a DICOM series.
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// The values are labels and stay labels.
    #[arg(long)]
    labels: bool,
    /// Modality of a research file, which does not state it, for example CT.
    #[arg(long, value_name = "MODALITY")]
    modality: Option<String>,
    /// Which volume or time point, from 1, where there are several.
    #[arg(long, value_name = "N")]
    number: Option<usize>,
    /// Convert although the input has this severe finding; may be given several times.
    #[arg(long, value_name = "CODE")]
    accept: Vec<String>,
    /// Unit of a mesh file that does not state it: mm, cm, m or inch.
    #[arg(long)]
    unit: Option<String>,
    /// Repair a mesh first: join, turn and close it; says how far that moved its surface.
    #[arg(long)]
    repair: bool,
    /// Do not pack the values of .nrrd, .nhdr, .mha and .mhd.
    #[arg(long)]
    raw: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Fault> {
    if mesh_files::is_mesh(&arguments.input) {
        return mesh(arguments);
    }
    let accepted = arguments.accept.iter().map(|text| code(text)).collect::<Result<Vec<_>, _>>()?;
    let order = ConvertOrder {
        input: &arguments.input,
        output: &arguments.output,
        labels: arguments.labels,
        modality: arguments.modality.as_deref(),
        number: arguments.number,
        accepted: &accepted,
        raw: arguments.raw,
    };
    let stage = Stage::new(("convert", "转换"));
    let report = convert(&order, &stage)?;
    stage.done(&files(report.files.len()));
    Answer::new(&report, words(&report))
}

/// A mesh file into another form.
fn mesh(arguments: &Arguments) -> Result<Answer, Fault> {
    let stage = Stage::new(("convert", "转换"));
    let report = mesh_files::convert(
        &arguments.input,
        &arguments.output,
        arguments.unit.as_deref(),
        arguments.repair,
        &stage,
    )?;
    stage.done(&files(1));
    let (file, triangles, mm3) = (report.file.display(), report.triangles, report.volume_mm3);
    let [low, high] = report.bbox_lps_mm.map(Point::to_array);
    let size = [0, 1, 2].map(|n| format!("{:.1}", high[n] - low[n])).join(" × ");
    let mut text = say((
        format!("{file}: {triangles} triangles, {size} mm, {mm3:.1} mm³, {} part(s)\n", report.parts),
        format!("{file}：{triangles} 个三角形，{size} mm，{mm3:.1} mm³，{} 个部件\n", report.parts),
    ));
    if let Some(mm) = report.repair_mm {
        text += &say((format!("repaired within {mm:.3} mm\n"), format!("修复，偏差不超过 {mm:.3} mm\n")));
    }
    Answer::new(&report, text)
}

fn code(text: &str) -> Result<FindingCode, Fault> {
    FindingCode::from_str(text).map_err(|_unknown| {
        Fault::new(
            FaultKind::Usage,
            (format!("{text:?} is not a finding code."), format!("{text:?} 不是问题代码。")),
            ("Nothing was converted.", "没有转换任何内容。"),
            ("The refusal names the code.", "拒绝时的说明中有代码。"),
        )
    })
}

/// What was written, in words.
pub(crate) fn words(report: &ConvertReport) -> String {
    let ([i, j, k], [si, sj, sk]) = (report.size, report.spacing_mm);
    let first = report.files.first().map(|file| file.display().to_string()).unwrap_or_default();
    let more = match report.files.len() {
        0 | 1 => String::new(),
        n => say((format!(" and {} more files", n - 1), format!(" 及另外 {} 个文件", n - 1))),
    };
    let content = if report.content == "labels" { ("labels", "标签") } else { ("volume", "体数据") };
    let content = say(content);
    let mut text = format!("{first}{more}: {content} {i}×{j}×{k}, {si:.3}×{sj:.3}×{sk:.3} mm\n");
    report.findings.iter().for_each(|finding| text.push_str(&finding_words(finding, language())));
    text
}

/// How many files were written.
pub(crate) fn files(count: usize) -> String {
    say((format!("{count} files"), format!("{count} 个文件")))
}
