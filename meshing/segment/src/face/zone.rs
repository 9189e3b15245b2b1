//! The zone about the face that is replaced, by what, and how far the skin has moved then.

use rayon::prelude::*;

use super::body::Body;
use super::brain::Brain;
use super::noise::{mix, smooth};
use super::pose::{Pose, Skin};
use super::work::Work;
use super::{FaceError, FaceKind, FaceManner};

/// The zone reaches this far from the old skin to both sides, mm; a smooth field lies between the two.
const REACH_MM: (f64, f64) = (13.0, 17.0);
/// In MR, whose brain is told less surely than what a skull encloses, a filled zone reaches only this far inwards. mm.
const FILLED_MM: (f64, f64) = (4.0, 12.0);
/// Nearer to what was found of the brain of an MR than this, a filled zone reaches inwards by the least of that only: where the
/// skull base or a sinus darkens it, the brain ends that much farther out than what is found. mm.
const DOUBT_MM: f32 = 15.0;
/// Above the brow nothing deeper than this under the skin changes, whatever was found to be brain. mm.
const FOREHEAD_MM: f64 = 9.0;
/// Things in front of the face (a tube, glasses, a ghost of the nose) are taken away this far, mm.
const BEFORE_MM: f32 = 45.0;
/// Nearer than this to where the picture ends within the body, skin cannot move outwards. mm.
const CUT_MM: f32 = 16.0;
/// No more of the face of an MR may lie there than the strip of neck above the lower end of a usual scan. Per cent.
const MOST_CUT_PERCENT: f64 = 12.0;
/// An MR in which more than so much of the face lies within [`AT_BRAIN_MM`] of what was found to be the brain has lost its
/// face before, or has muscles in that. Per cent; of real faces up to 56 do.
const MOST_AT_BRAIN_PERCENT: f64 = 60.0;
const AT_BRAIN_MM: f32 = 20.0;
/// An MR whose skin at nose and mouth, this far below the brow, does not reach [`LEAST_NOSE_MM`] farther to the front than the
/// brain has no face: in seven scans with one it reached 6 to 20 mm and, nodding, more, in two without one -13 and -14. mm.
const NOSE_MM: std::ops::Range<f64> = 25.0..75.0;
const LEAST_NOSE_MM: f64 = -3.0;
/// Values drawn from to fill the zone.
const POOL: usize = 4096;

/// Voxels to be replaced.
pub(super) struct Zone {
    /// 0 stays, 1 is replaced, 2 is replaced because it lies before the face.
    marks: Vec<u8>,
    /// Distance from the old skin, mm.
    near: Vec<f32>,
}

/// How a zone is filled.
pub(super) struct Fill {
    pub(super) manner: FaceManner,
    pub(super) marks: Vec<u8>,
    /// Values to fill with.
    pub(super) pool: Vec<f32>,
    /// Skin of which is told how far it moves.
    pub(super) told: Surface,
}

/// Skin by what it belongs to.
#[derive(Clone)]
pub(super) struct Surface {
    pub(super) face: Vec<usize>,
    pub(super) beside: Vec<usize>,
}

impl Surface {
    pub(super) fn of(work: &Work, body: &Body, pose: &Pose) -> Self {
        let skin: Vec<(usize, Skin)> = (0..work.len())
            .into_par_iter()
            .filter(|&n| body.is_skin(work, n))
            .map(|n| (n, pose.skin(work.point(n))))
            .collect();
        let only = |kind: Skin| skin.iter().filter(|(_, k)| *k == kind).map(|(n, _)| *n).collect();
        Self { face: only(Skin::Face), beside: only(Skin::Beside) }
    }

    /// Whether nose and mouth are there.
    ///
    /// # Errors
    /// [`FaceError::Gone`]
    pub(super) fn stands_out(&self, work: &Work, pose: &Pose, room: &[bool]) -> Result<(), FaceError> {
        let pole = pose.pole(work, room);
        let mut fronts: Vec<f64> = self
            .face
            .iter()
            .map(|&n| pose.place(work.point(n)))
            .filter(|[_, up]| NOSE_MM.contains(&(pose.brow - up)))
            .map(|[front, _]| front - pole)
            .collect();
        fronts.sort_by(f64::total_cmp);
        // None where the picture ends above; what is said of the edges is for that. Single voxels may be noise.
        let mm = fronts.get(fronts.len() * 98 / 100).copied();
        mm.filter(|mm| *mm < LEAST_NOSE_MM).map_or(Ok(()), |mm| Err(FaceError::Gone { mm }))
    }

    /// Whether the face lies in front of the brain, not on it.
    ///
    /// # Errors
    /// [`FaceError::AtBrain`]
    pub(super) fn apart_from(&self, work: &Work, room: &[bool]) -> Result<(), FaceError> {
        let near = work.distances(|n| room[n]);
        let at_brain = self.face.iter().filter(|&&n| near[n] < AT_BRAIN_MM).count();
        let percent = 100.0 * at_brain as f64 / self.face.len().max(1) as f64;
        if percent > MOST_AT_BRAIN_PERCENT { Err(FaceError::AtBrain { percent }) } else { Ok(()) }
    }

