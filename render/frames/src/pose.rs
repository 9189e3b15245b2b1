//! Where a head will be when a picture is seen. No clock: times are arguments, in milliseconds.

use std::collections::VecDeque;

use glam::{DQuat, DVec3};
use meshing_space::{Point, Space, Vector};

/// Where a head or an eye is and how it is turned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadPose<S: Space> {
    /// Its place.
    pub eye: Point<S>,
    /// From its own axes to those of the space; of length 1.
    pub turn: DQuat,
}

impl<S: Space> HeadPose<S> {
    fn is_sound(&self) -> bool {
        self.eye.is_finite() && self.turn.is_finite() && (self.turn.length() - 1.0).abs() < 1e-3
    }

    /// The angle between two, radians.
    pub fn angle_to(&self, other: &Self) -> f64 {
        self.turn.angle_between(other.turn)
    }
}

/// What a head does at most, so that one wrong sample throws no picture away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoseLimits {
    /// Units of the space per second.
    pub speed_per_s: f64,
    /// Radians per second.
    pub turn_rad_per_s: f64,
    /// Nothing is predicted farther ahead than this.
    pub ahead_ms: f64,
    /// Samples of this long before the newest tell the speed.
    pub window_ms: f64,
}

impl PoseLimits {
    /// A head in metres: 2 m/s, 12 rad/s, 100 ms ahead, by samples of 24 ms.
    pub const METRES: Self =
        Self { speed_per_s: 2.0, turn_rad_per_s: 12.0, ahead_ms: 100.0, window_ms: 24.0 };
}

/// Samples that are kept at most; a tracker of 1 kHz has fewer in its window.
const SAMPLES: usize = 64;

/// Samples of a tracker as they come.
pub trait PoseSource<S: Space> {
    /// The next sample that has not been taken yet, with its time; `None` if there is none.
    fn next(&mut self) -> Option<(f64, HeadPose<S>)>;
}

/// A pose to draw or warp for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latched<S: Space> {
    /// Where the head will be.
    pub pose: HeadPose<S>,
    /// Time of the newest sample.
    pub sampled_at_ms: f64,
    /// How far ahead of it was predicted, after clamping.
    pub ahead_ms: f64,
}

/// Says where a head will be, by constant speed and constant turning. One for each head.
#[derive(Clone, Debug)]
pub struct PosePredictor<S: Space> {
    limits: PoseLimits,
    samples: VecDeque<(f64, HeadPose<S>)>,
}

impl<S: Space> PosePredictor<S> {
    /// Without samples.
    pub const fn new(limits: PoseLimits) -> Self {
        Self { limits, samples: VecDeque::new() }
    }

    /// A sample of the tracker. One that is no pose, or not newer than the last, is left out; after a gap longer than the
    /// window the speed is not known until the next.
    pub fn add(&mut self, at_ms: f64, pose: HeadPose<S>) {
        let is_newer = self.samples.back().is_none_or(|(last, _)| at_ms > *last);
        if !at_ms.is_finite() || !pose.is_sound() || !is_newer {
            return;
        }
        self.samples.push_back((at_ms, pose));
        let is_old = |at: &f64| at_ms - at > self.limits.window_ms;
        while self.samples.len() > SAMPLES || self.samples.front().is_some_and(|(at, _)| is_old(at)) {
            self.samples.pop_front();
        }
    }

    /// Where the head will be at a time; `None` without samples. A time before the newest sample, or no number, gives that sample.
    pub fn predict(&self, at_ms: f64) -> Option<Latched<S>> {
        let &(newest_ms, newest) = self.samples.back()?;
        let ahead_ms = at_ms - newest_ms;
        let ahead_ms = if ahead_ms.is_finite() { ahead_ms.clamp(0.0, self.limits.ahead_ms) } else { 0.0 };
        let ahead_s = ahead_ms / 1000.0;
        let (speed, turning) = self.speeds(newest_ms, &newest);
        let pose = HeadPose {
            eye: newest.eye + Vector::from_dvec3(speed * ahead_s),
            turn: (DQuat::from_scaled_axis(turning * ahead_s) * newest.turn).normalize(),
        };
        Some(Latched { pose, sampled_at_ms: newest_ms, ahead_ms })
    }

