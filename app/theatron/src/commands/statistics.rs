//! `theatron statistics`.

use std::fmt::Write as _;

use app_engine::Fault;
use app_engine::statistics::{Agreed, SegmentStatistics, StatisticsOrder, statistics};

use super::bank::{BankArguments, actor, case_id};
use crate::answer::Answer;
use crate::terminal::{Stage, say};

/// Volumes and values of segments, and how well they agree with another.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  theatron statistics CASE\n  theatron statistics CASE --segment bone --against drawn --tolerance 1"
)]
pub(crate) struct Arguments {
    /// The case.
    case: String,
    /// A segment; may be given several times; default: all.
    #[arg(long = "segment", value_name = "NAME")]
    segments: Vec<String>,
    /// Compare each with this segment: Dice, HD95, NSD.
    #[arg(long, value_name = "NAME")]
    against: Option<String>,
    /// How far apart two surfaces may lie and still count as one, mm.
    #[arg(long, value_name = "MM", default_value_t = 1.0, value_parser = tolerance)]
    tolerance: f64,
    #[command(flatten)]
    bank: BankArguments,
}

fn tolerance(text: &str) -> Result<f64, &'static str> {
    text.parse().ok().filter(|mm| (0.0..=1000.0).contains(mm)).ok_or("a length from 0 to 1000 mm")
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Fault> {
    let stage = Stage::new(("statistics", "统计"));
    let order = StatisticsOrder {
        case: case_id(&arguments.case)?,
        segments: &arguments.segments,
        against: arguments.against.as_deref(),
        tolerance_mm: arguments.tolerance,
    };
    let report = statistics(&arguments.bank.open()?, &actor()?, &order, &stage)?;
    let count = report.segments.len();
    stage.done(&say((format!("{count} segments"), format!("{count} 个分割"))));
    let mut text: String = report.segments.iter().map(told).collect();
    if text.is_empty() {
        text = say(("the case has no segments\n", "病例没有分割\n"));
    }
    Answer::new(&report, text)
}

fn told(found: &SegmentStatistics) -> String {
    let volumes = &found.volume_mm3;
    let mut text = format!("{}\n", found.segment);
    let mut line = |en: String, zh: String| writeln!(text, "  {}", say((en, zh))).unwrap_or_default();
    line(
        format!("volume, counted: {:.1} mm³ ({} voxels)", volumes.counted, found.voxels),
        format!("体积（体素计数）：{:.1} mm³（{} 个体素）", volumes.counted, found.voxels),
    );
    if let Some(mm3) = volumes.weighted {
        line(
            format!("volume, border voxels weighted: {mm3:.1} mm³"),
            format!("体积（边缘体素加权）：{mm3:.1} mm³"),
        );
    }
    if let Some(mm3) = volumes.surface {
        line(format!("volume, within the surface: {mm3:.1} mm³"), format!("体积（表面所围）：{mm3:.1} mm³"));
    }
    let [l, p, s] = found.centre_lps_mm;
    line(format!("centre: {l:.1}, {p:.1}, {s:.1} LPS mm"), format!("中心：{l:.1}, {p:.1}, {s:.1} LPS mm"));
    if let Some(v) = &found.values {
        let [p5, p25, p50, p75, p95] = v.percentiles;
        let unit = &found.unit;
        line(
            format!(
                "values: mean {:.1} {unit}, deviation {:.1}, from {} to {}",
                v.mean, v.deviation, v.min, v.max
            ),
            format!("数值：均值 {:.1} {unit}，标准差 {:.1}，自 {} 至 {}", v.mean, v.deviation, v.min, v.max),
        );
        line(
            format!("percentiles 5, 25, 50, 75, 95: {p5:.1}, {p25:.1}, {p50:.1}, {p75:.1}, {p95:.1}"),
            format!("百分位数 5、25、50、75、95：{p5:.1}、{p25:.1}、{p50:.1}、{p75:.1}、{p95:.1}"),
        );
    }
    if let Some(found) = &found.agreement {
        text.push_str(&compared(found));
    }
    text
}

fn compared(found: &Agreed) -> String {
    let mut text = format!(
        "  {}\n",
        say((format!("against {}:", found.against), format!("与 {} 比较：", found.against)))
    );
    let mut line = |en: String, zh: String| writeln!(text, "    {}", say((en, zh))).unwrap_or_default();
    line(format!("Dice: {:.4}", found.dice), format!("Dice：{:.4}", found.dice));
    if let Some(share) = found.volume_difference {
        let percent = 100.0 * share;
        line(format!("volume: {percent:+.2} %"), format!("体积：{percent:+.2} %"));
    }
    let surfaces = (found.hd95_mm, found.hd_mm, found.mean_mm, found.nsd);
    if let (Some(hd95), Some(hd), Some(mean), Some(nsd)) = surfaces {
        line(
            format!("surfaces: HD95 {hd95:.2} mm, at most {hd:.2} mm, mean {mean:.2} mm"),
            format!("表面：HD95 {hd95:.2} mm，最大 {hd:.2} mm，平均 {mean:.2} mm"),
        );
        let mm = found.tolerance_mm;
        line(format!("NSD at {mm} mm: {nsd:.4}"), format!("NSD（{mm} mm）：{nsd:.4}"));
    }
    text
}
