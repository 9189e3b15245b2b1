//! De-identifying folders: what is written, what is refused, and what remains to be looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use casebank_case::{Told as _, Words};
use meshing_volume::Progress;
use serde::Serialize;

use super::faces::{FaceSeries, Faces};
use super::facts::{BurnedIn, Face, ObjectFacts, PixelText};
use super::options::DeidOption;
use super::{Deidentified, Deidentifier, ObjectError};
use crate::files::{mixed, read_bounded, real, reason, walk, write_new};
use crate::prescan::{Limits, PrescanError};

/// Most files of one run.
const FILES: usize = 1_000_000;

/// Why a run was not begun, or ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeidError {
    /// The output lies in the input, or the other way round.
    #[error(
        "the output folder {out} lies inside the input {input}; originals and de-identified objects would be mixed. Nothing was de-identified. Name a folder outside"
    )]
    Inside {
        /// The output.
        out: PathBuf,
        /// The input.
        input: PathBuf,
    },
    /// The secret would be handed on with the objects.
    #[error(
        "the secret file {secret} lies in the output folder; whoever gets the objects could lead them back to the patients. Nothing was de-identified. Keep the secret elsewhere"
    )]
    SecretInside {
        /// The secret file.
        secret: PathBuf,
    },
    /// No file, or too many.
    #[error("{what}. Nothing was de-identified. Name a folder with DICOM files")]
    Input {
        /// What is wrong.
        what: Words,
    },
    /// The file system refused.
    #[error(
        "{path} cannot be written: {source}. {written} objects were written before. Make room and run again; what is there stays"
    )]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Objects written before.
        written: usize,
        /// Why.
        source: std::io::Error,
    },
    /// Stopped on request.
    #[error(
        "stopped after {written} objects; what is written is whole. Run again to go on; what is there stays"
    )]
    Cancelled {
        /// Objects written before.
        written: usize,
    },
}

/// An object that was written.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WrittenObject {
    /// The file, below the output folder.
    pub file: PathBuf,
    /// Modality (0008,0060).
    pub modality: String,
    /// What Clean Pixel Data blanked in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blanked: Option<Blanked>,
}

/// Text that was found in the pixels of an object and blanked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Blanked {
    /// Boxes over all frames.
    pub boxes: u64,
    /// Frames that changed.
    pub frames: u64,
    /// Percent of the pixels of all frames that are black now.
    pub percent: f64,
}

impl Blanked {
    fn of(text: PixelText) -> Option<Self> {
        let PixelText::Blanked { boxes, frames, pixels, total } = text else { return None };
        let percent = (pixels as f64 / total.max(1) as f64 * 1e4).round() / 100.0;
        Some(Self { boxes, frames, percent })
    }
}

/// A file that is left out because it is nothing to de-identify.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkippedObject {
    /// The original.
    pub path: PathBuf,
    /// Why.
    #[serde(serialize_with = "Words::english")]
    pub reason: Words,
}

/// An object that could not be de-identified and was not written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RejectedObject {
    /// The original.
    pub path: PathBuf,
    /// Why.
    #[serde(serialize_with = "Words::english")]
    pub reason: Words,
}

/// An attribute that an option kept or cleaned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptAttribute {
    /// As `(0010,0040)`.
    pub tag: String,
    /// Its name.
    pub name: &'static str,
    /// The option.
    pub option: &'static str,
    /// How often it stands in the objects.
    pub count: u64,
}