    /// Late latch: takes in what the tracker has by now, then predicts. Call it as late as can be before a picture is drawn or
    /// warped.
    pub fn latch(&mut self, source: &mut dyn PoseSource<S>, shown_at_ms: f64) -> Option<Latched<S>> {
        while let Some((at_ms, pose)) = source.next() {
            self.add(at_ms, pose);
        }
        self.predict(shown_at_ms)
    }

    /// Units and radians per second, by the line that fits the window best, clamped.
    fn speeds(&self, newest_ms: f64, newest: &HeadPose<S>) -> (DVec3, DVec3) {
        let seconds = |at: f64| (at - newest_ms) / 1000.0;
        let count = self.samples.len() as f64;
        let mean = self.samples.iter().map(|(at, _)| seconds(*at)).sum::<f64>() / count;
        let (mut over, mut moved, mut turned) = (0.0, DVec3::ZERO, DVec3::ZERO);
        for (at, pose) in &self.samples {
            let t = seconds(*at) - mean;
            // small turns from the newest add up like vectors; q and -q are one turn
            let from_newest = pose.turn * newest.turn.inverse();
            let short = if from_newest.w < 0.0 { -from_newest } else { from_newest };
            over += t * t;
            moved += t * (pose.eye - newest.eye).as_dvec3();
            turned += t * short.to_scaled_axis();
        }
        if over <= 0.0 {
            return (DVec3::ZERO, DVec3::ZERO);
        }
        let limits = &self.limits;
        (
            (moved / over).clamp_length_max(limits.speed_per_s),
            (turned / over).clamp_length_max(limits.turn_rad_per_s),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meshing_space::World;

    /// A head that looks around: turns of up to 46° with up to 120°/s, moves of decimetres, and a tracker's noise.
    fn head(at_ms: f64, noise: f64) -> HeadPose<World> {
        let t = at_ms / 1000.0;
        let yaw = 0.5 * (0.9 * t).sin() + 0.25 * (4.1 * t).sin() + 0.06 * (11.0 * t + 1.0).sin();
        let pitch = 0.2 * (1.3 * t).cos() + 0.05 * (7.0 * t).sin();
        let roll = 0.05 * (1.7 * t).sin();
        let place = DVec3::new(0.12 * (1.1 * t).sin(), 1.6 + 0.03 * (2.3 * t).sin(), 0.08 * (0.7 * t).cos());
        // a number from the time, the same each run
        let jitter = |n: f64| ((at_ms * 12.9898 + n * 78.233).sin() * 43758.5453).fract() * noise;
        HeadPose {
            eye: Point::from_dvec3(place + DVec3::new(jitter(1.0), jitter(2.0), jitter(3.0)) * 2e-4),
            turn: DQuat::from_euler(glam::EulerRot::YXZ, yaw + jitter(4.0) * 3e-4, pitch, roll),
        }
    }

    /// 95 of 100 errors are smaller: mm and degrees, for so many ms ahead.
    fn errors(ahead_ms: f64, predicts: bool) -> [f64; 2] {
        let mut predictor = PosePredictor::new(PoseLimits::METRES);
        let (mut moved, mut turned) = (Vec::new(), Vec::new());
        for n in 0..5000 {
            let now = f64::from(n) * 4.0;
            predictor.add(now, head(now, 1.0));
            if n < 10 {
                continue;
            }
            let at = if predicts { now + ahead_ms } else { now };
            let found = predictor.predict(at).unwrap().pose;
            let truth = head(now + ahead_ms, 0.0);
            moved.push(found.eye.distance(truth.eye) * 1000.0);
            turned.push(found.angle_to(&truth).to_degrees());
        }
        [moved, turned].map(|mut errors| {
            errors.sort_by(f64::total_cmp);
            errors[errors.len() * 95 / 100]
        })
    }

    #[test]
    fn a_head_is_found_within_millimetres_and_tenths_of_degrees() {
        // ahead, mm, degrees
        for (ahead, mm, degrees) in [(20.0, 2.0, 0.35), (40.0, 4.0, 0.9), (60.0, 6.0, 1.7), (80.0, 8.0, 2.7)]
        {
            let [off_mm, off_deg] = errors(ahead, true);
            assert!(off_mm <= mm && off_deg <= degrees, "{ahead} ms: {off_mm:.2} mm, {off_deg:.2} degrees");
            let [still_mm, still_deg] = errors(ahead, false);
            assert!(off_deg < still_deg / 2.0, "{ahead} ms: {off_deg:.2} of {still_deg:.2} degrees");
            assert!(off_mm < still_mm, "{ahead} ms: {off_mm:.2} of {still_mm:.2} mm");
        }
    }

    #[test]
    fn even_turning_is_found_exactly_across_the_seam_of_quaternions() {
        let pose = |at: f64| HeadPose::<World> {
            eye: Point::new(at * 1e-3, 0.0, 0.0),
            // either sign is the same turn
            turn: DQuat::from_rotation_y(at * 2e-3) * if (at as u64).is_multiple_of(8) { 1.0 } else { -1.0 },
        };
        let mut predictor = PosePredictor::new(PoseLimits::METRES);
        for n in 0..1000 {
            predictor.add(f64::from(n) * 4.0, pose(f64::from(n) * 4.0));
        }
        let found = predictor.predict(3996.0 + 50.0).unwrap();
        assert!(found.pose.angle_to(&pose(4046.0)) < 1e-6);
        assert!(found.pose.eye.distance(pose(4046.0).eye) < 1e-9);
        assert_eq!((found.sampled_at_ms, found.ahead_ms), (3996.0, 50.0));
    }

    #[test]
    fn leaps_and_far_futures_are_clamped() {
        let at = |x: f64| HeadPose::<World> { eye: Point::new(x, 0.0, 0.0), turn: DQuat::IDENTITY };
        let mut predictor = PosePredictor::new(PoseLimits::METRES);
        assert_eq!(predictor.predict(0.0), None);
        predictor.add(0.0, at(0.0));
        assert_eq!(predictor.predict(40.0).unwrap().pose, at(0.0), "one sample has no speed");
        predictor.add(4.0, at(5.0));
        let far = predictor.predict(1e9).unwrap();
        assert!((far.pose.eye.x() - 5.2).abs() < 1e-9 && far.ahead_ms == 100.0, "{far:?}");
        predictor.add(4.0, at(9.0));
        predictor.add(f64::NAN, at(9.0));
        predictor.add(5.0, HeadPose { eye: Point::new(f64::NAN, 0.0, 0.0), turn: DQuat::IDENTITY });
        predictor.add(5.0, HeadPose { turn: DQuat::from_xyzw(0.0, 0.0, 0.0, 0.0), ..at(0.0) });
        assert_eq!(predictor.predict(f64::NAN).unwrap().pose, at(5.0), "what is no pose is left out");
        predictor.add(500.0, at(7.0));
        assert_eq!(predictor.predict(540.0).unwrap().pose, at(7.0), "after a gap the speed is not known");
    }

    #[test]
    fn latching_takes_in_all_that_has_come() {
        struct Queue(Vec<(f64, HeadPose<World>)>);
        impl PoseSource<World> for Queue {
            fn next(&mut self) -> Option<(f64, HeadPose<World>)> {
                self.0.pop()
            }
        }
        let mut queue =
            Queue((0..10).rev().map(|n| (f64::from(n) * 4.0, head(f64::from(n) * 4.0, 0.0))).collect());
        let mut predictor = PosePredictor::new(PoseLimits::METRES);
        let latched = predictor.latch(&mut queue, 47.0).unwrap();
        assert_eq!((latched.sampled_at_ms, latched.ahead_ms), (36.0, 11.0));
        assert!(latched.pose.angle_to(&head(47.0, 0.0)).to_degrees() < 0.2 && queue.0.is_empty());
    }
}
