//! Which exit code each error of the libraries deserves. The libraries' texts are whole paragraphs already.

use crate::fault::faults;
use crate::{Fault, FaultKind};

faults! {
    casebank_case::CommandError => Refused,
    casebank_case::JournalError => Refused,
    casebank_case::JournalFault => Internal,
    casebank_store::BankError => Internal,
    meshing_volume::VolumeError => Internal,
    meshing_volume::GridError => Refused,
    net_link::pki::PkiError => Peer,
    net_link::LinkError => Peer,
    net_dimse::EchoError => Peer,
    net_dimse::FindError => Peer,
    net_dimse::GetError => Peer,
    net_dimse::SendError => Peer,
    render_gpu::GpuError => Internal,
    render_volume::UploadError => Internal,
    render_volume::MeshError => Internal,
    render_volume::PictureError => Internal,
    render_volume::MprError => Internal,
}

impl From<meshing_volume::Cancelled> for Fault {
    fn from(_: meshing_volume::Cancelled) -> Self {
        Self::new(FaultKind::Usage, "Stopped, as asked.", "Nothing further was written.", "")
    }
}

impl From<meshing_volume::formats::FormatError> for Fault {
    fn from(error: meshing_volume::formats::FormatError) -> Self {
        use meshing_volume::formats::FormatError;
        match error {
            FormatError::Cancelled(cancelled) => cancelled.into(),
            FormatError::Io(_) | FormatError::Memory(_) | FormatError::Volume(_) => {
                Self::told(FaultKind::Internal, error)
            }
            _ => Self::told(FaultKind::Refused, error),
        }
    }
}

impl From<casebank_case::Refusal> for Fault {
    fn from(refusal: casebank_case::Refusal) -> Self {
        let meaning =
            "Lengths and shapes taken from this scan could be wrong, so it is neither measured nor printed.";
        Self::new(FaultKind::Refused, sentence(&refusal.message), meaning, sentence(&refusal.next_step))
            .in_chinese(format!("{}由此扫描得到的长度和形状可能是错的，因此既不测量，也不打印。", refusal.zh))
    }
}

impl From<casebank_dicom::WriteError> for Fault {
    fn from(error: casebank_dicom::WriteError) -> Self {
        match error {
            casebank_dicom::WriteError::Io { path, source } => file("write", &path, &source),
            other => Self::told(FaultKind::Internal, sentence(&other.to_string())),
        }
    }
}

/// The text as a sentence: a capital first, a full stop last.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let Some(first) = letters.next() else { return String::new() };
    let mut out: String = first.to_uppercase().chain(letters).collect();
    if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    out
}

/// A file that could not be read or written.
pub(crate) fn file(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Fault {
    let full = error.kind() == std::io::ErrorKind::StorageFull;
    let next_step = if full {
        "Free some space, or choose another folder, and start again."
    } else {
        "Check the path and its permissions."
    };
    Fault::new(
        FaultKind::Internal,
        format!("Could not {doing} {}: {error}.", path.display()),
        "What was written before is complete; this file is not.",
        next_step,
    )
}

impl From<casebank_dicom::ImportError> for Fault {
    fn from(error: casebank_dicom::ImportError) -> Self {
        let words = error.words();
        Self::told(FaultKind::Refused, words.en).in_chinese(words.zh)
    }
}
