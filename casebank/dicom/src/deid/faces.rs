//! Heads of CT and MR series lose their faces, or are not written (PS3.15 section E.3.2).
//!
//! A series is read as volumes, [`meshing_segment::find_face`] plans in patient space what is replaced, and each slice gets
//! the new values at the places of its own pixels, through its own rescale; pixels that need not change keep their stored
//! values, slices without any keep their pixel data byte for byte. One series is in memory at a time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use casebank_case::{Told as _, Words};
use meshing_segment::{FaceChange, FaceError, FaceKind, FaceReport, FaceVerdict, find_face};
use meshing_space::{Lps, Point};
use meshing_volume::{Cancelled, Progress};
use serde::Serialize;

use super::facts::{Face, face};
use super::options::DeidOption;
use super::pixels::FrameSamples;
use super::tree::{self, value_of};
use super::{Deidentified, Deidentifier, ObjectError};
use crate::files::read_bounded;
use crate::header::Header;
use crate::prescan::{Limits, scan_partly};
use crate::read::{ImportError, ReadVolume, read_paths};

/// What became of the heads of a series.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaceSeries {
    /// The new Series Instance UID.
    pub series: String,
    /// Modality (0008,0060).
    pub modality: String,
    /// Objects of the series, those left out included.
    pub objects: usize,
    /// What became of it.
    pub outcome: FaceOutcome,
    /// Why it is refused.
    #[serde(serialize_with = "Words::english")]
    pub reason: Option<Words>,
    /// What was found and done, for each volume of the series that was looked at.
    pub volumes: Vec<FaceReport>,
}

/// What became of the heads of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaceOutcome {
    /// Faces were removed from what is written.
    Removed,
    /// A head without a face in view.
    NoFace,
    /// No head was found in a CT that does not say of which body part it is; it is written as it is.
    NoHead,
    /// Nothing of the series is written.
    Refused,
}

/// A file that may show a face.
struct Looked {
    series: String,
    modality: String,
    face: Face,
}

/// The series at hand.
struct Plan {
    series: String,
    outcome: FaceOutcome,
    reason: Option<Words>,
    changes: Vec<FaceChange>,
    slices: BTreeMap<PathBuf, Slice>,
}

/// What a slice meets. Each volume of a series is judged for itself.
#[derive(Clone, Copy)]
enum Slice {
    /// Of a volume without a brain: nobody knows whether it shows a face, and it is not said to be free of one.
    Unknown,
    /// Of a head without its face in view.
    Faceless,
    /// It gets the values of this change.
    Changed(usize),
}

/// The faces of a run.
pub(super) struct Faces<'d> {
    deidentifier: &'d Deidentifier,
    looked: BTreeMap<PathBuf, Looked>,
    plan: Option<Plan>,
    /// What was decided so far.
    pub(super) done: Vec<FaceSeries>,
}

impl<'d> Faces<'d> {
    /// Looks at what the files say of themselves, and puts those of a series together. `None` where nobody asked for it.
    pub(super) fn look(
        files: &mut [PathBuf],
        deidentifier: &'d Deidentifier,
        progress: &dyn Progress,
    ) -> Result<Option<Self>, Cancelled> {
        if !deidentifier.options().has(DeidOption::CleanRecognizableVisualFeatures) {
            return Ok(None);
        }
        let mut looked = BTreeMap::new();
        for path in files.iter() {
            if progress.cancelled() {
                return Err(Cancelled);
            }
            if let Some(head) = may_show_face(path) {
                looked.insert(path.clone(), head);
            }
        }
        // A stable sort: everything else stays in front, in its order.
        files.sort_by(|a, b| {
            let series = |path| looked.get(path).map(|looked: &Looked| looked.series.as_str());
            series(a).cmp(&series(b))
        });
        Ok(Some(Self { deidentifier, looked, plan: None, done: Vec::new() }))
    }

