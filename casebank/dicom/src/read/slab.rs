//! Second pass: slices decoded in parallel, straight into the volume.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use casebank_case::{Finding, FindingCode, Severity, Told as _, VolumeEntry, VolumeId, Words};
use meshing_volume::{Cancelled, Progress, Volume, VolumeMeta, Voxels};
use rayon::prelude::*;

use super::group::Stack;
use super::idle::Idle;
use super::sort::{Lost, SHARE};
use super::{Import, ReadOptions, ReadVolume, Rejected, SliceSource};
use crate::geometry::{Plan, Slice, list, plan};
use crate::pixels::Seen;
use crate::{layout, pixels, suv};

/// Counts slices over all volumes.
struct Counter<'a> {
    progress: &'a dyn Progress,
    done: AtomicUsize,
    total: usize,
}

impl Counter<'_> {
    fn step(&self) -> Result<(), Cancelled> {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.progress.report(SHARE + (1.0 - SHARE) * (done as f32 / self.total.max(1) as f32).min(1.0));
        if self.progress.cancelled() { Err(Cancelled) } else { Ok(()) }
    }
}

/// Builds the volumes of all stacks; what fails is listed in `import`.
pub(super) fn volumes(
    stacks: Vec<Stack>,
    broken: &[Lost],
    options: &ReadOptions,
    progress: &dyn Progress,
    import: &mut Import,
) -> Result<(), Cancelled> {
    let total = stacks.iter().map(|stack| stack.slices.len()).sum();
    let counter = Counter { progress, done: AtomicUsize::new(0), total };
    for mut stack in stacks {
        lost_slices(&mut stack, broken);
        if let Some(volume) = volume(stack, options, &counter, import)? {
            import.volumes.push(volume);
        }
    }
    progress.report(1.0);
    Ok(())
}

/// A slice of this series that could not be read is missing from the volume, wherever it lies.
fn lost_slices(stack: &mut Stack, broken: &[Lost]) {
    let Some(series) =
        stack.slices.first().map(|s| s.header.series_uid.clone()).filter(|uid| !uid.is_empty())
    else {
        return;
    };
    let mut add = |truncated: bool, code, en: &str, zh: &str| {
        let names: Vec<Words> = broken
            .iter()
            .filter(|lost| lost.series_uid == series && lost.truncated == truncated)
            .map(|lost| with_reason(&lost.name, &lost.reason))
            .collect();
        if !names.is_empty() {
            let names = list(&names);
            let message = Words::new(
                format!("{en}, and were left out of the volume: {names}"),
                format!("{zh}，没有放入体数据：{}", names.zh),
            );
            stack.findings.push(Finding::new(code, Severity::Severe, message));
        }
    };
    add(true, FindingCode::Truncated, "slices of this series end too early", "此系列有不完整的切片");
    add(false, FindingCode::MissingSlice, "slices of this series cannot be used", "此系列有不能使用的切片");
}

/// A slice and what is wrong with it.
fn with_reason(name: &Words, reason: &Words) -> Words {
    Words::new(format!("{name}: {reason}"), format!("{}：{}", name.zh, reason.zh))
}

fn volume(
    stack: Stack,
    options: &ReadOptions,
    counter: &Counter<'_>,
    import: &mut Import,
) -> Result<Option<ReadVolume>, Cancelled> {
    let Stack { mut slices, mut findings, number, phase } = stack;
    loop {
        let paths = each_once(slices.iter().map(|s| &s.path));
        let mut reject_all = |reason: Words| {
            import
                .rejected
                .extend(paths.iter().map(|path| Rejected { path: path.clone(), reason: reason.clone() }));
        };
        if slices.is_empty() {
            return Ok(None);
        }
        let plan = match plan(slices) {
            Ok(plan) => plan,
            Err(reason) => {
                reject_all(reason);
                return Ok(None);
            }
        };
        if let Err(reason) = affordable(&plan, options) {
            reject_all(reason);
            return Ok(None);
        }
        match decode(&plan, options, counter)? {
            Ok(Decoded { voxels, range, padding }) => {
                findings.extend(plan.findings.iter().cloned());
                findings.extend(padding);
                return Ok(finish(plan, voxels, range, findings, (number, phase)));
            }
            Err(failed) => {
                let names: Vec<Words> = failed
                    .iter()
                    .map(|(k, reason)| with_reason(&plan.slices[*k].header.name(), reason))
                    .collect();
                let names = list(&names);
                let message = Words::new(
                    format!("slices cannot be decoded, and were left out: {names}"),
                    format!("有切片无法解码，没有采用：{}", names.zh),
                );
                findings.push(Finding::new(FindingCode::MissingSlice, Severity::Severe, message));
                let mut rest = Vec::new();
                for (k, slice) in plan.slices.into_iter().enumerate() {
                    match failed.iter().find(|(at, _)| *at == k) {
                        Some((_, reason)) => {
                            import.rejected.push(Rejected { path: slice.path, reason: reason.clone() });
                        }
                        None => rest.push(slice),
                    }
                }
                slices = rest;
            }
        }
    }
}

