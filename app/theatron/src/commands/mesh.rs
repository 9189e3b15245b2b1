//! `theatron mesh`.

use std::path::PathBuf;

use app_engine::Fault;
use app_engine::mesh::{MeshOrder, MeshReport, load, mesh};
use app_engine::pictures::{preview, save};

use super::bank::{BankArguments, actor, case_id};
use crate::answer::Answer;
use crate::terminal::{Stage, say};

/// Write the surface of a segment as a print file.
#[derive(clap::Args)]
#[command(after_help = "Example: theatron mesh CASE --segment bone --max-error-mm 0.2 --out bone.3mf")]
pub(crate) struct Arguments {
    /// The case.
    case: String,
    /// Name of the segment.
    #[arg(long)]
    segment: String,
    /// Error that simplification may make, in mm; default: a quarter of the smallest voxel edge; 0 keeps every triangle.
    #[arg(long, value_name = "MM")]
    max_error_mm: Option<f64>,
    /// The file: .3mf (carries its unit) or .stl.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Also draw it from four sides into this PNG file.
    #[arg(long, value_name = "FILE")]
    preview: Option<PathBuf>,
    #[command(flatten)]
    bank: BankArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Fault> {
    let bank = arguments.bank.open()?;
    let order = MeshOrder {
        case: case_id(&arguments.case)?,
        segment: &arguments.segment,
        max_error_mm: arguments.max_error_mm,
        file: &arguments.out,
    };
    let stage = Stage::new(("mesh", "表面"));
    let report = mesh(&bank, &actor()?, &order, &stage)?;
    stage.done(&say((format!("{} triangles", report.triangles), format!("{} 个三角形", report.triangles))));
    if let Some(file) = &arguments.preview {
        let journal = bank.load(&order.case, &actor()?)?;
        if let Some(entry) = journal.case().surface(&arguments.segment) {
            let drawn = preview::of_parts(&[(&arguments.segment, &load(&bank, entry)?)])?;
            save(&drawn, file)?;
        }
    }
    let text = words(&report);
    Answer::new(&report, text)
}

/// A print file in words.
pub(crate) fn words(report: &MeshReport) -> String {
    let solid = if report.closed { "closed" } else { "NOT closed" };
    format!(
        "{}: {} triangles, {:.1} mm³, {:.1} mm², {} parts, {solid}, simplified within {:.3} mm (measured)\n",
        report.file.display(),
        report.triangles,
        report.volume_mm3,
        report.area_mm2,
        report.parts,
        report.hausdorff_mm
    )
}