/// What a run came to, and the risks that remain. Paths of originals may name patients: the report is for who ran it.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct FolderReport {
    /// Names of the options.
    pub options: Vec<&'static str>,
    /// What was written.
    pub written: Vec<WrittenObject>,
    /// What was left out.
    pub skipped: Vec<SkippedObject>,
    /// What was refused.
    pub rejected: Vec<RejectedObject>,
    /// Patients among what was written.
    pub patients: usize,
    /// What options kept or cleaned.
    pub kept: Vec<KeptAttribute>,
    /// Private attributes that stay.
    pub private_kept: u64,
    /// Private attributes removed.
    pub private_removed: u64,
    /// Attributes removed because the dictionary does not know them.
    pub unknown_removed: u64,
    /// Objects not looked at whose pixels say that text is burned in, by modality.
    pub burned_in_said: BTreeMap<String, u64>,
    /// Objects not looked at that often have text burned in and do not say that they have none, by modality.
    pub burned_in_likely: BTreeMap<String, u64>,
    /// Objects in whose pixels text was blanked, by modality.
    pub text_blanked: BTreeMap<String, u64>,
    /// Objects whose pixels were looked at and show no text that was found.
    pub text_not_found: u64,
    /// Objects with computed pixels, which were not looked at.
    pub text_not_looked: u64,
    /// CT, MR and PET objects of the head: a rendering restores the face.
    pub faces: u64,
    /// CT, MR and PET objects that do not say of which body part.
    pub faces_unsaid: u64,
    /// Under the option to remove faces: what became of each series that may show one.
    pub face_series: Vec<FaceSeries>,
    /// Objects with overlay bits hidden in the pixel values.
    pub overlay_bits: u64,
    /// Objects in which an age above 89 years stays.
    pub ages_above_89: u64,
}

/// De-identifies all DICOM objects under `inputs` into `out`, one folder a series, each file named by its new UID. Nothing is
/// overwritten; `secret` is the file of the secret, which must not lie in `out`.
///
/// # Errors
/// [`DeidError`]; objects that are refused are in the report, not an error.
pub fn deidentify(
    inputs: &[PathBuf],
    out: &Path,
    secret: &Path,
    deidentifier: &Deidentifier,
    progress: &dyn Progress,
) -> Result<FolderReport, DeidError> {
    check_places(inputs, out, secret)?;
    let mut found = walk(inputs, FILES);
    if found.too_many {
        let what = Words::new(format!("there are more than {FILES} files"), format!("文件超过 {FILES} 个"));
        return Err(DeidError::Input { what });
    }
    let mut report = FolderReport {
        options: deidentifier.options().iter().map(DeidOption::name).collect(),
        rejected: found
            .unreadable
            .into_iter()
            .map(|(path, reason)| RejectedObject { path, reason })
            .collect(),
        ..FolderReport::default()
    };
    if found.files.is_empty() {
        let first = report.rejected.first().map(|first| first.reason.clone());
        let what = first.unwrap_or_else(|| Words::new("there is no file", "没有文件"));
        return Err(DeidError::Input { what });
    }
    let stopped = |written| DeidError::Cancelled { written };
    let mut faces = Faces::look(&mut found.files, deidentifier, progress).map_err(|_cancelled| stopped(0))?;
    let mut tally = Tally::default();
    for (number, path) in found.files.iter().enumerate() {
        let written = report.written.len();
        progress.step(number, found.files.len()).map_err(|_cancelled| stopped(written))?;
        let object = match one(path, deidentifier, faces.as_mut(), progress) {
            Ok(object) => object,
            Err(Left::Stopped) => return Err(stopped(written)),
            Err(outcome) => {
                outcome.note(path, &mut report);
                continue;
            }
        };
        let file = Path::new(&object.series_uid).join(format!("{}.dcm", object.sop_instance_uid));
        match write_new(&out.join(&file), &object.bytes) {
            Ok(true) => {
                report.written.push(WrittenObject {
                    file,
                    modality: object.facts.modality.clone(),
                    blanked: Blanked::of(object.facts.pixels.text),
                });
            }
            Ok(false) => {
                let reason = Words::new("the same object is already there", "相同的对象已在那里");
                report.skipped.push(SkippedObject { path: path.clone(), reason });
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let reason = Words::new(
                    "another object with the same UID is already there and is never overwritten",
                    "那里已有 UID 相同的另一个对象，不会覆盖",
                );
                report.rejected.push(RejectedObject { path: path.clone(), reason });
                continue;
            }
            Err(source) => return Err(DeidError::Io { path: out.join(file), written, source }),
        }
        tally.add(&object, &mut report);
    }
    progress.report(1.0);
    report.face_series = faces.map(|faces| faces.done).unwrap_or_default();
    report.patients = tally.patients.len();
    report.kept = tally.kept.into_values().collect();
    Ok(report)
}

