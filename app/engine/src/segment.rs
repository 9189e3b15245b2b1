//! Labels into a case.

use std::collections::BTreeMap;

use casebank_case::{Actor, Case, CaseId, Command, ObjectHash, SegmentEntry, VolumeId, Words};
use casebank_store::Bank;
use meshing_segment::{Inputs, METHODS, Method, Outcome, Params, Seed, SegmentError};
use meshing_volume::{LabelMap, Progress, Told as _, Volume};
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
    /// The segments that it was made from.
    pub from: &'a [String],
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
    /// Names of the segments that it is made from, for methods that change some.
    pub from: Vec<String>,
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
    /// The segments that it was made from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
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

/// Runs a method in memory.
///
/// # Errors
/// What the method refuses, in words for a person.
pub fn run(method: &Method, inputs: &Inputs<'_>, progress: &dyn Progress) -> Result<Outcome, Fault> {
    meshing_segment::run_with(method, inputs, progress).map_err(|error| refused(method, &error))
}

fn refused(method: &Method, error: &SegmentError) -> Fault {
    let said = error.words();
    let sentence = (format!("{}.", said.en), format!("{}。", said.zh));
    let nothing = ("Nothing was segmented.", "没有进行分割。");
    let id = method.id;
    match error {
        SegmentError::Cancelled(cancelled) => (*cancelled).into(),
        SegmentError::UnknownParam { .. } | SegmentError::OutOfRange { .. } => Fault::new(
            FaultKind::Usage,
            sentence,
            nothing,
            (
                format!("`theatron segment --help` lists the parameters of {id}."),
                format!("`theatron segment --help` 列出 {id} 的参数。"),
            ),
        ),
        SegmentError::Missing { .. } | SegmentError::NotTaken { .. } | SegmentError::SeedOutside { .. } => {
            Fault::new(
                FaultKind::Usage,
                sentence,
                nothing,
                (
                    "Give places with --seed X,Y,Z[:LABEL], LPS mm (label 1 is the wanted structure), and segments with --from NAME.",
                    "用 --seed X,Y,Z[:LABEL] 给出位置（LPS，mm；标签 1 为目标结构），用 --from NAME 给出分割。",
                ),
            )
        }
        _ => Fault::new(
            FaultKind::Refused,
            (
                format!("The method {id} made no segment: {}.", said.en),
                format!("方法 {id} 没有生成分割：{}。", said.zh),
            ),
            ("The case is unchanged.", "病例未改变。"),
            ("Try another method or other parameters.", "请尝试其他方法或参数。"),
        ),
    }
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
    // A segment is on the volume of those that it is made from.
    let source = order.from.first().and_then(|name| journal.case().segment(name)).map(|one| one.volume);
    let entry = volumes::choose(journal.case(), source.or(order.volume))?;
    let method = method(order.method)?;
    let name = order.name.unwrap_or(method.id);
    if order.from.iter().any(|from| from == name) {
        return Err(onto_itself(name));
    }
    let volume = volumes::load(bank, entry, progress)?;
    let sources = Sources::load(bank, journal.case(), &order.from, &volume)?;
    let watch = Stopwatch::new();
    let inputs = Inputs {
        masks: &sources.masks.iter().collect::<Vec<_>>(),
        level: sources.level,
        ..Inputs::new(&volume, &order.params).with_seeds(&order.seeds)
    };
    let outcome = run(method, &inputs, progress)?;
    let made = Made { method, outcome: &outcome, seeds: &order.seeds, from: &order.from };
    keep(bank, actor, order.case, entry.id, name, &made)?;
    Ok(SegmentReport {
        case: order.case,
        segment: name.to_owned(),
        method: method.id.to_owned(),
        from: order.from.clone(),
        level: outcome.level,
        voxels: outcome.voxels as u64,
        volume_mm3: outcome.volume_mm3,
        params: outcome.params,
        seconds: watch.seconds(),
    })
}

/// The segments that another is made from.
struct Sources {
    masks: Vec<LabelMap>,
    level: Option<f64>,
}

