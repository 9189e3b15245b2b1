//! De-identifying folders, and the sheet of what remains to be looked at by a person.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use casebank_dicom::deid::{
    DeidError, DeidOptions, Deidentifier, FolderReport, OptionError, RejectedObject, Secret, SecretError,
    deidentify,
};
use meshing_volume::Progress;

use crate::sources::Sources;
use crate::{Fault, FaultKind};

/// De-identifies what lies under `inputs`, ZIP archives among them, into `out` (PS3.15 Annex E) under the secret in `secret`, which is made if it is
/// not there.
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
    report.rejected.extend(left_out.map(|file| RejectedObject { path: file.path, reason: file.reason }));
    Ok(report)
}

/// What a person has to know before the objects are handed on. Names no file and no patient.
pub fn sheet(report: &FolderReport) -> String {
    let mut text = String::new();
    let mut line = |words: String| writeln!(text, "{words}").unwrap_or_default();
    let options = if report.options.is_empty() { "none".to_owned() } else { report.options.join(", ") };
    line(format!(
        "{} objects of {} patients de-identified by PS3.15 Annex E; options: {options}",
        report.written.len(),
        report.patients
    ));
    line(format!("{} files left out, {} refused", report.skipped.len(), report.rejected.len()));
    line("Before you hand them on:".to_owned());
    for (modality, count) in &report.burned_in_said {
        line(format!(
            "  text in the pixels: {count} {modality} objects say so themselves; look at each, or leave them out"
        ));
    }
    for (modality, count) in &report.burned_in_likely {
        line(format!(
            "  text in the pixels: {count} {modality} objects may have some and do not deny it; look at each"
        ));
    }
    if report.faces > 0 {
        line(format!(
            "  faces: {} slices show the head; a rendering restores the face, and it is still there",
            report.faces
        ));
    }
    if report.faces_unsaid > 0 {
        line(format!(
            "  faces: {} slices do not say of which body part; they may show a face",
            report.faces_unsaid
        ));
    }
    if report.overlay_bits > 0 {
        line(format!(
            "  overlays hidden in unused bits of the pixels: {} objects; look at them",
            report.overlay_bits
        ));
    }
    if report.ages_above_89 > 0 {
        line(format!(
            "  ages above 89 years stay in {} objects; few people are that old",
            report.ages_above_89
        ));
    }
    if report.private_kept > 0 {
        line(format!("  private attributes that stay: {}", report.private_kept));
    }
    if report.patients < 5 {
        line(format!(
            "  a set of {} patients is small: what is rare about one points to a person",
            report.patients
        ));
    }
    line(format!(
        "Removed: {} private attributes, {} attributes that nobody knows",
        report.private_removed, report.unknown_removed
    ));
    if !report.kept.is_empty() {
        line("Kept or cleaned, by option:".to_owned());
    }
    for kept in &report.kept {
        line(format!("  {} {} ({}): {}", kept.tag, kept.name, kept.option, kept.count));
    }
    text
}

impl From<DeidError> for Fault {
    fn from(error: DeidError) -> Self {
        let kind = match &error {
            DeidError::Input { .. } => FaultKind::Refused,
            DeidError::Io { .. } => FaultKind::Internal,
            _ => FaultKind::Usage,
        };
        Self::told(kind, paragraph(&error))
    }
}

impl From<SecretError> for Fault {
    fn from(error: SecretError) -> Self {
        let kind = match &error {
            SecretError::Random => FaultKind::Internal,
            _ => FaultKind::Usage,
        };
        Self::told(kind, paragraph(&error))
    }
}

impl From<OptionError> for Fault {
    fn from(error: OptionError) -> Self {
        Self::told(FaultKind::Usage, paragraph(&error))
    }
}

fn paragraph(error: &dyn std::error::Error) -> String {
    crate::faults::sentence(&error.to_string())
}
