//! DICOM objects rewritten in the form that every program reads.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use casebank_case::{Told as _, Words};
use casebank_dicom::deid::{RejectedObject, SkippedObject};
use casebank_dicom::{Limits, NativeError, PrescanError, mixed, native, read_bounded, walk, write_new};
use meshing_volume::Progress;
use serde::Serialize;

use crate::sources::Sources;
use crate::{Fault, FaultKind};

/// Most files of one run.
const FILES: usize = 1_000_000;

/// An object that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NativeFile {
    /// The file, below the output folder.
    pub file: PathBuf,
    /// Transfer Syntax UID (0002,0010) that it came in.
    pub from: String,
}

/// What became of the files.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct NativeReport {
    /// What was written.
    pub written: Vec<NativeFile>,
    /// What is no object, or there already.
    pub skipped: Vec<SkippedObject>,
    /// What was refused.
    pub rejected: Vec<RejectedObject>,
}

/// Rewrites the DICOM objects under `inputs`, ZIP archives among them, in Explicit VR Little Endian with native pixels: into
/// `out`, one folder a series, each file named by its UID. Nothing is overwritten. Patients stay in the objects.
///
/// # Errors
/// Nothing to do, the output lies in the input, the disk is full, or it was stopped. Refused objects are in the report.
pub fn run(inputs: &[PathBuf], out: &Path, progress: &dyn Progress) -> Result<NativeReport, Fault> {
    if let Some(input) = mixed(inputs, out) {
        let (out, input) = (out.display(), input.display());
        return Err(Fault::new(
            FaultKind::Usage,
            (
                format!("The output folder {out} lies in the input {input}, or the other way round."),
                format!("输出文件夹 {out} 与输入 {input} 一个在另一个之内。"),
            ),
            (
                "Originals and copies would be mixed; nothing was written.",
                "原件与副本会混在一起；没有写出任何内容。",
            ),
            ("Name a folder outside.", "请指定外面的文件夹。"),
        ));
    }
    let sources = Sources::open(inputs, progress)?;
    let found = walk(&sources.paths, FILES);
    if found.too_many || found.files.is_empty() && found.unreadable.is_empty() {
        let what = if found.too_many {
            (format!("There are more than {FILES} files."), format!("文件超过 {FILES} 个。"))
        } else {
            ("There is no file.".to_owned(), "没有文件。".to_owned())
        };
        let next = ("Name files or folders with DICOM objects.", "请指定含有 DICOM 对象的文件或文件夹。");
        return Err(Fault::new(FaultKind::Refused, what, "", next));
    }
    let mut report = NativeReport::default();
    let left_out = sources.left_out.iter();
    report.rejected.extend(left_out.map(|file| RejectedObject {
        path: file.path.clone(),
        reason: Words::new(file.reason.clone(), file.reason_zh.clone()),
    }));
    let unreadable = found.unreadable.into_iter();
    report
        .rejected
        .extend(unreadable.map(|(path, reason)| RejectedObject { path: sources.shown(&path), reason }));
    let progress = sources.rest(progress);
    let mut there = false;
    for (number, path) in found.files.iter().enumerate() {
        progress.step(number, found.files.len()).map_err(|_cancelled| stopped(report.written.len()))?;
        let shown = sources.shown(path);
        match one(path, out) {
            Ok(written) => report.written.push(written),
            Err(Left::There) => {
                there = true;
                let reason = Words::new("the same object is already there", "相同的对象已在那里");
                report.skipped.push(SkippedObject { path: shown, reason });
            }
            Err(Left::Skipped(reason)) => report.skipped.push(SkippedObject { path: shown, reason }),
            Err(Left::Rejected(reason)) => report.rejected.push(RejectedObject { path: shown, reason }),
            Err(Left::Full(error)) => return Err(full(out, report.written.len(), &error)),
        }
    }
    progress.report(1.0);
    if report.written.is_empty() && report.rejected.is_empty() && !there {
        let files = found.files.len();
        return Err(Fault::new(
            FaultKind::Refused,
            (
                format!("There is no DICOM object among the {files} files."),
                format!("{files} 个文件中没有 DICOM 对象。"),
            ),
            ("Nothing was written.", "没有写出任何内容。"),
            ("Name files or folders with DICOM objects.", "请指定含有 DICOM 对象的文件或文件夹。"),
        ));
    }
    Ok(report)
}

/// Why a file gave no object.
enum Left {
    There,
    Skipped(Words),
    Rejected(Words),
    Full(std::io::Error),
}

fn one(path: &Path, out: &Path) -> Result<NativeFile, Left> {
    let limit = Limits::default().object_bytes;
    let bytes = read_bounded(path, limit).map_err(|error| Left::Rejected(error.words()))?;
    let bytes = bytes.ok_or_else(|| Left::Rejected(PrescanError::TooLarge { limit }.words()))?;
    let object = native(&bytes).map_err(|error| match error {
        NativeError::Directory | NativeError::Prescan(PrescanError::NotDicom | PrescanError::Empty) => {
            Left::Skipped(error.words())
        }
        _ => Left::Rejected(error.words()),
    })?;
    let file = Path::new(&object.series_uid).join(format!("{}.dcm", object.sop_instance_uid));
    match write_new(&out.join(&file), &object.bytes) {
        Ok(true) => Ok(NativeFile { file, from: object.from }),
        Ok(false) => Err(Left::There),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Left::Rejected(Words::new(
            "another object with the same UID is already there and is never overwritten",
            "那里已有 UID 相同的另一个对象，不会覆盖",
        ))),
        Err(error) => Err(Left::Full(error)),
    }
}

fn stopped(written: usize) -> Fault {
    Fault::new(
        FaultKind::Usage,
        (format!("Stopped after {written} objects."), format!("写出 {written} 个对象后停止。")),
        ("What is written is whole.", "已写出的是完整的。"),
        ("Run again to go on; what is there stays.", "再次运行即可继续；已有的保持不变。"),
    )
}

fn full(out: &Path, written: usize, error: &std::io::Error) -> Fault {
    let out = out.display();
    Fault::new(
        FaultKind::Internal,
        (format!("{out} cannot be written: {error}."), format!("无法写入 {out}：{}。", error.chinese())),
        (format!("{written} objects were written before."), format!("此前已写出 {written} 个对象。")),
        (
            "Make room, or check the permissions, and run again; what is there stays.",
            "请腾出空间或检查权限后再次运行；已有的保持不变。",
        ),
    )
}