    /// De-identifies a file, without the face if it shows one.
    ///
    /// # Errors
    /// [`ObjectError`]: the face cannot be removed, or the object cannot be de-identified at all.
    pub(super) fn apply(
        &mut self,
        path: &Path,
        bytes: &[u8],
        progress: &dyn Progress,
    ) -> Result<Deidentified, ObjectError> {
        let Some(looked) = self.looked.get(path) else { return self.deidentifier.apply(bytes) };
        if self.plan.as_ref().is_none_or(|plan| plan.series != looked.series) {
            let series = looked.series.clone();
            // The last one goes before the next one comes: each holds up to 24 MiB a volume.
            self.plan = None;
            self.plan = Some(self.decide(series, progress)?);
        }
        let Some(plan) = &self.plan else { return Err(stopped()) };
        if let (FaceOutcome::Refused, Some(why)) = (plan.outcome, &plan.reason) {
            return Err(ObjectError::FaceStays { why: why.clone() });
        }
        match plan.slices.get(path) {
            None => Err(ObjectError::FaceStays {
                why: Words::new(
                    "it is no slice of a volume (a localizer shows the profile, a picture of a screen may show the \
                     face)",
                    "它不是体数据的切片（定位像显示侧面轮廓，屏幕截图可能显示面部）",
                ),
            }),
            Some(Slice::Unknown) => self.deidentifier.apply(bytes),
            Some(slice) => {
                let change = match slice {
                    Slice::Changed(at) => plan.changes.get(*at),
                    Slice::Unknown | Slice::Faceless => None,
                };
                let mut object = self.deidentifier.apply_faceless(bytes, change)?;
                object.facts.pixels.face = Face::No;
                Ok(object)
            }
        }
    }

    fn decide(&mut self, series: String, progress: &dyn Progress) -> Result<Plan, ObjectError> {
        let of_series: Vec<(&PathBuf, &Looked)> =
            self.looked.iter().filter(|(_, looked)| looked.series == series).collect();
        let paths: Vec<PathBuf> = of_series.iter().map(|(path, _)| (*path).clone()).collect();
        let said = of_series.iter().any(|(_, looked)| looked.face == Face::Yes);
        let modality = of_series.first().map(|(_, looked)| looked.modality.clone()).unwrap_or_default();
        let mut plan = Plan {
            series,
            outcome: FaceOutcome::NoFace,
            reason: None,
            changes: Vec::new(),
            slices: BTreeMap::new(),
        };
        let mut reports = Vec::new();
        let quiet = Quiet(progress);
        match read_paths(&paths, &quiet) {
            Err(ImportError::Cancelled(_)) => return Err(stopped()),
            Err(error) => plan.refuse(error.words()),
            Ok(_) if modality == "PT" => {
                plan.refuse(Words::new(
                    "faces are removed from CT and MR only, and this is PET",
                    "只能去除 CT 和 MR 的面部，而这是 PET",
                ));
            }
            Ok(import) => {
                for read in import.volumes {
                    let seed = self.deidentifier.secret.seed(plan.series.as_bytes());
                    match find_face(&read.volume, kind(&modality), seed, &quiet) {
                        Err(FaceError::Cancelled(_)) => return Err(stopped()),
                        Err(error) => plan.refuse(error.words()),
                        Ok((report, change)) => {
                            plan.add(&read, &report, change, said || modality != "CT");
                            reports.push(report);
                        }
                    }
                }
            }
        }
        let uid = if self.deidentifier.options().has(DeidOption::RetainUids) {
            plan.series.clone()
        } else {
            self.deidentifier.secret.uid(plan.series.as_bytes())
        };
        self.done.push(FaceSeries {
            series: uid,
            modality,
            objects: paths.len(),
            outcome: plan.outcome,
            reason: plan.reason.clone(),
            volumes: reports,
        });
        Ok(plan)
    }
}

impl Plan {
    fn refuse(&mut self, why: Words) {
        (self.outcome, self.reason) = (FaceOutcome::Refused, Some(why));
    }

