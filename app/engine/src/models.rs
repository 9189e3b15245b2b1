//! Segments by a network that the site has installed: a card and its ONNX file.

use std::collections::BTreeMap;
use std::path::Path;

use app_infer::{LIBRARY_VARIABLE, Runtime, RuntimeError};
use casebank_case::{Actor, CaseId, Command, ObjectHash, SegmentEntry, VolumeId, Words};
use casebank_store::Bank;
use meshing_segment::models::{Card, Model, ModelError};
use meshing_volume::{LabelMap, Progress, Told as _};
use serde::Serialize;
use serde_json::json;

use crate::{Fault, FaultKind, Stopwatch, faults, mask, now, volumes};

/// Method of segments that come from a network.
pub const METHOD: &str = "model";
/// Version of how its labels become segments.
pub(crate) const ALGORITHM: u32 = 1;
/// Largest card, bytes.
const CARD_MAX: u64 = 1 << 20;
/// Largest network, bytes.
const NETWORK_MAX: u64 = 4 << 30;

/// What a network made; its JSON is the `segment` answer for models.
#[derive(Clone, Debug, Serialize)]
pub struct ModelReport {
    /// The case.
    pub case: CaseId,
    /// Id and version of the model.
    pub model: String,
    /// Its title.
    pub title: String,
    /// Its licence.
    pub licence: String,
    /// Whose it is and what it was made from.
    pub provenance: String,
    /// What it is for.
    pub intended_use: String,
    /// What ran it.
    pub engine: String,
    /// SHA-256 of its file, checked.
    pub sha256: String,
    /// The segments that were made; what was not found makes none.
    pub segments: Vec<ModelSegment>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// The same in Chinese.
    pub notes_zh: Vec<String>,
    /// How long it took.
    pub seconds: f64,
}

/// One structure.
#[derive(Clone, Debug, Serialize)]
pub struct ModelSegment {
    /// Name of the segment.
    pub segment: String,
    /// Voxels inside.
    pub voxels: u64,
    /// Their volume.
    pub volume_mm3: f64,
}

/// Runs the model of a card on a volume of a case and journals each structure that it finds as a segment of its name.
///
/// It runs in ONNX Runtime where its library is named, by `library` or by the environment, and in the built-in engine otherwise.
///
/// # Errors
/// A card or file that cannot be read, does not fit the other, or asks for more than the engine can; a library that cannot be used;
/// a volume it is not for.
pub fn segment(
    bank: &Bank,
    actor: &Actor,
    case: CaseId,
    volume: Option<VolumeId>,
    card: &Path,
    library: Option<&Path>,
    progress: &dyn Progress,
) -> Result<ModelReport, Fault> {
    let watch = Stopwatch::new();
    let text = String::from_utf8(read(card, CARD_MAX)?)
        .map_err(|_bytes| refused(card, &Words::new("the card is not text", "卡片不是文本")))?;
    let said = Card::read(&text).map_err(|error| refused(card, &error.words()))?;
    // A plain name beside the card; the card's reader sees to that.
    let file = card.with_file_name(&said.file);
    let network = read(&file, NETWORK_MAX)?;
    let model = match runtime(library)? {
        Some(runtime) => runtime.model(&text, &network),
        None => Model::load(&text, &network),
    };
    let model = model.map_err(|error| refused(card, &error.words()))?;
    drop(network);
    let mut journal = bank.load(&case, actor)?;
    let entry = volumes::choose(journal.case(), volume)?.clone();
    let scan = volumes::load(bank, &entry, progress)?;
    let (labels, report) = model.segment(&scan, progress).map_err(|error| match error {
        ModelError::Cancelled(cancelled) => cancelled.into(),
        error => refused(card, &error.words()),
    })?;
    let mut segments = Vec::new();
    for found in report.found.iter().filter(|found| found.voxels > 0) {
        let one = labels.labels().iter().map(|&label| u8::from(label == found.value)).collect();
        let one = LabelMap::new(*labels.grid(), one)
            .map_err(|error| Fault::told(FaultKind::Internal, error.to_string()))?;
        let segment = SegmentEntry {
            name: found.name.clone(),
            volume: entry.id,
            from: Vec::new(),
            method: METHOD.to_owned(),
            algorithm: ALGORITHM,
            params: BTreeMap::from([
                ("model".to_owned(), json!(report.model)),
                ("sha256".to_owned(), json!(report.sha256)),
                ("label".to_owned(), json!(found.value)),
            ]),
            level: None,
            voxels: found.voxels as u64,
            volume_mm3: found.volume_mm3,
            mask: bank.put_object(&mask::to_bytes(&one)?)?,
            made_from: ObjectHash([0; 32]),
        };
        journal.apply(Command::PutSegment(Box::new(segment.keyed(&entry, &[]))), actor, now())?;
        let (voxels, volume_mm3) = (found.voxels as u64, found.volume_mm3);
        segments.push(ModelSegment { segment: found.name.clone(), voxels, volume_mm3 });
    }
    bank.commit(&case, &journal, actor)?;
    Ok(ModelReport {
        case,
        model: report.model,
        title: said.title,
        licence: said.licence,
        provenance: said.provenance,
        intended_use: said.intended_use,
        engine: report.engine,
        sha256: report.sha256,
        segments,
        notes: report.notes.iter().map(|note| note.en.clone()).collect(),
        notes_zh: report.notes.iter().map(|note| note.zh.clone()).collect(),
        seconds: watch.seconds(),
    })
}

/// ONNX Runtime, if somebody named its library: then it must work, so that nobody waits for the slower engine unawares.
fn runtime(library: Option<&Path>) -> Result<Option<&'static Runtime>, Fault> {
    match Runtime::load(library) {
        Ok(runtime) => Ok(Some(runtime)),
        Err(RuntimeError::NotStated) => Ok(None),
        Err(error) => Err(Fault::new(
            FaultKind::Usage,
            ("ONNX Runtime cannot be used.", "无法使用 ONNX Runtime。"),
            (format!("{error}."), format!("{}。", error.chinese())),
            (
                format!("Name another library with --onnxruntime, or unset {LIBRARY_VARIABLE}."),
                format!("请用 --onnxruntime 指定其他库，或取消 {LIBRARY_VARIABLE}。"),
            ),
        )),
    }
}

fn read(path: &Path, most: u64) -> Result<Vec<u8>, Fault> {
    let size = std::fs::metadata(path).map_err(|error| faults::unreadable(path, &error))?.len();
    if size > most {
        return Err(refused(path, &Words::new("the file is too large", "文件太大")));
    }
    std::fs::read(path).map_err(|error| faults::unreadable(path, &error))
}

fn refused(card: &Path, why: &Words) -> Fault {
    let name = card.display();
    Fault::new(
        FaultKind::Refused,
        (format!("The model {name} was not run: {}.", why.en), format!("未运行模型 {name}：{}。", why.zh)),
        ("The case is unchanged.", "病例没有改变。"),
        (
            "`assets/models` holds a card that works; the classical methods need no model.",
            "`assets/models` 中有可用的卡片；经典方法不需要模型。",
        ),
    )
}
