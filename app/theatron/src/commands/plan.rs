//! `theatron plan`: points, planes, curves, regions and trajectories.

use std::fmt::Write as _;
use std::str::FromStr as _;

use app_engine::{Fault, FaultKind, plan, volumes};
use casebank_case::{PlanEntry, PlanShape, TrajectoryTool, VolumeId};
use clap::{ArgGroup, Subcommand, ValueEnum};
use meshing_space::{Lps, Point, Vector};
use serde_json::json;

use super::bank::{BankArguments, actor, case_id};
use crate::answer::Answer;
use crate::terminal::say;

/// What is planned: points, planes, curves, regions, screws, drills and wires.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  theatron plan put CASE screw-L4 --entry 12,-30,100 --target 12,10,100 --diameter 4.5\n  theatron plan put CASE cut --plane 0,0,90 --normal 0,0,1\n  theatron plan list CASE"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    bank: BankArguments,
}

#[derive(Subcommand)]
enum What {
    /// Add a plan object, or replace the one of that name.
    Put(Box<Put>),
    /// Every plan object of a case.
    List {
        /// The case.
        case: String,
    },
    /// Remove a plan object.
    Remove {
        /// The case.
        case: String,
        /// Its name.
        name: String,
    },
}

#[derive(clap::Args)]
#[command(group = ArgGroup::new("shape").required(true).args(["point", "plane", "curve", "region", "entry"]))]
struct Put {
    /// The case.
    case: String,
    /// Its name, unique in the case.
    name: String,
    /// A landmark, LPS mm.
    #[arg(long, value_name = "X,Y,Z", value_parser = one, allow_hyphen_values = true)]
    point: Option<Point<Lps>>,
    /// A plane through this point, LPS mm.
    #[arg(long, value_name = "X,Y,Z", value_parser = one, allow_hyphen_values = true, requires = "normal")]
    plane: Option<Point<Lps>>,
    /// Normal of the plane, of any length.
    #[arg(long, value_name = "X,Y,Z", value_parser = one, allow_hyphen_values = true)]
    normal: Option<Point<Lps>>,
    /// A curve through these points, LPS mm.
    #[arg(long, value_name = "X,Y,Z;X,Y,Z", value_parser = one, allow_hyphen_values = true, value_delimiter = ';')]
    curve: Vec<Point<Lps>>,
    /// The curve is closed.
    #[arg(long)]
    closed: bool,
    /// A painted region around these points, LPS mm.
    #[arg(long, value_name = "X,Y,Z;X,Y,Z", value_parser = one, allow_hyphen_values = true, value_delimiter = ';', requires = "radius")]
    region: Vec<Point<Lps>>,
    /// Radius of the brush, mm.
    #[arg(long, value_name = "MM", allow_negative_numbers = true)]
    radius: Option<f64>,
    /// Where a trajectory enters the bone, LPS mm.
    #[arg(long, value_name = "X,Y,Z", value_parser = one, allow_hyphen_values = true, requires_all = ["target", "diameter"])]
    entry: Option<Point<Lps>>,
    /// Where its tip ends, LPS mm.
    #[arg(long, value_name = "X,Y,Z", value_parser = one, allow_hyphen_values = true)]
    target: Option<Point<Lps>>,
    /// Its diameter, mm.
    #[arg(long, value_name = "MM", allow_negative_numbers = true)]
    diameter: Option<f64>,
    /// What goes along it.
    #[arg(long, value_enum, default_value = "screw")]
    tool: Tool,
    /// Words beside it.
    #[arg(long, value_name = "TEXT", default_value = "")]
    label: String,
    /// Id of the volume it is planned on; default: the most useful one.
    #[arg(long, value_name = "ID")]
    volume: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Tool {
    Screw,
    Drill,
    Wire,
}

pub(crate) fn one(text: &str) -> Result<Point<Lps>, String> {
    let numbers: Option<Vec<f64>> = text.split(',').map(|n| n.trim().parse().ok()).collect();
    let wrong = || "three numbers in mm, for example 12.5,-30,100".to_owned();
    let numbers = <[f64; 3]>::try_from(numbers.ok_or_else(wrong)?).map_err(|_numbers| wrong())?;
    Ok(Point::from_array(numbers))
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Fault> {
    let bank = arguments.bank.open()?;
    let actor = actor()?;
    let case = match &arguments.what {
        What::Put(put) => {
            let case = case_id(&put.case)?;
            let volume = put.volume.as_deref().map(volume_id).transpose()?;
            let volume = volumes::choose(bank.load(&case, &actor)?.case(), volume)?.id;
            let (shape, label) = (shape(put)?, put.label.as_str().into());
            plan::put(&bank, &actor, case, PlanEntry { name: put.name.clone(), volume, shape, label })?;
            case
        }
        What::List { case } => case_id(case)?,
        What::Remove { case, name } => {
            let case = case_id(case)?;
            plan::remove(&bank, &actor, case, name)?;
            case
        }
    };
    let journal = bank.load(&case, &actor)?;
    let objects = &journal.case().plan;
    let mut text = String::new();
    for object in objects {
        text.push_str(&words(object));
    }
    if objects.is_empty() {
        text.push_str(&say(("nothing is planned\n", "没有规划对象\n")));
    }
    Answer::new(&json!({"case": case, "plan": objects, "stale": journal.case().stale()}), text)
}

fn shape(put: &Put) -> Result<PlanShape, Fault> {
    if let Some(at_lps_mm) = put.point {
        return Ok(PlanShape::Point { at_lps_mm });
    }
    if let (Some(at_lps_mm), Some(normal)) = (put.plane, put.normal) {
        let normal = Vector::<Lps>::from_array(normal.to_array()).normalized();
        let normal_lps = normal.ok_or_else(|| unusable(("The normal has no length.", "法向量长度为零。")))?;
        return Ok(PlanShape::Plane { at_lps_mm, normal_lps });
    }
    if !put.curve.is_empty() {
        return Ok(PlanShape::Curve { points_lps_mm: put.curve.clone(), closed: put.closed });
    }
    if let (false, Some(radius_mm)) = (put.region.is_empty(), put.radius) {
        return Ok(PlanShape::Region { points_lps_mm: put.region.clone(), radius_mm });
    }
    if let (Some(entry_lps_mm), Some(target_lps_mm), Some(diameter_mm)) =
        (put.entry, put.target, put.diameter)
    {
        let tool = match put.tool {
            Tool::Screw => TrajectoryTool::Screw,
            Tool::Drill => TrajectoryTool::Drill,
            Tool::Wire => TrajectoryTool::Wire,
        };
        return Ok(PlanShape::Trajectory { tool, entry_lps_mm, target_lps_mm, diameter_mm });
    }
    Err(unusable(("No shape was given.", "没有给出形状。")))
}

fn unusable(what: (&'static str, &'static str)) -> Fault {
    Fault::new(
        FaultKind::Usage,
        what,
        ("Nothing was planned.", "没有加入规划。"),
        ("`theatron plan put --help` has examples.", "`theatron plan put --help` 有示例。"),
    )
}

fn volume_id(text: &str) -> Result<VolumeId, Fault> {
    VolumeId::from_str(text).map_err(|_error| {
        Fault::new(
            FaultKind::Usage,
            (format!("{text:?} is not the id of a volume."), format!("{text:?} 不是体数据编号。")),
            ("Nothing was planned.", "没有加入规划。"),
            ("`theatron case show CASE` lists them.", "`theatron case show CASE` 会列出编号。"),
        )
    })
}

/// A plan object in words.
pub(crate) fn words(object: &PlanEntry) -> String {
    let kind = match object.shape.kind() {
        "point" => ("point", "点"),
        "plane" => ("plane", "平面"),
        "curve" => ("curve", "曲线"),
        "region" => ("region", "区域"),
        _ => ("trajectory", "轨迹"),
    };
    let mut text = format!("{}: {}", object.name, say(kind));
    if let PlanShape::Trajectory { diameter_mm, .. } = &object.shape {
        write!(text, " ⌀ {diameter_mm} mm").unwrap_or_default();
    }
    if let Some(length) = object.shape.length_mm() {
        write!(text, ", {length:.1} mm").unwrap_or_default();
    }
    if !object.label.expose().is_empty() {
        write!(text, " ({})", object.label.expose()).unwrap_or_default();
    }
    text + "\n"
}
