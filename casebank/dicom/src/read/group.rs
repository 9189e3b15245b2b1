//! Which slices make one stack.

use std::collections::BTreeMap;

use casebank_case::{Finding, FindingCode, Severity, Words};

use super::{Import, Other};
use crate::geometry::{SAME_POSITION_MM, Slice, along, axes, list};
use crate::header::PHASES;
use crate::prescan::Limits;

/// Largest difference of direction cosines within a stack, about a tenth of a degree.
const SAME_DIRECTION: f64 = 2e-3;
/// Most stacks of one series; a radial acquisition has hundreds.
const STACKS: usize = 4096;

/// Slices at distinct positions that agree in size, orientation, spacing and frame of reference.
#[derive(Debug)]
pub(super) struct Stack {
    pub(super) slices: Vec<Slice>,
    pub(super) findings: Vec<Finding>,
    /// Running number within the series.
    pub(super) number: u32,
    /// What sets it apart from others at the same place, in words; empty if there are none.
    pub(super) phase: String,
}

/// Splits slices into stacks: by series, then by what cannot share a grid, then by phase where positions repeat.
pub(super) fn stacks(slices: Vec<Slice>, import: &mut Import) -> Vec<Stack> {
    let mut series: BTreeMap<(String, Option<i64>, String), Vec<Slice>> = BTreeMap::new();
    for slice in slices {
        let h = &slice.header;
        let key = (h.study.uid.clone(), h.series_number, h.series_uid.clone());
        series.entry(key).or_default().push(slice);
    }
    let mut out = Vec::new();
    for slices in series.into_values() {
        let mut parts = compatible(slices);
        parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
        let mixed = mixed_findings(&parts);
        let largest = parts.first().map_or(0, Vec::len);
        let mut number = 0;
        for part in parts {
            if part.len() == 1 && largest > 1 {
                import.other.extend(part.into_iter().map(|s| Other {
                    path: s.path,
                    what: Words::new(
                        "single slice that does not fit the others of its series",
                        "与所在系列其他切片不相配的单个切片",
                    ),
                }));
                continue;
            }
            for (slices, phase) in phases(part) {
                let mut findings = mixed.clone();
                let slices = without_duplicates(slices, &mut findings);
                out.push(Stack { slices, findings, number, phase });
                number += 1;
            }
        }
    }
    out
}

fn compatible(slices: Vec<Slice>) -> Vec<Vec<Slice>> {
    let mut parts: Vec<Vec<Slice>> = Vec::new();
    for slice in slices {
        let fits = parts.iter().position(|part| {
            let first = &part[0];
            same_size(first, &slice)
                && same_direction(first, &slice)
                && first.header.sop_class == slice.header.sop_class
                && same_spacing(first, &slice)
        });
        match fits {
            Some(at) => parts[at].push(slice),
            None if parts.len() < STACKS => parts.push(vec![slice]),
            None => {}
        }
    }
    parts.into_iter().flat_map(by_frame).collect()
}

/// Splits by Frame of Reference UID. Where every one of many slices has its own, a de-identifier made them up and they
/// say nothing.
fn by_frame(part: Vec<Slice>) -> Vec<Vec<Slice>> {
    let mut frames: BTreeMap<&str, usize> = BTreeMap::new();
    for slice in &part {
        *frames.entry(&slice.header.frame_of_reference).or_default() += 1;
    }
    if frames.len() == 1 || (part.len() > 2 && frames.len() == part.len()) {
        return vec![part];
    }
    let mut split: BTreeMap<String, Vec<Slice>> = BTreeMap::new();
    for slice in part {
        split.entry(slice.header.frame_of_reference.clone()).or_default().push(slice);
    }
    split.into_values().collect()
}

fn same_size(a: &Slice, b: &Slice) -> bool {
    (a.header.format.rows, a.header.format.columns) == (b.header.format.rows, b.header.format.columns)
}

fn same_direction(a: &Slice, b: &Slice) -> bool {
    a.orientation.iter().zip(&b.orientation).all(|(a, b)| (a - b).abs() < SAME_DIRECTION)
}

fn same_frame(a: &Slice, b: &Slice) -> bool {
    a.header.frame_of_reference == b.header.frame_of_reference
}

fn same_spacing(a: &Slice, b: &Slice) -> bool {
    let close = |a: Option<[f64; 2]>, b: Option<[f64; 2]>| match (a, b) {
        (Some(a), Some(b)) => a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1e-3 * a.abs()),
        (None, None) => true,
        _ => false,
    };
    close(a.header.pixel_spacing, b.header.pixel_spacing)
}

/// What the stacks of one series differ in.
fn mixed_findings(parts: &[Vec<Slice>]) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut add = |code, what: (&str, &str), same: fn(&Slice, &Slice) -> bool| {
        let first = &parts[0][0];
        let odd: Vec<Words> = parts
            .iter()
            .filter(|part| !same(first, &part[0]))
            .map(|part| match part.as_slice() {
                [one] => one.header.name(),
                many => {
                    let first = many[0].header.name();
                    Words::new(
                        format!("{} slices from {first}", many.len()),
                        format!("从{}起 {} 个切片", first.zh, many.len()),
                    )
                }
            })
            .collect();
        if !odd.is_empty() {
            let odd = list(&odd);
            let message = Words::new(
                format!("the series holds slices of different {} ({odd}); they were kept apart", what.0),
                format!("此系列含有{}不同的切片（{}）；已分开处理", what.1, odd.zh),
            );
            // Severe: two scans under one series UID may be two patients, and no reader can tell which one is meant.
            out.push(Finding::new(code, Severity::Severe, message));
        }
    };
    if parts.len() > 1 {
        add(
            FindingCode::MixedSize,
            ("rows, columns or pixel spacing", "行数、列数或像素间距"),
            |a, b| same_size(a, b) && same_spacing(a, b),
        );
        add(FindingCode::MixedOrientation, ("orientation", "方向"), same_direction);
        add(FindingCode::MixedFrameOfReference, ("frame of reference", "参考坐标系"), same_frame);
    }
    out
}