/// Refuses an output inside an input, an input inside the output, and a secret inside the output.
///
/// # Errors
/// [`DeidError::Inside`], [`DeidError::SecretInside`]
pub fn check_places(inputs: &[PathBuf], out: &Path, secret: &Path) -> Result<(), DeidError> {
    if real(secret).starts_with(real(out)) {
        return Err(DeidError::SecretInside { secret: secret.to_owned() });
    }
    match mixed(inputs, out) {
        Some(input) => Err(DeidError::Inside { out: real(out), input: real(input) }),
        None => Ok(()),
    }
}

/// Why a file gave no object.
enum Left {
    Skipped(Words),
    Rejected(Words),
    Stopped,
}

impl Left {
    fn note(self, path: &Path, report: &mut FolderReport) {
        let path = path.to_owned();
        match self {
            Self::Skipped(reason) => report.skipped.push(SkippedObject { path, reason }),
            Self::Rejected(reason) => report.rejected.push(RejectedObject { path, reason }),
            Self::Stopped => {}
        }
    }
}

fn one(
    path: &Path,
    deidentifier: &Deidentifier,
    faces: Option<&mut Faces<'_>>,
    progress: &dyn Progress,
) -> Result<Deidentified, Left> {
    let limit = Limits::default().object_bytes;
    let bytes = read_bounded(path, limit).map_err(|error| Left::Rejected(reason(&error)))?;
    let bytes = bytes.ok_or_else(|| Left::Rejected(PrescanError::TooLarge { limit }.words()))?;
    let object = match faces {
        Some(faces) => faces.apply(path, &bytes, progress),
        None => deidentifier.apply(&bytes),
    };
    object.map_err(|error| match error {
        ObjectError::Stopped => Left::Stopped,
        ObjectError::Prescan(PrescanError::NotDicom | PrescanError::Empty) | ObjectError::Directory => {
            Left::Skipped(error.words())
        }
        _ => Left::Rejected(error.words()),
    })
}

#[derive(Default)]
struct Tally {
    patients: BTreeSet<String>,
    kept: BTreeMap<(u16, u16, &'static str), KeptAttribute>,
}

impl Tally {
    fn add(&mut self, object: &Deidentified, report: &mut FolderReport) {
        let facts: &ObjectFacts = &object.facts;
        self.patients.insert(object.patient.clone());
        for (&(tag, option), &(name, count)) in &facts.kept {
            let fresh = || KeptAttribute {
                tag: format!("({:04x},{:04x})", tag.0, tag.1),
                name,
                option: option.name(),
                count: 0,
            };
            self.kept.entry((tag.0, tag.1, option.name())).or_insert_with(fresh).count += count;
        }
        report.private_kept += facts.private_kept;
        report.private_removed += facts.private_removed;
        report.unknown_removed += facts.unknown_removed;
        // Of what was looked at, what was found counts, not what is likely.
        let looked = matches!(facts.pixels.text, PixelText::NothingFound | PixelText::Blanked { .. });
        match facts.pixels.burned_in {
            _ if looked => {}
            BurnedIn::Said => *report.burned_in_said.entry(facts.modality.clone()).or_default() += 1,
            BurnedIn::Likely => *report.burned_in_likely.entry(facts.modality.clone()).or_default() += 1,
            BurnedIn::Unlikely | BurnedIn::NoPixels => {}
        }
        match facts.pixels.text {
            PixelText::Blanked { .. } => *report.text_blanked.entry(facts.modality.clone()).or_default() += 1,
            PixelText::NothingFound => report.text_not_found += 1,
            PixelText::NotLooked => report.text_not_looked += 1,
            PixelText::NotAsked | PixelText::NoPixels => {}
        }
        report.faces += u64::from(facts.pixels.face == Face::Yes);
        report.faces_unsaid += u64::from(facts.pixels.face == Face::Unsaid);
        report.overlay_bits += u64::from(facts.pixels.overlay_bits);
        report.ages_above_89 += u64::from(facts.age_above_89);
    }
}