    /// What can move outwards: where the picture ends within the body, there is nothing to move into.
    ///
    /// # Errors
    /// [`FaceError::Cut`] where much of the face of an MR is left out; nothing could be promised of the face then.
    fn away_from_cuts(&self, work: &Work, body: &Body, kind: FaceKind) -> Result<Self, FaceError> {
        let cut =
            work.distances(|n| body.depth[n] > 3.0 && work.neighbours(n).any(|m| work.values[m].is_nan()));
        let away = |of: &[usize]| of.iter().copied().filter(|&n| cut[n] > CUT_MM).collect::<Vec<_>>();
        let told = Self { face: away(&self.face), beside: away(&self.beside) };
        let left_out = self.face.len() - told.face.len();
        let percent = 100.0 * left_out as f64 / self.face.len().max(1) as f64;
        if kind == FaceKind::Mr && percent > MOST_CUT_PERCENT {
            Err(FaceError::Cut { percent })
        } else {
            Ok(told)
        }
    }
}

impl Zone {
    pub(super) fn plan(
        work: &Work,
        body: &Body,
        brain: &Brain,
        pose: &Pose,
        surface: &Surface,
        seed: u64,
    ) -> Self {
        let forehead = FOREHEAD_MM + work.step;
        let mut old = vec![false; work.len()];
        for &n in surface.face.iter().chain(&surface.beside) {
            old[n] = true;
        }
        let near = work.distances(|n| old[n]);
        let marks = (0..work.len())
            .into_par_iter()
            .map(|n| {
                if work.values[n].is_nan() || brain.protects(n) || f64::from(near[n]) > REACH_MM.1 {
                    return 0;
                }
                let point = work.point(n);
                let reach = (REACH_MM.1 - REACH_MM.0).mul_add(smooth(seed, point, 22.0), REACH_MM.0);
                let reach =
                    if pose.above_brow(point) && body.depth[n] > 0.0 { reach.min(forehead) } else { reach };
                u8::from(f64::from(near[n]) <= reach)
            })
            .collect();
        Self { marks, near }
    }

    /// Emptied: the skin moves inwards, up to what is left of the body.
    pub(super) fn emptied(
        &self,
        work: &Work,
        body: &Body,
        brain: &Brain,
        surface: &Surface,
    ) -> Result<Fill, FaceError> {
        let mut marks = self.marks.clone();
        before(work, body, brain, &self.near, surface, &mut marks);
        let pool = background(work, body, &self.near)?;
        Ok(Fill { manner: FaceManner::Emptied, marks, pool, told: surface.clone() })
    }

    /// Filled: the skin moves outwards, and its old place is the same on both sides.
    pub(super) fn filled(
        &self,
        work: &Work,
        body: &Body,
        brain: &Brain,
        surface: &Surface,
        (kind, seed): (FaceKind, u64),
    ) -> Result<Fill, FaceError> {
        let mut marks = self.marks.clone();
        marks.par_iter_mut().enumerate().for_each(|(n, mark)| {
            if kind != FaceKind::Mr || body.depth[n] <= 0.0 {
                return;
            }
            let near = f64::from(self.near[n]);
            let field = smooth(mix(seed), work.point(n), 22.0);
            let reach = (FILLED_MM.1 - FILLED_MM.0).mul_add(field, FILLED_MM.0);
            // Folds are filled whole, or air would lead through them to the old skin.
            let deep = near > reach && !body.folds[n];
            if deep || (near > FILLED_MM.0 && brain.near[n] <= DOUBT_MM) {
                *mark = 0;
            }
        });
        let told = surface.away_from_cuts(work, body, kind)?;
        let pool = soft_tissue(work, body, &self.near)?;
        Ok(Fill { manner: FaceManner::Filled, marks, pool, told })
    }
}

/// Marks what is no air before the face.
fn before(work: &Work, body: &Body, brain: &Brain, near: &[f32], surface: &Surface, marks: &mut [u8]) {
    let mut face = vec![false; work.len()];
    for &n in &surface.face {
        face[n] = true;
    }
    let (si, sj) = (work.size[0], work.size[1]);
    // Only what has face behind it on a line from front to back.
    let mut has_face = vec![false; si * work.size[2]];
    for &n in &surface.face {
        let [i, _, k] = work.at(n);
        has_face[i + si * k] = true;
    }
    for k in 0..work.size[2] {
        for i in (0..si).filter(|i| has_face[i + si * k]) {
            for j in 0..sj {
                let n = i + si * (j + sj * k);
                if face[n] {
                    break;
                }
                let free = marks[n] == 0 && !brain.protects(n) && !body.tissue[n];
                if free && work.values[n] > body.level && near[n] < BEFORE_MM {
                    marks[n] = 2;
                }
            }
        }
    }
}

