//! Research files: geometry, types, oddities, hostile bytes. The files are made here by hand, not by our writers.

#![expect(clippy::unwrap_used, clippy::missing_assert_message, reason = "helpers of tests fail as tests do")]

mod hostile;
mod made;
mod metaimage;
mod nifti;
mod nrrd;
mod orders;
mod written;

use meshing_volume::formats::{Format, FormatError, Frame, Limits, Opened, RemarkKind, Weight, open};
use meshing_volume::{Silent, Volume, VolumeMeta};

/// Reads the header of a file in memory.
pub(crate) fn opened(format: Format, bytes: &[u8]) -> Result<Opened<'_>, FormatError> {
    open(format, bytes, bytes.len() as u64, Limits::default())
}

/// Reads every frame of a file in memory.
pub(crate) fn frames(format: Format, bytes: &[u8]) -> Result<Vec<Frame<Volume>>, FormatError> {
    opened(format, bytes)?.volumes(&VolumeMeta::default(), &Silent)
}

/// Reads the only frame.
pub(crate) fn one(format: Format, bytes: &[u8]) -> Frame<Volume> {
    let mut frames = frames(format, bytes).unwrap();
    assert_eq!(frames.len(), 1);
    frames.pop().unwrap()
}

/// The weight of a remark of this kind.
pub(crate) fn weight<T>(frame: &Frame<T>, kind: RemarkKind) -> Option<Weight> {
    frame.remarks.iter().filter(|r| r.kind == kind).map(|r| r.weight).max()
}

/// The message of a refusal.
pub(crate) fn refusal<T>(result: Result<T, FormatError>) -> String {
    match result {
        Ok(_) => panic!("it must be refused"),
        Err(error) => error.to_string(),
    }
}
