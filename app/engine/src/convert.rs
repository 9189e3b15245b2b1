//! Files from one form into another, without a case: DICOM series, NIfTI, NRRD, MetaImage.

use std::path::{Path, PathBuf};

use casebank_case::{Finding, FindingCode, Language, Severity, Told as _, Words};
use casebank_dicom::SeriesInfo;
use meshing_volume::formats::{self, Format, Payload, WriteOptions};
use meshing_volume::{Grid, Progress, Volume};
use serde::Serialize;

use crate::sources::Sources;
use crate::{Fault, FaultKind, research};

/// What is to be converted, and how.
#[derive(Clone, Debug)]
pub struct ConvertOrder<'a> {
    /// A DICOM folder, file or ZIP archive, or a research file.
    pub input: &'a Path,
    /// A research file, or a folder for a DICOM series.
    pub output: &'a Path,
    /// The values are labels and stay so.
    pub labels: bool,
    /// Modality of what states none.
    pub modality: Option<&'a str>,
    /// Which volume or frame, from 1; `None` where there is only one.
    pub number: Option<usize>,
    /// Severe findings that the person accepts.
    pub accepted: &'a [FindingCode],
    /// Without packing.
    pub raw: bool,
}

/// What was written; its JSON is the `convert` answer of the command line contract.
#[derive(Clone, Debug, Serialize)]
pub struct ConvertReport {
    /// The files, headers before their data.
    pub files: Vec<PathBuf>,
    /// `volume` or `labels`.
    pub content: &'static str,
    /// Voxels along i, j, k.
    pub size: [usize; 3],
    /// Distance of voxel centres, mm.
    pub spacing_mm: [f64; 3],
    /// Centre of voxel 0, LPS mm.
    pub origin_lps_mm: [f64; 3],
    /// Row-major 3×3 whose columns are the LPS directions of i, j, k.
    pub direction: [f64; 9],
    /// What is odd about the input; it cannot travel in these formats.
    pub findings: Vec<Finding>,
}

/// What the output is.
enum Target {
    File(Format),
    Series,
}

/// Reads the input and writes the output.
///
/// # Errors
/// An ending that is not known, an input that cannot be read or holds several volumes of which none was chosen, severe
/// findings that were not accepted (a research file cannot carry them), or values that the output cannot hold exactly.
pub fn convert(order: &ConvertOrder<'_>, progress: &dyn Progress) -> Result<ConvertReport, Fault> {
    let target = target(order.output)?;
    if order.labels {
        let Target::File(format) = target else {
            return Err(usage(
                ("Labels are not written as a DICOM series.", "标签不能写成 DICOM 系列。"),
                ("Write .nii.gz, .nrrd or .mha.", "请写成 .nii.gz、.nrrd 或 .mha。"),
            ));
        };
        if !research::is_named_so(order.input) {
            return Err(usage(
                ("Labels are read from research files.", "标签要从科研格式文件读取。"),
                ("Give .nii.gz, .nrrd or .mha.", "请提供 .nii.gz、.nrrd 或 .mha。"),
            ));
        }
        let (map, findings) = choose(research::read_labels(order.input, progress)?, order.number)?;
        accept(&findings, order.accepted)?;
        let files = write(format, Payload::Labels(&map), order.output, order.raw, progress)?;
        return Ok(report(files, "labels", map.grid(), findings));
    }
    let (volume, findings) = read(order, progress)?;
    accept(&findings, order.accepted)?;
    let files = match target {
        Target::File(format) => write(format, Payload::Volume(&volume), order.output, order.raw, progress)?,
        Target::Series => series(&volume, order.output)?,
    };
    Ok(report(files, "volume", volume.grid(), findings))
}

fn usage(what: impl Into<Words>, next_step: impl Into<Words>) -> Fault {
    Fault::new(FaultKind::Usage, what, ("Nothing was written.", "没有写出任何内容。"), next_step)
}

/// Whether a name means a folder: one that is there, or a name without an ending.
pub fn is_folder(output: &Path) -> bool {
    output.is_dir() || !output.file_name().is_some_and(|name| name.to_string_lossy().contains('.'))
}

