//! Research files (NIfTI, NRRD, MetaImage) on the disk: opening, the file beside them, and what they do not say.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write};
use std::path::{Component, Path, PathBuf};

use casebank_case::{Finding, FindingCode, ObjectHash, Phi, Severity, VolumeEntry, VolumeId, Words};
use casebank_store::Bank;
use meshing_volume::formats::{self, Format, Frame, Limits, Opened, Remark, RemarkKind, Weight};
use meshing_volume::{LabelMap, Progress, Volume, VolumeMeta};

use crate::{Fault, FaultKind, faults, volumes};

/// Modality of what states none: Other (PS3.3 C.7.3.1.1.1).
const OTHER: &str = "OT";
/// A scan in Hounsfield units holds air; without a value below this it may have been shifted or scaled.
const SURELY_BELOW_HU: f32 = 0.0;

/// A research file that was read.
#[derive(Debug)]
pub(crate) struct ResearchFile {
    /// The header, then the file beside it.
    pub(crate) files: Vec<PathBuf>,
    /// One volume a frame; ids and objects of the entries are set when the files are kept.
    pub(crate) volumes: Vec<(Volume, VolumeEntry)>,
}

/// Whether the name is that of a research file. Halves of a `.hdr` and `.img` pair count, so that they are refused by name.
pub fn is_named_so(path: &Path) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    let pair = [".hdr", ".img", ".hdr.gz", ".img.gz"].iter().any(|ending| name.ends_with(ending));
    (Format::of_name(&name).is_some() || pair) && !path.is_dir()
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Opens a file and the one beside it that it names; gives both paths.
pub(crate) fn open(path: &Path) -> Result<(Opened<'static>, Vec<PathBuf>), Fault> {
    let name = file_name(path);
    let format = Format::of_name(&name).ok_or_else(|| {
        Fault::new(
            FaultKind::Refused,
            (
                format!("{} is not a research file that is read here.", path.display()),
                format!("{} 不是本程序读取的科研格式文件。", path.display()),
            ),
            (
                "Nothing was read. A .hdr and .img pair does not say left from right in all programs.",
                "没有读取任何内容。一对 .hdr 和 .img 文件并非在所有程序中都区分左右。",
            ),
            (
                "Give .nii, .nii.gz, .nrrd, .nhdr, .mha or .mhd.",
                "请提供 .nii、.nii.gz、.nrrd、.nhdr、.mha 或 .mhd。",
            ),
        )
    })?;
    let (file, bytes) = plain_file(path)?;
    let opened = formats::open(format, BufReader::new(file), bytes, Limits::default())?;
    let Some(beside) = opened.detached().map(str::to_owned) else {
        return Ok((opened, vec![path.to_owned()]));
    };
    let beside = sibling(path, &beside)?;
    let (file, bytes) = plain_file(&beside)?;
    Ok((opened.attach(BufReader::new(file), bytes), vec![path.to_owned(), beside]))
}

/// A file that is no pipe or device, and its length.
fn plain_file(path: &Path) -> Result<(File, u64), Fault> {
    let io = |error| faults::unreadable(path, &error);
    if !std::fs::metadata(path).map_err(io)?.is_file() {
        return Err(faults::unreadable(
            path,
            &std::io::Error::other(Words::new("it is not a plain file", "它不是普通文件")),
        ));
    }
    let file = File::open(path).map_err(io)?;
    let bytes = file.metadata().map_err(io)?.len();
    Ok((file, bytes))
}

/// The file that a header names, if it is a plain name in the same folder and no link leads out of it.
fn sibling(header: &Path, name: &str) -> Result<PathBuf, Fault> {
    let refused = || {
        Fault::new(
            FaultKind::Refused,
            (
                "The header names a file outside its own folder for its values.",
                "文件头所指的数据文件在它自己的文件夹之外。",
            ),
            (
                "It was not opened, because a header could so reach any file of this machine.",
                "没有打开它，因为文件头可能借此读取本机的任何文件。",
            ),
            (
                "Put both files into one folder, and name the second one without a path in the first.",
                "请把两个文件放在同一文件夹，并在文件头中只写数据文件的名称，不写路径。",
            ),
        )
    };
    let mut parts = Path::new(name).components();
    let (Some(Component::Normal(plain)), None) = (parts.next(), parts.next()) else { return Err(refused()) };
    if name.contains(['/', '\\', '\0']) {
        return Err(refused());
    }
    let folder = header.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let wanted = folder.join(plain);
    let real = wanted.canonicalize().map_err(|error| faults::unreadable(&wanted, &error))?;
    let inside = folder.canonicalize().map_err(|error| faults::unreadable(folder, &error))?;
    if real.parent() == Some(inside.as_path()) { Ok(real) } else { Err(refused()) }
}

