//! Which exit code each error of the libraries deserves. The libraries' texts are whole paragraphs already.

use crate::fault::faults;
use crate::{Fault, FaultKind};

faults! {
    casebank_case::CommandError => Refused,
    casebank_case::JournalError => Refused,
    casebank_case::JournalFault => Internal,
    casebank_dicom::ImportError => Refused,
    casebank_store::BankError => Internal,
    casebank_dicom::WriteError => Internal,
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

impl From<casebank_case::Refusal> for Fault {
    fn from(refusal: casebank_case::Refusal) -> Self {
        Self::new(FaultKind::Refused, refusal.message, "", refusal.next_step)
    }
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
