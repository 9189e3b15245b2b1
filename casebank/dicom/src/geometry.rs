//! Where the slices of one stack lie, and what is odd about it.
//!
//! Slices are ordered by their position along the normal and spaced by their positions (PS3.3 C.7.6.2.1.1); neither
//! Slice Thickness, Slice Location nor Instance Number decide anything. Lengths in mm, LPS.

use std::path::PathBuf;

use casebank_case::{Finding, FindingCode, Severity, Told as _, Words};
use meshing_space::{Lps, Point, Vector};
use meshing_volume::Grid;

use crate::header::Header;
use crate::stored::StoredFrame;

/// Positions closer than this are one position.
pub(crate) const SAME_POSITION_MM: f64 = 0.01;
/// Greatest deviation of a gap from the usual one: this share of it …
const GAP_SHARE: f64 = 0.01;
/// … or this much, whichever is more (positions are written with two or three decimals).
const GAP_MM: f64 = 0.01;
/// Slices named in one message.
const NAMED: usize = 6;

/// One readable slice.
#[derive(Clone, Debug)]
pub(crate) struct Slice {
    pub(crate) path: PathBuf,
    pub(crate) header: Header,
    pub(crate) stored: StoredFrame,
    pub(crate) lossy: bool,
    pub(crate) position: [f64; 3],
    pub(crate) orientation: [f64; 6],
}

/// Ordered slices and the grid they fill.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) grid: Grid,
    pub(crate) slices: Vec<Slice>,
    /// Positions of `slices` along the normal, mm.
    pub(crate) along_mm: Vec<f64>,
    /// For every slice of the grid: the slice at or below it and the share of the next one. `None` where slice k of the
    /// grid is slice k of `slices`.
    pub(crate) mix: Option<Vec<(usize, f64)>>,
    pub(crate) findings: Vec<Finding>,
}

/// The three axes of a stack: along a row, down a column, and the normal.
pub(crate) fn axes(orientation: &[f64; 6]) -> Option<[Vector<Lps>; 3]> {
    let [a, b, c, d, e, f] = *orientation;
    let (row, column) = (Vector::<Lps>::new(a, b, c), Vector::<Lps>::new(d, e, f));
    let unit = |v: Vector<Lps>| (v.length() - 1.0).abs() < 0.01;
    if !unit(row) || !unit(column) || row.dot(column).abs() > 0.01 {
        return None;
    }
    let i = row.normalized()?;
    let j = (column - i * i.dot(column)).normalized()?;
    Some([i, j, i.cross(j)])
}

/// Position along the normal of the stack.
pub(crate) fn along(position: &[f64; 3], normal: Vector<Lps>) -> f64 {
    (Point::from_array(*position) - Point::origin()).dot(normal)
}

/// How messages name a slice.
fn name(slice: &Slice, along_mm: f64) -> Words {
    let name = slice.header.name();
    Words::new(format!("{name} (at {along_mm:.3} mm)"), format!("{}（位置 {along_mm:.3} 毫米）", name.zh))
}

/// Joins at most [`NAMED`] names.
pub(crate) fn list(names: &[Words]) -> Words {
    let mut names = names.to_vec();
    names.dedup();
    let joined = |language: fn(&Words) -> &str, between| {
        names.iter().take(NAMED).map(language).collect::<Vec<_>>().join(between)
    };
    let shown = Words::new(joined(|w| &w.en, "; "), joined(|w| &w.zh, "；"));
    match names.len().checked_sub(NAMED) {
        None | Some(0) => shown,
        Some(more) => {
            Words::new(format!("{shown}; and {more} more"), format!("{}；另有 {more} 处", shown.zh))
        }
    }
}

/// The same in both languages.
fn neutral(text: String) -> Words {
    Words::new(text.clone(), text)
}

