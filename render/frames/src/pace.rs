//! How finely video is made so that it fits the link. No clock: times are arguments, in milliseconds.

use std::collections::VecDeque;

use crate::AccessUnit;

/// Bits per second over the last while.
#[derive(Clone, Debug)]
pub struct RateMeter {
    window_ms: f64,
    /// Time and bytes, those of 10 ms together.
    parts: VecDeque<(f64, usize)>,
}

impl RateMeter {
    /// Over so many milliseconds, 10 to 10,000.
    pub fn new(window_ms: f64) -> Self {
        let window_ms = if window_ms.is_finite() { window_ms.clamp(10.0, 10_000.0) } else { 1000.0 };
        Self { window_ms, parts: VecDeque::new() }
    }

    /// Bytes went or came. A time that is no number, or before the last one, counts as the last one.
    pub fn add(&mut self, bytes: usize, now_ms: f64) {
        match self.parts.back_mut() {
            Some((at, sum)) if now_ms.is_nan() || now_ms - *at < 10.0 => *sum = sum.saturating_add(bytes),
            _ if now_ms.is_finite() => self.parts.push_back((now_ms, bytes)),
            _ => {}
        }
        while self.parts.front().is_some_and(|(at, _)| now_ms - at > self.window_ms) {
            self.parts.pop_front();
        }
    }

    /// The rate now.
    pub fn bits_per_s(&self, now_ms: f64) -> f64 {
        let recent = self.parts.iter().filter(|(at, _)| now_ms - at <= self.window_ms);
        recent.map(|(_, bytes)| *bytes as f64).sum::<f64>() * 8000.0 / self.window_ms
    }
}

/// How the next picture is to be made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// The quantiser.
    pub qp: u8,
    /// Pixels along each edge, as a share of the full picture's.
    pub scale: f64,
    /// How much is left out around the gaze: 0 nothing, 1 and 2 as [`Rings::level`](crate::Rings::level) says.
    pub fovea: u8,
}

/// Scale, foveation, and the share of pixels that is left: resolution gives way before foveation.
const STEPS: [(f64, u8, f64); 6] =
    [(1.0, 0, 1.0), (0.84, 0, 0.7), (0.71, 0, 0.5), (0.5, 0, 0.25), (0.5, 1, 0.12), (0.5, 2, 0.08)];
/// Quantisers in use: finer is not seen while something moves, coarser looks worse than fewer pixels do.
const FINEST: f64 = 18.0;
const COARSEST: f64 = 38.0;
/// Six more of the quantiser halve the bits.
const PER_OCTAVE: f64 = 6.0;
/// Coarser at once when that much too fine; finer when that much too coarse for [`PATIENCE_MS`].
const TOO_FINE: f64 = 0.6;
const TOO_COARSE: f64 = 2.5;
const PATIENCE_MS: f64 = 600.0;
/// A step of resolution back up needs that much room below the coarsest quantiser.
const ROOM: f64 = 4.0;
/// What was sent too much is saved again within this time.
const REPAY_MS: f64 = 120.0;
/// Share of the target that is used, since pictures differ.
const USED: f64 = 0.92;

/// Chooses quantiser, then resolution, then foveation so that pictures fit a target bit rate. Coarser at once, finer only when
/// there has been room for a while, since each change may cost a key frame.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    target_bits_per_s: f64,
    frame_ms: f64,
    qp: f64,
    step: usize,
    /// Bits of a full picture at quantiser 0, as a power of two; learnt.
    log_bits: f64,
    /// How many times larger a key frame is; learnt.
    key_ratio: f64,
    /// Bits beyond the target, to be saved.
    debt: f64,
    sent_at_ms: Option<f64>,
    /// Since when there has been room for finer pictures.
    room_since_ms: Option<f64>,
}

impl Pace {
    /// For pictures of a size and a target; begins with what such pictures usually need.
    pub fn new(size: [u32; 2], frames_per_s: f64, target_bits_per_s: f64) -> Self {
        let pixels = f64::from(size[0].max(16)) * f64::from(size[1].max(16));
        let frames_per_s = if frames_per_s.is_finite() { frames_per_s.clamp(1.0, 240.0) } else { 60.0 };
        // a rendered scan at quantiser 24 takes about a quarter of a bit a pixel
        let log_bits = (pixels * 0.25).log2() + 24.0 / PER_OCTAVE;
        let mut pace = Self {
            target_bits_per_s: 1.0,
            frame_ms: 1000.0 / frames_per_s,
            qp: 28.0,
            step: 0,
            log_bits,
            key_ratio: 2.0,
            debt: 0.0,
            sent_at_ms: None,
            room_since_ms: None,
        };
        pace.set_target(target_bits_per_s);
        pace.finer();
        pace
    }

    /// The link carries so many bits per second for video from now on. At least 100 kbit/s.
    pub fn set_target(&mut self, bits_per_s: f64) {
        if bits_per_s.is_finite() {
            self.target_bits_per_s = bits_per_s.max(100_000.0);
            self.coarser();
        }
    }

