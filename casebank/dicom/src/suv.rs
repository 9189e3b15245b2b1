//! From the activity concentration of a PET image to the standardised uptake value by body weight (SUVbw).
//!
//! Stored voxels stay what they are; the factor stands beside them. It is given only where every condition of the
//! vendor-neutral computation of the QIBA FDG-PET/CT profile (annex G, after PS3.3 C.8.9) holds: corrected for attenuation
//! and decay, to a start that is known, with dose, half-life and weight. Otherwise the reason is told.

use std::sync::Arc;

use casebank_case::{Suv, SuvReference, Words};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use time::{Date, Month};

use crate::dataset::text;
use crate::geometry::Slice;
use crate::multiframe::{elements, items};
use crate::prescan::Prescan;

/// Longest time from injection to scan that is believed, seconds.
const LONGEST_S: f64 = 86_400.0;
/// Weights of people, kg.
const WEIGHT_KG: std::ops::RangeInclusive<f64> = 0.3..=650.0;

/// Philips' private block of PET factors: SUV and activity for each count.
const PHILIPS: &str = "Philips PET Private Group";
/// GE's private block, whose element 0D is when the scan began, which Series Time need not be.
const GE: &str = "GEMS_PETD_01";

/// What one PET object says about uptake.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Facts {
    units: String,
    suv_type: String,
    corrected: String,
    decay_correction: String,
    weight_kg: Option<f64>,
    dose_bq: Option<f64>,
    half_life_s: Option<f64>,
    tracers: usize,
    /// Seconds since a fixed day, of the clock of the scanner.
    injected_s: Option<f64>,
    /// Seconds since midnight, where no day is given with it.
    injected_of_day_s: Option<f64>,
    series_s: Option<f64>,
    acquired_s: Option<f64>,
    ge_scan_s: Option<f64>,
    philips_suv: Option<f64>,
    philips_activity: Option<f64>,
}

impl Facts {
    /// Reads an object whose modality is PT.
    pub(crate) fn of(scan: &Prescan<'_>) -> Self {
        let raw = |tag: Tag| -> String {
            let element = scan.top.iter().find(|element| element.tag == tag);
            let value = element.and_then(|element| scan.data.get(element.value.clone())).unwrap_or_default();
            String::from_utf8_lossy(value.get(..256.min(value.len())).unwrap_or_default())
                .trim_matches(['\0', ' '])
                .to_owned()
        };
        let number = |tag| raw(tag).parse().ok().filter(|value: &f64| value.is_finite());
        let private = |group, creator: &str, element: u16| {
            let block = (0x10..=0xFF_u16).find(|&block| raw(Tag(group, block)) == creator)?;
            Some(raw(Tag(group, block << 8 | element)))
        };
        let factor =
            |element| private(0x7053, PHILIPS, element)?.parse().ok().filter(|value: &f64| *value > 0.0);
        let zone = raw(tags::TIMEZONE_OFFSET_FROM_UTC);
        let sequence = tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE;
        let object = elements(scan, &[sequence]).ok();
        let tracers = object.as_ref().map_or(&[][..], |object| items(object, sequence));
        let of_tracer = |tag| tracers.first().map(|tracer| text(tracer, tag)).unwrap_or_default();
        let positive =
            |tag| of_tracer(tag).parse().ok().filter(|value: &f64| value.is_finite() && *value > 0.0);
        Self {
            units: raw(tags::UNITS),
            suv_type: raw(tags::SUV_TYPE),
            corrected: raw(tags::CORRECTED_IMAGE),
            decay_correction: raw(tags::DECAY_CORRECTION),
            weight_kg: number(tags::PATIENT_WEIGHT),
            dose_bq: positive(tags::RADIONUCLIDE_TOTAL_DOSE),
            half_life_s: positive(tags::RADIONUCLIDE_HALF_LIFE),
            tracers: tracers.len(),
            injected_s: date_time(&of_tracer(tags::RADIOPHARMACEUTICAL_START_DATE_TIME), &zone),
            injected_of_day_s: of_day(&of_tracer(tags::RADIOPHARMACEUTICAL_START_TIME)),
            series_s: moment(&raw(tags::SERIES_DATE), &raw(tags::SERIES_TIME)),
            acquired_s: moment(&raw(tags::ACQUISITION_DATE), &raw(tags::ACQUISITION_TIME)),
            ge_scan_s: private(0x0009, GE, 0x0D).and_then(|value| date_time(&value, &zone)),
            philips_suv: factor(0x00),
            philips_activity: factor(0x09),
        }
    }
}

