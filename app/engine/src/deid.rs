//! De-identifying folders, and the sheet of what remains to be looked at by a person.

mod sheet;

use std::path::{Path, PathBuf};

use casebank_case::{Told as _, Words};
use casebank_dicom::deid::{
    DeidError, DeidOptions, Deidentifier, FolderReport, OptionError, RejectedObject, Secret, SecretError,
    deidentify,
};
use meshing_volume::Progress;

use crate::faults::sentence;
use crate::sources::Sources;
use crate::{Fault, FaultKind};

pub use sheet::sheet;

/// De-identifies what lies under `inputs`, ZIP archives among them, into `out` (PS3.15 Annex E) under the secret in
/// `secret`, which is made if it is not there.
///
/// # Errors
/// Nothing was begun, the disk is full, or it was stopped. Refused objects are in the report.
pub fn run(
    inputs: &[PathBuf],
    out: &Path,
    secret: &Path,
    options: DeidOptions,
    progress: &dyn Progress,
) -> Result<FolderReport, Fault> {
    casebank_dicom::deid::check_places(inputs, out, secret)?;
    let deidentifier = Deidentifier::new(options, Secret::open_or_create(secret)?);
    let sources = Sources::open(inputs, progress)?;
    let mut report = deidentify(&sources.paths, out, secret, &deidentifier, &sources.rest(progress))?;
    let skipped = report.skipped.iter_mut().map(|object| &mut object.path);
    let rejected = report.rejected.iter_mut().map(|object| &mut object.path);
    skipped.chain(rejected).for_each(|path| *path = sources.shown(path));
    let left_out = sources.left_out.into_iter();
    report.rejected.extend(
        left_out
            .map(|file| RejectedObject { path: file.path, reason: Words::new(file.reason, file.reason_zh) }),
    );
    Ok(report)
}

impl From<DeidError> for Fault {
    fn from(error: DeidError) -> Self {
        let kind = match &error {
            DeidError::Input { .. } => FaultKind::Refused,
            DeidError::Io { .. } => FaultKind::Internal,
            _ => FaultKind::Usage,
        };
        Self::told(kind, sentence(error.words()))
    }
}

impl From<SecretError> for Fault {
    fn from(error: SecretError) -> Self {
        let kind = match &error {
            SecretError::Random => FaultKind::Internal,
            _ => FaultKind::Usage,
        };
        Self::told(kind, sentence(error.words()))
    }
}

impl From<OptionError> for Fault {
    fn from(error: OptionError) -> Self {
        Self::told(FaultKind::Usage, sentence(error.words()))
    }
}