/// Whether the volume may be allocated.
fn affordable(plan: &Plan, options: &ReadOptions) -> Result<(), Words> {
    let widest = plan.grid.len().checked_mul(4);
    if widest.is_none_or(|bytes| bytes > options.volume_bytes) {
        let [i, j, k] = plan.grid.size();
        let limit = options.volume_bytes;
        return Err(Words::new(
            format!("a volume of {i} x {j} x {k} voxels is larger than the limit of {limit} bytes"),
            format!("{i} x {j} x {k} 体素的体数据超过 {limit} 字节的上限"),
        ));
    }
    Ok(())
}

type Failed = Vec<(usize, Words)>;

/// All voxels of a stack.
struct Decoded {
    voxels: Voxels,
    /// Lowest and highest value.
    range: [f64; 2],
    padding: Option<Finding>,
}

/// Decodes all slices: to 16-bit integers where every value fits exactly, to floats otherwise.
fn decode(
    plan: &Plan,
    options: &ReadOptions,
    counter: &Counter<'_>,
) -> Result<Result<Decoded, Failed>, Cancelled> {
    let whole = |v: f64| v.fract() == 0.0 && v.abs() < 65536.0;
    let integers = plan.slices.iter().all(|s| whole(s.header.slope) && whole(s.header.intercept))
        && plan.slices[0].header.modality != "PT";
    if integers {
        let slab = fill(plan, options, counter, whole_values)?;
        if !slab.overflow {
            return Ok(slab.finish(plan, Voxels::I16));
        }
    }
    Ok(fill(plan, options, counter, real_values)?.finish(plan, Voxels::F32))
}

impl<T: Into<f64>> Slab<T> {
    fn finish(self, plan: &Plan, wrap: impl Fn(Vec<T>) -> Voxels) -> Result<Decoded, Failed> {
        match self.seen {
            Some(Seen { low, high, padded }) if self.failed.is_empty() => Ok(Decoded {
                voxels: wrap(self.values),
                range: [low.into(), high.into()],
                padding: padding_finding(plan, padded),
            }),
            _ => Err(self.failed),
        }
    }
}

fn padding_finding(plan: &Plan, padded: usize) -> Option<Finding> {
    let header = &plan.slices[0].header;
    let stored = padding_sample(&plan.slices[0]).filter(|_| padded > 0)?;
    let value = stored as f64 * header.slope + header.intercept;
    Some(Finding::new(
        FindingCode::PaddingValue,
        Severity::Info,
        Words::new(
            format!(
                "{padded} voxels outside the reconstructed field hold the padding value {value} and mean nothing"
            ),
            format!("重建视野外的 {padded} 个体素是填充值 {value}，没有意义"),
        ),
    ))
}

/// What one slice leaves to the next.
#[derive(Default)]
struct Scratch {
    /// Stored bytes of a slice.
    stored: Vec<u8>,
    decoding: pixels::Scratch,
}

/// Result of filling a slab.
struct Slab<T> {
    values: Vec<T>,
    failed: Failed,
    /// A value did not fit.
    overflow: bool,
    /// What the slices hold, taken together.
    seen: Option<Seen<T>>,
}

/// Turns the samples of one slice into values; `None` where a value does not fit.
type Convert<T> = fn(&Slice, &[u8], &mut [T]) -> Option<Seen<T>>;

/// What came of one slice: what it holds, nothing where a value does not fit, or why it failed, with its number.
type Outcome<T> = Result<Option<Seen<T>>, (usize, Words)>;

