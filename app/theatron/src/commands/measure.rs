//! `theatron measure`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use app_engine::measure::{Axis, MeasureOrder, MeasureReport, Subject, measured};
use app_engine::pictures::{preview, save};
use app_engine::{Fault, FaultKind, mesh_files};
use casebank_case::CaseId;
use meshing_space::{Lps, Point, Vector};

use super::bank::{BankArguments, actor, case_id};
use crate::answer::Answer;
use crate::terminal::{Stage, say};

/// Measure a mesh: size, axes, sections, how it bends, how far it lies from another.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  theatron measure guide.stl --unit mm\n  theatron measure CASE --segment bone --section 0,0,40:0,0,1 --json\n  \
                  theatron measure CASE --segment bone --against planned.3mf --map far.ply --preview far.png"
)]
pub(crate) struct Arguments {
    /// A case, or a file: .stl, .3mf, .obj, .ply or .glb.
    #[arg(value_name = "CASE|FILE")]
    what: String,
    /// Name of the segment of the case; its surface must have been made with `theatron mesh`.
    #[arg(long, value_name = "NAME")]
    segment: Option<String>,
    /// Name of the solid of the case.
    #[arg(long, value_name = "NAME", conflicts_with = "segment")]
    solid: Option<String>,
    /// Unit of files that do not state it: mm, cm, m or inch.
    #[arg(long)]
    unit: Option<String>,
    /// Cut by the plane through a point, LPS mm, across a normal; may be given several times.
    #[arg(long = "section", value_name = "X,Y,Z:NX,NY,NZ", value_parser = plane, allow_hyphen_values = true)]
    sections: Vec<(Point<Lps>, Vector<Lps>)>,
    /// Also mean and Gaussian curvature.
    #[arg(long)]
    curvature: bool,
    /// Distances to a mesh file, or to the surface of another segment of the case.
    #[arg(long, value_name = "FILE|NAME")]
    against: Option<String>,
    /// The figure at the ends of the colours, in mm (curvature: 1/mm); default: what fits.
    #[arg(long, value_name = "MM", value_parser = range)]
    range: Option<f64>,
    /// Write the mesh with a figure and a colour at each vertex: a .ply file.
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Draw it from four sides into this PNG file, coloured by distance or curvature.
    #[arg(long, value_name = "FILE")]
    preview: Option<PathBuf>,
    #[command(flatten)]
    bank: BankArguments,
}

/// Three numbers.
fn three(text: &str) -> Option<[f64; 3]> {
    let numbers: Vec<f64> = text.split(',').map(|n| n.trim().parse().ok()).collect::<Option<_>>()?;
    numbers.try_into().ok().filter(|numbers: &[f64; 3]| numbers.iter().all(|n| n.is_finite()))
}

fn plane(text: &str) -> Result<(Point<Lps>, Vector<Lps>), &'static str> {
    let (point, normal) = text.split_once(':').ok_or("a plane is X,Y,Z:NX,NY,NZ")?;
    match (three(point), three(normal)) {
        (Some(point), Some(normal)) => Ok((Point::from_array(point), Vector::from_array(normal))),
        _ => Err("a plane is X,Y,Z:NX,NY,NZ"),
    }
}

fn range(text: &str) -> Result<f64, &'static str> {
    text.parse().ok().filter(|mm| (1e-6..=1e6).contains(mm)).ok_or("a number above 0")
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Fault> {
    let path = Path::new(&arguments.what);
    let unit = arguments.unit.as_deref();
    let case: Option<CaseId> = match (&arguments.segment, &arguments.solid) {
        (None, None) if !path.exists() && case_id(&arguments.what).is_ok() => return Err(of_what()),
        (None, None) => None,
        _ => Some(case_id(&arguments.what)?),
    };
    let subject = match (case, &arguments.segment, &arguments.solid) {
        (Some(case), Some(name), _) => Subject::Segment(case, name),
        (Some(case), None, Some(name)) => Subject::Solid(case, name),
        _ => Subject::File(path, unit),
    };
    let against = arguments.against.as_deref().map(|other| match case {
        Some(case) if !mesh_files::is_mesh(Path::new(other)) => Subject::Segment(case, other),
        _ => Subject::File(Path::new(other), unit),
    });
    let order = MeasureOrder {
        sections: &arguments.sections,
        curvature: arguments.curvature,
        against,
        range: arguments.range,
        map: arguments.map.as_deref(),
    };
    let stage = Stage::new(("measure", "测量"));
    let found = measured(&arguments.bank.open()?, &actor()?, subject, &order, &stage)?;
    let count = found.report.size.triangles;
    stage.done(&say((format!("{count} triangles"), format!("{count} 个三角形"))));
    if let Some(file) = &arguments.preview {
        let drawn = match &found.map {
            Some((map, values)) => preview::of_map(&found.mesh, map, values)?,
            None => preview::of_parts(&[(&found.report.name, &found.mesh)])?,
        };
        save(&drawn, file)?;
    }
    let text = words(&found.report);
    Answer::new(&found.report, text)
}