impl Sources {
    fn load(bank: &Bank, case: &Case, names: &[String], volume: &Volume) -> Result<Self, Fault> {
        let entry = |name: &String| case.segment(name).ok_or_else(|| no_such(case, name));
        let entries = names.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        on_one_volume(&entries)?;
        let masks = entries.iter().map(|one| load_mask(bank, one, volume)).collect::<Result<_, _>>()?;
        Ok(Self { masks, level: entries.first().and_then(|one| one.level) })
    }
}

/// Refuses segments of several volumes: a mask knows how many voxels it has and not where they lie, so that one of another scan
/// of the same size would be taken for one of this.
pub(crate) fn on_one_volume(entries: &[&SegmentEntry]) -> Result<(), Fault> {
    let Some(other) = entries.iter().find(|entry| entry.volume != entries[0].volume) else { return Ok(()) };
    let (first, other) = (&entries[0].name, &other.name);
    Err(Fault::new(
        FaultKind::Refused,
        (
            format!("The segments {first:?} and {other:?} lie on different volumes."),
            format!("分割 {first:?} 和 {other:?} 位于不同的体数据上。"),
        ),
        ("Their voxels are not the same places.", "它们的体素不是相同的位置。"),
        ("Name segments of one volume.", "请指定同一体数据上的分割。"),
    ))
}

/// A segment that would be changed where it stands could not be made again.
fn onto_itself(name: &str) -> Fault {
    Fault::new(
        FaultKind::Usage,
        (
            format!("The segment {name:?} cannot be made from itself."),
            format!("分割 {name:?} 不能由其自身生成。"),
        ),
        (
            "What it is made from stays in the case, so that it can be made again.",
            "生成它所用的分割会保留在病例中，以便重新生成。",
        ),
        ("Give the new segment a name of its own with --name.", "请用 --name 为新分割另取名称。"),
    )
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
    let Made { method, outcome, seeds, from } = *made;
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
        from: from.to_vec(),
        method: method.id.to_owned(),
        algorithm: method.version,
        params,
        level: outcome.level,
        voxels: outcome.voxels as u64,
        volume_mm3: outcome.volume_mm3,
        mask: stored,
        made_from: ObjectHash([0; 32]),
    };
    let sources: Result<Vec<_>, _> = from
        .iter()
        .map(|name| journal.case().segment(name).ok_or_else(|| no_such(journal.case(), name)))
        .collect();
    let command = Command::PutSegment(Box::new(segment.keyed(entry, &sources?)));
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
    if case.sources(old).is_none() {
        return Ok(false);
    }
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
    let sources = Sources::load(bank, case, &old.from, &volume)?;
    let inputs = Inputs {
        masks: &sources.masks.iter().collect::<Vec<_>>(),
        level: sources.level,
        ..Inputs::new(&volume, &params).with_seeds(&seeds)
    };
    let outcome = run(method, &inputs, progress)?;
    let made = Made { method, outcome: &outcome, seeds: &seeds, from: &old.from };
    keep(bank, actor, case.id, entry.id, name, &made)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_of_two_scans_of_one_size_are_not_taken_for_each_other() {
        let entry = |name: &str, volume: u8| SegmentEntry {
            name: name.to_owned(),
            volume: VolumeId::from_bytes([volume; 16]),
            from: Vec::new(),
            method: "threshold".to_owned(),
            algorithm: 1,
            params: BTreeMap::new(),
            level: None,
            voxels: 1,
            volume_mm3: 1.0,
            mask: ObjectHash([0; 32]),
            made_from: ObjectHash([0; 32]),
        };
        let (bone, skin, other) = (entry("bone", 1), entry("skin", 1), entry("other", 2));
        assert!(on_one_volume(&[&bone, &skin]).is_ok() && on_one_volume(&[]).is_ok());
        let told = on_one_volume(&[&bone, &skin, &other]).expect_err("two scans");
        assert!(told.kind == FaultKind::Refused && told.to_string().contains("\"other\""), "{told}");
        assert!(told.chinese().is_some());
    }
}