/// Reads a file as grey volumes. `modality` in DICOM terms, for example `CT`.
pub(crate) fn read(
    path: &Path,
    modality: Option<&str>,
    progress: &dyn Progress,
) -> Result<ResearchFile, Fault> {
    let told = modality.map(checked_modality).transpose()?;
    let (opened, files) = open(path)?;
    let named = told.or_else(|| opened.header().modality.clone());
    let meta = meta(named.as_deref());
    let labels = opened.header().labels;
    let frames = opened.volumes(&meta, progress)?;
    let name = file_name(path);
    let mut volumes: Vec<_> =
        frames.into_iter().map(|frame| described(frame, named.is_some(), &name)).collect();
    if labels {
        let message = Words::new(
            "the file says that its values are labels of structures; they are read as grey values",
            "文件说明其数值是结构的标签；已按灰度值读取",
        );
        for (_, entry) in &mut volumes {
            entry.findings.push(Finding::new(FindingCode::AssumedUnit, Severity::Warning, message.clone()));
        }
    }
    Ok(ResearchFile { files, volumes })
}

/// Reads a file as label maps with what is odd about each.
pub(crate) fn read_labels(
    path: &Path,
    progress: &dyn Progress,
) -> Result<Vec<(LabelMap, Vec<Finding>)>, Fault> {
    let (opened, _) = open(path)?;
    let frames = opened.labels(progress)?;
    Ok(frames.into_iter().map(|frame| (frame.content, frame.remarks.iter().map(finding).collect())).collect())
}

/// A modality as the standard writes one.
fn checked_modality(text: &str) -> Result<String, Fault> {
    let good = (2..=16).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if good {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        FaultKind::Usage,
        (format!("{text:?} is not a modality."), format!("{text:?} 不是设备类型。")),
        ("Nothing was read.", "没有读取任何内容。"),
        ("Write it as DICOM does, for example CT, MR or PT.", "请按 DICOM 的写法，例如 CT、MR 或 PT。"),
    ))
}

fn meta(modality: Option<&str>) -> VolumeMeta {
    let modality = modality.unwrap_or(OTHER);
    let unit = if modality == "CT" { "HU" } else { "" };
    VolumeMeta { modality: modality.to_owned(), unit: unit.to_owned(), frame_of_reference: String::new() }
}

/// A frame with its entry: geometry, and all that the file leaves open.
fn described(frame: Frame<Volume>, modality_named: bool, file: &str) -> (Volume, VolumeEntry) {
    let volume = frame.content;
    let mut findings: Vec<Finding> = frame.remarks.iter().map(finding).collect();
    let (low, high) = volume.range();
    // Not one voxel with a number: there is no range.
    let range = if low <= high { [f64::from(low), f64::from(high)] } else { [0.0; 2] };
    findings.push(Finding::new(
        FindingCode::NoPatient,
        Severity::Info,
        Words::new(
            "a research file names no patient and no study: whose scan this is has to be known from elsewhere",
            "科研格式文件没有患者和检查信息：须从别处得知这是谁的扫描",
        ),
    ));
    if !modality_named {
        findings.push(Finding::new(
            FindingCode::UnknownModality,
            Severity::Warning,
            Words::new(
                "the file states no modality and none was named; its values have no unit",
                "文件没有说明设备类型，也没有指定；其数值没有单位",
            ),
        ));
    }
    if volume.meta().unit == "HU" {
        let shifted = low >= SURELY_BELOW_HU;
        let (severity, message) = if shifted {
            (
                Severity::Severe,
                Words::new(
                    format!(
                        "the file states no unit; Hounsfield units are taken, but no value is below 0 (least {low}), so \
                         the scale may be shifted or stretched"
                    ),
                    format!(
                        "文件没有说明单位；按 HU 处理，但没有低于 0 的数值（最小 {low}），标度可能已平移或缩放"
                    ),
                ),
            )
        } else {
            let message = Words::new(
                "the file states no unit; Hounsfield units are taken because it is a CT",
                "文件没有说明单位；因为是 CT，按 HU 处理",
            );
            (Severity::Warning, message)
        };
        findings.push(Finding::new(FindingCode::AssumedUnit, severity, message));
    }
    let grid = volume.grid();
    let description = if frame.name.is_empty() { file.to_owned() } else { format!("{file}, {}", frame.name) };
    let entry = VolumeEntry {
        id: VolumeId::random(),
        modality: volume.meta().modality.clone(),
        size: grid.size(),
        spacing_mm: grid.spacing_mm(),
        origin_lps_mm: grid.origin().to_array().map(|mm| mm + 0.0),
        // Adding zero turns a negative zero into a plain one.
        direction: grid.direction_row_major().map(|cosine| cosine + 0.0),
        range,
        unit: volume.meta().unit.clone(),
        suv: None,
        findings,
        series_uid: String::new(),
        study_uid: String::new(),
        frame_of_reference: String::new(),
        description: Phi::new(description),
        phase: String::new(),
        objects: Vec::new(),
    };
    (volume, entry)
}