/// Slices ordered along the normal, with their positions.
fn ordered(slices: &mut [Slice]) -> Vec<f64> {
    let Some([_, _, normal]) = slices.first().and_then(|s| axes(&s.orientation)) else { return Vec::new() };
    slices.sort_by(|a, b| {
        along(&a.position, normal)
            .total_cmp(&along(&b.position, normal))
            .then_with(|| a.header.instance_number.cmp(&b.header.instance_number))
            .then_with(|| a.header.frame.cmp(&b.header.frame))
            .then_with(|| a.path.cmp(&b.path))
    });
    slices.iter().map(|s| along(&s.position, normal)).collect()
}

fn has_duplicates(slices: &mut [Slice]) -> bool {
    ordered(slices).windows(2).any(|w| w[1] - w[0] < SAME_POSITION_MM)
}

/// Several phases, echoes or acquisitions of one stack lie at the same positions: tell them apart by the fewest
/// attributes that leave no position twice, one or two of [`PHASES`] or all together. Each part comes with what sets it
/// apart, in words.
fn phases(mut slices: Vec<Slice>) -> Vec<(Vec<Slice>, String)> {
    if !has_duplicates(&mut slices) {
        return vec![(slices, String::new())];
    }
    let differing: Vec<usize> = (0..PHASES.len())
        .filter(|&key| slices.iter().any(|slice| slice.header.phase[key] != slices[0].header.phase[key]))
        .collect();
    let single = differing.iter().map(|&key| vec![key]);
    let pairs = differing
        .iter()
        .enumerate()
        .flat_map(|(n, &first)| differing.iter().skip(n + 1).map(move |&second| vec![first, second]));
    for keys in single.chain(pairs).chain([differing.clone()]) {
        let mut parts: BTreeMap<Vec<PhaseValue>, Vec<Slice>> = BTreeMap::new();
        for slice in &slices {
            let values = keys.iter().map(|&key| PhaseValue::of(&slice.header.phase[key])).collect();
            parts.entry(values).or_default().push(slice.clone());
        }
        if parts.len() > 1 && parts.values_mut().all(|part| part.len() > 1 && !has_duplicates(part)) {
            let words = |values: &[PhaseValue]| -> String {
                let pairs =
                    keys.iter().zip(values).map(|(&key, value)| format!("{} {}", PHASES[key], value.text));
                pairs.collect::<Vec<_>>().join(", ")
            };
            return parts.into_iter().map(|(values, part)| (part, words(&values))).collect();
        }
    }
    vec![(slices, String::new())]
}

/// A value of an attribute of [`PHASES`], ordered as a number where it is one.
#[derive(Clone, Debug, PartialEq)]
struct PhaseValue {
    number: f64,
    text: String,
}

impl PhaseValue {
    fn of(text: &str) -> Self {
        Self { number: text.trim().parse().unwrap_or(f64::INFINITY), text: text.to_owned() }
    }
}

impl Eq for PhaseValue {}

impl PartialOrd for PhaseValue {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PhaseValue {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.number.total_cmp(&other.number).then_with(|| self.text.cmp(&other.text))
    }
}

/// Keeps the first slice of each position. A copy with the same pixels is a warning; other pixels are severe, because
/// nobody knows which is right.
fn without_duplicates(mut slices: Vec<Slice>, findings: &mut Vec<Finding>) -> Vec<Slice> {
    let positions = ordered(&mut slices);
    let mut kept: Vec<(Slice, f64)> = Vec::new();
    let (mut copies, mut rivals) = (Vec::new(), Vec::new());
    for (slice, position) in slices.into_iter().zip(positions) {
        match kept.last() {
            Some((first, p)) if position - p < SAME_POSITION_MM => {
                let (one, other) = (first.header.name(), slice.header.name());
                let names = Words::new(
                    format!("{one} and {other} at {p:.3} mm"),
                    format!("{}和{}，位置 {p:.3} 毫米", one.zh, other.zh),
                );
                if same_pixels(first, &slice) { copies.push(names) } else { rivals.push(names) }
            }
            _ => kept.push((slice, position)),
        }
    }
    let mut add = |names: &[Words], severity, en: &str, zh: &str| {
        if !names.is_empty() {
            let names = list(names);
            let message = Words::new(
                format!("two slices at one position, {en}: {names}; the first was used"),
                format!("同一位置有两个切片，{zh}：{}；采用了第一个", names.zh),
            );
            findings.push(Finding::new(FindingCode::DuplicateSlice, severity, message));
        }
    };
    add(&copies, Severity::Warning, "with the same pixels", "像素相同");
    add(&rivals, Severity::Severe, "with different pixels", "像素不同");
    kept.into_iter().map(|(slice, _)| slice).collect()
}

fn same_pixels(a: &Slice, b: &Slice) -> bool {
    let rescale = |s: &Slice| (s.header.slope, s.header.intercept);
    rescale(a) == rescale(b) && a.stored.equals(&a.path, (&b.stored, &b.path), &Limits::default())
}
