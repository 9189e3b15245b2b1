//! Labels into a case.

use std::collections::BTreeMap;

use casebank_case::{Actor, Case, CaseId, Command, ObjectHash, SegmentEntry, VolumeId, Words};
use casebank_store::Bank;
use meshing_segment::{Inputs, METHODS, Method, Outcome, Params, Seed, SegmentError};
use meshing_volume::{LabelMap, Progress, Volume};
use serde::Serialize;

use crate::{Fault, FaultKind, Stopwatch, mask, now, volumes};

/// The seeds among the parameters of a segment.
const SEEDS: &str = "seeds";

/// A result on its way into a case.
#[derive(Clone, Copy, Debug)]
pub struct Made<'a> {
    /// The method.
    pub method: &'static Method,
    /// What it made.
    pub outcome: &'a Outcome,
    /// The seeds it was given.
    pub seeds: &'a [Seed],
}

/// What is to be segmented, and how.
#[derive(Clone, Debug)]
pub struct SegmentOrder<'a> {
    /// The case.
    pub case: CaseId,
    /// The volume; `None` takes the most useful one.
    pub volume: Option<VolumeId>,
    /// Id of the method.
    pub method: &'a str,
    /// Name of the segment; `None` takes the method's id.
    pub name: Option<&'a str>,
    /// Parameters in the units of the method's `PARAMS`.
    pub params: Params,
    /// Places that somebody pointed at, for methods that take them.
    pub seeds: Vec<Seed>,
}

/// What came of it; its JSON is the `segment` answer of the command line contract.
#[derive(Clone, Debug, Serialize)]
pub struct SegmentReport {
    /// The case.
    pub case: CaseId,
    /// Name of the segment.
    pub segment: String,
    /// Id of the method.
    pub method: String,
    /// Parameters as used, defaults among them.
    pub params: Params,
    /// The grey level between inside and outside, in the volume's unit, if the method has one.
    pub level: Option<f64>,
    /// Voxels inside.
    pub voxels: u64,
    /// Their volume.
    pub volume_mm3: f64,
    /// How long it took.
    pub seconds: f64,
}

/// The method of an id.
///
/// # Errors
/// An unknown id, naming those there are.
pub fn method(id: &str) -> Result<&'static Method, Fault> {
    meshing_segment::method(id).ok_or_else(|| {
        let ids: Vec<&str> = METHODS.iter().map(|method| method.id).collect();
        Fault::new(
            FaultKind::Usage,
            (format!("There is no segmentation method {id:?}."), format!("没有分割方法 {id:?}。")),
            ("Nothing was segmented.", "没有进行分割。"),
            (format!("The methods are: {}.", ids.join(", ")), format!("可用的方法：{}。", ids.join("、"))),
        )
    })
}

/// The method that suits a modality when nobody chose one: bone in CT, skin elsewhere.
pub fn usual_method(modality: &str) -> &'static str {
    if modality == "CT" { "bone" } else { "skin" }
}

/// Segments a volume in memory.
///
/// # Errors
/// What the method refuses, in words for a person.
pub fn run(
    method: &Method,
    volume: &Volume,
    params: &Params,
    seeds: &[Seed],
    progress: &dyn Progress,
) -> Result<Outcome, Fault> {
    let inputs = Inputs::new(volume, params).with_seeds(seeds);
    meshing_segment::run_with(method, &inputs, progress).map_err(|error| match error {
        SegmentError::Cancelled(cancelled) => cancelled.into(),
        SegmentError::UnknownParam { .. } | SegmentError::OutOfRange { .. } => Fault::new(
            FaultKind::Usage,
            format!("{error}."),
            "Nothing was segmented.",
            format!("`theatron segment --help` lists the parameters of {}.", method.id),
        ),
        SegmentError::Missing { .. } | SegmentError::NotTaken { .. } | SegmentError::SeedOutside { .. } => {
            Fault::new(
                FaultKind::Usage,
                format!("{error}."),
                "Nothing was segmented.",
                "Give places with --seed X,Y,Z[:LABEL], LPS mm; label 1 is the wanted structure.",
            )
        }
        error => Fault::new(
            FaultKind::Refused,
            format!("The method {} found nothing to label: {error}.", method.id),
            "The case is unchanged.",
            "Try another method or other parameters.",
        ),
    })
}