/// Values of the air about the head, so that the zone has the texture of the scan's own background; none that could pass
/// for skin.
fn background(work: &Work, body: &Body, near: &[f32]) -> Result<Vec<f32>, FaceError> {
    // Not beside any skin, where voxels hold some of it.
    let clear = |n: usize| near[n] > 12.0 && near[n] < 60.0 && body.outside[n] && body.from_tissue[n] > 6.0;
    let mut values = pool(work, |n| clear(n) && work.values[n] <= body.level)?;
    values.sort_by(f32::total_cmp);
    let middle = values[values.len() / 2];
    let most = (body.level - middle).mul_add(0.5, middle);
    values.truncate((values.len() * 95).div_ceil(100));
    values.retain(|value| *value <= most);
    if values.is_empty() { Err(FaceError::Flat) } else { Ok(values) }
}

/// Values of the soft tissue under the face.
fn soft_tissue(work: &Work, body: &Body, near: &[f32]) -> Result<Vec<f32>, FaceError> {
    let mut values =
        pool(work, |n| body.tissue[n] && body.depth[n] > 2.5 && body.depth[n] < 12.0 && near[n] < 15.0)?;
    values.sort_by(f32::total_cmp);
    // Neither bone nor air.
    let kept = values.get(values.len() * 35 / 100..values.len() * 75 / 100).unwrap_or_default();
    let kept: Vec<f32> = kept.iter().copied().filter(|value| *value > body.level).collect();
    if kept.is_empty() { Err(FaceError::Flat) } else { Ok(kept) }
}

fn pool(work: &Work, wanted: impl Fn(usize) -> bool + Sync) -> Result<Vec<f32>, FaceError> {
    let all: Vec<f32> = (0..work.len())
        .into_par_iter()
        .filter(|&n| wanted(n) && work.values[n].is_finite())
        .map(|n| work.values[n])
        .collect();
    if all.is_empty() {
        return Err(FaceError::Flat);
    }
    let draw = |n: usize| all[(mix(n as u64) % all.len() as u64) as usize];
    Ok((0..POOL.min(all.len())).map(draw).collect())
}

#[cfg(test)]
mod tests {
    use meshing_phantom::{Contrast, Phantom};
    use meshing_space::Transform;
    use meshing_volume::Silent;

    use super::super::brain::distance;
    use super::*;

    /// A ball of 50 mm in air, all of its front half being face; the picture begins at `front` (LPS mm).
    fn ball(front: f64) -> (Work, Body, Surface) {
        let size = [70; 3];
        let mut work = Work { size, step: 2.0, low: [-70.0; 3], values: vec![0.0; size.iter().product()] };
        work.values = (0..work.len())
            .map(|n| match work.point(n) {
                p if p[1] < front || p.iter().any(|x| x.abs() > 66.0) => f32::NAN,
                p if distance(p, [0.0; 3]) < 50.0 => 40.0,
                _ => -1000.0,
            })
            .collect();
        let body = Body::find(&work, FaceKind::Ct, &Silent).expect("a body");
        let face = (0..work.len()).filter(|&n| body.is_skin(&work, n) && work.point(n)[1] < 0.0).collect();
        (work, body, Surface { face, beside: Vec::new() })
    }

    #[test]
    fn a_face_that_the_edge_of_the_picture_cuts_is_refused() {
        let (work, body, surface) = ball(-66.0);
        let told = surface.away_from_cuts(&work, &body, FaceKind::Mr).expect("whole");
        assert!(told.face.len() > 500 && told.face.len() == surface.face.len());
        let (work, body, surface) = ball(-30.0);
        let outcome = surface.away_from_cuts(&work, &body, FaceKind::Mr).map(|told| told.face.len());
        assert!(matches!(outcome, Err(FaceError::Cut { percent }) if percent > 30.0), "{outcome:?}");
    }

    #[test]
    fn a_head_whose_nose_and_mouth_are_gone_is_refused() {
        let scene = Phantom::portrait(Contrast::Ct);
        let work = Work::of(&scene.volume(&scene.grid([3.0; 3], Transform::identity()))).expect("fits");
        let body = Body::find(&work, FaceKind::Ct, &Silent).expect("a body");
        let brain = Brain::find(&work, &body, FaceKind::Ct, &Silent).expect("looked for").expect("found");
        let pose = Pose::of(&work, &brain);
        let mut surface = Surface::of(&work, &body, &pose);
        assert_eq!(surface.stands_out(&work, &pose, &brain.room), Ok(()));
        // What a program leaves that cuts along a plane behind the eyes.
        let plane = pose.pole(&work, &brain.room) - 20.0;
        surface.face.retain(|&n| pose.place(work.point(n))[0] < plane);
        let outcome = surface.stands_out(&work, &pose, &brain.room);
        assert!(matches!(outcome, Err(FaceError::Gone { mm }) if mm < -20.0), "{outcome:?}");
    }

    #[test]
    fn a_face_that_lies_at_the_brain_is_refused() {
        let (work, _, surface) = ball(-66.0);
        let room = |radius: f64| work.mask(|n| distance(work.point(n), [0.0; 3]) < radius);
        assert_eq!(surface.apart_from(&work, &room(24.0)), Ok(()));
        assert_eq!(surface.apart_from(&work, &room(40.0)), Err(FaceError::AtBrain { percent: 100.0 }));
    }
}