/// What the ending of a name asks for; a name without an ending is a folder.
fn target(output: &Path) -> Result<Target, Fault> {
    let name = output.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    match Format::of_name(&name) {
        Some(format) => Ok(Target::File(format)),
        None if is_folder(output) => Ok(Target::Series),
        None => Err(usage(
            (
                format!("The ending of {name:?} is not one that is written."),
                format!("不能写成 {name:?} 这样的扩展名。"),
            ),
            (
                "Use .nii, .nii.gz, .nrrd, .nhdr, .mha, .mhd, or a folder without an ending for a DICOM series.",
                "请用 .nii、.nii.gz、.nrrd、.nhdr、.mha、.mhd；DICOM 系列请用没有扩展名的文件夹。",
            ),
        )),
    }
}

fn read(order: &ConvertOrder<'_>, progress: &dyn Progress) -> Result<(Volume, Vec<Finding>), Fault> {
    if research::is_named_so(order.input) {
        let file = research::read(order.input, order.modality, progress)?;
        let all = file.volumes.into_iter().map(|(volume, entry)| (volume, entry.findings)).collect();
        return choose(all, order.number);
    }
    let sources = Sources::open(&[order.input.to_owned()], progress)?;
    let import = casebank_dicom::read_paths(&sources.paths, &sources.rest(progress))?;
    let folder = import.findings;
    let with_folder = |own: Vec<Finding>| folder.iter().cloned().chain(own).collect();
    choose(
        import.volumes.into_iter().map(|read| (read.volume, with_folder(read.entry.findings))).collect(),
        order.number,
    )
}

/// The one volume, or the one that was named.
fn choose<T>(mut all: Vec<T>, number: Option<usize>) -> Result<T, Fault> {
    let there = all.len();
    let place = match (number, there) {
        (None, 1) => 0,
        (Some(n), _) if (1..=there).contains(&n) => n - 1,
        _ => {
            return Err(Fault::new(
                if there == 0 { FaultKind::Refused } else { FaultKind::Usage },
                (format!("The input holds {there} volumes."), format!("输入中有 {there} 个体数据。")),
                (
                    "Nothing was written, because one file takes one of them.",
                    "一个文件只能放一个，因此没有写出任何内容。",
                ),
                if there == 0 {
                    ("Give an image volume.", "请提供图像体数据。")
                } else {
                    ("Name one with --number, from 1.", "请用 --number 指定一个，从 1 起。")
                },
            ));
        }
    };
    Ok(all.swap_remove(place))
}

/// Refuses severe findings that were not accepted.
fn accept(findings: &[Finding], accepted: &[FindingCode]) -> Result<(), Fault> {
    let open = || findings.iter().filter(|f| f.severity == Severity::Severe && !accepted.contains(&f.code));
    let Some(finding) = open().next() else { return Ok(()) };
    let all: Vec<String> = open().map(|f| format!("--accept {}", f.code)).collect();
    Err(Fault::new(
        FaultKind::Refused,
        (
            format!("The input has a severe finding, {}: {}.", finding.code, finding.message),
            format!("输入有严重问题 {}：{}。", finding.code, finding.in_language(Language::Chinese)),
        ),
        (
            "It would be lost in the written file, so nothing was written.",
            "写出的文件无法携带它，因此没有写出任何内容。",
        ),
        (
            format!("Look at the scan; if it may be used so, add {}.", all.join(" ")),
            format!("请查看扫描；如果可以这样使用，请加上 {}。", all.join(" ")),
        ),
    ))
}

/// Writes a research file, and the one beside it where the ending asks for two.
pub(crate) fn write(
    format: Format,
    payload: Payload<'_>,
    output: &Path,
    raw: bool,
    progress: &dyn Progress,
) -> Result<Vec<PathBuf>, Fault> {
    let name = output.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name.as_str(), ""));
    let ending = ending.to_ascii_lowercase();
    let packed = if format == Format::Nifti { ending == "gz" } else { !raw };
    let options = WriteOptions { packed, nifti2: false };
    if !["mhd", "nhdr"].contains(&ending.as_str()) {
        research::write_whole(output, |out| Ok(formats::write(format, payload, options, out, progress)?))?;
        return Ok(vec![output.to_owned()]);
    }
    let data_ending = match (format, packed) {
        (_, false) => "raw",
        (Format::MetaImage, true) => "zraw",
        (_, true) => "raw.gz",
    };
    let beside = format!("{stem}.{data_ending}");
    if stem.is_empty()
        || beside.starts_with("LIST")
        || beside.contains(['%', '\n', '\r'])
        || beside.trim() != beside
    {
        return Err(usage(
            ("A header cannot name the file of its values so.", "文件头不能这样指称其数据文件。"),
            ("Choose a plain name.", "请选择普通的文件名。"),
        ));
    }
    let data = output.with_file_name(&beside);
    let mut header = Vec::new();
    research::write_whole(&data, |out| {
        header = formats::write_detached(format, payload, options, &beside, out, progress)?;
        Ok(())
    })?;
    crate::mesh::write_whole(output, &header)?;
    Ok(vec![output.to_owned(), data])
}