/// Lays out slices that agree in size, orientation and spacing and have distinct positions.
///
/// # Errors
/// A reason in words where no grid exists.
pub(crate) fn plan(mut slices: Vec<Slice>) -> Result<Plan, Words> {
    let first = slices.first().ok_or_else(|| Words::new("no slices", "没有切片"))?;
    let [i, j, normal] = axes(&first.orientation).ok_or_else(|| {
        Words::new("the orientation is not two perpendicular unit vectors", "方向不是两个互相垂直的单位向量")
    })?;
    slices.sort_by(|a, b| along(&a.position, normal).total_cmp(&along(&b.position, normal)));
    let along_mm: Vec<f64> = slices.iter().map(|s| along(&s.position, normal)).collect();
    let mut findings = Vec::new();
    let in_plane = in_plane_spacing(&slices, &mut findings);
    let steps = steps(&slices, &along_mm, &mut findings);
    let (direction, stretch) = slice_axis(&slices, &along_mm, normal, in_plane, &mut findings);
    order_findings(&slices, &along_mm, steps.usual_mm, &mut findings);

    let format = &slices[0].header.format;
    let size = [usize::from(format.columns), usize::from(format.rows), steps.count];
    let origin = Point::from_array(slices[0].position);
    // Positions carry at most nine decimals; the rest is float noise of their differences.
    let along_k = (steps.spacing_mm * stretch * 1e9).round() / 1e9;
    let spacing_mm = [in_plane[0], in_plane[1], along_k];
    let grid = Grid::new(size, origin, [i, j, direction], spacing_mm)
        .map_err(|error| Words::new(error.to_string(), format!("无法组成网格（{error}）")))?;
    Ok(Plan { grid, slices, along_mm, mix: steps.mix, findings })
}

/// Distance of voxel centres along i and j. Pixel Spacing gives rows first: the distance *between rows* is that along j.
fn in_plane_spacing(slices: &[Slice], findings: &mut Vec<Finding>) -> [f64; 2] {
    let header = &slices[0].header;
    if let Some([between_rows, between_columns]) = header.pixel_spacing {
        return [between_columns, between_rows];
    }
    if let Some([between_rows, between_columns]) = header.imager_spacing {
        findings.push(Finding::new(
            FindingCode::EstimatedSpacing,
            Severity::Severe,
            Words::new(
                "Pixel Spacing is missing; the spacing at the detector stands in for it, which is not that in the body",
                "缺少像素间距；以探测器处的间距代替，它不是体内的间距",
            ),
        ));
        return [between_columns, between_rows];
    }
    findings.push(Finding::new(
        FindingCode::NoSpacing,
        Severity::Severe,
        Words::new(
            format!("Pixel Spacing is missing or not two positive numbers ({}, the first of {} slices); 1 mm stands in for it", header.name(), slices.len()),
            format!("缺少像素间距，或它不是两个正数（{}，共 {} 个切片中的第一个）；以 1 毫米代替", header.name().zh, slices.len()),
        ),
    ));
    [1.0, 1.0]
}

/// The regular steps along the normal.
struct Steps {
    spacing_mm: f64,
    usual_mm: f64,
    count: usize,
    mix: Option<Vec<(usize, f64)>>,
}

