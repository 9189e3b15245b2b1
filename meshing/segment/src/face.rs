//! Taking the face from a head, so that a rendering of the scan shows nobody (DICOM PS3.15 section E.3.2).
//!
//! [`find_face`] looks for the brain, reads from it how the head lies, and plans a zone about the skin from brow to chin
//! that is emptied to the scan's own background. The zone holds everything within 13 to 17 mm (a smooth field that a
//! secret seed decides) of the old skin, except the brain with a margin. Where the brain is too near the skin for that, the
//! zone is filled with values of soft tissue instead: the skin moves outwards, and values are drawn over its old place. The
//! finished voxels are measured again; where no point of the new skin may lie nearer than 8 mm to any point of the old face
//! and one does, or a voxel of the brain differs, the head is refused and nothing of it may be handed on.
//!
//! What this does not do: it opens no file and knows no tag; it does not hide what lies deeper (teeth, sinuses, the skull,
//! by which a person may be known too); it looks at one volume at a time.

mod body;
mod brain;
mod check;
mod noise;
mod pose;
mod work;
mod zone;

use meshing_space::{Lps, Point};
use meshing_volume::{Cancelled, Part, Progress, Told, Volume, Voxels};
use rayon::prelude::*;
use serde::Serialize;

use body::Body;
use brain::Brain;
pub(crate) use brain::inside_of_skull;
use noise::mix;
use pose::Pose;
use work::Work;
use zone::{Fill, Surface, Zone};

/// How the scan was made, which decides how the brain is told from the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaceKind {
    /// Values in HU.
    Ct,
    /// Any weighting, any unit.
    Mr,
}

/// Why a head keeps its face; such a scan must not be handed on as one without.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FaceError {
    /// Somebody asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// More than the memory set aside.
    #[error("the field of view is larger than a person")]
    TooLarge,
    /// No air, or nothing but air.
    #[error("body and air cannot be told apart")]
    Flat,
    /// Somewhere the face would move by less than 8 mm: the brain is right behind it, or something shows in front of it.
    #[error(
        "a part of the face could be moved by {mm:.1} mm only, because the brain or the end of the picture is near"
    )]
    TooNear {
        /// How far it could have moved, mm.
        mm: f64,
    },
    /// Filled, the skin moves outwards, and beside the edge of the picture there is nothing to move it into.
    #[error(
        "the edge of the picture cuts the face: {percent:.0} % of its skin lies beside that edge and would stay as it is"
    )]
    Cut {
        /// The share of the skin of the face, per cent.
        percent: f64,
    },
    /// Muscles or the neck were taken for brain; the skin over them would stay.
    #[error(
        "what looks like the brain takes up {ml:.0} mL, which is more than a brain does; it cannot be told from the rest"
    )]
    NoSuchBrain {
        /// What it spans, mL.
        ml: f64,
    },
    /// The face was cut away before, or muscles were taken for brain: what is left lies at the brain, or at the hole.
    #[error(
        "{percent:.0} % of the skin of the face lies at what was found to be the brain: the face is gone already, or the \
         brain cannot be told from the rest"
    )]
    AtBrain {
        /// The share of the skin of the face, per cent.
        percent: f64,
    },
    /// No nose and no mouth: the face was cut away before, or the picture ends behind it. The dark bone that a cut opens
    /// passes for air, and the brain behind it could not be kept.
    #[error(
        "nothing stands out below the brow where nose and mouth are ({mm:.0} mm in front of the brain, in heads with a \
         face 5 and more): the face was removed before, or the picture ends behind it"
    )]
    Gone {
        /// How far the foremost skin there lies in front of the brain, mm.
        mm: f64,
    },
    /// The finished scan differs where it must not.
    #[error("{voxels} voxels of the brain would have changed")]
    Harm {
        /// How many.
        voxels: usize,
    },
}