fn fill<T: Copy + Default + PartialOrd + Send + Sync>(
    plan: &Plan,
    options: &ReadOptions,
    counter: &Counter<'_>,
    convert: Convert<T>,
) -> Result<Slab<T>, Cancelled> {
    let slice_len = plan.grid.size()[0] * plan.grid.size()[1];
    let length = slice_len * plan.slices.len();
    if Vec::<T>::new().try_reserve_exact(length).is_err() {
        let reason = Words::new("there is not enough memory for the volume", "内存不足，放不下体数据");
        let failed = (0..plan.slices.len()).map(|k| (k, reason.clone())).collect();
        return Ok(Slab { values: Vec::new(), failed, overflow: false, seen: None });
    }
    // Pages that the system hands out are zero already, and are touched for the first time by the decoding thread.
    let mut values = vec![T::default(); length];
    let overflow = AtomicBool::new(false);
    let idle = Idle::<Scratch>::default();
    let slices: Result<Vec<Outcome<T>>, Cancelled> = values
        .par_chunks_mut(slice_len)
        .zip(&plan.slices)
        .enumerate()
        .map(|(k, (out, slice))| {
            if overflow.load(Ordering::Relaxed) {
                return Ok(Ok(None));
            }
            counter.step()?;
            let seen = idle.with(|scratch| one(slice, options, scratch, out, convert));
            if matches!(seen, Ok(None)) {
                overflow.store(true, Ordering::Relaxed);
            }
            Ok(seen.map_err(|reason| (k, reason)))
        })
        .collect();
    let (mut failed, mut seen) = (Failed::new(), None);
    for slice in slices? {
        match slice {
            Ok(one) => seen = seen.into_iter().chain(one).reduce(Seen::and),
            Err(reason) => failed.push(reason),
        }
    }
    Ok(Slab { values, failed, overflow: overflow.into_inner(), seen })
}

/// Decodes one slice into `out`.
fn one<T>(
    slice: &Slice,
    options: &ReadOptions,
    scratch: &mut Scratch,
    out: &mut [T],
    convert: Convert<T>,
) -> Result<Option<Seen<T>>, Words> {
    let Scratch { stored, decoding } = scratch;
    slice.stored.read(&slice.path, &options.limits, stored)?;
    let samples = pixels::samples_in(&slice.stored, stored, &slice.header.format, decoding);
    Ok(convert(slice, &samples.map_err(|error| error.words())?, out))
}

/// CT and PET values are physical; only a grey scale without unit is turned over.
fn is_inverted(slice: &Slice) -> bool {
    slice.header.format.photometric == "MONOCHROME1"
        && !["CT", "PT"].contains(&slice.header.modality.as_str())
}

fn whole_values(slice: &Slice, samples: &[u8], out: &mut [i16]) -> Option<Seen<i16>> {
    let header = &slice.header;
    let padding = padding_sample(slice);
    let big_endian = slice.stored.native && slice.stored.big_endian;
    if header.slope == 1.0 && header.format.is_words() && !big_endian && !is_inverted(slice) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole and below 65,536, or the caller asks for floats"
        )]
        let intercept = header.intercept as i32;
        return header.format.shifted(samples, intercept, padding, out);
    }
    values(slice, samples, out, |value| {
        #[expect(clippy::cast_possible_truncation, reason = "compared with the value it came from")]
        let small = value as i16;
        (f64::from(small) == value).then_some(small)
    })
}

fn real_values(slice: &Slice, samples: &[u8], out: &mut [f32]) -> Option<Seen<f32>> {
    #[expect(clippy::cast_possible_truncation, reason = "f32 is the precision of the volume")]
    values(slice, samples, out, |value| Some(value as f32))
}

fn values<T: Copy + PartialOrd>(
    slice: &Slice,
    samples: &[u8],
    out: &mut [T],
    fit: impl Fn(f64) -> Option<T>,
) -> Option<Seen<T>> {
    let format = &slice.header.format;
    let (padding, invert) = (padding_sample(slice), is_inverted(slice));
    let (slope, intercept) = (slice.header.slope, slice.header.intercept);
    let (mut fits, mut seen): (bool, Option<Seen<T>>) = (true, None);
    format.each_sample(samples, slice.stored.native && slice.stored.big_endian, |at, sample| {
        let padded = usize::from(Some(sample) == padding);
        let sample = if invert { format.inverted(sample) } else { sample };
        match (fit(sample as f64 * slope + intercept), out.get_mut(at)) {
            (Some(value), Some(place)) => {
                *place = value;
                let one = Seen { low: value, high: value, padded };
                seen = Some(seen.map_or(one, |seen| seen.and(one)));
            }
            (None, _) => fits = false,
            (_, None) => {}
        }
    });
    seen.filter(|_| fits)
}