/// Seconds since midnight of a time (TM, PS3.5 table 6.2-1).
fn of_day(time: &str) -> Option<f64> {
    let (whole, fraction) = time.trim().split_once('.').unwrap_or((time.trim(), "0"));
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if ![2, 4, 6].contains(&whole.len()) || !plain(whole) || !plain(fraction) {
        return None;
    }
    let part = |at: usize| whole.get(at..at + 2).map_or(Some(0.0), |two| two.parse::<f64>().ok());
    let (hours, minutes, seconds) = (part(0)?, part(2)?, part(4)?);
    let fraction: f64 = format!("0.{fraction}").parse().ok()?;
    (hours < 24.0 && minutes < 60.0 && seconds < 61.0)
        .then_some(hours * 3600.0 + minutes * 60.0 + seconds + fraction)
}

/// Days of a date (DA), as seconds.
fn day(date: &str) -> Option<f64> {
    if date.len() != 8 || !date.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let month: u8 = date.get(4..6)?.parse().ok()?;
    let date = Date::from_calendar_date(
        date.get(..4)?.parse().ok()?,
        Month::try_from(month).ok()?,
        date.get(6..)?.parse().ok()?,
    );
    Some(f64::from(date.ok()?.to_julian_day()) * LONGEST_S)
}

fn moment(date: &str, time: &str) -> Option<f64> {
    Some(day(date)? + of_day(time)?)
}

/// A date with time (DT), on the clock of the scanner, whose distance from UTC is `zone`.
fn date_time(value: &str, zone: &str) -> Option<f64> {
    let value = value.trim();
    let (local, own) = match value.find(['+', '-']) {
        Some(at) => (value.get(..at)?, value.get(at..)?),
        None => (value, ""),
    };
    let seconds = moment(local.get(..8)?, local.get(8..)?)?;
    match (offset_s(own), offset_s(zone)) {
        (Some(own), Some(zone)) => Some(seconds - own + zone),
        _ => Some(seconds),
    }
}

/// `+0800` in seconds.
fn offset_s(zone: &str) -> Option<f64> {
    let sign = if zone.starts_with('-') { -1.0 } else { 1.0 };
    let digits = zone.strip_prefix(['+', '-'])?;
    (digits.len() == 4).then(|| of_day(digits)).flatten().map(|seconds| sign * seconds)
}

/// The factor of a stack of slices, or why there is none; `None` where it is no PET.
pub(crate) fn of(slices: &[Slice]) -> Option<Result<Suv, Words>> {
    if slices.first()?.header.modality != "PT" {
        return None;
    }
    let facts: Option<Vec<&Arc<Facts>>> = slices.iter().map(|slice| slice.header.pet.as_ref()).collect();
    Some(match facts {
        Some(facts) => factor(&facts),
        None => Err(Words::new("nothing about the uptake is stated", "没有关于摄取的说明")),
    })
}

