//! Heads whose brain and face are known exactly lose the face and keep the brain.

use meshing_phantom::{Contrast, Phantom, Sampling};
use meshing_segment::{
    Components, Connectivity, FaceError, FaceKind, FaceManner, FaceReport, FaceVerdict, remove_face,
};
use meshing_space::{Lps, Point, Transform, Vector};
use meshing_volume::{CancelFlag, Grid, LabelMap, Silent, Volume};

const SEED: u64 = 0x5EED;

fn kind(contrast: Contrast) -> FaceKind {
    if contrast == Contrast::Ct { FaceKind::Ct } else { FaceKind::Mr }
}

/// A scan of the head on a grid.
struct Case {
    scene: Phantom,
    contrast: Contrast,
    grid: Grid,
    volume: Volume,
}

impl Case {
    fn on(contrast: Contrast, grid: impl Fn(&Phantom) -> Grid) -> Self {
        let scene = Phantom::portrait(contrast);
        let grid = grid(&scene);
        let noise_hu = if contrast == Contrast::Ct { 12.0 } else { 3.0 };
        let sampling = Sampling { per_axis: 2, noise_hu, seed: 3 };
        let volume = scene.volume_with(&grid, &sampling, &Silent).expect("nobody cancels");
        Self { scene, contrast, grid, volume }
    }

    fn without_face(&self) -> (Volume, FaceReport) {
        remove_face(&self.volume, kind(self.contrast), SEED, &Silent).expect("a face that can be removed")
    }

    /// Brain voxels that changed, and how far the nearest voxel of the new body is from the points of the old face, mm,
    /// sorted: points of the phantom's own skin in front of the ears from the brow down, measured on the volumes alone.
    fn measure(&self, new: &Volume, emptied: bool) -> (usize, Vec<f64>) {
        let labels = self.scene.labels(&self.grid);
        let brain = ["brain", "ventricles"].map(|name| self.scene.truth().label(name).expect("a part"));
        let changed = (0..self.grid.len())
            .filter(|&n| brain.contains(&labels.labels()[n]) && self.volume.value_at(n) != new.value_at(n))
            .count();
        let face = self.face(&labels);
        let level = if self.contrast == Contrast::Ct { -300.0 } else { 25.0 };
        let near = face.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], p| {
            [low.min(p.z() - 20.0), high.max(p.z() + 20.0)]
        });
        // Emptied: whatever is left. Filled: the air around, not that in the head, nor dark bone.
        let air = Components::find(self.grid.size(), Connectivity::Faces, |n| new.value_at(n) <= level);
        let mut around = vec![0_u8; self.grid.len()];
        let largest = air.largest();
        air.paint(&mut around, 1, |part| Some(part) == largest);
        let counts = |n: usize| if emptied { new.value_at(n) > level } else { around[n] == 1 };
        let [si, sj, sk] = self.grid.size();
        // The edge of it is enough, and is quicker.
        let edge = |n: usize| {
            let at = [n % si, n / si % sj, n / (si * sj)];
            (0..3).all(|axis| at[axis] > 0 && at[axis] + 1 < [si, sj, sk][axis])
                && [n - 1, n + 1, n - si, n + si, n - si * sj, n + si * sj].iter().any(|&m| !counts(m))
        };
        let body: Vec<Point<Lps>> = (0..self.grid.len())
            .filter(|&n| counts(n) && edge(n))
            .map(|n| self.place(n))
            .filter(|p| p.y() < 20.0 && (near[0]..near[1]).contains(&p.z()))
            .collect();
        assert!(!face.is_empty() && !body.is_empty(), "face and body in view");
        let mut moved: Vec<f64> =
            face.iter().map(|p| body.iter().map(|q| p.distance(*q)).fold(f64::INFINITY, f64::min)).collect();
        moved.sort_by(f64::total_cmp);
        (changed, moved)
    }

    /// Voxels just outside the skin of the face.
    fn face(&self, labels: &LabelMap) -> Vec<Point<Lps>> {
        let [si, sj, sk] = self.grid.size();
        let [nose, chin, brow] =
            ["nose_tip", "chin", "brow"].map(|name| self.scene.truth().landmark(name).expect("named"));
        let mut face = Vec::new();
        for k in 1..sk - 1 {
            for j in 1..sj - 1 {
                for i in 1..si - 1 {
                    let n = self.grid.index(i, j, k);
                    let p = self.place(n);
                    let front = p.y() < -60.0 && p.z() < brow.z() && p.z() > chin.z() - 5.0;
                    // Around the head, not in the nose.
                    let outside = (p.y() < -100.0 || p.x().abs() > 20.0) && p.distance(nose) > 14.0
                        || p.y() < nose.y() - 1.0;
                    let beside = [n - 1, n + 1, n - si, n + si, n - si * sj, n + si * sj];
                    let skin = labels.labels()[n] == 0 && beside.iter().any(|&m| labels.labels()[m] == 1);
                    if front && outside && skin && (i + 2 * j + 3 * k) % 5 == 0 {
                        face.push(p);
                    }
                }
            }
        }
        face
    }

    fn place(&self, n: usize) -> Point<Lps> {
        let [si, sj, _] = self.grid.size();
        let ijk = [n % si, n / si % sj, n / (si * sj)].map(|x| x as f64);
        self.grid.lps_from_ijk() * Point::from_array(ijk)
    }
}

fn turned(axis: [f64; 3], degrees: f64) -> Transform<Lps, Lps> {
    Transform::rotation(Vector::from_array(axis), f64::to_radians(degrees)).expect("an axis")
}

