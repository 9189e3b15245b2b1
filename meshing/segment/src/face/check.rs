//! The finished scan looked at once more, by its voxels alone: a plan that does not hold what it promised is not handed out.

use meshing_space::Point;
use meshing_volume::Volume;
use rayon::prelude::*;

use super::body::{Body, around};
use super::brain::Brain;
use super::work::Work;
use super::zone::Surface;
use super::{FaceError, FaceManner};

/// No point of the new skin is nearer to any point of the old face. mm.
const PROMISED_MM: f64 = 8.0;
/// Filled, the air that a ball of this radius reaches from outside lies in front of the new skin. mm.
const GAP_MM: f32 = 4.0;
/// As far before the face as the field of view ends, there is air.
const AIR_MM: f32 = 45.0;

/// How far the skin moved, mm, sorted.
pub(super) struct Moved {
    pub(super) face: Vec<f64>,
    pub(super) beside: Vec<f64>,
}

/// Measures from each voxel of the old skin to the nearest one that is skin now, on the new voxels.
///
/// # Errors
/// [`FaceError::Harm`] where a voxel of the brain's room or its neighbours changed, [`FaceError::TooNear`] where a point of
/// the face moved by less than promised.
pub(super) fn check(
    volumes: [&Volume; 2],
    work: &Work,
    body: &Body,
    brain: &Brain,
    told: &Surface,
    manner: FaceManner,
) -> Result<Moved, FaceError> {
    let [before, after] = volumes;
    let harmed = harmed(before, after, work, body, brain);
    if harmed > 0 {
        return Err(FaceError::Harm { voxels: harmed });
    }
    let new = Work::of(after)?;
    let to_skin = match manner {
        // Whatever is no air counts, loose bits as well.
        FaceManner::Emptied => new.distances(|n| new.values[n] > body.level),
        FaceManner::Filled => {
            let tissue = new.distances(|n| new.values[n] > body.level || new.values[n].is_nan());
            let wide = new.distances(|n| tissue[n] > GAP_MM);
            let air = around(&new, |n| wide[n] <= GAP_MM && new.values[n] <= body.level);
            new.distances(|n| air[n] || (work.values[n].is_nan() && body.depth[n] < AIR_MM))
        }
    };
    // The old skin lies half a voxel outside of the centres, the new one as far outside or, filled, as far inside of them.
    let off = match manner {
        FaceManner::Emptied => work.step / 2.0,
        FaceManner::Filled => work.step,
    };
    let sorted = |of: &[usize]| {
        let mut mm: Vec<f64> = of.iter().map(|&n| f64::from(to_skin[n]) - off).collect();
        mm.sort_by(f64::total_cmp);
        mm
    };
    let moved = Moved { face: sorted(&told.face), beside: sorted(&told.beside) };
    match moved.face.first() {
        Some(&least) if least < PROMISED_MM => Err(FaceError::TooNear { mm: least }),
        _ => Ok(moved),
    }
}

/// How many voxels differ whose place is within a voxel of the brain's room.
fn harmed(before: &Volume, after: &Volume, work: &Work, body: &Body, brain: &Brain) -> usize {
    let grid = before.grid();
    let [si, sj, _] = grid.size();
    // Half of the margins: the scan's voxels lie between those of the work.
    let least = |at: usize| if body.outside[at] { 1.0 } else { brain.margin_mm / 2.0 };
    (0..grid.len())
        .into_par_iter()
        .filter(|&n| before.value_at(n).to_bits() != after.value_at(n).to_bits())
        .filter(|&n| {
            let index = [n % si, n / si % sj, n / (si * sj)].map(|x| x as f64);
            let place = grid.lps_from_ijk() * Point::from_array(index);
            work.nearest(place.to_array()).is_none_or(|at| brain.room[at] || brain.near[at] <= least(at))
        })
        .count()
}

#[cfg(test)]
mod tests {
    use meshing_phantom::{Contrast, Phantom};
    use meshing_space::Transform;
    use meshing_volume::{Silent, Voxels};

    use super::super::FaceKind;
    use super::super::pose::Pose;
    use super::*;

    #[test]
    fn a_changed_voxel_of_the_brain_and_a_face_that_stays_are_found() {
        let scene = Phantom::portrait(Contrast::Ct);
        let volume = scene.volume(&scene.grid([3.0; 3], Transform::identity()));
        let work = Work::of(&volume).expect("fits");
        let body = Body::find(&work, FaceKind::Ct, &Silent).expect("a body");
        let brain = Brain::find(&work, &body, FaceKind::Ct, &Silent).expect("looked for").expect("found");
        let surface = Surface::of(&work, &body, &Pose::of(&work, &brain));
        let outcome = |after: &Volume| {
            check([&volume, after], &work, &body, &brain, &surface, FaceManner::Emptied).map(|_moved| ())
        };
        assert!(matches!(outcome(&volume), Err(FaceError::TooNear { mm }) if mm < 0.0));
        let (grid, mut voxels, meta) = volume.clone().into_parts();
        let labels = scene.labels(&grid);
        let brain_label = scene.truth().label("brain").expect("a part");
        let at = labels.labels().iter().position(|label| *label == brain_label).expect("a brain");
        match &mut voxels {
            Voxels::I16(values) => values[at] += 1,
            Voxels::F32(values) => values[at] += 1.0,
        }
        let after = Volume::new(grid, voxels, meta).expect("as before");
        assert_eq!(outcome(&after), Err(FaceError::Harm { voxels: 1 }));
    }
}