fn factor(all: &[&Arc<Facts>]) -> Result<Suv, Words> {
    let no = |en: &str, zh: &str| Err(Words::new(en, zh));
    let Some(first) = all.first() else { return no("there are no slices", "没有切片") };
    // When a slice was acquired differs from bed to bed; nothing else may.
    let same = |facts: &Facts| Facts { acquired_s: None, ..facts.clone() };
    if all.iter().any(|facts| same(facts) != same(first)) {
        return no("its slices differ in dose, weight, unit or times", "各切片的剂量、体重、单位或时间不同");
    }
    match first.units.as_str() {
        "GML" if ["", "BW"].contains(&first.suv_type.as_str()) => {
            return Ok(Suv { factor: 1.0, reference: SuvReference::Stated, decay_s: 0.0 });
        }
        "GML" => {
            return no(
                "the scanner normalised it by something else than body weight",
                "设备没有按体重，而是按其他方式归一化",
            );
        }
        "CNTS" => {
            if let Some(factor) = first.philips_suv {
                return Ok(Suv { factor, reference: SuvReference::Stated, decay_s: 0.0 });
            }
            if first.philips_activity.is_none() {
                return no("its values are counts, not activity", "数值是计数，不是活度");
            }
        }
        "BQML" => {}
        _ => return no("its unit is not an activity", "单位不是活度"),
    }
    let corrected: Vec<&str> = first.corrected.split('\\').map(str::trim).collect();
    if !["ATTN", "DECY"].iter().all(|wanted| corrected.contains(wanted)) {
        return no("it is not corrected for attenuation and decay", "没有做衰减校正和衰变校正");
    }
    let Some(weight_kg) = first.weight_kg.filter(|kg| WEIGHT_KG.contains(kg)) else {
        return no("the weight is not stated, or is none that a person has", "没有体重，或体重不合理");
    };
    if first.tracers != 1 {
        return no("it does not state exactly one radiopharmaceutical", "没有说明恰好一种放射性药物");
    }
    let (Some(dose_bq), Some(half_life_s)) = (first.dose_bq, first.half_life_s) else {
        return no("dose or half-life are not stated", "没有剂量或半衰期");
    };
    let (reference, decay_s) = match first.decay_correction.as_str() {
        "ADMIN" => (SuvReference::Administration, 0.0),
        "START" => {
            let (reference, scan_s) = scan_start(all)?;
            (reference, since_injection(first, scan_s)?)
        }
        _ => return no("it does not say to which time decay was corrected", "没有说明衰变校正到什么时间"),
    };
    let left_bq = dose_bq * (-decay_s / half_life_s).exp2();
    let factor = first.philips_activity.filter(|_| first.units == "CNTS").unwrap_or(1.0) * weight_kg * 1000.0
        / left_bq;
    if factor.is_finite() && factor > 0.0 {
        Ok(Suv { factor, reference, decay_s })
    } else {
        no("dose, weight and half-life give no number", "由剂量、体重和半衰期得不到数值")
    }
}

/// When the scan began. Series Time is that, unless somebody made a new series later: then GE says it privately, and else
/// the earliest acquisition stands for it.
fn scan_start(all: &[&Arc<Facts>]) -> Result<(SuvReference, f64), Words> {
    let unknown = || Words::new("it does not say when the scan began", "没有说明扫描何时开始");
    let first = all.first().ok_or_else(unknown)?;
    let acquired: Option<Vec<f64>> = all.iter().map(|facts| facts.acquired_s).collect();
    let earliest = acquired.and_then(|times| times.into_iter().min_by(f64::total_cmp));
    match (first.series_s, earliest, first.ge_scan_s) {
        (Some(series), Some(earliest), _) if series <= earliest => Ok((SuvReference::SeriesTime, series)),
        (_, _, Some(scan)) => Ok((SuvReference::GeScanTime, scan)),
        (_, Some(earliest), None) => Ok((SuvReference::AcquisitionTime, earliest)),
        _ => Err(unknown()),
    }
}

/// Seconds from the injection to the start of the scan. A time without day is that of the day of the scan, or of the day
/// before where it would be later.
fn since_injection(facts: &Facts, scan_s: f64) -> Result<f64, Words> {
    let decay_s = match (facts.injected_s, facts.injected_of_day_s) {
        (Some(injected), _) => scan_s - injected,
        (None, Some(of_day)) => (scan_s.rem_euclid(LONGEST_S) - of_day).rem_euclid(LONGEST_S),
        (None, None) => {
            return Err(Words::new("it does not say when the dose was given", "没有说明何时给药"));
        }
    };
    if (0.0..LONGEST_S).contains(&decay_s) {
        return Ok(decay_s);
    }
    let hours = decay_s / 3600.0;
    Err(Words::new(
        format!("the dose was given {hours:.1} hours before the scan by its times, which cannot be"),
        format!("按其时间，给药在扫描前 {hours:.1} 小时，这不可能"),
    ))
}

#[cfg(test)]
mod tests;