/// The padding value as a stored sample; writers disagree about its sign.
fn padding_sample(slice: &Slice) -> Option<i64> {
    let format = &slice.header.format;
    let value = slice.header.padding?;
    let width = 1_i64 << format.bits_allocated.min(32);
    Some(match (format.signed, value) {
        (true, v) if v >= width / 2 => v - width,
        (false, v) if v < 0 => v + width,
        (_, v) => v,
    })
}

fn finish(
    plan: Plan,
    voxels: Voxels,
    range: [f64; 2],
    mut findings: Vec<Finding>,
    (number, phase): (u32, String),
) -> Option<ReadVolume> {
    let Plan { grid, slices, along_mm, mix, .. } = plan;
    let slice_len = grid.size()[0] * grid.size()[1];
    let mixed = mix.map(|mix| layout::mixed(&voxels, slice_len, &mix));
    let is_mixed = mixed.is_some();
    let voxels = mixed.unwrap_or(voxels);
    let suv = suv::of(&slices);
    let header = &slices.first()?.header;
    let modality = header.modality.clone();
    let meta = VolumeMeta {
        modality: modality.clone(),
        unit: unit(slices.first()?),
        frame_of_reference: header.frame_of_reference.clone(),
    };
    let volume = Volume::new(grid, voxels, meta).ok()?;
    // A slice that was not kept as it is may have held the extreme.
    let range = if is_mixed {
        let (low, high) = volume.range();
        [f64::from(low), f64::from(high)]
    } else {
        range
    };
    if let Some(Err(reason)) = &suv {
        let Words { en, zh } = reason;
        let words = Words::new(
            format!("no standardised uptake value (SUV) is given, because {en}"),
            format!("没有给出标准摄取值（SUV）：{zh}"),
        );
        findings.push(Finding::new(FindingCode::NoSuv, Severity::Warning, words));
    }
    let entry = VolumeEntry {
        id: VolumeId::of_series(&header.series_uid, number),
        modality,
        size: grid.size(),
        spacing_mm: grid.spacing_mm(),
        origin_lps_mm: grid.origin().to_array(),
        // Adding zero turns a negative zero into a plain one.
        direction: grid.direction_row_major().map(|cosine| cosine + 0.0),
        range,
        unit: volume.meta().unit.clone(),
        suv: suv.and_then(Result::ok),
        findings,
        series_uid: header.series_uid.clone(),
        study_uid: header.study.uid.clone(),
        frame_of_reference: header.frame_of_reference.clone(),
        description: header.series_description.clone(),
        phase,
        objects: Vec::new(),
    };
    Some(ReadVolume {
        volume,
        entry,
        patient: header.patient.clone(),
        study: header.study.clone(),
        sop_class_uid: header.sop_class.clone(),
        series_number: header.series_number,
        files: each_once(slices.iter().map(|s| &s.path)),
        slices: slices
            .iter()
            .zip(along_mm)
            .map(|(s, along_mm)| SliceSource {
                path: s.path.clone(),
                sop_instance_uid: s.header.sop_instance.clone(),
                instance_number: s.header.instance_number,
                along_mm,
            })
            .collect(),
    })
}

/// Paths in their order, each once: an object with many frames is one file.
fn each_once<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> Vec<PathBuf> {
    let mut seen = HashSet::new();
    paths.filter(|path| seen.insert(*path)).cloned().collect()
}

/// Unit of the values: Rescale Type (0028,1054) and Units (0054,1001) in words.
fn unit(slice: &Slice) -> String {
    let header = &slice.header;
    match (header.modality.as_str(), header.rescale_type.as_str(), header.units.as_str()) {
        ("CT", "" | "HU", _) => "HU".to_owned(),
        ("PT", _, "BQML") => "Bq/mL".to_owned(),
        ("PT", _, "GML") => "g/mL".to_owned(),
        ("PT", _, "CNTS") => "counts".to_owned(),
        ("PT", _, other) => other.to_owned(),
        (_, "" | "US", _) => String::new(),
        (_, other, _) => other.to_owned(),
    }
}