    /// How the next picture is to be made.
    pub const fn setting(&self) -> Setting {
        let (scale, fovea, _) = STEPS[self.step];
        Setting { qp: self.qp as u8, scale, fovea }
    }

    /// A picture was made with [`setting`](Self::setting), and whether the view had moved since the one before: pictures at rest say
    /// nothing of those that move.
    pub fn sent(&mut self, unit: &AccessUnit, moved: bool, now_ms: f64) {
        self.learn((unit.bytes(), unit.is_key), moved, now_ms);
    }

    fn learn(&mut self, (bytes, is_key): (usize, bool), moved: bool, now_ms: f64) {
        let bits = (bytes as f64 * 8.0).max(1.0);
        let since = self.sent_at_ms.map_or(self.frame_ms, |at| now_ms - at);
        let since = if since.is_finite() { since.clamp(0.0, 1000.0) } else { self.frame_ms };
        self.sent_at_ms = Some(now_ms);
        self.debt = (self.debt + bits - self.target_bits_per_s * since / 1000.0).max(0.0);
        let at_zero = bits.log2() + self.qp.floor() / PER_OCTAVE - STEPS[self.step].2.log2();
        if is_key {
            let ratio = (at_zero - self.log_bits).exp2().clamp(1.0, 16.0);
            self.key_ratio += 0.3 * (ratio - self.key_ratio);
        } else if moved {
            // larger pictures are believed sooner than smaller ones
            let weight = if at_zero > self.log_bits { 0.5 } else { 0.15 };
            self.log_bits += weight * (at_zero - self.log_bits);
        }
        self.coarser();
        if moved {
            let room = self.fitting(self.step, 0.0) < self.qp - TOO_COARSE || self.has_room_above();
            if !room {
                self.room_since_ms = None;
            } else if now_ms - *self.room_since_ms.get_or_insert(now_ms) >= PATIENCE_MS {
                self.finer();
                self.room_since_ms = None;
            }
        }
    }

    /// The quantiser at which a picture of a step fits, with bits to be saved.
    fn fitting(&self, step: usize, save: f64) -> f64 {
        let budget = self.target_bits_per_s * USED * self.frame_ms / 1000.0;
        let wanted = (budget - save).max(budget * 0.35);
        PER_OCTAVE * (self.log_bits + STEPS[step].2.log2() - wanted.log2())
    }

    fn has_room_above(&self) -> bool {
        self.step > 0 && self.fitting(self.step - 1, 0.0) < COARSEST - ROOM
    }

    /// Coarser if pictures do not fit; never finer.
    fn coarser(&mut self) {
        let save = self.debt * self.frame_ms / REPAY_MS;
        let fits = self.fitting(self.step, save);
        if fits <= self.qp + TOO_FINE {
            return;
        }
        self.room_since_ms = None;
        let last = STEPS.len() - 1;
        while self.step < last && self.fitting(self.step, save) > COARSEST {
            self.step += 1;
        }
        self.qp = self.fitting(self.step, save).ceil().clamp(FINEST, COARSEST);
    }