impl Told for FaceError {
    fn chinese(&self) -> String {
        match self {
            Self::Cancelled(cancelled) => cancelled.chinese(),
            Self::TooLarge => "视野大于人体".to_owned(),
            Self::Flat => "无法区分身体与空气".to_owned(),
            Self::TooNear { mm } => format!("面部有一处只能移动 {mm:.1} mm，因为脑或图像边缘太近"),
            Self::Cut { percent } => {
                format!("图像边缘切断了面部：{percent:.0} % 的面部皮肤紧靠边缘，会保持原样")
            }
            Self::NoSuchBrain { ml } => format!("看似脑的部分有 {ml:.0} mL，大于人脑，无法与其他组织区分"),
            Self::AtBrain { percent } => {
                format!("{percent:.0} % 的面部皮肤紧贴所认定的脑：面部已被去除，或无法区分脑")
            }
            Self::Gone { mm } => format!(
                "眉以下没有鼻和口的凸起（在脑前方 {mm:.0} mm，有面部的头为 5 mm 以上）：面部已被去除，或图像未包括面部"
            ),
            Self::Harm { voxels } => format!("脑的 {voxels} 个体素会被改动"),
        }
    }
}

/// What became of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaceVerdict {
    /// Nothing like a brain was found: no head, or one that cannot be told from its face. The caller has to know which.
    NoBrain,
    /// There is a brain, and no skin of forehead, face or ears in view.
    NoFace,
    /// The face is gone.
    Removed,
}

/// How the face was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaceManner {
    /// Emptied: the skin lies deeper.
    Emptied,
    /// Filled: the skin lies farther out.
    Filled,
}

/// What was found and done. Lengths in mm.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaceReport {
    /// What became of the scan.
    pub verdict: FaceVerdict,
    /// How; `None` where nothing was changed.
    pub manner: Option<FaceManner>,
    /// Least distance from a point of the old face (brow to chin, in front of the ears) to the new skin; `None` where none
    /// of it is in view.
    pub least_moved_mm: Option<f64>,
    /// The median of these distances.
    pub median_moved_mm: Option<f64>,
    /// Of forehead and ears, the share that moved by 8 mm and more; `None` where none of them is in view.
    pub beside_share: Option<f64>,
    /// Skin from brow to chin in view, cm².
    pub face_cm2: f64,
    /// The brain with its margin, which does not change, mL.
    pub protected_ml: f64,
    /// What is replaced, air before the face included, mL.
    pub replaced_ml: f64,
    /// By how much the head nods back, degrees.
    pub nod_deg: f64,
}

/// New values for the voxels of a scan.
#[derive(Clone)]
pub struct FaceChange {
    work: Work,
    marks: Vec<u8>,
    pool: Vec<f32>,
    seed: u64,
}

impl std::fmt::Debug for FaceChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FaceChange").field("size", &self.work.size).finish_non_exhaustive()
    }
}

impl FaceChange {
    /// The new value of a voxel whose centre lies at `point` (LPS mm), in the unit of the volume; `None` where it must stay
    /// as it is. `number` is any number that differs between voxels.
    pub fn value(&self, point: Point<Lps>, number: u64) -> Option<f32> {
        let at = self.work.nearest(point.to_array())?;
        if self.marks[at] == 0 {
            return None;
        }
        let drawn = mix(self.seed ^ mix(number)) % self.pool.len().max(1) as u64;
        self.pool.get(drawn as usize).copied()
    }

    /// The volume with the new values.
    fn applied(&self, volume: &Volume) -> Result<Volume, FaceError> {
        let (grid, mut voxels, meta) = volume.clone().into_parts();
        let [si, sj, _] = grid.size();
        let new = |n: usize| {
            let index = [n % si, n / si % sj, n / (si * sj)].map(|x| x as f64);
            self.value(grid.lps_from_ijk() * Point::from_array(index), n as u64)
        };
        match &mut voxels {
            Voxels::I16(values) => values.par_iter_mut().enumerate().for_each(|(n, value)| {
                if let Some(new) = new(n) {
                    *value = new.round().clamp(f32::from(i16::MIN), f32::from(i16::MAX)) as i16;
                }
            }),
            Voxels::F32(values) => values.par_iter_mut().enumerate().for_each(|(n, value)| {
                if let Some(new) = new(n) {
                    *value = new;
                }
            }),
        }
        Volume::new(grid, voxels, meta).map_err(|_length| FaceError::Flat)
    }
}

