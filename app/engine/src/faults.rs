//! Which exit code each error of the libraries deserves. The libraries' texts are whole paragraphs already.

use casebank_case::{Told as _, Words};

use std::path::Path;

use crate::fault::faults;
use crate::{Fault, FaultKind};

faults! {
    words casebank_case::CommandError => Refused,
    words casebank_case::JournalError => Refused,
    words casebank_case::JournalFault => Internal,
    words casebank_store::BankError => Internal,
    words meshing_volume::VolumeError => Internal,
    words meshing_volume::GridError => Refused,
    to_string net_link::pki::PkiError => Peer,
    to_string net_link::LinkError => Peer,
    to_string net_dimse::EchoError => Peer,
    to_string net_dimse::FindError => Peer,
    to_string net_dimse::GetError => Peer,
    to_string net_dimse::SendError => Peer,
    to_string render_gpu::GpuError => Internal,
    to_string render_volume::UploadError => Internal,
    to_string render_volume::MeshError => Internal,
    words render_volume::PictureError => Internal,
    words render_volume::MprError => Internal,
}

impl From<meshing_volume::Cancelled> for Fault {
    fn from(_: meshing_volume::Cancelled) -> Self {
        Self::new(
            FaultKind::Usage,
            ("Stopped, as asked.", "已按要求停止。"),
            ("Nothing further was written.", "此后没有写出任何内容。"),
            "",
        )
    }
}

impl From<meshing_volume::formats::FormatError> for Fault {
    fn from(error: meshing_volume::formats::FormatError) -> Self {
        use meshing_volume::formats::FormatError;
        match error {
            FormatError::Cancelled(cancelled) => cancelled.into(),
            FormatError::Io(_) | FormatError::Memory(_) | FormatError::Volume(_) => {
                Self::told(FaultKind::Internal, error.words())
            }
            error => Self::told(FaultKind::Refused, error.words()),
        }
    }
}

impl From<casebank_case::Refusal> for Fault {
    fn from(refusal: casebank_case::Refusal) -> Self {
        use casebank_case::RefusalCode;

        let meaning = match refusal.code {
            RefusalCode::Finding(_) => (
                "Lengths and shapes taken from this scan could be wrong, so it is neither measured nor printed.",
                "由此扫描得到的长度和形状可能是错的，因此既不测量，也不打印。",
            ),
            RefusalCode::CheckFailed => (
                "Printed as it is, it could break, not fit, or guide to another place; it stays in the case.",
                "照此打印可能断裂、不贴合或导向错误的位置；它留在病例中。",
            ),
            _ => ("It stays in the case.", "它留在病例中。"),
        };
        Self::new(
            FaultKind::Refused,
            sentence((refusal.message, refusal.message_zh)),
            meaning,
            sentence((refusal.next_step, refusal.next_step_zh)),
        )
    }
}

impl From<casebank_dicom::WriteError> for Fault {
    fn from(error: casebank_dicom::WriteError) -> Self {
        match error {
            casebank_dicom::WriteError::Io { path, source } => unwritable(&path, &source),
            other => Self::told(FaultKind::Internal, sentence(other.words())),
        }
    }
}

/// The text as a sentence: a capital first, a full stop last.
pub(crate) fn sentence(text: impl Into<Words>) -> Words {
    let Words { en, zh } = text.into();
    let mut letters = en.trim().chars();
    let Some(first) = letters.next() else { return Words::default() };
    let capital = first.to_uppercase().chain(letters).collect();
    Words::new(ended(capital, '.'), if zh.is_empty() { zh } else { ended(zh, '。') })
}

fn ended(mut text: String, stop: char) -> String {
    if !text.ends_with(['.', '!', '?', '。', '！', '？']) {
        text.push(stop);
    }
    text
}

/// A file that could not be read.
pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Fault {
    file(("read", "读取"), path, error)
}

/// A file that could not be written.
pub(crate) fn unwritable(path: &Path, error: &std::io::Error) -> Fault {
    file(("write", "写入"), path, error)
}

fn file((doing, doing_zh): (&str, &str), path: &Path, error: &std::io::Error) -> Fault {
    let next_step = if error.kind() == std::io::ErrorKind::StorageFull {
        (
            "Free some space, or choose another folder, and start again.",
            "请腾出空间，或选择其他文件夹，然后重新开始。",
        )
    } else {
        ("Check the path and its permissions.", "请检查路径及其权限。")
    };
    let (path, error_zh) = (path.display(), error.chinese());
    let meaning = if doing == "write" {
        ("What was written before is complete; this file is not.", "此前写出的内容是完整的；这个文件不是。")
    } else {
        ("Nothing was made of it.", "没有由它生成任何内容。")
    };
    let what =
        (format!("Could not {doing} {path}: {error}."), format!("无法{doing_zh} {path}：{error_zh}。"));
    Fault::new(FaultKind::Internal, what, meaning, next_step)
}

impl From<casebank_dicom::ImportError> for Fault {
    fn from(error: casebank_dicom::ImportError) -> Self {
        Self::told(FaultKind::Refused, error.words())
    }
}
