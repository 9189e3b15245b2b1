//! Files and folders to volumes with findings.

mod contents;
mod group;
mod idle;
mod slab;
mod sort;

use std::path::PathBuf;

use casebank_case::{Finding, FindingCode, PatientInfo, Phi, Severity, StudyInfo, VolumeEntry, Words};
use meshing_volume::{Cancelled, Progress, Volume};

use crate::files;
use crate::picture::ReadPicture;
use crate::prescan::Limits;

/// What reading may cost.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ReadOptions {
    /// Limits of one object.
    pub limits: Limits,
    /// Most files looked at (200,000).
    pub files: usize,
    /// Largest volume in bytes (16 GiB).
    pub volume_bytes: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { limits: Limits::default(), files: 200_000, volume_bytes: 16 << 30 }
    }
}

/// What was found in the given files and folders.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Import {
    /// The volumes, ordered by study, series number and size.
    pub volumes: Vec<ReadVolume>,
    /// Objects that are DICOM but not slices of a volume.
    pub other: Vec<Other>,
    /// Those of [`Self::other`] whose pixels can be shown as pictures.
    pub pictures: Vec<ReadPicture>,
    /// Files that could not be read.
    pub rejected: Vec<Rejected>,
    /// Findings that concern the folder rather than one volume.
    pub findings: Vec<Finding>,
}

/// One slice file of a volume.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SliceSource {
    /// The file.
    pub path: PathBuf,
    /// SOP Instance UID (0008,0018).
    pub sop_instance_uid: String,
    /// Instance Number (0020,0013).
    pub instance_number: Option<i64>,
    /// Position along the slice normal, mm, as the file states it: kept where the volume had to be laid onto equal
    /// steps.
    pub along_mm: f64,
}

/// A volume as it was read.
#[derive(Debug)]
#[non_exhaustive]
pub struct ReadVolume {
    /// Grid and values. Where slices were unevenly spaced or missing, interpolated along k to equal steps.
    pub volume: Volume,
    /// Identity, geometry and findings; `objects` is empty until the files are stored.
    pub entry: VolumeEntry,
    /// Whose.
    pub patient: Phi<PatientInfo>,
    /// Of which study.
    pub study: StudyInfo,
    /// SOP Class UID (0008,0016) of the slices.
    pub sop_class_uid: String,
    /// Series Number (0020,0011).
    pub series_number: Option<i64>,
    /// The files in slice order.
    pub files: Vec<PathBuf>,
    /// The same with identity and position of each slice.
    pub slices: Vec<SliceSource>,
}

/// A DICOM object that is not a slice of a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// The file.
    pub path: PathBuf,
    /// What it is, in plain words.
    pub what: Words,
}

/// A file that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The file.
    pub path: PathBuf,
    /// Why, in plain words.
    pub reason: Words,
}

/// Why there is nothing to import. Each message says what happened, what it means and what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The given paths hold no files.
    #[error(
        "There are no files under the given path. Nothing was imported. Check the path, and that the disc or network \
         folder is mounted.{}", first(.reasons)
    )]
    NoFiles {
        /// Paths that could not be opened.
        reasons: Vec<Rejected>,
    },
    /// Not one DICOM object among the files.
    #[error(
        "None of the {files} files is DICOM. Nothing was imported. Give the folder that holds the images themselves \
         (often named DICOM or IMAGES), or export the study from the PACS again as DICOM.{}", first(.reasons)
    )]
    NoDicom {
        /// Files that were looked at.
        files: usize,
        /// Why each was refused.
        reasons: Vec<Rejected>,
    },
    /// Somebody asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// The first reason, as a sentence at the end of a message.
fn first(reasons: &[Rejected]) -> String {
    reasons.first().map_or_else(String::new, |r| format!(" The first was refused because {}.", r.reason))
}

/// Reads everything under `paths` with the default [`ReadOptions`]. Folders are walked; links to folders are followed
/// once. A DICOMDIR stands for the files that it lists; what it lists and is not there is told. Positions in mm, LPS. `progress` is told of files scanned (first third) and slices decoded.
///
/// # Errors
/// [`ImportError`] where nothing at all is DICOM; single broken files are listed in [`Import::rejected`] instead.
pub fn read_paths(paths: &[PathBuf], progress: &dyn Progress) -> Result<Import, ImportError> {
    read_paths_with(paths, &ReadOptions::default(), progress)
}

/// [`read_paths`] with other limits.
///
/// # Errors
/// As [`read_paths`].
pub fn read_paths_with(
    paths: &[PathBuf],
    options: &ReadOptions,
    progress: &dyn Progress,
) -> Result<Import, ImportError> {
    let found = files::walk(&contents::with_listed(paths, options), options.files);
    let mut import = Import::default();
    import.rejected.extend(found.unreadable.into_iter().map(|(path, reason)| Rejected { path, reason }));
    if found.files.is_empty() {
        return Err(ImportError::NoFiles { reasons: import.rejected });
    }
    if found.too_many {
        let path = paths.first().cloned().unwrap_or_default();
        let reason = Words::new(
            format!("it holds more than {} files; the rest was not looked at", options.files),
            format!("其中超过 {} 个文件；其余的没有查看", options.files),
        );
        import.rejected.push(Rejected { path, reason });
    }
    let sorted = sort::all(&found.files, options, progress)?;
    let any_dicom = sorted.iter().any(|(_, sorted)| !matches!(sorted, sort::Sorted::NotDicom(_)));
    let mut slices = Vec::new();
    let mut broken = Vec::new();
    for (path, sorted) in sorted {
        match sorted {
            sort::Sorted::Slices(frames) => slices.extend(frames),
            sort::Sorted::Other { what, code, picture } => {
                import.pictures.extend(picture.map(|picture| *picture));
                if let Some(code) = code {
                    add_folder_finding(&mut import.findings, code);
                }
                import.other.push(Other { path, what });
            }
            sort::Sorted::NotDicom(reason) => import.rejected.push(Rejected { path, reason }),
            sort::Sorted::Broken(lost) => {
                if lost.truncated {
                    import.findings.push(Finding::new(
                        FindingCode::Truncated,
                        Severity::Warning,
                        Words::new(
                            format!("{} ends too early and was left out", lost.name),
                            format!("{}不完整，没有采用", lost.name.zh),
                        ),
                    ));
                }
                import.rejected.push(Rejected { path, reason: lost.reason.clone() });
                broken.push(lost);
            }
        }
    }
    contents::tell_missing(options, &mut import, &mut broken);
    if !any_dicom {
        return Err(ImportError::NoDicom { files: found.files.len(), reasons: import.rejected });
    }
    let stacks = group::stacks(slices, &mut import);
    slab::volumes(stacks, &broken, options, progress, &mut import)?;
    Ok(import)
}

/// One finding a code for the whole folder.
fn add_folder_finding(findings: &mut Vec<Finding>, code: FindingCode) {
    let message = match code {
        FindingCode::Localizer => Words::new(
            "the folder also holds localizer images, which were not made part of a volume",
            "文件夹中还有定位像，没有放入体数据",
        ),
        _ => Words::new(
            "the folder also holds secondary captures (pictures of a screen), which were not made part of a volume",
            "文件夹中还有二次捕获图像（屏幕截图），没有放入体数据",
        ),
    };
    if !findings.iter().any(|f| f.code == code) {
        findings.push(Finding::new(code, Severity::Info, message));
    }
}
