//! The child processes that decode compressed pixels.

use std::process::ExitCode;

/// The argument by which a program of ours becomes such a child.
pub const CODEC_WORKER: &str = "codec-worker";

/// To be called first in `main`. In a child it decodes frames until the parent has no more, and returns its exit code; in
/// any other process it arranges that compressed frames are decoded in children of this program from now on, and returns
/// `None`.
pub fn codec_worker() -> Option<ExitCode> {
    if std::env::args_os().nth(1).is_some_and(|argument| argument == CODEC_WORKER) {
        let served = casebank_dicom::codecs::serve();
        return Some(if served.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(5) });
    }
    // The running file, even where an update has replaced it under its name.
    casebank_dicom::codecs::decode_in_children("/proc/self/exe".into(), &[CODEC_WORKER]);
    None
}