    fn add(&mut self, read: &ReadVolume, report: &FaceReport, change: Option<FaceChange>, head: bool) {
        if self.outcome == FaceOutcome::Refused {
            return;
        }
        match report.verdict {
            FaceVerdict::NoBrain if head => {
                self.refuse(Words::new(
                    "no brain can be told from the rest, so that it could be harmed with the face",
                    "无法把脑与其余部分区分开，去除面部时可能损及脑",
                ));
                return;
            }
            FaceVerdict::NoBrain if self.outcome == FaceOutcome::NoFace => self.outcome = FaceOutcome::NoHead,
            FaceVerdict::NoBrain | FaceVerdict::NoFace => {}
            FaceVerdict::Removed => self.outcome = FaceOutcome::Removed,
        }
        let slice = match change {
            Some(change) => {
                self.changes.push(change);
                Slice::Changed(self.changes.len() - 1)
            }
            None if report.verdict == FaceVerdict::NoBrain => Slice::Unknown,
            None => Slice::Faceless,
        };
        self.slices.extend(read.files.iter().map(|path| (path.clone(), slice)));
    }
}

/// What a file says of itself, where it has pixels of CT, MR or PET and does not say that they show another body part.
fn may_show_face(path: &Path) -> Option<Looked> {
    let bytes = read_bounded(path, Limits::default().object_bytes).ok().flatten()?;
    let (scan, outcome) = scan_partly(&bytes, &Limits::default()).ok()?;
    outcome.ok()?;
    let set = tree::parse(&scan.data, scan.dataset, scan.encoding, &Limits::default()).ok()?;
    let text = |tag| String::from_utf8_lossy(value_of(&set, tag)).into_owned();
    let modality = text(dicom_core::Tag(0x0008, 0x0060));
    let face = face(&set, &modality, scan.pixels.is_some());
    (face != Face::No).then(|| Looked { series: text(dicom_core::Tag(0x0020, 0x000E)), modality, face })
}

fn kind(modality: &str) -> FaceKind {
    if modality == "CT" { FaceKind::Ct } else { FaceKind::Mr }
}

fn stopped() -> ObjectError {
    ObjectError::Stopped
}

/// Gives the pixels of one slice the values that the change has for their places. Whether any changed.
///
/// # Errors
/// [`ObjectError::FaceStays`] for a slice whose place is not known.
pub(super) fn change_slice(
    header: &Header,
    change: &FaceChange,
    frame: &mut FrameSamples<'_>,
) -> Result<bool, ObjectError> {
    let unknown = || ObjectError::FaceStays {
        why: Words::new("its place in the patient is not known", "它在患者体内的位置未知"),
    };
    let (Some(position), Some(orientation), Some(spacing)) =
        (header.position, header.orientation, header.pixel_spacing)
    else {
        return Err(unknown());
    };
    if header.format.frames > 1 || !header.is_grey() || header.slope == 0.0 {
        return Err(unknown());
    }
    let [columns, _] = frame.size();
    let [low, high] = frame.range();
    let invert =
        header.format.photometric == "MONOCHROME1" && !["CT", "PT"].contains(&header.modality.as_str());
    let instance = header
        .sop_instance
        .bytes()
        .fold(0_u64, |sum, byte| sum.wrapping_mul(0x0100_0000_01B3).wrapping_add(u64::from(byte)));
    let mut changed = false;
    for pixel in 0..frame.values().len() {
        let (column, row) = ((pixel % columns) as f64, (pixel / columns) as f64);
        let at = std::array::from_fn(|axis| {
            let [along_row, along_column] = [orientation[axis], orientation[axis + 3]];
            position[axis] + along_row * spacing[1] * column + along_column * spacing[0] * row
        });
        let Some(value) = change.value(Point::<Lps>::from_array(at), instance.wrapping_add(pixel as u64))
        else {
            continue;
        };
        let stored = ((f64::from(value) - header.intercept) / header.slope).round();
        #[expect(clippy::cast_possible_truncation, reason = "between the bounds of a sample")]
        let stored = stored.clamp(low as f64, high as f64) as i64;
        frame.put(pixel, 0, if invert { header.format.inverted(stored) } else { stored });
        changed = true;
    }
    Ok(changed)
}

/// Stops when asked, and leaves telling how far it is to the walk over the files.
struct Quiet<'p>(&'p dyn Progress);

impl Progress for Quiet<'_> {
    fn report(&self, _fraction: f32) {}

    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }
}