const NEW_FOLDER: (&str, &str) =
    ("Name a new folder, or an empty one, for the series.", "请为系列指定新的或空的文件夹。");

/// Refuses a folder in which something lies: a series must not replace the slices of another, nor mix with them.
///
/// # Errors
/// The folder is not empty, or cannot be looked into.
pub(crate) fn empty_folder(folder: &Path) -> Result<(), Fault> {
    match std::fs::read_dir(folder).map(|mut entries| entries.next().is_some()) {
        Ok(true) => Err(usage(
            (
                format!("The folder {} is not empty.", folder.display()),
                format!("文件夹 {} 不是空的。", folder.display()),
            ),
            NEW_FOLDER,
        )),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(usage(
            (
                format!("{} cannot be used as the folder of a series: {error}.", folder.display()),
                format!("{} 不能用作系列的文件夹：{}。", folder.display(), error.chinese()),
            ),
            NEW_FOLDER,
        )),
        _ => Ok(()),
    }
}

/// A DICOM series of a volume that has no patient; its UIDs follow from its voxels and geometry.
pub(crate) fn series(volume: &Volume, folder: &Path) -> Result<Vec<PathBuf>, Fault> {
    empty_folder(folder)?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&volume.voxel_bytes());
    let grid = serde_json::to_vec(volume.grid())
        .map_err(|error| Fault::told(FaultKind::Internal, format!("A grid cannot be written: {error}.")))?;
    hasher.update(&grid);
    let info = SeriesInfo {
        seed: hasher.finalize().to_hex().to_string(),
        description: "converted from a research file".to_owned(),
        number: 1,
        manufacturer: "Theatron".to_owned(),
        ..SeriesInfo::default()
    };
    casebank_dicom::write_series(volume, &info, folder).map_err(no_series)
}

/// Why a volume was not written as a series.
pub(crate) fn no_series(error: casebank_dicom::WriteError) -> Fault {
    match error {
        casebank_dicom::WriteError::Io { .. } => error.into(),
        other => Fault::new(
            FaultKind::Refused,
            (
                format!("A DICOM series cannot hold this volume: {other}."),
                format!("DICOM 系列无法容纳此体数据：{}。", other.chinese()),
            ),
            ("No file was written.", "没有写出文件。"),
            (
                "Name the modality with --modality CT or MR; values that are no 16-bit integers need NIfTI, NRRD or \
                 MetaImage.",
                "请用 --modality CT 或 MR 指定设备类型；不是 16 位整数的数值需用 NIfTI、NRRD 或 MetaImage。",
            ),
        ),
    }
}

/// The answer for what was written.
pub(crate) fn report(
    files: Vec<PathBuf>,
    content: &'static str,
    grid: &Grid,
    findings: Vec<Finding>,
) -> ConvertReport {
    ConvertReport {
        files,
        content,
        size: grid.size(),
        spacing_mm: grid.spacing_mm(),
        origin_lps_mm: grid.origin().to_array().map(|mm| mm + 0.0),
        direction: grid.direction_row_major().map(|cosine| cosine + 0.0),
        findings,
    }
}

/// The format of a research file that is to be written.
pub(crate) fn research_format(output: &Path) -> Result<Format, Fault> {
    match target(output)? {
        Target::File(format) => Ok(format),
        Target::Series => Err(usage(
            ("A case is exported as one research file.", "病例导出为一个科研格式文件。"),
            (
                "Use .nii, .nii.gz, .nrrd, .nhdr, .mha or .mhd.",
                "请用 .nii、.nii.gz、.nrrd、.nhdr、.mha 或 .mhd。",
            ),
        )),
    }
}