/// Segments a volume of a case and journals the result.
///
/// # Errors
/// A case, volume or method that is not there, or a bank that cannot keep the result.
pub fn segment(
    bank: &Bank,
    actor: &Actor,
    order: &SegmentOrder<'_>,
    progress: &dyn Progress,
) -> Result<SegmentReport, Fault> {
    let journal = bank.load(&order.case, actor)?;
    let entry = volumes::choose(journal.case(), order.volume)?;
    let method = method(order.method)?;
    let volume = volumes::load(bank, entry, progress)?;
    let watch = Stopwatch::new();
    let outcome = run(method, &volume, &order.params, &order.seeds, progress)?;
    let name = order.name.unwrap_or(method.id);
    keep(bank, actor, order.case, entry.id, name, &Made { method, outcome: &outcome, seeds: &order.seeds })?;
    Ok(SegmentReport {
        case: order.case,
        segment: name.to_owned(),
        method: method.id.to_owned(),
        level: outcome.level,
        voxels: outcome.voxels as u64,
        volume_mm3: outcome.volume_mm3,
        params: outcome.params,
        seconds: watch.seconds(),
    })
}

/// Puts a segment that was made into its case; durable when it returns.
///
/// # Errors
/// A case that does not take it, or a bank that cannot keep it.
pub fn keep(
    bank: &Bank,
    actor: &Actor,
    case: CaseId,
    volume: VolumeId,
    name: &str,
    made: &Made<'_>,
) -> Result<(), Fault> {
    let Made { method, outcome, seeds } = *made;
    let mut journal = bank.load(&case, actor)?;
    let stored = bank.put_object(&mask::to_bytes(&outcome.mask)?)?;
    let entry = volumes::choose(journal.case(), Some(volume))?;
    let mut params: BTreeMap<String, serde_json::Value> =
        outcome.params.iter().map(|(id, value)| (id.to_owned(), value.into())).collect();
    if !seeds.is_empty() {
        params.insert(SEEDS.to_owned(), serde_json::json!(seeds));
    }
    let segment = SegmentEntry {
        name: name.to_owned(),
        volume,
        method: method.id.to_owned(),
        algorithm: method.version,
        params,
        level: outcome.level,
        voxels: outcome.voxels as u64,
        volume_mm3: outcome.volume_mm3,
        mask: stored,
        made_from: ObjectHash([0; 32]),
    };
    let command = Command::PutSegment(Box::new(segment.keyed(entry)));
    journal.apply(command, actor, now())?;
    bank.commit(&case, &journal, actor)?;
    Ok(())
}

/// Segments again with the method and parameters of before; false if the volume or the method is gone.
///
/// # Errors
/// What the method refuses, or a bank that cannot keep the result.
pub fn again(
    bank: &Bank,
    actor: &Actor,
    case: &Case,
    name: &str,
    progress: &dyn Progress,
) -> Result<bool, Fault> {
    let Some(old) = case.segment(name) else { return Ok(false) };
    let (Some(entry), Some(method)) = (case.volume(old.volume), meshing_segment::method(&old.method)) else {
        return Ok(false);
    };
    let volume = volumes::load(bank, entry, progress)?;
    let known = |id: &str| method.params.iter().any(|param| param.id == id);
    let mut params = Params::new();
    for (id, value) in &old.params {
        if let Some(number) = value.as_f64().filter(|_| known(id)) {
            params.set(id, number);
        }
    }
    let seeds: Vec<Seed> = old
        .params
        .get(SEEDS)
        .and_then(|seeds| serde_json::from_value(seeds.clone()).ok())
        .unwrap_or_default();
    let outcome = run(method, &volume, &params, &seeds, progress)?;
    keep(bank, actor, case.id, entry.id, name, &Made { method, outcome: &outcome, seeds: &seeds })?;
    Ok(true)
}

/// The mask of a segment, back from the bank.
///
/// # Errors
/// An object that is missing, damaged, or of another grid.
pub fn load_mask(bank: &Bank, segment: &SegmentEntry, volume: &Volume) -> Result<LabelMap, Fault> {
    mask::from_bytes(&bank.object(&segment.mask)?, volume.grid())
}

/// The case has no segment of this name.
pub(crate) fn no_such(case: &Case, name: &str) -> Fault {
    Fault::new(
        FaultKind::Usage,
        (format!("The case has no segment {name:?}."), format!("病例中没有分割 {name:?}。")),
        present(case),
        (
            "Name one of these, or make it with `theatron segment`.",
            "请指定其中一个，或用 `theatron segment` 生成。",
        ),
    )
}

/// The segments that the case has.
pub(crate) fn present(case: &Case) -> Words {
    let names: Vec<&str> = case.segments.iter().map(|segment| segment.name.as_str()).collect();
    if names.is_empty() {
        return Words::new("It has: none yet.", "它还没有分割。");
    }
    Words::new(format!("It has: {}.", names.join(", ")), format!("它有：{}。", names.join("、")))
}
