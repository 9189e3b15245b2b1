//! `theatron mesh`.

use std::fmt::Write as _;
use std::path::PathBuf;

use app_engine::Fault;
use app_engine::mesh::{MeshOrder, MeshReport, load, mesh};
use app_engine::parts::{PartReport, PartsOrder, parts};
use app_engine::pictures::{preview, save};
use casebank_store::Bank;
use meshing_surface::glb::Part as Coloured;

use super::bank::{BankArguments, actor, case_id};
use crate::answer::Answer;
use crate::terminal::{Stage, say};

/// Write the surface of a segment as a print file.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  theatron mesh CASE --segment bone --max-error-mm 0.2 --out bone.3mf\n  theatron mesh CASE --segment bone --segment tumour --out both.3mf"
)]
pub(crate) struct Arguments {
    /// The case.
    case: String,
    /// Name of the segment; given several times: one file with an object and a colour for each (.3mf, .glb, .obj).
    #[arg(long = "segment", value_name = "NAME", required = true)]
    segments: Vec<String>,
    /// Segments that touch share one wall without a gap; from the masks, not simplified.
    #[arg(long, conflicts_with = "max_error_mm")]
    shared_walls: bool,
    /// Error that simplification may make, in mm; default: a quarter of the smallest voxel edge; 0 keeps every triangle.
    #[arg(long, value_name = "MM")]
    max_error_mm: Option<f64>,
    /// The file: .3mf (carries its unit), .stl, .obj, .ply or .glb.
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
    let [name] = arguments.segments.as_slice() else { return several(&bank, arguments) };
    let order = MeshOrder {
        case: case_id(&arguments.case)?,
        segment: name,
        max_error_mm: arguments.max_error_mm,
        file: &arguments.out,
    };
    let stage = Stage::new(("mesh", "表面"));
    let report = mesh(&bank, &actor()?, &order, &stage)?;
    stage.done(&say((format!("{} triangles", report.triangles), format!("{} 个三角形", report.triangles))));
    if let Some(file) = &arguments.preview {
        let journal = bank.load(&order.case, &actor()?)?;
        if let Some(entry) = journal.case().surface(name) {
            let drawn = preview::of_parts(&[(name, &load(&bank, entry)?)])?;
            save(&drawn, file)?;
        }
    }
    let text = words(&report);
    Answer::new(&report, text)
}

/// Several segments in one file.
fn several(bank: &Bank, arguments: &Arguments) -> Result<Answer, Fault> {
    let order = PartsOrder {
        case: case_id(&arguments.case)?,
        segments: &arguments.segments,
        max_error_mm: arguments.max_error_mm,
        shared_walls: arguments.shared_walls,
        file: &arguments.out,
    };
    let stage = Stage::new(("mesh", "表面"));
    let (report, meshes) = parts(bank, &actor()?, &order, &stage)?;
    let count = report.segments.len();
    stage.done(&say((format!("{count} segments"), format!("{count} 个分割"))));
    let mut text = format!("{}\n", report.file.display());
    for part in &report.segments {
        let [r, g, b] = part.colour;
        let PartReport { segment, triangles, volume_mm3, parts, hausdorff_mm, .. } = part;
        let line = say((
            format!(
                "  {segment} (#{r:02X}{g:02X}{b:02X}): {triangles} triangles, {volume_mm3:.1} mm³, {parts} parts, simplified within {hausdorff_mm:.3} mm (measured)"
            ),
            format!(
                "  {segment}（#{r:02X}{g:02X}{b:02X}）：{triangles} 个三角形，{volume_mm3:.1} mm³，{parts} 个部分，简化误差 {hausdorff_mm:.3} mm（实测）"
            ),
        ));
        writeln!(text, "{line}").unwrap_or_default();
    }
    if let Some(file) = &arguments.preview {
        let coloured: Vec<Coloured<'_>> = report
            .segments
            .iter()
            .zip(&meshes)
            .map(|(part, mesh)| Coloured { name: &part.segment, colour: part.colour, mesh })
            .collect();
        save(&preview::of_coloured(&coloured)?, file)?;
    }
    Answer::new(&report, text)
}

/// A print file in words.
pub(crate) fn words(report: &MeshReport) -> String {
    let solid = say(if report.closed { ("closed", "封闭") } else { ("NOT closed", "未封闭") });
    let (file, triangles, parts) = (report.file.display(), report.triangles, report.parts);
    let (mm3, mm2, error) = (report.volume_mm3, report.area_mm2, report.hausdorff_mm);
    say((
        format!(
            "{file}: {triangles} triangles, {mm3:.1} mm³, {mm2:.1} mm², {parts} parts, {solid}, simplified within {error:.3} mm (measured)\n"
        ),
        format!(
            "{file}：{triangles} 个三角形，{mm3:.1} mm³，{mm2:.1} mm²，{parts} 个部分，{solid}，简化误差 {error:.3} mm（实测）\n"
        ),
    ))
}