fn steps(slices: &[Slice], along_mm: &[f64], findings: &mut Vec<Finding>) -> Steps {
    let n = slices.len();
    if n < 2 {
        let thickness = slices[0].header.slice_thickness;
        let spacing_mm = thickness.unwrap_or(1.0);
        let from =
            if thickness.is_some() { ("Slice Thickness", "切片厚度") } else { ("1 mm", "1 毫米") };
        let slice = name(&slices[0], along_mm[0]);
        findings.push(Finding::new(
            FindingCode::EstimatedSpacing,
            Severity::Warning,
            Words::new(
                format!(
                    "a single slice, {slice}, has no distance to a neighbour; {} stands in for it",
                    from.0
                ),
                format!("只有一个切片，{}，没有到相邻切片的距离；以{}代替", slice.zh, from.1),
            ),
        ));
        return Steps { spacing_mm, usual_mm: spacing_mm, count: 1, mix: None };
    }
    let gaps: Vec<f64> = along_mm.windows(2).map(|w| w[1] - w[0]).collect();
    let mut sorted = gaps.clone();
    sorted.sort_by(f64::total_cmp);
    let usual = sorted[(n - 2) / 2];
    let tolerance = (GAP_SHARE * usual).max(GAP_MM);
    let extent = along_mm[n - 1] - along_mm[0];

    let mut at = vec![0_usize; n];
    let (mut irregular, mut missing) = (Vec::new(), Vec::new());
    for (k, gap) in gaps.iter().enumerate() {
        let whole = whole_steps(gap / usual) as f64;
        at[k + 1] = at[k] + whole_steps(gap / usual);
        let between = || {
            let (below, above) = (name(&slices[k], along_mm[k]), name(&slices[k + 1], along_mm[k + 1]));
            Words::new(format!("{below} and {above}"), format!("{}与{}", below.zh, above.zh))
        };
        if (gap - whole * usual).abs() > tolerance * whole.min(10.0) {
            let between = between();
            irregular.push(Words::new(
                format!("{gap:.3} mm between {between}"),
                format!("{}之间 {gap:.3} 毫米", between.zh),
            ));
        } else if whole > 1.5 {
            let expected: Vec<Words> = (1..whole_steps(gap / usual))
                .take(NAMED)
                .map(|m| neutral(format!("{:.3} mm", along_mm[k] + m as f64 * usual)))
                .collect();
            let (between, expected) = (between(), list(&expected));
            missing.push(Words::new(
                format!("between {between}, expected at {expected}"),
                format!("{}之间，应在 {}", between.zh, expected.zh),
            ));
        }
    }
    let count = at[n - 1] + 1;
    let spacing_mm = extent / at[n - 1] as f64;
    let drifts = at
        .iter()
        .zip(along_mm)
        .any(|(&k, p)| (p - along_mm[0] - k as f64 * spacing_mm).abs() > (0.1 * spacing_mm).max(0.05));
    if !missing.is_empty() {
        let missing = list(&missing);
        findings.push(Finding::new(
            FindingCode::MissingSlice,
            Severity::Severe,
            Words::new(
                format!("slices are missing {missing}; what lies there is interpolated"),
                format!("缺少切片：{}；其间的数值为插值", missing.zh),
            ),
        ));
    }
    if irregular.is_empty() && !drifts && count <= 2 * n + 16 {
        let mix = (!missing.is_empty()).then(|| mix_at(along_mm, spacing_mm, count));
        return Steps { spacing_mm, usual_mm: usual, count, mix };
    }
    if !irregular.is_empty() || drifts {
        let what = if irregular.is_empty() {
            Words::new("it drifts over the stack", "沿整个序列逐渐变化")
        } else {
            list(&irregular)
        };
        findings.push(Finding::new(
            FindingCode::VariableSpacing,
            Severity::Severe,
            Words::new(
                format!(
                    "the distance between slices varies (usually {usual:.3} mm): {what}; the volume is interpolated to equal steps"
                ),
                format!("层距不均（通常为 {usual:.3} 毫米）：{}；体数据已插值为等距", what.zh),
            ),
        ));
    }
    let spacing_mm = extent / (n - 1) as f64;
    Steps { spacing_mm, usual_mm: usual, count: n, mix: Some(mix_at(along_mm, spacing_mm, n)) }
}

/// The nearest whole number of steps, at least one and at most a million.
fn whole_steps(steps: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to a small whole number")]
    let whole = steps.round().clamp(1.0, 1e6) as usize;
    whole
}

/// For `count` equal steps from the first position: the slice below and the share of the next.
fn mix_at(along_mm: &[f64], spacing_mm: f64, count: usize) -> Vec<(usize, f64)> {
    let last = along_mm.len() - 1;
    (0..count)
        .map(|k| {
            let p = along_mm[0] + k as f64 * spacing_mm;
            let below = along_mm.partition_point(|&q| q <= p).saturating_sub(1).min(last.saturating_sub(1));
            let share = ((p - along_mm[below]) / (along_mm[below + 1] - along_mm[below])).clamp(0.0, 1.0);
            // A slice within float noise of its place is taken as it is.
            match share * (along_mm[below + 1] - along_mm[below]) {
                off if off < SAME_POSITION_MM => (below, 0.0),
                off if along_mm[below + 1] - along_mm[below] - off < SAME_POSITION_MM => (below + 1, 0.0),
                _ => (below, share),
            }
        })
        .collect()
}

/// The unit vector from slice to slice and how much longer its step is than that along the normal.
fn slice_axis(
    slices: &[Slice],
    along_mm: &[f64],
    normal: Vector<Lps>,
    in_plane: [f64; 2],
    findings: &mut Vec<Finding>,
) -> (Vector<Lps>, f64) {
    let n = slices.len();
    let from_first =
        |k: usize| Point::<Lps>::from_array(slices[k].position) - Point::from_array(slices[0].position);
    let sideways = |k: usize| from_first(k) - normal * (along_mm[k] - along_mm[0]);
    let extent = along_mm[n - 1] - along_mm[0];
    if n < 2 || extent <= 0.0 {
        return (normal, 1.0);
    }
    let pixel = in_plane[0].min(in_plane[1]);
    let drift = sideways(n - 1);
    let stray: Vec<Words> = (0..n)
        .filter(|&k| (sideways(k) - drift * ((along_mm[k] - along_mm[0]) / extent)).length() > 0.5 * pixel)
        .map(|k| name(&slices[k], along_mm[k]))
        .collect();
    if !stray.is_empty() {
        let stray = list(&stray);
        findings.push(Finding::new(
            FindingCode::VariableSpacing,
            Severity::Severe,
            Words::new(
                format!("slices are shifted sideways out of line by more than half a pixel: {stray}"),
                format!("有切片横向偏离直线超过半个像素：{}", stray.zh),
            ),
        ));
    }
    let degrees = (drift.length() / extent).atan().to_degrees();
    if drift.length() <= 0.25 * pixel || degrees < 0.05 {
        return (normal, 1.0);
    }
    let (from, to) = (name(&slices[0], along_mm[0]), name(&slices[n - 1], along_mm[n - 1]));
    let shift = drift.length();
    findings.push(Finding::new(
        FindingCode::GantryTilt,
        Severity::Severe,
        Words::new(
            format!(
                "slices are shifted sideways by {shift:.2} mm from {from} to {to}, as by a gantry tilted {degrees:.1} \
                 degrees; the volume is kept as a sheared grid"
            ),
            format!(
                "从{}到{}，切片横向偏移 {shift:.2} 毫米，如同机架倾斜 {degrees:.1} 度；体数据保留为倾斜网格",
                from.zh, to.zh
            ),
        ),
    ));
    let step = from_first(n - 1);
    step.normalized().map_or((normal, 1.0), |direction| (direction, step.length() / extent))
}