    /// One step of resolution back, if there is room, and the quantiser that fits.
    fn finer(&mut self) {
        if self.has_room_above() {
            self.step -= 1;
        }
        self.qp = self.fitting(self.step, 0.0).ceil().clamp(FINEST, COARSEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A made-up encoder: pictures of a size that depends on the setting and swings by a fifth, key frames where the setting
    /// changes.
    struct Encoder {
        before: Option<Setting>,
        state: u32,
        keys: u32,
    }

    impl Encoder {
        fn bytes(&mut self, setting: Setting, complexity: f64) -> (usize, bool) {
            self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let swing = 0.8 + 0.4 * f64::from(self.state >> 16) / 65_535.0;
            let share = STEPS.iter().find(|(s, f, _)| (*s, *f) == (setting.scale, setting.fovea)).unwrap().2;
            let pixels = 1920.0 * 1080.0 * share;
            let is_key = self.before != Some(setting);
            self.keys += u32::from(is_key);
            self.before = Some(setting);
            let key = if is_key { 1.6 } else { 1.0 };
            let bits = pixels * complexity * swing * key * (-(f64::from(setting.qp) - 24.0) / 6.0).exp2();
            ((bits / 8.0) as usize, is_key)
        }
    }

    struct Run {
        /// Time, bits of the picture, queue in ms, setting.
        frames: Vec<(f64, f64, f64, Setting)>,
        keys: u32,
    }

    fn run(seconds: f64, target: impl Fn(f64) -> f64, complexity: impl Fn(f64) -> f64) -> Run {
        let mut pace = Pace::new([1920, 1080], 60.0, target(0.0) * 0.8);
        let mut encoder = Encoder { before: None, state: 7, keys: 0 };
        let (mut frames, mut queue_bits, mut told) = (Vec::new(), 0.0_f64, target(0.0));
        for n in 0..(seconds * 60.0) as u32 {
            let now = f64::from(n) * 1000.0 / 60.0;
            let link = target(now);
            if link != told {
                told = link;
                // what is for video: four fifths, the rest is the other traffic's
                pace.set_target(link * 0.8);
            }
            let setting = pace.setting();
            let (bytes, is_key) = encoder.bytes(setting, complexity(now));
            pace.learn((bytes, is_key), true, now);
            queue_bits = (queue_bits + bytes as f64 * 8.0 - link / 60.0).max(0.0);
            frames.push((now, bytes as f64 * 8.0, queue_bits / link * 1000.0, setting));
        }
        Run { frames, keys: encoder.keys }
    }

    impl Run {
        /// Bits per second in a time.
        fn rate(&self, from: f64, to: f64) -> f64 {
            let part = self.frames.iter().filter(|f| f.0 >= from && f.0 < to);
            part.map(|f| f.1).sum::<f64>() / (to - from) * 1000.0
        }
    }

    #[test]
    fn the_rate_follows_a_step_down_within_a_quarter_of_a_second_and_finds_back() {
        let step = |now: f64| if (3000.0..8000.0).contains(&now) { 15e6 } else { 50e6 };
        let run = run(14.0, step, |_| 0.4);
        for from in (3250..7900).step_by(50) {
            let rate = run.rate(f64::from(from), f64::from(from) + 100.0);
            assert!(rate <= 15e6 * 0.8 * 1.25, "{from} ms: {rate:.0}");
        }
        let long = run.rate(3250.0, 8000.0);
        assert!((15e6 * 0.8 * 0.55..=15e6 * 0.8).contains(&long), "{long:.0}");
        let queued = run.frames.iter().filter(|f| f.2 > 40.0).count() as f64 * 1000.0 / 60.0;
        assert!(queued <= 300.0, "a queue of more than 40 ms for {queued:.0} ms");
        let back = run.rate(11_000.0, 14_000.0);
        assert!(back >= 50e6 * 0.8 * 0.55, "{back:.0}");
    }

    #[test]
    fn a_steady_link_makes_few_key_frames() {
        let steady = run(20.0, |_| 40e6, |_| 0.4);
        assert!(steady.keys <= 6, "{} key frames in 20 s", steady.keys);
        // and one whose rate swings by a tenth
        let swinging =
            run(20.0, |now| if (now as u64 / 500).is_multiple_of(2) { 40e6 } else { 36e6 }, |_| 0.4);
        assert!(swinging.keys <= 8, "{} key frames in 20 s", swinging.keys);
    }

    #[test]
    fn quantiser_gives_way_first_then_resolution_then_foveation() {
        let mut seen = Vec::new();
        for link in [200e6, 30e6, 12e6, 6e6, 3e6, 1.2e6, 0.4e6] {
            let setting = run(4.0, |_| link, |_| 0.8).frames.last().unwrap().3;
            seen.push(setting);
        }
        assert!(seen[0].scale == 1.0 && seen[0].fovea == 0, "{seen:?}");
        for pair in seen.windows(2) {
            let [a, b] = [pair[0], pair[1]];
            assert!(b.scale <= a.scale && b.fovea >= a.fovea, "{seen:?}");
            if b.scale < a.scale {
                assert!(
                    b.qp as f64 >= COARSEST - 8.0,
                    "pixels are given up while the quantiser is fine: {seen:?}"
                );
            }
            if b.fovea > a.fovea {
                assert!(b.scale == 0.5, "{seen:?}");
            }
        }
        assert!(seen[6].fovea > 0 && seen.iter().any(|s| s.scale < 1.0 && s.fovea == 0), "{seen:?}");
    }

    #[test]
    fn rest_teaches_nothing_and_odd_times_do_no_harm() {
        let mut pace = Pace::new([1920, 1080], 60.0, 20e6);
        let before = pace.setting();
        for n in 0..600 {
            pace.learn((80, false), false, f64::from(n) * 16.0);
        }
        assert_eq!(pace.setting(), before);
        for now in [f64::NAN, f64::INFINITY, -5.0, 0.0] {
            pace.learn((usize::MAX / 16, true), true, now);
            pace.set_target(now);
        }
        let setting = pace.setting();
        assert!((12..=51).contains(&setting.qp) && setting.scale > 0.0);
    }

    #[test]
    fn the_meter_counts_the_last_second() {
        let mut meter = RateMeter::new(1000.0);
        for n in 0..300 {
            meter.add(1250, f64::from(n) * 10.0);
        }
        let rate = meter.bits_per_s(2990.0);
        assert!((rate - 1e6).abs() < 2e4, "{rate}");
        assert_eq!(meter.bits_per_s(5000.0), 0.0);
        meter.add(7, f64::NAN);
        assert!(meter.parts.len() < 110);
    }
}
