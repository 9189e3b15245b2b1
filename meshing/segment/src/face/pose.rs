//! How the head lies, read from the brain, and which skin is face.

use super::brain::Brain;
use super::work::Work;

/// Farther than this the brain's long axis never lies from the patient's front, as cosine (about 38°).
const LEAST_FRONT: f64 = 0.79;

/// Half the width of the brain stem, mm.
pub(super) const STEM_MM: f32 = 13.0;

/// By how much the brain's long axis rises to the front of a head that looks straight on, degrees.
const NOD_OF_AXIS_DEG: f64 = 11.0;

/// The head's own axes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pose {
    centre: [f64; 3],
    front: [f64; 3],
    up: [f64; 3],
    /// Height of the brow over the middle of the brain, mm.
    pub(super) brow: f64,
}

/// What a piece of skin belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Skin {
    /// From brow to chin, in front of the ears: the promise holds here.
    Face,
    /// Forehead and ears: moved as far as the brain lets it.
    Beside,
    /// Anything else.
    Other,
}

impl Pose {
    pub(super) fn of(work: &Work, brain: &Brain) -> Self {
        let mut count = 0.0_f64;
        let (mut sum, mut square) = ([0.0; 3], [[0.0; 3]; 3]);
        let cut = brain.cut_share(work);
        // The thick of it: the brain stem and the cord, which run downwards, are thinner.
        let within = work.distances(|n| !brain.room[n]);
        for n in (0..work.len()).filter(|&n| within[n] > STEM_MM) {
            let p = work.point(n);
            count += 1.0;
            for a in 0..3 {
                sum[a] += p[a];
                for b in 0..3 {
                    square[a][b] += p[a] * p[b];
                }
            }
        }
        let count = count.max(1.0);
        let centre = sum.map(|x| x / count);
        let spread = |a: usize, b: usize| square[a][b] / count - centre[a] * centre[b];
        // The longest axis of a whole brain runs from front to back; by repeated multiplication from the patient's front.
        let mut front = [0.0, -1.0, 0.0];
        for _ in 0..80 {
            let turned: [f64; 3] = std::array::from_fn(|a| (0..3).map(|b| spread(a, b) * front[b]).sum());
            front = unit(turned);
        }
        if front[1] > 0.0 {
            front = front.map(|x| -x);
        }
        // A brain that the picture cuts has another longest axis.
        if -front[1] < LEAST_FRONT || cut > 0.12 {
            front = [0.0, -1.0, 0.0];
        } else {
            // The cerebellum draws the axis down behind; the face looks lower than that.
            let up: [f64; 3] =
                unit(std::array::from_fn(|a| f64::from(u8::from(a == 2)) - front[2] * front[a]));
            let (sin, cos) = NOD_OF_AXIS_DEG.to_radians().sin_cos();
            front = std::array::from_fn(|a| cos * front[a] - sin * up[a]);
        }
        let up = unit(std::array::from_fn(|a| f64::from(u8::from(a == 2)) - front[2] * front[a]));
        let mut pose = Self { centre, front, up, brow: 0.0 };
        pose.brow = pose.brow_height(work, brain);
        pose
    }

    /// The brow lies about a finger above the floor of the frontal lobes.
    fn brow_height(&self, work: &Work, brain: &Brain) -> f64 {
        let inside = || (0..work.len()).filter(|&n| brain.room[n]).map(|n| self.place(work.point(n)));
        let pole = inside().map(|[front, _]| front).fold(f64::NEG_INFINITY, f64::max);
        let mut heights: Vec<f64> =
            inside().filter(|[front, _]| *front > pole - 14.0).map(|[_, up]| up).collect();
        heights.sort_by(f64::total_cmp);
        let floor = heights.get(heights.len() / 20).copied().unwrap_or(0.0);
        floor.min(15.0) + 8.0
    }

    /// How far in front of and above the middle of the brain a point lies, mm.
    pub(super) fn place(&self, point: [f64; 3]) -> [f64; 2] {
        let from: [f64; 3] = std::array::from_fn(|a| point[a] - self.centre[a]);
        [dot(from, self.front), dot(from, self.up)]
    }

    /// How far in front of the middle of the brain its foremost part lies, mm.
    pub(super) fn pole(&self, work: &Work, room: &[bool]) -> f64 {
        let front = |n: usize| self.place(work.point(n))[0];
        (0..work.len()).filter(|&n| room[n]).map(front).fold(f64::NEG_INFINITY, f64::max)
    }

    /// What a piece of skin belongs to.
    pub(super) fn skin(&self, point: [f64; 3]) -> Skin {
        let [front, up] = self.place(point);
        let below_brow = self.brow - up;
        // At the temples the brain lies right behind a thin bone; they begin behind the corners of the eyes.
        let begins = (50.0 - (below_brow - 25.0)).clamp(20.0, 50.0);
        if front >= begins && (0.0..=145.0).contains(&below_brow) {
            return Skin::Face;
        }
        let forehead = front >= 25.0 && (-30.0..0.0).contains(&below_brow);
        let ear = (-45.0..begins).contains(&front) && (0.0..=95.0).contains(&below_brow);
        if forehead || ear { Skin::Beside } else { Skin::Other }
    }

    /// Whether a point lies above the brow, where the brain is right behind the skin.
    pub(super) fn above_brow(&self, point: [f64; 3]) -> bool {
        self.place(point)[1] > self.brow
    }

    /// By how much the head nods back from the patient's axes, degrees.
    pub(super) fn nod_deg(&self) -> f64 {
        self.front[2].asin().to_degrees()
    }
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|axis| a[axis] * b[axis]).sum()
}

fn unit(v: [f64; 3]) -> [f64; 3] {
    let length = dot(v, v).sqrt();
    if length > 0.0 { v.map(|x| x / length) } else { [0.0, -1.0, 0.0] }
}