/// Findings about order, thickness, rescale and loss.
fn order_findings(slices: &[Slice], along_mm: &[f64], usual_mm: f64, findings: &mut Vec<Finding>) {
    let numbers: Vec<i64> = slices.iter().filter_map(|s| s.header.number()).collect();
    let falling = numbers.windows(2).filter(|w| w[1] < w[0]).count();
    let rising = numbers.windows(2).filter(|w| w[1] > w[0]).count();
    if falling > rising {
        let end = slices.len() - 1;
        let (first, last) = (name(&slices[0], along_mm[0]), name(&slices[end], along_mm[end]));
        findings.push(Finding::new(
            FindingCode::ReversedOrder,
            Severity::Info,
            Words::new(
                format!(
                    "instance numbers run against the slice normal: the volume starts with {first} and ends with {last}"
                ),
                format!("实例号与切片法线方向相反：体数据始于{}，止于{}", first.zh, last.zh),
            ),
        ));
    }
    let thickness = slices[0].header.slice_thickness;
    if let Some(thickness) = thickness.filter(|&mm| slices.len() > 1 && mm > 1.01 * usual_mm + GAP_MM) {
        findings.push(Finding::new(
            FindingCode::OverlappingSlices,
            Severity::Info,
            Words::new(
                format!("slices of {thickness:.3} mm overlap: they follow each other every {usual_mm:.3} mm"),
                format!("厚 {thickness:.3} 毫米的切片互相重叠：层距为 {usual_mm:.3} 毫米"),
            ),
        ));
    }
    let rescale = |s: &Slice| (s.header.slope, s.header.intercept);
    let differing: Vec<Words> = slices
        .iter()
        .zip(along_mm)
        .filter(|(s, _)| rescale(s) != rescale(&slices[0]))
        .map(|(s, &p)| name(s, p))
        .collect();
    if !differing.is_empty() {
        let differing = list(&differing);
        findings.push(Finding::new(
            FindingCode::PerSliceRescale,
            Severity::Info,
            Words::new(
                format!("rescale slope or intercept differ from those of the first slice, and are applied slice by slice: {differing}"),
                format!("重标定斜率或截距与第一个切片不同，已逐片换算：{}", differing.zh),
            ),
        ));
    }
    let lossy = slices.iter().filter(|s| s.lossy).count();
    if lossy > 0 {
        findings.push(Finding::new(
            FindingCode::LossySource,
            Severity::Warning,
            Words::new(
                format!("{lossy} of {} slices were compressed with loss before they came here", slices.len()),
                format!("{lossy} 个切片（共 {} 个）在到达之前经过有损压缩", slices.len()),
            ),
        ));
    }
    if slices.iter().any(|s| s.header.beside_patient) {
        findings.push(Finding::new(
            FindingCode::UnknownOrientation,
            Severity::Severe,
            Words::new(
                "the volume lies in a frame of the ultrasound transducer; which way the patient lies in it is not said, so \
                 sides and positions are guesses (lengths are right)",
                "体数据位于超声探头的坐标系；没有说明患者在其中的方位，因此左右和位置都是猜测（长度正确）",
            ),
        ));
    }
    if let Some(problem) = slices.iter().find_map(|s| s.header.text_problem.as_ref()) {
        findings.push(Finding::new(FindingCode::UnknownCharset, Severity::Warning, problem.words()));
    }
}