fn holds(case: &Case, name: &str) {
    let (new, report) = case.without_face();
    let (changed, moved) = case.measure(&new, report.manner == Some(FaceManner::Emptied));
    assert_eq!(changed, 0, "{name}: the brain does not change");
    assert!(moved[0] >= 8.0, "{name}: {:.1} mm", moved[0]);
    assert_eq!(report.verdict, FaceVerdict::Removed, "{name}");
    assert!(report.least_moved_mm.is_some_and(|mm| mm >= 8.0), "{name}: {report:?}");
}

#[test]
fn the_face_goes_and_the_brain_stays_in_every_contrast() {
    for contrast in [Contrast::Ct, Contrast::T1, Contrast::T2] {
        let case = Case::on(contrast, |scene| scene.grid([2.0, 2.0, 2.0], Transform::identity()));
        holds(&case, &format!("{contrast:?}"));
    }
}

#[test]
fn orders_flips_and_slices_of_a_scan_do_not_matter() {
    let axis = |x: f64, y: f64, z: f64| Vector::<Lps>::new(x, y, z);
    // Sagittal slices from left to right, and coronal ones of 4 mm that begin at the back.
    let sagittal = [axis(0.0, 1.0, 0.0), axis(0.0, 0.0, -1.0), axis(-1.0, 0.0, 0.0)];
    let coronal = [axis(1.0, 0.0, 0.0), axis(0.0, 0.0, -1.0), axis(0.0, -1.0, 0.0)];
    let case = Case::on(Contrast::T1, |_| {
        Grid::new([131, 134, 104], Point::new(103.0, -138.0, 103.0), sagittal, [2.0, 2.0, 2.0]).expect("grid")
    });
    holds(&case, "sagittal");
    let case = Case::on(Contrast::T2, |_| {
        Grid::new([104, 134, 65], Point::new(-104.0, 122.0, 103.0), coronal, [2.0, 2.0, 4.0]).expect("grid")
    });
    holds(&case, "coronal");
    let axial = [axis(1.0, 0.0, 0.0), axis(0.0, 1.0, 0.0), axis(0.0, 0.0, 1.0)];
    let case = Case::on(Contrast::Ct, |_| {
        Grid::new([104, 131, 54], Point::new(-104.0, -138.0, -163.0), axial, [2.0, 2.0, 5.0]).expect("grid")
    });
    holds(&case, "thick slices");
}

#[test]
fn a_turned_head_and_a_tilted_gantry_lose_the_face_too() {
    for (axis, degrees) in [([1.0, 0.0, 0.0], 20.0), ([1.0, 0.0, 0.0], -20.0), ([0.2, 0.3, 1.0], 15.0)] {
        let case = Case::on(Contrast::Ct, |scene| scene.grid([2.0, 2.0, 3.0], turned(axis, degrees)));
        holds(&case, &format!("scan turned by {degrees}° about {axis:?}"));
    }
}

#[test]
fn a_field_of_view_that_cuts_the_head_keeps_the_brain_too() {
    let axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(Vector::<Lps>::from_array);
    let cut = |low: [f64; 3], size: [usize; 3]| {
        move |_: &Phantom| Grid::new(size, Point::from_array(low), axes, [2.0, 2.0, 2.5]).expect("grid")
    };
    // The chin.
    holds(&Case::on(Contrast::Ct, cut([-104.0, -138.0, -75.0], [104, 131, 72])), "without chin");
    // Half of the brain: it is not told from the rest, and the caller refuses.
    let top = Case::on(Contrast::T1, cut([-104.0, -138.0, -163.0], [104, 131, 78]));
    assert_eq!(top.without_face().1.verdict, FaceVerdict::NoBrain);
    // The tip of the nose.
    let nose = Case::on(Contrast::Ct, cut([-104.0, -112.0, -163.0], [104, 118, 107]));
    match remove_face(&nose.volume, FaceKind::Ct, SEED, &Silent) {
        Ok((new, _)) => assert_eq!(nose.measure(&new, false).0, 0),
        Err(error) => assert!(matches!(error, FaceError::TooNear { .. }), "{error}"),
    }
}

#[test]
fn the_same_seed_gives_the_same_voxels_and_another_seed_others() {
    let case = Case::on(Contrast::Ct, |scene| scene.grid([3.0, 3.0, 3.0], Transform::identity()));
    let remove = |seed| remove_face(&case.volume, FaceKind::Ct, seed, &Silent).expect("removed").0;
    let (first, again, other) = (remove(1), remove(1), remove(2));
    assert_eq!(first.voxels(), again.voxels());
    assert_ne!(first.voxels(), other.voxels());
}

#[test]
fn cancelling_stops_and_a_ball_is_no_head() {
    let case = Case::on(Contrast::Ct, |scene| scene.grid([3.0, 3.0, 3.0], Transform::identity()));
    let flag = CancelFlag::default();
    flag.cancel();
    assert!(remove_face(&case.volume, FaceKind::Ct, SEED, &flag).is_err());
    let torso = Phantom::torso();
    let volume = torso.volume(&torso.grid([3.0, 3.0, 4.0], Transform::identity()));
    let (same, report) = remove_face(&volume, FaceKind::Ct, SEED, &Silent).expect("looked at");
    assert_eq!(report.verdict, FaceVerdict::NoBrain);
    assert_eq!(same.voxels(), volume.voxels());
}