/// Looks for a face and plans its removal; the scan itself is not changed. Equal inputs give equal plans on any number of
/// threads. The plan is tried on a copy of the scan and measured there; one that changes a voxel of the brain, or leaves a
/// point of the face less than 8 mm from the new skin, is never returned. Takes about 30 bytes of memory for each cubic
/// millimetre of the field of view, 700 MB at most, and the copy.
///
/// # Errors
/// [`FaceError`]
pub fn find_face(
    volume: &Volume,
    kind: FaceKind,
    seed: u64,
    progress: &dyn Progress,
) -> Result<(FaceReport, Option<FaceChange>), FaceError> {
    let (report, done) = search(volume, kind, seed, progress)?;
    Ok((report, done.map(|(change, _volume)| change)))
}

/// The volume without its face, and what was done. Voxels that need not change keep their values exactly.
///
/// # Errors
/// As [`find_face`].
pub fn remove_face(
    volume: &Volume,
    kind: FaceKind,
    seed: u64,
    progress: &dyn Progress,
) -> Result<(Volume, FaceReport), FaceError> {
    let (report, done) = search(volume, kind, seed, progress)?;
    Ok((done.map_or_else(|| volume.clone(), |(_change, changed)| changed), report))
}

/// What is handed on: the plan, and the scan by it.
type Done = Option<(FaceChange, Volume)>;

fn search(
    volume: &Volume,
    kind: FaceKind,
    seed: u64,
    progress: &dyn Progress,
) -> Result<(FaceReport, Done), FaceError> {
    let mut report = FaceReport {
        verdict: FaceVerdict::NoBrain,
        manner: None,
        least_moved_mm: None,
        median_moved_mm: None,
        beside_share: None,
        face_cm2: 0.0,
        protected_ml: 0.0,
        replaced_ml: 0.0,
        nod_deg: 0.0,
    };
    let part = |from, to| Part::new(progress, from, to);
    let work = Work::of(volume)?;
    progress.step(1, 10)?;
    let body = Body::find(&work, kind, &part(0.1, 0.3))?;
    let Some(brain) = Brain::find(&work, &body, kind, &part(0.3, 0.6))? else { return Ok((report, None)) };
    let pose = Pose::of(&work, &brain);
    let surface = Surface::of(&work, &body, &pose);
    progress.step(7, 10)?;
    report.protected_ml = work.millilitres(&work.mask(|n| brain.protects(n)));
    report.nod_deg = pose.nod_deg();
    report.face_cm2 = surface.face.len() as f64 * work.step.powi(2) / 100.0;
    if surface.face.is_empty() && surface.beside.is_empty() {
        report.verdict = FaceVerdict::NoFace;
        return Ok((report, None));
    }
    if kind == FaceKind::Mr {
        surface.stands_out(&work, &pose, &brain.room)?;
        surface.apart_from(&work, &brain.room)?;
    }
    let zone = Zone::plan(&work, &body, &brain, &pose, &surface, seed);
    progress.step(8, 10)?;
    // The skin moves inwards where the brain leaves room for that, and outwards where it does not.
    let attempt = |fill: Fill| {
        let Fill { manner, marks, pool, told } = fill;
        let change = FaceChange { work: work.frame(), marks, pool, seed };
        let changed = change.applied(volume)?;
        let moved = check::check([volume, &changed], &work, &body, &brain, &told, manner)?;
        Ok((manner, moved, change, changed))
    };
    let emptied = zone.emptied(&work, &body, &brain, &surface).and_then(attempt);
    progress.step(9, 10)?;
    let (manner, moved, change, changed) = match emptied {
        Err(FaceError::TooNear { .. }) => {
            attempt(zone.filled(&work, &body, &brain, &surface, (kind, seed))?)?
        }
        other => other?,
    };
    progress.step(10, 10)?;
    report.verdict = FaceVerdict::Removed;
    report.manner = Some(manner);
    report.least_moved_mm = moved.face.first().copied();
    report.median_moved_mm = moved.face.get(moved.face.len() / 2).copied();
    let far = moved.beside.iter().filter(|mm| **mm >= 8.0).count();
    report.beside_share = (!moved.beside.is_empty()).then(|| far as f64 / moved.beside.len() as f64);
    report.replaced_ml = work.millilitres(&work.mask(|n| change.marks[n] != 0));
    Ok((report, Some((change, changed))))
}