/// A remark of a reader as a finding of a case.
pub(crate) fn finding(remark: &Remark) -> Finding {
    let code = match remark.kind {
        RemarkKind::ShearedAxes => FindingCode::GantryTilt,
        RemarkKind::NoSpacing => FindingCode::NoSpacing,
        RemarkKind::EstimatedSpacing => FindingCode::EstimatedSpacing,
        RemarkKind::UnknownOrientation => FindingCode::UnknownOrientation,
        RemarkKind::NotNumbers => FindingCode::PaddingValue,
        RemarkKind::ChangedValues => FindingCode::ChangedValues,
        // Whatever a later reader adds is about geometry until it says otherwise.
        _ => FindingCode::ConflictingGeometry,
    };
    let severity = match remark.weight {
        Weight::Info => Severity::Info,
        Weight::Warning => Severity::Warning,
        Weight::Severe => Severity::Severe,
    };
    Finding::new(code, severity, remark.message.clone())
}

/// The id that a frame of these files always gets.
pub(crate) fn volume_id(objects: &[ObjectHash], frame: usize) -> VolumeId {
    let key: Vec<String> = objects.iter().map(ToString::to_string).collect();
    VolumeId::of_series(&key.join("+"), frame as u32)
}

/// A volume back from the bank, if its objects are a research file; `None` where they are DICOM.
pub(crate) fn load(
    bank: &Bank,
    entry: &VolumeEntry,
    progress: &dyn Progress,
) -> Result<Option<Volume>, Fault> {
    let (true, Some(first)) = (entry.series_uid.is_empty(), entry.objects.first()) else { return Ok(None) };
    let path = bank.object_path(first);
    let (mut file, bytes) = plain_file(&path)?;
    let mut start = Vec::new();
    (&mut file).take(64).read_to_end(&mut start).map_err(|error| faults::unreadable(&path, &error))?;
    let Some(format) = Format::of_bytes(&start) else { return Ok(None) };
    let (file, _) = plain_file(&path)?;
    let mut opened = formats::open(format, BufReader::new(file), bytes, Limits::default())?;
    if let Some(second) = entry.objects.get(1) {
        let (file, bytes) = plain_file(&bank.object_path(second))?;
        opened = opened.attach(BufReader::new(file), bytes);
    }
    let meta = VolumeMeta {
        modality: entry.modality.clone(),
        unit: entry.unit.clone(),
        frame_of_reference: entry.frame_of_reference.clone(),
    };
    let frames = opened.volumes(&meta, progress)?;
    let found = frames
        .into_iter()
        .enumerate()
        .find(|(number, frame)| {
            volume_id(&entry.objects, *number) == entry.id && frame.content.grid().size() == entry.size
        })
        .map(|(_, frame)| frame.content);
    found.map(Some).ok_or_else(volumes::another)
}

/// Writes a file whole or not at all: what `fill` writes goes to a temporary file beside it, synced, then renamed.
pub(crate) fn write_whole(
    file: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let io = |error: std::io::Error| faults::unwritable(file, &error);
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    std::fs::create_dir_all(folder).map_err(io)?;
    let temporary = tempfile::NamedTempFile::new_in(folder).map_err(io)?;
    let mut out = BufWriter::with_capacity(1 << 18, temporary);
    fill(&mut out)?;
    let temporary = out.into_inner().map_err(|error| io(error.into_error()))?;
    temporary.as_file().sync_all().map_err(io)?;
    temporary.persist(file).map_err(|error| io(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_name_in_the_same_folder_is_opened() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("scan");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(place.path().join("secret.raw"), "x").unwrap();
        std::fs::write(folder.join("good.raw"), "x").unwrap();
        let header = folder.join("a.mhd");
        assert!(sibling(&header, "good.raw").is_ok());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("../secret.raw", folder.join("link.raw")).unwrap();
            std::os::unix::fs::symlink("good.raw", folder.join("inside.raw")).unwrap();
            assert!(sibling(&header, "link.raw").is_err(), "a link out of the folder");
            assert!(sibling(&header, "inside.raw").is_ok(), "a link within the folder");
        }
        for name in [
            "../secret.raw",
            "/etc/hostname",
            "..",
            ".",
            "",
            "sub/../good.raw",
            "./good.raw",
            "a\\b",
            "not there",
        ] {
            assert!(sibling(&header, name).is_err(), "{name:?}");
        }
        assert!(plain_file(&folder).is_err(), "a folder is no file");
    }

    #[test]
    fn a_modality_is_written_as_the_standard_writes_it() {
        assert!(checked_modality("CT").is_ok());
        for wrong in ["ct", "", "C", "CT\\MR", "A VERY LONG MODALITY"] {
            assert!(checked_modality(wrong).is_err(), "{wrong:?}");
        }
    }
}