fn of_what() -> Fault {
    Fault::new(
        FaultKind::Usage,
        ("A case has many meshes.", "病例中有多个网格。"),
        ("Nothing was measured.", "没有进行测量。"),
        ("Name one with --segment or --solid.", "请用 --segment 或 --solid 指定一个。"),
    )
}

/// The figures in words.
fn words(report: &MeasureReport) -> String {
    let mut text = format!("{}\n", report.name);
    let mut line = |en: String, zh: String| writeln!(text, "  {}", say((en, zh))).unwrap_or_default();
    let size = &report.size;
    let (mm3, mm2, parts) = (size.volume_mm3, size.area_mm2, size.parts);
    if size.closed {
        line(
            format!("volume {mm3:.1} mm³, area {mm2:.1} mm², {parts} part(s), closed"),
            format!("体积 {mm3:.1} mm³，面积 {mm2:.1} mm²，{parts} 个部分，封闭"),
        );
    } else {
        line(
            format!("area {mm2:.1} mm², {parts} part(s), NOT closed: no volume"),
            format!("面积 {mm2:.1} mm²，{parts} 个部分，未封闭：没有体积"),
        );
    }
    let [low, high] = size.bbox_lps_mm.map(Point::to_array);
    let sides = [0, 1, 2].map(|n| format!("{:.1}", high[n] - low[n])).join(" × ");
    let centre = size.centroid_lps_mm.to_array().map(|x| format!("{x:.1}")).join(", ");
    line(
        format!("box {sides} mm, centre {centre} LPS mm"),
        format!("包围盒 {sides} mm，中心 {centre} LPS mm"),
    );
    for Axis { direction_lps, length_mm, .. } in &report.axes {
        let along = direction_lps.map(|x| format!("{x:.3}")).join(", ");
        line(format!("axis {along}: {length_mm:.1} mm"), format!("主轴 {along}：{length_mm:.1} mm"));
    }
    for cut in &report.sections {
        let (mm2, mm, curves) = (cut.area_mm2, cut.perimeter_mm, cut.curves.len());
        let at = cut.point_lps_mm.map(|x| format!("{x:.1}")).join(", ");
        line(
            format!("section through {at}: {mm2:.2} mm², rims {mm:.2} mm in {curves} curve(s)"),
            format!("过 {at} 的截面：{mm2:.2} mm²，轮廓 {mm:.2} mm，{curves} 条曲线"),
        );
        if cut.curves.iter().any(|curve| !curve.closed) {
            line("the mesh is open here: no area".to_owned(), "网格在此未封闭：没有面积".to_owned());
        }
    }
    if let Some(found) = &report.curvature {
        let m = found.mean_per_mm;
        line(
            format!(
                "mean curvature: 5 % below {:.4}, half below {:.4}, 95 % below {:.4} 1/mm",
                m.p5, m.median, m.p95
            ),
            format!("平均曲率：5 % 低于 {:.4}，一半低于 {:.4}，95 % 低于 {:.4} 1/mm", m.p5, m.median, m.p95),
        );
    }
    if let Some(found) = &report.distance {
        let (s, other) = (found.signed_mm, &found.against);
        line(
            format!(
                "against {other}: mean {:.3} mm, at most {:.3} mm (Hausdorff); outside +, inside -: 5 % below {:+.3}, half below {:+.3}, 95 % below {:+.3} mm",
                found.mean_mm, found.hausdorff_mm, s.p5, s.median, s.p95
            ),
            format!(
                "与 {other} 相比：平均 {:.3} mm，最大 {:.3} mm（豪斯多夫）；外 +，内 -：5 % 低于 {:+.3}，一半低于 {:+.3}，95 % 低于 {:+.3} mm",
                found.mean_mm, found.hausdorff_mm, s.p5, s.median, s.p95
            ),
        );
    }
    if let Some(file) = &report.map {
        line(format!("colour map: {}", file.display()), format!("彩色图：{}", file.display()));
    }
    text
}
